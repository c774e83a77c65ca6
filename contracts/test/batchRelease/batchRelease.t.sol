// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed} from "../../src/types/Trade.sol";
import {BatchTest} from "../Batch.sol";
import {GasBurner, Reenterer, Refuser, ReturnBomb, RevertBomb} from "../mocks/Receivers.sol";
import {OddToken} from "../mocks/Tokens.sol";
import {OwnedWallet} from "../mocks/Wallets.sol";
import {FUNDED, NATIVE, Trade} from "../Words.sol";

contract BatchReleaseTest is BatchTest {
    /// Invariants 2, 5, 12: from every status, of any asset.
    function test_GivesEachBuyerEverythingLessTheFee() external {
        Signed[] memory items = new Signed[](3);
        Trade memory token = usdcTrade();
        (Trade memory paid, Trade memory disputed) = (numbered(1), numbered(2));
        fund(token);
        fundAndPay(paid);
        fundPayAndDispute(disputed);
        (items[0], items[1], items[2]) = (signed(token, FOREVER), signed(paid, FOREVER), signed(disputed, FOREVER));
        uint256 fees = feeOf(paid, paid.amount) + feeOf(disputed, disputed.amount);
        for (uint256 i = 0; i < 3; i++) {
            vm.expectEmit(address(escrow));
            emit IEscrow.Released(structHashOf(items[i].trade));
        }
        assertEq(batch(items), 7);
        assertEq(usdc.balanceOf(bob), USDC_AMOUNT - feeOf(token, USDC_AMOUNT));
        assertEq(escrow.feesOf(address(usdc)), feeOf(token, USDC_AMOUNT));
        assertEq(bob.balance, uint256(paid.amount) + disputed.amount - fees);
        assertEq(escrow.feesOf(NATIVE), fees);
        assertEq(address(escrow).balance, fees);
    }

    /// Invariants 10, 11: one second later it is done.
    function test_GivenAnItemFundedThisSecond_DoesItOneSecondLater() external {
        vm.warp(SENT);
        Signed[] memory items = new Signed[](1);
        items[0] = last(0);
        assertEq(batch(items), 0);
        skip(1);
        assertEq(batch(items), 1);
        assertDone(items[0]);
    }

    /// Invariants 2, 9 (C07, C08): each credited, the others paid.
    function test_GivenARecipientThatRefuses_CreditsHimAndDoesTheOthers() external {
        address[3] memory hostile = [address(new Refuser()), address(new GasBurner()), address(new RevertBomb())];
        for (uint256 i = 0; i < hostile.length; i++) {
            uint256 snapshot = vm.snapshotState();
            // The whole cap of a payment, the credit, and two releases that touch everything for the first time.
            assertLt(_gasWithBuyer(hostile[i]), 230_000);
            vm.revertToState(snapshot);
        }
    }

    /// C07.
    function test_GivenARecipientThatAnswersWithAMegabyte_CopiesNothing() external {
        uint256 with_ = _gasWithBuyer(address(new ReturnBomb()));
        assertLt(with_, 400_000);
    }

    /// Invariant 9 (C10): a token that burns all its gas costs its cap and hurts no other asset.
    function test_GivenATokenThatBurnsItsGas_CreditsAndDoesTheOthers() external {
        OddToken token = newOddToken();
        Trade memory odd = usdcTrade();
        odd.token = address(token);
        fund(odd);
        Signed[] memory items = new Signed[](2);
        (items[0], items[1]) = (signed(odd, FOREVER), make(1, Kind.Good));
        token.setOddity(OddToken.Oddity.BurnsGas);
        uint256 gas = gasleft();
        assertEq(batch(items), 3);
        assertLt(gas - gasleft(), 500_000);
        assertEq(escrow.creditOf(address(token), bob), USDC_AMOUNT - feeOf(odd, USDC_AMOUNT));
        assertEq(bob.balance, 1 ether + 1 - feeOf(items[1].trade, 1 ether + 1));
    }

    /// C06: he releases the next item while he is paid for this one.
    function test_GivenARecipientThatReleasesTheNextItem_PaysEachOnce() external {
        Reenterer buyer = new Reenterer();
        Trade memory first = numbered(0);
        first.buyer = address(buyer);
        fund(first);
        Signed[] memory items = new Signed[](3);
        (items[0], items[1], items[2]) = (signed(first, FOREVER), make(1, Kind.Good), make(2, Kind.Good));
        buyer.plan(
            address(escrow),
            abi.encodeCall(escrow.releaseBySig, (items[1].trade, items[1].deadline, items[1].signature))
        );
        assertEq(batch(items), 5);
        assertTrue(buyer.succeeded());
        _assertAllPaidOnce(items);
    }

    /// C06: or sends the whole batch again.
    function test_GivenARecipientThatSendsTheBatchAgain_PaysEachOnce() external {
        Reenterer buyer = new Reenterer();
        Trade memory first = numbered(0);
        first.buyer = address(buyer);
        fund(first);
        Signed[] memory items = new Signed[](2);
        (items[0], items[1]) = (signed(first, FOREVER), make(1, Kind.Good));
        buyer.plan(address(escrow), batchCall(items));
        assertEq(batch(items), 1);
        assertEq(buyer.answerHash(), keccak256(abi.encode(2)));
        _assertAllPaidOnce(items);
    }

    /// Invariant 7: whatever the gas, all is as with enough of it, or nothing has changed.
    function test_WhateverTheGas_AllIsDoneOrNothing() external {
        Trade memory refused = numbered(2);
        refused.buyer = address(new GasBurner());
        fund(refused);
        Signed[] memory items = new Signed[](3);
        (items[0], items[1], items[2]) = (make(0, Kind.Good), make(1, Kind.Good), signed(refused, FOREVER));
        bytes memory call = batchCall(items);
        bytes32 was = worldOf(refused);
        uint256 done;
        uint256 refusedForGas;
        for (uint256 gas = 60_000; gas <= 420_000; gas += 1501) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(carol);
            (bool ok, bytes memory answer) = address(escrow).call{gas: gas}(call);
            if (ok) {
                done += 1;
                assertEq(abi.decode(answer, (uint256)), 7);
                assertEq(escrow.creditOf(NATIVE, refused.buyer), refused.amount - feeOf(refused, refused.amount));
            } else {
                assertEq(worldOf(refused), was);
                assertEq(statusOf(structHashOf(items[0].trade)), FUNDED);
                if (answer.length != 0) {
                    refusedForGas += 1;
                    assertEq(bytes4(answer), IEscrow.LowGas.selector);
                    assertEq(answer.length, 68);
                }
            }
            vm.revertToState(snapshot);
        }
        assertGt(done, 10);
        assertGt(refusedForGas, 10);
    }

    function test_GivenASellerWithCode_WhenHisContractSaysSo_DoesIt() external {
        Signed[] memory items = new Signed[](1);
        Trade memory trade = numbered(0);
        trade.seller = address(new OwnedWallet(alice));
        vm.deal(trade.seller, 2 ether);
        fund(trade);
        items[0] = signed(trade, FOREVER);
        assertEq(batch(items), 1);
        assertDone(items[0]);
    }

    function _gasWithBuyer(address buyer) private returns (uint256 used) {
        Signed[] memory items = new Signed[](2);
        Trade memory trade = numbered(100 + uint160(buyer) % 1000);
        trade.buyer = buyer;
        fund(trade);
        (items[0], items[1]) = (signed(trade, FOREVER), make(200 + uint160(buyer) % 1000, Kind.Good));
        uint256 had = bob.balance;
        used = gasleft();
        uint256 done = batch(items);
        used -= gasleft();
        assertEq(done, 3);
        uint256 net = trade.amount - feeOf(trade, trade.amount);
        assertEq(buyer.balance + escrow.creditOf(NATIVE, buyer), net);
        assertEq(bob.balance - had, items[1].trade.amount - feeOf(items[1].trade, items[1].trade.amount));
    }

    function _assertAllPaidOnce(Signed[] memory items) private view {
        uint256 fees;
        for (uint256 i = 0; i < items.length; i++) {
            assertDone(items[i]);
            fees += feeOf(items[i].trade, items[i].trade.amount);
        }
        Trade memory first = items[0].trade;
        assertEq(first.buyer.balance, first.amount - feeOf(first, first.amount));
        assertEq(escrow.feesOf(NATIVE), fees);
        assertEq(address(escrow).balance, fees);
    }

    // ---------------------------------------------------------------- what BatchTest asks for

    function batch(Signed[] memory items) internal override returns (uint256) {
        vm.prank(carol);
        return escrow.batchRelease(items);
    }

    function batchCall(Signed[] memory items) internal view override returns (bytes memory) {
        return abi.encodeCall(escrow.batchRelease, (items));
    }

    function single(Signed memory item) internal override {
        vm.prank(carol);
        escrow.releaseBySig(item.trade, item.deadline, item.signature);
    }

    function moveName() internal pure override returns (string memory) {
        return "Release";
    }

    function otherMoveName() internal pure override returns (string memory) {
        return "Reclaim";
    }

    function moverKey() internal view override returns (uint256) {
        return aliceKey;
    }

    /// @dev Funded in this second.
    function last(uint256 number) internal override returns (Signed memory) {
        Trade memory trade = numbered(number);
        vm.prank(alice);
        escrow.fund{value: trade.amount}(trade);
        return signed(trade, FOREVER);
    }

    function paidFor(uint256 count) internal view override returns (uint256 sum) {
        for (uint256 i = 0; i < count; i++) {
            sum += numbered(i).amount - feeOf(numbered(i), numbered(i).amount);
        }
    }

    function assertDone(Signed memory item) internal view override {
        assertClosed(structHashOf(item.trade));
    }

    function walletAsMover(address wallet) internal view override returns (address, address) {
        return (wallet, bob);
    }
}
