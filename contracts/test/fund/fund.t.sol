// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {HookedToken, ISender, OddToken} from "../mocks/Tokens.sol";
import {DISPUTED, FUNDED, NATIVE, PAID, Trade} from "../Words.sol";

contract FundTest is Base {
    /// Invariant 3.
    function test_RevertWhen_TheCallerIsNotTheSeller() external {
        vm.deal(bob, ETH_AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSeller.selector, bob));
        vm.prank(bob);
        escrow.fund{value: ETH_AMOUNT}(ethTrade());
    }

    /// Invariant 6: an id never stands for two Trades (C31).
    function test_RevertWhen_AFieldHasABitBeyondItsType() external {
        bytes memory call = abi.encodeCall(escrow.fund, (ethTrade()));
        uint8[9] memory bits = [160, 160, 160, 128, 160, 16, 32, 32, 32];
        for (uint256 field = 0; field < 9; field++) {
            bytes memory dirty = bytes.concat(call);
            dirty[4 + 32 * field + 31 - bits[field] / 8] |= 0x01;
            vm.prank(alice);
            (bool ok, bytes memory answer) = address(escrow).call{value: ETH_AMOUNT}(dirty);
            assertFalse(ok);
            if (field != 0) assertEq(answer.length, 0);
        }
        assertEq(address(escrow).balance, 0);
    }

    /// C29.
    function test_RevertWhen_TheBuyerIsZeroTheSellerOrTheEscrow() external {
        Trade memory trade = ethTrade();
        address[3] memory wrong = [address(0), alice, address(escrow)];
        for (uint256 i = 0; i < 3; i++) {
            trade.buyer = wrong[i];
            _reverts(trade, abi.encodeWithSelector(IEscrow.BadParties.selector, alice, wrong[i], dana));
        }
    }

    /// C29, C35.
    function test_RevertWhen_TheArbitratorIsZeroOrAParty() external {
        Trade memory trade = ethTrade();
        address[3] memory wrong = [address(0), alice, bob];
        for (uint256 i = 0; i < 3; i++) {
            trade.arbitrator = wrong[i];
            _reverts(trade, abi.encodeWithSelector(IEscrow.BadParties.selector, alice, bob, wrong[i]));
        }
    }

    function test_RevertWhen_TheAmountIsZero() external {
        Trade memory trade = ethTrade();
        trade.amount = 0;
        _reverts(trade, abi.encodeWithSelector(IEscrow.ZeroAmount.selector));
    }

    /// Invariant 5.
    function test_RevertWhen_TheFeeIsAbove2Percent() external {
        Trade memory trade = ethTrade();
        trade.feeBps = 201;
        _reverts(trade, abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, 201, 200));
        trade.feeBps = 200;
        fund(trade);
        trade.feeBps = 0;
        fund(trade);
    }

    function test_RevertWhen_APayWindowIsASecondOut() external {
        Trade memory trade = ethTrade();
        uint32[2] memory wrong = [uint32(20 minutes - 1), uint32(14 days + 1)];
        uint32[2] memory right = [uint32(20 minutes), uint32(14 days)];
        for (uint256 i = 0; i < 2; i++) {
            trade.payWindow = wrong[i];
            bytes4 selector = IEscrow.PayWindowOutOfRange.selector;
            _reverts(trade, abi.encodeWithSelector(selector, wrong[i], 20 minutes, 14 days));
            trade.payWindow = right[i];
            fund(trade);
        }
    }

    function test_RevertWhen_AReleaseWindowIsASecondOut() external {
        Trade memory trade = ethTrade();
        uint32[2] memory wrong = [uint32(3 days - 1), uint32(30 days + 1)];
        uint32[2] memory right = [uint32(3 days), uint32(30 days)];
        for (uint256 i = 0; i < 2; i++) {
            trade.releaseWindow = wrong[i];
            bytes4 selector = IEscrow.ReleaseWindowOutOfRange.selector;
            _reverts(trade, abi.encodeWithSelector(selector, wrong[i], 3 days, 30 days));
            trade.releaseWindow = right[i];
            fund(trade);
        }
    }

    function test_RevertWhen_ARulingWindowIsASecondOut() external {
        Trade memory trade = ethTrade();
        uint32[2] memory wrong = [uint32(1 days - 1), uint32(90 days + 1)];
        uint32[2] memory right = [uint32(1 days), uint32(90 days)];
        for (uint256 i = 0; i < 2; i++) {
            trade.rulingWindow = wrong[i];
            bytes4 selector = IEscrow.RulingWindowOutOfRange.selector;
            _reverts(trade, abi.encodeWithSelector(selector, wrong[i], 1 days, 90 days));
            trade.rulingWindow = right[i];
            fund(trade);
        }
    }

    /// Invariant 3 (C30).
    function test_RevertWhen_TheTradeIsLive() external {
        for (uint8 status = FUNDED; status <= DISPUTED; status++) {
            Trade memory trade = ethTrade();
            trade.terms = bytes32(uint256(status));
            bytes32 id = bring(trade, status);
            _reverts(trade, abi.encodeWithSelector(IEscrow.BadState.selector, id, status));
        }
    }

    /// C16.
    function test_RevertGiven_TheNativeCoin_WhenTheValueIsWrong() external {
        uint256[3] memory wrong = [uint256(0), ETH_AMOUNT - 1, ETH_AMOUNT + 1];
        for (uint256 i = 0; i < 3; i++) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongValue.selector, wrong[i], ETH_AMOUNT));
            vm.prank(alice);
            escrow.fund{value: wrong[i]}(ethTrade());
        }
    }

    /// Invariants 1, 12 (C37).
    function test_GivenTheNativeCoin_LocksTheCoinsAndTellsAllTerms() external {
        Trade memory trade = ethTrade();
        bytes32 id = escrow.idOf(trade);
        Purse memory was = purseOf(trade);

        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(id, alice, bob, trade);
        vm.prank(alice);
        escrow.fund{value: ETH_AMOUNT}(trade);

        _assertFunded(id);
        assertEq(alice.balance, was.seller - ETH_AMOUNT);
        assertEq(address(escrow).balance, ETH_AMOUNT);
    }

    /// Invariant 1, 12 (C02): any amount the type can hold, any terms in range.
    function testFuzz_LocksAnyTermsInRange(
        uint128 amount,
        uint16 feeBps,
        uint32 payWindow,
        uint32 releaseWindow,
        uint32 rulingWindow,
        bytes32 terms
    ) external {
        Trade memory trade = Trade({
            seller: alice,
            buyer: bob,
            token: NATIVE,
            amount: uint128(bound(amount, 1, type(uint128).max)),
            arbitrator: dana,
            feeBps: uint16(bound(feeBps, 0, 200)),
            payWindow: uint32(bound(payWindow, 20 minutes, 14 days)),
            releaseWindow: uint32(bound(releaseWindow, 3 days, 30 days)),
            rulingWindow: uint32(bound(rulingWindow, 1 days, 90 days)),
            terms: terms
        });
        vm.deal(alice, trade.amount);
        bytes32 id = structHashOf(trade);

        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(id, alice, bob, trade);
        vm.prank(alice);
        escrow.fund{value: trade.amount}(trade);

        assertEq(escrow.idOf(trade), id);
        assertEq(statusOf(id), FUNDED);
        assertEq(payByOf(id), START + trade.payWindow);
    }

    /// C16.
    function test_RevertGiven_AToken_WhenValueComesAlong() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.WrongValue.selector, 1, 0));
        vm.prank(alice);
        escrow.fund{value: 1}(usdcTrade());
    }

    /// C13: no code is not success.
    function test_RevertGiven_AToken_WhenThereIsNoContract() external {
        Trade memory trade = usdcTrade();
        trade.token = carol;
        _reverts(trade, abi.encodeWithSelector(IEscrow.NotAToken.selector, carol));
    }

    function test_RevertGiven_AToken_WhenItIsTheEscrowItself() external {
        Trade memory trade = usdcTrade();
        trade.token = address(escrow);
        _reverts(trade, _transferFailed(trade));
    }

    function test_RevertGiven_AToken_WhenTheAllowanceIsOneTooSmall() external {
        Trade memory trade = usdcTrade();
        vm.prank(alice);
        usdc.approve(address(escrow), USDC_AMOUNT - 1);
        _reverts(trade, _transferFailed(trade));
    }

    function test_RevertGiven_AToken_WhenTheBalanceIsOneTooSmall() external {
        Trade memory trade = usdcTrade();
        uint256 all = usdc.balanceOf(alice);
        vm.prank(alice);
        usdc.transfer(carol, all - USDC_AMOUNT + 1);
        _reverts(trade, _transferFailed(trade));
    }

    /// Invariant 9 (C13).
    function test_RevertGiven_AToken_WhenItsAnswerIsNotTrue() external {
        OddToken.Oddity[5] memory oddities = [
            OddToken.Oddity.AnswersFalse,
            OddToken.Oddity.AnswersTwo,
            OddToken.Oddity.AnswersOneByte,
            OddToken.Oddity.Reverts,
            OddToken.Oddity.BurnsGas
        ];
        OddToken token = _oddToken();
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        for (uint256 i = 0; i < oddities.length; i++) {
            token.setOddity(oddities[i]);
            vm.expectRevert(_transferFailed(trade));
            vm.prank(alice);
            escrow.fund{gas: 2_000_000}(trade);
        }
        assertEq(token.balanceOf(address(escrow)), 0);
    }

    /// Invariant 1 (C11).
    function test_RevertGiven_AToken_WhenItTakesACut() external {
        OddToken token = _oddToken();
        token.setCut(100);
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        uint256 cut = uint256(USDC_AMOUNT) / 100;
        _reverts(trade, abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, USDC_AMOUNT - cut, USDC_AMOUNT));
    }

    /// Invariant 1 (C11): what came on top would belong to nobody.
    function test_RevertGiven_AToken_WhenItGivesMore() external {
        OddToken token = _oddToken();
        token.setGift(100);
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        uint256 gift = uint256(USDC_AMOUNT) / 100;
        _reverts(trade, abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, USDC_AMOUNT + gift, USDC_AMOUNT));
    }

    /// C13.
    function test_GivenAToken_WhenItAnswersNothing_LocksTheTokens() external {
        OddToken token = _oddToken();
        token.setOddity(OddToken.Oddity.AnswersNothing);
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        bytes32 id = fund(trade);
        assertEq(statusOf(id), FUNDED);
        assertEq(token.balanceOf(address(escrow)), USDC_AMOUNT);
    }

    /// Invariants 1, 9 (C06): else 100 tokens would back a trade of 100 and one of 10.
    function test_GivenAToken_WhenItCallsItsSenderBackIntoAFunding_RefusesTheInnerOne() external {
        HookedToken token = new HookedToken();
        NestedFunder funder = new NestedFunder();
        token.setCut(1000);
        token.mint(address(funder), 1000);
        Trade memory trade = usdcTrade();
        (trade.seller, trade.token, trade.amount) = (address(funder), address(token), 100);

        funder.attack(address(escrow), trade);
        assertEq(bytes4(funder.innerError()), IEscrow.Reentered.selector);
        assertEq(statusOf(escrow.idOf(trade)), FUNDED);
        assertEq(token.balanceOf(address(escrow)), 100);
        trade.amount = 10;
        assertClosed(escrow.idOf(trade));
    }

    /// The guard is up for one pull only.
    function test_GivenAToken_WhenTwoAreFundedInOneTransaction_LocksBoth() external {
        TwoFunder funder = new TwoFunder();
        usdc.mint(address(funder), 2 * uint256(USDC_AMOUNT));
        Trade memory trade = usdcTrade();
        trade.seller = address(funder);
        funder.fundTwo(address(escrow), trade);
        assertEq(usdc.balanceOf(address(escrow)), 2 * uint256(USDC_AMOUNT));
    }

    /// Invariant 1.
    function test_GivenAToken_WhenTheExactAllowanceIsThere_LocksTheTokens() external {
        Trade memory trade = usdcTrade();
        Purse memory was = purseOf(trade);
        vm.startPrank(alice);
        usdc.approve(address(escrow), USDC_AMOUNT);
        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(escrow.idOf(trade), alice, bob, trade);
        escrow.fund(trade);
        vm.stopPrank();

        _assertFunded(escrow.idOf(trade));
        assertEq(usdc.allowance(alice, address(escrow)), 0);
        assertEq(usdc.balanceOf(alice), was.seller - USDC_AMOUNT);
        assertEq(usdc.balanceOf(address(escrow)), USDC_AMOUNT);
    }

    /// C15: what was sent here by mistake belongs to no trade and stops none.
    function test_GivenAToken_WhenSomeWereSentBefore_LocksTheTokens() external {
        usdc.mint(address(escrow), 77);
        vm.deal(address(escrow), 77);
        fund(usdcTrade());
        fund(ethTrade());
        assertEq(usdc.balanceOf(address(escrow)), 77 + uint256(USDC_AMOUNT));
    }

    /// Invariant 11.
    function test_GivenAClosedTradeWithTheSameId_StartsAnew() external {
        Trade memory trade = ethTrade();
        bytes32 id = fundAndPay(trade);
        vm.startPrank(alice);
        escrow.release(trade);
        escrow.fund{value: ETH_AMOUNT}(trade); // in the same second as the closing
        vm.stopPrank();
        assertEq(statusOf(id), FUNDED);
        assertEq(fundedAtOf(id), block.timestamp);
        assertGt(fundedAtOf(id), START);
    }

    function _assertFunded(bytes32 id) private view {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        assertEq(status, FUNDED);
        assertEq(since, START);
        assertEq(fundedAt, START);
        assertEq(payBy, START + 2 hours);
    }

    function _reverts(Trade memory trade, bytes memory error) private {
        uint256 value = trade.token == NATIVE ? trade.amount : 0;
        vm.expectRevert(error);
        vm.prank(alice);
        escrow.fund{value: value}(trade);
    }

    function _transferFailed(Trade memory trade) private view returns (bytes memory) {
        bytes4 selector = IEscrow.TransferFailed.selector;
        return abi.encodeWithSelector(selector, trade.token, trade.seller, address(escrow), trade.amount);
    }

    function _oddToken() private returns (OddToken token) {
        token = newOddToken();
    }
}

