// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Model, Move} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, PAID, Trade} from "../Words.sol";
import {Proof, Purses, Scene} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 2, 3, 5, 8, 10: each move, called by each role, in every state, at every time, with every argument, does exactly what
/// the table of moves (test/Model.sol) says: fails with the named error, or changes the word and pays as it says, and changes nothing
/// else. C01-C05, C17, C19, C20, C23, C24.
abstract contract MovesProof is Proof {
    function asset() internal view virtual returns (address);

    // ---------------------------------------------------------------- FUNDED

    function check_markPaid_by_the_seller() external {
        _bySeller(Move.MarkPaid);
    }

    function check_markPaid_by_the_buyer() external {
        _byBuyer(Move.MarkPaid);
    }

    function check_markPaid_by_the_arbitrator() external {
        _byArbitrator(Move.MarkPaid);
    }

    function check_markPaid_by_a_stranger() external {
        _byStranger(Move.MarkPaid);
    }

    function reach_markPaid_by_the_buyer() external {
        Scene memory s = oneScene(asset(), FUNDED);
        assert(!_try(s, Move.MarkPaid, s.trade.buyer));
    }

    function check_grantTime_by_the_seller() external {
        _bySeller(Move.GrantTime);
    }

    function check_reclaim_by_the_seller() external {
        _bySeller(Move.Reclaim);
    }

    function check_reclaim_by_the_buyer() external {
        _byBuyer(Move.Reclaim);
    }

    function check_release_by_the_seller() external {
        _bySeller(Move.Release);
    }

    function check_release_by_a_stranger() external {
        _byStranger(Move.Release);
    }

    function check_rule_by_the_arbitrator() external {
        _byArbitrator(Move.Rule);
    }

    function check_timeout_by_a_stranger() external {
        _byStranger(Move.Timeout);
    }

    // ---------------------------------------------------------------- how

    function _bySeller(Move move) private {
        Scene memory s = anyScene(asset());
        _try(s, move, s.trade.seller);
    }

    function _byBuyer(Move move) private {
        Scene memory s = anyScene(asset());
        _try(s, move, s.trade.buyer);
    }

    function _byArbitrator(Move move) private {
        Scene memory s = anyScene(asset());
        _try(s, move, s.trade.arbitrator);
    }

    /// @dev A relayer, the operator, the other asset's holder: anybody without a role in this trade.
    function _byStranger(Move move) private {
        Scene memory s = anyScene(asset());
        address caller = ANY.createAddress("stranger");
        vm.assume(caller != s.trade.seller && caller != s.trade.buyer && caller != s.trade.arbitrator);
        _try(s, move, caller);
    }

    function _try(Scene memory s, Move move, address caller) private returns (bool ok) {
        enter(s);
        Purses memory was = pursesOf(s);
        uint256 argument = ANY.createUint(move == Move.GrantTime ? 40 : 128, "argument");
        Attempt memory attempt = Attempt(move, caller, s.time, argument);
        bytes4 error;
        (ok, error) = call(caller, _calldata(s.trade, attempt));

        assert(error == Model.verdict(s.trade, s.facts, attempt));
        if (ok) assertDone(s, was, attempt);
    }

    function _calldata(Trade memory trade, Attempt memory attempt) private returns (bytes memory) {
        Move move = attempt.move;
        if (move == Move.MarkPaid) return abi.encodeCall(IEscrow.markPaid, (trade));
        if (move == Move.GrantTime) return abi.encodeCall(IEscrow.grantTime, (trade, uint40(attempt.argument)));
        if (move == Move.Reclaim) return abi.encodeCall(IEscrow.reclaim, (trade));
        if (move == Move.Release) return abi.encodeCall(IEscrow.release, (trade));
        if (move == Move.Cancel) return abi.encodeCall(IEscrow.cancel, (trade));
        if (move == Move.Timeout) return abi.encodeCall(IEscrow.timeout, (trade));
        bytes32 evidence = ANY.createBytes32("evidence");
        if (move == Move.Dispute) return abi.encodeCall(IEscrow.dispute, (trade, evidence));
        assert(move == Move.Rule);
        return abi.encodeCall(IEscrow.rule, (trade, uint128(attempt.argument), evidence));
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
