// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestDAI} from "../../src/devnet/TestDAI.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {FUNDED, NATIVE, Trade} from "../Words.sol";

contract FundWithPermitTest is Base {
    uint8 private v;
    bytes32 private r;
    bytes32 private s;

    function setUp() public override {
        super.setUp();
        vm.prank(alice);
        usdc.approve(address(escrow), 0);
        (v, r, s) = _permit(START + 900);
    }

    /// Else a stranger could spend a permit on a trade of his own making.
    function test_RevertWhen_TheCallerIsNotTheSeller() external {
        Trade memory trade = usdcTrade();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSeller.selector, carol));
        vm.prank(carol);
        escrow.fundWithPermit(trade, START + 900, v, r, s);

        (trade.seller, trade.buyer) = (carol, alice);
        vm.expectRevert(_transferFailed(trade));
        vm.prank(carol);
        escrow.fundWithPermit(trade, START + 900, v, r, s);
    }

    function test_RevertWhen_TheTokenHasNoCode() external {
        Trade memory trade = usdcTrade();
        address[2] memory wrong = [NATIVE, carol];
        for (uint256 i = 0; i < 2; i++) {
            trade.token = wrong[i];
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotAToken.selector, wrong[i]));
            vm.prank(alice);
            escrow.fundWithPermit(trade, START + 900, v, r, s);
        }
    }

    function test_RevertWhen_ThePermitIsWrong() external {
        vm.expectRevert(_transferFailed(usdcTrade()));
        vm.prank(alice);
        escrow.fundWithPermit(usdcTrade(), START + 901, v, r, s);
    }

    function test_RevertWhen_ThePermitIsPastItsDeadline() external {
        vm.warp(START + 901);
        vm.expectRevert(_transferFailed(usdcTrade()));
        vm.prank(alice);
        escrow.fundWithPermit(usdcTrade(), START + 900, v, r, s);
    }

    function test_RevertWhen_TheTermsAreOutOfRange() external {
        Trade memory trade = usdcTrade();
        trade.amount = 0;
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        vm.prank(alice);
        escrow.fundWithPermit(trade, START + 900, v, r, s);
    }

    function test_WhenSomebodyUsedThePermitBefore_LocksTheTokens() external {
        vm.prank(carol);
        usdc.permit(alice, address(escrow), USDC_AMOUNT, START + 900, v, r, s);
        _locks();
    }

    function test_WhenTheTokenHasNoPermits_UsesTheAllowance() external {
        TestDAI dai = new TestDAI();
        dai.mint(alice, USDC_AMOUNT);
        Trade memory trade = usdcTrade();
        trade.token = address(dai);
        vm.startPrank(alice);
        dai.approve(address(escrow), USDC_AMOUNT);
        escrow.fundWithPermit(trade, 0, 0, 0, 0);
        vm.stopPrank();
        assertEq(dai.balanceOf(address(escrow)), USDC_AMOUNT);
    }

    /// Invariants 1, 12.
    function test_WhenThePermitFits_LocksTheTokensAndTellsAllTerms() external {
        _locks();
    }

    function _locks() private {
        Trade memory trade = usdcTrade();
        bytes32 id = escrow.idOf(trade);
        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(id, alice, bob, trade);
        vm.prank(alice);
        escrow.fundWithPermit(trade, START + 900, v, r, s);
        assertEq(statusOf(id), FUNDED);
        assertEq(usdc.balanceOf(address(escrow)), USDC_AMOUNT);
        assertEq(usdc.allowance(alice, address(escrow)), 0);
    }

    function _permit(uint256 deadline) private view returns (uint8, bytes32, bytes32) {
        bytes32 hashed = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                alice,
                address(escrow),
                USDC_AMOUNT,
                usdc.nonces(alice),
                deadline
            )
        );
        return vm.sign(aliceKey, keccak256(abi.encodePacked("\x19\x01", usdc.DOMAIN_SEPARATOR(), hashed)));
    }

    function _transferFailed(Trade memory trade) private view returns (bytes memory) {
        bytes4 selector = IEscrow.TransferFailed.selector;
        return abi.encodeWithSelector(selector, trade.token, trade.seller, address(escrow), trade.amount);
    }
}
