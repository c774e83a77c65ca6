// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attempt, Model, Move} from "../Model.sol";
import {FUNDED, NATIVE, NONE, PAID} from "../Words.sol";
import {Called} from "./Called.sol";
import {Scene} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 4 and 10: who can move the same trade in the same second. Each question is put to the contract itself, once for each of
/// the two moves, from one and the same state. C17-C20, C22.
contract OverlapsProof is Called {
    /// @dev For one day past payBy, and never else.
    function check_markPaid_and_reclaim_overlap_for_one_day() external {
        (Scene memory s, bool both) = _both(Move.MarkPaid, Move.Reclaim);
        assert(!both || (s.time > s.facts.payBy && s.time <= s.facts.payBy + 1 days));
    }

    function reach_markPaid_and_reclaim_overlap_for_one_day() external {
        assert(!_bothOf(oneScene(NATIVE, FUNDED, 26 hours), Move.MarkPaid, Move.Reclaim));
    }

    function check_markPaid_and_timeout_never_overlap() external {
        (, bool both) = _both(Move.MarkPaid, Move.Timeout);
        assert(!both);
    }

    function check_dispute_and_timeout_overlap_until_one_is_mined() external {
        (Scene memory s, bool both) = _both(Move.Dispute, Move.Timeout);
        assert(!both || (s.facts.status == PAID && s.time > s.facts.since + s.trade.releaseWindow));
    }

    function reach_dispute_and_timeout_overlap_until_one_is_mined() external {
        assert(!_bothOf(oneScene(NATIVE, PAID, 8 days), Move.Dispute, Move.Timeout));
    }

    function check_rule_and_timeout_never_overlap() external {
        (, bool both) = _both(Move.Rule, Move.Timeout);
        assert(!both);
    }

    function check_markPaid_and_dispute_never_overlap() external {
        (, bool both) = _both(Move.MarkPaid, Move.Dispute);
        assert(!both);
    }

    function check_reclaim_and_dispute_never_overlap() external {
        (, bool both) = _both(Move.Reclaim, Move.Dispute);
        assert(!both);
    }

    function check_reclaim_and_rule_never_overlap() external {
        (, bool both) = _both(Move.Reclaim, Move.Rule);
        assert(!both);
    }

    function check_dispute_and_rule_never_overlap() external {
        (, bool both) = _both(Move.Dispute, Move.Rule);
        assert(!both);
    }

    /// @dev They do, past the day; it is one outcome: the seller has everything back.
    function check_reclaim_and_timeout_have_one_outcome() external {
        (Scene memory s, bool both) = _both(Move.Reclaim, Move.Timeout);
        if (!both) return;
        (uint256 toBuyer, uint256 fee) = Model.payout(s.trade, s.facts, Attempt(Move.Timeout, address(0), s.time, 0));
        assert(s.facts.status == FUNDED && toBuyer == 0 && fee == 0);
    }

    /// @dev From any live state anybody closes the trade once its clock has run out.
    function check_timeout_closes_every_live_trade() external {
        Scene memory s = anyScene(NATIVE);
        vm.assume(s.facts.status != NONE && s.time > Model.end(s.trade, s.facts));
        enter(s);
        assert(_isOpen(s, Move.Timeout));
    }

    /// @dev No state and no time takes release or cancel away, but the second of the funding.
    function check_release_and_cancel_are_always_there() external {
        Scene memory s = anyScene(NATIVE);
        vm.assume(s.facts.status != NONE && s.time > s.facts.fundedAt);
        enter(s);
        assert(_isOpen(s, Move.Release) && _isOpen(s, Move.Cancel));
    }

    // ---------------------------------------------------------------- how

    function _both(Move one, Move other) private returns (Scene memory s, bool both) {
        s = anyScene(NATIVE);
        both = _bothOf(s, one, other);
    }

    function _bothOf(Scene memory s, Move one, Move other) private returns (bool) {
        enter(s);
        return _isOpen(s, one) && _isOpen(s, other);
    }

    /// @dev Whether whoever may make the move can make it now.
    function _isOpen(Scene memory s, Move move) private returns (bool isOpen) {
        Attempt memory a = Attempt(move, s.trade.buyer, s.time, 0);
        a.caller = Model.seat(s.trade, a);
        try this.tryAndUndo(a.caller, encode(s.trade, a)) {}
        catch (bytes memory answer) {
            isOpen = abi.decode(answer, (bool));
        }
    }

    /// @dev Leaves no trace but its answer.
    function tryAndUndo(address caller, bytes calldata data) external {
        (bool ok,) = call(caller, data);
        assembly {
            mstore(0, ok)
            revert(0, 32)
        }
    }
}
