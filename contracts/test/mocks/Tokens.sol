// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev A token with switches for everything that tokens are known to do wrong.
contract OddToken is ERC20("Odd", "ODD") {
    enum Oddity {
        None,
        AnswersNothing,
        AnswersFalse,
        AnswersTwo,
        AnswersTwoWords,
        AnswersOneByte,
        Reverts,
        BurnsGas,
        ReturnBomb,
        WantsGas
    }

    Oddity public oddity;
    uint256 public cutBps;
    uint256 public giftBps;
    mapping(address account => bool) public isBlocked;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function setOddity(Oddity oddity_) external {
        oddity = oddity_;
    }

    function setCut(uint256 bps) external {
        cutBps = bps;
    }

    /// @dev How much more than was moved arrives.
    function setGift(uint256 bps) external {
        giftBps = bps;
    }

    function setBlocked(address account, bool blocked) external {
        isBlocked[account] = blocked;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        require(oddity != Oddity.WantsGas || gasleft() > 290_000, "more gas");
        if (_moves()) super.transfer(to, amount);
        _answer();
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (_moves()) super.transferFrom(from, to, amount);
        _answer();
        return true;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!isBlocked[from] && !isBlocked[to], "blocked");
        super._update(from, to, amount);
        if (cutBps != 0 && from != address(0) && to != address(0)) {
            super._update(to, address(0xdead), amount * cutBps / 10_000);
        }
        if (giftBps != 0 && from != address(0) && to != address(0)) {
            super._update(address(0), to, amount * giftBps / 10_000);
        }
    }

    /// @dev Whoever does not say so has not moved anything.
    function _moves() private view returns (bool) {
        return oddity != Oddity.AnswersFalse && oddity != Oddity.AnswersTwo && oddity != Oddity.AnswersOneByte;
    }

    function _answer() private view {
        if (oddity == Oddity.Reverts) revert("odd");
        if (oddity == Oddity.BurnsGas) while (true) {}
        uint256 answer = oddity == Oddity.AnswersFalse ? 0 : oddity == Oddity.AnswersTwo ? 2 : 1;
        uint256 size = 32;
        if (oddity == Oddity.AnswersNothing) size = 0;
        if (oddity == Oddity.AnswersTwoWords) size = 64;
        if (oddity == Oddity.AnswersOneByte) (size, answer) = (1, 1 << 248);
        if (oddity == Oddity.ReturnBomb) size = 1_000_000;
        assembly {
            mstore(0, answer)
            return(0, size)
        }
    }
}

/// @dev Calls the sender before it moves his tokens, as ERC-777 does, and takes a cut of what it moves.
contract HookedToken is ERC20("Hooked", "HOOK") {
    uint256 public cutBps;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setCut(uint256 bps) external {
        cutBps = bps;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        ISender(from).tokensToSend();
        super.transferFrom(from, to, amount);
        if (cutBps != 0) _transfer(to, address(0xdead), amount * cutBps / 10_000);
        return true;
    }
}

interface ISender {
    function tokensToSend() external;
}
