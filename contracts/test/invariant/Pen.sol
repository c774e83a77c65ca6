// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../src/devnet/TestUSDC.sol";
import {Consent, Move} from "../Model.sol";
import {Trade} from "../Words.sol";
import {Cast} from "./Cast.sol";
import {Dice} from "./Dice.sol";
import {MoodyWallet} from "./MoodyWallet.sol";

/// @dev What signatures people bring: good ones in both lengths, used ones, strangers' ones, and ones for something else. Hashing
/// and signing are most of the price of a step, so type hashes are made once, and nothing is signed that is refused unread.
abstract contract Pen is Cast {
    /// @dev What is signed, besides its deadline; `argument` as far as the move has one.
    struct Text {
        Move move;
        bytes32 id;
        uint256 fundedAt;
        uint256 argument;
    }

    struct Ink {
        bytes signature;
        Consent consent;
    }

    /// @dev The last good signature for a move of a trade, to be brought again after the trade was closed, and funded again.
    struct Used {
        bytes signature;
        uint256 deadline;
        bytes32 digest;
    }

    bytes internal _junk;
    bytes32 private _separator;
    bytes32 private _separatorOfTwin;
    bytes32 private _separatorOfFork;
    bytes32 private _separatorOfPermit2;
    bytes32 private _separatorOfUsdc;
    mapping(Move => bytes32) private _typeHash;
    bytes32 private _permit2TypeHash;
    mapping(bytes32 id => mapping(Move => mapping(address signer => Used))) private _used;

    bytes32 private constant WITHDRAW_TYPEHASH =
        keccak256("Withdraw(address account,address token,uint256 amount,address to,uint256 deadline)");
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant TOKEN_PERMISSIONS_TYPEHASH = keccak256("TokenPermissions(address token,uint256 amount)");
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    function _fillPens() internal {
        _junk = sign(_keys[relayer], keccak256("something else"));
        _separator = domainSeparator();
        _separatorOfTwin = _separatorOf(block.chainid, address(deployEscrow(treasury)));
        _separatorOfFork = _separatorOf(block.chainid + 1, address(escrow));
        _separatorOfUsdc = usdc.DOMAIN_SEPARATOR();
        _separatorOfPermit2 = TestUSDC(PERMIT2).DOMAIN_SEPARATOR(); // it has this function too
        _permit2TypeHash = keccak256(
            bytes(
                string.concat(
                    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Trade witness)",
                    "TokenPermissions(address token,uint256 amount)",
                    TRADE_TYPE
                )
            )
        );
        _learn(Move.MarkPaid, "MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)");
        _learn(Move.GrantTime, "GrantTime(Trade trade,uint40 fundedAt,uint40 newPayBy,uint256 deadline)");
        _learn(Move.Reclaim, "Reclaim(Trade trade,uint40 fundedAt,uint256 deadline)");
        _learn(Move.Release, "Release(Trade trade,uint40 fundedAt,uint256 deadline)");
        _learn(Move.Cancel, "Cancel(Trade trade,uint40 fundedAt,uint256 deadline)");
        _learn(Move.Settle, "Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline)");
        _learn(Move.Dispute, "Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline)");
        _learn(Move.Rule, "Rule(Trade trade,uint40 fundedAt,uint128 toBuyer,bytes32 evidence,uint256 deadline)");
    }

    function _learn(Move move, string memory type_) private {
        _typeHash[move] = keccak256(bytes(string.concat(type_, TRADE_TYPE)));
    }

    function _separatorOf(uint256 chain, address verifier) private pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, keccak256("Parley"), keccak256("1"), chain, verifier));
    }

    // ---------------------------------------------------------------- signing moves

    /// @dev What somebody brings as `signer`'s signature; in good faith always what it should be.
    function _ink(Dice memory dice, address signer, Text memory text, bool isHonest) internal returns (Ink memory) {
        if (!isHonest && dice.oneIn(6)) return _again(signer, text);
        return _inkUntil(dice, signer, text, isHonest, isHonest ? FOREVER : _deadline(dice));
    }

    /// @dev Two signatures of one settlement name one deadline.
    function _inkUntil(Dice memory dice, address signer, Text memory text, bool isHonest, uint256 deadline)
        internal
        returns (Ink memory)
    {
        if (block.timestamp > deadline || text.fundedAt == 0) return _unread(deadline); // refused before it is looked at
        if (isHonest || !dice.oneIn(3)) return _good(dice, signer, text, deadline);
        return Ink(_bad(dice, signer, text, deadline), Consent(deadline, _saysYes(signer)));
    }

    function _unread(uint256 deadline) private view returns (Ink memory) {
        return Ink(_junk, Consent(deadline, false));
    }

    /// @dev The second before now, now, the next one, or some time later.
    function _deadline(Dice memory dice) internal view returns (uint256) {
        uint256 edge = dice.roll(12);
        return edge < 3 ? block.timestamp + edge - 1 : block.timestamp + dice.roll(3 days);
    }

    function _good(Dice memory dice, address signer, Text memory text, uint256 deadline) private returns (Ink memory) {
        bytes32 digest = _digest(_separator, text, deadline);
        // A wallet of ours knows only the longer kind.
        bool isShort = !_isWallet[signer] && dice.oneIn(4);
        bytes memory signature = isShort ? signCompact(_keys[signer], digest) : sign(_keys[signer], digest);
        if (text.move != Move.Settle) _used[text.id][text.move][signer] = Used(signature, deadline, digest);
        return Ink(signature, Consent(deadline, _answersForOwner(signer)));
    }

    /// @dev S01: one that was good for this move of this trade once; it still is when it says the same.
    function _again(address signer, Text memory text) private view returns (Ink memory) {
        Used storage used = _used[text.id][text.move][signer];
        (bytes memory signature, uint256 deadline) = (used.signature, used.deadline);
        if (signature.length == 0) return Ink(_junk, Consent(FOREVER, _saysYes(signer)));
        if (text.fundedAt == 0) return _unread(deadline);
        bool isSame = _digest(_separator, text, deadline) == used.digest;
        return Ink(signature, Consent(deadline, isSame ? _answersForOwner(signer) : _saysYes(signer)));
    }

    /// @dev Invariant 6: by somebody else, or for another contract, chain, move, trade, funding, argument or deadline; or no
    /// signature at all.
    function _bad(Dice memory dice, address signer, Text memory meant, uint256 deadline)
        private
        view
        returns (bytes memory signature)
    {
        Text memory text = Text(meant.move, meant.id, meant.fundedAt, meant.argument);
        uint256 flaw = dice.roll(12);
        if (flaw == 0) return "";
        if (flaw == 1) return new bytes(64);
        if (flaw == 2) return _junk;
        bytes32 separator = flaw == 3 ? _separatorOfTwin : flaw == 4 ? _separatorOfFork : _separator;
        if (flaw == 5) text.id = keccak256(abi.encode(text.id));
        if (flaw == 6) text.fundedAt -= 1;
        if (flaw == 7) text.move = text.move == Move.Release ? Move.Cancel : Move.Release;
        if (flaw == 8 && _hasArgument(text.move)) text.argument += 1;
        else if (flaw == 8) deadline -= 1;
        uint256 key = flaw == 9 ? _keyOfAnother(dice, signer) : _keys[signer];
        signature = sign(key, _digest(separator, text, deadline));
        if (flaw == 10) return _twin(signature);
        if (flaw == 11) return bytes.concat(signature, hex"00");
    }

    function _keyOfAnother(Dice memory dice, address signer) private view returns (uint256) {
        address other = actors[dice.roll(TRADERS)];
        return _keys[other == signer ? relayer : other];
    }

    function _hasArgument(Move move) private pure returns (bool) {
        return move == Move.GrantTime || move == Move.Settle || move == Move.Rule;
    }

    /// @dev S06: the other signature of the same message, with the high s.
    function _twin(bytes memory signature) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = _split(signature);
        return abi.encodePacked(r, CURVE_ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }

    function _split(bytes memory signature) internal pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /// @dev Whether the owner's signature is taken for the account's.
    function _answersForOwner(address signer) internal view returns (bool) {
        return _wordOf[signer] == MoodyWallet.Word.Honest || _saysYes(signer);
    }

    /// @dev Whether any signature is.
    function _saysYes(address signer) internal view returns (bool) {
        return _wordOf[signer] == MoodyWallet.Word.Yes;
    }

    // ---------------------------------------------------------------- digests

    function _digest(bytes32 separator, Text memory text, uint256 deadline) private view returns (bytes32) {
        bytes32 typeHash = _typeHash[text.move];
        bytes memory fields;
        if (text.move == Move.GrantTime || text.move == Move.Settle) {
            fields = abi.encode(typeHash, text.id, text.fundedAt, text.argument, deadline);
        } else if (text.move == Move.Dispute) {
            fields = abi.encode(typeHash, text.id, text.fundedAt, EVIDENCE, deadline);
        } else if (text.move == Move.Rule) {
            fields = abi.encode(typeHash, text.id, text.fundedAt, text.argument, EVIDENCE, deadline);
        } else {
            fields = abi.encode(typeHash, text.id, text.fundedAt, deadline);
        }
        return _typed(separator, keccak256(fields));
    }

    function _withdrawDigest(address account, address token, uint256 amount, address to, uint256 deadline)
        internal
        view
        returns (bytes32)
    {
        return _typed(_separator, keccak256(abi.encode(WITHDRAW_TYPEHASH, account, token, amount, to, deadline)));
    }

    function _permitDigest(address owner, uint256 amount, uint256 deadline) internal view returns (bytes32) {
        bytes memory fields = abi.encode(PERMIT_TYPEHASH, owner, address(escrow), amount, usdc.nonces(owner), deadline);
        return _typed(_separatorOfUsdc, keccak256(fields));
    }

    function _permit2Digest(bytes32 id, Trade memory trade, uint256 nonce, uint256 deadline)
        internal
        view
        returns (bytes32)
    {
        bytes32 permitted = keccak256(abi.encode(TOKEN_PERMISSIONS_TYPEHASH, trade.token, trade.amount));
        bytes memory fields = abi.encode(_permit2TypeHash, permitted, address(escrow), nonce, deadline, id);
        return _typed(_separatorOfPermit2, keccak256(fields));
    }

    function _typed(bytes32 separator, bytes32 structHash_) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, structHash_));
    }
}
