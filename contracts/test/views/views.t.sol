// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {Trade} from "../Words.sol";

contract ViewsTest is Base {
    /// C35.
    function test_Constructor_RevertWhen_TheFeeRecipientIsZero() external {
        bytes memory creation = bytes.concat(vm.getCode("Escrow.sol:Escrow"), abi.encode(address(0)));
        address created;
        assembly {
            created := create(0, add(creation, 0x20), mload(creation))
        }
        assertEq(created, address(0));
    }

    function test_Constructor_FixesTheFeeRecipient() external view {
        assertEq(escrow.feeRecipient(), treasury);
    }

    /// C31.
    function test_IdOf_IsTheHashOfTheTradeAndEveryFieldChangesIt() external {
        Trade memory trade = ethTrade();
        assertEq(escrow.idOf(trade), structHashOf(trade));
        bytes memory call = abi.encodeCall(escrow.idOf, (trade));
        for (uint256 field = 0; field < 10; field++) {
            bytes memory changed = bytes.concat(call);
            changed[4 + 32 * field + 31] ^= 0x01;
            (, bytes memory id) = address(escrow).call(changed);
            assertNotEq(bytes32(id), escrow.idOf(trade));
        }
    }

    function test_StateOf_IsAllZeroForAnIdThatIsNotLive() external view {
        assertClosed(escrow.idOf(ethTrade()));
    }

    /// Invariant 6 (S04).
    function test_DomainSeparator_NamesParleyThisChainAndThisContract() external view {
        (bytes1 fields, string memory name, string memory version, uint256 chainId, address contract_,,) =
            IERC5267(address(escrow)).eip712Domain();
        assertEq(fields, hex"0f");
        assertEq(name, "Parley");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(contract_, address(escrow));
    }

    /// Invariant 6 (S02).
    function test_DomainSeparator_FollowsTheChainId() external {
        Trade memory trade = ethTrade();
        bytes32 id = fund(trade);
        bytes memory here = signPlain(bobKey, "MarkPaid", id, FOREVER);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
        escrow.markPaidBySig(trade, FOREVER, here);
        escrow.markPaidBySig(trade, FOREVER, signPlain(bobKey, "MarkPaid", id, FOREVER));
        assertEq(statusOf(id), 2);
    }

    /// Promise 5 (C25, C26, C27, C28: nobody can change an arbitrator or a fee, or pause anything): no DELEGATECALL, CALLCODE, SELFDESTRUCT or CREATE in the code, and no function beyond the interface.
    function test_Code_CannotBeReplaced() external view {
        bytes memory code = address(escrow).code;
        bool isReached = true;
        for (uint256 at = 0; at < code.length; at++) {
            uint8 op = uint8(code[at]);
            if (op == 0x5b) isReached = true; // JUMPDEST
            if (isReached) assertTrue(op != 0xf4 && op != 0xf2 && op != 0xff && op != 0xf0 && op != 0xf5);
            if (op == 0x00 || op == 0x56 || op == 0xf3 || op == 0xfd || op == 0xfe) isReached = false;
            if (op >= 0x60 && op <= 0x7f) at += op - 0x5f; // the bytes of a PUSH
        }
    }

    /// C16.
    function test_Code_TakesNoCoinsButInAFunding() external {
        vm.deal(carol, 2);
        vm.startPrank(carol);
        (bool ok,) = address(escrow).call{value: 1}("");
        assertFalse(ok);
        (ok,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.feeRecipient, ()));
        assertFalse(ok);
        vm.stopPrank();
    }
}
