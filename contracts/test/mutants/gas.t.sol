// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {OddToken} from "../mocks/Tokens.sol";
import {FUNDED, NATIVE, PAID, Trade} from "../Words.sol";

/// @dev The caps of protocol section 4, to the unit: what a recipient, a token and a wallet get, and what must have been left.
contract GasTest is Base {
    /// @dev Notes the gas that is left after the reading of it (2), and answers true.
    bytes private constant GAUGE = hex"5a5f5560015f5260205ff3";
    uint256 private constant READING = 2;
    /// @dev What the EVM adds to a call that carries coins.
    uint256 private constant STIPEND = 2300;

    OddToken private token;

    function setUp() public override {
        super.setUp();
        token = newOddToken();
    }

    /// C07.
    function test_ARecipientOfTheNativeCoinGets100000() external {
        Trade memory trade = ethTrade();
        fund(trade);
        vm.etch(bob, GAUGE);
        vm.prank(alice);
        escrow.release(trade);
        assertEq(uint256(vm.load(bob, 0)), 100_000 + STIPEND - READING);
        assertEq(bob.balance, trade.amount - feeOf(trade, trade.amount));
    }

    /// C07, C13.
    function test_ATokenGets300000() external {
        Trade memory trade = _tokenTrade();
        fund(trade);
        vm.etch(trade.token, GAUGE);
        vm.prank(alice);
        escrow.release(trade);
        assertEq(uint256(vm.load(trade.token, 0)), 300_000 - READING);
        assertEq(escrow.creditOf(trade.token, bob), 0);
    }

    /// S09.
    function test_AWalletThatIsAskedGets400000() external {
        Trade memory trade = ethTrade();
        bytes32 id = fund(trade);
        _saysYesOnlyTo(399_999);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
        escrow.markPaidBySig(trade, FOREVER, "");
        assertEq(statusOf(id), FUNDED);
        _saysYesOnlyTo(400_000);
        escrow.markPaidBySig(trade, FOREVER, "");
        assertEq(statusOf(id), PAID);
    }

    function _saysYesOnlyTo(uint24 gas) private {
        bytes memory isThat = abi.encodePacked(hex"5a62", uint24(gas - READING), hex"14");
        vm.etch(bob, bytes.concat(isThat, hex"631626ba7e0260e01b5f5260205ff3"));
    }

    /// Invariant 7: with exactly enough left before the payment it is credited, with one less nothing happens.
    function test_WhatMustHaveBeenLeftIs130000ForTheNativeCoinAnd340000ForAToken() external {
        Trade memory refused = ethTrade();
        refused.buyer = address(new Refuser());
        fund(refused);
        _assertNeeds(refused, 130_000, 150_000);

        Trade memory odd = _tokenTrade();
        fund(odd);
        token.setOddity(OddToken.Oddity.Reverts);
        _assertNeeds(odd, 340_000, 360_000);
    }

    /// @dev From what LowGas says was left, with gas enough to get that far, follows what must be sent along.
    function _assertNeeds(Trade memory trade, uint256 needed, uint256 from) private {
        uint256 sent = from;
        for (uint256 round = 0; round < 2; round++) {
            (bool ok, bytes memory answer) = _release(trade, sent);
            assertFalse(ok);
            assertEq(answer.length, 68);
            (bytes4 error, uint256 left, uint256 wants) = _lowGas(answer);
            assertEq(error, IEscrow.LowGas.selector);
            assertEq(wants, needed);
            assertLt(left, needed);
            assertEq(statusOf(escrow.idOf(trade)), FUNDED);
            if (round == 1) assertEq(left, needed - 1);
            sent += needed - left - 1;
        }
        (bool done,) = _release(trade, sent + 1);
        assertTrue(done);
        assertEq(escrow.creditOf(trade.token, trade.buyer), trade.amount - feeOf(trade, trade.amount));
    }

    function _release(Trade memory trade, uint256 gas) private returns (bool, bytes memory) {
        bytes memory call = abi.encodeCall(escrow.release, (trade));
        vm.prank(alice);
        return address(escrow).call{gas: gas}(call);
    }

    function _lowGas(bytes memory answer) private pure returns (bytes4 error, uint256 left, uint256 needed) {
        assembly {
            error := mload(add(answer, 0x20))
            left := mload(add(answer, 0x24))
            needed := mload(add(answer, 0x44))
        }
    }

    function _tokenTrade() private view returns (Trade memory trade) {
        trade = usdcTrade();
        trade.token = address(token);
    }
}
