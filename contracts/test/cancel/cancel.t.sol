// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, FUNDED, NONE, Trade} from "../Words.sol";

contract CancelTest is Base {
    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(bob);
        escrow.cancel(ethTrade());
    }

    /// C20: the seller cannot, not even while the buyer's payment is on its way.
    function test_RevertWhen_TheCallerIsNotTheBuyer() external {
        fund(ethTrade());
        address[3] memory others = [alice, carol, dana];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotBuyer.selector, others[i]));
            vm.prank(others[i]);
            escrow.cancel(ethTrade());
        }
    }

    /// Invariants 10, 11.
    function test_RevertWhen_ItIsTheSecondOfTheFunding() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signPlain(bobKey, "Cancel", id, FOREVER);
        vm.warp(START);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1));
        vm.prank(bob);
        escrow.cancel(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START, START + 1));
        escrow.cancelBySig(ethTrade(), FOREVER, signature);
    }

    /// Invariants 2, 5.
    function test_GivesTheSellerEverything() external {
        for (uint8 status = FUNDED; status <= DISPUTED; status++) {
            Trade[2] memory trades = [ethTrade(), usdcTrade()];
            for (uint256 i = 0; i < 2; i++) {
                bytes32 id = bring(trades[i], status);
                Purse memory was = purseOf(trades[i]);
                vm.expectEmit(address(escrow));
                emit IEscrow.Cancelled(id);
                vm.prank(bob);
                escrow.cancel(trades[i]);
                assertPaidOut(trades[i], was, 0, 0);
            }
        }
    }

    /// Invariant 7.
    function test_BySig_GivesTheSellerEverything() external {
        bytes32 id = fund(usdcTrade());
        Purse memory was = purseOf(usdcTrade());
        bytes memory signature = signPlain(bobKey, "Cancel", id, FOREVER);
        vm.prank(carol);
        escrow.cancelBySig(usdcTrade(), FOREVER, signature);
        assertPaidOut(usdcTrade(), was, 0, 0);
    }
}