/// @dev Funds a small trade while a large one is being paid for, adding the cut that the token takes of the small one in the middle
/// of that. If the small one is refused, he adds the cut of the large one, so that at least that succeeds.
contract NestedFunder is ISender {
    IEscrow private _escrow;
    Trade private _trade;
    uint256 private _depth;
    bytes public innerError;

    function attack(address escrow, Trade calldata trade) external {
        (_escrow, _trade) = (IEscrow(escrow), trade);
        HookedToken(trade.token).approve(escrow, type(uint256).max);
        _escrow.fund(trade);
    }

    function tokensToSend() external {
        HookedToken token = HookedToken(_trade.token);
        _depth += 1;
        if (_depth == 2) token.transfer(address(_escrow), 1);
        if (_depth != 1) return;
        Trade memory small = _trade;
        small.amount = 10;
        try _escrow.fund(small) {}
        catch (bytes memory error) {
            innerError = error;
            token.transfer(address(_escrow), 10);
        }
    }
}

contract TwoFunder {
    function fundTwo(address escrow, Trade memory trade) external {
        HookedToken(trade.token).approve(escrow, type(uint256).max);
        IEscrow(escrow).fund(trade);
        trade.terms = keccak256("another");
        IEscrow(escrow).fund(trade);
    }
}
