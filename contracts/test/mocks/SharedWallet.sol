// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A contract wallet of two owners who both must agree: with both signatures one after the other, or each by a call
/// beforehand, after which an empty signature will do (ERC-1271, as the usual multisigs have it).
contract SharedWallet {
    address private immutable _first;
    address private immutable _second;
    mapping(address owner => mapping(bytes32 digest => bool)) private _approved;

    constructor(address first, address second) {
        (_first, _second) = (first, second);
    }

    function approve(bytes32 digest) external {
        _approved[msg.sender][digest] = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool agreed = signature.length == 130
            ? _signer(digest, signature[:65]) == _first && _signer(digest, signature[65:]) == _second
            : signature.length == 0 && _approved[_first][digest] && _approved[_second][digest];
        return agreed ? this.isValidSignature.selector : bytes4(0xffffffff);
    }

    function _signer(bytes32 digest, bytes calldata signature) private pure returns (address) {
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s);
    }
}

/// @dev Makes shared wallets, and writes down what it can while it does so.
contract WritingFactory {
    uint256 public made;
    mapping(address owner => bool) public known;

    event Made(address wallet);

    function make(bytes32 salt, address first, address second) external returns (address wallet) {
        made += 1;
        known[first] = known[second] = true;
        wallet = address(new SharedWallet{salt: salt}(first, second));
        emit Made(wallet);
    }
}
