// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attempt, Model, Move} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, PAID} from "../Words.sol";
import {Called, Role} from "./Called.sol";
import {Purses, Scene} from "./Proof.sol";

/// @dev Invariants 2, 3, 5, 8, 10: each move, called by whom the table of moves (test/Model.sol) permits it, in every state, at every time,
/// with every argument, does exactly what the table says: fails with the named error, or changes the word and pays as it says, and
/// touches no other trade and nobody else's coins. C01-C05, C17, C19, C20, C23, C24.
abstract contract MovesProof is Called {
    function asset() internal view virtual returns (address);

    // ---------------------------------------------------------------- FUNDED

    function check_markPaid_by_the_buyer() external {
        _try(anyScene(asset()), Move.MarkPaid, Role.Buyer);
    }

    function reach_markPaid_by_the_buyer() external {
        assert(!_try(oneScene(asset(), FUNDED, 1 minutes), Move.MarkPaid, Role.Buyer));
    }

    function check_grantTime_by_the_seller() external {
        _try(anyScene(asset()), Move.GrantTime, Role.Seller);
    }

    function reach_grantTime_by_the_seller() external {
        assert(!_try(oneScene(asset(), FUNDED, 1 minutes), Move.GrantTime, Role.Seller));
    }

    function check_reclaim_by_the_seller() external {
        _try(anyScene(asset()), Move.Reclaim, Role.Seller);
    }

    function reach_reclaim_by_the_seller() external {
        assert(!_try(oneScene(asset(), FUNDED, 2 hours + 1), Move.Reclaim, Role.Seller));
    }

    // ---------------------------------------------------------------- FUNDED, PAID, DISPUTED

    function check_release_by_the_seller() external {
        _try(anyScene(asset()), Move.Release, Role.Seller);
    }

    function reach_release_by_the_seller() external {
        assert(!_try(oneScene(asset(), PAID, 1 minutes), Move.Release, Role.Seller));
    }

    function check_cancel_by_the_buyer() external {
        _try(anyScene(asset()), Move.Cancel, Role.Buyer);
    }

    function reach_cancel_by_the_buyer() external {
        assert(!_try(oneScene(asset(), PAID, 1 minutes), Move.Cancel, Role.Buyer));
    }

    // ---------------------------------------------------------------- PAID, DISPUTED

    function check_dispute_by_the_seller() external {
        _try(anyScene(asset()), Move.Dispute, Role.Seller);
    }

    function reach_dispute_by_the_seller() external {
        assert(!_try(oneScene(asset(), PAID, 1 minutes), Move.Dispute, Role.Seller));
    }

    function check_dispute_by_the_buyer() external {
        _try(anyScene(asset()), Move.Dispute, Role.Buyer);
    }

    function reach_dispute_by_the_buyer() external {
        assert(!_try(oneScene(asset(), PAID, 1 minutes), Move.Dispute, Role.Buyer));
    }

    function check_rule_by_the_arbitrator() external {
        _try(anyScene(asset()), Move.Rule, Role.Arbitrator);
    }

    function reach_rule_by_the_arbitrator() external {
        assert(!_try(oneScene(asset(), DISPUTED, 1 minutes), Move.Rule, Role.Arbitrator));
    }

    function check_timeout_by_anybody() external {
        _try(anyScene(asset()), Move.Timeout, Role.Anybody);
    }

    function reach_timeout_by_anybody() external {
        assert(!_try(oneScene(asset(), DISPUTED, 14 days + 1), Move.Timeout, Role.Anybody));
    }

    // ---------------------------------------------------------------- how

    function _try(Scene memory s, Move move, Role role) private returns (bool ok) {
        enter(s);
        Attempt memory a = attempt(s, move, play(role, s.trade));
        Purses memory was = pursesOf(s);
        bytes memory answer;
        (ok, answer) = call(a.caller, encode(s.trade, a));

        assertEnds(ok, answer, Model.refusal(s.id, s.trade, s.facts, a));
        if (ok) assertDone(s, was, a);
    }
}

contract NativeMovesProof is MovesProof {
    function asset() internal pure override returns (address) {
        return NATIVE;
    }
}

contract TokenMovesProof is MovesProof {
    function asset() internal view override returns (address) {
        return address(usdc);
    }
}
