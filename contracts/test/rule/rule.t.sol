// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {FUNDED, NONE, PAID, Trade} from "../Words.sol";

contract RuleTest is Base {
    bytes32 private constant REASONS = keccak256("reasons");

    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(dana);
        escrow.rule(ethTrade(), 0, REASONS);
    }

    function test_RevertWhen_TheCallerIsNotTheArbitrator() external {
        fundPayAndDispute(ethTrade());
        address[3] memory others = [alice, bob, carol];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotArbitrator.selector, others[i]));
            vm.prank(others[i]);
            escrow.rule(ethTrade(), 0, REASONS);
        }
    }

    /// Invariant 8 (C23).
    function test_RevertWhen_TheTradeIsNotDisputed() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signRule(danaKey, id, 0, REASONS, FOREVER);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, FUNDED));
        vm.prank(dana);
        escrow.rule(ethTrade(), 0, REASONS);
        vm.prank(bob);
        escrow.markPaid(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, PAID));
        escrow.ruleBySig(ethTrade(), 0, REASONS, FOREVER, signature);
    }

    /// Invariants 8, 10 (C17).
    function test_RevertWhen_RulingWindowHasPassed() external {
        bytes32 id = fundPayAndDispute(ethTrade());
        uint256 last = sinceOf(id) + 14 days;
        bytes memory signature = signRule(danaKey, id, 0, REASONS, FOREVER);
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, last + 1, last));
        vm.prank(dana);
        escrow.rule(ethTrade(), 0, REASONS);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, last + 1, last));
        escrow.ruleBySig(ethTrade(), 0, REASONS, FOREVER, signature);
    }

    /// C24.
    function test_RevertWhen_TheBuyersPartIsMoreThanTheAmount() external {
        fundPayAndDispute(ethTrade());
        uint128[2] memory wrong = [ETH_AMOUNT + 1, type(uint128).max];
        for (uint256 i = 0; i < 2; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.ShareTooLarge.selector, wrong[i], ETH_AMOUNT));
            vm.prank(dana);
            escrow.rule(ethTrade(), wrong[i], REASONS);
        }
    }

    /// Invariant 11.
    function test_RevertWhen_ItIsTheSecondOfTheFunding() external {
        Trade memory trade = ethTrade();
        vm.prank(alice);
        escrow.fund{value: ETH_AMOUNT}(trade);
        vm.startPrank(bob);
        escrow.markPaid(trade);
        escrow.dispute(trade, EVIDENCE);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1));
        vm.prank(dana);
        escrow.rule(trade, 0, REASONS);
    }

    /// Invariants 2, 5, 8, 10: nobody earns more from one answer than from another.
    function test_WhenInTime_DividesTheCoinsWithoutAFee() external {
        uint256[3] memory after_ = [uint256(0), 14 days - 1, 14 days];
        for (uint256 i = 0; i < 3; i++) {
            _rules(ethTrade(), 0, after_[i]);
            _rules(ethTrade(), ETH_AMOUNT, after_[i]);
            _rules(usdcTrade(), USDC_AMOUNT / 3, after_[i]);
        }
    }

    /// Invariant 2.
    function testFuzz_PaysExactlyTheAmount(uint128 toBuyer) external {
        _rules(ethTrade(), uint128(bound(toBuyer, 0, ETH_AMOUNT)), 1 hours);
    }

    /// Invariant 7.
    function test_BySig_DividesTheCoinsWithoutAFee() external {
        bytes32 id = fundPayAndDispute(usdcTrade());
        Purse memory was = purseOf(usdcTrade());
        bytes memory signature = signRule(danaKey, id, 7, REASONS, FOREVER);
        vm.expectEmit(address(escrow));
        emit IEscrow.Ruled(id, 7, REASONS);
        vm.prank(carol);
        escrow.ruleBySig(usdcTrade(), 7, REASONS, FOREVER, signature);
        assertPaidOut(usdcTrade(), was, 7, 0);
    }

    function _rules(Trade memory trade, uint128 toBuyer, uint256 after_) private {
        bytes32 id = fundPayAndDispute(trade);
        Purse memory was = purseOf(trade);
        uint256 danaHad = balanceOf(trade.token, dana);
        vm.warp(sinceOf(id) + after_);
        vm.expectEmit(address(escrow));
        emit IEscrow.Ruled(id, toBuyer, REASONS);
        vm.prank(dana);
        escrow.rule(trade, toBuyer, REASONS);
        assertPaidOut(trade, was, toBuyer, 0);
        assertEq(balanceOf(trade.token, dana), danaHad);
    }
}
