// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {BrokenWallet, BurningWallet, OwnedWallet, WritingWallet} from "../mocks/Wallets.sol";
import {NATIVE, PAID, Trade} from "../Words.sol";

interface IHardfork {
    function setEvmVersion(string calldata evm) external;
}

/// @dev C36: Bob has a key and, by EIP-7702, code. His account answers by the code, and signs by the key.
contract DelegatedTest is Base {
    uint128 private constant PART = 7;

    function setUp() public override {
        super.setUp();
        IHardfork(address(vm)).setEvmVersion("prague");
    }

    /// Invariants 6, 7 (S08): each kind of code, each move of a buyer.
    function test_ItsKeySignsEveryMove_WhateverItsCodeSays() external {
        address[6] memory codes = [
            address(new BrokenWallet()),
            address(new BurningWallet()),
            address(new WritingWallet()),
            address(new OwnedWallet(carol)),
            address(new Executor()),
            carol // delegated to an account without code
        ];
        for (uint256 i = 0; i < codes.length; i++) {
            uint256 snapshot = vm.snapshotState();
            _delegate(bobKey, codes[i]);
            bytes32 id = fund(ethTrade());
            escrow.markPaidBySig(ethTrade(), FOREVER, signPlain(bobKey, "MarkPaid", id, FOREVER));
            assertEq(statusOf(id), PAID);
            bytes memory disputed = signDispute(bobKey, id, EVIDENCE, FOREVER);
            escrow.disputeBySig(ethTrade(), EVIDENCE, bob, FOREVER, disputed);
            Purse memory was = purseOf(ethTrade());
            bytes memory settled = signSettle(bobKey, id, 0, FOREVER);
            vm.prank(alice);
            escrow.settle(ethTrade(), 0, FOREVER, "", settled);
            assertPaidOut(ethTrade(), was, 0, 0);

            fund(ethTrade());
            escrow.cancelBySig(ethTrade(), FOREVER, signPlain(bobKey, "Cancel", id, FOREVER));
            assertClosed(id);
            vm.revertToState(snapshot);
        }
    }

    /// S08: neither his key nor his code.
    function test_RevertWhen_NeitherItsKeyNorItsCodeSigned() external {
        _delegate(bobKey, address(new BrokenWallet()));
        bytes32 id = fund(ethTrade());
        bytes memory byAlice = signPlain(aliceKey, "MarkPaid", id, FOREVER);
        bytes memory call = abi.encodeCall(escrow.markPaidBySig, (ethTrade(), FOREVER, byAlice));
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, bob);
        assertRefused(ethTrade(), carol, 0, call, error);
    }

    /// His code may let somebody else sign; taking it away ends that.
    function test_ItsCodeMaySignToo_AsLongAsItIsThere() external {
        (, uint256 carolKey) = makeAddrAndKey("Carol");
        _delegate(bobKey, address(new OwnedWallet(carol)));
        bytes32 id = fund(ethTrade());
        escrow.markPaidBySig(ethTrade(), FOREVER, signPlain(carolKey, "MarkPaid", id, FOREVER));
        assertEq(statusOf(id), PAID);

        _delegate(bobKey, address(0));
        assertEq(bob.code.length, 0);
        bytes memory byCarol = signPlain(carolKey, "Cancel", id, FOREVER);
        bytes memory call = abi.encodeCall(escrow.cancelBySig, (ethTrade(), FOREVER, byCarol));
        assertRefused(ethTrade(), carol, 0, call, abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
    }

    /// Approving and funding in one transaction of the account itself.
    function test_ItFundsByItself() external {
        _delegate(aliceKey, address(new Executor()));
        Trade memory trade = usdcTrade();
        vm.startPrank(alice);
        usdc.approve(address(escrow), 0);
        Executor(payable(alice)).approveAndFund(address(escrow), trade);
        vm.stopPrank();
        assertEq(usdc.balanceOf(address(escrow)), USDC_AMOUNT);
        assertEq(payByOf(structHashOf(trade)), START + trade.payWindow);
    }

    /// Permit2 asks the code of an account that has some, and its code only; then the seller funds by himself.
    function test_RevertWhen_APermit2SellersCodeDoesNotSaySo() external {
        placePermit2();
        vm.prank(alice);
        usdc.approve(PERMIT2, USDC_AMOUNT);
        _delegate(aliceKey, address(new OwnedWallet(bob)));
        bytes memory signature = signPermit2(aliceKey, usdcTrade(), 0, FOREVER);
        bytes memory call = abi.encodeCall(escrow.fundWithPermit2, (usdcTrade(), 0, FOREVER, signature));
        assertRefused(usdcTrade(), carol, 0, call, abi.encodeWithSignature("InvalidContractSignature()"));
        fund(usdcTrade());
    }

    /// Invariants 1, 2 (C08).
    function test_WhenItsCodeTakesNoMoney_IsCreditedAndWithdrawsWithItsKey() external {
        fund(ethTrade());
        _delegate(bobKey, address(new BrokenWallet()));
        vm.prank(alice);
        escrow.release(ethTrade());
        uint256 net = ETH_AMOUNT - feeOf(ethTrade(), ETH_AMOUNT);
        assertEq(escrow.creditOf(NATIVE, bob), net);

        bytes memory toHimself = signWithdraw(bobKey, bob, NATIVE, net, bob, FOREVER);
        bytes memory call = abi.encodeCall(escrow.withdrawBySig, (bob, NATIVE, net, bob, FOREVER, toHimself));
        bytes4 failed = IEscrow.TransferFailed.selector;
        assertRefused(ethTrade(), carol, 0, call, abi.encodeWithSelector(failed, NATIVE, address(escrow), bob, net));
        bytes memory toCarol = signWithdraw(bobKey, bob, NATIVE, net, carol, FOREVER);
        escrow.withdrawBySig(bob, NATIVE, net, carol, FOREVER, toCarol);
        assertEq(carol.balance, net);
        assertEq(escrow.creditOf(NATIVE, bob), 0);
    }

    /// Invariants 1, 2: code before the funding, none when he pays, other code when he is paid, none when he withdraws.
    function test_WhenItsCodeComesAndGoes_NothingIsLost() external {
        _delegate(bobKey, address(new OwnedWallet(carol)));
        bytes32 id = fund(ethTrade());
        _delegate(bobKey, address(0));
        escrow.markPaidBySig(ethTrade(), FOREVER, signPlain(bobKey, "MarkPaid", id, FOREVER));
        _delegate(bobKey, address(new BrokenWallet()));
        vm.warp(sinceOf(id) + 7 days + 1);
        escrow.timeout(ethTrade());
        uint256 net = ETH_AMOUNT - feeOf(ethTrade(), ETH_AMOUNT);
        assertEq(escrow.creditOf(NATIVE, bob), net);
        _delegate(bobKey, address(0));
        vm.prank(bob);
        escrow.withdraw(NATIVE, bob);
        assertEq(bob.balance, net);
        assertEq(address(escrow).balance, escrow.feesOf(NATIVE));
    }

    /// The same with code that is simply put there and taken away.
    function test_WhenAContractLosesItsCode_ItsCreditStays() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new BrokenWallet());
        fund(trade);
        vm.prank(alice);
        escrow.release(trade);
        uint256 net = ETH_AMOUNT - feeOf(trade, ETH_AMOUNT);
        vm.etch(trade.buyer, "");
        assertEq(escrow.creditOf(NATIVE, trade.buyer), net);
        vm.prank(trade.buyer);
        escrow.withdraw(NATIVE, trade.buyer);
        assertEq(trade.buyer.balance, net);
    }

    /// C13, C36: it has code, but what it is delegated to has none, so every call succeeds and none does anything.
    function test_RevertWhen_ItStandsAsAToken() external {
        (address empty, uint256 emptyKey) = makeAddrAndKey("empty");
        _delegate(emptyKey, carol);
        assertEq(empty.code.length, 23);
        Trade memory trade = usdcTrade();
        trade.token = empty;
        bytes memory error = abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, 0, USDC_AMOUNT);
        vm.expectRevert(error);
        vm.prank(alice);
        escrow.fund(trade);
        vm.expectRevert(error);
        vm.prank(alice);
        escrow.fundWithPermit(trade, FOREVER, 27, bytes32(uint256(1)), bytes32(uint256(1)));
        assertClosed(structHashOf(trade));
    }

    /// @dev As the owner of the key sends it; delegating to zero takes the code away.
    function _delegate(uint256 key, address code) private {
        vm.signAndAttachDelegation(code, key);
        // The authorization is carried out with the next transaction, whatever that is.
        payable(makeAddr("anybody")).transfer(0);
        assertEq(vm.addr(key).code.length, code == address(0) ? 0 : 23);
    }
}

/// @dev Code of an account that does two things at once.
contract Executor {
    function approveAndFund(address escrow, Trade calldata trade) external {
        (bool ok,) = trade.token.call(abi.encodeWithSignature("approve(address,uint256)", escrow, trade.amount));
        require(ok, "approve");
        IEscrow(escrow).fund(trade);
    }

    receive() external payable {}
}
