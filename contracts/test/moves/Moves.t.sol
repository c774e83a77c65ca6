// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed} from "../../src/types/Trade.sol";
import {Base} from "../Base.t.sol";
import {Attempt, Facts, Model, Move, MOVES} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, NONE, PAID, Trade} from "../Words.sol";

/// @dev Invariants 3, 7, 8, 10: the table of moves is complete, whichever function makes the move (C03, C05, C17, C23).
contract MovesTest is Base {
    /// @dev How a move is made: called by the one whose it is; signed by him and sent by a stranger; so in a batch; funding with a
    /// permit; a ruling together with the dispute.
    enum How {
        Called,
        Signed,
        Batched,
        Permitted,
        Joined
    }

    /// @dev 4 people, 28 ways to call, 2 times when nothing is live and 10 in each of the three statuses.
    uint256 private constant CELLS = 4 * 28 * (2 + 3 * 10);

    bytes4 private constant INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));

    address private submitter = makeAddr("submitter");

    function setUp() public override {
        super.setUp();
        placePermit2();
        vm.prank(alice);
        usdc.approve(PERMIT2, type(uint256).max);
    }

    function test_EveryCellOfTheTable_OfTheNativeCoin() external {
        assertEq(_everyCellOf(ethTrade()), CELLS);
    }

    function test_EveryCellOfTheTable_OfAToken() external {
        assertEq(_everyCellOf(usdcTrade()), CELLS);
    }

    function _everyCellOf(Trade memory trade) private returns (uint256 cells) {
        for (uint8 status = NONE; status <= DISPUTED; status++) {
            uint256 snapshot = vm.snapshotState();
            bytes32 id = _bringAtOnce(trade, status);
            uint256[10] memory times = _edges(id, trade);
            for (uint256 i = 0; i < times.length; i++) {
                if (times[i] < block.timestamp) continue;
                cells += _everybodyTriesEverything(trade, times[i]);
            }
            vm.revertToStateAndDelete(snapshot);
        }
    }

    /// @dev All in the second of the funding, so that this second is an edge too.
    function _bringAtOnce(Trade memory trade, uint8 status) private returns (bytes32) {
        if (status >= FUNDED) {
            vm.prank(alice);
            escrow.fund{value: trade.token == NATIVE ? trade.amount : 0}(trade);
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
                for (uint256 h = 0; h <= uint256(How.Joined); h++) {
                    if (_exists(Move(m), How(h))) cells += _tryWith(trade, Move(m), How(h), callers[c], time);
                }
            }
        }
    }

    function _exists(Move move, How how) private pure returns (bool) {
        if (how == How.Signed) return move != Move.Timeout && move != Move.Settle; // a settlement is signed anyhow
        if (how == How.Batched) return move == Move.MarkPaid || move == Move.Release;
        if (how == How.Permitted) return move == Move.Fund;
        if (how == How.Joined) return move == Move.Rule;
        return true;
    }

    /// @dev With an argument that fits, and if it takes one with one that does not.
    function _tryWith(Trade memory trade, Move move, How how, address caller, uint256 time)
        private
        returns (uint256 cells)
    {
        bool takesOne = move == Move.GrantTime || move == Move.Settle || move == Move.Rule;
        uint256[2] memory arguments = move == Move.GrantTime
            ? [time + 1 days, time + 14 days + 1]
            : [uint256(trade.amount) / 3, uint256(trade.amount) + 1];
        for (; cells < (takesOne ? 2 : 1); cells++) {
            uint256 snapshot = vm.snapshotState();
            vm.warp(time);
            _try(trade, Attempt(move, caller, time, arguments[cells]), how);
            vm.revertToStateAndDelete(snapshot);
        }
    }

    function _try(Trade memory trade, Attempt memory attempt, How how) private {
        Facts memory was = _facts(escrow.idOf(trade));
        Purse memory had = purseOf(trade);
        bytes4 expected = _verdict(trade, was, attempt, how);
        (bool ok, bytes memory answer) = _call(trade, attempt, how);
        if (how == How.Batched) {
            assertTrue(ok);
            ok = expected == 0;
            assertEq(abi.decode(answer, (uint256)), ok ? 1 : 0);
        } else {
            assertEq(ok, expected == 0);
            assertEq(bytes4(answer), expected);
        }
        if (ok) {
            _assertMoved(trade, was, had, attempt);
        } else {
            assertEq(abi.encode(_facts(escrow.idOf(trade))), abi.encode(was));
            assertEq(abi.encode(purseOf(trade)), abi.encode(had));
        }
    }

    function _call(Trade memory trade, Attempt memory attempt, How how) private returns (bool, bytes memory) {
        bytes memory data = _calldata(trade, escrow.idOf(trade), attempt, how);
        bool brings = attempt.move == Move.Fund && how == How.Called && trade.token == NATIVE;
        vm.prank(how == How.Signed || how == How.Batched ? submitter : attempt.caller);
        return address(escrow).call{value: brings ? trade.amount : 0}(data);
    }

    function _assertMoved(Trade memory trade, Facts memory was, Purse memory had, Attempt memory attempt) private view {
        assertEq(abi.encode(_facts(escrow.idOf(trade))), abi.encode(Model.after_(trade, was, attempt)));
        if (Model.closes(attempt.move)) {
            (uint256 toBuyer, uint256 fee) = Model.payout(trade, was, attempt);
            assertPaidOut(trade, had, toBuyer, fee);
        } else if (attempt.move == Move.Fund) {
            assertEq(balanceOf(trade.token, address(escrow)), had.escrow + trade.amount);
            assertEq(balanceOf(trade.token, trade.seller), had.seller - trade.amount);
        } else {
            assertEq(abi.encode(purseOf(trade)), abi.encode(had));
        }
    }

    /// @dev The table's word, in the terms of the function that makes the move.
    function _verdict(Trade memory trade, Facts memory was, Attempt memory attempt, How how)
        private
        pure
        returns (bytes4 error)
    {
        if (how == How.Joined) return _joinedVerdict(trade, was, attempt);
        error = Model.verdict(trade, was, attempt);
        if (how == How.Permitted && error != IEscrow.NotSeller.selector && trade.token == NATIVE) {
            return IEscrow.NotAToken.selector;
        }
        if (how != How.Signed) return error;
        if (attempt.move == Move.Fund) {
            if (trade.token == NATIVE) return IEscrow.NotAToken.selector;
            if (was.status != NONE) return IEscrow.BadState.selector;
            return attempt.caller == trade.seller ? bytes4(0) : INVALID_SIGNER;
        }
        bool isOthers = error == IEscrow.NotSeller.selector || error == IEscrow.NotBuyer.selector
            || error == IEscrow.NotArbitrator.selector;
        return isOthers ? IEscrow.BadSignature.selector : error;
    }

    /// @dev Of the arbitrator, with the buyer's dispute: as both, one after the other in one second.
    function _joinedVerdict(Trade memory trade, Facts memory was, Attempt memory attempt)
        private
        pure
        returns (bytes4)
    {
        if (was.status == NONE) return IEscrow.BadState.selector;
        if (attempt.caller != trade.arbitrator) return IEscrow.NotArbitrator.selector;
        Attempt memory dispute = Attempt(Move.Dispute, trade.buyer, attempt.time, 0);
        bytes4 error = Model.verdict(trade, was, dispute);
        return error != 0 ? error : Model.verdict(trade, Model.after_(trade, was, dispute), attempt);
    }

    function _calldata(Trade memory trade, bytes32 id, Attempt memory attempt, How how) private returns (bytes memory) {
        uint256 key = _keyOf(attempt.caller);
        if (how == How.Signed) return _signedCall(trade, id, attempt, key);
        if (how == How.Batched) return _batchCall(trade, id, attempt.move, key);
        if (how == How.Permitted) return abi.encodeCall(escrow.fundWithPermit, (trade, 0, 0, 0, 0));
        if (how == How.Joined) {
            bytes memory byBuyer = signDispute(bobKey, id, EVIDENCE, FOREVER);
            uint128 toBuyer = uint128(attempt.argument);
            return abi.encodeCall(escrow.disputeAndRule, (trade, toBuyer, EVIDENCE, bob, EVIDENCE, byBuyer, FOREVER));
        }
        return _directCall(trade, id, attempt);
    }

    function _directCall(Trade memory trade, bytes32 id, Attempt memory attempt) private view returns (bytes memory) {
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

    function _signedCall(Trade memory trade, bytes32 id, Attempt memory attempt, uint256 key)
        private
        view
        returns (bytes memory)
    {
        Move move = attempt.move;
        if (move == Move.Fund) {
            bytes memory permit = signPermit2(key, trade, 0, FOREVER);
            return abi.encodeCall(escrow.fundWithPermit2, (trade, 0, FOREVER, permit));
        }
        if (move == Move.GrantTime) {
            uint40 payBy = uint40(attempt.argument);
            bytes memory granted = signGrantTime(key, id, payBy, FOREVER);
            return abi.encodeCall(escrow.grantTimeBySig, (trade, payBy, FOREVER, granted));
        }
        if (move == Move.Dispute) {
            bytes memory disputed = signDispute(key, id, EVIDENCE, FOREVER);
            return abi.encodeCall(escrow.disputeBySig, (trade, EVIDENCE, attempt.caller, FOREVER, disputed));
        }
        if (move == Move.Rule) {
            uint128 part = uint128(attempt.argument);
            bytes memory ruled = signRule(key, id, part, EVIDENCE, FOREVER);
            return abi.encodeCall(escrow.ruleBySig, (trade, part, EVIDENCE, FOREVER, ruled));
        }
        bytes memory signature = signPlain(key, _nameOf(move), id, FOREVER);
        if (move == Move.MarkPaid) return abi.encodeCall(escrow.markPaidBySig, (trade, FOREVER, signature));
        if (move == Move.Reclaim) return abi.encodeCall(escrow.reclaimBySig, (trade, FOREVER, signature));
        if (move == Move.Release) return abi.encodeCall(escrow.releaseBySig, (trade, FOREVER, signature));
        return abi.encodeCall(escrow.cancelBySig, (trade, FOREVER, signature));
    }

    function _batchCall(Trade memory trade, bytes32 id, Move move, uint256 key) private view returns (bytes memory) {
        Signed[] memory items = new Signed[](1);
        items[0] = Signed(trade, FOREVER, signPlain(key, _nameOf(move), id, FOREVER));
        if (move == Move.MarkPaid) return abi.encodeCall(escrow.batchMarkPaid, (items));
        return abi.encodeCall(escrow.batchRelease, (items));
    }

    function _nameOf(Move move) private pure returns (string memory) {
        if (move == Move.MarkPaid) return "MarkPaid";
        if (move == Move.Reclaim) return "Reclaim";
        return move == Move.Release ? "Release" : "Cancel";
    }

    function _keyOf(address account) private returns (uint256 key) {
        if (account == alice) return aliceKey;
        if (account == bob) return bobKey;
        if (account == dana) return danaKey;
        (, key) = makeAddrAndKey("Carol");
    }

    function _facts(bytes32 id) private view returns (Facts memory) {
        (uint8 status, uint256 since, uint256 fundedAt, uint256 payBy) = escrow.stateOf(id);
        return Facts(status, since, fundedAt, payBy);
    }
}
