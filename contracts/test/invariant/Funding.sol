// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Model, Move} from "../Model.sol";
import {NATIVE, Trade} from "../Words.sol";
import {Dice, shake} from "./Dice.sol";
import {MoodyWallet} from "./MoodyWallet.sol";
import {Walk} from "./Walk.sol";

/// @dev The three ways into the escrow, and what can be wrong with them.
abstract contract Funding is Walk {
    enum Way {
        Called,
        Permit,
        Permit2
    }

    bytes private constant FINE = "";

    /// @dev Of usdc, to the escrow. Nobody allows more than he needs, so that permits matter.
    mapping(address owner => uint256) private _allowed;
    uint256 private _nonces;
    mapping(address owner => uint256) private _spentNonce;

    /// @dev A new trade, or an old one again, live or closed (invariant 11); half of the time what follows is in the same second.
    function open(uint256 seed) external {
        Dice memory dice = shake(seed);
        Way way = Way(dice.roll(3));
        bool isNew = tradeCount() == 0 || !dice.oneIn(4);
        _fund(dice, way, isNew ? _newTrade(dice, way) : _case(_anyNumber(dice)).trade);
        if (dice.oneIn(2)) skip(1);
    }

    /// @dev With one field at or beyond its edge.
    function openBadly(uint256 seed) external {
        Dice memory dice = shake(seed);
        Way way = Way(dice.roll(3));
        Trade memory trade = _newTrade(dice, way);
        _spoil(dice, trade);
        _fund(dice, way, trade);
    }

    function _fund(Dice memory dice, Way way, Trade memory trade) private {
        bytes32 id = escrow.idOf(trade);
        Case memory c = Case(id, trade, _facts[id]);
        if (way == Way.Called) _fundByCall(dice, c);
        else if (way == Way.Permit) _fundWithPermit(dice, c);
        else _fundWithPermit2(dice, c);
        _check(c);
    }

    // ---------------------------------------------------------------- called

    function _fundByCall(Dice memory dice, Case memory c) private {
        Trade memory trade = c.trade;
        address sender = _senderOf(dice, trade);
        uint256 due = trade.token == NATIVE ? trade.amount : 0;
        uint256 value = dice.oneIn(12) ? due + 1 : due;
        if (trade.token == address(usdc) && !dice.oneIn(6)) _approve(trade.seller, trade.amount);

        bytes memory expected = sender == trade.seller ? _refusalOfOpening(c) : _notSeller(sender);
        if (expected.length == 0 && value != due) {
            expected = abi.encodeWithSelector(IEscrow.WrongValue.selector, value, due);
        }
        if (expected.length == 0) expected = _refusalOfPull(trade, _allowed[trade.seller]);
        _send(sender, value, abi.encodeCall(escrow.fund, (trade)), expected);
        if (expected.length != 0) return;
        if (trade.token == address(usdc)) _allowed[trade.seller] -= trade.amount;
        _noteFunding(c, escrow.fund.selector);
    }

    function _approve(address owner, uint256 amount) private {
        vm.prank(owner);
        usdc.approve(address(escrow), amount);
        _allowed[owner] = amount;
    }

    /// @dev The escrow pulls: a token may not move, or not all of it.
    function _refusalOfPull(Trade memory trade, uint256 allowed) private view returns (bytes memory) {
        if (trade.token == NATIVE) return FINE;
        bool moves = trade.token == address(odd) ? _moves(trade.seller, address(escrow)) : allowed >= trade.amount;
        if (moves) return _refusalOfCut(trade);
        bytes4 error = IEscrow.TransferFailed.selector;
        return abi.encodeWithSelector(error, trade.token, trade.seller, address(escrow), trade.amount);
    }

    function _refusalOfCut(Trade memory trade) private view returns (bytes memory) {
        uint256 cut = _cut(trade.token);
        if (cut == 0) return FINE;
        return abi.encodeWithSelector(IEscrow.WrongAmountReceived.selector, trade.amount - cut, trade.amount);
    }

    // ---------------------------------------------------------------- with an ERC-2612 permit

    /// @dev Only people can sign a permit, and only of usdc; whatever becomes of it, what counts is the allowance.
    function _fundWithPermit(Dice memory dice, Case memory c) private {
        Trade memory trade = c.trade;
        address sender = _senderOf(dice, trade);
        uint256 deadline = _deadline(dice);
        (bytes memory permit, bool isGood) = _permit(dice, trade, deadline);
        uint256 allowed = isGood ? trade.amount : _allowed[trade.seller];

        bytes memory expected = sender == trade.seller ? _refusalOfToken(trade) : _notSeller(sender);
        if (expected.length == 0) expected = _refusalOfOpening(c);
        if (expected.length == 0) expected = _refusalOfPull(trade, allowed);
        (bytes32 r, bytes32 s, uint8 v) = _split(permit);
        _send(sender, 0, abi.encodeCall(escrow.fundWithPermit, (trade, deadline, v, r, s)), expected);
        if (expected.length != 0) return;
        if (trade.token == address(usdc)) _allowed[trade.seller] = allowed - trade.amount;
        _noteFunding(c, escrow.fundWithPermit.selector);
    }

    function _permit(Dice memory dice, Trade memory trade, uint256 deadline)
        private
        returns (bytes memory permit, bool isGood)
    {
        bool canSign = trade.token == address(usdc) && !_isWallet[trade.seller];
        if (!canSign || block.timestamp > deadline || dice.oneIn(6)) return (_junk, false);
        permit = sign(_keys[trade.seller], _permitDigest(trade.seller, trade.amount, deadline));
        isGood = !dice.oneIn(4);
        if (!isGood) _snatch(trade, deadline, permit);
    }

    /// @dev S12: somebody else uses the permit first. Now it fails, but its allowance is there.
    function _snatch(Trade memory trade, uint256 deadline, bytes memory permit) private {
        (bytes32 r, bytes32 s, uint8 v) = _split(permit);
        vm.prank(relayer);
        usdc.permit(trade.seller, address(escrow), trade.amount, deadline, v, r, s);
        _allowed[trade.seller] = trade.amount;
    }

    function _refusalOfToken(Trade memory trade) private pure returns (bytes memory) {
        return trade.token == NATIVE ? abi.encodeWithSelector(IEscrow.NotAToken.selector, NATIVE) : FINE;
    }

    // ---------------------------------------------------------------- with Permit2

    /// @dev Brought by anybody. The witness is the trade; a permit for another one is worth nothing.
    function _fundWithPermit2(Dice memory dice, Case memory c) private {
        Trade memory trade = c.trade;
        uint256 deadline = _deadline(dice);
        uint256 nonce = dice.oneIn(8) ? _spentNonce[trade.seller] : 0;
        bool isSpent = nonce != 0;
        if (!isSpent) nonce = ++_nonces;
        bool isGood = !dice.oneIn(6);
        bytes32 witness = isGood ? c.id : keccak256(abi.encode(c.id));

        bytes memory expected = _refusalOfToken(trade);
        if (expected.length == 0) expected = _refusalOfOpening(c);
        if (expected.length == 0) expected = _refusalOfPermit2(trade, deadline, isSpent, isGood);
        bytes memory signature = sign(_keys[trade.seller], _permit2Digest(witness, trade, nonce, deadline));
        _send(_anyActor(dice), 0, abi.encodeCall(escrow.fundWithPermit2, (trade, nonce, deadline, signature)), expected);
        if (expected.length != 0) return;
        _spentNonce[trade.seller] = nonce;
        _noteFunding(c, escrow.fundWithPermit2.selector);
    }

    /// @dev The errors are Permit2's own, in its order.
    function _refusalOfPermit2(Trade memory trade, uint256 deadline, bool isSpent, bool isGood)
        private
        view
        returns (bytes memory)
    {
        if (block.timestamp > deadline) return abi.encodeWithSignature("SignatureExpired(uint256)", deadline);
        if (isSpent) return abi.encodeWithSignature("InvalidNonce()");
        bool isSigned = isGood ? _answersForOwner(trade.seller) : _saysYes(trade.seller);
        if (!isSigned) return _refusalOfPermit2Signature(trade.seller);
        if (trade.token == address(odd) && !_moves(trade.seller, address(escrow))) {
            return abi.encodeWithSignature("Error(string)", "TRANSFER_FROM_FAILED");
        }
        return _refusalOfCut(trade);
    }

    function _refusalOfPermit2Signature(address signer) private view returns (bytes memory) {
        if (!_isWallet[signer]) return abi.encodeWithSignature("InvalidSigner()");
        MoodyWallet.Word word = _wordOf[signer];
        if (word == MoodyWallet.Word.Burns) return SILENCE;
        if (word == MoodyWallet.Word.Breaks) return abi.encodeWithSignature("Error(string)", "broken");
        return abi.encodeWithSignature("InvalidContractSignature()");
    }

    // ---------------------------------------------------------------- what all three have in common

    function _refusalOfOpening(Case memory c) private view returns (bytes memory) {
        bytes memory error = Model.refusalOfTerms(c.trade, address(escrow));
        if (error.length != 0) return error;
        return Model.refusal(c.id, c.trade, c.was, Attempt(Move.Fund, c.trade.seller, block.timestamp, 0));
    }

    function _notSeller(address sender) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.NotSeller.selector, sender);
    }

    function _noteFunding(Case memory c, bytes4 selector) private {
        _count(selector);
        _note(c, Attempt(Move.Fund, c.trade.seller, block.timestamp, 0));
    }

    function _senderOf(Dice memory dice, Trade memory trade) private view returns (address) {
        return dice.oneIn(16) ? _anyActor(dice) : trade.seller;
    }

    // ---------------------------------------------------------------- terms

    function _newTrade(Dice memory dice, Way way) private view returns (Trade memory trade) {
        uint256 seller = dice.roll(TRADERS);
        uint256 buyer = (seller + 1 + dice.roll(TRADERS - 1)) % TRADERS;
        uint256 arbitrator = dice.roll(TRADERS);
        while (arbitrator == seller || arbitrator == buyer) arbitrator = (arbitrator + 1) % TRADERS;
        trade.seller = actors[seller];
        trade.buyer = actors[buyer];
        trade.arbitrator = actors[arbitrator];
        trade.token =
            way == Way.Called || dice.oneIn(6) ? _anyToken(dice) : dice.oneIn(3) ? address(odd) : address(usdc);
        trade.amount = uint128(1 + dice.roll(dice.oneIn(5) ? 5 : dice.oneIn(5) ? 1 << 127 : 1 << 70));
        trade.feeBps = uint16(dice.roll(201));
        trade.payWindow = uint32(_window(dice, 20 minutes, 14 days));
        trade.releaseWindow = uint32(_window(dice, 3 days, 30 days));
        trade.rulingWindow = uint32(_window(dice, 1 days, 90 days));
        trade.terms = bytes32(dice.left);
    }

    function _window(Dice memory dice, uint256 min, uint256 max) private pure returns (uint256) {
        uint256 kind = dice.roll(4);
        return kind == 0 ? min : kind == 1 ? max : min + dice.roll(max - min + 1);
    }

    function _spoil(Dice memory dice, Trade memory trade) private view {
        uint256 which = dice.roll(8);
        if (which == 0) trade.buyer = [address(0), trade.seller, address(escrow), trade.arbitrator][dice.roll(4)];
        if (which == 1) trade.arbitrator = dice.oneIn(2) ? address(0) : trade.seller;
        if (which == 2) trade.amount = uint128(dice.roll(2));
        if (which == 3) trade.feeBps = uint16(200 + dice.roll(2));
        if (which == 4) trade.payWindow = uint32(_edge(dice, 20 minutes, 14 days));
        if (which == 5) trade.releaseWindow = uint32(_edge(dice, 3 days, 30 days));
        if (which == 6) trade.rulingWindow = uint32(_edge(dice, 1 days, 90 days));
    }

    function _edge(Dice memory dice, uint256 min, uint256 max) private pure returns (uint256) {
        return [min - 1, min, max, max + 1][dice.roll(4)];
    }
}
