// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";

/// @dev A contract wallet that takes its money in different moods, and whose signature of anything is the word "agreed".
contract AgreeingWallet {
    enum Mood {
        Takes,
        Refuses,
        Burns,
        Bombs,
        CallsBack
    }

    IEscrow private immutable _escrow;
    Mood private _mood;

    constructor(address escrow) {
        _escrow = IEscrow(escrow);
    }

    function setMood(Mood mood) external {
        _mood = mood;
    }

    function isValidSignature(bytes32, bytes calldata signature) external view returns (bytes4) {
        return keccak256(signature) == keccak256("agreed") ? this.isValidSignature.selector : bytes4(0);
    }

    receive() external payable {
        if (_mood == Mood.Refuses) revert("not now");
        if (_mood == Mood.Burns) while (true) {}
        if (_mood == Mood.Bombs) {
            assembly {
                revert(0, 1000000)
            }
        }
        if (_mood == Mood.CallsBack) {
            // What it was owed before it may have; what it is being paid it must not get twice.
            try _escrow.withdraw(address(0), address(this)) {} catch {}
        }
    }
}
