// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {FUNDED, fundedWord, Word} from "../../src/types/Word.sol";

/// @dev The stored word keeps its four fields apart, for all that they can hold.
contract WordTest is Test {
    function testFuzz_KeepsItsFieldsApart(uint40 at, uint40 payBy, uint8 status, uint40 later, uint40 newPayBy)
        external
        pure
    {
        Word word = fundedWord(at, payBy);
        _assertFields(word, FUNDED, at, at, payBy);
        word = word.withStatus(status, later);
        _assertFields(word, status, later, at, payBy);
        word = word.withPayBy(newPayBy);
        _assertFields(word, status, later, at, newPayBy);
    }

    function _assertFields(Word word, uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) private pure {
        assertEq(word.status(), status);
        assertEq(word.since(), since);
        assertEq(word.fundedAt(), fundedAt);
        assertEq(word.payBy(), payBy);
        assertEq(Word.unwrap(word) >> 128, 0);
    }
}
