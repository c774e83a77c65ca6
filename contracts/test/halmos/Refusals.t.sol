// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attempt, Model, Move} from "../Model.sol";
import {Called, Role} from "./Called.sol";
import {Scene} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariant 3: nobody else may make a move, of a trade in any asset, in any state, at any time, with any argument. C05, C23.
contract RefusalsProof is Called {
    function check_markPaid_by_the_seller() external {
        _refuse(Move.MarkPaid, Role.Seller);
    }

    function check_markPaid_by_the_arbitrator() external {
        _refuse(Move.MarkPaid, Role.Arbitrator);
    }

    function check_markPaid_by_a_stranger() external {
        _refuse(Move.MarkPaid, Role.Stranger);
    }

    function check_grantTime_by_the_buyer() external {
        _refuse(Move.GrantTime, Role.Buyer);
    }

    function check_grantTime_by_the_arbitrator() external {
        _refuse(Move.GrantTime, Role.Arbitrator);
    }

    function check_grantTime_by_a_stranger() external {
        _refuse(Move.GrantTime, Role.Stranger);
    }

    function check_reclaim_by_the_buyer() external {
        _refuse(Move.Reclaim, Role.Buyer);
    }

    function check_reclaim_by_the_arbitrator() external {
        _refuse(Move.Reclaim, Role.Arbitrator);
    }

    function check_reclaim_by_a_stranger() external {
        _refuse(Move.Reclaim, Role.Stranger);
    }

    function check_release_by_the_buyer() external {
        _refuse(Move.Release, Role.Buyer);
    }

    function check_release_by_the_arbitrator() external {
        _refuse(Move.Release, Role.Arbitrator);
    }

    function check_release_by_a_stranger() external {
        _refuse(Move.Release, Role.Stranger);
    }

    function check_cancel_by_the_seller() external {
        _refuse(Move.Cancel, Role.Seller);
    }

    function check_cancel_by_the_arbitrator() external {
        _refuse(Move.Cancel, Role.Arbitrator);
    }

    function check_cancel_by_a_stranger() external {
        _refuse(Move.Cancel, Role.Stranger);
    }

    function check_dispute_by_the_arbitrator() external {
        _refuse(Move.Dispute, Role.Arbitrator);
    }

    function check_dispute_by_a_stranger() external {
        _refuse(Move.Dispute, Role.Stranger);
    }

    function check_rule_by_the_seller() external {
        _refuse(Move.Rule, Role.Seller);
    }

    function check_rule_by_the_buyer() external {
        _refuse(Move.Rule, Role.Buyer);
    }

    function check_rule_by_a_stranger() external {
        _refuse(Move.Rule, Role.Stranger);
    }

    function _refuse(Move move, Role role) private {
        Scene memory s = anyScene(ANY.createAddress("token"));
        place(s);
        vm.assume(s.trade.seller != s.trade.buyer);
        vm.assume(s.trade.arbitrator != s.trade.seller && s.trade.arbitrator != s.trade.buyer);
        Attempt memory a = attempt(s, move, play(role, s.trade));
        (bool ok, bytes memory answer) = call(a.caller, encode(s.trade, a));

        assert(!ok);
        assertEnds(ok, answer, Model.refusal(s.id, s.trade, s.facts, a));
        assert(wordOf(s.id) == pack(s.facts));
    }
}
