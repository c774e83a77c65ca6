// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A plain token for the devnet, without permits: the way of approvals stays in use. Anybody may mint.
contract TestDAI is ERC20 {
    constructor() ERC20("Test Dai Stablecoin", "DAI") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
