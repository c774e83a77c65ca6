// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {BrokenWallet, BurningWallet, OddWallet, OwnedWallet, WritingWallet} from "../mocks/Wallets.sol";
import {DISPUTED, NATIVE, PAID, Trade} from "../Words.sol";

contract WalletsTest is Base {
    bytes4 private constant MAGIC = 0x1626ba7e;

    /// S08, S11, C36: no code means no; nor do the precompiled contracts say anything.
    function test_GivenAnAccountWithoutCode_OnlyItsKeySigns() external {
        for (uint160 i = 0; i <= 11; i++) {
            Trade memory trade = ethTrade();
            trade.buyer = i == 0 ? carol : address(i);
            fund(trade);
            bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, trade.buyer);
            _refuses(trade, new bytes(0), error);
            _refuses(trade, new bytes(65), error);
            _refuses(trade, abi.encode(MAGIC, MAGIC, MAGIC), error);
        }
    }

    /// S11: a wallet that is yet to be made is not made here.
    function test_GivenAWalletYetToBeMade_IsNotMade() external {
        WalletFactory factory = new WalletFactory();
        Trade memory trade = ethTrade();
        trade.buyer = factory.addressFor(bob);
        bytes32 id = fund(trade);
        bytes memory inner = signPlain(bobKey, "MarkPaid", id, FOREVER);
        bytes memory make = abi.encodeCall(factory.make, (bob));
        bytes32 suffix = 0x6492649264926492649264926492649264926492649264926492649264926492;
        bytes memory wrapped = bytes.concat(abi.encode(address(factory), make, inner), suffix);
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, trade.buyer);
        _refuses(trade, wrapped, error);
        _refuses(trade, inner, error);
        assertEq(trade.buyer.code.length, 0);

        factory.make(bob);
        escrow.markPaidBySig(trade, FOREVER, inner);
        assertEq(statusOf(id), PAID);
    }

    /// S09: whoever says yes to everything gives away his own moves, and no others.
    function test_GivenAWalletThatSaysYes_TheMovesOfTheOthersStayTheirs() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new OddWallet(abi.encode(MAGIC)));
        bytes32 id = fund(trade);
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, alice);
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.releaseBySig, (trade, FOREVER, "")), error);
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.reclaimBySig, (trade, FOREVER, "")), error);
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.settle, (trade, 7, FOREVER, "", "")), error);
        assertRefused(
            trade, carol, 0, abi.encodeCall(escrow.grantTimeBySig, (trade, START + 1 days, FOREVER, "")), error
        );
        escrow.markPaidBySig(trade, FOREVER, "");
        assertRefused(
            trade, carol, 0, abi.encodeCall(escrow.disputeBySig, (trade, EVIDENCE, alice, FOREVER, "")), error
        );
        escrow.disputeBySig(trade, EVIDENCE, trade.buyer, FOREVER, "");
        error = abi.encodeWithSelector(IEscrow.BadSignature.selector, dana);
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.ruleBySig, (trade, 7, EVIDENCE, FOREVER, "")), error);
        assertEq(statusOf(id), DISPUTED);
    }

    /// S09: the answer is taken once, at the moment of the move.
    function test_GivenAWalletThatChangesItsAnswer_TheAnswerOfTheMomentCounts() external {
        FickleWallet wallet = new FickleWallet();
        Trade memory trade = ethTrade();
        trade.buyer = address(wallet);
        bytes32 id = fund(trade);
        _refuses(trade, "", abi.encodeWithSelector(IEscrow.BadSignature.selector, trade.buyer));
        wallet.say(MAGIC);
        escrow.markPaidBySig(trade, FOREVER, "");
        wallet.say(0);
        assertEq(statusOf(id), PAID);
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, trade.buyer);
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.cancelBySig, (trade, FOREVER, "")), error);
    }

    /// Invariant 9, S09: of every move that a wallet can be asked for.
    function test_GivenAHostileWallet_EveryMoveIsRefusedWithinItsGas() external {
        address[6] memory wallets = [
            address(new BrokenWallet()),
            address(new OddWallet(abi.encodePacked(MAGIC, new bytes(27)))),
            address(new BurningWallet()),
            address(new FickleWallet()),
            address(new WritingWallet()),
            address(new OddWallet(""))
        ];
        for (uint256 i = 0; i < wallets.length; i++) {
            _everyMoveIsRefused(wallets[i]);
        }
    }

    /// S10: the Trade names the wallet, so the two trades are two.
    function test_GivenTwoWalletsOfOneOwner_WhatHeSignedForOneIsNothingToTheOther() external {
        (address first, address second) = (address(new OwnedWallet(bob)), address(new OwnedWallet(bob)));
        (Trade memory one, Trade memory two) = (ethTrade(), ethTrade());
        (one.buyer, two.buyer) = (first, second);
        bytes32 id = fund(one);
        vm.warp(START);
        fund(two); // in the same second: nothing but the wallet differs
        bytes memory signature = signPlain(bobKey, "MarkPaid", id, FOREVER);
        _refuses(two, signature, abi.encodeWithSelector(IEscrow.BadSignature.selector, second));
        escrow.markPaidBySig(one, FOREVER, signature);
        assertEq(statusOf(id), PAID);
    }

    /// S10: a Settle names both wallets and no signer, so one owner of both signs once for both. Whoever owns both parties of a
    /// trade trades with himself.
    function test_GivenTwoWalletsOfOneOwner_AsBothParties_OneSignatureSettles() external {
        Trade memory trade = ethTrade();
        (trade.seller, trade.buyer) = (address(new OwnedWallet(bob)), address(new OwnedWallet(bob)));
        vm.deal(trade.seller, ETH_AMOUNT);
        bytes32 id = fund(trade);
        Purse memory was = purseOf(trade);
        bytes memory signature = signSettle(bobKey, id, 7, FOREVER);
        escrow.settle(trade, 7, FOREVER, signature, signature);
        assertPaidOut(trade, was, 7, 0);
    }

    /// S10: what is owed to the one is not paid on what was signed for the other.
    function test_GivenTwoWalletsOfOneOwner_EachWithdrawsItsOwn() external {
        (address first, address second) = (_creditedWallet("first"), _creditedWallet("second"));
        uint256 net = ETH_AMOUNT - feeOf(ethTrade(), ETH_AMOUNT);
        assertEq(escrow.creditOf(NATIVE, first), net);
        assertEq(escrow.creditOf(NATIVE, second), net);
        bytes memory signature = signWithdraw(bobKey, first, NATIVE, net, carol, FOREVER);
        bytes memory call = abi.encodeCall(escrow.withdrawBySig, (second, NATIVE, net, carol, FOREVER, signature));
        assertRefused(ethTrade(), carol, 0, call, abi.encodeWithSelector(IEscrow.BadSignature.selector, second));
        escrow.withdrawBySig(first, NATIVE, net, carol, FOREVER, signature);
        assertEq(carol.balance, net);
        assertEq(escrow.creditOf(NATIVE, second), net);
    }

    function _creditedWallet(string memory terms) private returns (address wallet) {
        wallet = address(new UnpayableWallet(bob));
        Trade memory trade = ethTrade();
        (trade.buyer, trade.terms) = (wallet, keccak256(bytes(terms)));
        fund(trade);
        vm.prank(alice);
        escrow.release(trade);
    }

    function _everyMoveIsRefused(address wallet) private {
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, wallet);
        Trade memory trade = ethTrade();
        trade.buyer = wallet;
        bytes32 id = fund(trade);
        _refusesCheaply(trade, abi.encodeCall(escrow.markPaidBySig, (trade, FOREVER, "x")), error);
        _refusesCheaply(trade, abi.encodeCall(escrow.cancelBySig, (trade, FOREVER, "x")), error);
        bytes memory bySeller = signSettle(aliceKey, id, 7, FOREVER);
        _refusesCheaply(trade, abi.encodeCall(escrow.settle, (trade, 7, FOREVER, bySeller, "x")), error);
        _refusesCheaply(trade, abi.encodeCall(escrow.disputeBySig, (trade, EVIDENCE, wallet, FOREVER, "x")), error);
        bytes memory withdrawal = abi.encodeCall(escrow.withdrawBySig, (wallet, NATIVE, 0, carol, FOREVER, "x"));
        _refusesCheaply(trade, withdrawal, error);

        (trade.seller, trade.buyer, trade.arbitrator) = (wallet, bob, dana);
        vm.deal(wallet, 10 ether);
        fund(trade);
        _refusesCheaply(trade, abi.encodeCall(escrow.releaseBySig, (trade, FOREVER, "x")), error);
        _refusesCheaply(trade, abi.encodeCall(escrow.reclaimBySig, (trade, FOREVER, "x")), error);
        _refusesCheaply(trade, abi.encodeCall(escrow.grantTimeBySig, (trade, START + 1 days, FOREVER, "x")), error);

        (trade.seller, trade.arbitrator) = (alice, wallet);
        fund(trade);
        _refusesCheaply(trade, abi.encodeCall(escrow.ruleBySig, (trade, 7, EVIDENCE, FOREVER, "x")), error);
    }

    function _refusesCheaply(Trade memory trade, bytes memory call, bytes memory error) private {
        assertRefused(trade, carol, 0, call, error);
        uint256 gas = gasleft();
        (bool ok,) = address(escrow).call(call);
        assertLt(gas - gasleft(), 450_000);
        assertFalse(ok);
    }

    function _refuses(Trade memory trade, bytes memory signature, bytes memory error) private {
        assertRefused(trade, carol, 0, abi.encodeCall(escrow.markPaidBySig, (trade, FOREVER, signature)), error);
    }
}

/// @dev Says what it was last told to say.
contract FickleWallet {
    bytes4 private _answer;

    function say(bytes4 answer) external {
        _answer = answer;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        return _answer;
    }
}

/// @dev Signs by its owner's key, and takes no money.
contract UnpayableWallet {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s) == _owner ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @dev Makes wallets at addresses known before (ERC-6492).
contract WalletFactory {
    function make(address owner) external returns (address) {
        return address(new OwnedWallet{salt: 0}(owner));
    }

    function addressFor(address owner) external view returns (address) {
        bytes32 code = keccak256(bytes.concat(type(OwnedWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), bytes32(0), code)))));
    }
}
