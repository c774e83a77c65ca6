// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signed} from "../../src/types/Trade.sol";
import {Attempt, Model, Move} from "../Model.sol";
import {Trade} from "../Words.sol";
import {Dice, shake} from "./Dice.sol";
import {Funding} from "./Funding.sol";

/// @dev Every move of a trade, by every door: called, signed, in a batch, in good faith and in bad.
abstract contract Moving is Funding {
    bytes32 private constant REASONS = keccak256("why");
    uint256 private constant IDEAS = 10;
    /// @dev How often each move but funding comes to mind, by its number: those that are possible at any time the least, so that
    /// trades live long enough for the others.
    bytes private constant THOUGHTS = hex"010101010202030303030303030405060707070708080808080808080808080909090a0a";

    /// @dev In good faith: of a few ideas the first that the model allows, by whom it allows it.
    function advance(uint256 seed) external {
        if (tradeCount() == 0) return;
        Dice memory dice = shake(seed);
        Case memory c = _anyCase(dice);
        Attempt memory idea;
        for (uint256 i = 0; i < IDEAS; i++) {
            idea = _idea(dice, c);
            if (Model.refusal(c.id, c.trade, c.was, idea).length == 0) break;
        }
        _try(dice, c, idea, true);
    }

    /// @dev Anything by anybody, signed by the right one or the wrong one, in time or not.
    function tryAnything(uint256 seed) external {
        if (tradeCount() == 0) return;
        Dice memory dice = shake(seed);
        Case memory c = _anyCase(dice);
        Attempt memory idea = _idea(dice, c);
        if (dice.oneIn(2)) idea.caller = _anyActor(dice);
        if (dice.oneIn(4)) idea.argument = _edgyArgument(dice, c, idea.move);
        _try(dice, c, idea, false);
    }

    /// @dev Up to four signed moves at once, good and bad, some of them twice: each is done or passed over as it would be alone (7).
    function batch(uint256 seed) external {
        if (tradeCount() == 0) return;
        Dice memory dice = shake(seed);
        Move move = dice.oneIn(3) ? Move.Release : Move.MarkPaid;
        Signed[] memory moves = new Signed[](dice.roll(5));
        Case[] memory cases = new Case[](moves.length);
        uint256 expected;
        for (uint256 i = 0; i < moves.length; i++) {
            cases[i] = _anyCase(dice);
            bool isDone;
            (moves[i], isDone) = _item(dice, cases[i], move);
            if (isDone) expected |= 1 << i;
        }
        bytes memory call = move == Move.MarkPaid
            ? abi.encodeCall(escrow.batchMarkPaid, (moves))
            : abi.encodeCall(escrow.batchRelease, (moves));
        assertEq(abi.decode(_send(relayer, 0, call, ""), (uint256)), expected, "bitmap");
        if (expected != 0) _count(bytes4(call));
        for (uint256 i = 0; i < moves.length; i++) {
            _check(cases[i]);
        }
    }

    /// @dev Foretold and noted one after another, so that a later item sees what an earlier one did.
    function _item(Dice memory dice, Case memory c, Move move) private returns (Signed memory, bool) {
        address signer = move == Move.MarkPaid ? c.trade.buyer : c.trade.seller;
        Attempt memory idea = Attempt(move, signer, block.timestamp, 0);
        Ink memory ink = _ink(dice, signer, Text(move, c.id, c.was.fundedAt, 0), !dice.oneIn(3));
        bool isDone = Model.refusalOfSigned(c.id, c.trade, c.was, idea, ink.consent).length == 0;
        if (isDone) _note(c, idea);
        return (Signed(c.trade, ink.consent.deadline, ink.signature), isDone);
    }

    // ---------------------------------------------------------------- ideas

    /// @dev Any move but funding, by one who may, with an argument that may fit.
    function _idea(Dice memory dice, Case memory c) private view returns (Attempt memory idea) {
        idea.move = Move(uint8(THOUGHTS[dice.roll(THOUGHTS.length)]));
        idea.time = block.timestamp;
        idea.caller = dice.oneIn(2) ? c.trade.seller : c.trade.buyer;
        if (idea.move == Move.Timeout || (idea.move == Move.Settle && dice.oneIn(2))) idea.caller = _anyActor(dice);
        else if (idea.move != Move.Settle) idea.caller = Model.seat(c.trade, idea);
        if (idea.move == Move.GrantTime) idea.argument = block.timestamp + 1 + dice.roll(14 days);
        else if (_divides(idea.move)) idea.argument = dice.roll(uint256(c.trade.amount) + 1);
    }

    function _edgyArgument(Dice memory dice, Case memory c, Move move) private view returns (uint256) {
        uint256 edge = dice.roll(4);
        if (move == Move.GrantTime) {
            return edge < 2 ? c.was.payBy + edge : block.timestamp + 14 days + edge - 2;
        }
        if (!_divides(move)) return 0;
        return edge < 2 ? edge : uint256(c.trade.amount) + edge - 2;
    }

    function _divides(Move move) private pure returns (bool) {
        return move == Move.Settle || move == Move.Rule || move == Move.DisputeAndRule;
    }

    // ---------------------------------------------------------------- attempts

    function _try(Dice memory dice, Case memory c, Attempt memory idea, bool isHonest) private {
        bytes memory call;
        bytes memory expected;
        address sender = idea.caller;
        if (idea.move == Move.Settle) {
            (call, expected) = _settlement(dice, c, idea, isHonest);
        } else if (idea.move == Move.DisputeAndRule) {
            (call, expected) = _disputeAndRuling(dice, c, idea, isHonest);
        } else if (idea.move == Move.Timeout || dice.roll(5) < 2 || (isHonest && !_answersForOwner(idea.caller))) {
            call = _directCall(c.trade, idea);
            expected = Model.refusal(c.id, c.trade, c.was, idea);
        } else {
            (call, expected) = _signedMove(dice, c, idea, isHonest);
            sender = dice.oneIn(2) ? relayer : _anyActor(dice); // 7: whoever brings it
        }
        _send(sender, 0, call, expected);
        if (expected.length == 0) {
            _count(bytes4(call));
            _note(c, idea);
        }
        _check(c);
    }

    function _signedMove(Dice memory dice, Case memory c, Attempt memory idea, bool isHonest)
        private
        returns (bytes memory call, bytes memory expected)
    {
        address signer = Model.seat(c.trade, idea);
        Ink memory ink = _ink(dice, signer, Text(idea.move, c.id, c.was.fundedAt, idea.argument), isHonest);
        call = _signedCall(c.trade, idea, ink.consent.deadline, ink.signature);
        expected = Model.refusalOfSigned(c.id, c.trade, c.was, idea, ink.consent);
    }

    function _settlement(Dice memory dice, Case memory c, Attempt memory idea, bool isHonest)
        private
        returns (bytes memory call, bytes memory expected)
    {
        Text memory text = Text(Move.Settle, c.id, c.was.fundedAt, idea.argument);
        uint256 deadline = isHonest ? FOREVER : _deadline(dice);
        Ink memory bySeller;
        Ink memory byBuyer;
        if (idea.caller != c.trade.seller) bySeller = _inkUntil(dice, c.trade.seller, text, isHonest, deadline);
        if (idea.caller != c.trade.buyer) byBuyer = _inkUntil(dice, c.trade.buyer, text, isHonest, deadline);
        call = abi.encodeCall(
            escrow.settle, (c.trade, uint128(idea.argument), deadline, bySeller.signature, byBuyer.signature)
        );
        expected = Model.refusalOfSettle(c.id, c.trade, c.was, idea, bySeller.consent, byBuyer.consent);
    }

    function _disputeAndRuling(Dice memory dice, Case memory c, Attempt memory idea, bool isHonest)
        private
        returns (bytes memory call, bytes memory expected)
    {
        address by = dice.oneIn(2) ? c.trade.seller : c.trade.buyer;
        if (!isHonest && dice.oneIn(6)) by = _anyActor(dice);
        Ink memory ink = _ink(dice, by, Text(Move.Dispute, c.id, c.was.fundedAt, 0), isHonest);
        call = abi.encodeCall(
            escrow.disputeAndRule,
            (c.trade, uint128(idea.argument), REASONS, by, EVIDENCE, ink.signature, ink.consent.deadline)
        );
        expected = Model.refusalOfBoth(c.id, c.trade, c.was, idea, by, ink.consent);
    }

    // ---------------------------------------------------------------- calls

    function _directCall(Trade memory trade, Attempt memory idea) private view returns (bytes memory) {
        Move move = idea.move;
        if (move == Move.MarkPaid) return abi.encodeCall(escrow.markPaid, (trade));
        if (move == Move.GrantTime) return abi.encodeCall(escrow.grantTime, (trade, uint40(idea.argument)));
        if (move == Move.Reclaim) return abi.encodeCall(escrow.reclaim, (trade));
        if (move == Move.Release) return abi.encodeCall(escrow.release, (trade));
        if (move == Move.Cancel) return abi.encodeCall(escrow.cancel, (trade));
        if (move == Move.Dispute) return abi.encodeCall(escrow.dispute, (trade, EVIDENCE));
        if (move == Move.Rule) return abi.encodeCall(escrow.rule, (trade, uint128(idea.argument), EVIDENCE));
        return abi.encodeCall(escrow.timeout, (trade));
    }

    function _signedCall(Trade memory trade, Attempt memory idea, uint256 deadline, bytes memory signature)
        private
        view
        returns (bytes memory)
    {
        Move move = idea.move;
        if (move == Move.MarkPaid) return abi.encodeCall(escrow.markPaidBySig, (trade, deadline, signature));
        if (move == Move.Reclaim) return abi.encodeCall(escrow.reclaimBySig, (trade, deadline, signature));
        if (move == Move.Release) return abi.encodeCall(escrow.releaseBySig, (trade, deadline, signature));
        if (move == Move.Cancel) return abi.encodeCall(escrow.cancelBySig, (trade, deadline, signature));
        if (move == Move.GrantTime) {
            return abi.encodeCall(escrow.grantTimeBySig, (trade, uint40(idea.argument), deadline, signature));
        }
        if (move == Move.Dispute) {
            return abi.encodeCall(escrow.disputeBySig, (trade, EVIDENCE, idea.caller, deadline, signature));
        }
        return abi.encodeCall(escrow.ruleBySig, (trade, uint128(idea.argument), EVIDENCE, deadline, signature));
    }
}
