// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {GasBurner, Refuser, RevertBomb} from "../mocks/Receivers.sol";
import {NATIVE, Trade} from "../Words.sol";

/// @dev C07, C08: those who do not want their coins, in each role, on each way out.
contract HostileReceiversTest is Base {
    address[3] private hostile;

    function setUp() public override {
        super.setUp();
        hostile = [address(new Refuser()), address(new GasBurner()), address(new RevertBomb())];
    }

    /// Invariants 1, 2, 9.
    function test_AsBuyer_IsCreditedAndTheSellerIsPaid() external {
        for (uint256 i = 0; i < hostile.length; i++) {
            for (uint256 way = 0; way < 6; way++) {
                Trade memory trade = ethTrade();
                trade.buyer = hostile[i];
                _close(trade, way);
            }
        }
    }

    /// Invariants 1, 2, 9.
    function test_AsSeller_IsCreditedAndTheBuyerIsPaid() external {
        for (uint256 i = 0; i < hostile.length; i++) {
            for (uint256 way = 0; way < 6; way++) {
                Trade memory trade = ethTrade();
                trade.seller = hostile[i];
                vm.deal(trade.seller, ETH_AMOUNT);
                _close(trade, way);
            }
        }
    }

    /// Invariants 1, 2, 4: even when nobody takes anything the trade ends.
    function test_AsBoth_AreCredited() external {
        for (uint256 i = 0; i < hostile.length; i++) {
            for (uint256 way = 0; way < 6; way++) {
                Trade memory trade = ethTrade();
                (trade.seller, trade.buyer) = (hostile[i], hostile[(i + 1) % 3]);
                vm.deal(trade.seller, ETH_AMOUNT);
                _close(trade, way);
            }
        }
    }

    /// As fee recipient: the fees wait, and trades go on.
    function test_AsFeeRecipient_WaitsAndHurtsNobody() external {
        for (uint256 i = 0; i < hostile.length; i++) {
            escrow = deployEscrow(hostile[i]);
            fund(ethTrade());
            uint256 had = bob.balance;
            vm.prank(alice);
            escrow.release(ethTrade());
            uint256 fee = feeOf(ethTrade(), ETH_AMOUNT);
            assertEq(bob.balance - had, ETH_AMOUNT - fee);
            bytes4 failed = IEscrow.TransferFailed.selector;
            bytes memory error = abi.encodeWithSelector(failed, NATIVE, address(escrow), hostile[i], fee);
            assertRefused(ethTrade(), carol, 0, abi.encodeCall(escrow.withdrawFees, (NATIVE)), error);
            assertEq(escrow.feesOf(NATIVE), fee);
        }
    }

    /// @dev Release, cancel, settle, rule, time-out of the seller, time-out of the arbitrator.
    function _close(Trade memory trade, uint256 way) private {
        bytes32 id = fund(trade);
        vm.startPrank(trade.buyer);
        escrow.markPaid(trade);
        if (way == 3 || way == 5) escrow.dispute(trade, EVIDENCE);
        vm.stopPrank();
        (uint256 toBuyer, uint256 fee) = _shares(trade, way);
        uint256[3] memory had = _had(trade);
        uint256 end = block.timestamp + (way == 4 ? trade.releaseWindow : trade.rulingWindow) + 1;
        if (way >= 4) vm.warp(end);

        bytes memory bySeller;
        if (way == 2 && trade.seller == alice) bySeller = signSettle(aliceKey, id, uint128(toBuyer), FOREVER);
        if (way == 2 && trade.seller != alice && trade.buyer != bob) {
            // Neither has a key, so they cannot settle.
            way = 1;
            (toBuyer, fee) = (0, 0);
        }
        uint256 gas = gasleft();
        _callTheWay(trade, way, uint128(toBuyer), bySeller);
        // Two payments that burn their caps, and two credits.
        assertLt(gas - gasleft(), 2 * 100_000 + 130_000);

        assertClosed(id);
        uint256[3] memory has = _had(trade);
        assertEq(has[0] - had[0], trade.amount - toBuyer, "seller");
        assertEq(has[1] - had[1], toBuyer - fee, "buyer");
        assertEq(has[2] - had[2], fee, "fees");
    }

    function _shares(Trade memory trade, uint256 way) private pure returns (uint256 toBuyer, uint256 fee) {
        if (way == 0 || way == 4) toBuyer = trade.amount;
        if (way == 2 || way == 3) toBuyer = 7_000_000;
        if (way == 5) toBuyer = trade.amount / 2;
        if (way == 0 || way == 2 || way == 4) fee = feeOf(trade, toBuyer);
    }

    function _callTheWay(Trade memory trade, uint256 way, uint128 toBuyer, bytes memory bySeller) private {
        if (way == 0 || way == 1 || way == 3) vm.prank(way == 0 ? trade.seller : way == 1 ? trade.buyer : dana);
        if (way == 0) escrow.release(trade);
        if (way == 1) escrow.cancel(trade);
        if (way == 2) _settle(trade, toBuyer, bySeller);
        if (way == 3) escrow.rule(trade, toBuyer, EVIDENCE);
        if (way >= 4) escrow.timeout(trade);
    }

    /// @dev The hostile one sends it himself, with the other's signature.
    function _settle(Trade memory trade, uint128 toBuyer, bytes memory bySeller) private {
        if (trade.seller == alice) {
            vm.prank(trade.buyer);
            escrow.settle(trade, toBuyer, FOREVER, bySeller, "");
            return;
        }
        bytes memory byBuyer = signSettle(bobKey, structHashOf(trade), toBuyer, FOREVER);
        vm.prank(trade.seller);
        escrow.settle(trade, toBuyer, FOREVER, "", byBuyer);
    }

    /// @dev What the seller and the buyer have or are owed, and the fees.
    function _had(Trade memory trade) private view returns (uint256[3] memory) {
        return [
            trade.seller.balance + escrow.creditOf(NATIVE, trade.seller),
            trade.buyer.balance + escrow.creditOf(NATIVE, trade.buyer),
            escrow.feesOf(NATIVE)
        ];
    }
}
