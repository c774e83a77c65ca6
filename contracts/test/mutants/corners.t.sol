// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {Reenterer} from "../mocks/Receivers.sol";
import {OddWallet} from "../mocks/Wallets.sol";
import {FUNDED, NATIVE, PAID, Trade} from "../Words.sol";

/// @dev Corners that a mutant of the contract showed to be empty.
contract CornersTest is Base {
    /// C35. Of the build that is put to the tests, not of the one that is deployed.
    function test_Constructor_RevertWhen_TheFeeRecipientIsZero() external {
        bytes memory creation = bytes.concat(vm.getCode(escrowArtifact()), abi.encode(address(0)));
        assertEq(_create(creation), address(0));
        creation = bytes.concat(vm.getCode(escrowArtifact()), abi.encode(address(1)));
        assertNotEq(_create(creation), address(0));
    }

    /// Invariant 5 (C26): a fee whose low byte alone would be in range is not.
    function test_Fund_RevertWhen_TheFeeIsMoreThanAByte() external {
        Trade memory trade = ethTrade();
        trade.feeBps = 256 + 50;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, 306, 200));
        vm.prank(alice);
        escrow.fund{value: ETH_AMOUNT}(trade);
        assertEq(address(escrow).balance, 0);
        assertClosed(escrow.idOf(trade));
    }

    /// Invariant 2: a part of nothing is not a payment, so nobody is called and nothing is credited.
    function test_GivenAPartOfZero_NobodyIsCalled() external {
        Trade memory trade = ethTrade();
        Reenterer buyer = new Reenterer();
        trade.buyer = address(buyer);
        buyer.plan(address(escrow), abi.encodeCall(escrow.feesOf, (NATIVE)));
        fundPayAndDispute(trade);
        Purse memory was = purseOf(trade);
        vm.recordLogs();
        vm.prank(dana);
        escrow.rule(trade, 0, EVIDENCE);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1);
        assertEq(logs[0].topics[0], IEscrow.Ruled.selector);
        assertFalse(buyer.entered());
        assertPaidOut(trade, was, 0, 0);
    }

    /// S14: in the last second of its deadline a wrong signature is wrong, not late; one second later it is late.
    function test_RevertWhen_TheSignatureIsWrong_SaysSoUntilTheDeadline() external {
        Trade memory trade = ethTrade();
        bytes32 id = fund(trade);
        bytes memory wrong = signPlain(aliceKey, "MarkPaid", id, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
        escrow.markPaidBySig(trade, block.timestamp, wrong);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.Expired.selector, block.timestamp, block.timestamp - 1));
        escrow.markPaidBySig(trade, block.timestamp - 1, wrong);
        assertEq(statusOf(id), FUNDED);
    }

    /// S09: the answer is its first word, whatever follows; one that comes with a revert is none.
    function test_GivenASignerWithCode_OnlyTheFirstWordOfAnAnswerThatWasGivenCounts() external {
        bytes memory yes = abi.encode(bytes4(0x1626ba7e));
        Trade memory trade = ethTrade();
        trade.buyer = address(new RevertingWallet(yes));
        bytes32 id = fund(trade);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, trade.buyer));
        escrow.markPaidBySig(trade, FOREVER, "");
        assertEq(statusOf(id), FUNDED);

        trade.buyer = address(new OddWallet(bytes.concat(yes, yes)));
        id = fund(trade);
        escrow.markPaidBySig(trade, FOREVER, "");
        assertEq(statusOf(id), PAID);
    }

    function _create(bytes memory creation) private returns (address created) {
        assembly {
            created := create(0, add(creation, 0x20), mload(creation))
        }
    }
}

/// @dev Says yes, and takes it back.
contract RevertingWallet {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback() external {
        bytes memory answer = _answer;
        assembly {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
