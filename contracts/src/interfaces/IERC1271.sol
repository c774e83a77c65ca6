// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A contract that has signatures of its own (ERC-1271).
interface IERC1271 {
    /// @return magic 0x1626ba7e when `signature` is the contract's signature over `digest`.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4 magic);
}
