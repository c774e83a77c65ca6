// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, NONE, PAID, Trade} from "../Words.sol";

contract ReclaimTest is Base {
    uint40 private constant PAY_BY = START + 2 hours;

    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(alice);
        escrow.reclaim(ethTrade());
    }

    function test_RevertWhen_TheCallerIsNotTheSeller() external {
        fund(ethTrade());
        vm.warp(PAY_BY + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSeller.selector, bob));
        vm.prank(bob);
        escrow.reclaim(ethTrade());
    }

    /// C20: once the buyer has said that he paid, the way back is a dispute.
    function test_RevertWhen_TheTradeIsPaidOrDisputed() external {
        bytes32 id = fundAndPay(ethTrade());
        vm.warp(PAY_BY + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, PAID));
        vm.prank(alice);
        escrow.reclaim(ethTrade());
        vm.prank(alice);
        escrow.dispute(ethTrade(), EVIDENCE);
        bytes memory signature = signPlain(aliceKey, "Reclaim", id, FOREVER);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, DISPUTED));
        escrow.reclaimBySig(ethTrade(), FOREVER, signature);
    }

    /// Invariant 10 (C17).
    function test_RevertWhen_PayByHasNotPassed() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signPlain(aliceKey, "Reclaim", id, FOREVER);
        for (uint256 time = PAY_BY - 1; time <= PAY_BY; time++) {
            vm.warp(time);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, time, PAY_BY + 1));
            vm.prank(alice);
            escrow.reclaim(ethTrade());
            vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, time, PAY_BY + 1));
            escrow.reclaimBySig(ethTrade(), FOREVER, signature);
        }
    }

    /// Invariants 2, 5, 10.
    function test_WhenPayByHasPassed_GivesTheSellerEverything() external {
        Trade[2] memory trades = [ethTrade(), usdcTrade()];
        for (uint256 i = 0; i < 2; i++) {
            bytes32 id = fund(trades[i]);
            Purse memory was = purseOf(trades[i]);
            vm.warp(payByOf(id) + 1);
            vm.expectEmit(address(escrow));
            emit IEscrow.Reclaimed(id);
            vm.prank(alice);
            escrow.reclaim(trades[i]);
            assertPaidOut(trades[i], was, 0, 0);
        }
    }

    /// Invariant 7.
    function test_BySig_GivesTheSellerEverything() external {
        bytes32 id = fund(ethTrade());
        Purse memory was = purseOf(ethTrade());
        bytes memory signature = signPlain(aliceKey, "Reclaim", id, FOREVER);
        vm.warp(PAY_BY + 1);
        vm.prank(carol);
        escrow.reclaimBySig(ethTrade(), FOREVER, signature);
        assertPaidOut(ethTrade(), was, 0, 0);
    }

    /// C18: past payBy both are possible for a day; the first that is mined counts, and the other changes nothing.
    function test_WhenItRacesMarkPaid_TheFirstCounts() external {
        fund(ethTrade());
        vm.warp(PAY_BY + 1);
        uint256 snapshot = vm.snapshotState();
        vm.prank(alice);
        escrow.reclaim(ethTrade());
        vm.expectPartialRevert(IEscrow.BadState.selector);
        vm.prank(bob);
        escrow.markPaid(ethTrade());

        vm.revertToState(snapshot);
        vm.prank(bob);
        escrow.markPaid(ethTrade());
        vm.expectPartialRevert(IEscrow.BadState.selector);
        vm.prank(alice);
        escrow.reclaim(ethTrade());
    }
}
