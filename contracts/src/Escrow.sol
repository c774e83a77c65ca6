// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibBytes} from "solady/src/utils/LibBytes.sol";
import {LibCall} from "solady/src/utils/LibCall.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {IERC1271} from "./interfaces/IERC1271.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IPermit2} from "./interfaces/IPermit2.sol";
import {NATIVE, RawTrade, Signed, Trade} from "./types/Trade.sol";
import "./types/TypeHashes.sol";
import {DISPUTED, FUNDED, fundedWord, NO_WORD, NONE, PAID, Word} from "./types/Word.sol";

/// @title Escrow
/// @dev Documented in IEscrow. One rhythm throughout: checks, effects, event, payments.
contract Escrow is IEscrow, EIP712 {
    /// @dev Lets a function hold on to where the word of a trade is stored.
    struct Slot {
        Word word;
    }

    uint256 private constant MAX_FEE_BPS = 200;
    uint256 private constant BPS = 10_000;
    uint256 private constant MIN_PAY_WINDOW = 20 minutes;
    uint256 private constant MAX_PAY_WINDOW = 14 days;
    uint256 private constant MIN_RELEASE_WINDOW = 3 days;
    uint256 private constant MAX_RELEASE_WINDOW = 30 days;
    uint256 private constant MIN_RULING_WINDOW = 1 days;
    uint256 private constant MAX_RULING_WINDOW = 90 days;

    /// @dev How long after `payBy` the buyer may still mark the trade paid, and nobody but the seller may take it back.
    uint256 private constant GRACE = 1 days;

    /// @dev The answer of a batch has a bit for each move.
    uint256 private constant MAX_BATCH = 256;

    /// @dev What a payment gets, and what must have been left before a failed one to believe that its recipient is at fault:
    /// enough for the whole cap after the price of the call and the 1/64 that it holds back.
    uint256 private constant NATIVE_GAS = 100_000;
    uint256 private constant NATIVE_GAS_NEEDED = 130_000;
    uint256 private constant TOKEN_GAS = 300_000;
    uint256 private constant TOKEN_GAS_NEEDED = 340_000;
    uint256 private constant SIGNATURE_GAS = 400_000;

    /// @dev The same on every chain, and nobody's.
    IPermit2 private constant PERMIT2 = IPermit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    /// @dev Half the order of secp256k1: a signature with a larger s is the twin of another one.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @inheritdoc IEscrow
    address public immutable feeRecipient;

    /// @inheritdoc IEscrow
    mapping(address token => uint256) public feesOf;

    /// @inheritdoc IEscrow
    mapping(address token => mapping(address account => uint256)) public creditOf;

    mapping(bytes32 id => Slot) private _slots;

    bool private transient _pulling;

    constructor(address recipient) {
        if (recipient == address(0)) revert BadRecipient(recipient);
        feeRecipient = recipient;
    }

    // ---------------------------------------------------------------- funding

    /// @inheritdoc IEscrow
    function fund(Trade calldata trade) external payable {
        RawTrade raw = trade.raw();
        if (msg.sender != raw.seller()) revert NotSeller(msg.sender);
        _open(raw);
        if (raw.token() == NATIVE) {
            if (msg.value != raw.amount()) revert WrongValue(msg.value, raw.amount());
        } else {
            if (msg.value != 0) revert WrongValue(msg.value, 0);
            _pull(raw);
        }
    }

    /// @inheritdoc IEscrow
    function fundWithPermit(Trade calldata trade, uint256 permitDeadline, uint8 v, bytes32 r, bytes32 s) external {
        RawTrade raw = trade.raw();
        if (msg.sender != raw.seller()) revert NotSeller(msg.sender);
        if (raw.token().code.length == 0) revert NotAToken(raw.token());
        _open(raw);
        // Anybody may have used the permit before; then it fails, but its allowance is there, and without it the pull fails.
        try IERC20Permit(raw.token()).permit(msg.sender, address(this), raw.amount(), permitDeadline, v, r, s) {}
            catch {}
        _pull(raw);
    }

    /// @inheritdoc IEscrow
    function fundWithPermit2(Trade calldata trade, uint256 nonce, uint256 permitDeadline, bytes calldata signature)
        external
    {
        RawTrade raw = trade.raw();
        address token = raw.token();
        if (token.code.length == 0) revert NotAToken(token);
        _pullWithPermit2(raw, _open(raw), nonce, permitDeadline, signature);
    }

    function _open(RawTrade raw) private returns (bytes32 id) {
        if (!raw.isClean()) revert(); // as the decoder would
        _checkTerms(raw);
        id = raw.hash();
        Slot storage slot = _slots[id];
        uint8 status = slot.word.status();
        if (status != NONE) revert BadState(id, status);

        slot.word = fundedWord(uint40(block.timestamp), uint40(block.timestamp) + raw.payWindow());
        _logFunded(id, raw);
    }

    /// @dev The seller is neither zero nor this contract, since he calls, or Permit2 knows his signature.
    function _checkTerms(RawTrade raw) private view {
        (address seller, address buyer, address arbitrator) = (raw.seller(), raw.buyer(), raw.arbitrator());
        if (
            buyer == address(0) || buyer == seller || buyer == address(this) || arbitrator == address(0)
                || arbitrator == seller || arbitrator == buyer
        ) revert BadParties(seller, buyer, arbitrator);
        if (raw.amount() == 0) revert ZeroAmount();
        if (raw.feeBps() > MAX_FEE_BPS) revert FeeTooHigh(raw.feeBps(), MAX_FEE_BPS);
        if (_isOutside(raw.payWindow(), MIN_PAY_WINDOW, MAX_PAY_WINDOW)) {
            revert PayWindowOutOfRange(raw.payWindow(), MIN_PAY_WINDOW, MAX_PAY_WINDOW);
        }
        if (_isOutside(raw.releaseWindow(), MIN_RELEASE_WINDOW, MAX_RELEASE_WINDOW)) {
            revert ReleaseWindowOutOfRange(raw.releaseWindow(), MIN_RELEASE_WINDOW, MAX_RELEASE_WINDOW);
        }
        if (_isOutside(raw.rulingWindow(), MIN_RULING_WINDOW, MAX_RULING_WINDOW)) {
            revert RulingWindowOutOfRange(raw.rulingWindow(), MIN_RULING_WINDOW, MAX_RULING_WINDOW);
        }
    }

    /// @dev One comparison for two: below `min` the difference wraps round.
    function _isOutside(uint256 window, uint256 min, uint256 max) private pure returns (bool) {
        unchecked {
            return window - min > max - min;
        }
    }

    /// @dev `emit Funded(id, seller, buyer, trade)`, copying the words of the calldata instead of encoding them anew.
    function _logFunded(bytes32 id, RawTrade raw) private {
        bytes32 signature = Funded.selector;
        (address seller, address buyer) = (raw.seller(), raw.buyer());
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, raw, 0x140)
            log4(free, 0x140, signature, id, seller, buyer)
        }
    }

    function _pull(RawTrade raw) private counted(raw) {
        (address token, address seller, uint256 amount) = (raw.token(), raw.seller(), raw.amount());
        if (!SafeTransferLib.trySafeTransferFrom(token, seller, address(this), amount)) {
            if (token.code.length == 0) revert NotAToken(token);
            revert TransferFailed(token, seller, address(this), amount);
        }
    }

    function _pullWithPermit2(RawTrade raw, bytes32 id, uint256 nonce, uint256 permitDeadline, bytes calldata signature)
        private
        counted(raw)
    {
        PERMIT2.permitWitnessTransferFrom(
            IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(raw.token(), raw.amount()), nonce, permitDeadline),
            IPermit2.SignatureTransferDetails(address(this), raw.amount()),
            raw.seller(),
            id,
            PERMIT2_WITNESS_TYPE,
            signature
        );
    }

    /// @dev The tokens are counted before and after they come. Not reentrant: with a token that takes a cut and calls its sender
    /// back, one payment could be counted for two trades.
    modifier counted(RawTrade raw) {
        if (_pulling) revert Reentered();
        _pulling = true;
        uint256 before = SafeTransferLib.balanceOf(raw.token(), address(this));
        _;
        uint256 received = FixedPointMathLib.zeroFloorSub(SafeTransferLib.balanceOf(raw.token(), address(this)), before);
        if (received != raw.amount()) revert WrongAmountReceived(received, raw.amount());
        _pulling = false;
    }

    // ---------------------------------------------------------------- FUNDED

    /// @inheritdoc IEscrow
    function markPaid(Trade calldata trade) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.buyer()) revert NotBuyer(msg.sender);
        _markPaid(id, slot, word);
    }

    /// @inheritdoc IEscrow
    function markPaidBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (!_isSigned(raw.buyer(), _plain(MARK_PAID_TYPEHASH, id, word, deadline), deadline, signature)) {
            _refuse(raw.buyer(), deadline);
        }
        _markPaid(id, slot, word);
    }

    /// @inheritdoc IEscrow
    function batchMarkPaid(Signed[] calldata moves) external returns (uint256 done) {
        if (moves.length > MAX_BATCH) revert BatchTooLong(moves.length, MAX_BATCH);
        for (uint256 i = 0; i < moves.length; ++i) {
            Signed calldata signed = moves[i];
            (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _find(signed.trade);
            if (word.status() != FUNDED || _isPassed(word.payBy(), GRACE)) continue;
            bytes32 move = EfficientHashLib.hash(MARK_PAID_TYPEHASH, id, _b32(word.fundedAt()), _b32(signed.deadline));
            if (!_isSigned(raw.buyer(), move, signed.deadline, signed.signature)) continue;

            slot.word = word.withStatus(PAID, uint40(block.timestamp));
            emit MarkedPaid(id);
            done |= 1 << i;
        }
    }

    function _markPaid(bytes32 id, Slot storage slot, Word word) private {
        if (word.status() != FUNDED) revert BadState(id, word.status());
        _checkNotPassed(word.payBy(), GRACE);

        slot.word = word.withStatus(PAID, uint40(block.timestamp));
        emit MarkedPaid(id);
    }

    /// @inheritdoc IEscrow
    function grantTime(Trade calldata trade, uint40 newPayBy) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.seller()) revert NotSeller(msg.sender);
        _grantTime(id, slot, word, newPayBy);
    }

    /// @inheritdoc IEscrow
    function grantTimeBySig(Trade calldata trade, uint40 newPayBy, uint256 deadline, bytes calldata signature)
        external
    {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        bytes32 move =
            EfficientHashLib.hash(GRANT_TIME_TYPEHASH, id, _b32(word.fundedAt()), _b32(newPayBy), _b32(deadline));
        if (!_isSigned(raw.seller(), move, deadline, signature)) _refuse(raw.seller(), deadline);
        _grantTime(id, slot, word, newPayBy);
    }

    function _grantTime(bytes32 id, Slot storage slot, Word word, uint40 newPayBy) private {
        if (word.status() != FUNDED) revert BadState(id, word.status());
        (uint256 earliest, uint256 latest) = (uint256(word.payBy()) + 1, block.timestamp + MAX_PAY_WINDOW);
        if (newPayBy < earliest || newPayBy > latest) revert PayByOutOfRange(newPayBy, earliest, latest);

        slot.word = word.withPayBy(newPayBy);
        emit TimeGranted(id, newPayBy);
    }

    /// @inheritdoc IEscrow
    function reclaim(Trade calldata trade) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.seller()) revert NotSeller(msg.sender);
        _reclaim(raw, id, slot, word);
    }

    /// @inheritdoc IEscrow
    function reclaimBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (!_isSigned(raw.seller(), _plain(RECLAIM_TYPEHASH, id, word, deadline), deadline, signature)) {
            _refuse(raw.seller(), deadline);
        }
        _reclaim(raw, id, slot, word);
    }

    function _reclaim(RawTrade raw, bytes32 id, Slot storage slot, Word word) private {
        if (word.status() != FUNDED) revert BadState(id, word.status());
        _checkPassed(word.payBy(), 0);

        _close(slot, word);
        emit Reclaimed(id);
        _pay(id, raw.token(), raw.seller(), raw.amount());
    }

    // ---------------------------------------------------------------- FUNDED, PAID, DISPUTED

    /// @inheritdoc IEscrow
    function release(Trade calldata trade) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.seller()) revert NotSeller(msg.sender);
        _release(raw, id, slot, word);
    }

    /// @inheritdoc IEscrow
    function releaseBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (!_isSigned(raw.seller(), _plain(RELEASE_TYPEHASH, id, word, deadline), deadline, signature)) {
            _refuse(raw.seller(), deadline);
        }
        _release(raw, id, slot, word);
    }

    /// @inheritdoc IEscrow
    function batchRelease(Signed[] calldata moves) external returns (uint256 done) {
        if (moves.length > MAX_BATCH) revert BatchTooLong(moves.length, MAX_BATCH);
        for (uint256 i = 0; i < moves.length; ++i) {
            Signed calldata signed = moves[i];
            (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _find(signed.trade);
            if (word.status() == NONE || !_isPassed(word.fundedAt(), 0)) continue;
            bytes32 move = EfficientHashLib.hash(RELEASE_TYPEHASH, id, _b32(word.fundedAt()), _b32(signed.deadline));
            if (!_isSigned(raw.seller(), move, signed.deadline, signed.signature)) continue;

            _release(raw, id, slot, word);
            done |= 1 << i;
        }
    }

    function _release(RawTrade raw, bytes32 id, Slot storage slot, Word word) private {
        _close(slot, word);
        emit Released(id);
        _payBuyerLessFee(id, raw, raw.amount());
    }

    /// @inheritdoc IEscrow
    function cancel(Trade calldata trade) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.buyer()) revert NotBuyer(msg.sender);
        _cancel(raw, id, slot, word);
    }

    /// @inheritdoc IEscrow
    function cancelBySig(Trade calldata trade, uint256 deadline, bytes calldata signature) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (!_isSigned(raw.buyer(), _plain(CANCEL_TYPEHASH, id, word, deadline), deadline, signature)) {
            _refuse(raw.buyer(), deadline);
        }
        _cancel(raw, id, slot, word);
    }

    function _cancel(RawTrade raw, bytes32 id, Slot storage slot, Word word) private {
        _close(slot, word);
        emit Cancelled(id);
        _pay(id, raw.token(), raw.seller(), raw.amount());
    }

    /// @inheritdoc IEscrow
    function settle(
        Trade calldata trade,
        uint128 toBuyer,
        uint256 deadline,
        bytes calldata sellerSignature,
        bytes calldata buyerSignature
    ) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        bytes32 move = EfficientHashLib.hash(SETTLE_TYPEHASH, id, _b32(word.fundedAt()), _b32(toBuyer), _b32(deadline));
        if (msg.sender != raw.seller()) {
            if (!_isSigned(raw.seller(), move, deadline, sellerSignature)) _refuse(raw.seller(), deadline);
        }
        if (msg.sender != raw.buyer()) {
            if (!_isSigned(raw.buyer(), move, deadline, buyerSignature)) _refuse(raw.buyer(), deadline);
        }

        uint256 toSeller = _rest(raw, toBuyer);
        _close(slot, word);
        emit Settled(id, toBuyer);
        _payBuyerLessFee(id, raw, toBuyer);
        _pay(id, raw.token(), raw.seller(), toSeller);
    }

    // ---------------------------------------------------------------- PAID, DISPUTED

    /// @inheritdoc IEscrow
    function dispute(Trade calldata trade, bytes32 evidence) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        _checkParty(raw, msg.sender);
        _dispute(id, slot, word, msg.sender, evidence);
    }

    /// @inheritdoc IEscrow
    function disputeBySig(
        Trade calldata trade,
        bytes32 evidence,
        address by,
        uint256 deadline,
        bytes calldata signature
    ) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        _checkDisputed(raw, id, word, evidence, by, deadline, signature);
        _dispute(id, slot, word, by, evidence);
    }

    function _checkDisputed(
        RawTrade raw,
        bytes32 id,
        Word word,
        bytes32 evidence,
        address by,
        uint256 deadline,
        bytes calldata signature
    ) private view {
        _checkParty(raw, by);
        bytes32 move = EfficientHashLib.hash(DISPUTE_TYPEHASH, id, _b32(word.fundedAt()), evidence, _b32(deadline));
        if (!_isSigned(by, move, deadline, signature)) _refuse(by, deadline);
    }

    function _dispute(bytes32 id, Slot storage slot, Word word, address by, bytes32 evidence) private {
        if (word.status() != PAID) revert BadState(id, word.status());

        slot.word = word.withStatus(DISPUTED, uint40(block.timestamp));
        emit Disputed(id, by, evidence);
    }

    /// @inheritdoc IEscrow
    function rule(Trade calldata trade, uint128 toBuyer, bytes32 evidence) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.arbitrator()) revert NotArbitrator(msg.sender);
        _rule(raw, id, slot, word, toBuyer, evidence);
    }

    /// @inheritdoc IEscrow
    function ruleBySig(
        Trade calldata trade,
        uint128 toBuyer,
        bytes32 evidence,
        uint256 deadline,
        bytes calldata signature
    ) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        bytes32 move =
            EfficientHashLib.hash(RULE_TYPEHASH, id, _b32(word.fundedAt()), _b32(toBuyer), evidence, _b32(deadline));
        if (!_isSigned(raw.arbitrator(), move, deadline, signature)) _refuse(raw.arbitrator(), deadline);
        _rule(raw, id, slot, word, toBuyer, evidence);
    }

    /// @inheritdoc IEscrow
    function disputeAndRule(
        Trade calldata trade,
        uint128 toBuyer,
        bytes32 evidence,
        address by,
        bytes32 disputeEvidence,
        bytes calldata signature,
        uint256 deadline
    ) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        if (msg.sender != raw.arbitrator()) revert NotArbitrator(msg.sender);
        _checkDisputed(raw, id, word, disputeEvidence, by, deadline, signature);
        if (word.status() != PAID) revert BadState(id, word.status());

        emit Disputed(id, by, disputeEvidence);
        _divide(raw, id, slot, word, toBuyer, evidence);
    }

    function _rule(RawTrade raw, bytes32 id, Slot storage slot, Word word, uint128 toBuyer, bytes32 evidence) private {
        if (word.status() != DISPUTED) revert BadState(id, word.status());
        _checkNotPassed(word.since(), raw.rulingWindow());
        _divide(raw, id, slot, word, toBuyer, evidence);
    }

    function _divide(RawTrade raw, bytes32 id, Slot storage slot, Word word, uint128 toBuyer, bytes32 evidence)
        private
    {
        uint256 toSeller = _rest(raw, toBuyer);
        _close(slot, word);
        emit Ruled(id, toBuyer, evidence);
        _pay(id, raw.token(), raw.buyer(), toBuyer);
        _pay(id, raw.token(), raw.seller(), toSeller);
    }

    /// @inheritdoc IEscrow
    function timeout(Trade calldata trade) external {
        (RawTrade raw, bytes32 id, Slot storage slot, Word word) = _live(trade);
        uint8 status = word.status();
        if (status == FUNDED) {
            _checkPassed(word.payBy(), GRACE);
            _close(slot, word);
            emit TimedOut(id, 0);
            _pay(id, raw.token(), raw.seller(), raw.amount());
        } else if (status == PAID) {
            _checkPassed(word.since(), raw.releaseWindow());
            _close(slot, word);
            emit TimedOut(id, raw.amount());
            _payBuyerLessFee(id, raw, raw.amount());
        } else {
            _checkPassed(word.since(), raw.rulingWindow());
            _close(slot, word);
            uint128 half = raw.amount() / 2;
            emit TimedOut(id, half);
            _pay(id, raw.token(), raw.buyer(), half);
            _pay(id, raw.token(), raw.seller(), raw.amount() - half);
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
        if (!_isSigned(account, message, deadline, signature)) _refuse(account, deadline);
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
        return trade.raw().hash();
    }

    /// @inheritdoc IEscrow
    function stateOf(bytes32 id) external view returns (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) {
        Word word = _slots[id].word;
        return (word.status(), word.since(), word.fundedAt(), word.payBy());
    }

    // ---------------------------------------------------------------- checks

    function _find(Trade calldata trade) private view returns (RawTrade raw, bytes32 id, Slot storage slot, Word word) {
        raw = trade.raw();
        id = raw.hash();
        slot = _slots[id];
        word = slot.word;
    }

    function _live(Trade calldata trade) private view returns (RawTrade raw, bytes32 id, Slot storage slot, Word word) {
        (raw, id, slot, word) = _find(trade);
        if (word.status() == NONE) revert BadState(id, NONE);
    }

    function _checkParty(RawTrade raw, address account) private pure {
        if (account != raw.seller() && account != raw.buyer()) revert NotParty(account);
    }

    /// @dev The sum of a time and a window is far below 2^256.
    function _isPassed(uint256 from, uint256 window) private view returns (bool) {
        unchecked {
            return block.timestamp > from + window;
        }
    }

    function _checkPassed(uint256 from, uint256 window) private view {
        unchecked {
            if (!_isPassed(from, window)) revert TooEarly(block.timestamp, from + window + 1);
        }
    }

    function _checkNotPassed(uint256 from, uint256 window) private view {
        unchecked {
            if (_isPassed(from, window)) revert TooLate(block.timestamp, from + window);
        }
    }

    function _rest(RawTrade raw, uint128 toBuyer) private pure returns (uint256) {
        uint128 amount = raw.amount();
        if (toBuyer > amount) revert ShareTooLarge(toBuyer, amount);
        return amount - toBuyer;
    }

    /// @dev The struct hash of a move that has no argument of its own.
    function _plain(bytes32 typeHash, bytes32 id, Word word, uint256 deadline) private pure returns (bytes32) {
        return EfficientHashLib.hash(typeHash, id, _b32(word.fundedAt()), _b32(deadline));
    }

    function _b32(uint256 value) private pure returns (bytes32) {
        return bytes32(value);
    }

    /// @dev The key first: cheaper, and right for accounts that have both a key and code (EIP-7702).
    function _isSigned(address signer, bytes32 structHash, uint256 deadline, bytes calldata signature)
        private
        view
        returns (bool)
    {
        if (block.timestamp > deadline) return false;
        bytes32 digest = _hashTypedData(structHash);
        return _isSignedByKey(signer, digest, signature) || _isSignedByContract(signer, digest, signature);
    }

    function _refuse(address signer, uint256 deadline) private view {
        if (block.timestamp > deadline) revert Expired(block.timestamp, deadline);
        revert BadSignature(signer);
    }

    /// @dev 65 bytes, or the 64 of ERC-2098; of two twins only the one with the low s.
    function _isSignedByKey(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        if (signature.length < 64 || signer == address(0)) return false;
        uint256 s = uint256(LibBytes.loadCalldata(signature, 32));
        if (signature.length == 64) s = s << 1 >> 1; // the top bit is v
        return s <= MAX_S && ECDSA.tryRecoverCalldata(digest, signature) == signer;
    }

    function _isSignedByContract(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        (bool ok,, bytes memory answer) = LibCall.tryStaticCall(signer, SIGNATURE_GAS, 32, question);
        return ok && answer.length == 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }

    // ---------------------------------------------------------------- effects and payments

    /// @dev Not in the second of the funding: no two fundings of an id may share the fundedAt that signatures name.
    function _close(Slot storage slot, Word word) private {
        _checkPassed(word.fundedAt(), 0);
        slot.word = NO_WORD;
    }

    function _payBuyerLessFee(bytes32 id, RawTrade raw, uint256 amount) private {
        // Nothing here comes near 2^256: an amount has 128 bits, a fee is at most a fiftieth of it.
        unchecked {
            uint256 fee = amount * raw.feeBps() / BPS;
            if (fee != 0) feesOf[raw.token()] += fee;
            _pay(id, raw.token(), raw.buyer(), amount - fee);
        }
    }

    /// @dev Pays, or writes down what is owed. Reverts neither because of the recipient nor because of the token.
    function _pay(bytes32 id, address token, address to, uint256 amount) private {
        if (amount == 0) return;
        uint256 gasBefore = gasleft();
        if (_push(token, to, amount)) return;

        uint256 gasNeeded = token == NATIVE ? NATIVE_GAS_NEEDED : TOKEN_GAS_NEEDED;
        if (gasBefore < gasNeeded) revert LowGas(gasBefore, gasNeeded);
        creditOf[token][to] += amount;
        emit Credited(id, token, to, amount);
    }

    /// @dev A token says that it paid by answering true, or nothing at all when it is a contract.
    function _push(address token, address to, uint256 amount) private returns (bool) {
        if (token == NATIVE) return SafeTransferLib.trySafeTransferETH(to, amount, NATIVE_GAS);
        bytes memory call = abi.encodeCall(IERC20.transfer, (to, amount));
        (bool ok,, bytes memory answer) = LibCall.tryCall(token, 0, TOKEN_GAS, 32, call);
        return
            ok && (answer.length == 0 ? token.code.length != 0 : answer.length == 32 && uint256(bytes32(answer)) == 1);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("Parley", "1");
    }
}
