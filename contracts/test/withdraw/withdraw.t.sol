// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {OddToken} from "../mocks/Tokens.sol";
import {NATIVE, Trade} from "../Words.sol";

contract WithdrawTest is Base {
    OddToken private token;
    uint256 private owed;

    /// @dev Bob is owed tokens, because he was blocked when the trade was released.
    function setUp() public override {
        super.setUp();
        token = newOddToken();
        owed = _credit("first");
    }

    function test_RevertWhen_TheRecipientIsZeroOrTheEscrow() external {
        address[2] memory wrong = [address(0), address(escrow)];
        for (uint256 i = 0; i < 2; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, wrong[i]));
            vm.prank(bob);
            escrow.withdraw(address(token), wrong[i]);
            bytes memory signature = signWithdraw(bobKey, bob, address(token), owed, wrong[i], FOREVER);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BadRecipient.selector, wrong[i]));
            escrow.withdrawBySig(bob, address(token), owed, wrong[i], FOREVER, signature);
        }
    }

    function test_RevertWhen_NothingIsOwed() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoCredit.selector, address(token), carol));
        vm.prank(carol);
        escrow.withdraw(address(token), carol);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoCredit.selector, NATIVE, bob));
        vm.prank(bob);
        escrow.withdraw(NATIVE, bob);
        bytes memory signature = signWithdraw(aliceKey, alice, NATIVE, 0, alice, FOREVER);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoCredit.selector, NATIVE, alice));
        escrow.withdrawBySig(alice, NATIVE, 0, alice, FOREVER, signature);
    }

    /// Invariant 6: good for exactly the current credit, so an old one takes nothing that came later.
    function test_RevertWhen_TheSignedAmountIsNotTheCredit() external {
        bytes memory signature = signWithdraw(bobKey, bob, address(token), owed, carol, FOREVER);
        uint256 more = _credit("second");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongCredit.selector, owed, owed + more));
        escrow.withdrawBySig(bob, address(token), owed, carol, FOREVER, signature);
    }

    /// Invariants 1, 9.
    function test_RevertWhen_TheRecipientOrTheTokenRefuses() external {
        token.setBlocked(bob, true);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.TransferFailed.selector, address(token), address(escrow), bob, owed)
        );
        vm.prank(bob);
        escrow.withdraw(address(token), bob);
        token.setOddity(OddToken.Oddity.AnswersFalse);
        vm.expectPartialRevert(IEscrow.TransferFailed.selector);
        vm.prank(bob);
        escrow.withdraw(address(token), carol);
        assertEq(escrow.creditOf(address(token), bob), owed);
    }

    /// Invariants 1, 2, 12 (C09).
    function test_WhenSomethingIsOwed_PaysItOnceToAnyAddress() external {
        token.setBlocked(bob, true);
        vm.expectEmit(address(escrow));
        emit IEscrow.Withdrawn(address(token), bob, carol, owed);
        vm.prank(bob);
        escrow.withdraw(address(token), carol);
        _assertPaid();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoCredit.selector, address(token), bob));
        vm.prank(bob);
        escrow.withdraw(address(token), carol);
    }

    /// Invariants 1, 6, 7.
    function test_BySig_PaysItOnce() external {
        bytes memory signature = signWithdraw(bobKey, bob, address(token), owed, carol, FOREVER);
        vm.prank(dana);
        escrow.withdrawBySig(bob, address(token), owed, carol, FOREVER, signature);
        _assertPaid();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongCredit.selector, owed, 0));
        escrow.withdrawBySig(bob, address(token), owed, carol, FOREVER, signature);
    }

    /// Invariant 6.
    function test_RevertWhen_AnyFieldDiffersFromWhatWasSigned() external {
        bytes memory signature = signWithdraw(bobKey, bob, address(token), owed, carol, START + 900);
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, bob);
        vm.expectRevert(error);
        escrow.withdrawBySig(bob, NATIVE, owed, carol, START + 900, signature);
        vm.expectRevert(error);
        escrow.withdrawBySig(bob, address(token), owed - 1, carol, START + 900, signature);
        vm.expectRevert(error);
        escrow.withdrawBySig(bob, address(token), owed, dana, START + 900, signature);
        vm.expectRevert(error);
        escrow.withdrawBySig(bob, address(token), owed, carol, START + 901, signature);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, alice));
        escrow.withdrawBySig(alice, address(token), owed, carol, START + 900, signature);
    }

    /// Invariant 6 (S07).
    function test_RevertWhen_TheAccountIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, address(0)));
        escrow.withdrawBySig(address(0), NATIVE, 0, carol, FOREVER, new bytes(65));
    }

    /// Invariant 10.
    function test_RevertWhen_TheDeadlineHasPassed() external {
        uint256 deadline = block.timestamp + 900;
        bytes memory signature = signWithdraw(bobKey, bob, address(token), owed, carol, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.Expired.selector, deadline + 1, deadline));
        escrow.withdrawBySig(bob, address(token), owed, carol, deadline, signature);
        vm.warp(deadline);
        escrow.withdrawBySig(bob, address(token), owed, carol, deadline, signature);
        _assertPaid();
    }

    function _credit(string memory terms) private returns (uint256) {
        Trade memory trade = usdcTrade();
        (trade.token, trade.terms) = (address(token), keccak256(bytes(terms)));
        fund(trade);
        token.setBlocked(bob, true);
        vm.prank(alice);
        escrow.release(trade);
        token.setBlocked(bob, false);
        return trade.amount - feeOf(trade, trade.amount);
    }

    function _assertPaid() private view {
        assertEq(token.balanceOf(carol), owed);
        assertEq(escrow.creditOf(address(token), bob), 0);
        assertEq(token.balanceOf(address(escrow)), escrow.feesOf(address(token)));
    }
}
