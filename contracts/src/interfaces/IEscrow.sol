// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signed, Trade} from "../types/Trade.sol";

/// @title Escrow between the seller and the buyer of coins, while the buyer pays outside of the chain.
/// @notice No owner, no pause, no upgrade, no settable value. Every call brings the whole Trade, whose hash is its id; the contract
/// keeps one word per live trade and deletes it when the trade closes. Every move of a party exists twice: called by the party, and
/// `...BySig` for anybody to submit with the party's EIP-712 signature. Both end in the same state.
/// @dev Checks come in one order: the trade is live (`BadState`), the caller or signature is right, the status fits (`BadState`),
/// the time fits (`TooEarly`, `TooLate`), the arguments fit, and last, that no trade closes in the second of its funding (`TooEarly`).
/// All times are in seconds of block time.
interface IEscrow {
    // ---------------------------------------------------------------- events

    /// @notice The seller locked the coins; the buyer's `payWindow` runs from this block. Carries all terms, so that a party can act
    /// knowing only the chain.
    event Funded(bytes32 indexed id, address indexed seller, address indexed buyer, Trade trade);

    /// @notice The buyer says that he paid; the seller's window runs from this block.
    event MarkedPaid(bytes32 indexed id);

    /// @notice The seller gave the buyer until `payBy`.
    event TimeGranted(bytes32 indexed id, uint40 payBy);

    /// @notice `by` put the trade before the arbitrator; his window runs from this block.
    event Disputed(bytes32 indexed id, address indexed by, bytes32 evidence);

    /// @notice Closed by the seller: everything to the buyer, less the fee.
    event Released(bytes32 indexed id);

    /// @notice Closed by the buyer: everything back to the seller.
    event Cancelled(bytes32 indexed id);

    /// @notice Closed by the seller, whom the buyer had not paid in time: everything back to him.
    event Reclaimed(bytes32 indexed id);

    /// @notice Closed by both: `toBuyer`, less the fee, to the buyer, the rest to the seller.
    event Settled(bytes32 indexed id, uint128 toBuyer);

    /// @notice Closed by the arbitrator: `toBuyer` to the buyer, the rest to the seller, no fee.
    event Ruled(bytes32 indexed id, uint128 toBuyer, bytes32 evidence);

    /// @notice Closed because a window passed: `toBuyer` (before the fee, if any) to the buyer, the rest to the seller.
    event TimedOut(bytes32 indexed id, uint128 toBuyer);

    /// @notice `account` could not be paid; the amount waits for it here.
    event Credited(bytes32 indexed id, address indexed token, address indexed account, uint256 amount);

    /// @notice The credit of `account` went to `to`.
    event Withdrawn(address indexed token, address indexed account, address to, uint256 amount);

    /// @notice The fees of `token` went to the fee recipient.
    event FeesWithdrawn(address indexed token, uint256 amount);

    // ---------------------------------------------------------------- errors

    /// @notice The move does not exist in this status: 0 closed or never funded, 1 funded, 2 paid, 3 disputed.
    error BadState(bytes32 id, uint8 status);

    /// @notice Only the seller may do this himself.
    error NotSeller(address caller);

    /// @notice Only the buyer may do this himself.
    error NotBuyer(address caller);

    /// @notice Only the arbitrator may do this himself.
    error NotArbitrator(address caller);

    /// @notice Only the buyer or the seller may do this.
    error NotParty(address account);

    /// @notice The move is possible from `from` on.
    error TooEarly(uint256 time, uint256 from);

    /// @notice The move was possible until `until`, that second included.
    error TooLate(uint256 time, uint256 until);

    /// @notice The signature was good until `deadline`, that second included.
    error Expired(uint256 time, uint256 deadline);

    /// @notice This is not a signature of `signer` over this move of this trade.
    error BadSignature(address signer);

    /// @notice Seller and buyer must differ, must not be zero, the arbitrator or this contract; the arbitrator must not be zero.
    error BadParties(address seller, address buyer, address arbitrator);

    /// @notice A trade must lock something.
    error ZeroAmount();

    /// @notice The fee may be at most `maxBps` hundredths of a percent.
    error FeeTooHigh(uint256 feeBps, uint256 maxBps);

