// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {Trade} from "../src/types/Trade.sol";
import {DISPUTED, FUNDED, NONE, PAID} from "../src/types/Word.sol";

enum Move {
    Fund,
    MarkPaid,
    GrantTime,
    Reclaim,
    Release,
    Cancel,
    Settle,
    Dispute,
    Rule,
    Timeout
}

uint256 constant MOVES = 10;

/// @dev What the contract knows of a trade.
struct Facts {
    uint8 status;
    uint256 since;
    uint256 fundedAt;
    uint256 payBy;
}

/// @dev One attempt. `argument` is the new payBy of GrantTime, or the buyer's part of Settle and Rule.
struct Attempt {
    Move move;
    address caller;
    uint256 time;
    uint256 argument;
}

/// @dev The table of moves, written a second time and as plainly as possible; the tests hold the contract against it.
library Model {
    /// @dev The selector of the error that an attempt must end with, zero when it must succeed.
    function verdict(Trade memory trade, Facts memory facts, Attempt memory attempt) internal pure returns (bytes4) {
        if (attempt.move == Move.Fund) {
            if (attempt.caller != trade.seller) return IEscrow.NotSeller.selector;
            return facts.status == NONE ? bytes4(0) : IEscrow.BadState.selector;
        }
        if (facts.status == NONE) return IEscrow.BadState.selector;
        bytes4 error = _who(trade, attempt);
        if (error == 0 && !_fits(facts.status, attempt.move)) error = IEscrow.BadState.selector;
        if (error == 0) error = _when(trade, facts, attempt);
        if (error == 0) error = _what(trade, facts, attempt);
        if (error == 0 && _closes(attempt.move) && attempt.time <= facts.fundedAt) error = IEscrow.TooEarly.selector;
        return error;
    }

    /// @dev What the trade is after an attempt that succeeded.
    function after_(Trade memory trade, Facts memory facts, Attempt memory attempt)
        internal
        pure
        returns (Facts memory)
    {
        if (attempt.move == Move.Fund) {
            return Facts(FUNDED, attempt.time, attempt.time, attempt.time + trade.payWindow);
        }
        if (attempt.move == Move.MarkPaid) return Facts(PAID, attempt.time, facts.fundedAt, facts.payBy);
        if (attempt.move == Move.Dispute) return Facts(DISPUTED, attempt.time, facts.fundedAt, facts.payBy);
        if (attempt.move == Move.GrantTime) return Facts(FUNDED, facts.since, facts.fundedAt, attempt.argument);
        return Facts(NONE, 0, 0, 0);
    }

    /// @dev What an attempt that succeeded and closed the trade gives the buyer before the fee, and the fee.
    function payout(Trade memory trade, Facts memory facts, Attempt memory attempt)
        internal
        pure
        returns (uint256 toBuyer, uint256 fee)
    {
        Move move = attempt.move;
        bool takesFee = true;
        if (move == Move.Release) {
            toBuyer = trade.amount;
        } else if (move == Move.Settle) {
            toBuyer = attempt.argument;
        } else if (move == Move.Rule) {
            (toBuyer, takesFee) = (attempt.argument, false);
        } else if (move == Move.Timeout && facts.status == PAID) {
            toBuyer = trade.amount;
        } else if (move == Move.Timeout && facts.status == DISPUTED) {
            (toBuyer, takesFee) = (trade.amount / 2, false);
        }
        if (takesFee) fee = toBuyer * trade.feeBps / 10_000;
    }

    function closes(Move move) internal pure returns (bool) {
        return _closes(move) || move == Move.Reclaim || move == Move.Timeout;
    }

    function _who(Trade memory trade, Attempt memory attempt) private pure returns (bytes4) {
        Move move = attempt.move;
        address caller = attempt.caller;
        if (move == Move.MarkPaid || move == Move.Cancel) {
            return caller == trade.buyer ? bytes4(0) : IEscrow.NotBuyer.selector;
        }
        if (move == Move.GrantTime || move == Move.Reclaim || move == Move.Release) {
            return caller == trade.seller ? bytes4(0) : IEscrow.NotSeller.selector;
        }
        if (move == Move.Dispute) {
            return caller == trade.seller || caller == trade.buyer ? bytes4(0) : IEscrow.NotParty.selector;
        }
        if (move == Move.Rule) return caller == trade.arbitrator ? bytes4(0) : IEscrow.NotArbitrator.selector;
        return 0;
    }

    function _fits(uint8 status, Move move) private pure returns (bool) {
        if (move == Move.MarkPaid || move == Move.GrantTime || move == Move.Reclaim) return status == FUNDED;
        if (move == Move.Dispute) return status == PAID;
        if (move == Move.Rule) return status == DISPUTED;
        return true;
    }

    function _when(Trade memory trade, Facts memory facts, Attempt memory attempt) private pure returns (bytes4) {
        Move move = attempt.move;
        uint256 time = attempt.time;
        if (move == Move.MarkPaid && time > facts.payBy + 1 days) return IEscrow.TooLate.selector;
        if (move == Move.Reclaim && time <= facts.payBy) return IEscrow.TooEarly.selector;
        if (move == Move.Rule && time > facts.since + trade.rulingWindow) return IEscrow.TooLate.selector;
        if (move != Move.Timeout) return 0;
        uint256 end = facts.status == FUNDED
            ? facts.payBy + 1 days
            : facts.since + (facts.status == PAID ? trade.releaseWindow : trade.rulingWindow);
        return time <= end ? IEscrow.TooEarly.selector : bytes4(0);
    }

    function _what(Trade memory trade, Facts memory facts, Attempt memory attempt) private pure returns (bytes4) {
        Move move = attempt.move;
        if (move == Move.GrantTime && (attempt.argument <= facts.payBy || attempt.argument > attempt.time + 14 days)) {
            return IEscrow.PayByOutOfRange.selector;
        }
        if ((move == Move.Settle || move == Move.Rule) && attempt.argument > trade.amount) {
            return IEscrow.ShareTooLarge.selector;
        }
        return 0;
    }

    function _closes(Move move) private pure returns (bool) {
        return move == Move.Release || move == Move.Cancel || move == Move.Settle || move == Move.Rule;
    }
}
