// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Facts} from "../Model.sol";
import {DISPUTED, FUNDED, PAID, Trade} from "../Words.sol";

/// @dev The state of the escrow, rebuilt from nothing but its events (invariant 12).
contract Ledger {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev Of a trade, what its events after `Funded` need.
    struct Terms {
        address token;
        uint128 amount;
        uint16 feeBps;
    }

    mapping(bytes32 id => Facts) private _facts;
    mapping(bytes32 id => Terms) private _terms;
    mapping(address token => uint256) public feesOf;
    mapping(address token => mapping(address account => uint256)) public creditOf;

    function factsOf(bytes32 id) external view returns (Facts memory) {
        return _facts[id];
    }

    /// @dev Reads what was recorded since it was told to record.
    function read(address escrow) external {
        Vm.Log[] memory logs = VM.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter == escrow) _read(logs[i].topics, logs[i].data);
        }
    }

    function _read(bytes32[] memory topics, bytes memory data) private {
        bytes32 kind = topics[0];
        if (kind == IEscrow.FeesWithdrawn.selector) {
            feesOf[_account(topics[1])] -= abi.decode(data, (uint256));
        } else if (kind == IEscrow.Withdrawn.selector) {
            (, uint256 amount) = abi.decode(data, (address, uint256));
            creditOf[_account(topics[1])][_account(topics[2])] -= amount;
        } else if (kind == IEscrow.Credited.selector) {
            creditOf[_account(topics[2])][_account(topics[3])] += abi.decode(data, (uint256));
        } else {
            _readMove(kind, topics[1], data);
        }
    }

    function _readMove(bytes32 kind, bytes32 id, bytes memory data) private {
        Facts storage facts = _facts[id];
        if (kind == IEscrow.Funded.selector) {
            require(facts.status == 0, "funded twice");
            Trade memory trade = abi.decode(data, (Trade));
            _terms[id] = Terms(trade.token, trade.amount, trade.feeBps);
            _facts[id] = Facts(FUNDED, block.timestamp, block.timestamp, block.timestamp + trade.payWindow);
            return;
        }
        require(facts.status != 0, "not live");
        if (kind == IEscrow.MarkedPaid.selector) {
            (facts.status, facts.since) = (PAID, block.timestamp);
        } else if (kind == IEscrow.Disputed.selector) {
            (facts.status, facts.since) = (DISPUTED, block.timestamp);
        } else if (kind == IEscrow.TimeGranted.selector) {
            facts.payBy = abi.decode(data, (uint40));
        } else {
            _close(kind, id, data);
        }
    }

    function _close(bytes32 kind, bytes32 id, bytes memory data) private {
        Terms memory terms = _terms[id];
        uint256 taxed;
        if (kind == IEscrow.Released.selector) {
            taxed = terms.amount;
        } else if (kind == IEscrow.Settled.selector) {
            taxed = abi.decode(data, (uint128));
        } else if (kind == IEscrow.TimedOut.selector) {
            taxed = _facts[id].status == PAID ? abi.decode(data, (uint128)) : 0;
        } else {
            bool known = kind == IEscrow.Cancelled.selector || kind == IEscrow.Reclaimed.selector
                || kind == IEscrow.Ruled.selector;
            require(known, "unknown event");
        }
        feesOf[terms.token] += taxed * terms.feeBps / 10_000;
        delete _facts[id];
    }

    function _account(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
