// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibCall} from "solady/src/utils/LibCall.sol";

import {IERC1271} from "../interfaces/IERC1271.sol";

/// @title Asks a wallet that does not stand on the chain yet whether a signature is its own (ERC-6492).
/// @notice Never deployed, and no part of the escrow. Its constructor runs inside one eth_call, which puts the wallet there
/// by the factory that the signature names, asks it, and forgets all of it again: nothing that a factory does there lasts.
contract AskWallet {
    /// @dev The escrow gives a wallet the same for its answer.
    uint256 private constant SIGNATURE_GAS = 400_000;
    uint256 private constant FACTORY_GAS = 3_000_000;

    /// @dev What the call returns, as one word.
    uint256 private constant NOT_THERE = 0;
    uint256 private constant REFUSED = 1;
    uint256 private constant ACCEPTED = 2;

    constructor(address account, bytes32 digest, address factory, bytes memory factoryCall, bytes memory signature) {
        // A wallet that stands already is never prepared by a call that a stranger wrote.
        if (account.code.length == 0) LibCall.tryCall(factory, 0, FACTORY_GAS, 0, factoryCall);
        uint256 answer = account.code.length == 0 ? NOT_THERE : _ask(account, digest, signature);
        // Instead of code: a constructor has no other way to give something back.
        assembly ("memory-safe") {
            mstore(0, answer)
            return(0, 32)
        }
    }

    function _ask(address account, bytes32 digest, bytes memory signature) private view returns (uint256) {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        (bool ok,, bytes memory answer) = LibCall.tryStaticCall(account, SIGNATURE_GAS, 32, question);
        bool accepts = ok && answer.length == 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
        return accepts ? ACCEPTED : REFUSED;
    }
}
