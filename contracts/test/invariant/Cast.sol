// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Base} from "../Base.t.sol";
import {NATIVE} from "../Words.sol";
import {Dice} from "./Dice.sol";
import {MoodyToken} from "./MoodyToken.sol";
import {MoodyWallet} from "./MoodyWallet.sol";

/// @dev Who takes part, in which mood everybody is, and what everybody must own because of it: an account of all money, kept without
/// asking the escrow or the tokens.
abstract contract Cast is Base {
    uint256 internal constant ACTORS = 8;
    uint256 internal constant WALLETS = 3;
    uint256 internal constant TRADERS = 7;

    /// @dev Four people, three contract wallets, and a relayer who brings what others have signed and is no party to anything.
    /// Everybody else sells, buys and arbitrates, and is a stranger to the trades of others.
    address[8] public actors;
    address internal relayer;

    MoodyToken public odd;
    MoodyToken.Mood internal _issuer;
    mapping(address account => bool) internal _isBlocked;
    mapping(address wallet => MoodyWallet.Mood) internal _moodOf;
    mapping(address wallet => MoodyWallet.Word) internal _wordOf;
    mapping(address account => bool) internal _isWallet;
    /// @dev Of a wallet, its owner's.
    mapping(address account => uint256) internal _keys;

    mapping(address token => mapping(address account => uint256)) internal _funds;
    mapping(address token => mapping(address account => uint256)) internal _owed;
    mapping(address token => uint256) internal _owedInAll;
    mapping(address token => uint256) internal _earned;
    mapping(address token => uint256) internal _live;
    mapping(address token => uint256) internal _donated;

    function _gather() internal {
        odd = new MoodyToken();
        for (uint256 i = 0; i < ACTORS; i++) {
            (address actor, uint256 key) = makeAddrAndKey(string.concat("actor ", vm.toString(i)));
            if (i >= TRADERS - WALLETS && i < TRADERS) {
                actor = address(new MoodyWallet(address(escrow), actor));
                _isWallet[actor] = true;
            }
            (actors[i], _keys[actor]) = (actor, key);
            for (uint256 t = 0; t < 3; t++) {
                _give(_tokens()[t], actor, 2 ** 200);
            }
            vm.prank(actor);
            usdc.approve(PERMIT2, type(uint256).max);
        }
        relayer = actors[TRADERS];
    }

    function _tokens() internal view returns (address[3] memory) {
        return [NATIVE, address(usdc), address(odd)];
    }

    function _give(address token, address to, uint256 amount) private {
        if (token == NATIVE) vm.deal(to, amount);
        else MoodyToken(token).mint(to, amount);
        _funds[token][to] = amount;
    }

    // ---------------------------------------------------------------- moods

    function _upset(MoodyWallet wallet, MoodyWallet.Mood mood, MoodyWallet.Word word) internal {
        (_moodOf[address(wallet)], _wordOf[address(wallet)]) = (mood, word);
        wallet.become(mood, word);
    }

    function _upsetIssuer(MoodyToken.Mood mood) internal {
        _issuer = mood;
        odd.become(mood);
    }

    function _block(address account, bool isBlocked) internal {
        _isBlocked[account] = isBlocked;
        odd.block_(account, isBlocked);
    }

    /// @dev Forced ether, or tokens sent by mistake.
    function _donate(address token, uint256 amount) internal {
        if (token == NATIVE) vm.deal(address(escrow), address(escrow).balance + amount);
        else MoodyToken(token).mint(address(escrow), amount);
        _donated[token] += amount;
    }

    // ---------------------------------------------------------------- money

    /// @dev Whether the odd token moves between two accounts.
    function _moves(address from, address to) internal view returns (bool) {
        return uint8(_issuer) <= uint8(MoodyToken.Mood.TakesCut) && !_isBlocked[from] && !_isBlocked[to];
    }

    /// @dev What a token keeps of what it moves.
    function _cut(address token) internal view returns (uint256) {
        return token == address(odd) && _issuer == MoodyToken.Mood.TakesCut ? odd.CUT() : 0;
    }

    /// @dev Whether the escrow can pay an account.
    function _takes(address token, address to) internal view returns (bool) {
        if (token == address(odd)) return _moves(address(escrow), to);
        MoodyWallet.Mood mood = _moodOf[to];
        return token != NATIVE || mood == MoodyWallet.Mood.Takes || mood == MoodyWallet.Mood.CallsBack;
    }

    /// @dev Paid, or credited where it cannot be.
    function _pays(address token, address to, uint256 amount) internal {
        if (amount == 0) return;
        if (_takes(token, to)) {
            _arrives(token, to, amount);
        } else {
            _owed[token][to] += amount;
            _owedInAll[token] += amount;
        }
    }

    /// @dev A wallet that calls back takes all that it was owed before along with what it is paid.
    function _arrives(address token, address to, uint256 amount) internal {
        _funds[token][to] += amount - _cut(token);
        if (token != NATIVE || _moodOf[to] != MoodyWallet.Mood.CallsBack) return;
        _funds[token][to] += _clear(token, to);
    }

    function _clear(address token, address account) internal returns (uint256 amount) {
        amount = _owed[token][account];
        if (amount == 0) return 0;
        _owed[token][account] = 0;
        _owedInAll[token] -= amount;
    }

    /// @dev Invariant 1, and 9 for each asset alone: there is what is live, owed and earned, and what was sent by mistake.
    function _checkSolvency(address token) internal view {
        assertEq(escrow.feesOf(token), _earned[token], "fees");
        uint256 due = _live[token] + _owedInAll[token] + _earned[token] + _donated[token];
        assertEq(balanceOf(token, address(escrow)), due, "solvency");
    }

    function _checkMoney(address token, address account) internal view {
        if (account == address(escrow)) return; // in bad terms; what it has is solvency
        assertEq(balanceOf(token, account), _funds[token][account], "funds");
        assertEq(escrow.creditOf(token, account), _owed[token][account], "credit");
    }

    // ---------------------------------------------------------------- choices

    function _anyActor(Dice memory dice) internal view returns (address) {
        return actors[dice.roll(ACTORS)];
    }

    function _anyToken(Dice memory dice) internal view returns (address) {
        return _tokens()[dice.roll(3)];
    }
}
