// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {LibCall} from "solady/src/utils/LibCall.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {IERC1271} from "./interfaces/IERC1271.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {NATIVE, Trade} from "./types/Trade.sol";
import "./types/TypeHashes.sol";
import {DISPUTED, FUNDED, fundedWord, NO_WORD, NONE, PAID, Word} from "./types/Word.sol";

/// @title Escrow
/// @dev Documented in IEscrow. One rhythm throughout: checks, effects, event, payments.
contract Escrow is IEscrow, EIP712 {
    uint256 private constant MAX_FEE_BPS = 200;
    uint256 private constant BPS = 10_000;
    uint256 private constant MIN_PAY_WINDOW = 20 minutes;
    uint256 private constant MAX_PAY_WINDOW = 14 days;
    uint256 private constant MIN_RELEASE_WINDOW = 3 days;
    uint256 private constant MAX_RELEASE_WINDOW = 30 days;
    uint256 private constant MIN_RULING_WINDOW = 1 days;
    uint256 private constant MAX_RULING_WINDOW = 90 days;

    /// @dev How long after `payBy` the buyer may still mark the trade paid, and nobody but the seller may close it.
    uint256 private constant GRACE = 1 days;

    /// @dev What a payment gets, and what must have been left before a failed one to believe that the recipient is at fault:
    /// enough for the whole of the cap after the 1/64 that a call holds back.
    uint256 private constant NATIVE_GAS = 100_000;
    uint256 private constant NATIVE_GAS_NEEDED = 130_000;
    uint256 private constant TOKEN_GAS = 300_000;
    uint256 private constant TOKEN_GAS_NEEDED = 340_000;
    uint256 private constant SIGNATURE_GAS = 400_000;

    /// @dev Half the order of secp256k1. A signature with a larger s is the twin of another one.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @inheritdoc IEscrow
    address public immutable feeRecipient;

    /// @inheritdoc IEscrow
    mapping(address token => uint256) public feesOf;

    /// @inheritdoc IEscrow
    mapping(address token => mapping(address account => uint256)) public creditOf;

    mapping(bytes32 id => Word) private _words;

    bool private transient _pulling;

    constructor(address recipient) {
        if (recipient == address(0)) revert BadRecipient(recipient);
        feeRecipient = recipient;
    }

    // ---------------------------------------------------------------- funding

    /// @inheritdoc IEscrow
    function fund(Trade calldata trade) external payable {
        if (msg.sender != trade.seller) revert NotSeller(msg.sender);
        uint256 value = trade.token == NATIVE ? trade.amount : 0;
        if (msg.value != value) revert WrongValue(msg.value, value);
        _open(trade);
        if (trade.token != NATIVE) _pull(trade);
    }

    /// @inheritdoc IEscrow
    function fundWithPermit(Trade calldata trade, uint256 permitDeadline, uint8 v, bytes32 r, bytes32 s) external {
        if (msg.sender != trade.seller) revert NotSeller(msg.sender);
        if (trade.token.code.length == 0) revert NotAToken(trade.token);
        _open(trade);
        // Anybody may have used the permit before; then it fails, but its allowance is there, and without it the pull fails.
        try IERC20Permit(trade.token).permit(msg.sender, address(this), trade.amount, permitDeadline, v, r, s) {} catch {}
        _pull(trade);
    }

    function _open(Trade calldata trade) private {
        _checkTerms(trade);
        bytes32 id = trade.hash();
        Word word = _words[id];
        if (word.status() != NONE) revert BadState(id, word.status());

        uint40 payBy = uint40(block.timestamp + trade.payWindow);
        _words[id] = fundedWord(uint40(block.timestamp), payBy);
        emit Funded(id, trade.seller, trade.buyer, trade, payBy);
    }

    function _checkTerms(Trade calldata trade) private view {
        (address seller, address buyer, address arbitrator) = (trade.seller, trade.buyer, trade.arbitrator);
        if (
            seller == address(0) || buyer == address(0) || arbitrator == address(0) || seller == buyer
                || seller == arbitrator || buyer == arbitrator || seller == address(this) || buyer == address(this)
        ) revert BadParties(seller, buyer, arbitrator);
        if (trade.amount == 0) revert ZeroAmount();
        if (trade.feeBps > MAX_FEE_BPS) revert FeeTooHigh(trade.feeBps, MAX_FEE_BPS);
        if (trade.payWindow < MIN_PAY_WINDOW || trade.payWindow > MAX_PAY_WINDOW) {
            revert PayWindowOutOfRange(trade.payWindow, MIN_PAY_WINDOW, MAX_PAY_WINDOW);
        }
        if (trade.releaseWindow < MIN_RELEASE_WINDOW || trade.releaseWindow > MAX_RELEASE_WINDOW) {
            revert ReleaseWindowOutOfRange(trade.releaseWindow, MIN_RELEASE_WINDOW, MAX_RELEASE_WINDOW);
        }
        if (trade.rulingWindow < MIN_RULING_WINDOW || trade.rulingWindow > MAX_RULING_WINDOW) {
            revert RulingWindowOutOfRange(trade.rulingWindow, MIN_RULING_WINDOW, MAX_RULING_WINDOW);
        }
    }

    /// @dev Takes the seller's tokens and counts them. Not reentrant: a token that takes a cut and calls the sender back could have
    /// one payment counted for two trades.
    function _pull(Trade calldata trade) private {
        if (_pulling) revert Reentered();
        _pulling = true;
        (address token, uint256 amount) = (trade.token, trade.amount);
        uint256 held = SafeTransferLib.balanceOf(token, address(this));
        if (!SafeTransferLib.trySafeTransferFrom(token, trade.seller, address(this), amount)) {
            if (token.code.length == 0) revert NotAToken(token);
            revert TransferFailed(token, trade.seller, address(this), amount);
        }
        uint256 holds = SafeTransferLib.balanceOf(token, address(this));
        if (holds != held + amount) revert WrongAmountReceived(holds > held ? holds - held : 0, amount);
        _pulling = false;
    }

    // ---------------------------------------------------------------- FUNDED

    /// @inheritdoc IEscrow
    function markPaid(Trade calldata trade) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.buyer) revert NotBuyer(msg.sender);
        _markPaid(id, word);
    }

    /// @inheritdoc IEscrow
    function markPaidBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (bytes32 id, Word word) = _live(trade);
        _checkSigned(trade.buyer, _plain(MARK_PAID_TYPEHASH, id, word, deadline), deadline, signature);
        _markPaid(id, word);
    }

    function _markPaid(bytes32 id, Word word) private {
        if (word.status() != FUNDED) revert BadState(id, word.status());
        _checkNotAfter(word.payBy() + GRACE);

        _words[id] = word.withStatus(PAID, uint40(block.timestamp));
        emit MarkedPaid(id);
    }

    /// @inheritdoc IEscrow
    function grantTime(Trade calldata trade, uint40 newPayBy) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.seller) revert NotSeller(msg.sender);
        _grantTime(id, word, newPayBy);
    }

    /// @inheritdoc IEscrow
    function grantTimeBySig(Trade calldata trade, uint40 newPayBy, uint256 deadline, bytes calldata signature) external {
        (bytes32 id, Word word) = _live(trade);
        bytes32 move = keccak256(abi.encode(GRANT_TIME_TYPEHASH, id, word.fundedAt(), newPayBy, deadline));
        _checkSigned(trade.seller, move, deadline, signature);
        _grantTime(id, word, newPayBy);
    }

    function _grantTime(bytes32 id, Word word, uint40 newPayBy) private {
        if (word.status() != FUNDED) revert BadState(id, word.status());
        (uint256 earliest, uint256 latest) = (uint256(word.payBy()) + 1, block.timestamp + MAX_PAY_WINDOW);
        if (newPayBy < earliest || newPayBy > latest) revert PayByOutOfRange(newPayBy, earliest, latest);

        _words[id] = word.withPayBy(newPayBy);
        emit TimeGranted(id, newPayBy);
    }

    /// @inheritdoc IEscrow
    function reclaim(Trade calldata trade) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.seller) revert NotSeller(msg.sender);
        _reclaim(id, word, trade);
    }

    /// @inheritdoc IEscrow
    function reclaimBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (bytes32 id, Word word) = _live(trade);
        _checkSigned(trade.seller, _plain(RECLAIM_TYPEHASH, id, word, deadline), deadline, signature);
        _reclaim(id, word, trade);
    }

    function _reclaim(bytes32 id, Word word, Trade calldata trade) private {
        if (word.status() != FUNDED) revert BadState(id, word.status());
        _checkAfter(word.payBy());

        _close(id, word);
        emit Reclaimed(id);
        _pay(id, trade.token, trade.seller, trade.amount);
    }

    // ---------------------------------------------------------------- FUNDED, PAID, DISPUTED

    /// @inheritdoc IEscrow
    function release(Trade calldata trade) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.seller) revert NotSeller(msg.sender);
        _release(id, word, trade);
    }

    /// @inheritdoc IEscrow
    function releaseBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (bytes32 id, Word word) = _live(trade);
        _checkSigned(trade.seller, _plain(RELEASE_TYPEHASH, id, word, deadline), deadline, signature);
        _release(id, word, trade);
    }

    function _release(bytes32 id, Word word, Trade calldata trade) private {
        _close(id, word);
        emit Released(id);
        _payBuyerLessFee(id, trade, trade.amount);
    }

    /// @inheritdoc IEscrow
    function cancel(Trade calldata trade) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.buyer) revert NotBuyer(msg.sender);
        _cancel(id, word, trade);
    }

    /// @inheritdoc IEscrow
    function cancelBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (bytes32 id, Word word) = _live(trade);
        _checkSigned(trade.buyer, _plain(CANCEL_TYPEHASH, id, word, deadline), deadline, signature);
        _cancel(id, word, trade);
    }

    function _cancel(bytes32 id, Word word, Trade calldata trade) private {
        _close(id, word);
        emit Cancelled(id);
        _pay(id, trade.token, trade.seller, trade.amount);
    }

    /// @inheritdoc IEscrow
    function settle(
        Trade calldata trade,
        uint128 toBuyer,
        uint256 deadline,
        bytes calldata sellerSignature,
        bytes calldata buyerSignature
    ) external {
        (bytes32 id, Word word) = _live(trade);
        bytes32 move = keccak256(abi.encode(SETTLE_TYPEHASH, id, word.fundedAt(), toBuyer, deadline));
        if (msg.sender != trade.seller) _checkSigned(trade.seller, move, deadline, sellerSignature);
        if (msg.sender != trade.buyer) _checkSigned(trade.buyer, move, deadline, buyerSignature);

        uint256 toSeller = _rest(trade, toBuyer);
        _close(id, word);
        emit Settled(id, toBuyer);
        _payBuyerLessFee(id, trade, toBuyer);
        _pay(id, trade.token, trade.seller, toSeller);
    }

    // ---------------------------------------------------------------- PAID, DISPUTED

    /// @inheritdoc IEscrow
    function dispute(Trade calldata trade, bytes32 evidence) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.seller && msg.sender != trade.buyer) revert NotParty(msg.sender);
        _dispute(id, word, msg.sender, evidence);
    }

    /// @inheritdoc IEscrow
    function disputeBySig(
        Trade calldata trade,
        bytes32 evidence,
        address by,
        uint256 deadline,
        bytes calldata signature
    ) external {
        (bytes32 id, Word word) = _live(trade);
        if (by != trade.seller && by != trade.buyer) revert NotParty(by);
        bytes32 move = keccak256(abi.encode(DISPUTE_TYPEHASH, id, word.fundedAt(), evidence, deadline));
        _checkSigned(by, move, deadline, signature);
        _dispute(id, word, by, evidence);
    }

    function _dispute(bytes32 id, Word word, address by, bytes32 evidence) private {
        if (word.status() != PAID) revert BadState(id, word.status());

        _words[id] = word.withStatus(DISPUTED, uint40(block.timestamp));
        emit Disputed(id, by, evidence);
    }

    /// @inheritdoc IEscrow
    function rule(Trade calldata trade, uint128 toBuyer, bytes32 evidence) external {
        (bytes32 id, Word word) = _live(trade);
        if (msg.sender != trade.arbitrator) revert NotArbitrator(msg.sender);
        _rule(id, word, trade, toBuyer, evidence);
    }

    /// @inheritdoc IEscrow
    function ruleBySig(
        Trade calldata trade,
        uint128 toBuyer,
        bytes32 evidence,
        uint256 deadline,
        bytes calldata signature
    ) external {
        (bytes32 id, Word word) = _live(trade);
        bytes32 move = keccak256(abi.encode(RULE_TYPEHASH, id, word.fundedAt(), toBuyer, evidence, deadline));
        _checkSigned(trade.arbitrator, move, deadline, signature);
        _rule(id, word, trade, toBuyer, evidence);
    }

    function _rule(bytes32 id, Word word, Trade calldata trade, uint128 toBuyer, bytes32 evidence) private {
        if (word.status() != DISPUTED) revert BadState(id, word.status());
        _checkNotAfter(uint256(word.since()) + trade.rulingWindow);

        uint256 toSeller = _rest(trade, toBuyer);
        _close(id, word);
        emit Ruled(id, toBuyer, evidence);
        _pay(id, trade.token, trade.buyer, toBuyer);
        _pay(id, trade.token, trade.seller, toSeller);
    }

    /// @inheritdoc IEscrow
    function timeout(Trade calldata trade) external {
        (bytes32 id, Word word) = _live(trade);
        if (word.status() == FUNDED) {
            _checkAfter(word.payBy() + GRACE);
            _close(id, word);
            emit TimedOut(id, 0);
            _pay(id, trade.token, trade.seller, trade.amount);
        } else if (word.status() == PAID) {
            _checkAfter(uint256(word.since()) + trade.releaseWindow);
            _close(id, word);
            emit TimedOut(id, trade.amount);
            _payBuyerLessFee(id, trade, trade.amount);
        } else {
            _checkAfter(uint256(word.since()) + trade.rulingWindow);
            _close(id, word);
            uint128 half = trade.amount / 2;
            emit TimedOut(id, half);
            _pay(id, trade.token, trade.buyer, half);
            _pay(id, trade.token, trade.seller, trade.amount - half);
        }
    }

    // ---------------------------------------------------------------- credits and fees

    /// @inheritdoc IEscrow
    function withdraw(address token, address to) external {
        _withdraw(msg.sender, token, creditOf[token][msg.sender], to);
    }

    /// @inheritdoc IEscrow
    function withdrawBySig(
        address account,
        address token,
        uint256 amount,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(abi.encode(WITHDRAW_TYPEHASH, account, token, amount, to, deadline));
        _checkSigned(account, message, deadline, signature);
        uint256 credit = creditOf[token][account];
        if (amount != credit) revert WrongCredit(amount, credit);
        _withdraw(account, token, amount, to);
    }

    function _withdraw(address account, address token, uint256 amount, address to) private {
        if (to == address(0) || to == address(this)) revert BadRecipient(to);
        if (amount == 0) revert NoCredit(token, account);

        creditOf[token][account] = 0;
        emit Withdrawn(token, account, to, amount);
        if (!_push(token, to, amount)) revert TransferFailed(token, address(this), to, amount);
    }

    /// @inheritdoc IEscrow
    function withdrawFees(address token) external {
        uint256 amount = feesOf[token];
        if (amount == 0) revert NoFees(token);

        feesOf[token] = 0;
        emit FeesWithdrawn(token, amount);
        if (!_push(token, feeRecipient, amount)) revert TransferFailed(token, address(this), feeRecipient, amount);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEscrow
    function idOf(Trade calldata trade) external pure returns (bytes32) {
        return trade.hash();
    }

    /// @inheritdoc IEscrow
    function stateOf(bytes32 id) external view returns (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) {
        Word word = _words[id];
        return (word.status(), word.since(), word.fundedAt(), word.payBy());
    }

    /// @inheritdoc IEscrow
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    // ---------------------------------------------------------------- checks

    function _live(Trade calldata trade) private view returns (bytes32 id, Word word) {
        id = trade.hash();
        word = _words[id];
        if (word.status() == NONE) revert BadState(id, NONE);
    }

    function _checkAfter(uint256 time) private view {
        if (block.timestamp <= time) revert TooEarly(block.timestamp, time + 1);
    }

    function _checkNotAfter(uint256 time) private view {
        if (block.timestamp > time) revert TooLate(block.timestamp, time);
    }

    function _rest(Trade calldata trade, uint128 toBuyer) private pure returns (uint256 toSeller) {
        if (toBuyer > trade.amount) revert ShareTooLarge(toBuyer, trade.amount);
        return trade.amount - toBuyer;
    }

    /// @dev The struct hash of a move that has no argument of its own.
    function _plain(bytes32 typeHash, bytes32 id, Word word, uint256 deadline) private pure returns (bytes32) {
        return keccak256(abi.encode(typeHash, id, word.fundedAt(), deadline));
    }

    function _checkSigned(address signer, bytes32 structHash, uint256 deadline, bytes calldata signature) private view {
        if (block.timestamp > deadline) revert Expired(block.timestamp, deadline);
        bytes32 digest = _hashTypedData(structHash);
        // The key first: cheaper, and right for accounts that have both a key and code (EIP-7702).
        if (_recover(digest, signature) != signer && !_isSignedByContract(signer, digest, signature)) {
            revert BadSignature(signer);
        }
    }

    /// @dev The account whose key signed, in 65 bytes or in the 64 of ERC-2098; zero when that is nobody, or when s is high.
    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length == 64) {
            uint256 vs = uint256(bytes32(signature[32:64]));
            return _recover(digest, uint8(27 + (vs >> 255)), bytes32(signature[0:32]), (vs << 1) >> 1);
        }
        if (signature.length == 65) {
            return _recover(digest, uint8(signature[64]), bytes32(signature[0:32]), uint256(bytes32(signature[32:64])));
        }
        return address(0);
    }

    function _recover(bytes32 digest, uint8 v, bytes32 r, uint256 s) private pure returns (address) {
        return s > MAX_S ? address(0) : ecrecover(digest, v, r, bytes32(s));
    }

    function _isSignedByContract(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        (bool ok,, bytes memory answer) = LibCall.tryStaticCall(signer, SIGNATURE_GAS, 32, question);
        return ok && answer.length == 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }

    // ---------------------------------------------------------------- effects and payments

    /// @dev Not in the second of the funding: two fundings of one id must never share the fundedAt that signatures name.
    function _close(bytes32 id, Word word) private {
        _checkAfter(word.fundedAt());
        _words[id] = NO_WORD;
    }

    function _payBuyerLessFee(bytes32 id, Trade calldata trade, uint256 amount) private {
        uint256 fee = amount * trade.feeBps / BPS;
        if (fee != 0) feesOf[trade.token] += fee;
        _pay(id, trade.token, trade.buyer, amount - fee);
    }

    /// @dev Pays, or writes down what is owed. Never reverts because of the recipient or the token.
    function _pay(bytes32 id, address token, address to, uint256 amount) private {
        if (amount == 0) return;
        uint256 gasBefore = gasleft();
        if (_push(token, to, amount)) return;

        uint256 gasNeeded = token == NATIVE ? NATIVE_GAS_NEEDED : TOKEN_GAS_NEEDED;
        if (gasBefore < gasNeeded) revert LowGas(gasBefore, gasNeeded);
        creditOf[token][to] += amount;
        emit Credited(id, token, to, amount);
    }

    function _push(address token, address to, uint256 amount) private returns (bool) {
        if (token == NATIVE) return SafeTransferLib.trySafeTransferETH(to, amount, NATIVE_GAS);
        bytes memory call = abi.encodeCall(IERC20.transfer, (to, amount));
        (bool ok,, bytes memory answer) = LibCall.tryCall(token, 0, TOKEN_GAS, 32, call);
        return ok && (answer.length == 0 ? token.code.length != 0 : answer.length == 32 && uint256(bytes32(answer)) == 1);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("Parley", "1");
    }
}
