// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base} from "../Base.t.sol";
import {Attempt, Facts, Model, Move, MOVES} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, NONE, PAID, Trade} from "../Words.sol";

/// @dev Invariants 3, 8, 10: the table of moves is complete (C03, C05, C17, C23).
contract MovesTest is Base {
    function test_EveryCellOfTheTable() external {
        uint256 cells;
        for (uint8 status = NONE; status <= DISPUTED; status++) {
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _bringAtOnce(ethTrade(), status);
            uint256[10] memory times = _edges(id, ethTrade());
            for (uint256 i = 0; i < times.length; i++) {
                if (times[i] < block.timestamp) continue;
                cells += _everybodyTriesEverything(ethTrade(), times[i]);
            }
            vm.revertToState(snapshot);
        }
        assertGt(cells, 1000);
    }

    /// @dev All in the second of the funding, so that this second is an edge too.
    function _bringAtOnce(Trade memory trade, uint8 status) private returns (bytes32) {
        if (status >= FUNDED) {
            vm.prank(alice);
            escrow.fund{value: trade.amount}(trade);
        }
        vm.startPrank(bob);
        if (status >= PAID) escrow.markPaid(trade);
        if (status >= DISPUTED) escrow.dispute(trade, EVIDENCE);
        vm.stopPrank();
        return escrow.idOf(trade);
    }

    function _edges(bytes32 id, Trade memory trade) private view returns (uint256[10] memory) {
        (, uint256 since,, uint256 payBy) = escrow.stateOf(id);
        return [
            block.timestamp,
            block.timestamp + 1,
            payBy,
            payBy + 1,
            payBy + 1 days,
            payBy + 1 days + 1,
            since + trade.releaseWindow,
            since + trade.releaseWindow + 1,
            since + trade.rulingWindow,
            since + trade.rulingWindow + 1
        ];
    }

    function _everybodyTriesEverything(Trade memory trade, uint256 time) private returns (uint256 cells) {
        address[4] memory callers = [alice, bob, carol, dana];
        for (uint256 c = 0; c < callers.length; c++) {
            vm.deal(callers[c], 10 ether);
            for (uint256 m = 0; m < MOVES; m++) {
                Move move = Move(m);
                uint256[2] memory arguments = move == Move.GrantTime
                    ? [time + 1 days, time + 14 days + 1]
                    : [uint256(trade.amount) / 3, uint256(trade.amount) + 1];
                for (uint256 a = 0; a < 2; a++) {
                    uint256 snapshot = vm.snapshotState();
                    vm.warp(time);
                    _try(trade, Attempt(move, callers[c], time, arguments[a]));
                    vm.revertToState(snapshot);
                    cells += 1;
                }
            }
        }
    }

    function _try(Trade memory trade, Attempt memory attempt) private {
        bytes32 id = escrow.idOf(trade);
        Facts memory was = _facts(id);
        Purse memory had = purseOf(trade);
        bytes4 expected = Model.verdict(trade, was, attempt);
        bytes memory call = _calldata(trade, id, attempt);

        vm.prank(attempt.caller);
        uint256 value = attempt.move == Move.Fund ? trade.amount : 0;
        (bool ok, bytes memory answer) = address(escrow).call{value: value}(call);

        assertEq(ok, expected == 0);
        assertEq(bytes4(answer), expected);
        Facts memory becomes = ok ? Model.after_(trade, was, attempt) : was;
        assertEq(abi.encode(_facts(id)), abi.encode(becomes));
        if (ok && Model.closes(attempt.move)) {
            (uint256 toBuyer, uint256 fee) = Model.payout(trade, was, attempt);
            assertPaidOut(trade, had, toBuyer, fee);
        } else if (attempt.move != Move.Fund || !ok) {
            assertEq(abi.encode(purseOf(trade)), abi.encode(had));
        }
    }

    function _calldata(Trade memory trade, bytes32 id, Attempt memory attempt) private view returns (bytes memory) {
        Move move = attempt.move;
        uint128 part = uint128(attempt.argument);
        if (move == Move.Fund) return abi.encodeCall(escrow.fund, (trade));
        if (move == Move.MarkPaid) return abi.encodeCall(escrow.markPaid, (trade));
        if (move == Move.GrantTime) return abi.encodeCall(escrow.grantTime, (trade, uint40(attempt.argument)));
        if (move == Move.Reclaim) return abi.encodeCall(escrow.reclaim, (trade));
        if (move == Move.Release) return abi.encodeCall(escrow.release, (trade));
        if (move == Move.Cancel) return abi.encodeCall(escrow.cancel, (trade));
        if (move == Move.Dispute) return abi.encodeCall(escrow.dispute, (trade, EVIDENCE));
        if (move == Move.Rule) return abi.encodeCall(escrow.rule, (trade, part, EVIDENCE));
        if (move == Move.Timeout) return abi.encodeCall(escrow.timeout, (trade));
        bytes memory bySeller = signSettle(aliceKey, id, part, FOREVER);
        bytes memory byBuyer = signSettle(bobKey, id, part, FOREVER);
        return abi.encodeCall(escrow.settle, (trade, part, FOREVER, bySeller, byBuyer));
    }

    function _facts(bytes32 id) private view returns (Facts memory) {
        (uint8 status, uint256 since, uint256 fundedAt, uint256 payBy) = escrow.stateOf(id);
        return Facts(status, since, fundedAt, payBy);
    }
}
