// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {GasBurner, Reenterer, Refuser, ReturnBomb, RevertBomb} from "../mocks/Receivers.sol";
import {OddToken} from "../mocks/Tokens.sol";
import {FUNDED, NATIVE, NONE, Trade} from "../Words.sol";

contract PayoutsTest is Base {
    OddToken private token;

    function setUp() public override {
        super.setUp();
        token = newOddToken();
    }

    /// Invariants 1, 2, 9, 12 (C07, C08).
    function test_GivenARecipientThatRefuses_CreditsHim() external {
        address[3] memory recipients = [address(new Refuser()), address(new GasBurner()), address(new RevertBomb())];
        for (uint256 i = 0; i < 3; i++) {
            Trade memory trade = ethTrade();
            trade.buyer = recipients[i];
            bytes32 id = fund(trade);
            uint256 fee = feeOf(trade, trade.amount);
            uint256 fees = escrow.feesOf(NATIVE);
            vm.expectEmit(address(escrow));
            emit IEscrow.Released(id);
            vm.expectEmit(address(escrow));
            emit IEscrow.Credited(id, NATIVE, trade.buyer, trade.amount - fee);
            vm.prank(alice);
            uint256 gas = gasleft();
            escrow.release(trade);
            assertLt(gas - gasleft(), 200_000);
            assertEq(escrow.creditOf(NATIVE, trade.buyer), trade.amount - fee);
            assertEq(escrow.feesOf(NATIVE), fees + fee);
            assertClosed(id);
        }
    }

    /// C07.
    function test_GivenARecipientThatAnswersWithAMegabyte_CopiesNothing() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new ReturnBomb());
        fund(trade);
        vm.prank(alice);
        uint256 gas = gasleft();
        escrow.release(trade);
        assertLt(gas - gasleft(), 200_000);
    }

    /// Invariants 2, 9.
    function test_GivenARecipientThatRefuses_PaysTheOtherPartyOfASplit() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new GasBurner());
        fund(trade);
        vm.prank(trade.buyer);
        escrow.markPaid(trade);
        vm.prank(trade.buyer);
        escrow.dispute(trade, EVIDENCE);
        skip(1);
        uint256 had = alice.balance;
        vm.prank(dana);
        escrow.rule(trade, 7, EVIDENCE);
        assertEq(alice.balance, had + trade.amount - 7);
        assertEq(escrow.creditOf(NATIVE, trade.buyer), 7);
        assertEq(address(escrow).balance, 7);
    }

    /// Invariants 1, 2, 9 (C09, C10, C13): each closes with a credit that can be had later.
    function test_GivenATokenThatDoesNotPay_CreditsHim() external {
        OddToken.Oddity[5] memory oddities = [
            OddToken.Oddity.AnswersFalse,
            OddToken.Oddity.AnswersTwo,
            OddToken.Oddity.AnswersOneByte,
            OddToken.Oddity.Reverts,
            OddToken.Oddity.BurnsGas
        ];
        for (uint256 i = 0; i < oddities.length; i++) {
            Trade memory trade = _oddTrade(i);
            bytes32 id = fund(trade);
            uint256 credit = escrow.creditOf(address(token), bob);
            token.setOddity(oddities[i]);
            vm.prank(alice);
            uint256 gas = gasleft();
            escrow.release(trade);
            assertLt(gas - gasleft(), 420_000);
            token.setOddity(OddToken.Oddity.None);
            assertEq(escrow.creditOf(address(token), bob), credit + trade.amount - feeOf(trade, trade.amount));
            assertEq(token.balanceOf(bob), 0);
            assertClosed(id);
        }
        uint256 owed = escrow.creditOf(address(token), bob);
        vm.prank(bob);
        escrow.withdraw(address(token), bob);
        assertEq(token.balanceOf(bob), owed);
    }

    /// C13: a token that is gone has not paid.
    function test_GivenATokenThatHasLostItsCode_CreditsHim() external {
        Trade memory trade = _oddTrade(0);
        fund(trade);
        vm.etch(address(token), "");
        vm.prank(alice);
        escrow.release(trade);
        assertEq(escrow.creditOf(address(token), bob), trade.amount - feeOf(trade, trade.amount));
    }

    /// C13, C07.
    function test_GivenATokenThatAnswersNothingOrMore_Pays() external {
        OddToken.Oddity[3] memory oddities =
            [OddToken.Oddity.AnswersNothing, OddToken.Oddity.AnswersTwoWords, OddToken.Oddity.ReturnBomb];
        // A megabyte costs more than a payment may, so that one is credited.
        bool[3] memory pays = [true, true, false];
        for (uint256 i = 0; i < oddities.length; i++) {
            Trade memory trade = _oddTrade(i);
            fund(trade);
            uint256 had = token.balanceOf(bob);
            token.setOddity(oddities[i]);
            vm.prank(alice);
            escrow.release(trade);
            token.setOddity(OddToken.Oddity.None);
            assertEq(token.balanceOf(bob) - had, pays[i] ? trade.amount - feeOf(trade, trade.amount) : 0);
        }
    }

    /// Invariant 9 (C12): what such a token takes is missing in it alone.
    function test_GivenATokenThatShrinks_OtherAssetsAreWhole() external {
        Trade memory trade = _oddTrade(0);
        fund(trade);
        fund(ethTrade());
        fund(usdcTrade());
        token.burn(address(escrow), USDC_AMOUNT);
        vm.startPrank(alice);
        escrow.release(trade);
        escrow.release(ethTrade());
        escrow.release(usdcTrade());
        vm.stopPrank();
        assertEq(bob.balance, ETH_AMOUNT - feeOf(ethTrade(), ETH_AMOUNT));
        assertEq(usdc.balanceOf(bob), USDC_AMOUNT - feeOf(usdcTrade(), USDC_AMOUNT));
        assertEq(escrow.creditOf(address(token), bob), USDC_AMOUNT - feeOf(trade, USDC_AMOUNT));
    }

    /// Invariant 7: a recipient or token that says no as soon as it gets less than it is promised is paid, or nothing happens.
    function test_WhateverTheGas_NobodyIsStarvedIntoACredit() external {
        Trade memory native = ethTrade();
        native.buyer = address(new PickyReceiver(99_000));
        fund(native);
        _paidOrNothing(native, 40_000, 260_000);

        Trade memory odd = _oddTrade(0);
        fund(odd);
        token.setOddity(OddToken.Oddity.WantsGas);
        _paidOrNothing(odd, 100_000, 600_000);
    }

    /// Invariant 7: one that fails whatever it gets is credited, or nothing happens.
    function test_WhateverTheGas_ACreditIsExactOrNothing() external {
        Trade memory refused = ethTrade();
        refused.buyer = address(new Refuser());
        fund(refused);
        _creditOrNothing(refused, 40_000, 260_000, 130_000);

        Trade memory odd = _oddTrade(0);
        fund(odd);
        token.setOddity(OddToken.Oddity.Reverts);
        _creditOrNothing(odd, 100_000, 600_000, 340_000);
    }

    /// C06: every function sees the end state while the payment is under way.
    function test_GivenARecipientThatCallsBack_TheTradeIsClosed() external {
        Reenterer buyer = new Reenterer();
        Trade memory trade = ethTrade();
        trade.buyer = address(buyer);
        bytes[7] memory calls = [
            abi.encodeCall(escrow.markPaid, (trade)),
            abi.encodeCall(escrow.cancel, (trade)),
            abi.encodeCall(escrow.release, (trade)),
            abi.encodeCall(escrow.reclaim, (trade)),
            abi.encodeCall(escrow.timeout, (trade)),
            abi.encodeCall(escrow.dispute, (trade, EVIDENCE)),
            abi.encodeCall(escrow.settle, (trade, trade.amount, FOREVER, bytes(""), bytes("")))
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            uint256 snapshot = vm.snapshotState();
            bytes32 id = fund(trade);
            Purse memory was = purseOf(trade);
            buyer.plan(address(escrow), calls[i]);
            vm.prank(alice);
            escrow.release(trade);
            assertTrue(buyer.entered());
            assertFalse(buyer.succeeded());
            bytes memory error = abi.encodeWithSelector(IEscrow.BadState.selector, id, NONE);
            assertEq(buyer.answerHash(), keccak256(error));
            assertPaidOut(trade, was, trade.amount, feeOf(trade, trade.amount));
            vm.revertToState(snapshot);
        }
    }

    /// C06, read-only: the getters show the end state during the payment.
    function test_GivenARecipientThatLooks_SeesTheEndState() external {
        Reenterer buyer = new Reenterer();
        Trade memory trade = ethTrade();
        trade.buyer = address(buyer);
        bytes32 id = fund(trade);
        buyer.plan(address(escrow), abi.encodeCall(escrow.stateOf, (id)));
        vm.prank(alice);
        escrow.release(trade);
        assertEq(buyer.answerHash(), keccak256(abi.encode(0, 0, 0, 0)));
        fund(trade);
    }

    /// C06: a withdrawal is paid once, whoever is called on the way.
    function test_GivenARecipientThatWithdrawsAgain_IsPaidOnce() external {
        Refuser refuser = new Refuser();
        Trade memory trade = ethTrade();
        trade.buyer = address(refuser);
        fund(trade);
        fund(_another());
        vm.prank(alice);
        escrow.release(trade);
        Reenterer friend = new Reenterer();
        friend.plan(address(escrow), abi.encodeCall(escrow.withdraw, (NATIVE, address(friend))));
        uint256 owed = escrow.creditOf(NATIVE, address(refuser));
        vm.prank(address(refuser));
        escrow.withdraw(NATIVE, address(friend));
        assertEq(address(friend).balance, owed);
        assertFalse(friend.succeeded());
        assertEq(address(escrow).balance, ETH_AMOUNT + escrow.feesOf(NATIVE));
    }

    function _another() private view returns (Trade memory trade) {
        trade = ethTrade();
        trade.terms = keccak256("another");
    }

    function _oddTrade(uint256 number) private view returns (Trade memory trade) {
        trade = usdcTrade();
        (trade.token, trade.terms) = (address(token), bytes32(number));
    }

    function _paidOrNothing(Trade memory trade, uint256 from, uint256 to) private {
        uint256 net = trade.amount - feeOf(trade, trade.amount);
        uint256 paid;
        for (uint256 gas = from; gas <= to; gas += 1501) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(alice);
            try escrow.release{gas: gas}(trade) {
                paid += 1;
                assertEq(balanceOf(trade.token, trade.buyer), net);
                assertEq(escrow.creditOf(trade.token, trade.buyer), 0);
            } catch {
                assertEq(statusOf(escrow.idOf(trade)), FUNDED);
            }
            vm.revertToState(snapshot);
        }
        assertGt(paid, 10);
    }

    function _creditOrNothing(Trade memory trade, uint256 from, uint256 to, uint256 needed) private {
        uint256 net = trade.amount - feeOf(trade, trade.amount);
        uint256 credited;
        uint256 refused;
        for (uint256 gas = from; gas <= to; gas += 1501) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(alice);
            try escrow.release{gas: gas}(trade) {
                credited += 1;
                assertGt(gas, needed);
                assertEq(escrow.creditOf(trade.token, trade.buyer), net);
            } catch (bytes memory error) {
                // LowGas, or out of gas without a word.
                if (error.length != 0) {
                    refused += 1;
                    assertEq(bytes4(error), IEscrow.LowGas.selector);
                }
                assertEq(statusOf(escrow.idOf(trade)), FUNDED);
            }
            vm.revertToState(snapshot);
        }
        assertGt(credited, 10);
        assertGt(refused, 10);
    }
}

/// @dev Wants nearly all the gas that it is promised, and says no at once when it does not get it.
contract PickyReceiver {
    uint256 private immutable _gas;

    constructor(uint256 gas_) {
        _gas = gas_;
    }

    receive() external payable {
        require(gasleft() >= _gas, "more gas");
    }
}
