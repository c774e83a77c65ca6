// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Values the prover knows nothing about but their type.
interface Symbols {
    function createUint(uint256 bits, string memory name) external returns (uint256);
    function createAddress(string memory name) external returns (address);
    function createBytes32(string memory name) external returns (bytes32);
    function createBool(string memory name) external returns (bool);
    function createBytes(uint256 size, string memory name) external returns (bytes memory);
}

Symbols constant ANY = Symbols(address(uint160(uint256(keccak256("svm cheat code")))));
