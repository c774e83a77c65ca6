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

/// @dev The chain's native coin, where a token is expected.
address constant NATIVE = address(0);

/// @dev `encodeType(Trade)` without its name is repeated in TypeHashes.sol: literals keep the hashes constant.
bytes32 constant TRADE_TYPEHASH = keccak256(
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);

using {hash} for Trade global;

/// @dev `hashStruct(Trade)`, the id of the trade.
function hash(Trade calldata trade) pure returns (bytes32) {
    return keccak256(abi.encode(TRADE_TYPEHASH, trade));
}
