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
    Timeout,
    DisputeAndRule
}

/// @dev All but the last, which is two of the others in one call.
uint256 constant MOVES = 10;

/// @dev What the contract knows of a trade.
struct Facts {
    uint8 status;
    uint256 since;
    uint256 fundedAt;
    uint256 payBy;
}

/// @dev One attempt. `argument` is the new payBy of GrantTime, or the buyer's part of Settle and Rule. `caller` is who makes the
/// move: of a signed one, who is said to have signed.
struct Attempt {
    Move move;
    address caller;
    uint256 time;
    uint256 argument;
}

/// @dev A signature that comes with an attempt: until when it is good, and whether it is one at all.
struct Consent {
    uint256 deadline;
    bool isGood;
}

/// @dev The table of moves, written a second time and as plainly as possible; the tests hold the contract against it. A refusal is the
/// error that an attempt must end with, to its last argument; none means that it must succeed.
library Model {
    bytes private constant NO_REFUSAL = "";

    /// @dev The selector of the refusal, zero when the attempt must succeed.
    function verdict(Trade memory trade, Facts memory facts, Attempt memory attempt) internal pure returns (bytes4) {
        return bytes4(refusal(0, trade, facts, attempt));
    }

    // ---------------------------------------------------------------- refusals

    /// @dev Of a move that `attempt.caller` makes himself; of Settle and DisputeAndRule, with good signatures of all others.
    function refusal(bytes32 id, Trade memory trade, Facts memory facts, Attempt memory attempt)
        internal
        pure
        returns (bytes memory error)
    {
        if (attempt.move == Move.Fund) {
            if (attempt.caller != trade.seller) {
                return abi.encodeWithSelector(IEscrow.NotSeller.selector, attempt.caller);
            }
            return facts.status == NONE ? NO_REFUSAL : _badState(id, facts);
        }
        if (facts.status == NONE) return _badState(id, facts);
        error = _who(trade, attempt);
        return error.length != 0 ? error : _fits(id, trade, facts, attempt);
    }

    /// @dev Of a move that anybody brings with a signature.
    function refusalOfSigned(
        bytes32 id,
        Trade memory trade,
        Facts memory facts,
        Attempt memory attempt,
        Consent memory consent
    ) internal pure returns (bytes memory error) {
        if (facts.status == NONE) return _badState(id, facts);
        if (attempt.move == Move.Dispute) error = _isParty(trade, attempt.caller);
        if (error.length == 0) error = refusalOfConsent(seat(trade, attempt), attempt.time, consent);
        return error.length != 0 ? error : _fits(id, trade, facts, attempt);
    }

    /// @dev Of Settle: of the parties, whoever does not bring it himself must have signed it.
    function refusalOfSettle(
        bytes32 id,
        Trade memory trade,
        Facts memory facts,
        Attempt memory attempt,
        Consent memory bySeller,
        Consent memory byBuyer
    ) internal pure returns (bytes memory error) {
        if (facts.status == NONE) return _badState(id, facts);
        if (attempt.caller != trade.seller) error = refusalOfConsent(trade.seller, attempt.time, bySeller);
        if (error.length == 0 && attempt.caller != trade.buyer) {
            error = refusalOfConsent(trade.buyer, attempt.time, byBuyer);
        }
        return error.length != 0 ? error : _fits(id, trade, facts, attempt);
    }

    /// @dev Of DisputeAndRule with a dispute that `by` is said to have signed.
    function refusalOfBoth(
        bytes32 id,
        Trade memory trade,
        Facts memory facts,
        Attempt memory attempt,
        address by,
        Consent memory consent
    ) internal pure returns (bytes memory error) {
        if (facts.status == NONE) return _badState(id, facts);
        error = _who(trade, attempt);
        if (error.length == 0) error = _isParty(trade, by);
        if (error.length == 0) error = refusalOfConsent(by, attempt.time, consent);
        return error.length != 0 ? error : _fits(id, trade, facts, attempt);
    }

    function refusalOfConsent(address signer, uint256 time, Consent memory consent)
        internal
        pure
        returns (bytes memory)
    {
        if (time > consent.deadline) {
            return abi.encodeWithSelector(IEscrow.Expired.selector, time, consent.deadline);
        }
        return consent.isGood ? NO_REFUSAL : abi.encodeWithSelector(IEscrow.BadSignature.selector, signer);
    }

    /// @dev Of terms that cannot be funded.
    function refusalOfTerms(Trade memory trade, address escrow) internal pure returns (bytes memory) {
        (address seller, address buyer, address arbitrator) = (trade.seller, trade.buyer, trade.arbitrator);
        bool areBad = buyer == address(0) || buyer == seller || buyer == escrow;
        if (areBad || arbitrator == address(0) || arbitrator == seller || arbitrator == buyer) {
            return abi.encodeWithSelector(IEscrow.BadParties.selector, seller, buyer, arbitrator);
        }
        if (trade.amount == 0) return abi.encodeWithSelector(IEscrow.ZeroAmount.selector);
        if (trade.feeBps > 200) return abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, trade.feeBps, 200);
        bytes memory error = _range(IEscrow.PayWindowOutOfRange.selector, trade.payWindow, 20 minutes, 14 days);
        if (error.length == 0) {
            error = _range(IEscrow.ReleaseWindowOutOfRange.selector, trade.releaseWindow, 3 days, 30 days);
        }
        if (error.length == 0) {
            error = _range(IEscrow.RulingWindowOutOfRange.selector, trade.rulingWindow, 1 days, 90 days);
        }
        return error;
    }

    // ---------------------------------------------------------------- consequences

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
        } else if (move == Move.Rule || move == Move.DisputeAndRule) {
            (toBuyer, takesFee) = (attempt.argument, false);
        } else if (move == Move.Timeout && facts.status == PAID) {
            toBuyer = trade.amount;
        } else if (move == Move.Timeout && facts.status == DISPUTED) {
            (toBuyer, takesFee) = (trade.amount / 2, false);
        }
        if (takesFee) fee = toBuyer * trade.feeBps / 10_000;
    }

    function closes(Move move) internal pure returns (bool) {
        return move != Move.Fund && move != Move.MarkPaid && move != Move.GrantTime && move != Move.Dispute;
    }

    /// @dev Whose move it is; a dispute is his who makes it.
    function seat(Trade memory trade, Attempt memory attempt) internal pure returns (address) {
        Move move = attempt.move;
        if (move == Move.MarkPaid || move == Move.Cancel) return trade.buyer;
        if (move == Move.Rule || move == Move.DisputeAndRule) return trade.arbitrator;
        return move == Move.Dispute ? attempt.caller : trade.seller;
    }

    /// @dev The last second in which nobody but the parties and the arbitrator can move a live trade.
    function end(Trade memory trade, Facts memory facts) internal pure returns (uint256) {
        if (facts.status == FUNDED) return facts.payBy + 1 days;
        return facts.since + (facts.status == PAID ? trade.releaseWindow : trade.rulingWindow);
    }

    // ---------------------------------------------------------------- the checks, in their order

    function _who(Trade memory trade, Attempt memory attempt) private pure returns (bytes memory) {
        (Move move, address caller) = (attempt.move, attempt.caller);
        if (move == Move.Settle || move == Move.Timeout) return NO_REFUSAL;
        if (move == Move.Dispute) return _isParty(trade, caller);
        if (caller == seat(trade, attempt)) return NO_REFUSAL;
        if (move == Move.MarkPaid || move == Move.Cancel) {
            return abi.encodeWithSelector(IEscrow.NotBuyer.selector, caller);
        }
        bool isRuling = move == Move.Rule || move == Move.DisputeAndRule;
        return abi.encodeWithSelector(isRuling ? IEscrow.NotArbitrator.selector : IEscrow.NotSeller.selector, caller);
    }

    function _isParty(Trade memory trade, address account) private pure returns (bytes memory) {
        if (account == trade.seller || account == trade.buyer) return NO_REFUSAL;
        return abi.encodeWithSelector(IEscrow.NotParty.selector, account);
    }

    function _fits(bytes32 id, Trade memory trade, Facts memory facts, Attempt memory attempt)
        private
        pure
        returns (bytes memory error)
    {
        if (!_isMoveOf(facts.status, attempt.move)) return _badState(id, facts);
        error = _when(trade, facts, attempt);
        if (error.length == 0) error = _what(trade, facts, attempt);
        if (error.length == 0 && closes(attempt.move)) error = _notBefore(attempt.time, facts.fundedAt + 1);
    }

    function _isMoveOf(uint8 status, Move move) private pure returns (bool) {
        if (move == Move.MarkPaid || move == Move.GrantTime || move == Move.Reclaim) return status == FUNDED;
        if (move == Move.Dispute || move == Move.DisputeAndRule) return status == PAID;
        if (move == Move.Rule) return status == DISPUTED;
        return true;
    }

    function _when(Trade memory trade, Facts memory facts, Attempt memory attempt) private pure returns (bytes memory) {
        if (attempt.move == Move.MarkPaid) return _notAfter(attempt.time, facts.payBy + 1 days);
        if (attempt.move == Move.Rule) return _notAfter(attempt.time, facts.since + trade.rulingWindow);
        if (attempt.move == Move.Reclaim) return _notBefore(attempt.time, facts.payBy + 1);
        return attempt.move == Move.Timeout ? _notBefore(attempt.time, end(trade, facts) + 1) : NO_REFUSAL;
    }

    function _what(Trade memory trade, Facts memory facts, Attempt memory attempt) private pure returns (bytes memory) {
        (Move move, uint256 argument) = (attempt.move, attempt.argument);
        if (move == Move.GrantTime) {
            return _range(IEscrow.PayByOutOfRange.selector, argument, facts.payBy + 1, attempt.time + 14 days);
        }
        bool divides = move == Move.Settle || move == Move.Rule || move == Move.DisputeAndRule;
        if (!divides || argument <= trade.amount) return NO_REFUSAL;
        return abi.encodeWithSelector(IEscrow.ShareTooLarge.selector, argument, trade.amount);
    }

    function _notBefore(uint256 time, uint256 from) private pure returns (bytes memory) {
        return time >= from ? NO_REFUSAL : abi.encodeWithSelector(IEscrow.TooEarly.selector, time, from);
    }

    function _notAfter(uint256 time, uint256 until) private pure returns (bytes memory) {
        return time <= until ? NO_REFUSAL : abi.encodeWithSelector(IEscrow.TooLate.selector, time, until);
    }

    function _range(bytes4 error, uint256 value, uint256 min, uint256 max) private pure returns (bytes memory) {
        return value >= min && value <= max ? NO_REFUSAL : abi.encodeWithSelector(error, value, min, max);
    }

    function _badState(bytes32 id, Facts memory facts) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.BadState.selector, id, facts.status);
    }
}
