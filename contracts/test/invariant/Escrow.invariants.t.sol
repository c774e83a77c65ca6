// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Handler} from "./Handler.sol";

/// @dev The numbers are those of INVARIANTS.md. In every call the handler itself holds 1, 2, 3, 5, 6, 7, 8, 9, 10 and 11 for the trade
/// at hand; here all trades, assets and actors are looked at together (12), and at the end of each run everything is closed (4).
contract EscrowInvariants is Test {
    Handler private handler;

    function setUp() external {
        handler = new Handler();
        handler.setUp();
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = handler.open.selector;
        selectors[1] = handler.openBadly.selector;
        selectors[2] = handler.advance.selector;
        selectors[3] = handler.tryAnything.selector;
        selectors[4] = handler.batch.selector;
        selectors[5] = handler.withdraw.selector;
        selectors[6] = handler.withdrawFees.selector;
        selectors[7] = handler.wait.selector;
        selectors[8] = handler.disturb.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    function invariant_AllHolds() external view {
        handler.checkAll();
    }

    function afterInvariant() external {
        handler.checkAll();
        handler.closeAll();
        handler.checkAll();
    }
}
