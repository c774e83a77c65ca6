// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {NATIVE, Trade} from "../Words.sol";

contract WithdrawFeesTest is Base {
    function test_RevertWhen_NoFeeWaits() external {
        fund(ethTrade());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoFees.selector, NATIVE));
        escrow.withdrawFees(NATIVE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoFees.selector, address(usdc)));
        escrow.withdrawFees(address(usdc));
    }

    /// C08: nobody else waits for him.
    function test_RevertWhen_TheFeeRecipientRefuses() external {
        Refuser refuser = new Refuser();
        escrow = deployEscrow(address(refuser));
        fund(ethTrade());
        vm.prank(alice);
        escrow.release(ethTrade());
        uint256 fee = feeOf(ethTrade(), ETH_AMOUNT);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.TransferFailed.selector, NATIVE, address(escrow), address(refuser), fee)
        );
        escrow.withdrawFees(NATIVE);
        assertEq(escrow.feesOf(NATIVE), fee);
        refuser.relent();
        escrow.withdrawFees(NATIVE);
        assertEq(address(refuser).balance, fee);
    }

    /// Invariants 1, 12.
    function test_WhenFeesWait_PaysAllOfThem() external {
        Trade[2] memory trades = [ethTrade(), usdcTrade()];
        for (uint256 i = 0; i < 2; i++) {
            Trade memory trade = trades[i];
            uint256 fee = feeOf(trade, trade.amount);
            for (uint256 round = 0; round < 2; round++) {
                fund(trade);
                vm.prank(alice);
                escrow.release(trade);
            }
            assertEq(escrow.feesOf(trade.token), 2 * fee);
            vm.expectEmit(address(escrow));
            emit IEscrow.FeesWithdrawn(trade.token, 2 * fee);
            vm.prank(carol);
            escrow.withdrawFees(trade.token);
            assertEq(balanceOf(trade.token, treasury), 2 * fee);
            assertEq(balanceOf(trade.token, address(escrow)), 0);
            assertEq(escrow.feesOf(trade.token), 0);
        }
    }
}
