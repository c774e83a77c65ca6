// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Consent, Model, Move} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, PAID, Trade} from "../Words.sol";
import {Called, Role} from "./Called.sol";
import {Purses, Scene} from "./Proof.sol";
import {Sealed, Shape} from "./Sealed.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 3, 6, 7: each move by signature, whoever submits it and whatever the signature, does what the same move called by the
/// party does when the party's key or wallet signed exactly this move of this funding and the deadline has not passed; and else fails
/// with the named error. Odd lengths must all be refused. C05, S01-S09, S14.
contract SignedProof is Called, Sealed {
    function check_markPaidBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.MarkPaid, Role.Buyer, Shape.Long);
    }

    function check_markPaidBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.MarkPaid, Role.Buyer, Shape.Short);
    }

    function check_markPaidBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.MarkPaid, Role.Buyer, Shape.Odd);
    }

    function check_markPaidBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.MarkPaid, Role.Buyer, Shape.Wallet);
    }

    function reach_markPaidBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 1 minutes), Move.MarkPaid, Role.Buyer, Shape.Long));
    }

    function reach_markPaidBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 1 minutes), Move.MarkPaid, Role.Buyer, Shape.Short));
    }

    function reach_markPaidBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 1 minutes), Move.MarkPaid, Role.Buyer, Shape.Wallet));
    }

    function check_grantTimeBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.GrantTime, Role.Seller, Shape.Long);
    }

    function check_grantTimeBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.GrantTime, Role.Seller, Shape.Short);
    }

    function check_grantTimeBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.GrantTime, Role.Seller, Shape.Odd);
    }

    function check_grantTimeBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.GrantTime, Role.Seller, Shape.Wallet);
    }

    function reach_grantTimeBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 1 minutes), Move.GrantTime, Role.Seller, Shape.Long));
    }

    function reach_grantTimeBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 1 minutes), Move.GrantTime, Role.Seller, Shape.Short));
    }

    function reach_grantTimeBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 1 minutes), Move.GrantTime, Role.Seller, Shape.Wallet));
    }

    function check_reclaimBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.Reclaim, Role.Seller, Shape.Long);
    }

    function check_reclaimBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.Reclaim, Role.Seller, Shape.Short);
    }

    function check_reclaimBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.Reclaim, Role.Seller, Shape.Odd);
    }

    function check_reclaimBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.Reclaim, Role.Seller, Shape.Wallet);
    }

    function reach_reclaimBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 2 hours + 1), Move.Reclaim, Role.Seller, Shape.Long));
    }

    function reach_reclaimBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 2 hours + 1), Move.Reclaim, Role.Seller, Shape.Short));
    }

    function reach_reclaimBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, FUNDED, 2 hours + 1), Move.Reclaim, Role.Seller, Shape.Wallet));
    }

    function check_releaseBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.Release, Role.Seller, Shape.Long);
    }

    function check_releaseBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.Release, Role.Seller, Shape.Short);
    }

    function check_releaseBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.Release, Role.Seller, Shape.Odd);
    }

    function check_releaseBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.Release, Role.Seller, Shape.Wallet);
    }

    function reach_releaseBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Release, Role.Seller, Shape.Long));
    }

    function reach_releaseBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Release, Role.Seller, Shape.Short));
    }

    function reach_releaseBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Release, Role.Seller, Shape.Wallet));
    }

    function check_cancelBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.Cancel, Role.Buyer, Shape.Long);
    }

    function check_cancelBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.Cancel, Role.Buyer, Shape.Short);
    }

    function check_cancelBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.Cancel, Role.Buyer, Shape.Odd);
    }

    function check_cancelBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.Cancel, Role.Buyer, Shape.Wallet);
    }

    function reach_cancelBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Cancel, Role.Buyer, Shape.Long));
    }

    function reach_cancelBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Cancel, Role.Buyer, Shape.Short));
    }

    function reach_cancelBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Cancel, Role.Buyer, Shape.Wallet));
    }

    function check_disputeBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.Dispute, Role.Anybody, Shape.Long);
    }

    function check_disputeBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.Dispute, Role.Anybody, Shape.Short);
    }

    function check_disputeBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.Dispute, Role.Anybody, Shape.Odd);
    }

    function check_disputeBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.Dispute, Role.Anybody, Shape.Wallet);
    }

    function reach_disputeBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Dispute, Role.Anybody, Shape.Long));
    }

    function reach_disputeBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Dispute, Role.Anybody, Shape.Short));
    }

    function reach_disputeBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, PAID, 1 minutes), Move.Dispute, Role.Anybody, Shape.Wallet));
    }

    function check_ruleBySig_with_a_key() external {
        _submit(anyScene(NATIVE), Move.Rule, Role.Arbitrator, Shape.Long);
    }

    function check_ruleBySig_with_a_short_signature() external {
        _submit(anyScene(NATIVE), Move.Rule, Role.Arbitrator, Shape.Short);
    }

    function check_ruleBySig_with_an_odd_length() external {
        _submit(anyScene(NATIVE), Move.Rule, Role.Arbitrator, Shape.Odd);
    }

    function check_ruleBySig_with_a_wallet() external {
        _submit(anyScene(NATIVE), Move.Rule, Role.Arbitrator, Shape.Wallet);
    }

    function reach_ruleBySig_with_a_key() external {
        assert(!_submit(oneScene(NATIVE, DISPUTED, 1 minutes), Move.Rule, Role.Arbitrator, Shape.Long));
    }

    function reach_ruleBySig_with_a_short_signature() external {
        assert(!_submit(oneScene(NATIVE, DISPUTED, 1 minutes), Move.Rule, Role.Arbitrator, Shape.Short));
    }

    function reach_ruleBySig_with_a_wallet() external {
        assert(!_submit(oneScene(NATIVE, DISPUTED, 1 minutes), Move.Rule, Role.Arbitrator, Shape.Wallet));
    }

    // ---------------------------------------------------------------- how

    /// @dev What is signed, by whom.
    struct Paper {
        address signer;
        bytes32 evidence;
        uint256 deadline;
        bytes signature;
    }

    function _submit(Scene memory s, Move move, Role role, Shape shape) private returns (bool ok) {
        Paper memory paper;
        if (shape == Shape.Wallet) _giveWallet(s.trade, role);
        enter(s);
        paper.signer = play(role, s.trade);
        vm.assume(paper.signer != address(0)); // nobody's key, and ecrecover's way to say no
        paper.evidence = ANY.createBytes32("evidence");
        paper.deadline = ANY.createUint(256, "deadline");
        paper.signature = anySignature(shape);
        Attempt memory a = attempt(s, move, paper.signer);
        Purses memory was = pursesOf(s);
        bytes memory answer;
        (ok, answer) = call(ANY.createAddress("submitter"), _encode(s.trade, a, paper));

        Consent memory consent = Consent(paper.deadline, _isGood(s, a, paper, shape));
        assertEnds(ok, answer, Model.refusalOfSigned(s.id, s.trade, s.facts, a, consent));
        if (ok) assertDone(s, was, a);
    }

    /// @dev A disputing party is the buyer then.
    function _giveWallet(Trade memory trade, Role role) private {
        address wallet = newWallet();
        if (role == Role.Seller) trade.seller = wallet;
        else if (role == Role.Arbitrator) trade.arbitrator = wallet;
        else trade.buyer = wallet;
    }

    /// @dev Of two parties only the buyer has the wallet then.
    function _isGood(Scene memory s, Attempt memory a, Paper memory paper, Shape shape) private view returns (bool) {
        if (isSigned(paper.signer, _digest(s, a, paper), paper.signature, shape)) return true;
        if (shape != Shape.Wallet || (a.move == Move.Dispute && paper.signer != s.trade.buyer)) return false;
        return saysYes();
    }

    function _digest(Scene memory s, Attempt memory a, Paper memory paper) private view returns (bytes32) {
        (bytes32 id, uint256 at, uint256 deadline) = (s.id, s.facts.fundedAt, paper.deadline);
        Move move = a.move;
        if (move == Move.GrantTime) {
            return digestOf(
                "GrantTime(Trade trade,uint40 fundedAt,uint40 newPayBy,uint256 deadline)",
                abi.encode(id, at, a.argument, deadline)
            );
        }
        if (move == Move.Dispute) {
            return digestOf(
                "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)",
                abi.encode(id, at, paper.evidence, deadline)
            );
        }
        if (move == Move.Rule) {
            return digestOf(
                "Rule(Trade trade,uint40 fundedAt,uint128 toBuyer,bytes32 evidence,uint256 deadline)",
                abi.encode(id, at, a.argument, paper.evidence, deadline)
            );
        }
        string memory name = move == Move.MarkPaid
            ? "MarkPaid"
            : move == Move.Reclaim ? "Reclaim" : move == Move.Release ? "Release" : "Cancel";
        return
            digestOf(
                string.concat(name, "(Trade trade,uint40 fundedAt,uint256 deadline)"), abi.encode(id, at, deadline)
            );
    }

    function _encode(Trade memory trade, Attempt memory a, Paper memory paper) private pure returns (bytes memory) {
        (uint256 deadline, bytes memory signature) = (paper.deadline, paper.signature);
        Move move = a.move;
        if (move == Move.MarkPaid) return abi.encodeCall(IEscrow.markPaidBySig, (trade, deadline, signature));
        if (move == Move.GrantTime) {
            return abi.encodeCall(IEscrow.grantTimeBySig, (trade, uint40(a.argument), deadline, signature));
        }
        if (move == Move.Reclaim) return abi.encodeCall(IEscrow.reclaimBySig, (trade, deadline, signature));
        if (move == Move.Release) return abi.encodeCall(IEscrow.releaseBySig, (trade, deadline, signature));
        if (move == Move.Cancel) return abi.encodeCall(IEscrow.cancelBySig, (trade, deadline, signature));
        if (move == Move.Dispute) {
            return abi.encodeCall(IEscrow.disputeBySig, (trade, paper.evidence, paper.signer, deadline, signature));
        }
        assert(move == Move.Rule);
        return abi.encodeCall(IEscrow.ruleBySig, (trade, uint128(a.argument), paper.evidence, deadline, signature));
    }
}
