// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev All that is stored of a live trade, in one storage word: `payBy 40 | fundedAt 40 | since 40 | status 8`, lowest bits last.
/// A closed trade, like one never funded, is the zero word.
type Word is uint256;

/// @dev Where a trade stands.
uint8 constant NONE = 0;
uint8 constant FUNDED = 1;
uint8 constant PAID = 2;
uint8 constant DISPUTED = 3;

/// @dev A closed trade, or one that was never funded.
Word constant NO_WORD = Word.wrap(0);

using {status, since, fundedAt, payBy, withStatus, withPayBy} for Word global;

/// @dev The word of a trade funded at `at` that the buyer has to pay by `until`.
function fundedWord(uint40 at, uint40 until) pure returns (Word) {
    return Word.wrap(uint256(until) << 88 | uint256(at) << 48 | uint256(at) << 8 | FUNDED);
}

/// @dev NONE, FUNDED, PAID or DISPUTED.
function status(Word word) pure returns (uint8) {
    return uint8(Word.unwrap(word));
}

/// @dev When the trade came into this status.
function since(Word word) pure returns (uint40) {
    return uint40(Word.unwrap(word) >> 8);
}

/// @dev When the trade was funded; every signature names it, so none outlives this funding.
function fundedAt(Word word) pure returns (uint40) {
    return uint40(Word.unwrap(word) >> 48);
}

/// @dev The last second in which the buyer is in time to pay.
function payBy(Word word) pure returns (uint40) {
    return uint40(Word.unwrap(word) >> 88);
}

/// @dev The same trade in another status, entered at `at`.
function withStatus(Word word, uint8 newStatus, uint40 at) pure returns (Word) {
    return Word.wrap((Word.unwrap(word) >> 48) << 48 | uint256(at) << 8 | newStatus);
}

/// @dev The same trade with another time to pay.
function withPayBy(Word word, uint40 until) pure returns (Word) {
    return Word.wrap(uint256(until) << 88 | uint256(uint88(Word.unwrap(word))));
}
