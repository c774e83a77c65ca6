// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attempt, Facts, Model, Move} from "../Model.sol";
import {NONE, Trade} from "../Words.sol";
import {Dice} from "./Dice.sol";
import {Ledger} from "./Ledger.sol";
import {Pen} from "./Pen.sol";

/// @dev All trades so far and what the model says of each; how a call is made, and held against what was foretold.
abstract contract Walk is Pen {
    uint256 private constant GAS = 10_000_000;
    /// @dev How many of the latest trades get most of the attention, so that many of them come to an end.
    uint256 private constant CURRENT = 12;
    /// @dev Foretells a refusal without a word, as of a wallet that burns what it is given.
    bytes internal constant SILENCE = "silence";

    struct Case {
        bytes32 id;
        Trade trade;
        Facts was;
    }

    Ledger public ledger;
    Trade[] private _trades;
    bytes32[] private _ids;
    mapping(bytes32 id => Facts) internal _facts;
    mapping(bytes32 id => mapping(uint256 fundedAt => bool)) private _wasFunded;
    mapping(bytes32 id => mapping(uint256 fundedAt => bool)) private _wasClosed;
    mapping(bytes32 id => uint256) private _closedAt;

    /// @dev By function; a batch counts when it did at least one of its moves.
    mapping(bytes4 selector => uint256) public successes;
    mapping(bytes4 selector => uint256) public refusals;
    /// @dev By error.
    mapping(bytes4 selector => uint256) public met;
    uint256 public fundings;
    /// @dev Of ids that were closed before; and in the very second in which they were closed.
    uint256 public refundings;
    uint256 public refundingsAtOnce;
    uint256 public closings;

    // ---------------------------------------------------------------- trades

    function tradeCount() public view returns (uint256) {
        return _trades.length;
    }

    /// @dev Mostly a live one.
    function _anyCase(Dice memory dice) internal view returns (Case memory) {
        uint256 number = _anyNumber(dice);
        for (uint256 i = 0; i < 3 && _facts[_ids[number]].status == NONE; i++) {
            number = _anyNumber(dice);
        }
        return _case(number);
    }

    function _anyNumber(Dice memory dice) internal view returns (uint256) {
        uint256 count = _trades.length;
        return count - 1 - dice.roll(count < CURRENT || dice.oneIn(8) ? count : CURRENT);
    }

    function _case(uint256 number) internal view returns (Case memory) {
        bytes32 id = _ids[number];
        return Case(id, _trades[number], _facts[id]);
    }

    // ---------------------------------------------------------------- a call and what it must do

    /// @param expected The refusal, to its last byte; empty when the call must succeed.
    function _send(address sender, uint256 value, bytes memory call, bytes memory expected)
        internal
        returns (bytes memory answer)
    {
        bool ok;
        vm.recordLogs();
        vm.prank(sender);
        (ok, answer) = address(escrow).call{value: value, gas: GAS}(call);
        if (expected.length != 0) {
            assertFalse(ok, "must be refused");
            bool isSilent = keccak256(expected) == keccak256(SILENCE);
            assertEq(answer, isSilent ? bytes("") : expected, "refusal");
            refusals[bytes4(call)] += 1;
            met[bytes4(answer)] += 1;
            return answer;
        }
        if (!ok) assertEq(answer, "", "must succeed");
        assertTrue(ok, "must succeed");
        ledger.read(address(escrow));
    }

    function _count(bytes4 selector) internal {
        successes[selector] += 1;
    }

    /// @dev Invariant 2: what the model makes of a move that was made: once for each funding, all of it, to the two and the fees.
    function _note(Case memory c, Attempt memory attempt) internal {
        _facts[c.id] = Model.after_(c.trade, c.was, attempt);
        if (attempt.move == Move.Fund) _noteFunding(c, attempt.time);
        else if (Model.closes(attempt.move)) _noteClosing(c, attempt);
    }

    function _noteFunding(Case memory c, uint256 fundedAt) private {
        assertFalse(_wasFunded[c.id][fundedAt], "two fundings in one second");
        _wasFunded[c.id][fundedAt] = true;
        _live[c.trade.token] += c.trade.amount;
        _funds[c.trade.token][c.trade.seller] -= c.trade.amount;
        fundings += 1;
        if (_closedAt[c.id] != 0) {
            refundings += 1;
            if (_closedAt[c.id] == fundedAt) refundingsAtOnce += 1;
        } else {
            _trades.push(c.trade);
            _ids.push(c.id);
        }
    }

    function _noteClosing(Case memory c, Attempt memory attempt) private {
        assertFalse(_wasClosed[c.id][c.was.fundedAt], "closed twice");
        _wasClosed[c.id][c.was.fundedAt] = true;
        _closedAt[c.id] = attempt.time;
        (uint256 toBuyer, uint256 fee) = Model.payout(c.trade, c.was, attempt);
        _live[c.trade.token] -= c.trade.amount;
        _earned[c.trade.token] += fee;
        _pays(c.trade.token, c.trade.buyer, toBuyer - fee);
        _pays(c.trade.token, c.trade.seller, c.trade.amount - toBuyer);
        closings += 1;
    }

    // ---------------------------------------------------------------- what must be true

    /// @dev After every attempt, made or refused: the trade stands where the model says, and everybody has what he must.
    function _check(Case memory c) internal view {
        _checkFacts(c.id);
        _checkSolvency(c.trade.token);
        _checkMoney(c.trade.token, c.trade.seller);
        _checkMoney(c.trade.token, c.trade.buyer);
    }

    function _checkFacts(bytes32 id) private view {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        Facts storage facts = _facts[id];
        bool isRight =
            status == facts.status && since == facts.since && fundedAt == facts.fundedAt && payBy == facts.payBy;
        assertTrue(isRight, "facts");
    }

    /// @dev The same for all trades, all assets and all actors; and 12: the events alone tell the same.
    function checkAll() public view {
        for (uint256 i = 0; i < _ids.length; i++) {
            _checkFacts(_ids[i]);
            assertEq(abi.encode(ledger.factsOf(_ids[i])), abi.encode(_facts[_ids[i]]), "facts by events");
        }
        address[3] memory tokens = _tokens();
        for (uint256 t = 0; t < 3; t++) {
            _checkSolvency(tokens[t]);
            assertEq(ledger.feesOf(tokens[t]), _earned[tokens[t]], "fees by events");
            for (uint256 i = 0; i < ACTORS; i++) {
                _checkMoney(tokens[t], actors[i]);
                assertEq(ledger.creditOf(tokens[t], actors[i]), _owed[tokens[t]][actors[i]], "credit by events");
            }
        }
    }
}
