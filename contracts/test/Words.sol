// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// What nearly every test needs, in one line.
import {NATIVE, Trade} from "../src/types/Trade.sol";
import {DISPUTED, FUNDED, NONE, PAID} from "../src/types/Word.sol";
