// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Consent, Model, Move} from "../Model.sol";
import {DISPUTED, NATIVE, PAID} from "../Words.sol";
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
        bytes memory answer;
        (ok, answer) = call(
            a.caller,
            abi.encodeCall(IEscrow.settle, (s.trade, uint128(a.argument), deal.deadline, deal.sellers, deal.buyers))
        );

        Consent memory bySeller = _consent(s, s.trade.seller, a, deal, deal.sellers);
        Consent memory byBuyer = _consent(s, s.trade.buyer, a, deal, deal.buyers);
        assertEnds(ok, answer, Model.refusalOfSettle(s.id, s.trade, s.facts, a, bySeller, byBuyer));
        if (ok) assertDone(s, was, a);
    }

    function _consent(Scene memory s, address signer, Attempt memory a, Deal memory deal, bytes memory signature)
        private
        view
        returns (Consent memory)
    {
        bytes32 digest = digestOf(
            "Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline)",
            abi.encode(s.id, s.facts.fundedAt, a.argument, deal.deadline)
        );
        return Consent(deal.deadline, isSigned(signer, digest, signature, Shape.Long));
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
        vm.assume(c.by != address(0));
        Attempt memory a = attempt(s, Move.DisputeAndRule, play(role, s.trade));
        Purses memory was = pursesOf(s);
        bytes memory answer;
        (ok, answer) = call(
            a.caller,
            abi.encodeCall(
                IEscrow.disputeAndRule,
                (s.trade, uint128(a.argument), c.evidence, c.by, c.disputeEvidence, c.signature, c.deadline)
            )
        );

        Consent memory consent = Consent(c.deadline, isSigned(c.by, _digest(s, c), c.signature, Shape.Long));
        assertEnds(ok, answer, Model.refusalOfBoth(s.id, s.trade, s.facts, a, c.by, consent));
        if (ok) assertDone(s, was, a);
    }

    function _digest(Scene memory s, Case memory c) private view returns (bytes32) {
        return digestOf(
            "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)",
            abi.encode(s.id, s.facts.fundedAt, c.disputeEvidence, c.deadline)
        );
    }
}
