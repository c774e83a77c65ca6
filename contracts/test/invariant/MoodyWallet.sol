// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";

/// @dev A contract wallet with one owner's key, which takes its money in different moods and answers for signatures in others.
contract MoodyWallet {
    enum Mood {
        Takes,
        Refuses,
        Burns,
        Bombs,
        CallsBack
    }

    enum Word {
        Honest,
        Yes,
        No,
        Breaks,
        Burns
    }

    IEscrow private immutable _escrow;
    address private immutable _owner;
    Mood private _mood;
    Word private _word;

    constructor(address escrow, address owner) {
        (_escrow, _owner) = (IEscrow(escrow), owner);
    }

    function become(Mood mood, Word word) external {
        (_mood, _word) = (mood, word);
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (_word == Word.Burns) _burn();
        if (_word == Word.Breaks) revert("broken");
        bool isGood = _word == Word.Yes || (_word == Word.Honest && _isOwners(digest, signature));
        return isGood ? this.isValidSignature.selector : bytes4(0xffffffff);
    }

    function _isOwners(bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signature.length != 65) return false;
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        bool isTwin = uint256(s) >> 255 != 0;
        return !isTwin && ecrecover(digest, uint8(signature[64]), r, s) == _owner;
    }

    receive() external payable {
        if (_mood == Mood.Refuses) revert("not now");
        if (_mood == Mood.Burns) _burn();
        if (_mood == Mood.Bombs) {
            assembly {
                revert(0, 160000) // within its gas, and none of its payer's
            }
        }
        if (_mood == Mood.CallsBack) {
            // What it was owed before it may have; what it is being paid it must not get twice.
            try _escrow.withdraw(address(0), address(this)) {} catch {}
        }
    }

    /// @dev All gas at once: the same for who calls it as an endless loop, and quicker for who tests it.
    function _burn() private pure {
        assembly {
            invalid()
        }
    }
}
