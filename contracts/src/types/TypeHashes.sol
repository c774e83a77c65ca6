// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev EIP-712 type hashes of what can be signed for the contract. Each move nests the whole Trade, so that a wallet shows
/// every field; the nested hash is the trade's id. Whole literals, because only those become constants.
bytes32 constant MARK_PAID_TYPEHASH = keccak256(
    "MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant GRANT_TIME_TYPEHASH = keccak256(
    "GrantTime(Trade trade,uint40 fundedAt,uint40 newPayBy,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant RECLAIM_TYPEHASH = keccak256(
    "Reclaim(Trade trade,uint40 fundedAt,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant RELEASE_TYPEHASH = keccak256(
    "Release(Trade trade,uint40 fundedAt,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant CANCEL_TYPEHASH = keccak256(
    "Cancel(Trade trade,uint40 fundedAt,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant SETTLE_TYPEHASH = keccak256(
    "Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant DISPUTE_TYPEHASH = keccak256(
    "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant RULE_TYPEHASH = keccak256(
    "Rule(Trade trade,uint40 fundedAt,uint128 toBuyer,bytes32 evidence,uint256 deadline)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
);
bytes32 constant WITHDRAW_TYPEHASH =
    keccak256("Withdraw(address account,address token,uint256 amount,address to,uint256 deadline)");

/// @dev What Permit2 hashes after its own members: the witness, whose hash is the trade's id, and the types in alphabetical order.
string constant PERMIT2_WITNESS_TYPE = "Trade witness)TokenPermissions(address token,uint256 amount)"
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)";
