// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What two parties agreed on. Its EIP-712 hash is the id of the trade; every call brings it along.
/// @param seller Gives the coins.
/// @param buyer Gets the coins.
/// @param token What is sold; zero for the chain's native coin.
/// @param amount Base units of the token that the seller locks.
/// @param arbitrator Rules on a dispute, between the two parties only.
/// @param feeBps Hundredths of a percent taken from what the buyer gets on release, time-out release and settle.
/// @param payWindow Seconds the buyer has to pay, from the funding.
/// @param releaseWindow Seconds the seller has to answer, from "paid".
/// @param rulingWindow Seconds the arbitrator has to rule, from the dispute.
/// @param terms `hashStruct(Agreement)`: the fiat side, which the contract never reads.
struct Trade {
    address seller;
    address buyer;
    address token;
    uint128 amount;
    address arbitrator;
    uint16 feeBps;
    uint32 payWindow;
    uint32 releaseWindow;
    uint32 rulingWindow;
    bytes32 terms;
}

/// @notice A signed move without an argument of its own, as a batch takes it.
/// @param trade Of this trade.
/// @param deadline The last second in which the signature is good.
/// @param signature By the party whose move it is.
struct Signed {
    Trade trade;
    uint256 deadline;
    bytes signature;
}

/// @dev The chain's native coin, where a token is expected.
address constant NATIVE = address(0);

/// @dev Repeated in TypeHashes.sol: only the hash of a whole literal is a constant.
bytes32 constant TRADE_TYPEHASH = keccak256(
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);

/// @dev A Trade where it lies in the calldata, read word by word without the checks of the decoder, which would cost a tenth of what
/// this contract itself burns. That is sound because a trade can only be funded when `isClean` says that the decoder would take it, and
/// every later call must bring the very words that were hashed then. Holds the offset of the first word.
type RawTrade is uint256;

using {raw} for Trade global;
using {
    hash,
    isClean,
    seller,
    buyer,
    token,
    amount,
    arbitrator,
    feeBps,
    payWindow,
    releaseWindow,
    rulingWindow
} for RawTrade global;

function raw(Trade calldata trade) pure returns (RawTrade offset) {
    assembly ("memory-safe") {
        offset := trade
    }
}

/// @dev `hashStruct(Trade)`, the id of the trade.
function hash(RawTrade trade) pure returns (bytes32 id) {
    bytes32 typeHash = TRADE_TYPEHASH;
    assembly ("memory-safe") {
        let free := mload(0x40)
        mstore(free, typeHash)
        calldatacopy(add(free, 0x20), trade, 0x140)
        id := keccak256(free, 0x160)
    }
}

/// @dev Whether no field has a bit beyond its type.
function isClean(RawTrade trade) pure returns (bool) {
    uint256 addresses = _word(trade, 0) | _word(trade, 1) | _word(trade, 2) | _word(trade, 4);
    uint256 windows = _word(trade, 6) | _word(trade, 7) | _word(trade, 8);
    return (addresses >> 160 | _word(trade, 3) >> 128 | _word(trade, 5) >> 16 | windows >> 32) == 0;
}

function seller(RawTrade trade) pure returns (address) {
    return address(uint160(_word(trade, 0)));
}

function buyer(RawTrade trade) pure returns (address) {
    return address(uint160(_word(trade, 1)));
}

function token(RawTrade trade) pure returns (address) {
    return address(uint160(_word(trade, 2)));
}

function amount(RawTrade trade) pure returns (uint128) {
    return uint128(_word(trade, 3));
}

function arbitrator(RawTrade trade) pure returns (address) {
    return address(uint160(_word(trade, 4)));
}

function feeBps(RawTrade trade) pure returns (uint16) {
    return uint16(_word(trade, 5));
}

function payWindow(RawTrade trade) pure returns (uint32) {
    return uint32(_word(trade, 6));
}

function releaseWindow(RawTrade trade) pure returns (uint32) {
    return uint32(_word(trade, 7));
}

function rulingWindow(RawTrade trade) pure returns (uint32) {
    return uint32(_word(trade, 8));
}

function _word(RawTrade trade, uint256 place) pure returns (uint256 word) {
    assembly ("memory-safe") {
        word := calldataload(add(trade, mul(place, 0x20)))
    }
}
