// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Facts, Move, MOVES} from "../Model.sol";
import {TestUSDC} from "../../src/devnet/TestUSDC.sol";
import {Handler} from "./Handler.sol";
import {Ledger} from "./Ledger.sol";

/// @dev The numbers are those of INVARIANTS.md. The handler itself holds 2, 3, 5, 6 and 7 in every call.
contract EscrowInvariants is Test {
    Handler private handler;
    IEscrow private escrow;

    function setUp() external {
        handler = new Handler();
        handler.setUp();
        escrow = handler.escrowAddress();
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = Handler.open.selector;
        selectors[1] = Handler.move.selector;
        selectors[2] = Handler.wait.selector;
        selectors[3] = Handler.disturb.selector;
        selectors[4] = Handler.withdraw.selector;
        selectors[5] = Handler.withdrawFees.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    function invariant_HoldsAfterEveryCall() external view {
        _everyAssetIsSolvent();
        _theEventsRebuildTheState();
    }

    /// @dev 4 liveness: at the end of each run a stranger closes all that is left; and all holds once more, with nothing live.
    function afterInvariant() external {
        handler.closeAllByTimeout();
        _everyAssetIsSolvent();
        _theEventsRebuildTheState();
    }

    /// @dev The handler is no use if it never gets anywhere: on one long walk every move succeeds and every move is refused.
    function test_TheHandlerReachesEveryMove() external {
        for (uint256 i = 0; i < 1200; i++) {
            uint256 seed = uint256(keccak256(abi.encode("walk", i)));
            uint256 kind = i % 8;
            if (kind == 0) handler.open(seed);
            else if (kind < 5) handler.move(seed);
            else if (kind == 5) handler.wait(seed);
            else if (kind == 6) handler.disturb(seed);
            else i % 3 == 0 ? handler.withdrawFees(seed) : handler.withdraw(seed);
        }
        for (uint256 m = 0; m < MOVES; m++) {
            assertGt(handler.successes(Move(m)), 0, vm.toString(m));
            if (Move(m) != Move.Fund) assertGt(handler.refusals(Move(m)), 0, vm.toString(m));
        }
        assertGt(handler.closings(), 20);
        _everyAssetIsSolvent();
        _theEventsRebuildTheState();
    }

    /// @dev 1 solvency: what is there is what is live, owed and earned, and what was sent by mistake. 9: for each asset alone.
    function _everyAssetIsSolvent() private view {
        address[3] memory tokens = handler.tokens();
        for (uint256 i = 0; i < 3; i++) {
            address token = tokens[i];
            uint256 credits;
            for (uint256 j = 0; j < 8; j++) {
                credits += escrow.creditOf(token, handler.actors(j));
            }
            uint256 held = token == address(0) ? address(escrow).balance : TestUSDC(token).balanceOf(address(escrow));
            assertEq(held, handler.live(token) + escrow.feesOf(token) + credits + handler.donated(token));
        }
    }

    /// @dev 12 and 3: the events alone, the model, and the contract tell the same state.
    function _theEventsRebuildTheState() private view {
        Ledger ledger = handler.ledger();
        for (uint256 i = 0; i < handler.tradeCount(); i++) {
            bytes32 id = handler.idAt(i);
            (uint8 status, uint256 since, uint256 fundedAt, uint256 payBy) = escrow.stateOf(id);
            bytes memory state = abi.encode(Facts(status, since, fundedAt, payBy));
            assertEq(state, abi.encode(ledger.factsOf(id)));
            assertEq(state, abi.encode(handler.factsOf(id)));
        }
        address[3] memory tokens = handler.tokens();
        for (uint256 i = 0; i < 3; i++) {
            assertEq(escrow.feesOf(tokens[i]), ledger.feesOf(tokens[i]));
            for (uint256 j = 0; j < 8; j++) {
                address account = handler.actors(j);
                assertEq(escrow.creditOf(tokens[i], account), ledger.creditOf(tokens[i], account));
            }
        }
    }
}
