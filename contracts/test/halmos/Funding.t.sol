// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Facts, Model, Move} from "../Model.sol";
import {FUNDED, NATIVE, NONE, Trade} from "../Words.sol";
import {Purses, Scene} from "./Proof.sol";
import {Sealed, Shape} from "./Sealed.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 1, 3, 11: only the seller funds, himself or by a Permit2 signature over this very trade; only terms in range, only an id
/// without a word, and only for exactly the amount. C05, C16, C26, C29, C31.
contract FundingProof is Sealed {
    address private constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    bytes32 private constant TOKEN_PERMISSIONS = keccak256("TokenPermissions(address token,uint256 amount)");

    /// @dev Far from the end of the 40 bits that a time has.
    uint256 private constant LAST = 2 ** 39;

    function setUp() public override {
        super.setUp();
        vm.etch(PERMIT2, vm.getCode("out/halmos/Permit2.json"));
    }

    // ---------------------------------------------------------------- fund

    function check_fund_by_the_seller() external {
        _fundCoins(anyScene(NATIVE), ANY.createUint(128, "value"));
    }

    function reach_fund_by_the_seller() external {
        Scene memory s = oneScene(NATIVE, NONE, 0);
        assert(!_fundCoins(s, s.trade.amount));
    }

    function _fundCoins(Scene memory s, uint256 value) private returns (bool ok) {
        _placeUnfunded(s);
        vm.deal(s.trade.seller, value);
        Purses memory was = pursesOf(s);
        (ok,) = pay(s.trade.seller, value, abi.encodeCall(IEscrow.fund, (s.trade)));

        assert(ok == (_isInRange(s.trade) && s.facts.status == NONE && value == s.trade.amount));
        if (ok) _assertPulled(s, was);
    }

    function check_fund_a_token_by_the_seller() external {
        _fundTokens(anyScene(address(usdc)), ANY.createUint(128, "value"), ANY.createUint(129, "had"));
    }

    function reach_fund_a_token_by_the_seller() external {
        assert(!_fundTokens(oneScene(address(usdc), NONE, 0), 0, 1e9));
    }

    function _fundTokens(Scene memory s, uint256 value, uint256 had) private returns (bool ok) {
        _placeUnfunded(s);
        _giveSeller(s, had, address(escrow));
        Purses memory was = pursesOf(s);
        vm.deal(s.trade.seller, value);
        (ok,) = pay(s.trade.seller, value, abi.encodeCall(IEscrow.fund, (s.trade)));

        assert(ok == (_isInRange(s.trade) && s.facts.status == NONE && value == 0 && had >= s.trade.amount));
        if (ok) _assertPulled(s, was);
    }

    function check_fund_by_anybody_else() external {
        Scene memory s = anyScene(ANY.createAddress("token"));
        place(s);
        address caller = ANY.createAddress("caller");
        vm.assume(caller != s.trade.seller);
        uint256 value = ANY.createUint(128, "value");
        vm.deal(caller, value);
        (, bytes memory answer) = pay(caller, value, abi.encodeCall(IEscrow.fund, (s.trade)));
        assertEnds(false, answer, abi.encodeWithSelector(IEscrow.NotSeller.selector, caller));
    }

    /// @dev Whatever lies beyond the types of a trade's fields is refused, so that no two encodings of a trade have two words.
    function check_fund_a_trade_with_stray_bits() external {
        bytes32[10] memory words;
        for (uint256 i = 0; i < 10; i++) {
            words[i] = ANY.createBytes32("field");
        }
        uint8[10] memory bits = [160, 160, 160, 128, 160, 16, 32, 32, 32, 255];
        uint256 stray;
        for (uint256 i = 0; i < 9; i++) {
            stray |= uint256(words[i]) >> bits[i];
        }
        vm.assume(stray != 0);
        (bool ok,) = call(ANY.createAddress("caller"), abi.encodePacked(IEscrow.fund.selector, words));
        assert(!ok);
    }

    // ---------------------------------------------------------------- fundWithPermit

    function check_fundWithPermit_by_the_seller() external {
        _fundWithPermit(anyScene(address(usdc)), ANY.createUint(129, "had"));
    }

    function reach_fundWithPermit_by_the_seller() external {
        assert(!_fundWithPermit(oneScene(address(usdc), NONE, 0), 1e9));
    }

    /// @dev With an allowance from before, so that it must not matter what becomes of the permit. S12.
    function _fundWithPermit(Scene memory s, uint256 had) private returns (bool ok) {
        _placeUnfunded(s);
        _giveSeller(s, had, address(escrow));
        Purses memory was = pursesOf(s);
        (ok,) = call(s.trade.seller, _permitCall(s.trade));

        assert(ok == (_isInRange(s.trade) && s.facts.status == NONE && had >= s.trade.amount));
        if (ok) _assertPulled(s, was);
    }

    function check_fundWithPermit_by_anybody_else() external {
        Scene memory s = anyScene(address(usdc));
        place(s);
        address caller = ANY.createAddress("caller");
        vm.assume(caller != s.trade.seller);
        (, bytes memory answer) = call(caller, _permitCall(s.trade));
        assertEnds(false, answer, abi.encodeWithSelector(IEscrow.NotSeller.selector, caller));
    }

    function _permitCall(Trade memory trade) private returns (bytes memory) {
        return abi.encodeCall(
            IEscrow.fundWithPermit,
            (
                trade,
                ANY.createUint(256, "deadline"),
                uint8(ANY.createUint(8, "v")),
                ANY.createBytes32("r"),
                ANY.createBytes32("s")
            )
        );
    }

    // ---------------------------------------------------------------- fundWithPermit2

    function check_fundWithPermit2_by_anybody() external {
        _fundWithPermit2(anyScene(address(usdc)), ANY.createUint(129, "had"));
    }

    function reach_fundWithPermit2_by_anybody() external {
        assert(!_fundWithPermit2(oneScene(address(usdc), NONE, 0), 1e9));
    }

    /// @dev Done only if the seller's key signed for this escrow, this trade, this nonce and this deadline.
    function _fundWithPermit2(Scene memory s, uint256 had) private returns (bool ok) {
        _placeUnfunded(s);
        _assumeNotPermit2(s);
        _giveSeller(s, had, PERMIT2);
        uint256 nonce = ANY.createUint(256, "nonce");
        uint256 deadline = ANY.createUint(256, "deadline");
        bytes memory signature = ANY.createBytes(65, "signature");
        Purses memory was = pursesOf(s);
        (ok,) = call(
            ANY.createAddress("submitter"),
            abi.encodeCall(IEscrow.fundWithPermit2, (s.trade, nonce, deadline, signature))
        );

        bool isSigned_ = _isRecovered(s.trade.seller, _permit2Digest(s, nonce, deadline), signature);
        bool isInTime = s.time <= deadline;
        assert(ok == (_isInRange(s.trade) && s.facts.status == NONE && had >= s.trade.amount && isInTime && isSigned_));
        if (ok) _assertPulled(s, was);
    }

    function _assumeNotPermit2(Scene memory s) private pure {
        vm.assume(s.trade.seller != PERMIT2 && s.trade.buyer != PERMIT2 && s.bystander != PERMIT2);
    }

    /// @dev Permit2 takes a high s too; its nonce, not the signature, is spent.
    function _isRecovered(address signer, bytes32 digest, bytes memory signature) private pure returns (bool) {
        bytes32 r;
        bytes32 vs;
        assembly {
            r := mload(add(signature, 0x20))
            vs := mload(add(signature, 0x40))
        }
        return ecrecover(digest, uint8(signature[64]), r, vs) == signer;
    }

    function _permit2Digest(Scene memory s, uint256 nonce, uint256 deadline) private view returns (bytes32) {
        bytes32 typeHash = keccak256(
            bytes(
                string.concat(
                    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,",
                    "Trade witness)TokenPermissions(address token,uint256 amount)",
                    TRADE_TYPE
                )
            )
        );
        bytes32 permitted = keccak256(abi.encode(TOKEN_PERMISSIONS, s.trade.token, uint256(s.trade.amount)));
        bytes32 structHash = keccak256(abi.encode(typeHash, permitted, address(escrow), nonce, deadline, s.id));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                PERMIT2
            )
        );
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }

    // ---------------------------------------------------------------- how

    function _placeUnfunded(Scene memory s) private {
        _assumeOutside(s.trade.seller);
        vm.assume(s.time < LAST);
        place(s);
        give(s.trade.token, ANY.createUint(120, "others"));
    }

    function _giveSeller(Scene memory s, uint256 amount, address spender) private {
        usdc.mint(s.trade.seller, amount);
        vm.prank(s.trade.seller);
        usdc.approve(spender, type(uint256).max);
    }

    function _isInRange(Trade memory trade) private view returns (bool) {
        return Model.refusalOfTerms(trade, address(escrow)).length == 0;
    }

    function _assertPulled(Scene memory s, Purses memory was) private view {
        was.escrow += s.trade.amount;
        was.seller -= s.trade.amount;
        _assertFunded(s, was);
    }

    function _assertFunded(Scene memory s, Purses memory expected) private view {
        Attempt memory a = Attempt(Move.Fund, s.trade.seller, s.time, 0);
        Facts memory then = Model.after_(s.trade, s.facts, a);
        assert(wordOf(s.id) == pack(then));
        assert(wordOf(s.otherId) == s.otherWord);
        assertSame(pursesOf(s), expected);
    }
}
