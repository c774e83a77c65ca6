// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Facts} from "../Model.sol";
import {DISPUTED, FUNDED, PAID, Trade} from "../Words.sol";

/// @dev The state of the escrow, rebuilt from nothing but its events (invariant 12).
contract Ledger {
    mapping(bytes32 id => Facts) private _facts;
    mapping(bytes32 id => Trade) private _trades;
    mapping(address token => uint256) public feesOf;
    mapping(address token => mapping(address account => uint256)) public creditOf;

    function factsOf(bytes32 id) external view returns (Facts memory) {
        return _facts[id];
    }

    function read(Vm.Log[] calldata logs, address escrow) external {
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter == escrow) _read(logs[i]);
        }
    }

    function _read(Vm.Log calldata log) private {
        bytes32 kind = log.topics[0];
        if (kind == IEscrow.FeesWithdrawn.selector) {
            feesOf[address(uint160(uint256(log.topics[1])))] -= abi.decode(log.data, (uint256));
        } else if (kind == IEscrow.Withdrawn.selector) {
            (, uint256 amount) = abi.decode(log.data, (address, uint256));
            creditOf[address(uint160(uint256(log.topics[1])))][address(uint160(uint256(log.topics[2])))] -= amount;
        } else if (kind == IEscrow.Credited.selector) {
            uint256 amount = abi.decode(log.data, (uint256));
            creditOf[address(uint160(uint256(log.topics[2])))][address(uint160(uint256(log.topics[3])))] += amount;
        } else {
            _readMove(kind, log.topics[1], log.data);
        }
    }

    function _readMove(bytes32 kind, bytes32 id, bytes calldata data) private {
        Facts storage facts = _facts[id];
        if (kind == IEscrow.Funded.selector) {
            Trade memory trade = abi.decode(data, (Trade));
            require(facts.status == 0, "funded twice");
            _trades[id] = trade;
            _facts[id] = Facts(FUNDED, block.timestamp, block.timestamp, uint40(block.timestamp) + trade.payWindow);
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

    function _close(bytes32 kind, bytes32 id, bytes calldata data) private {
        Trade storage trade = _trades[id];
        uint256 taxed;
        if (kind == IEscrow.Released.selector) {
            taxed = trade.amount;
        } else if (kind == IEscrow.Settled.selector) {
            taxed = abi.decode(data, (uint128));
        } else if (kind == IEscrow.TimedOut.selector) {
            taxed = _facts[id].status == PAID ? abi.decode(data, (uint128)) : 0;
        } else {
            bool known = kind == IEscrow.Cancelled.selector || kind == IEscrow.Reclaimed.selector
                || kind == IEscrow.Ruled.selector;
            require(known, "unknown event");
        }
        feesOf[trade.token] += taxed * trade.feeBps / 10_000;
        delete _facts[id];
    }
}
