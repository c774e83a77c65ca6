// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {FUNDED, NONE, PAID, Trade} from "../Words.sol";

contract GrantTimeTest is Base {
    uint40 private constant PAY_BY = START + 2 hours;

    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(alice);
        escrow.grantTime(ethTrade(), PAY_BY + 1);
    }

    function test_RevertWhen_TheCallerIsNotTheSeller() external {
        fund(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSeller.selector, bob));
        vm.prank(bob);
        escrow.grantTime(ethTrade(), PAY_BY + 1);
    }

    function test_RevertWhen_TheTradeIsPaid() external {
        bytes32 id = fundAndPay(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, PAID));
        vm.prank(alice);
        escrow.grantTime(ethTrade(), PAY_BY + 1);
        bytes memory signature = signGrantTime(aliceKey, id, PAY_BY + 1, FOREVER);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, PAID));
        escrow.grantTimeBySig(ethTrade(), PAY_BY + 1, FOREVER, signature);
    }

    /// Invariant 10.
    function test_RevertWhen_TheNewTimeIsOutOfRange() external {
        bytes32 id = fund(ethTrade());
        uint256 latest = block.timestamp + 14 days;
        uint40[4] memory wrong = [0, PAY_BY, uint40(latest + 1), type(uint40).max];
        for (uint256 i = 0; i < wrong.length; i++) {
            bytes memory error = abi.encodeWithSelector(IEscrow.PayByOutOfRange.selector, wrong[i], PAY_BY + 1, latest);
            vm.expectRevert(error);
            vm.prank(alice);
            escrow.grantTime(ethTrade(), wrong[i]);
            bytes memory signature = signGrantTime(aliceKey, id, wrong[i], FOREVER);
            vm.expectRevert(error);
            escrow.grantTimeBySig(ethTrade(), wrong[i], FOREVER, signature);
        }
    }

    /// Invariant 10.
    function test_WhenTheNewTimeFits_MovesPayByAndNothingElse() external {
        uint40[2] memory right = [PAY_BY + 1, START + 1 + 14 days];
        for (uint256 i = 0; i < 2; i++) {
            uint256 snapshot = vm.snapshotState();
            bytes32 id = fund(ethTrade());
            vm.expectEmit(address(escrow));
            emit IEscrow.TimeGranted(id, right[i]);
            vm.prank(alice);
            escrow.grantTime(ethTrade(), right[i]);
            _assertPayBy(id, right[i]);
            vm.revertToState(snapshot);
        }
    }

    function test_WhenPayByHasPassed_GivesTimeAgain() external {
        bytes32 id = fund(ethTrade());
        vm.warp(PAY_BY + 10 days);
        vm.prank(alice);
        escrow.grantTime(ethTrade(), PAY_BY + 10 days + 1 hours);
        _assertPayBy(id, PAY_BY + 10 days + 1 hours);
        vm.prank(bob);
        escrow.markPaid(ethTrade());
        assertEq(statusOf(id), PAID);
    }

    /// Promise 2: the last second by which the trade can be closed moves with the grant.
    function test_WhenTheNewTimeFits_MovesTheClocksOfBothSides() external {
        fund(ethTrade());
        uint40 until = PAY_BY + 1 days;
        vm.prank(alice);
        escrow.grantTime(ethTrade(), until);
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, until, until + 1));
        vm.prank(alice);
        escrow.reclaim(ethTrade());
        vm.warp(until + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, until + 1 days, until + 1 days + 1));
        escrow.timeout(ethTrade());
        vm.prank(bob);
        escrow.markPaid(ethTrade());
    }

    /// Invariant 7.
    function test_BySig_MovesPayBy() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signGrantTime(aliceKey, id, PAY_BY + 3 days, FOREVER);
        vm.expectEmit(address(escrow));
        emit IEscrow.TimeGranted(id, PAY_BY + 3 days);
        vm.prank(carol);
        escrow.grantTimeBySig(ethTrade(), PAY_BY + 3 days, FOREVER, signature);
        _assertPayBy(id, PAY_BY + 3 days);
    }

    function _assertPayBy(bytes32 id, uint40 expected) private view {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        assertEq(status, FUNDED);
        assertEq(since, START);
        assertEq(fundedAt, START);
        assertEq(payBy, expected);
    }
}
