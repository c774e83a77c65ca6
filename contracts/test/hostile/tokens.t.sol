// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import "../mocks/WeirdTokens.sol";
import {NATIVE, Trade} from "../Words.sol";

/// @dev The same story with every kind of token (C09-C15): what the escrow does when it is weird from the start, and when it becomes
/// so in the middle of a trade.
contract WeirdTokensTest is Base {
    enum Gets {
        All,
        AllButItsRounding,
        LessTheTokensCut,
        Credit
    }

    /// @dev What is to be expected; an empty `refusal` means that it can be funded while it is weird.
    struct Row {
        string name;
        PlainToken token;
        bytes refusal;
        Gets buyer;
        Gets seller;
    }

    uint256 private constant BY_MISTAKE = 77;

    Row[] private table;
    bytes private lastCode;

    function setUp() public override {
        super.setUp();
        bytes memory failed = _transferFailed();
        _add("a plain one", new PlainToken(), "", Gets.All, Gets.All);
        bytes memory cut =
            abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, USDC_AMOUNT - USDC_AMOUNT / 100, USDC_AMOUNT);
        _add("takes a fee", new FeeToken(), cut, Gets.LessTheTokensCut, Gets.LessTheTokensCut);
        _add("grows", new RebasingToken(200), _short(1), Gets.AllButItsRounding, Gets.AllButItsRounding);
        _add("shrinks", new RebasingToken(50), "", Gets.Credit, Gets.Credit);
        _add("answers false", new FalseToken(), failed, Gets.Credit, Gets.Credit);
        _add("answers nothing", new AnsweringToken(0), "", Gets.All, Gets.All);
        _add("answers two words", new AnsweringToken(64), "", Gets.All, Gets.All);
        _add("answers 31 bytes", new AnsweringToken(31), failed, Gets.Credit, Gets.Credit);
        _add("pauses", new PausingToken(), failed, Gets.Credit, Gets.Credit);
        _add("blocks the buyer", new BlockingToken(bob), "", Gets.Credit, Gets.All);
        _add("blocks the seller", new BlockingToken(alice), failed, Gets.All, Gets.Credit);
        _add("blocks the escrow", new BlockingToken(address(escrow)), failed, Gets.Credit, Gets.Credit);
        _add("blocks the arbitrator", new BlockingToken(dana), "", Gets.All, Gets.All);
        _add("blocks the fee recipient", new BlockingToken(treasury), "", Gets.All, Gets.All);
        _add("changes its decimals", new DecimalsToken(), "", Gets.All, Gets.All);
        _add("guards its allowances", new CautiousToken(), "", Gets.All, Gets.All);
        _add("is upgraded and keeps all", new UpgradedToken(address(new Confiscator())), "", Gets.Credit, Gets.Credit);
        _add("is upgraded and stays", new UpgradedToken(address(new PlainToken())), "", Gets.All, Gets.All);
        _add("loses its code", new PlainToken(), "no code", Gets.Credit, Gets.Credit);
    }

    /// C11, C13, C14: weird when it is to be funded.
    function test_WeirdFromTheStart_IsFundedOrRefusedAsTheTableSays() external {
        for (uint256 i = 0; i < table.length; i++) {
            uint256 snapshot = vm.snapshotState();
            Row memory row = table[i];
            _prepare(row, USDC_AMOUNT * 4);
            Trade memory trade = _tradeOf(row);
            bytes memory refusal = _refusalOf(row);
            _turn(row, true);
            if (refusal.length != 0) {
                vm.expectRevert(refusal);
                vm.prank(alice);
                escrow.fund(trade);
                assertClosed(structHashOf(trade));
            } else {
                uint256 had = row.token.balanceOf(address(escrow));
                fund(trade);
                assertEq(row.token.balanceOf(address(escrow)), had + USDC_AMOUNT, row.name);
            }
            vm.revertToState(snapshot);
        }
    }

    /// C09, C10, C12, C13, invariants 1, 2, 9: weird when everything is to go to the buyer.
    function test_WeirdInTheMiddle_IsReleasedAsTheTableSays() external {
        for (uint256 i = 0; i < table.length; i++) {
            uint256 snapshot = vm.snapshotState();
            Trade memory trade = _lock(table[i]);
            uint256 toBuyer = trade.amount - feeOf(trade, trade.amount);
            _turn(table[i], true);
            vm.prank(alice);
            escrow.release(trade);
            _assertGot(table[i], bob, 0, toBuyer, table[i].buyer);
            assertEq(escrow.feesOf(trade.token), feeOf(trade, trade.amount));
            _assertEndsWell(table[i], trade);
            vm.revertToState(snapshot);
        }
    }

    /// C09, C10, C12, C13, invariants 1, 2, 9: weird when everything is to go back to the seller.
    function test_WeirdInTheMiddle_IsCancelledAsTheTableSays() external {
        for (uint256 i = 0; i < table.length; i++) {
            uint256 snapshot = vm.snapshotState();
            Trade memory trade = _lock(table[i]);
            _turn(table[i], true);
            uint256 had = _balanceOf(table[i], alice);
            vm.prank(bob);
            escrow.cancel(trade);
            _assertGot(table[i], alice, had, trade.amount, table[i].seller);
            assertEq(escrow.feesOf(trade.token), 0);
            _assertEndsWell(table[i], trade);
            vm.revertToState(snapshot);
        }
    }

    /// C09, C10, C13, invariants 2, 9: weird when both are to get something; the one does not wait for the other.
    function test_WeirdInTheMiddle_IsRuledAsTheTableSays() external {
        for (uint256 i = 0; i < table.length; i++) {
            uint256 snapshot = vm.snapshotState();
            Trade memory trade = _lock(table[i]);
            vm.startPrank(bob);
            escrow.markPaid(trade);
            escrow.dispute(trade, EVIDENCE);
            vm.stopPrank();
            _turn(table[i], true);
            uint256 had = _balanceOf(table[i], alice);
            uint128 toBuyer = USDC_AMOUNT * 3 / 4; // more than a shrunken token has left
            vm.prank(dana);
            escrow.rule(trade, toBuyer, EVIDENCE);
            _assertGot(table[i], bob, 0, toBuyer, table[i].buyer);
            // What is left of one that shrinks suffices for the smaller part.
            Gets seller = _is(table[i], "shrinks") ? Gets.All : table[i].seller;
            _assertGot(table[i], alice, had, trade.amount - toBuyer, seller);
            _assertEndsWell(table[i], trade);
            vm.revertToState(snapshot);
        }
    }

    /// C09: the fees wait until their recipient can be paid.
    function test_GivenAFeeRecipientThatIsBlocked_TheFeesWait() external {
        Row memory row = table[13];
        assertEq(row.name, "blocks the fee recipient");
        Trade memory trade = _lock(row);
        vm.prank(alice);
        escrow.release(trade);
        uint256 fee = feeOf(trade, trade.amount);
        _turn(row, true);
        bytes4 failed = IEscrow.TransferFailed.selector;
        bytes memory error = abi.encodeWithSelector(failed, trade.token, address(escrow), treasury, fee);
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.withdrawFees, (trade.token)), error);
        _turn(row, false);
        escrow.withdrawFees(trade.token);
        assertEq(row.token.balanceOf(treasury), fee);
    }

    /// C14: each funding uses its allowance up, so the next one starts from zero.
    function test_GivenATokenThatGuardsItsAllowances_OneCanFundTwice() external {
        CautiousToken token = new CautiousToken();
        token.mint(alice, USDC_AMOUNT * 2);
        token.setWeird(true);
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        for (uint256 i = 0; i < 2; i++) {
            trade.terms = bytes32(i);
            vm.prank(alice);
            token.approve(address(escrow), USDC_AMOUNT);
            fund(trade);
            assertEq(token.allowance(alice, address(escrow)), 0);
        }
        vm.prank(alice);
        token.approve(address(escrow), 1);
        vm.expectRevert("reset it first");
        vm.prank(alice);
        token.approve(address(escrow), 2);
    }

    /// S13: the permit "succeeds", and there is no allowance all the same.
    function test_RevertGiven_APhantomPermit_WithoutAnAllowance() external {
        PhantomToken token = new PhantomToken();
        token.mint(alice, USDC_AMOUNT);
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        bytes memory call = abi.encodeCall(escrow.fundWithPermit, (trade, FOREVER, 27, EVIDENCE, EVIDENCE));
        bytes4 failed = IEscrow.TransferFailed.selector;
        bytes memory error = abi.encodeWithSelector(failed, trade.token, alice, address(escrow), USDC_AMOUNT);
        assertRefused(trade, alice, 0, call, error);
        vm.startPrank(alice);
        token.approve(address(escrow), USDC_AMOUNT);
        escrow.fundWithPermit(trade, FOREVER, 27, EVIDENCE, EVIDENCE);
        vm.stopPrank();
        assertEq(token.balanceOf(address(escrow)), USDC_AMOUNT);
    }

    /// C33: the fee is the floor, so small trades may save a part of a unit each, and never more.
    function testFuzz_SplittingSavesLessThanAUnitEach(uint128 whole, uint8 parts, uint16 feeBps) external {
        parts = uint8(bound(parts, 1, 20));
        whole = uint128(bound(whole, parts, 20_000));
        Trade memory trade = ethTrade();
        trade.feeBps = uint16(bound(feeBps, 0, 200));
        uint256 fees;
        for (uint256 i = 0; i < parts; i++) {
            trade.amount = whole / parts + (i == 0 ? whole % parts : 0);
            trade.terms = bytes32(i);
            fund(trade);
            uint256 had = bob.balance;
            vm.prank(alice);
            escrow.release(trade);
            fees += uint256(trade.amount) * trade.feeBps / 10_000;
            assertEq(bob.balance - had, trade.amount - uint256(trade.amount) * trade.feeBps / 10_000);
        }
        assertEq(escrow.feesOf(NATIVE), fees);
        uint256 atOnce = uint256(whole) * trade.feeBps / 10_000;
        assertLe(fees, atOnce);
        assertLt(atOnce - fees, parts);
    }

    // ---------------------------------------------------------------- the story

    /// @dev Alice locks it, beside trades of other assets and what somebody sent by mistake (C15).
    function _lock(Row memory row) private returns (Trade memory trade) {
        _prepare(row, USDC_AMOUNT);
        trade = _tradeOf(row);
        if (_is(row, "guards its allowances")) _turn(row, true);
        fund(trade);
        fund(ethTrade());
        fund(usdcTrade());
    }

    function _prepare(Row memory row, uint256 minted) private {
        row.token.mint(alice, minted);
        vm.prank(alice);
        row.token.approve(address(escrow), type(uint256).max);
        vm.deal(address(escrow), BY_MISTAKE);
        usdc.mint(address(escrow), BY_MISTAKE);
    }

    function _assertGot(Row memory row, address account, uint256 had, uint256 amount, Gets gets) private view {
        uint256 paid = _balanceOf(row, account) - had;
        uint256 credited = escrow.creditOf(address(row.token), account);
        if (gets == Gets.All) assertEq(paid, amount, row.name);
        if (gets == Gets.AllButItsRounding) assertApproxEqAbs(paid, amount, 1, row.name);
        if (gets == Gets.LessTheTokensCut) assertEq(paid, amount - amount / 100, row.name);
        assertEq(credited, gets == Gets.Credit ? amount : 0, row.name);
        if (gets == Gets.Credit) assertEq(paid, 0, row.name);
    }

    /// @dev When it is itself again, everybody has what he is owed, and the others never noticed.
    function _assertEndsWell(Row memory row, Trade memory trade) private {
        assertClosed(structHashOf(trade));
        _turn(row, false);
        address[2] memory both = [alice, bob];
        for (uint256 i = 0; i < 2; i++) {
            uint256 owed = escrow.creditOf(trade.token, both[i]);
            if (owed == 0) continue;
            _makeUpForWhatShrank(row, both[i], owed);
            uint256 had = row.token.balanceOf(both[i]);
            vm.prank(both[i]);
            escrow.withdraw(trade.token, both[i]);
            assertEq(row.token.balanceOf(both[i]) - had, owed, row.name);
        }
        uint256 left = row.token.balanceOf(address(escrow));
        // One that grew, and paid while it was large, leaves what it grew by.
        if (_is(row, "grows")) assertGe(left, escrow.feesOf(trade.token), row.name);
        // One that paid a part while it was small was made up for.
        else if (!_is(row, "shrinks")) assertEq(left, escrow.feesOf(trade.token), row.name);

        vm.startPrank(alice);
        escrow.release(ethTrade());
        escrow.release(usdcTrade());
        vm.stopPrank();
        assertEq(bob.balance, ETH_AMOUNT - feeOf(ethTrade(), ETH_AMOUNT), row.name);
        assertEq(usdc.balanceOf(bob), USDC_AMOUNT - feeOf(usdcTrade(), USDC_AMOUNT), row.name);
        assertEq(address(escrow).balance, escrow.feesOf(NATIVE) + BY_MISTAKE, row.name);
        assertEq(usdc.balanceOf(address(escrow)), escrow.feesOf(address(usdc)) + BY_MISTAKE, row.name);
    }

    /// @dev C12: what a token paid while it was small is missing in it, and in it alone, until somebody makes up for it.
    function _makeUpForWhatShrank(Row memory row, address account, uint256 owed) private {
        uint256 left = row.token.balanceOf(address(escrow));
        if (left >= owed) return;
        assertTrue(_is(row, "shrinks"), row.name);
        bytes4 failed = IEscrow.TransferFailed.selector;
        vm.expectRevert(abi.encodeWithSelector(failed, address(row.token), address(escrow), account, owed));
        vm.prank(account);
        escrow.withdraw(address(row.token), account);
        row.token.mint(address(escrow), owed - left);
    }

    // ---------------------------------------------------------------- the table

    function _add(string memory name, PlainToken token, bytes memory refusal, Gets buyer, Gets seller) private {
        table.push(Row(name, token, refusal, buyer, seller));
    }

    function _is(Row memory row, string memory name) private pure returns (bool) {
        return keccak256(bytes(row.name)) == keccak256(bytes(name));
    }

    function _turn(Row memory row, bool weird) private {
        if (!_is(row, "loses its code")) return row.token.setWeird(weird);
        if (weird) (lastCode = address(row.token).code);
        vm.etch(address(row.token), weird ? bytes("") : lastCode);
    }

    function _balanceOf(Row memory row, address account) private view returns (uint256) {
        return address(row.token).code.length == 0 ? 0 : row.token.balanceOf(account);
    }

    function _tradeOf(Row memory row) private view returns (Trade memory trade) {
        trade = usdcTrade();
        trade.token = address(row.token);
    }

    /// @dev The refusals of the table name no token; here it is put in.
    function _refusalOf(Row memory row) private view returns (bytes memory refusal) {
        refusal = row.refusal;
        if (_is(row, "loses its code")) {
            return abi.encodeWithSelector(IEscrow.NotAToken.selector, address(row.token));
        }
        if (refusal.length != 0 && bytes4(refusal) == IEscrow.TransferFailed.selector) {
            bytes4 selector = IEscrow.TransferFailed.selector;
            return abi.encodeWithSelector(selector, address(row.token), alice, address(escrow), USDC_AMOUNT);
        }
    }

    function _transferFailed() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.TransferFailed.selector);
    }

    /// @dev The amount is odd, and half of it twice is one less.
    function _short(uint256 by) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, USDC_AMOUNT - by, USDC_AMOUNT);
    }
}
