// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, FUNDED, NONE, PAID, Trade} from "../Words.sol";

contract TimeoutTest is Base {
    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        escrow.timeout(ethTrade());
    }

    /// Invariants 4, 10 (C17, C19).
    function test_GivenFunded_GivesTheSellerEverythingADayAfterPayBy() external {
        _timesOut(ethTrade(), FUNDED, START + 2 hours + 1 days, 0, 0);
        _timesOut(usdcTrade(), FUNDED, START + 2 hours + 1 days, 0, 0);
    }

    /// Invariants 4, 5, 10: the seller's silence releases.
    function test_GivenPaid_GivesTheBuyerEverythingLessTheFee() external {
        _timesOut(ethTrade(), PAID, START + 1 + 7 days, ETH_AMOUNT, feeOf(ethTrade(), ETH_AMOUNT));
        _timesOut(usdcTrade(), PAID, START + 1 + 7 days, USDC_AMOUNT, feeOf(usdcTrade(), USDC_AMOUNT));
    }

    /// Invariants 4, 5, 10 (C22).
    function test_GivenDisputed_GivesEachHalfAndTheOddUnitToTheSeller() external {
        assertEq(ETH_AMOUNT % 2, 1);
        _timesOut(ethTrade(), DISPUTED, START + 2 + 14 days, ETH_AMOUNT / 2, 0);
        _timesOut(usdcTrade(), DISPUTED, START + 2 + 14 days, USDC_AMOUNT / 2, 0);
    }

    function test_GivenDisputed_WhenThereIsOneUnit_GivesItToTheSeller() external {
        Trade memory trade = ethTrade();
        trade.amount = 1;
        _timesOut(trade, DISPUTED, START + 2 + 14 days, 0, 0);
    }

    /// Invariant 10 (C17): an answer in the last second counts, and a dispute until the time-out is mined.
    function test_GivenPaid_WhenADisputeIsMinedFirst_WaitsForTheArbitrator() external {
        fundAndPay(ethTrade());
        vm.warp(START + 1 + 7 days + 1);
        vm.prank(alice);
        escrow.dispute(ethTrade(), EVIDENCE);
        uint256 from = block.timestamp + 14 days + 1;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, block.timestamp, from));
        escrow.timeout(ethTrade());
    }

    /// @param last The last second in which it is too early.
    function _timesOut(Trade memory trade, uint8 status, uint256 last, uint256 toBuyer, uint256 fee) private {
        uint256 snapshot = vm.snapshotState();
        bytes32 id = bring(trade, status);
        Purse memory was = purseOf(trade);
        for (uint256 time = last - 1; time <= last; time++) {
            vm.warp(time);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, time, last + 1));
            vm.prank(carol);
            escrow.timeout(trade);
        }
        vm.warp(last + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.TimedOut(id, uint128(toBuyer));
        vm.prank(carol);
        escrow.timeout(trade);
        assertPaidOut(trade, was, toBuyer, fee);
        vm.revertToState(snapshot);
    }
}
