// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed} from "../../src/types/Trade.sol";
import {Base} from "../Base.t.sol";
import {Reenterer} from "../mocks/Receivers.sol";
import {CallbackToken} from "../mocks/WeirdTokens.sol";
import {FUNDED, NATIVE, NONE, Trade} from "../Words.sol";

/// @dev C06: whenever the escrow calls somebody, he calls every function of the escrow. The payments of the native coin call their
/// recipient, a CallbackToken calls both ends of each transfer and the owner in its permit; contract wallets are asked without being
/// able to change anything.
contract CallbacksTest is Base {
    /// @dev Everything that can call a party or the fee recipient while it pays.
    enum Out {
        Release,
        BatchRelease,
        Cancel,
        Reclaim,
        Settle,
        Rule,
        DisputeAndRule,
        TimeoutFunded,
        TimeoutPaid,
        TimeoutDisputed
    }

    uint128 private constant PART = 1_000_000;

    Reenterer private buyer;
    Reenterer private seller;
    CallbackToken private token;

    function setUp() public override {
        super.setUp();
        (buyer, seller, token) = (new Reenterer(), new Reenterer(), new CallbackToken());
        token.listen(address(buyer));
        token.listen(address(seller));
        token.mint(address(seller), USDC_AMOUNT * 2);
        vm.deal(address(seller), 10 ether);
        vm.prank(address(seller));
        token.approve(address(escrow), type(uint256).max);
    }

    /// Invariants 2, 3: every way out of the native coin, every function, by the buyer and by the seller.
    function test_WhoIsPaidTheNativeCoin_CanDoNothingToThisTradeAgain() external {
        _everyWayOut(_trade(NATIVE, ETH_AMOUNT));
    }

    /// Invariants 2, 3, 9.
    function test_WhoIsPaidATokenThatCallsHim_CanDoNothingToThisTradeAgain() external {
        _everyWayOut(_trade(address(token), USDC_AMOUNT));
    }

    /// Read-only: whoever looks during the payment sees what is there after it.
    function test_WhoLooksDuringThePayment_SeesTheEndState() external {
        Trade[2] memory trades = [_trade(NATIVE, ETH_AMOUNT), _trade(address(token), USDC_AMOUNT)];
        for (uint256 t = 0; t < 2; t++) {
            Trade memory trade = trades[t];
            bytes[4] memory looks = [
                abi.encodeCall(escrow.stateOf, (structHashOf(trade))),
                abi.encodeCall(escrow.feesOf, (trade.token)),
                abi.encodeCall(escrow.creditOf, (trade.token, trade.buyer)),
                abi.encodeCall(escrow.creditOf, (trade.token, trade.seller))
            ];
            for (uint256 out = 0; out <= uint256(type(Out).max); out++) {
                for (uint256 i = 0; i < looks.length; i++) {
                    _looks(trade, Out(out), looks[i]);
                }
            }
        }
    }

    /// Invariants 1, 9: while his tokens are pulled, the seller finds the trade open and nothing to take.
    function test_WhoseTokensArePulled_CanCloseNothing() external {
        Trade memory trade = _trade(address(token), USDC_AMOUNT);
        bytes[] memory calls = _everyCall(trade);
        for (uint256 i = 0; i < calls.length; i++) {
            uint256 snapshot = vm.snapshotState();
            seller.plan(address(escrow), calls[i]);
            vm.prank(address(seller));
            escrow.fund(trade);
            assertTrue(seller.entered());
            // Giving the buyer more time is his to do; a batch of nothing that fits succeeds and does nothing.
            bool mayDo = bytes4(calls[i]) == escrow.grantTime.selector || _isBatch(calls[i]);
            assertEq(seller.succeeded(), mayDo);
            assertEq(statusOf(structHashOf(trade)), FUNDED);
            assertEq(fundedAtOf(structHashOf(trade)), block.timestamp);
            assertEq(token.balanceOf(address(escrow)), USDC_AMOUNT);
            vm.revertToState(snapshot);
        }
    }

    /// Invariants 1, 9: no way of funding is open while another is counting tokens.
    function test_WhoseTokensArePulled_CanFundNothingElse() external {
        Trade memory trade = _trade(address(token), USDC_AMOUNT);
        Trade memory other = _trade(address(token), 1);
        bytes[2] memory calls =
            [abi.encodeCall(escrow.fund, (other)), abi.encodeCall(escrow.fundWithPermit, (other, 0, 0, 0, 0))];
        for (uint256 i = 0; i < 2; i++) {
            uint256 snapshot = vm.snapshotState();
            seller.plan(address(escrow), calls[i]);
            vm.prank(address(seller));
            escrow.fund(trade);
            assertEq(seller.answerHash(), keccak256(abi.encodeWithSelector(IEscrow.Reentered.selector)));
            assertClosed(structHashOf(other));
            vm.revertToState(snapshot);
        }
    }

    /// Invariant 1: he takes a credit of the same token out while it is counted in; then too little came.
    function test_RevertWhen_HeWithdrawsWhileHisTokensAreCounted() external {
        Trade memory trade = _trade(address(token), USDC_AMOUNT);
        _oweTokensToTheSeller();
        uint256 owed = escrow.creditOf(address(token), address(seller));
        assertEq(owed, 5);
        seller.plan(address(escrow), abi.encodeCall(escrow.withdraw, (address(token), carol)));
        bytes memory error =
            abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, USDC_AMOUNT - owed, USDC_AMOUNT);
        assertRefused(trade, address(seller), 0, abi.encodeCall(escrow.fund, (trade)), error);
        assertEq(escrow.creditOf(address(token), address(seller)), owed);
    }

    /// A token's permit comes before the counting: a trade that is funded in it is one more, and whole.
    function test_WhoFundsAnotherInAPermit_LocksBoth() external {
        Trade memory trade = _trade(address(token), USDC_AMOUNT);
        Trade memory other = _trade(address(token), 1);
        seller.plan(address(escrow), abi.encodeCall(escrow.fund, (other)));
        vm.prank(address(seller));
        escrow.fundWithPermit(trade, 0, 0, 0, 0);
        assertTrue(seller.succeeded());
        assertEq(statusOf(structHashOf(trade)), FUNDED);
        assertEq(statusOf(structHashOf(other)), FUNDED);
        assertEq(token.balanceOf(address(escrow)), uint256(USDC_AMOUNT) + 1);

        seller = new Reenterer();
        token.listen(address(seller));
        token.mint(address(seller), USDC_AMOUNT);
        trade = _trade(address(token), USDC_AMOUNT);
        seller.plan(address(escrow), abi.encodeCall(escrow.fund, (trade)));
        vm.startPrank(address(seller));
        token.approve(address(escrow), USDC_AMOUNT);
        escrow.fundWithPermit(trade, 0, 0, 0, 0);
        vm.stopPrank();
        bytes memory live = abi.encodeWithSelector(IEscrow.BadState.selector, structHashOf(trade), FUNDED);
        assertEq(seller.answerHash(), keccak256(live));
    }

    /// What is not this trade he may move: the payment of one cancels another of his.
    function test_WhoIsPaid_MayMoveHisOtherTrades() external {
        Trade memory trade = _trade(NATIVE, ETH_AMOUNT);
        Trade memory other = _trade(NATIVE, 1 ether);
        _bring(trade, Out.Release);
        vm.prank(address(seller));
        escrow.fund{value: 1 ether}(other);
        skip(1);
        buyer.plan(address(escrow), abi.encodeCall(escrow.cancel, (other)));
        vm.prank(address(seller));
        escrow.release(trade);
        assertTrue(buyer.succeeded());
        assertClosed(structHashOf(other));
        assertEq(address(escrow).balance, feeOf(trade, ETH_AMOUNT));
        assertEq(address(seller).balance, 10 ether - ETH_AMOUNT);
    }

    /// Invariants 1, 2: fees and credits are gone before they are paid.
    function test_WhoIsPaidFeesOrACredit_IsPaidOnce() external {
        Reenterer sink = new Reenterer();
        escrow = deployEscrow(address(sink));
        fund(ethTrade());
        vm.prank(alice);
        escrow.release(ethTrade());
        Trade memory other = ethTrade();
        other.terms = keccak256("another");
        fund(other); // something to take
        uint256 fee = feeOf(ethTrade(), ETH_AMOUNT);
        sink.plan(address(escrow), abi.encodeCall(escrow.withdrawFees, (NATIVE)));
        escrow.withdrawFees(NATIVE);
        assertEq(sink.answerHash(), keccak256(abi.encodeWithSelector(IEscrow.NoFees.selector, NATIVE)));
        assertEq(address(sink).balance, fee);
        assertEq(address(escrow).balance, ETH_AMOUNT);
    }

    /// S09: a wallet that wants to move something while it is asked for its signature cannot.
    function test_WhoIsAskedForHisSignature_CanMoveNothing() external {
        MeddlingWallet wallet = new MeddlingWallet();
        Trade memory trade = ethTrade();
        trade.buyer = address(wallet);
        fund(trade);
        wallet.plan(address(escrow), abi.encodeCall(escrow.cancel, (trade)));
        bytes memory call = abi.encodeCall(escrow.markPaidBySig, (trade, FOREVER, ""));
        assertRefused(trade, carol, 0, call, abi.encodeWithSelector(IEscrow.BadSignature.selector, address(wallet)));
    }

    // ---------------------------------------------------------------- the ways out

    function _everyWayOut(Trade memory trade) private {
        bytes[] memory calls = _everyCall(trade);
        for (uint256 out = 0; out <= uint256(type(Out).max); out++) {
            (bool buyerIsPaid, bool sellerIsPaid) = _paid(Out(out));
            for (uint256 i = 0; i < calls.length; i++) {
                if (buyerIsPaid) _tries(trade, Out(out), buyer, calls[i]);
                if (sellerIsPaid) _tries(trade, Out(out), seller, calls[i]);
            }
        }
    }

    function _tries(Trade memory trade, Out out, Reenterer who, bytes memory call) private {
        uint256 snapshot = vm.snapshotState();
        _bring(trade, out);
        Purse memory was = purseOf(trade);
        who.plan(address(escrow), call);
        _leave(trade, out);
        assertTrue(who.entered());
        assertEq(who.succeeded(), _isBatch(call));
        bytes memory closed = abi.encodeWithSelector(IEscrow.BadState.selector, structHashOf(trade), NONE);
        assertEq(who.answerHash(), keccak256(_isBatch(call) ? abi.encode(0) : closed));
        (uint256 toBuyer, uint256 fee) = _shares(trade, out);
        assertPaidOut(trade, was, toBuyer, fee);
        vm.revertToState(snapshot);
    }

    function _looks(Trade memory trade, Out out, bytes memory look) private {
        uint256 snapshot = vm.snapshotState();
        _bring(trade, out);
        (bool buyerIsPaid, bool sellerIsPaid) = _paid(out);
        buyer.plan(address(escrow), look);
        seller.plan(address(escrow), look);
        _leave(trade, out);
        (, bytes memory end) = address(escrow).call(look);
        if (buyerIsPaid) assertEq(buyer.answerHash(), keccak256(end));
        if (sellerIsPaid) assertEq(seller.answerHash(), keccak256(end));
        vm.revertToState(snapshot);
    }

    function _paid(Out out) private pure returns (bool buyerIsPaid, bool sellerIsPaid) {
        sellerIsPaid = out != Out.Release && out != Out.BatchRelease && out != Out.TimeoutPaid;
        buyerIsPaid = out != Out.Cancel && out != Out.Reclaim && out != Out.TimeoutFunded;
    }

    function _shares(Trade memory trade, Out out) private pure returns (uint256 toBuyer, uint256 fee) {
        if (out == Out.Release || out == Out.BatchRelease || out == Out.TimeoutPaid) toBuyer = trade.amount;
        if (out == Out.Settle || out == Out.Rule || out == Out.DisputeAndRule) toBuyer = PART;
        if (out == Out.TimeoutDisputed) toBuyer = trade.amount / 2;
        if (out != Out.Rule && out != Out.DisputeAndRule && out != Out.TimeoutDisputed) fee = feeOf(trade, toBuyer);
    }

    /// @dev Before anybody is planning anything.
    function _bring(Trade memory trade, Out out) private {
        vm.prank(address(seller));
        escrow.fund{value: trade.token == NATIVE ? trade.amount : 0}(trade);
        bool isDisputed = out == Out.Rule || out == Out.TimeoutDisputed;
        vm.startPrank(address(buyer));
        if (out == Out.TimeoutPaid || out == Out.DisputeAndRule || isDisputed) escrow.markPaid(trade);
        if (isDisputed) escrow.dispute(trade, EVIDENCE);
        vm.stopPrank();
        skip(1);
        if (out == Out.Reclaim) skip(trade.payWindow);
        if (out == Out.TimeoutFunded) skip(trade.payWindow + 1 days);
        if (out == Out.TimeoutPaid) skip(trade.releaseWindow);
        if (out == Out.TimeoutDisputed) skip(trade.rulingWindow);
    }

    function _leave(Trade memory trade, Out out) private {
        // The two sign with a yes to everything, so that the calls that take a signature can be used as well.
        bytes memory yes = abi.encode(bytes4(0x1626ba7e));
        if (out == Out.Release) {
            vm.prank(address(seller));
            escrow.release(trade);
        } else if (out == Out.BatchRelease) {
            vm.mockCall(address(seller), abi.encodeWithSelector(0x1626ba7e), yes);
            Signed[] memory items = new Signed[](1);
            items[0] = Signed(trade, FOREVER, "");
            assertEq(escrow.batchRelease(items), 1);
        } else if (out == Out.Cancel) {
            vm.prank(address(buyer));
            escrow.cancel(trade);
        } else if (out == Out.Reclaim) {
            vm.prank(address(seller));
            escrow.reclaim(trade);
        } else if (out == Out.Settle) {
            vm.mockCall(address(buyer), abi.encodeWithSelector(0x1626ba7e), yes);
            vm.prank(address(seller));
            escrow.settle(trade, PART, FOREVER, "", "");
        } else if (out == Out.Rule) {
            vm.prank(dana);
            escrow.rule(trade, PART, EVIDENCE);
        } else if (out == Out.DisputeAndRule) {
            vm.mockCall(address(buyer), abi.encodeWithSelector(0x1626ba7e), yes);
            vm.prank(dana);
            escrow.disputeAndRule(trade, PART, EVIDENCE, address(buyer), EVIDENCE, "", FOREVER);
        } else {
            escrow.timeout(trade);
        }
        vm.clearMockedCalls();
    }

    // ---------------------------------------------------------------- what is tried

    /// @dev Every function that moves a trade. The signatures are empty: nothing gets as far as looking at them.
    function _everyCall(Trade memory trade) private view returns (bytes[] memory calls) {
        Signed[] memory items = new Signed[](1);
        items[0] = Signed(trade, FOREVER, "");
        calls = new bytes[](19);
        calls[0] = abi.encodeCall(escrow.markPaid, (trade));
        calls[1] = abi.encodeCall(escrow.markPaidBySig, (trade, FOREVER, ""));
        calls[2] = abi.encodeCall(escrow.batchMarkPaid, (items));
        calls[3] = abi.encodeCall(escrow.grantTime, (trade, uint40(block.timestamp + 1 days)));
        calls[4] = abi.encodeCall(escrow.grantTimeBySig, (trade, uint40(block.timestamp + 1 days), FOREVER, ""));
        calls[5] = abi.encodeCall(escrow.reclaim, (trade));
        calls[6] = abi.encodeCall(escrow.reclaimBySig, (trade, FOREVER, ""));
        calls[7] = abi.encodeCall(escrow.release, (trade));
        calls[8] = abi.encodeCall(escrow.releaseBySig, (trade, FOREVER, ""));
        calls[9] = abi.encodeCall(escrow.batchRelease, (items));
        calls[10] = abi.encodeCall(escrow.cancel, (trade));
        calls[11] = abi.encodeCall(escrow.cancelBySig, (trade, FOREVER, ""));
        calls[12] = abi.encodeCall(escrow.settle, (trade, PART, FOREVER, "", ""));
        calls[13] = abi.encodeCall(escrow.dispute, (trade, EVIDENCE));
        calls[14] = abi.encodeCall(escrow.disputeBySig, (trade, EVIDENCE, trade.buyer, FOREVER, ""));
        calls[15] = abi.encodeCall(escrow.rule, (trade, PART, EVIDENCE));
        calls[16] = abi.encodeCall(escrow.ruleBySig, (trade, PART, EVIDENCE, FOREVER, ""));
        calls[17] =
            abi.encodeCall(escrow.disputeAndRule, (trade, PART, EVIDENCE, trade.buyer, EVIDENCE, bytes(""), FOREVER));
        calls[18] = abi.encodeCall(escrow.timeout, (trade));
    }

    function _isBatch(bytes memory call) private view returns (bool) {
        return bytes4(call) == escrow.batchMarkPaid.selector || bytes4(call) == escrow.batchRelease.selector;
    }

    function _trade(address asset, uint128 amount) private view returns (Trade memory trade) {
        trade = ethTrade();
        (trade.seller, trade.buyer, trade.token, trade.amount) = (address(seller), address(buyer), asset, amount);
    }

    /// @dev Five units that could not be paid back to him.
    function _oweTokensToTheSeller() private {
        Trade memory trade = _trade(address(token), 5);
        vm.prank(address(seller));
        escrow.fund(trade);
        skip(1);
        vm.mockCallRevert(address(token), abi.encodeWithSignature("transfer(address,uint256)"), "");
        vm.prank(address(buyer));
        escrow.cancel(trade);
        vm.clearMockedCalls();
    }
}

/// @dev Says yes only if it could do something first.
contract MeddlingWallet {
    address private _target;
    bytes private _data;

    function plan(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool ok,) = _target.call(_data);
        return ok ? this.isValidSignature.selector : bytes4(0);
    }

    receive() external payable {}
}