    /// @notice The time to pay must be `min` to `max` seconds.
    error PayWindowOutOfRange(uint256 window, uint256 min, uint256 max);

    /// @notice The time to release must be `min` to `max` seconds.
    error ReleaseWindowOutOfRange(uint256 window, uint256 min, uint256 max);

    /// @notice The time to rule must be `min` to `max` seconds.
    error RulingWindowOutOfRange(uint256 window, uint256 min, uint256 max);

    /// @notice The new time to pay must be between `min` and `max`.
    error PayByOutOfRange(uint256 payBy, uint256 min, uint256 max);

    /// @notice The buyer's part may be at most the amount of the trade.
    error ShareTooLarge(uint256 toBuyer, uint256 amount);

    /// @notice The call must bring exactly `expected` of the native coin.
    error WrongValue(uint256 sent, uint256 expected);

    /// @notice There is no contract at this address.
    error NotAToken(address token);

    /// @notice `token` did not move `amount` from `from` to `to`; when funding, mostly a balance or an allowance that is too small.
    error TransferFailed(address token, address from, address to, uint256 amount);

    /// @notice The token moved another amount than was asked for; such tokens cannot be escrowed.
    error WrongAmountReceived(uint256 received, uint256 expected);

    /// @notice A token called back into a funding during a funding.
    error Reentered();

    /// @notice A payment failed with so little gas that its recipient may not be at fault; send the call again with more.
    error LowGas(uint256 gasLeft, uint256 gasNeeded);

    /// @notice A batch may hold at most `max` moves.
    error BatchTooLong(uint256 length, uint256 max);

    /// @notice Nothing is owed to `account` in this token.
    error NoCredit(address token, address account);

    /// @notice The signature names another amount than is owed now.
    error WrongCredit(uint256 signed, uint256 current);

    /// @notice Nothing can be paid to the zero address or to this contract.
    error BadRecipient(address to);

    /// @notice No fee waits in this token.
    error NoFees(address token);

    // ---------------------------------------------------------------- funding

    /// @notice Locks the coins of a new trade. Called by the seller, with exactly `amount` of the native coin as value or with an
    /// allowance of `amount` and no value.
    function fund(Trade calldata trade) external payable;

