// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Model, Move} from "../Model.sol";
import {DISPUTED, NATIVE, NONE, PAID, Trade} from "../Words.sol";
import {Called, Role} from "./Called.sol";
import {Purses, Scene} from "./Proof.sol";
import {Sealed, Shape} from "./Sealed.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 2, 3, 5, 6, 8: the moves that take two wills. settle: both parties', each by a signature, or by being the caller;
/// disputeAndRule: the arbitrator's and a party's. C05, C23, C24.
contract JointProof is Called, Sealed {
    function check_settle_by_the_seller() external {
        _settle(anyScene(NATIVE), Role.Seller);
    }

    function check_settle_by_the_buyer() external {
        _settle(anyScene(NATIVE), Role.Buyer);
    }

    function check_settle_by_the_arbitrator() external {
        _settle(anyScene(NATIVE), Role.Arbitrator);
    }

    function check_settle_by_a_stranger() external {
        _settle(anyScene(NATIVE), Role.Stranger);
    }

    function reach_settle_by_the_seller() external {
        assert(!_settle(oneScene(NATIVE, DISPUTED, 1 minutes), Role.Seller));
    }

    function reach_settle_by_the_buyer() external {
        assert(!_settle(oneScene(NATIVE, PAID, 1 minutes), Role.Buyer));
    }

    function reach_settle_by_a_stranger() external {
        assert(!_settle(oneScene(NATIVE, PAID, 1 minutes), Role.Stranger));
    }

    function check_disputeAndRule_by_the_arbitrator() external {
        _disputeAndRule(anyScene(NATIVE), Role.Arbitrator);
    }

    function check_disputeAndRule_by_the_seller() external {
        assert(!_disputeAndRule(anyScene(NATIVE), Role.Seller));
    }

    function check_disputeAndRule_by_the_buyer() external {
        assert(!_disputeAndRule(anyScene(NATIVE), Role.Buyer));
    }

    function check_disputeAndRule_by_a_stranger() external {
        assert(!_disputeAndRule(anyScene(NATIVE), Role.Stranger));
    }

    function reach_disputeAndRule_by_the_arbitrator() external {
        assert(!_disputeAndRule(oneScene(NATIVE, PAID, 1 minutes), Role.Arbitrator));
    }

    // ---------------------------------------------------------------- settle

    struct Deal {
        uint256 deadline;
        bytes sellers;
        bytes buyers;
    }

    function _settle(Scene memory s, Role role) private returns (bool ok) {
        enter(s);
        Deal memory deal = Deal(ANY.createUint(256, "deadline"), anySignature(Shape.Long), anySignature(Shape.Long));
        Attempt memory a = attempt(s, Move.Settle, play(role, s.trade));
        Purses memory was = pursesOf(s);
        bytes4 error;
        (ok, error) = call(
            a.caller,
            abi.encodeCall(IEscrow.settle, (s.trade, uint128(a.argument), deal.deadline, deal.sellers, deal.buyers))
        );

        assert(error == _verdict(s, a, deal));
        if (ok) assertDone(s, was, a);
    }

    function _verdict(Scene memory s, Attempt memory a, Deal memory deal) private view returns (bytes4) {
        if (s.facts.status == NONE) return IEscrow.BadState.selector;
        bytes32 digest = digestOf(
            "Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline)",
            abi.encode(s.id, s.facts.fundedAt, a.argument, deal.deadline)
        );
        bytes4 refusal = s.time > deal.deadline ? IEscrow.Expired.selector : IEscrow.BadSignature.selector;
        if (a.caller != s.trade.seller && !_isGood(s, s.trade.seller, digest, deal, deal.sellers)) return refusal;
        if (a.caller != s.trade.buyer && !_isGood(s, s.trade.buyer, digest, deal, deal.buyers)) return refusal;
        return Model.verdict(s.trade, s.facts, a);
    }

    function _isGood(Scene memory s, address signer, bytes32 digest, Deal memory deal, bytes memory signature)
        private
        pure
        returns (bool)
    {
        return s.time <= deal.deadline && isSigned(signer, digest, signature, Shape.Long);
    }

    // ---------------------------------------------------------------- disputeAndRule

    struct Case {
        address by;
        bytes32 evidence;
        bytes32 disputeEvidence;
        uint256 deadline;
        bytes signature;
    }

    function _disputeAndRule(Scene memory s, Role role) private returns (bool ok) {
        enter(s);
        Case memory c = Case({
            by: ANY.createAddress("by"),
            evidence: ANY.createBytes32("evidence"),
            disputeEvidence: ANY.createBytes32("disputeEvidence"),
            deadline: ANY.createUint(256, "deadline"),
            signature: anySignature(Shape.Long)
        });
        Attempt memory a = attempt(s, Move.Rule, play(role, s.trade));
        Purses memory was = pursesOf(s);
        bytes4 error;
        (ok, error) = call(
            a.caller,
            abi.encodeCall(
                IEscrow.disputeAndRule,
                (s.trade, uint128(a.argument), c.evidence, c.by, c.disputeEvidence, c.signature, c.deadline)
            )
        );

        assert(error == _verdict(s, a, c));
        if (ok) assertDone(s, was, a);
    }

    /// @dev Where the dispute stands, the ruling follows in the same second, and is in time.
    function _verdict(Scene memory s, Attempt memory a, Case memory c) private view returns (bytes4) {
        if (s.facts.status == NONE) return IEscrow.BadState.selector;
        if (a.caller != s.trade.arbitrator) return IEscrow.NotArbitrator.selector;
        if (c.by != s.trade.seller && c.by != s.trade.buyer) return IEscrow.NotParty.selector;
        if (s.time > c.deadline) return IEscrow.Expired.selector;
        bytes32 digest = digestOf(
            "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)",
            abi.encode(s.id, s.facts.fundedAt, c.disputeEvidence, c.deadline)
        );
        if (!isSigned(c.by, digest, c.signature, Shape.Long)) return IEscrow.BadSignature.selector;
        if (s.facts.status != PAID) return IEscrow.BadState.selector;
        if (a.argument > s.trade.amount) return IEscrow.ShareTooLarge.selector;
        return s.time <= s.facts.fundedAt ? IEscrow.TooEarly.selector : bytes4(0);
    }
}
