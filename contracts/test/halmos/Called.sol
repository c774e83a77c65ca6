// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Model, Move} from "../Model.sol";
import {Trade} from "../Words.sol";
import {Proof, Purses, Scene} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

enum Role {
    Seller,
    Buyer,
    Arbitrator,
    Stranger,
    Anybody
}

/// @dev A move that somebody makes by calling.
abstract contract Called is Proof {
    /// @dev An address for a role; a stranger is a relayer, the operator, the party of another trade: anybody without a role in this one.
    function play(Role role, Trade memory trade) internal returns (address caller) {
        if (role == Role.Seller) return trade.seller;
        if (role == Role.Buyer) return trade.buyer;
        if (role == Role.Arbitrator) return trade.arbitrator;
        caller = ANY.createAddress("caller");
        if (role == Role.Stranger) {
            vm.assume(caller != trade.seller && caller != trade.buyer && caller != trade.arbitrator);
        }
    }

    function attempt(Scene memory s, Move move, address caller) internal returns (Attempt memory) {
        return Attempt(move, caller, s.time, ANY.createUint(move == Move.GrantTime ? 40 : 128, "argument"));
    }

    function encode(Trade memory trade, Attempt memory a) internal returns (bytes memory) {
        Move move = a.move;
        if (move == Move.MarkPaid) return abi.encodeCall(IEscrow.markPaid, (trade));
        if (move == Move.GrantTime) return abi.encodeCall(IEscrow.grantTime, (trade, uint40(a.argument)));
        if (move == Move.Reclaim) return abi.encodeCall(IEscrow.reclaim, (trade));
        if (move == Move.Release) return abi.encodeCall(IEscrow.release, (trade));
        if (move == Move.Cancel) return abi.encodeCall(IEscrow.cancel, (trade));
        if (move == Move.Timeout) return abi.encodeCall(IEscrow.timeout, (trade));
        bytes32 evidence = ANY.createBytes32("evidence");
        if (move == Move.Dispute) return abi.encodeCall(IEscrow.dispute, (trade, evidence));
        assert(move == Move.Rule);
        return abi.encodeCall(IEscrow.rule, (trade, uint128(a.argument), evidence));
    }
}
