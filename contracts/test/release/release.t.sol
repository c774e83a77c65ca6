// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, FUNDED, NATIVE, NONE, Trade} from "../Words.sol";

contract ReleaseTest is Base {
    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(alice);
        escrow.release(ethTrade());
    }

    function test_RevertWhen_TheCallerIsNotTheSeller() external {
        fund(ethTrade());
        address[3] memory others = [bob, carol, dana];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSeller.selector, others[i]));
            vm.prank(others[i]);
            escrow.release(ethTrade());
        }
    }

    /// Invariants 10, 11.
    function test_RevertWhen_ItIsTheSecondOfTheFunding() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signPlain(aliceKey, "Release", id, FOREVER);
        vm.warp(START);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1));
        vm.prank(alice);
        escrow.release(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1));
        escrow.releaseBySig(ethTrade(), FOREVER, signature);
    }

    /// Invariants 2, 5.
    function test_GivesTheBuyerEverythingLessTheFee() external {
        for (uint8 status = FUNDED; status <= DISPUTED; status++) {
            Trade[2] memory trades = [ethTrade(), usdcTrade()];
            for (uint256 i = 0; i < 2; i++) {
                Trade memory trade = trades[i];
                bytes32 id = bring(trade, status);
                Purse memory was = purseOf(trade);
                vm.expectEmit(address(escrow));
                emit IEscrow.Released(id);
                vm.prank(alice);
                escrow.release(trade);
                assertPaidOut(trade, was, trade.amount, feeOf(trade, trade.amount));
            }
        }
    }

    /// Invariant 5 (C33): floor(amount * feeBps / 10,000), whatever the amount.
    function testFuzz_TakesTheExactFee(uint128 amount, uint16 feeBps) external {
        Trade memory trade = ethTrade();
        trade.amount = uint128(bound(amount, 1, type(uint128).max));
        trade.feeBps = uint16(bound(feeBps, 0, 200));
        vm.deal(alice, trade.amount);
        fund(trade);
        Purse memory was = purseOf(trade);
        vm.prank(alice);
        escrow.release(trade);
        uint256 fee = uint256(trade.amount) * trade.feeBps / 10_000;
        assertPaidOut(trade, was, trade.amount, fee);
        assertLe(fee, trade.amount / 50);
    }

    /// Invariant 2 (C04).
    function test_RevertWhen_ItIsReleasedAlready() external {
        bytes32 id = fund(ethTrade());
        fund(_other());
        bytes memory signature = signPlain(aliceKey, "Release", id, FOREVER);
        escrow.releaseBySig(ethTrade(), FOREVER, signature);
        uint256 balance = bob.balance;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, NONE));
        escrow.releaseBySig(ethTrade(), FOREVER, signature);
        assertEq(bob.balance, balance);
    }

    /// Invariant 7.
    function test_BySig_GivesTheBuyerEverythingLessTheFee() external {
        bytes32 id = fundAndPay(ethTrade());
        Purse memory was = purseOf(ethTrade());
        bytes memory signature = signPlain(aliceKey, "Release", id, FOREVER);
        vm.prank(carol);
        escrow.releaseBySig(ethTrade(), FOREVER, signature);
        assertPaidOut(ethTrade(), was, ETH_AMOUNT, feeOf(ethTrade(), ETH_AMOUNT));
    }

    function _other() private view returns (Trade memory trade) {
        trade = ethTrade();
        trade.terms = keccak256("another");
    }
}
