// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {NONE, Trade} from "../Words.sol";
import {Proof, Scene} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 3, 11: closed is closed. Without a word no function but the three that fund does anything with a trade, in any asset,
/// whoever calls, at any time, with any argument and signature. (A batch passes over it: BatchesProof.) C03, C04.
contract ClosedProof is Proof {
    Trade private t;
    uint256 private x;
    bytes32 private e;
    address private who;
    bytes private seal;

    /// @dev Anything; what depends on the number is cut to its type, and a signature may be given twice.
    modifier onClosed() {
        Scene memory s = anyScene(ANY.createAddress("token"));
        s.facts.status = NONE;
        place(s);
        t = s.trade;
        x = ANY.createUint(256, "number");
        e = ANY.createBytes32("evidence");
        who = ANY.createAddress("by");
        seal = ANY.createBytes(65, "signature");
        _;
    }

    function check_markPaid_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.markPaid, (t)));
    }

    function check_markPaidBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.markPaidBySig, (t, x, seal)));
    }

    function check_grantTime_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.grantTime, (t, uint40(x))));
    }

    function check_grantTimeBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.grantTimeBySig, (t, uint40(x), x, seal)));
    }

    function check_reclaim_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.reclaim, (t)));
    }

    function check_reclaimBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.reclaimBySig, (t, x, seal)));
    }

    function check_release_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.release, (t)));
    }

    function check_releaseBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.releaseBySig, (t, x, seal)));
    }

    function check_cancel_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.cancel, (t)));
    }

    function check_cancelBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.cancelBySig, (t, x, seal)));
    }

    function check_settle_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.settle, (t, uint128(x), x, seal, seal)));
    }

    function check_dispute_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.dispute, (t, e)));
    }

    function check_disputeBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.disputeBySig, (t, e, who, x, seal)));
    }

    function check_rule_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.rule, (t, uint128(x), e)));
    }

    function check_ruleBySig_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.ruleBySig, (t, uint128(x), e, x, seal)));
    }

    function check_disputeAndRule_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.disputeAndRule, (t, uint128(x), e, who, e, seal, x)));
    }

    function check_timeout_of_a_closed_trade() external onClosed {
        _refuse(abi.encodeCall(IEscrow.timeout, (t)));
    }

    function _refuse(bytes memory data) private {
        (bool ok, bytes memory answer) = call(ANY.createAddress("caller"), data);
        assertEnds(ok, answer, abi.encodeWithSelector(IEscrow.BadState.selector, idOf(t), NONE));
    }
}
