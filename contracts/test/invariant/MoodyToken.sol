// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A token in the hands of its issuer, who may at any time block accounts, pause it, take a cut, or break its answers. It asks
/// for no allowance.
contract MoodyToken {
    enum Mood {
        Honest,
        Silent,
        TakesCut,
        AnswersFalse,
        Paused,
        Burns
    }

    /// @dev What it keeps of each transfer in the mood for it.
    uint256 public constant CUT = 1;

    Mood private _mood;
    mapping(address account => uint256) public balanceOf;
    mapping(address account => bool) private _isBlocked;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function become(Mood mood) external {
        _mood = mood;
    }

    function block_(address account, bool isBlocked) external {
        _isBlocked[account] = isBlocked;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _transfer(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _transfer(from, to, amount);
    }

    function _transfer(address from, address to, uint256 amount) private returns (bool) {
        Mood mood = _mood;
        require(mood != Mood.Paused, "paused");
        require(!_isBlocked[from] && !_isBlocked[to], "blocked");
        if (mood == Mood.Burns) {
            assembly {
                invalid()
            }
        }
        if (mood == Mood.AnswersFalse) return false;
        balanceOf[from] -= amount;
        balanceOf[to] += mood == Mood.TakesCut ? amount - CUT : amount;
        if (mood == Mood.Silent) {
            assembly {
                return(0, 0)
            }
        }
        return true;
    }
}
