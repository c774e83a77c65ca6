// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Many small choices out of one seed, so that a run is told by its seeds alone.
struct Dice {
    uint256 left;
}

using {roll, oneIn} for Dice global;

function shake(uint256 seed) pure returns (Dice memory) {
    return Dice(uint256(keccak256(abi.encode(seed))));
}

/// @dev 0 .. sides - 1. What has been used up is mixed anew.
function roll(Dice memory self, uint256 sides) pure returns (uint256 face) {
    uint256 left = self.left;
    if (left >> 128 == 0) left = uint256(keccak256(abi.encode(left)));
    face = left % sides;
    self.left = left / sides;
}

function oneIn(Dice memory self, uint256 sides) pure returns (bool) {
    return roll(self, sides) == 0;
}
