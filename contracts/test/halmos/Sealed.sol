// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Proof} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

/// @dev The shapes of a signature: 65 bytes, the 64 of ERC-2098, any other length, and a contract wallet asked about 65 bytes.
enum Shape {
    Long,
    Short,
    Odd,
    Wallet
}

/// @dev A contract wallet that answers every question with one word, and takes coins.
contract OneWordWallet {
    bytes32 private immutable _word;

    constructor(bytes32 word) {
        _word = word;
    }

    receive() external payable {}

    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(_word);
    }
}

/// @dev Signatures of which nothing is known. Whom one recovers to is an unknown function of digest and signature, which the prover may
/// choose, so it holds for any forger; the digests are built here by the book.
abstract contract Sealed is Proof {
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    bytes32 private constant YES = bytes32(bytes4(0x1626ba7e));

    bytes32 private _answer;

    function newWallet() internal returns (address) {
        _answer = ANY.createBytes32("answer");
        return address(new OneWordWallet(_answer));
    }

    function anySignature(Shape shape) internal returns (bytes memory) {
        if (shape == Shape.Short) return ANY.createBytes(64, "signature");
        if (shape != Shape.Odd) return ANY.createBytes(65, "signature");
        if (ANY.createBool("isShorter")) return ANY.createBytes(63, "signature");
        return ANY.createBytes(66, "signature");
    }

    function isSigned(address signer, bytes32 digest, bytes memory signature, Shape shape)
        internal
        pure
        returns (bool)
    {
        if (shape == Shape.Odd) return false;
        (bytes32 r, bytes32 s) = _words(signature);
        uint8 v;
        if (shape == Shape.Short) {
            v = 27 + uint8(uint256(s) >> 255);
            s = s << 1 >> 1;
        } else {
            v = uint8(signature[64]);
        }
        return uint256(s) <= MAX_S && ecrecover(digest, v, r, s) == signer;
    }

    function saysYes() internal view returns (bool) {
        return _answer == YES;
    }

    function _words(bytes memory signature) private pure returns (bytes32 r, bytes32 s) {
        assembly {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
    }

    /// @param move Such as "MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)".
    /// @param fields The encoded fields, a nested Trade as its id.
    function digestOf(string memory move, bytes memory fields) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(bytes(string.concat(move, TRADE_TYPE)));
        return keccak256(abi.encodePacked("\x19\x01", domainSeparator(), keccak256(bytes.concat(typeHash, fields))));
    }

    function domainSeparator() internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Parley"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
    }
}
