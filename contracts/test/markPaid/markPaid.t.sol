// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, NONE, PAID, Trade} from "../Words.sol";

contract MarkPaidTest is Base {
    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(bob);
        escrow.markPaid(ethTrade());
    }

    function test_RevertWhen_TheCallerIsNotTheBuyer() external {
        fund(ethTrade());
        address[3] memory others = [alice, carol, dana];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotBuyer.selector, others[i]));
            vm.prank(others[i]);
            escrow.markPaid(ethTrade());
        }
    }

    function test_RevertWhen_TheTradeIsPaidOrDisputed() external {
        bytes32 id = fundAndPay(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, PAID));
        vm.prank(bob);
        escrow.markPaid(ethTrade());

        bytes memory signature = signPlain(bobKey, "MarkPaid", id, FOREVER);
        vm.prank(bob);
        escrow.dispute(ethTrade(), EVIDENCE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, DISPUTED));
        escrow.markPaidBySig(ethTrade(), FOREVER, signature);
    }

    /// Invariant 10 (C17, C19): until a day after payBy, that second included.
    function test_WhenInTime_BecomesPaidFromThisSecondOn() external {
        uint256 payBy = START + 2 hours;
        uint256[5] memory times = [uint256(START), payBy, payBy + 1, payBy + 1 days - 1, payBy + 1 days];
        for (uint256 i = 0; i < times.length; i++) {
            uint256 snapshot = vm.snapshotState();
            bytes32 id = fund(ethTrade());
            Purse memory was = purseOf(ethTrade());
            vm.warp(times[i]);
            vm.expectEmit(address(escrow));
            emit IEscrow.MarkedPaid(id);
            vm.prank(bob);
            escrow.markPaid(ethTrade());
            _assertPaid(id, uint40(times[i]));
            assertEq(abi.encode(purseOf(ethTrade())), abi.encode(was));
            vm.revertToState(snapshot);
        }
    }

    /// Invariant 10 (C17).
    function test_RevertWhen_MoreThanADayHasPassedSincePayBy() external {
        bytes32 id = fund(ethTrade());
        uint256 last = START + 2 hours + 1 days;
        vm.warp(last + 1);
        bytes memory error = abi.encodeWithSelector(IEscrow.TooLate.selector, last + 1, last);
        vm.expectRevert(error);
        vm.prank(bob);
        escrow.markPaid(ethTrade());
        bytes memory signature = signPlain(bobKey, "MarkPaid", id, FOREVER);
        vm.expectRevert(error);
        escrow.markPaidBySig(ethTrade(), FOREVER, signature);
    }

    /// Invariant 7: whoever submits, the same end state.
    function test_BySig_BecomesPaid() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signPlain(bobKey, "MarkPaid", id, FOREVER);
        vm.expectEmit(address(escrow));
        emit IEscrow.MarkedPaid(id);
        vm.prank(carol);
        escrow.markPaidBySig(ethTrade(), FOREVER, signature);
        _assertPaid(id, START + 1);
    }

    function _assertPaid(bytes32 id, uint40 at) private view {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        assertEq(status, PAID);
        assertEq(since, at);
        assertEq(fundedAt, START);
        assertEq(payBy, START + 2 hours);
    }
}
