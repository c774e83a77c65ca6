// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {TestUSDC} from "../src/devnet/TestUSDC.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {NATIVE, Trade} from "../src/types/Trade.sol";
import {DISPUTED, FUNDED, NONE, PAID} from "../src/types/Word.sol";
import {OddToken} from "./mocks/Tokens.sol";

/// @dev The standing cast (Alice sells, Bob buys, Carol is a stranger, Dana arbitrates), one escrow, one token, and the walk of a trade.
abstract contract Base is Test {
    uint40 internal constant START = 1_800_000_000;
    uint128 internal constant ETH_AMOUNT = 1_234_567_890_123_456_789;
    uint128 internal constant USDC_AMOUNT = 250_750_001;
    uint256 internal constant FOREVER = type(uint256).max;
    bytes32 internal constant EVIDENCE = keccak256("what happened");
    uint256 internal constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    string internal constant TRADE_TYPE =
        "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)";

    address internal alice;
    address internal bob;
    address internal carol = makeAddr("Carol");
    address internal dana;
    address internal treasury = makeAddr("treasury");
    uint256 internal aliceKey;
    uint256 internal bobKey;
    uint256 internal danaKey;

    IEscrow internal escrow;
    TestUSDC internal usdc;

    function setUp() public virtual {
        vm.warp(START);
        (alice, aliceKey) = makeAddrAndKey("Alice");
        (bob, bobKey) = makeAddrAndKey("Bob");
        (dana, danaKey) = makeAddrAndKey("Dana");
        escrow = deployEscrow(treasury);
        usdc = new TestUSDC();
        vm.deal(alice, 1000 ether);
        usdc.mint(alice, 1e15);
        vm.prank(alice);
        usdc.approve(address(escrow), type(uint256).max);
    }

    function deployEscrow(address feeRecipient) internal returns (IEscrow) {
        return IEscrow(deployCode(escrowArtifact(), abi.encode(feeRecipient)));
    }

    /// @dev The build as it will be deployed, or another one of the same source: a plain one, or one with a fault put in.
    function escrowArtifact() internal view returns (string memory) {
        return vm.envOr("ESCROW_ARTIFACT", string("Escrow.sol:Escrow"));
    }

    /// @dev The code that stands there on public chains.
    function placePermit2() internal {
        string memory artifact = vm.readFile("../escrow/chain/abi/Permit2.json");
        vm.etch(PERMIT2, vm.parseJsonBytes(artifact, ".deployedBytecode"));
    }

    /// @dev A token with habits, of which Alice holds plenty and lets the escrow take it.
    function newOddToken() internal returns (OddToken token) {
        token = new OddToken();
        token.mint(alice, 1e15);
        vm.prank(alice);
        token.approve(address(escrow), type(uint256).max);
    }

    // ---------------------------------------------------------------- trades

    function ethTrade() internal view returns (Trade memory) {
        return Trade({
            seller: alice,
            buyer: bob,
            token: NATIVE,
            amount: ETH_AMOUNT,
            arbitrator: dana,
            feeBps: 50,
            payWindow: 2 hours,
            releaseWindow: 7 days,
            rulingWindow: 14 days,
            terms: keccak256("terms")
        });
    }

    function usdcTrade() internal view returns (Trade memory trade) {
        trade = ethTrade();
        trade.token = address(usdc);
        trade.amount = USDC_AMOUNT;
    }

    function feeOf(Trade memory trade, uint256 toBuyer) internal pure returns (uint256) {
        return toBuyer * trade.feeBps / 10_000;
    }

    // ---------------------------------------------------------------- the walk; each ends one second after its last move

    function fund(Trade memory trade) internal returns (bytes32 id) {
        vm.prank(trade.seller);
        escrow.fund{value: trade.token == NATIVE ? trade.amount : 0}(trade);
        skip(1);
        return escrow.idOf(trade);
    }

    function fundAndPay(Trade memory trade) internal returns (bytes32 id) {
        id = fund(trade);
        vm.prank(trade.buyer);
        escrow.markPaid(trade);
        skip(1);
    }

    function fundPayAndDispute(Trade memory trade) internal returns (bytes32 id) {
        id = fundAndPay(trade);
        vm.prank(trade.buyer);
        escrow.dispute(trade, EVIDENCE);
        skip(1);
    }

    /// @dev Brings a trade into any status.
    function bring(Trade memory trade, uint8 status) internal returns (bytes32 id) {
        if (status == NONE) return escrow.idOf(trade);
        if (status == FUNDED) return fund(trade);
        if (status == PAID) return fundAndPay(trade);
        return fundPayAndDispute(trade);
    }

    // ---------------------------------------------------------------- reading

    /// @dev The id of a trade, by the book.
    function structHashOf(Trade memory trade) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(TRADE_TYPE)), trade));
    }

    function statusOf(bytes32 id) internal view returns (uint8 status) {
        (status,,,) = escrow.stateOf(id);
    }

    function sinceOf(bytes32 id) internal view returns (uint40 since) {
        (, since,,) = escrow.stateOf(id);
    }

    function fundedAtOf(bytes32 id) internal view returns (uint40 fundedAt) {
        (,, fundedAt,) = escrow.stateOf(id);
    }

    function payByOf(bytes32 id) internal view returns (uint40 payBy) {
        (,,, payBy) = escrow.stateOf(id);
    }

    function balanceOf(address token, address account) internal view returns (uint256) {
        return token == NATIVE ? account.balance : TestUSDC(token).balanceOf(account);
    }

    // ---------------------------------------------------------------- what a refusal must leave alone

    /// @dev One hash of all that a call about `trade` could have moved: its word, and everybody's coins, credits, allowances and the fees.
    function worldOf(Trade memory trade) internal view returns (bytes32 world) {
        world = keccak256(abi.encode(address(escrow).balance, escrow.feesOf(NATIVE), escrow.feesOf(trade.token)));
        address[8] memory all = [alice, bob, carol, dana, treasury, trade.seller, trade.buyer, address(escrow)];
        bool isToken = trade.token.code.length != 0 && trade.token != address(escrow);
        for (uint256 i = 0; i < all.length; i++) {
            uint256 coins = all[i].balance + escrow.creditOf(NATIVE, all[i]);
            world = keccak256(abi.encode(world, coins, all[i].balance, escrow.creditOf(trade.token, all[i])));
            if (!isToken) continue;
            TestUSDC token = TestUSDC(trade.token);
            uint256 allowed = token.allowance(all[i], address(escrow));
            world = keccak256(abi.encode(world, token.balanceOf(all[i]), allowed, token.allowance(all[i], PERMIT2)));
        }
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(structHashOf(trade));
        return keccak256(abi.encode(world, status, since, fundedAt, payBy));
    }

    /// @dev The call reverts with exactly `error`, and moves nothing.
    function assertRefused(Trade memory trade, address caller, uint256 value, bytes memory call, bytes memory error)
        internal
    {
        bytes32 was = worldOf(trade);
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(escrow).call{value: value}(call);
        assertFalse(ok, "refused");
        assertEq(answer, error);
        assertEq(worldOf(trade), was, "nothing moved");
    }

    // ---------------------------------------------------------------- what a closing must do, in balances

    struct Purse {
        uint256 seller;
        uint256 buyer;
        uint256 escrow;
        uint256 fees;
    }

    function purseOf(Trade memory trade) internal view returns (Purse memory) {
        return Purse(
            balanceOf(trade.token, trade.seller),
            balanceOf(trade.token, trade.buyer),
            balanceOf(trade.token, address(escrow)),
            escrow.feesOf(trade.token)
        );
    }

    /// @dev The trade is gone, `toBuyer` less `fee` went to the buyer, the rest to the seller, the fee stayed.
    function assertPaidOut(Trade memory trade, Purse memory was, uint256 toBuyer, uint256 fee) internal view {
        Purse memory now_ = purseOf(trade);
        assertEq(now_.buyer, was.buyer + toBuyer - fee, "buyer");
        assertEq(now_.seller, was.seller + trade.amount - toBuyer, "seller");
        assertEq(now_.fees, was.fees + fee, "fees");
        assertEq(now_.escrow, was.escrow - trade.amount + fee, "escrow");
        assertClosed(escrow.idOf(trade));
    }

    function assertClosed(bytes32 id) internal view {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        assertEq(uint256(status) + since + fundedAt + payBy, 0, "the word is gone");
    }

    // ---------------------------------------------------------------- signing; types are spelled out again on purpose

    function digestOf(string memory move, bytes memory fields) internal view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domainSeparator(), structHash(move, fields)));
    }

    /// @param move Such as "MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)".
    /// @param fields The encoded fields, a nested Trade as its id.
    function structHash(string memory move, bytes memory fields) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(bytes(string.concat(move, TRADE_TYPE))), fields));
    }

    function domainSeparator() internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Parley"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function signCompact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return abi.encodePacked(r, vs);
    }

    /// @dev A signed move without an argument of its own: "MarkPaid", "Reclaim", "Release" or "Cancel".
    function signPlain(uint256 key, string memory name, bytes32 id, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        string memory move = string.concat(name, "(Trade trade,uint40 fundedAt,uint256 deadline)");
        return sign(key, digestOf(move, abi.encode(id, fundedAtOf(id), deadline)));
    }

    function signGrantTime(uint256 key, bytes32 id, uint40 newPayBy, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        string memory move = "GrantTime(Trade trade,uint40 fundedAt,uint40 newPayBy,uint256 deadline)";
        return sign(key, digestOf(move, abi.encode(id, fundedAtOf(id), newPayBy, deadline)));
    }

    function signSettle(uint256 key, bytes32 id, uint128 toBuyer, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        string memory move = "Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline)";
        return sign(key, digestOf(move, abi.encode(id, fundedAtOf(id), toBuyer, deadline)));
    }

    function signDispute(uint256 key, bytes32 id, bytes32 evidence, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        string memory move = "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)";
        return sign(key, digestOf(move, abi.encode(id, fundedAtOf(id), evidence, deadline)));
    }

    function signRule(uint256 key, bytes32 id, uint128 toBuyer, bytes32 evidence, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        string memory move = "Rule(Trade trade,uint40 fundedAt,uint128 toBuyer,bytes32 evidence,uint256 deadline)";
        return sign(key, digestOf(move, abi.encode(id, fundedAtOf(id), toBuyer, evidence, deadline)));
    }

    function signWithdraw(uint256 key, address account, address token, uint256 amount, address to, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        bytes32 hashed = keccak256(
            abi.encode(
                keccak256("Withdraw(address account,address token,uint256 amount,address to,uint256 deadline)"),
                account,
                token,
                amount,
                to,
                deadline
            )
        );
        return sign(key, keccak256(abi.encodePacked("\x19\x01", domainSeparator(), hashed)));
    }

    /// @dev What Permit2 has a seller sign, for this escrow and this trade.
    function signPermit2(uint256 key, Trade memory trade, uint256 nonce, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        bytes32 permitted = permittedHash(trade.token, trade.amount);
        return sign(key, permit2Digest(permitted, address(escrow), nonce, deadline, structHashOf(trade)));
    }

    function permittedHash(address token, uint256 amount) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), token, amount));
    }

    function permit2Digest(bytes32 permitted, address spender, uint256 nonce, uint256 deadline, bytes32 witness)
        internal
        view
        returns (bytes32)
    {
        string memory kind = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,"
            "uint256 deadline,Trade witness)TokenPermissions(address token,uint256 amount)";
        bytes32 typeHash = keccak256(bytes(string.concat(kind, TRADE_TYPE)));
        bytes32 hashed = keccak256(abi.encode(typeHash, permitted, spender, nonce, deadline, witness));
        return keccak256(abi.encodePacked("\x19\x01", permit2Separator(), hashed));
    }

    function permit2Separator() internal view returns (bytes32) {
        bytes32 kind = keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(kind, keccak256("Permit2"), block.chainid, PERMIT2));
    }
}
