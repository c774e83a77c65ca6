// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {OwnedWallet} from "../mocks/Wallets.sol";
import {DISPUTED, FUNDED, NATIVE, NONE, PAID, Trade} from "../Words.sol";

contract DisputeAndRuleTest is Base {
    bytes32 private constant REASONS = keccak256("reasons");
    uint128 private constant PART = 7;

    /// Invariant 3.
    function test_RevertWhen_TheTradeIsNotLive() external {
        bytes32 id = structHashOf(ethTrade());
        _refuses(dana, PART, bob, _signed(bobKey), abi.encodeWithSelector(IEscrow.BadState.selector, id, NONE));
    }

    /// Invariant 8 (C05, C23): not the parties either, though one of them has signed.
    function test_RevertWhen_TheCallerIsNotTheArbitrator() external {
        fundAndPay(ethTrade());
        address[4] memory others = [alice, bob, carol, treasury];
        for (uint256 i = 0; i < others.length; i++) {
            bytes memory error = abi.encodeWithSelector(IEscrow.NotArbitrator.selector, others[i]);
            _refuses(others[i], PART, bob, _signed(bobKey), error);
        }
    }

    /// Invariant 8 (C23): the arbitrator alone starts nothing.
    function test_RevertWhen_ItIsSignedByNoParty() external {
        fundAndPay(ethTrade());
        address[3] memory others = [dana, carol, address(0)];
        for (uint256 i = 0; i < others.length; i++) {
            bytes memory error = abi.encodeWithSelector(IEscrow.NotParty.selector, others[i]);
            _refuses(dana, PART, others[i], _signed(danaKey), error);
        }
    }

    /// Invariants 6, 8 (S01, S04, S16).
    function test_RevertWhen_ThePartyHasNotSignedThis() external {
        bytes32 id = fundAndPay(ethTrade());
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, bob);
        _refuses(dana, PART, bob, "", error);
        _refuses(dana, PART, bob, _signed(aliceKey), error);
        _refuses(dana, PART, bob, _signed(danaKey), error);
        _refuses(dana, PART, bob, signDispute(bobKey, id, keccak256("other"), FOREVER), error);
        _refuses(dana, PART, bob, signDispute(bobKey, id, EVIDENCE, FOREVER - 1), error);
        _refuses(dana, PART, bob, signRule(bobKey, id, PART, EVIDENCE, FOREVER), error);
        _refuses(dana, PART, bob, signPlain(bobKey, "Cancel", id, FOREVER), error);
        error = abi.encodeWithSelector(IEscrow.BadSignature.selector, alice);
        _refuses(dana, PART, alice, _signed(bobKey), error);
    }

    /// Invariant 11.
    function test_RevertWhen_ItWasSignedForAnEarlierFunding() external {
        fundAndPay(ethTrade());
        bytes memory signature = _signed(bobKey);
        vm.prank(bob);
        escrow.cancel(ethTrade());
        fundAndPay(ethTrade());
        _refuses(dana, PART, bob, signature, abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
    }

    /// Invariant 10, S14.
    function test_RevertWhen_TheDeadlineHasPassed() external {
        bytes32 id = fundAndPay(ethTrade());
        uint256 deadline = block.timestamp + 1 hours;
        bytes memory signature = signDispute(bobKey, id, EVIDENCE, deadline);
        bytes memory call = _call(ethTrade(), PART, bob, signature, deadline);
        vm.warp(deadline + 1);
        bytes memory error = abi.encodeWithSelector(IEscrow.Expired.selector, deadline + 1, deadline);
        assertRefused(ethTrade(), dana, 0, call, error);
        vm.warp(deadline);
        Purse memory was = purseOf(ethTrade());
        vm.prank(dana);
        escrow.disputeAndRule(ethTrade(), PART, REASONS, bob, EVIDENCE, signature, deadline);
        assertPaidOut(ethTrade(), was, PART, 0);
    }

    /// Invariant 3: before PAID there is nothing to dispute; a disputed trade is ruled by rule.
    function test_RevertWhen_TheTradeIsFundedOrDisputed() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = _signed(bobKey);
        _refuses(dana, PART, bob, signature, abi.encodeWithSelector(IEscrow.BadState.selector, id, FUNDED));
        vm.startPrank(bob);
        escrow.markPaid(ethTrade());
        escrow.dispute(ethTrade(), EVIDENCE);
        vm.stopPrank();
        _refuses(dana, PART, bob, signature, abi.encodeWithSelector(IEscrow.BadState.selector, id, DISPUTED));
    }

    /// C24.
    function test_RevertWhen_TheBuyersPartIsMoreThanTheAmount() external {
        fundAndPay(ethTrade());
        uint128[2] memory wrong = [ETH_AMOUNT + 1, type(uint128).max];
        for (uint256 i = 0; i < 2; i++) {
            bytes memory error = abi.encodeWithSelector(IEscrow.ShareTooLarge.selector, wrong[i], ETH_AMOUNT);
            _refuses(dana, wrong[i], bob, _signed(bobKey), error);
        }
    }

    /// Invariant 11.
    function test_RevertWhen_ItIsTheSecondOfTheFunding() external {
        vm.prank(alice);
        escrow.fund{value: ETH_AMOUNT}(ethTrade());
        vm.prank(bob);
        escrow.markPaid(ethTrade());
        bytes memory error = abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1);
        _refuses(dana, PART, bob, _signed(bobKey), error);
        skip(1);
        _rules(ethTrade(), PART, bob, bobKey);
    }

    /// Invariants 2, 5, 8, 12: by either party's signature, any share, also after releaseWindow.
    function test_WhenPaid_DividesTheCoinsWithoutAFee() external {
        uint128[4] memory parts = [0, 1, ETH_AMOUNT / 3, ETH_AMOUNT];
        uint256[3] memory after_ = [uint256(0), 7 days + 1, 400 days];
        for (uint256 i = 0; i < parts.length; i++) {
            for (uint256 j = 0; j < after_.length; j++) {
                fundAndPay(ethTrade());
                skip(after_[j]);
                _rules(ethTrade(), parts[i], bob, bobKey);
                fundAndPay(ethTrade());
                skip(after_[j]);
                _rules(ethTrade(), parts[i], alice, aliceKey);
            }
        }
        fundAndPay(usdcTrade());
        _rules(usdcTrade(), PART, bob, bobKey);
    }

    /// Invariants 2, 7: the same end as the dispute and then the ruling, in balances, words, credits and fees.
    function testFuzz_EndsAsDisputeAndThenRuleDo(uint128 toBuyer, bool bySeller, bool refuses) external {
        Trade memory trade = ethTrade();
        toBuyer = uint128(bound(toBuyer, 0, ETH_AMOUNT));
        if (refuses && bySeller) trade.buyer = address(new Refuser());
        fund(trade);
        vm.prank(trade.buyer);
        escrow.markPaid(trade);
        bytes32 id = structHashOf(trade);
        (address by, uint256 key) = bySeller ? (alice, aliceKey) : (bob, bobKey);
        bytes memory signature = signDispute(key, id, EVIDENCE, FOREVER);

        uint256 snapshot = vm.snapshotState();
        vm.recordLogs();
        vm.prank(dana);
        escrow.disputeAndRule(trade, toBuyer, REASONS, by, EVIDENCE, signature, FOREVER);
        (bytes32 ended, Vm.Log[] memory told) = (worldOf(trade), vm.getRecordedLogs());
        vm.revertToState(snapshot);

        vm.recordLogs();
        escrow.disputeBySig(trade, EVIDENCE, by, FOREVER, signature);
        vm.prank(dana);
        escrow.rule(trade, toBuyer, REASONS);
        assertEq(worldOf(trade), ended);
        assertEq(abi.encode(vm.getRecordedLogs()), abi.encode(told));
    }

    /// Invariant 9 (C08): a party that refuses is credited, the other is paid.
    function test_GivenAPartyThatRefuses_CreditsHim() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new Refuser());
        fund(trade);
        vm.prank(trade.buyer);
        escrow.markPaid(trade);
        uint256 had = alice.balance;
        bytes memory signature = signDispute(aliceKey, structHashOf(trade), EVIDENCE, FOREVER);
        vm.prank(dana);
        escrow.disputeAndRule(trade, PART, REASONS, alice, EVIDENCE, signature, FOREVER);
        assertEq(escrow.creditOf(NATIVE, trade.buyer), PART);
        assertEq(alice.balance, had + ETH_AMOUNT - PART);
        assertEq(address(escrow).balance, PART);
    }

    /// Invariant 6: an arbitrator and a party that are contracts.
    function test_GivenPartiesWithCode_IsDone() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new OwnedWallet(bob));
        trade.arbitrator = address(new OwnedWallet(dana));
        fund(trade);
        vm.prank(trade.buyer);
        escrow.markPaid(trade);
        skip(1);
        Purse memory was = purseOf(trade);
        bytes memory signature = signDispute(bobKey, structHashOf(trade), EVIDENCE, FOREVER);
        vm.prank(trade.arbitrator);
        escrow.disputeAndRule(trade, PART, REASONS, trade.buyer, EVIDENCE, signature, FOREVER);
        assertPaidOut(trade, was, PART, 0);
    }

    function _signed(uint256 key) private view returns (bytes memory) {
        return signDispute(key, structHashOf(ethTrade()), EVIDENCE, FOREVER);
    }

    function _rules(Trade memory trade, uint128 toBuyer, address by, uint256 key) private {
        bytes32 id = structHashOf(trade);
        assertEq(statusOf(id), PAID);
        Purse memory was = purseOf(trade);
        bytes memory signature = signDispute(key, id, EVIDENCE, FOREVER);
        vm.expectEmit(address(escrow));
        emit IEscrow.Disputed(id, by, EVIDENCE);
        vm.expectEmit(address(escrow));
        emit IEscrow.Ruled(id, toBuyer, REASONS);
        vm.prank(dana);
        escrow.disputeAndRule(trade, toBuyer, REASONS, by, EVIDENCE, signature, FOREVER);
        assertPaidOut(trade, was, toBuyer, 0);
        assertEq(balanceOf(trade.token, dana), 0);
    }

    function _call(Trade memory trade, uint128 toBuyer, address by, bytes memory signature, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(escrow.disputeAndRule, (trade, toBuyer, REASONS, by, EVIDENCE, signature, deadline));
    }

    function _refuses(address caller, uint128 toBuyer, address by, bytes memory signature, bytes memory error) private {
        assertRefused(ethTrade(), caller, 0, _call(ethTrade(), toBuyer, by, signature, FOREVER), error);
    }
}
