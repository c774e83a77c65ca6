// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Does not want to be paid, until told otherwise.
contract Refuser {
    bool public willing;

    function relent() external {
        willing = true;
    }

    receive() external payable {
        require(willing, "no");
    }
}

/// @dev Burns all the gas it is given.
contract GasBurner {
    receive() external payable {
        while (true) {}
    }
}

/// @dev Takes the money and answers with a megabyte.
contract ReturnBomb {
    receive() external payable {
        assembly {
            return(0, 1000000)
        }
    }
}

/// @dev Refuses with a megabyte.
contract RevertBomb {
    receive() external payable {
        assembly {
            revert(0, 1000000)
        }
    }
}

/// @dev Does what it was told when paid, and notes what came of it.
contract Reenterer {
    address private _target;
    bytes private _data;
    bool public entered;
    bool public succeeded;
    bytes32 public answerHash;

    function plan(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    receive() external payable {
        _act();
    }

    /// @dev As a CallbackToken calls the two ends of a transfer.
    function onToken() external {
        _act();
    }

    function _act() private {
        if (_target == address(0) || entered) return;
        entered = true;
        bytes memory answer;
        (succeeded, answer) = _target.call(_data);
        answerHash = keccak256(answer);
    }
}
