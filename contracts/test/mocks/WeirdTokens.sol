// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev A plain token. The others here differ from it in one thing, and only when they are weird.
contract PlainToken is ERC20("Plain", "PLAIN") {
    bool public isWeird;

    function setWeird(bool weird) external {
        isWeird = weird;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev Keeps a hundredth of what is moved.
contract FeeToken is PlainToken {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (isWeird && from != address(0) && to != address(0)) super._update(to, address(0xdead), amount / 100);
    }
}

/// @dev Every balance is what it was, times `factor`, by 100. Weird is 200 for one that grows and 50 for one that shrinks.
contract RebasingToken is PlainToken {
    uint256 private immutable _weirdFactor;

    constructor(uint256 weirdFactor) {
        _weirdFactor = weirdFactor;
    }

    function factor() public view returns (uint256) {
        return isWeird ? _weirdFactor : 100;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) * factor() / 100;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount * 100 / factor());
    }
}

/// @dev Says no by answering false.
contract FalseToken is PlainToken {
    function transfer(address to, uint256 amount) public override returns (bool) {
        return !isWeird && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !isWeird && super.transferFrom(from, to, amount);
    }
}

/// @dev Answers with as many bytes as it was told. When they are too few to say yes, it has not moved anything either.
contract AnsweringToken is PlainToken {
    uint256 private immutable _size;

    constructor(uint256 size) {
        _size = size;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (_moves()) super.transfer(to, amount);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (_moves()) super.transferFrom(from, to, amount);
        return _answer();
    }

    function _moves() private view returns (bool) {
        return !isWeird || _size == 0 || _size >= 32;
    }

    function _answer() private view returns (bool) {
        uint256 size = isWeird ? _size : 32;
        assembly {
            mstore(0, 1)
            return(0, size)
        }
    }
}

/// @dev Moves nothing of or to an account on its list.
contract BlockingToken is PlainToken {
    address public blocked;

    constructor(address account) {
        blocked = account;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!isWeird || (from != blocked && to != blocked), "blocked");
        super._update(from, to, amount);
    }
}

/// @dev Moves nothing for a while.
contract PausingToken is PlainToken {
    function _update(address from, address to, uint256 amount) internal override {
        require(!isWeird || from == address(0), "paused");
        super._update(from, to, amount);
    }
}

/// @dev Changes how its units are to be shown.
contract DecimalsToken is PlainToken {
    function decimals() public view override returns (uint8) {
        return isWeird ? 6 : 18;
    }
}

/// @dev Lets nobody change an allowance from one number to another.
contract CautiousToken is PlainToken {
    function approve(address spender, uint256 amount) public override returns (bool) {
        require(!isWeird || amount == 0 || allowance(msg.sender, spender) == 0, "reset it first");
        return super.approve(spender, amount);
    }
}

/// @dev Its code is another's, which can be put in the place of the first.
contract UpgradedToken is PlainToken {
    address private immutable _next;

    constructor(address next) {
        _next = next;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (!isWeird) return super.transfer(to, amount);
        (bool ok, bytes memory answer) = _next.delegatecall(msg.data);
        assembly {
            switch ok
            case 0 { revert(add(answer, 0x20), mload(answer)) }
            default { return(add(answer, 0x20), mload(answer)) }
        }
    }
}

/// @dev What an UpgradedToken becomes: it gives nothing back, and says it never heard of it.
contract Confiscator {
    error Gone();

    fallback() external {
        revert Gone();
    }
}

/// @dev Knows no permit, but swallows any call that it does not know, as wrapped ether does.
contract PhantomToken is PlainToken {
    fallback() external payable {}
}

/// @dev Calls the sender before and the recipient after it has moved something, when they are contracts that listen.
contract CallbackToken is PlainToken {
    mapping(address account => bool) public listens;

    function listen(address account) external {
        listens[account] = true;
    }

    function permit(address owner, address, uint256, uint256, uint8, bytes32, bytes32) external {
        _call(owner);
    }

    function _update(address from, address to, uint256 amount) internal override {
        _call(from);
        super._update(from, to, amount);
        _call(to);
    }

    function _call(address account) private {
        if (listens[account]) IListener(account).onToken();
    }
}

interface IListener {
    function onToken() external;
}
