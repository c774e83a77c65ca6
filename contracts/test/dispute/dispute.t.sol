// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {DISPUTED, FUNDED, NONE, Trade} from "../Words.sol";

contract DisputeTest is Base {
    function test_RevertWhen_TheTradeIsNotLive() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, escrow.idOf(ethTrade()), NONE));
        vm.prank(bob);
        escrow.dispute(ethTrade(), EVIDENCE);
    }

    /// Invariant 8.
    function test_RevertWhen_ItIsNoParty() external {
        bytes32 id = fundAndPay(ethTrade());
        bytes memory signature = signDispute(danaKey, id, EVIDENCE, FOREVER);
        address[2] memory others = [carol, dana];
        for (uint256 i = 0; i < 2; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, others[i]));
            vm.prank(others[i]);
            escrow.dispute(ethTrade(), EVIDENCE);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, others[i]));
            escrow.disputeBySig(ethTrade(), EVIDENCE, others[i], FOREVER, signature);
        }
    }

    function test_RevertWhen_TheTradeIsFundedOrDisputed() external {
        bytes32 id = fund(ethTrade());
        bytes memory signature = signDispute(bobKey, id, EVIDENCE, FOREVER);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, FUNDED));
        vm.prank(alice);
        escrow.dispute(ethTrade(), EVIDENCE);
        vm.prank(bob);
        escrow.markPaid(ethTrade());
        escrow.disputeBySig(ethTrade(), EVIDENCE, bob, FOREVER, signature);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadState.selector, id, DISPUTED));
        escrow.disputeBySig(ethTrade(), EVIDENCE, bob, FOREVER, signature);
    }

    /// Invariants 10, 12 (C21).
    function test_WhenPaid_BecomesDisputedFromThisSecondOn() external {
        address[2] memory parties = [alice, bob];
        uint256[4] memory after_ = [uint256(0), 7 days, 7 days + 1, 400 days];
        for (uint256 i = 0; i < 2; i++) {
            for (uint256 j = 0; j < after_.length; j++) {
                uint256 snapshot = vm.snapshotState();
                bytes32 id = fundAndPay(ethTrade());
                Purse memory was = purseOf(ethTrade());
                vm.warp(sinceOf(id) + after_[j]);
                vm.expectEmit(address(escrow));
                emit IEscrow.Disputed(id, parties[i], EVIDENCE);
                vm.prank(parties[i]);
                escrow.dispute(ethTrade(), EVIDENCE);
                _assertDisputed(id);
                assertEq(abi.encode(purseOf(ethTrade())), abi.encode(was));
                vm.revertToState(snapshot);
            }
        }
    }

    /// Invariant 7.
    function test_BySig_BecomesDisputed() external {
        uint256[2] memory keys = [aliceKey, bobKey];
        address[2] memory parties = [alice, bob];
        for (uint256 i = 0; i < 2; i++) {
            uint256 snapshot = vm.snapshotState();
            bytes32 id = fundAndPay(ethTrade());
            bytes memory signature = signDispute(keys[i], id, EVIDENCE, FOREVER);
            vm.expectEmit(address(escrow));
            emit IEscrow.Disputed(id, parties[i], EVIDENCE);
            vm.prank(carol);
            escrow.disputeBySig(ethTrade(), EVIDENCE, parties[i], FOREVER, signature);
            _assertDisputed(id);
            vm.revertToState(snapshot);
        }
    }

    /// Invariant 6: a party's signature disputes in his own name only.
    function test_RevertWhen_ItIsSignedByTheOtherParty() external {
        bytes32 id = fundAndPay(ethTrade());
        bytes memory signature = signDispute(bobKey, id, EVIDENCE, FOREVER);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, alice));
        escrow.disputeBySig(ethTrade(), EVIDENCE, alice, FOREVER, signature);
    }

    function _assertDisputed(bytes32 id) private view {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        assertEq(status, DISPUTED);
        assertEq(since, block.timestamp);
        assertEq(fundedAt, START);
        assertEq(payBy, START + 2 hours);
    }
}
