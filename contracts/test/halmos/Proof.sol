// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {TestUSDC} from "../../src/devnet/TestUSDC.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Facts, Model, Move} from "../Model.sol";
import {NATIVE, NONE, Trade} from "../Words.sol";
import {ANY} from "./Symbols.sol";

/// @dev A trade, where it stands, and what stands beside it.
struct Scene {
    Trade trade;
    bytes32 id;
    Facts facts;
    uint256 time;
    bytes32 otherId;
    uint256 otherWord;
    address bystander;
    uint256 fees;
}

/// @dev What may move in a trade's asset, and what must not.
struct Purses {
    uint256 escrow;
    uint256 seller;
    uint256 buyer;
    uint256 bystander;
    uint256 fees;
    uint256 sellerCredit;
    uint256 buyerCredit;
    uint256 bystanderCredit;
}

/// @dev What all proofs begin with: the Escrow as it will be deployed, and a scene of which nothing is known but its types.
///
/// A function named check_ holds for every value of every symbol. Its companion named reach_ shows that it speaks of something: it
/// is the same question about one scene, claims that the move fails there, and must be refuted.
abstract contract Proof is Test {
    // Where the Escrow keeps them.
    uint256 internal constant FEES_PLACE = 0;
    uint256 internal constant CREDITS_PLACE = 1;
    uint256 internal constant WORDS_PLACE = 2;

    string internal constant TRADE_TYPE =
        "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)";

    address internal constant TREASURY = address(0x7eea);
    uint40 internal constant START = 1_800_000_000;

    IEscrow internal escrow;
    TestUSDC internal usdc;

    function setUp() public virtual {
        bytes memory code = abi.encodePacked(vm.getCode("out/halmos/Escrow.sol/Escrow.json"), abi.encode(TREASURY));
        address at;
        assembly {
            at := create(0, add(code, 0x20), mload(code))
        }
        escrow = IEscrow(at);
        usdc = new TestUSDC();
    }

    // ---------------------------------------------------------------- scenes

    /// @dev Any trade that could have been funded, in any state, at any time.
    function anyScene(address token) internal returns (Scene memory s) {
        s.trade = Trade({
            seller: ANY.createAddress("seller"),
            buyer: ANY.createAddress("buyer"),
            token: token,
            amount: uint128(ANY.createUint(128, "amount")),
            arbitrator: ANY.createAddress("arbitrator"),
            feeBps: uint16(ANY.createUint(16, "feeBps")),
            payWindow: uint32(ANY.createUint(32, "payWindow")),
            releaseWindow: uint32(ANY.createUint(32, "releaseWindow")),
            rulingWindow: uint32(ANY.createUint(32, "rulingWindow")),
            terms: ANY.createBytes32("terms")
        });
        s.facts = Facts({
            status: uint8(ANY.createUint(2, "status")),
            since: ANY.createUint(40, "since"),
            fundedAt: ANY.createUint(40, "fundedAt"),
            payBy: ANY.createUint(40, "payBy")
        });
        s.time = ANY.createUint(40, "time");
    }

    /// @dev One scene, `later` than its funding.
    function oneScene(address token, uint8 status, uint256 later) internal pure returns (Scene memory s) {
        s.trade = Trade({
            seller: address(0xa11ce),
            buyer: address(0xb0b),
            token: token,
            amount: 250_750_001,
            arbitrator: address(0xda2a),
            feeBps: 50,
            payWindow: 2 hours,
            releaseWindow: 7 days,
            rulingWindow: 14 days,
            terms: keccak256("terms")
        });
        s.facts = Facts({status: status, since: START, fundedAt: START, payBy: START + 2 hours});
        s.time = START + later;
    }

    /// @dev A scene in which a trade may be alive: it passed the checks of its funding, its times are in the order of its life, and the
    /// escrow holds what it owes.
    function enter(Scene memory s) internal {
        Trade memory trade = s.trade;
        _assumeOutside(trade.seller);
        _assumeOutside(trade.buyer);
        vm.assume(trade.seller != trade.buyer && trade.arbitrator != trade.seller && trade.arbitrator != trade.buyer);
        vm.assume(trade.amount != 0 && trade.feeBps <= 200);
        vm.assume(_canBe(s.facts, s.time));
        place(s);
        give(trade.token, s.fees + ANY.createUint(120, "others") + (s.facts.status == NONE ? 0 : trade.amount));
    }

    /// @dev Makes the chain look like the scene, with another trade and another account beside it.
    function place(Scene memory s) internal {
        Trade memory trade = s.trade;
        if (s.facts.status == NONE) s.facts = Facts(NONE, 0, 0, 0);
        s.bystander = ANY.createAddress("bystander");
        _assumeOutside(s.bystander);
        vm.assume(s.bystander != trade.seller && s.bystander != trade.buyer);

        vm.warp(s.time);
        s.id = idOf(trade);
        s.otherId = ANY.createBytes32("otherId");
        s.otherWord = ANY.createUint(256, "otherWord");
        s.fees = ANY.createUint(120, "fees");
        vm.assume(s.otherId != s.id);
        vm.store(address(escrow), at(s.id, WORDS_PLACE), bytes32(pack(s.facts)));
        vm.store(address(escrow), at(s.otherId, WORDS_PLACE), bytes32(s.otherWord));
        vm.store(address(escrow), at(bytes32(uint256(uint160(trade.token))), FEES_PLACE), bytes32(s.fees));
    }

    /// @dev Whether the order of a trade's times is that of its life; that every move keeps to it is proved with the move.
    function _canBe(Facts memory facts, uint256 time) private pure returns (bool) {
        return facts.fundedAt <= facts.payBy && facts.fundedAt <= facts.since && facts.since <= time;
    }

    function give(address token, uint256 amount) internal {
        if (token == NATIVE) vm.deal(address(escrow), amount);
        else TestUSDC(token).mint(address(escrow), amount);
    }

    function _assumeOutside(address account) internal view {
        vm.assume(account != address(0) && account != address(escrow) && account != address(usdc));
    }

    /// @dev By the book, not by the contract.
    function idOf(Trade memory trade) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256(bytes(TRADE_TYPE)), trade));
    }

    function pack(Facts memory facts) internal pure returns (uint256) {
        return facts.payBy << 88 | facts.fundedAt << 48 | facts.since << 8 | facts.status;
    }

    function at(bytes32 key, uint256 place) internal pure returns (bytes32) {
        return keccak256(abi.encode(key, place));
    }

    // ---------------------------------------------------------------- the call

    function call(address caller, bytes memory data) internal returns (bool ok, bytes memory answer) {
        return pay(caller, 0, data);
    }

    /// @dev The same, with coins.
    function pay(address caller, uint256 value, bytes memory data) internal returns (bool ok, bytes memory answer) {
        vm.prank(caller);
        (ok, answer) = address(escrow).call{value: value}(data);
    }

    // ---------------------------------------------------------------- before and after

    function wordOf(bytes32 id) internal view returns (uint256) {
        return uint256(vm.load(address(escrow), at(id, WORDS_PLACE)));
    }

    function pursesOf(Scene memory s) internal view returns (Purses memory) {
        Trade memory trade = s.trade;
        return Purses({
            escrow: balanceOf(trade.token, address(escrow)),
            seller: balanceOf(trade.token, trade.seller),
            buyer: balanceOf(trade.token, trade.buyer),
            bystander: balanceOf(trade.token, s.bystander),
            fees: escrow.feesOf(trade.token),
            sellerCredit: escrow.creditOf(trade.token, trade.seller),
            buyerCredit: escrow.creditOf(trade.token, trade.buyer),
            bystanderCredit: escrow.creditOf(trade.token, s.bystander)
        });
    }

    function balanceOf(address token, address account) internal view returns (uint256) {
        return token == NATIVE ? account.balance : TestUSDC(token).balanceOf(account);
    }

    /// @dev The call failed with exactly this error, or succeeded where there is none to expect.
    function assertEnds(bool ok, bytes memory answer, bytes memory refusal) internal pure {
        assert(ok == (refusal.length == 0));
        if (!ok) assert(keccak256(answer) == keccak256(refusal));
    }

    /// @dev The move did to the trade what the table says, and nothing to anything else.
    function assertDone(Scene memory s, Purses memory was, Attempt memory attempt) internal view {
        Facts memory then = Model.after_(s.trade, s.facts, attempt);
        assert(wordOf(s.id) == pack(then));
        assert(_canBe(then, s.time));
        assert(wordOf(s.otherId) == s.otherWord);
        if (Model.closes(attempt.move)) {
            (uint256 toBuyer, uint256 fee) = Model.payout(s.trade, s.facts, attempt);
            was.buyer += toBuyer - fee;
            was.seller += s.trade.amount - toBuyer;
            was.fees += fee;
            was.escrow -= s.trade.amount - fee;
        }
        assertSame(pursesOf(s), was);
    }

    /// @dev One question for the prover, not eight.
    function assertSame(Purses memory a, Purses memory b) internal pure {
        assert(
            (a.escrow ^ b.escrow) | (a.seller ^ b.seller) | (a.buyer ^ b.buyer) | (a.bystander ^ b.bystander)
                    | (a.fees ^ b.fees) | (a.sellerCredit ^ b.sellerCredit) | (a.buyerCredit ^ b.buyerCredit)
                    | (a.bystanderCredit ^ b.bystanderCredit) == 0
        );
    }
}