    /// @notice Locks the tokens of a new trade with an ERC-2612 permit. Called by the seller himself: a permit names no trade.
    /// @dev A permit that somebody has already used does no harm; then its allowance is there.
    function fundWithPermit(Trade calldata trade, uint256 permitDeadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Locks the tokens of a new trade with the seller's Permit2 signature, whose witness is the Trade. Sent by anybody.
    /// @param nonce Of Permit2, which takes each of them once.
    /// @param permitDeadline Until when Permit2 takes the signature.
    function fundWithPermit2(Trade calldata trade, uint256 nonce, uint256 permitDeadline, bytes calldata signature)
        external;

    // ---------------------------------------------------------------- FUNDED

    /// @notice The buyer says that he paid. FUNDED, until one day after `payBy`; past `payBy` it races `reclaim`.
    function markPaid(Trade calldata trade) external;

    /// @notice `markPaid`, signed by the buyer.
    function markPaidBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external;

    /// @notice `markPaidBySig`, many at once. An item that cannot be done is passed over, and costs at most the gas that its buyer's
    /// wallet may burn; so is one whose wallet is left too little gas to answer. Its signature stays good.
    /// @param moves At most 256.
    /// @return done Bit i is set when move i was done, the lowest for the first.
    function batchMarkPaid(Signed[] calldata moves) external returns (uint256 done);

    /// @notice The seller gives the buyer more time. FUNDED; later than `payBy`, at most 14 days from now.
    function grantTime(Trade calldata trade, uint40 newPayBy) external;

    /// @notice `grantTime`, signed by the seller.
    function grantTimeBySig(Trade calldata trade, uint40 newPayBy, uint256 deadline, bytes calldata signature) external;

    /// @notice The seller takes back what was not paid for. FUNDED, after `payBy`.
    function reclaim(Trade calldata trade) external;

    /// @notice `reclaim`, signed by the seller.
    function reclaimBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external;

    // ---------------------------------------------------------------- FUNDED, PAID, DISPUTED

    /// @notice The seller gives the coins to the buyer, less the fee.
    function release(Trade calldata trade) external;

    /// @notice `release`, signed by the seller.
    function releaseBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external;

    /// @notice `releaseBySig`, many at once. An item that cannot be done is passed over, and costs at most the gas that its seller's
    /// wallet may burn; only too little gas for a payment undoes the whole call (`LowGas`).
    /// @param moves At most 256.
    /// @return done Bit i is set when move i was done, the lowest for the first.
    function batchRelease(Signed[] calldata moves) external returns (uint256 done);

    /// @notice The buyer gives the coins back to the seller.
    function cancel(Trade calldata trade) external;

    /// @notice `cancel`, signed by the buyer.
    function cancelBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external;

    /// @notice Both agree on `toBuyer`, from which the fee is taken. Sent by anybody with both signatures; a party that sends it
    /// needs none of its own and passes empty bytes.
    function settle(
        Trade calldata trade,
        uint128 toBuyer,
        uint256 deadline,
        bytes calldata sellerSignature,
        bytes calldata buyerSignature
    ) external;

    // ---------------------------------------------------------------- PAID, DISPUTED

    /// @notice A party puts the trade before the arbitrator. PAID, until a time-out is mined.
    /// @param evidence Hash of what the party has to say; the contract never reads it.
    function dispute(Trade calldata trade, bytes32 evidence) external;

    /// @notice `dispute`, signed by `by`, who is the buyer or the seller.
    function disputeBySig(
        Trade calldata trade,
        bytes32 evidence,
        address by,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice The arbitrator divides the coins between the two parties. DISPUTED, within `rulingWindow`. No fee is taken.
    /// @param evidence Hash of the reasons; the contract never reads it.
    function rule(Trade calldata trade, uint128 toBuyer, bytes32 evidence) external;

    /// @notice `rule`, signed by the arbitrator.
    function ruleBySig(
        Trade calldata trade,
        uint128 toBuyer,
        bytes32 evidence,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice `dispute` and `rule` in one call: the arbitrator brings the signed dispute of a party and divides. PAID.
    /// @param evidence Hash of the arbitrator's reasons.
    /// @param by The buyer or the seller, who signed the dispute with `disputeEvidence` and `deadline`.
    function disputeAndRule(
        Trade calldata trade,
        uint128 toBuyer,
        bytes32 evidence,
        address by,
        bytes32 disputeEvidence,
        bytes calldata signature,
        uint256 deadline
    ) external;

    /// @notice Closes a trade whose window has passed; anybody may. FUNDED, a day after `payBy`: all to the seller. PAID, after
    /// `releaseWindow`: all to the buyer, less the fee. DISPUTED, after `rulingWindow`: half each, the odd unit to the seller, no fee.
    function timeout(Trade calldata trade) external;

    // ---------------------------------------------------------------- credits and fees

    /// @notice Pays all that is owed to the caller in `token` to `to`.
    function withdraw(address token, address to) external;

    /// @notice `withdraw`, signed by `account`; good for exactly the current credit.
    function withdrawBySig(
        address account,
        address token,
        uint256 amount,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Pays the fees of `token` to the fee recipient; anybody may.
    function withdrawFees(address token) external;

    // ---------------------------------------------------------------- views

    /// @notice The id of a trade: its EIP-712 struct hash.
    function idOf(Trade calldata trade) external pure returns (bytes32);

    /// @notice The word of a live trade, all zero when it is closed or was never funded.
    /// @return status 0 none, 1 funded, 2 paid, 3 disputed.
    /// @return since When the trade came into this status.
    /// @return fundedAt When it was funded; part of every signature.
    /// @return payBy The last second in which the buyer is in time to pay.
    function stateOf(bytes32 id) external view returns (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy);

    /// @notice What is owed to `account` because it could not be paid, in base units of `token`.
    function creditOf(address token, address account) external view returns (uint256);

    /// @notice Fees waiting for the fee recipient, in base units of `token`.
    function feesOf(address token) external view returns (uint256);

    /// @notice Who gets the fees; fixed at deployment.
    function feeRecipient() external view returns (address);
}
