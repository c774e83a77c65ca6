// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestDAI} from "../../src/devnet/TestDAI.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {Base} from "../Base.t.sol";
import {HookedToken, ISender, OddToken} from "../mocks/Tokens.sol";
import {OddWallet, OwnedWallet} from "../mocks/Wallets.sol";
import {FUNDED, NATIVE, Trade} from "../Words.sol";

/// @dev How the real Permit2 refuses.
interface IPermit2Errors {
    error InvalidNonce();
    error SignatureExpired(uint256 deadline);
    error InvalidSigner();
    error InvalidSignature();
    error InvalidSignatureLength();
    error InvalidContractSignature();
}

interface IPermit2Views {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function invalidateUnorderedNonces(uint256 place, uint256 mask) external;
    function nonceBitmap(address owner, uint256 place) external view returns (uint256);
}

/// @dev Against the code of Permit2 as it stands on public chains.
contract FundWithPermit2Test is Base {
    uint256 private constant NONCE = 77;
    uint256 private constant DEADLINE = START + 900;

    function setUp() public override {
        super.setUp();
        placePermit2();
        vm.startPrank(alice);
        usdc.approve(address(escrow), 0);
        usdc.approve(PERMIT2, type(uint256).max);
        vm.stopPrank();
    }

    /// S04: what wallets are shown is what Permit2 checks.
    function test_ItsDomainIsTheStandardOneOnEveryChain() external {
        uint24[5] memory chains = [1, 10, 8453, 31_337, 72_731];
        for (uint256 i = 0; i < chains.length; i++) {
            vm.chainId(chains[i]);
            assertEq(IPermit2Views(PERMIT2).DOMAIN_SEPARATOR(), permit2Separator());
        }
    }

    /// Invariants 1, 7, 12 (S16: the one who sends it matters not; what was signed does).
    function test_WhenAnybodySubmitsIt_LocksTheTokensAndTellsAllTerms() external {
        address[4] memory submitters = [alice, bob, carol, dana];
        for (uint256 i = 0; i < submitters.length; i++) {
            uint256 snapshot = vm.snapshotState();
            _locks(usdcTrade(), submitters[i], _signed(usdcTrade()));
            vm.revertToState(snapshot);
        }
    }

    function test_WhenSignedIn64Bytes_LocksTheTokens() external {
        Trade memory trade = usdcTrade();
        _locks(trade, carol, signCompact(aliceKey, _digest(trade, address(escrow), NONCE)));
    }

    /// C30, S01: the same nonce while the trade is live, after it has closed, and for another trade.
    function test_RevertWhen_TheNonceWasUsed() external {
        Trade memory trade = usdcTrade();
        bytes memory signature = _signed(trade);
        _locks(trade, carol, signature);
        bytes32 id = escrow.idOf(trade);
        _refuses(trade, signature, abi.encodeWithSelector(IEscrow.BadState.selector, id, FUNDED));

        skip(1);
        vm.prank(bob);
        escrow.cancel(trade);
        _refuses(trade, signature, abi.encodeWithSelector(IPermit2Errors.InvalidNonce.selector));

        Trade memory other = usdcTrade();
        other.terms = keccak256("another");
        _refuses(other, _signed(other), abi.encodeWithSelector(IPermit2Errors.InvalidNonce.selector));

        bytes memory fresh = signPermit2(aliceKey, trade, NONCE + 1, DEADLINE);
        escrow.fundWithPermit2(trade, NONCE + 1, DEADLINE, fresh);
        assertEq(fundedAtOf(id), block.timestamp);
        _refuses(trade, signature, abi.encodeWithSelector(IEscrow.BadState.selector, id, FUNDED));
    }

    /// S06: Permit2 takes the high-s twin of a signature; that is no second signature, as the nonce is spent.
    function test_WhenTheTwinOfTheSignatureComes_ItCountsAsTheSame() external {
        Trade memory trade = usdcTrade();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _digest(trade, address(escrow), NONCE));
        bytes32 twin = bytes32(CURVE_ORDER - uint256(s));
        _locks(trade, carol, abi.encodePacked(r, twin, v == 27 ? uint8(28) : uint8(27)));
        skip(1);
        vm.prank(bob);
        escrow.cancel(trade);
        bytes memory first = abi.encodePacked(r, s, v);
        _refuses(trade, first, abi.encodeWithSelector(IPermit2Errors.InvalidNonce.selector));
    }

    function test_RevertWhen_TheSellerHasWithdrawnTheNonce() external {
        vm.prank(alice);
        IPermit2Views(PERMIT2).invalidateUnorderedNonces(0, 1 << NONCE);
        _refuses(usdcTrade(), _signed(usdcTrade()), abi.encodeWithSelector(IPermit2Errors.InvalidNonce.selector));
    }

    /// Invariant 10, S14.
    function test_RevertWhen_ThePermitIsPastItsDeadline() external {
        bytes memory signature = _signed(usdcTrade());
        vm.warp(DEADLINE + 1);
        bytes memory error = abi.encodeWithSelector(IPermit2Errors.SignatureExpired.selector, DEADLINE);
        _refuses(usdcTrade(), signature, error);
        vm.warp(DEADLINE);
        escrow.fundWithPermit2(usdcTrade(), NONCE, DEADLINE, signature);
        assertEq(statusOf(escrow.idOf(usdcTrade())), FUNDED);
    }

    function test_RevertWhen_AnotherDeadlineOrNonceIsSaid() external {
        bytes memory signature = _signed(usdcTrade());
        bytes memory error = abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector);
        bytes memory later = abi.encodeCall(escrow.fundWithPermit2, (usdcTrade(), NONCE, DEADLINE + 1, signature));
        assertRefused(usdcTrade(), carol, 0, later, error);
        bytes memory next = abi.encodeCall(escrow.fundWithPermit2, (usdcTrade(), NONCE + 1, DEADLINE, signature));
        assertRefused(usdcTrade(), carol, 0, next, error);
    }

    /// S16: nobody but this escrow can spend it, and this escrow spends nobody else's.
    function test_RevertWhen_ItWasSignedForAnotherSpender() external {
        Trade memory trade = usdcTrade();
        bytes memory error = abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector);
        _refuses(trade, sign(aliceKey, _digest(trade, carol, NONCE)), error);

        vm.expectRevert(error);
        vm.prank(carol);
        IPermit2(PERMIT2)
            .permitWitnessTransferFrom(
                IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(address(usdc), USDC_AMOUNT), NONCE, DEADLINE),
                IPermit2.SignatureTransferDetails(carol, USDC_AMOUNT),
                alice,
                structHashOf(trade),
                string.concat("Trade witness)TokenPermissions(address token,uint256 amount)", TRADE_TYPE),
                _signed(trade)
            );
    }

    /// S02.
    function test_RevertWhen_ItWasSignedForAnotherChain() external {
        bytes memory signature = _signed(usdcTrade());
        vm.chainId(block.chainid + 1);
        _refuses(usdcTrade(), signature, abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector));
    }

    /// C31: whoever submits it cannot change what the seller agreed to, in any of the ten fields.
    function test_RevertWhen_AnyFieldOfTheTradeDiffers() external {
        TestDAI dai = new TestDAI();
        dai.mint(alice, USDC_AMOUNT);
        vm.prank(alice);
        dai.approve(PERMIT2, USDC_AMOUNT);
        bytes memory signature = _signed(usdcTrade());
        for (uint256 field = 0; field < 10; field++) {
            Trade memory trade = usdcTrade();
            if (field == 0) trade.seller = carol;
            if (field == 1) trade.buyer = carol;
            if (field == 2) trade.token = address(dai);
            if (field == 3) trade.amount += 1;
            if (field == 4) trade.arbitrator = carol;
            if (field == 5) trade.feeBps += 1;
            if (field == 6) trade.payWindow += 1;
            if (field == 7) trade.releaseWindow += 1;
            if (field == 8) trade.rulingWindow += 1;
            if (field == 9) trade.terms = keccak256("others");
            _refuses(trade, signature, abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector));
        }
    }

    /// C31: permitting more, or another token, than the trade says.
    function test_RevertWhen_AnotherAmountOrTokenWasPermitted() external {
        Trade memory trade = usdcTrade();
        bytes32[3] memory permitted = [
            permittedHash(address(usdc), USDC_AMOUNT + 1),
            permittedHash(address(usdc), type(uint256).max),
            permittedHash(carol, USDC_AMOUNT)
        ];
        for (uint256 i = 0; i < permitted.length; i++) {
            bytes32 digest = permit2Digest(permitted[i], address(escrow), NONCE, DEADLINE, structHashOf(trade));
            _refuses(trade, sign(aliceKey, digest), abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector));
        }
    }

    /// C31: a permit of Permit2 that names no trade funds none.
    function test_RevertWhen_ItNamesNoTrade() external {
        bytes32 kind = keccak256(
            "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)"
            "TokenPermissions(address token,uint256 amount)"
        );
        bytes32 permitted = permittedHash(address(usdc), USDC_AMOUNT);
        bytes32 hashed = keccak256(abi.encode(kind, permitted, address(escrow), NONCE, DEADLINE));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", permit2Separator(), hashed));
        bytes memory error = abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector);
        _refuses(usdcTrade(), sign(aliceKey, digest), error);
    }

    /// S16.
    function test_RevertWhen_AnotherSigned() external {
        bytes memory byBob = signPermit2(bobKey, usdcTrade(), NONCE, DEADLINE);
        _refuses(usdcTrade(), byBob, abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector));
    }

    /// S06, S07.
    function test_RevertWhen_TheSignatureIsMalformed() external {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, _digest(usdcTrade(), address(escrow), NONCE));
        bytes memory wrongLength = abi.encodeWithSelector(IPermit2Errors.InvalidSignatureLength.selector);
        bytes memory invalid = abi.encodeWithSelector(IPermit2Errors.InvalidSignature.selector);
        _refuses(usdcTrade(), "", wrongLength);
        _refuses(usdcTrade(), abi.encodePacked(r, bytes31(s)), wrongLength);
        _refuses(usdcTrade(), abi.encodePacked(r, s, v, uint8(0)), wrongLength);
        _refuses(usdcTrade(), new bytes(65), invalid);
        _refuses(usdcTrade(), new bytes(64), invalid);
        _refuses(usdcTrade(), abi.encodePacked(r, s, v - 27), invalid);
        _refuses(usdcTrade(), abi.encodePacked(r, s, uint8(29)), invalid);
    }

    /// C13, C29.
    function test_RevertWhen_TheTokenHasNoCode() external {
        Trade memory trade = usdcTrade();
        address[2] memory wrong = [NATIVE, carol];
        for (uint256 i = 0; i < 2; i++) {
            trade.token = wrong[i];
            _refuses(trade, _signed(trade), abi.encodeWithSelector(IEscrow.NotAToken.selector, wrong[i]));
        }
    }

    /// C29: nobody signs for the zero address, not even the zero that a bad signature recovers to.
    function test_RevertWhen_TheSellerIsZero() external {
        Trade memory trade = usdcTrade();
        trade.seller = address(0);
        _refuses(trade, new bytes(65), abi.encodeWithSelector(IPermit2Errors.InvalidSignature.selector));
        _refuses(trade, _signed(trade), abi.encodeWithSelector(IPermit2Errors.InvalidSigner.selector));
    }

    /// C29: Permit2 asks the escrow, which answers no such question; so what it holds for others can fund nothing.
    function test_RevertWhen_TheSellerIsTheEscrow() external {
        fund(ethTrade());
        usdc.mint(address(escrow), USDC_AMOUNT);
        vm.prank(address(escrow));
        usdc.approve(PERMIT2, type(uint256).max);
        Trade memory trade = usdcTrade();
        trade.seller = address(escrow);
        _refuses(trade, _signed(trade), "");
        _refuses(trade, new bytes(65), "");
    }

    /// C29.
    function test_RevertWhen_TheTermsAreOutOfRange() external {
        Trade memory trade = usdcTrade();
        trade.amount = 0;
        _refuses(trade, _signed(trade), abi.encodeWithSelector(IEscrow.ZeroAmount.selector));
        trade = usdcTrade();
        trade.buyer = alice;
        _refuses(trade, _signed(trade), abi.encodeWithSelector(IEscrow.BadParties.selector, alice, alice, dana));
        trade = usdcTrade();
        trade.feeBps = 201;
        _refuses(trade, _signed(trade), abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, 201, 200));
    }

    function test_RevertWhen_AFieldHasABitBeyondItsType() external {
        bytes memory call = abi.encodeCall(escrow.fundWithPermit2, (usdcTrade(), NONCE, DEADLINE, _signed(usdcTrade())));
        call[4 + 32 * 5] = 0x01; // the highest bit of the fee's word
        assertRefused(usdcTrade(), carol, 0, call, "");
    }

    function test_RevertWhen_TheSellerHasNotAllowedPermit2OrHasTooLittle() external {
        bytes memory error = abi.encodeWithSignature("Error(string)", "TRANSFER_FROM_FAILED");
        vm.prank(alice);
        usdc.approve(PERMIT2, USDC_AMOUNT - 1);
        _refuses(usdcTrade(), _signed(usdcTrade()), error);

        vm.startPrank(alice);
        usdc.approve(PERMIT2, USDC_AMOUNT);
        usdc.transfer(carol, usdc.balanceOf(alice) - USDC_AMOUNT + 1);
        vm.stopPrank();
        _refuses(usdcTrade(), _signed(usdcTrade()), error);
    }

    /// S12: an allowance of the escrow itself, which fund would use, is not touched.
    function test_WhenTheEscrowHasAnAllowanceToo_ItIsLeftAlone() external {
        vm.prank(alice);
        usdc.approve(address(escrow), USDC_AMOUNT);
        escrow.fundWithPermit2(usdcTrade(), NONCE, DEADLINE, _signed(usdcTrade()));
        assertEq(usdc.allowance(alice, address(escrow)), USDC_AMOUNT);
        assertEq(usdc.balanceOf(address(escrow)), USDC_AMOUNT);
    }

    function test_RevertWhen_ThereIsNoPermit2OnThisChain() external {
        vm.etch(PERMIT2, "");
        _refuses(usdcTrade(), _signed(usdcTrade()), "");
    }

    /// C11.
    function test_RevertWhen_TheTokenTakesACut() external {
        OddToken token = new OddToken();
        token.setCut(100);
        token.mint(alice, 1e15);
        vm.prank(alice);
        token.approve(PERMIT2, type(uint256).max);
        Trade memory trade = usdcTrade();
        trade.token = address(token);
        uint256 received = USDC_AMOUNT - uint256(USDC_AMOUNT) / 100;
        bytes memory error = abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, received, USDC_AMOUNT);
        _refuses(trade, _signed(trade), error);
        assertEq(IPermit2Views(PERMIT2).nonceBitmap(alice, 0), 0);
    }

    /// C06: the guard covers both ways of funding.
    function test_WhenTheTokenCallsItsSenderBackIntoAFunding_RefusesTheInnerOne() external {
        HookedToken token = new HookedToken();
        NestedSigner seller = new NestedSigner(alice);
        token.mint(address(seller), 110);
        Trade memory trade = usdcTrade();
        (trade.seller, trade.token, trade.amount) = (address(seller), address(token), 100);
        bytes memory signature = _signed(trade);
        Trade memory inner = _copyOf(trade, 10);
        bytes memory innerSignature = signPermit2(aliceKey, inner, NONCE + 1, DEADLINE);
        bytes[2] memory calls = [
            abi.encodeCall(escrow.fundWithPermit2, (inner, NONCE + 1, DEADLINE, innerSignature)),
            abi.encodeCall(escrow.fund, (inner))
        ];
        for (uint256 i = 0; i < calls.length; i++) {
            uint256 snapshot = vm.snapshotState();
            seller.plan(address(token), address(escrow), PERMIT2, calls[i]);
            escrow.fundWithPermit2(trade, NONCE, DEADLINE, signature);
            assertEq(seller.innerError(), abi.encodeWithSelector(IEscrow.Reentered.selector));
            assertEq(token.balanceOf(address(escrow)), 100);
            assertClosed(escrow.idOf(inner));
            vm.revertToState(snapshot);
        }
    }

    function test_GivenASellerWithCode_WhenHisContractSaysSo_LocksHisTokens() external {
        Trade memory trade = _walletTrade(address(new OwnedWallet(alice)));
        _locks(trade, carol, _signed(trade));
    }

    /// S08, S09.
    function test_RevertGiven_ASellerWithCode_WhenHisContractDoesNotSaySo() external {
        bytes memory error = abi.encodeWithSelector(IPermit2Errors.InvalidContractSignature.selector);
        Trade memory trade = _walletTrade(address(new OwnedWallet(bob)));
        _refuses(trade, _signed(trade), error);
        trade = _walletTrade(address(new OddWallet(abi.encode(bytes4(0xffffffff)))));
        _refuses(trade, _signed(trade), error);
    }

    function _walletTrade(address wallet) private returns (Trade memory trade) {
        trade = usdcTrade();
        trade.seller = wallet;
        usdc.mint(wallet, USDC_AMOUNT);
        vm.prank(wallet);
        usdc.approve(PERMIT2, type(uint256).max);
    }

    function _copyOf(Trade memory trade, uint128 amount) private pure returns (Trade memory copy) {
        copy = abi.decode(abi.encode(trade), (Trade));
        copy.amount = amount;
    }

    function _signed(Trade memory trade) private view returns (bytes memory) {
        return signPermit2(aliceKey, trade, NONCE, DEADLINE);
    }

    function _digest(Trade memory trade, address spender, uint256 nonce) private view returns (bytes32) {
        bytes32 permitted = permittedHash(trade.token, trade.amount);
        return permit2Digest(permitted, spender, nonce, DEADLINE, structHashOf(trade));
    }

    function _refuses(Trade memory trade, bytes memory signature, bytes memory error) private {
        bytes memory call = abi.encodeCall(escrow.fundWithPermit2, (trade, NONCE, DEADLINE, signature));
        uint256 nonces = _nonces(trade.seller);
        assertRefused(trade, carol, 0, call, error);
        assertEq(_nonces(trade.seller), nonces);
    }

    function _nonces(address seller) private view returns (uint256) {
        return PERMIT2.code.length == 0 ? 0 : IPermit2Views(PERMIT2).nonceBitmap(seller, 0);
    }

    function _locks(Trade memory trade, address submitter, bytes memory signature) private {
        Purse memory was = purseOf(trade);
        vm.expectEmit(address(escrow));
        emit IEscrow.Funded(structHashOf(trade), trade.seller, trade.buyer, trade);
        vm.prank(submitter);
        escrow.fundWithPermit2(trade, NONCE, DEADLINE, signature);

        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(structHashOf(trade));
        assertEq(status, FUNDED);
        assertEq(since, START);
        assertEq(fundedAt, START);
        assertEq(payBy, START + trade.payWindow);
        assertEq(usdc.balanceOf(trade.seller), was.seller - trade.amount);
        assertEq(usdc.balanceOf(address(escrow)), was.escrow + trade.amount);
        assertEq(IPermit2Views(PERMIT2).nonceBitmap(trade.seller, 0), 1 << NONCE);
    }
}

/// @dev A wallet with an owner's key that makes one more call while its tokens are being taken.
contract NestedSigner is OwnedWallet, ISender {
    address private _escrow;
    bytes private _call;
    bytes public innerError;

    constructor(address owner) OwnedWallet(owner) {}

    function plan(address token, address escrow, address permit2, bytes calldata call) external {
        (_escrow, _call) = (escrow, call);
        HookedToken(token).approve(escrow, type(uint256).max);
        HookedToken(token).approve(permit2, type(uint256).max);
    }

    function tokensToSend() external {
        if (innerError.length != 0) return;
        (, innerError) = _escrow.call(_call);
    }
}
