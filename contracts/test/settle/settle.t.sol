// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, FUNDED, NONE, Trade} from "../Words.sol";

contract SettleTest is Base {
    uint128 private constant PART = ETH_AMOUNT / 3;

    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        escrow.settle(ethTrade(), PART, FOREVER, "", "");
    }

    /// Invariant 6.
    function test_RevertWhen_APartyThatDoesNotSendHasNotSigned() external {
        bytes32 id = fund(ethTrade());
        bytes memory bySeller = signSettle(aliceKey, id, PART, FOREVER);
        bytes memory byBuyer = signSettle(bobKey, id, PART, FOREVER);

        vm.startPrank(carol);
        _badSignature(alice, PART, "", byBuyer);
        _badSignature(bob, PART, bySeller, "");
        _badSignature(alice, PART, byBuyer, bySeller);
        _badSignature(alice, PART + 1, bySeller, byBuyer);
        vm.stopPrank();
        vm.startPrank(alice);
        _badSignature(bob, PART, bySeller, bySeller);
        vm.stopPrank();
        vm.startPrank(bob);
        _badSignature(alice, PART, byBuyer, byBuyer);
        vm.stopPrank();
        vm.startPrank(dana);
        _badSignature(alice, PART, "", "");
        vm.stopPrank();
    }

    /// Invariant 10.
    function test_RevertWhen_TheDeadlineHasPassed() external {
        bytes32 id = fund(ethTrade());
        uint256 deadline = block.timestamp + 1 days;
        bytes memory byBuyer = signSettle(bobKey, id, PART, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.Expired.selector, deadline + 1, deadline));
        vm.prank(alice);
        escrow.settle(ethTrade(), PART, deadline, "", byBuyer);
        vm.warp(deadline);
        vm.prank(alice);
        escrow.settle(ethTrade(), PART, deadline, "", byBuyer);
        assertClosed(id);
    }

    /// C24.
    function test_RevertWhen_TheBuyersPartIsMoreThanTheAmount() external {
        bytes32 id = fund(ethTrade());
        uint128[2] memory wrong = [ETH_AMOUNT + 1, type(uint128).max];
        for (uint256 i = 0; i < 2; i++) {
            bytes memory byBuyer = signSettle(bobKey, id, wrong[i], FOREVER);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.ShareTooLarge.selector, wrong[i], ETH_AMOUNT));
            vm.prank(alice);
            escrow.settle(ethTrade(), wrong[i], FOREVER, "", byBuyer);
        }
    }

    /// Invariant 11.
    function test_RevertWhen_ItIsTheSecondOfTheFunding() external {
        bytes32 id = fund(ethTrade());
        bytes memory byBuyer = signSettle(bobKey, id, PART, FOREVER);
        vm.warp(START);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1));
        vm.prank(alice);
        escrow.settle(ethTrade(), PART, FOREVER, "", byBuyer);
    }

    /// Invariants 2, 5, 7.
    function test_WhenBothAgree_DividesTheCoins() external {
        address[3] memory senders = [carol, alice, bob];
        for (uint8 status = FUNDED; status <= DISPUTED; status++) {
            for (uint256 i = 0; i < 3; i++) {
                _settles(i % 2 == 0 ? ethTrade() : usdcTrade(), status, senders[i], 1, 3);
            }
        }
    }

    /// Invariant 5: zero fee on a refund, the whole fee on a release.
    function test_WhenOnePartIsZero_PaysTheOther() external {
        _settles(ethTrade(), FUNDED, alice, 0, 1);
        _settles(ethTrade(), FUNDED, alice, 1, 1);
        _settles(usdcTrade(), FUNDED, carol, 0, 1);
        _settles(usdcTrade(), FUNDED, bob, 1, 1);
    }

    /// Invariants 2, 5.
    function testFuzz_WhenBothAgree_PaysExactlyTheAmount(uint128 amount, uint128 toBuyer, uint16 feeBps) external {
        Trade memory trade = ethTrade();
        trade.amount = uint128(bound(amount, 1, type(uint128).max));
        trade.feeBps = uint16(bound(feeBps, 0, 200));
        toBuyer = uint128(bound(toBuyer, 0, trade.amount));
        vm.deal(alice, trade.amount);
        bytes32 id = fund(trade);
        Purse memory was = purseOf(trade);
        bytes memory byBuyer = signSettle(bobKey, id, toBuyer, FOREVER);
        vm.prank(alice);
        escrow.settle(trade, toBuyer, FOREVER, "", byBuyer);
        assertPaidOut(trade, was, toBuyer, feeOf(trade, toBuyer));
    }

    function _settles(Trade memory trade, uint8 status, address sender, uint128 part, uint128 of_) private {
        bytes32 id = bring(trade, status);
        uint128 toBuyer = trade.amount / of_ * part;
        Purse memory was = purseOf(trade);
        bytes memory bySeller = sender == alice ? bytes("") : signSettle(aliceKey, id, toBuyer, FOREVER);
        bytes memory byBuyer = sender == bob ? bytes("") : signSettle(bobKey, id, toBuyer, FOREVER);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(id, toBuyer);
        vm.prank(sender);
        escrow.settle(trade, toBuyer, FOREVER, bySeller, byBuyer);
        assertPaidOut(trade, was, toBuyer, feeOf(trade, toBuyer));
    }

    function _badSignature(address signer, uint128 toBuyer, bytes memory bySeller, bytes memory byBuyer) private {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, signer));
        escrow.settle(ethTrade(), toBuyer, FOREVER, bySeller, byBuyer);
    }
}
