// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed} from "../../src/types/Trade.sol";
import {Base} from "../Base.t.sol";
import {BrokenWallet, BurningWallet, OddWallet, OwnedWallet, WritingWallet} from "../mocks/Wallets.sol";
import {DISPUTED, FUNDED, PAID, Trade} from "../Words.sol";

/// @dev Invariant 6, for every signed move alike.
contract SignaturesTest is Base {
    enum Move {
        MarkPaid,
        GrantTime,
        Reclaim,
        Release,
        Cancel,
        Settle,
        Dispute,
        Rule,
        DisputeAndRule,
        BatchMarkPaid,
        BatchRelease
    }

    uint256 private constant MOVES = 11;
    uint128 private constant PART = 7;

    uint256 private deadline;

    function setUp() public override {
        super.setUp();
        deadline = START + 30 days;
    }

    /// Invariant 7.
    function test_WhenSignedIn65Or64Bytes_IsDone() external {
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            for (uint256 form = 0; form < 2; form++) {
                uint256 snapshot = vm.snapshotState();
                bytes32 id = _ready(move, ethTrade());
                bytes32 digest = _digest(move, id, fundedAtOf(id));
                bytes memory signature = form == 0 ? sign(_key(move), digest) : signCompact(_key(move), digest);
                uint8 status = statusOf(id);
                uint40 payBy = payByOf(id);
                vm.prank(_sender(move));
                _submit(move, ethTrade(), deadline, signature);
                assertTrue(statusOf(id) != status || payByOf(id) != payBy);
                vm.revertToState(snapshot);
            }
        }
    }

    /// S06, S07: only the canonical form of a signature, in one of its two lengths.
    function test_RevertWhen_TheSignatureIsNotCanonical() external {
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _ready(move, ethTrade());
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key(move), _digest(move, id, fundedAtOf(id)));
            bytes32 twin = bytes32(CURVE_ORDER - uint256(s));
            bytes[12] memory wrong = [
                abi.encodePacked(r, twin, v == 27 ? uint8(28) : uint8(27)),
                abi.encodePacked(r, twin, v),
                abi.encodePacked(r, bytes32(uint256(twin) | (v == 27 ? 1 << 255 : 0))),
                abi.encodePacked(r, s, v - 27),
                abi.encodePacked(r, s, v == 27 ? uint8(28) : uint8(27)),
                abi.encodePacked(r, s, uint8(29)),
                abi.encodePacked(r, s, v, uint8(0)),
                abi.encodePacked(r, bytes31(s)),
                abi.encodePacked(r),
                bytes(""),
                new bytes(65),
                new bytes(64)
            ];
            for (uint256 i = 0; i < wrong.length; i++) {
                _refuses(move, deadline, wrong[i]);
            }
            vm.revertToState(snapshot);
        }
    }

    /// Invariant 10.
    function test_RevertWhen_TheDeadlineHasPassed() external {
        deadline = START + 1 hours;
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            if (move == Move.Reclaim) continue; // its own clock is later; below
            _deadlineHolds(move);
        }
        deadline = START + 3 hours;
        _deadlineHolds(Move.Reclaim);
    }

    /// S01, S02, S03: signed for another place.
    function test_RevertWhen_SignedForAnotherChainOrContract() external {
        IEscrow here = escrow;
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _ready(move, ethTrade());
            bytes memory signature = sign(_key(move), _digest(move, id, fundedAtOf(id)));

            vm.chainId(block.chainid + 1);
            _refuses(move, deadline, signature);
            bytes memory renewed = sign(_key(move), _digest(move, id, fundedAtOf(id)));
            vm.prank(_sender(move));
            _submit(move, ethTrade(), deadline, renewed);

            vm.revertToState(snapshot);
            escrow = deployEscrow(treasury);
            id = _ready(move, ethTrade());
            _refuses(move, deadline, signature);
            escrow = here;
            vm.revertToState(snapshot);
        }
    }

    /// S04: signed for another move. Each signature is tried on every move but its own.
    function test_RevertWhen_SignedForAnotherMove() external {
        for (uint256 m = 0; m < MOVES; m++) {
            for (uint256 n = 0; n < MOVES; n++) {
                if (_signedAs(Move(m)) == _signedAs(Move(n))) continue;
                uint256 snapshot = vm.snapshotState();
                bytes32 id = _ready(Move(m), ethTrade());
                // By the right party, so that nothing but the move differs.
                bytes memory signature = sign(_key(Move(m)), _digest(Move(n), id, fundedAtOf(id)));
                _refuses(Move(m), deadline, signature);
                vm.revertToState(snapshot);
            }
        }
    }

    function test_RevertWhen_SignedForAnotherTradeDeadlineOrByAnother() external {
        Trade memory other = ethTrade();
        other.terms = keccak256("another");
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _ready(move, ethTrade());
            bytes32 otherId = escrow.idOf(other);
            uint40 fundedAt = fundedAtOf(id);
            _refuses(move, deadline, sign(_key(move), _digest(move, otherId, fundedAt)));
            _refuses(move, deadline + 1, sign(_key(move), _digest(move, id, fundedAt)));
            _refuses(move, deadline, sign(_key(move), _digest(move, id, fundedAt + 1)));
            uint256 stranger = uint256(keccak256("stranger"));
            _refuses(move, deadline, sign(stranger, _digest(move, id, fundedAt)));
            vm.revertToState(snapshot);
        }
    }

    /// Invariant 6: the arguments of a move are signed with it.
    function test_RevertWhen_AnArgumentDiffers() external {
        bytes32 id = fund(ethTrade());
        bytes memory granted = signGrantTime(aliceKey, id, START + 1 days, deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, alice));
        escrow.grantTimeBySig(ethTrade(), START + 2 days, deadline, granted);
        bytes memory settled = signSettle(bobKey, id, PART, deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
        vm.prank(alice);
        escrow.settle(ethTrade(), PART + 1, deadline, "", settled);

        vm.prank(bob);
        escrow.markPaid(ethTrade());
        bytes memory disputed = signDispute(bobKey, id, EVIDENCE, deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
        escrow.disputeBySig(ethTrade(), keccak256("other"), bob, deadline, disputed);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, bob));
        vm.prank(dana);
        escrow.disputeAndRule(ethTrade(), PART, EVIDENCE, bob, keccak256("other"), disputed, deadline);
        escrow.disputeBySig(ethTrade(), EVIDENCE, bob, deadline, disputed);
        bytes memory ruled = signRule(danaKey, id, PART, EVIDENCE, deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, dana));
        escrow.ruleBySig(ethTrade(), PART + 1, EVIDENCE, deadline, ruled);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, dana));
        escrow.ruleBySig(ethTrade(), PART, keccak256("other"), deadline, ruled);
    }

    /// Invariant 11: nothing of the first life counts in the second, not even when both share a block with the closing.
    function test_RevertWhen_TheTradeWasFundedAnew() external {
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _ready(move, ethTrade());
            bytes memory signature = sign(_key(move), _digest(move, id, fundedAtOf(id)));
            vm.prank(bob);
            escrow.cancel(ethTrade());
            vm.prank(alice);
            escrow.fund{value: ETH_AMOUNT}(ethTrade());
            _refuses(move, deadline, signature);
            vm.revertToState(snapshot);
        }
    }

    /// S01.
    function test_RevertWhen_ItWasUsedAlready() external {
        for (uint256 m = 0; m < MOVES; m++) {
            Move move = Move(m);
            if (move == Move.GrantTime) continue; // the same time twice is PayByOutOfRange
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _ready(move, ethTrade());
            bytes memory signature = sign(_key(move), _digest(move, id, fundedAtOf(id)));
            vm.prank(_sender(move));
            _submit(move, ethTrade(), deadline, signature);
            bytes memory error = abi.encodeWithSelector(IEscrow.BadState.selector, id, statusOf(id));
            _refusesWith(move, deadline, signature, error);
            vm.revertToState(snapshot);
        }
    }

    /// Invariant 6: a buyer that is a contract wallet needs no ether either.
    function test_GivenASignerWithCode_WhenHisContractSaysSo_IsDone() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new OwnedWallet(bob));
        bytes32 id = fund(trade);
        escrow.markPaidBySig(trade, deadline, sign(bobKey, _digest(Move.MarkPaid, id, fundedAtOf(id))));
        assertEq(statusOf(id), PAID);
        bytes memory byStranger = sign(aliceKey, _digest(Move.Cancel, id, fundedAtOf(id)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, trade.buyer));
        escrow.cancelBySig(trade, deadline, byStranger);
    }

    /// S08, S09.
    function test_RevertGiven_ASignerWithCode_WhenHisContractDoesNotSaySo() external {
        bytes4 magic = 0x1626ba7e;
        address[8] memory wallets = [
            address(new OddWallet("")),
            address(new OddWallet(abi.encode(bytes4(0xffffffff)))),
            address(new OddWallet(abi.encode(uint32(magic)))),
            address(new OddWallet(abi.encodePacked(magic))),
            address(new OddWallet(abi.encodePacked(magic, new bytes(27)))),
            address(new BrokenWallet()),
            address(new BurningWallet()),
            address(new WritingWallet())
        ];
        for (uint256 i = 0; i < wallets.length; i++) {
            Trade memory trade = ethTrade();
            trade.buyer = wallets[i];
            fund(trade);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BadSignature.selector, wallets[i]));
            uint256 gas = gasleft();
            escrow.markPaidBySig(trade, deadline, "anything");
            assertLt(gas - gasleft(), 450_000);
        }
    }

    /// C36: an account with a key and code is believed by its key, whatever its code says.
    function test_GivenASignerWithCode_WhenHisOwnKeySigned_IsDone() external {
        bytes32 id = fund(ethTrade());
        vm.etch(bob, address(new BrokenWallet()).code);
        escrow.markPaidBySig(ethTrade(), deadline, sign(bobKey, _digest(Move.MarkPaid, id, fundedAtOf(id))));
        assertEq(statusOf(id), PAID);
    }

    // ---------------------------------------------------------------- one shape for all moves

    /// @dev Brings the trade where the move is possible.
    function _ready(Move move, Trade memory trade) private returns (bytes32 id) {
        uint8 status = move == Move.Dispute || move == Move.DisputeAndRule ? PAID : FUNDED;
        id = bring(trade, move == Move.Rule ? DISPUTED : status);
        if (move == Move.Reclaim) vm.warp(payByOf(id) + 1);
    }

    /// @dev The move that is signed for this one.
    function _signedAs(Move move) private pure returns (Move) {
        if (move == Move.DisputeAndRule) return Move.Dispute;
        if (move == Move.BatchMarkPaid) return Move.MarkPaid;
        return move == Move.BatchRelease ? Move.Release : move;
    }

    function _isBatch(Move move) private pure returns (bool) {
        return move == Move.BatchMarkPaid || move == Move.BatchRelease;
    }

    function _key(Move move) private view returns (uint256) {
        if (move == Move.Rule) return danaKey;
        if (move == Move.GrantTime || move == Move.Reclaim || _signedAs(move) == Move.Release) return aliceKey;
        return bobKey;
    }

    /// @dev A settlement is sent by the seller, and so needs the buyer's signature only; a ruling with its dispute by the arbitrator.
    function _sender(Move move) private view returns (address) {
        if (move == Move.DisputeAndRule) return dana;
        return move == Move.Settle ? alice : carol;
    }

    function _digest(Move made, bytes32 id, uint40 fundedAt) private view returns (bytes32) {
        Move move = _signedAs(made);
        string[4] memory plain = ["MarkPaid", "Reclaim", "Release", "Cancel"];
        if (move == Move.GrantTime) {
            return digestOf(
                "GrantTime(Trade trade,uint40 fundedAt,uint40 newPayBy,uint256 deadline)",
                abi.encode(id, fundedAt, START + 1 days, deadline)
            );
        }
        if (move == Move.Settle) {
            return digestOf(
                "Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline)",
                abi.encode(id, fundedAt, PART, deadline)
            );
        }
        if (move == Move.Dispute) {
            return digestOf(
                "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)",
                abi.encode(id, fundedAt, EVIDENCE, deadline)
            );
        }
        if (move == Move.Rule) {
            return digestOf(
                "Rule(Trade trade,uint40 fundedAt,uint128 toBuyer,bytes32 evidence,uint256 deadline)",
                abi.encode(id, fundedAt, PART, EVIDENCE, deadline)
            );
        }
        string memory name = plain[move == Move.MarkPaid ? 0 : uint256(move) - 1];
        return digestOf(
            string.concat(name, "(Trade trade,uint40 fundedAt,uint256 deadline)"), abi.encode(id, fundedAt, deadline)
        );
    }

    function _submit(Move move, Trade memory trade, uint256 until, bytes memory signature) private {
        if (move == Move.MarkPaid) escrow.markPaidBySig(trade, until, signature);
        else if (move == Move.GrantTime) escrow.grantTimeBySig(trade, START + 1 days, until, signature);
        else if (move == Move.Reclaim) escrow.reclaimBySig(trade, until, signature);
        else if (move == Move.Release) escrow.releaseBySig(trade, until, signature);
        else if (move == Move.Cancel) escrow.cancelBySig(trade, until, signature);
        else if (move == Move.Settle) escrow.settle(trade, PART, until, "", signature);
        else if (move == Move.Dispute) escrow.disputeBySig(trade, EVIDENCE, bob, until, signature);
        else if (move == Move.Rule) escrow.ruleBySig(trade, PART, EVIDENCE, until, signature);
        else if (!_isBatch(move)) escrow.disputeAndRule(trade, PART, EVIDENCE, bob, EVIDENCE, signature, until);
        else assertEq(_submitBatch(move, until, signature), 1);
    }

    function _submitBatch(Move move, uint256 until, bytes memory signature) private returns (uint256) {
        Signed[] memory items = new Signed[](1);
        items[0] = Signed(ethTrade(), until, signature);
        return move == Move.BatchMarkPaid ? escrow.batchMarkPaid(items) : escrow.batchRelease(items);
    }

    function _refuses(Move move, uint256 until, bytes memory signature) private {
        bytes memory error = abi.encodeWithSelector(IEscrow.BadSignature.selector, vm.addr(_key(move)));
        _refusesWith(move, until, signature, error);
    }

    /// @dev A batch passes over what another function refuses.
    function _refusesWith(Move move, uint256 until, bytes memory signature, bytes memory error) private {
        bytes32 was = worldOf(ethTrade());
        if (_isBatch(move)) {
            assertEq(_submitBatch(move, until, signature), 0);
        } else {
            vm.expectRevert(error);
            vm.prank(_sender(move));
            _submit(move, ethTrade(), until, signature);
        }
        assertEq(worldOf(ethTrade()), was);
    }

    function _deadlineHolds(Move move) private {
        uint256 snapshot = vm.snapshotState();
        bytes32 id = _ready(move, ethTrade());
        bytes memory signature = sign(_key(move), _digest(move, id, fundedAtOf(id)));
        vm.warp(deadline + 1);
        bytes memory error = abi.encodeWithSelector(IEscrow.Expired.selector, deadline + 1, deadline);
        _refusesWith(move, deadline, signature, error);
        for (uint256 before = 0; before < 2; before++) {
            uint256 inner = vm.snapshotState();
            vm.warp(deadline - before);
            vm.prank(_sender(move));
            _submit(move, ethTrade(), deadline, signature);
            vm.revertToState(inner);
        }
        vm.revertToState(snapshot);
    }
}
