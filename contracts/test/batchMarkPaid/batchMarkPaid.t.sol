// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed, Trade} from "../../src/types/Trade.sol";
import {BatchTest} from "../Batch.sol";
import {OwnedWallet} from "../mocks/Wallets.sol";
import {DISPUTED, PAID} from "../Words.sol";

contract BatchMarkPaidTest is BatchTest {
    /// Invariants 10, 12: the times and events of the ones that were done, and no other.
    function test_TellsOfEachThatWasDone() external {
        Signed[] memory items = new Signed[](3);
        (items[0], items[1], items[2]) = (make(0, Kind.Good), make(1, Kind.Expired), make(2, Kind.Good));
        vm.warp(SENT);
        vm.expectEmit(address(escrow));
        emit IEscrow.MarkedPaid(structHashOf(items[0].trade));
        vm.expectEmit(address(escrow));
        emit IEscrow.MarkedPaid(structHashOf(items[2].trade));
        vm.recordLogs();
        assertEq(batch(items), 5);
        assertEq(vm.getRecordedLogs().length, 2);
        assertEq(sinceOf(structHashOf(items[2].trade)), SENT);
    }

    /// Invariant 10 (C17): in time until a day after `payBy`, that second included.
    function test_GivenAnItemOneSecondLate_PassesItOver() external {
        Signed[] memory items = new Signed[](1);
        items[0] = make(0, Kind.Good);
        uint256 end = payByOf(structHashOf(items[0].trade)) + 1 days;
        vm.warp(end + 1);
        assertEq(batch(items), 0);
        vm.warp(end);
        assertEq(batch(items), 1);
    }

    /// S14: good until the deadline, that second included.
    function test_GivenAnItemAtItsDeadline_DoesIt() external {
        Signed[] memory items = new Signed[](1);
        Trade memory trade = numbered(0);
        fund(trade);
        items[0] = signed(trade, SENT);
        vm.warp(SENT + 1);
        assertEq(batch(items), 0);
        vm.warp(SENT);
        assertEq(batch(items), 1);
    }

    function test_GivenADisputedItem_PassesItOver() external {
        Signed[] memory items = new Signed[](1);
        Trade memory trade = numbered(0);
        bytes32 id = fundPayAndDispute(trade);
        items[0] = signed(trade, FOREVER);
        assertEq(batch(items), 0);
        assertEq(statusOf(id), DISPUTED);
    }

    /// In the second of the funding too, as a single may.
    function test_GivenAnItemFundedThisSecond_DoesIt() external {
        Signed[] memory items = new Signed[](1);
        Trade memory trade = numbered(0);
        vm.prank(alice);
        escrow.fund{value: trade.amount}(trade);
        items[0] = signed(trade, FOREVER);
        assertEq(batch(items), 1);
        assertEq(statusOf(structHashOf(trade)), PAID);
    }

    function test_GivenABuyerWithCode_WhenHisContractSaysSo_DoesIt() external {
        Signed[] memory items = new Signed[](1);
        Trade memory trade = numbered(0);
        trade.buyer = address(new OwnedWallet(bob));
        fund(trade);
        items[0] = signed(trade, FOREVER);
        assertEq(batch(items), 1);
        assertDone(items[0]);
    }

    // ---------------------------------------------------------------- what BatchTest asks for

    function batch(Signed[] memory items) internal override returns (uint256) {
        vm.prank(carol);
        return escrow.batchMarkPaid(items);
    }

    function batchCall(Signed[] memory items) internal view override returns (bytes memory) {
        return abi.encodeCall(escrow.batchMarkPaid, (items));
    }

    function single(Signed memory item) internal override {
        vm.prank(carol);
        escrow.markPaidBySig(item.trade, item.deadline, item.signature);
    }

    function moveName() internal pure override returns (string memory) {
        return "MarkPaid";
    }

    function otherMoveName() internal pure override returns (string memory) {
        return "Cancel";
    }

    function moverKey() internal view override returns (uint256) {
        return bobKey;
    }

    /// @dev More than a day past its `payBy`.
    function last(uint256 number) internal override returns (Signed memory) {
        Trade memory trade = numbered(number);
        trade.payWindow = 20 minutes;
        vm.warp(SENT - 1 days - 20 minutes - 1);
        fund(trade);
        vm.warp(SENT);
        return signed(trade, FOREVER);
    }

    function paidFor(uint256) internal pure override returns (uint256) {
        return 0;
    }

    function assertDone(Signed memory item) internal view override {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(structHashOf(item.trade));
        assertEq(status, PAID);
        assertEq(since, block.timestamp);
        assertEq(payBy, fundedAt + item.trade.payWindow);
    }

    function walletAsMover(address wallet) internal view override returns (address, address) {
        return (alice, wallet);
    }
}
