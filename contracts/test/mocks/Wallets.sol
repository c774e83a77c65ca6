// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A contract wallet with one owner's key (ERC-1271).
contract OwnedWallet {
    address private immutable _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view virtual returns (bytes4) {
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s) == _owner ? this.isValidSignature.selector : bytes4(0);
    }

    receive() external payable {}
}

/// @dev Answers what it was built with, whatever is asked.
contract OddWallet {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @dev Has no opinion but breaks.
contract BrokenWallet {
    fallback() external {
        revert("broken");
    }
}

/// @dev Burns all the gas it is given.
contract BurningWallet {
    fallback() external {
        while (true) {}
    }
}

/// @dev Tries to change something while being asked.
contract WritingWallet {
    uint256 public asked;

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        asked += 1;
        return this.isValidSignature.selector;
    }
}

/// @dev Says yes, after a long thought.
contract ThirstyWallet {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 gas = gasleft();
        while (gas - gasleft() < 300_000) {}
        return this.isValidSignature.selector;
    }

    receive() external payable {}
}
