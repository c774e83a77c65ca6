// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed} from "../../src/types/Trade.sol";
import {Attempt, Consent, Model, Move} from "../Model.sol";
import {FUNDED, NATIVE, PAID} from "../Words.sol";
import {Purses, Scene} from "./Proof.sol";
import {Sealed, Shape} from "./Sealed.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariant 7: a batch never fails, and of one trade it does what the move by signature would do, or passes over it; a second
/// signature for the same trade finds what the first left. C04, S01.
contract BatchesProof is Sealed {
    function check_batchMarkPaid_of_one() external {
        _one(anyScene(NATIVE), Move.MarkPaid);
    }

    function reach_batchMarkPaid_of_one() external {
        assert(!_one(oneScene(NATIVE, FUNDED, 1 minutes), Move.MarkPaid));
    }

    function check_batchRelease_of_one() external {
        _one(anyScene(NATIVE), Move.Release);
    }

    function reach_batchRelease_of_one() external {
        assert(!_one(oneScene(NATIVE, PAID, 1 minutes), Move.Release));
    }

    function check_batchMarkPaid_of_the_same_trade_twice() external {
        _twice(anyScene(NATIVE), Move.MarkPaid);
    }

    function reach_batchMarkPaid_of_the_same_trade_twice() external {
        assert(!_twice(oneScene(NATIVE, FUNDED, 1 minutes), Move.MarkPaid));
    }

    function check_batchRelease_of_the_same_trade_twice() external {
        _twice(anyScene(NATIVE), Move.Release);
    }

    function reach_batchRelease_of_the_same_trade_twice() external {
        assert(!_twice(oneScene(NATIVE, PAID, 1 minutes), Move.Release));
    }

    function _one(Scene memory s, Move move) private returns (bool isDone) {
        Signed[] memory moves = new Signed[](1);
        (moves[0], isDone) = _enter(s, move);
        _run(s, move, moves, isDone ? 1 : 0);
    }

    /// @return isDone By the second, where the first is no good.
    function _twice(Scene memory s, Move move) private returns (bool isDone) {
        Signed[] memory moves = new Signed[](2);
        bool isFirst;
        (moves[0], isFirst) = _enter(s, move);
        (moves[1], isDone) = _sign(s, move);
        isDone = isDone && !isFirst;
        _run(s, move, moves, isFirst ? 1 : isDone ? 2 : 0);
    }

    function _enter(Scene memory s, Move move) private returns (Signed memory, bool) {
        enter(s);
        return _sign(s, move);
    }

    /// @return signed Any signature with any deadline.
    /// @return isDone Whether the table lets the move by signature be done.
    function _sign(Scene memory s, Move move) private returns (Signed memory signed, bool isDone) {
        signed = Signed(s.trade, ANY.createUint(256, "deadline"), anySignature(Shape.Long));
        Attempt memory a = _attempt(s, move);
        string memory name = move == Move.MarkPaid ? "MarkPaid" : "Release";
        bytes32 digest = digestOf(
            string.concat(name, "(Trade trade,uint40 fundedAt,uint256 deadline)"),
            abi.encode(s.id, s.facts.fundedAt, signed.deadline)
        );
        Consent memory consent = Consent(signed.deadline, isSigned(a.caller, digest, signed.signature, Shape.Long));
        isDone = Model.refusalOfSigned(s.id, s.trade, s.facts, a, consent).length == 0;
    }

    function _attempt(Scene memory s, Move move) private pure returns (Attempt memory) {
        return Attempt(move, move == Move.MarkPaid ? s.trade.buyer : s.trade.seller, s.time, 0);
    }

    function _run(Scene memory s, Move move, Signed[] memory moves, uint256 done) private {
        Purses memory was = pursesOf(s);
        (bool ok, bytes memory answer) = call(
            ANY.createAddress("submitter"),
            move == Move.MarkPaid
                ? abi.encodeCall(IEscrow.batchMarkPaid, (moves))
                : abi.encodeCall(IEscrow.batchRelease, (moves))
        );

        assert(ok && abi.decode(answer, (uint256)) == done);
        if (done != 0) {
            assertDone(s, was, _attempt(s, move));
        } else {
            assert(wordOf(s.id) == pack(s.facts) && wordOf(s.otherId) == s.otherWord);
            assertSame(pursesOf(s), was);
        }
    }
}
