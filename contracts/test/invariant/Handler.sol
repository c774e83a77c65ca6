// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Consent, Model, Move} from "../Model.sol";
import {DISPUTED, FUNDED, NONE} from "../Words.sol";
import {Dice, shake} from "./Dice.sol";
import {Ledger} from "./Ledger.sol";
import {MoodyToken} from "./MoodyToken.sol";
import {MoodyWallet} from "./MoodyWallet.sol";
import {Moving} from "./Moving.sol";

/// @dev Eight actors trade three assets with each other; this file holds what is left besides trades: credits and fees, the passing
/// of time, the moods of wallets and issuers, and the end of all. Read Cast, Pen, Walk, Funding and Moving first.
contract Handler is Moving {
    function setUp() public override {
        super.setUp();
        placePermit2();
        ledger = new Ledger();
        _gather();
        _fillPens();
    }

    // ---------------------------------------------------------------- credits and fees

    /// @dev Of what somebody is owed, if anybody is; to himself or another one who may not take it, or to nobody.
    function withdraw(uint256 seed) external {
        Dice memory dice = shake(seed);
        (address token, address account) = _anyCredit(dice);
        address to = dice.oneIn(12) ? (dice.oneIn(2) ? address(0) : address(escrow)) : _anyActor(dice);
        uint256 amount = _owed[token][account];
        bool isSigned = !dice.oneIn(3);
        bytes memory call;
        bytes memory expected;
        if (isSigned) (call, expected, amount) = _signedWithdrawal(dice, account, token, amount, to);
        else call = abi.encodeCall(escrow.withdraw, (token, to));
        if (expected.length == 0) expected = _refusalOfWithdrawal(account, token, amount, to);

        _send(isSigned ? relayer : account, 0, call, expected);
        if (expected.length == 0) {
            _count(bytes4(call));
            _arrives(token, to, _clear(token, account));
        }
        _checkSolvency(token);
        _checkMoney(token, account);
        _checkMoney(token, to);
    }

    function _signedWithdrawal(Dice memory dice, address account, address token, uint256 credit, address to)
        private
        view
        returns (bytes memory call, bytes memory expected, uint256 amount)
    {
        amount = dice.oneIn(8) ? credit + 1 : credit;
        uint256 deadline = _deadline(dice);
        Consent memory consent = Consent(deadline, _answersForOwner(account));
        bytes memory signature = _junk;
        if (block.timestamp > deadline || dice.oneIn(8)) {
            consent.isGood = _saysYes(account);
        } else {
            signature = sign(_keys[account], _withdrawDigest(account, token, amount, to, deadline));
        }
        call = abi.encodeCall(escrow.withdrawBySig, (account, token, amount, to, deadline, signature));
        expected = Model.refusalOfConsent(account, block.timestamp, consent);
        if (expected.length == 0 && amount != credit) {
            expected = abi.encodeWithSelector(IEscrow.WrongCredit.selector, amount, credit);
        }
    }

    function _refusalOfWithdrawal(address account, address token, uint256 amount, address to)
        private
        view
        returns (bytes memory)
    {
        if (to == address(0) || to == address(escrow)) {
            return abi.encodeWithSelector(IEscrow.BadRecipient.selector, to);
        }
        if (amount == 0) return abi.encodeWithSelector(IEscrow.NoCredit.selector, token, account);
        return _takes(token, to) ? bytes("") : _transferFailed(token, to, amount);
    }

    function _transferFailed(address token, address to, uint256 amount) private view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.TransferFailed.selector, token, address(escrow), to, amount);
    }

    function _anyCredit(Dice memory dice) private view returns (address token, address account) {
        uint256 start = dice.roll(3 * ACTORS);
        for (uint256 i = 0; i < 3 * ACTORS; i++) {
            uint256 place = (start + i) % (3 * ACTORS);
            (token, account) = (_tokens()[place % 3], actors[place / 3]);
            if (_owed[token][account] != 0) break;
        }
    }

    /// @dev By anybody, to the one address that they are for.
    function withdrawFees(uint256 seed) external {
        Dice memory dice = shake(seed);
        address token = _anyToken(dice);
        uint256 amount = _earned[token];
        bytes memory expected;
        if (amount == 0) expected = abi.encodeWithSelector(IEscrow.NoFees.selector, token);
        else if (!_takes(token, treasury)) expected = _transferFailed(token, treasury, amount);

        _send(_anyActor(dice), 0, abi.encodeCall(escrow.withdrawFees, (token)), expected);
        if (expected.length == 0) {
            _count(escrow.withdrawFees.selector);
            _earned[token] = 0;
            _arrives(token, treasury, amount);
        }
        _checkSolvency(token);
        _checkMoney(token, treasury);
    }

    // ---------------------------------------------------------------- time and moods

    /// @dev A few seconds, or to one side or the other of the edge of a clock (10): of three the next, so that few are missed.
    function wait(uint256 seed) external {
        Dice memory dice = shake(seed);
        uint256 next = block.timestamp + 1 + dice.roll(1 hours);
        if (tradeCount() != 0 && !dice.oneIn(3)) {
            next = FOREVER;
            for (uint256 i = 0; i < 3; i++) {
                uint256 edge = _edgeOf(dice, _anyCase(dice)) + dice.roll(3) - 1;
                if (edge > block.timestamp && edge < next) next = edge;
            }
        }
        if (next != FOREVER) vm.warp(next);
    }

    function _edgeOf(Dice memory dice, Case memory c) private pure returns (uint256) {
        bool isLeftInTime = c.was.status == DISPUTED && !dice.oneIn(3); // to be ruled
        if (c.was.status == NONE || isLeftInTime) return 1; // the past
        return c.was.status == FUNDED && !dice.oneIn(3) ? c.was.payBy : Model.end(c.trade, c.was);
    }

    /// @dev Wallets and issuers change their minds; somebody sends the contract a present.
    function disturb(uint256 seed) external {
        Dice memory dice = shake(seed);
        MoodyWallet wallet = MoodyWallet(payable(actors[TRADERS - WALLETS + dice.roll(WALLETS)]));
        _upset(wallet, MoodyWallet.Mood(dice.roll(5)), MoodyWallet.Word(dice.oneIn(2) ? 0 : dice.roll(5)));
        _upsetIssuer(dice.oneIn(3) ? MoodyToken.Mood(dice.roll(6)) : MoodyToken.Mood.Honest);
        address[3] memory blockable = [_anyActor(dice), treasury, address(escrow)];
        _block(blockable[dice.oneIn(4) ? dice.roll(3) : 0], dice.oneIn(3));
        if (dice.oneIn(3)) _block(address(escrow), false);
        _donate(_anyToken(dice), dice.roll(100));
    }

    // ---------------------------------------------------------------- the end

    /// @dev Invariant 4, at its worst: no recipient takes anything and no token moves. Once the last clock has run out, a stranger
    /// closes every trade; and when all have calmed down, everybody gets what he is owed, and nothing is left but presents.
    function closeAll() external {
        _worsenAll();
        _waitForAll();
        for (uint256 i = 0; i < tradeCount(); i++) {
            Case memory c = _case(i);
            if (c.was.status == NONE) continue;
            Attempt memory last = Attempt(Move.Timeout, carol, block.timestamp, 0);
            _send(carol, 0, abi.encodeCall(escrow.timeout, (c.trade)), "");
            _note(c, last);
            _check(c);
        }
        assertEq(closings, fundings, "all closed");
        _calmAll();
        _payAll();
    }

    function _worsenAll() private {
        for (uint256 i = TRADERS - WALLETS; i < TRADERS; i++) {
            MoodyWallet.Mood mood = i % 2 == 0 ? MoodyWallet.Mood.Refuses : MoodyWallet.Mood.Burns;
            _upset(MoodyWallet(payable(actors[i])), mood, MoodyWallet.Word.Burns);
        }
        _upsetIssuer(MoodyToken.Mood.Paused);
    }

    function _waitForAll() private {
        uint256 end = block.timestamp;
        for (uint256 i = 0; i < tradeCount(); i++) {
            Case memory c = _case(i);
            if (c.was.status != NONE && Model.end(c.trade, c.was) > end) end = Model.end(c.trade, c.was);
        }
        vm.warp(end + 1);
    }

    function _calmAll() private {
        for (uint256 i = 0; i < ACTORS; i++) {
            _block(actors[i], false);
            if (_isWallet[actors[i]]) {
                _upset(MoodyWallet(payable(actors[i])), MoodyWallet.Mood.Takes, MoodyWallet.Word.Honest);
            }
        }
        _block(treasury, false);
        _block(address(escrow), false);
        _upsetIssuer(MoodyToken.Mood.Honest);
    }

    function _payAll() private {
        for (uint256 t = 0; t < 3; t++) {
            address token = _tokens()[t];
            for (uint256 i = 0; i < ACTORS; i++) {
                if (_owed[token][actors[i]] == 0) continue;
                _send(actors[i], 0, abi.encodeCall(escrow.withdraw, (token, actors[i])), "");
                _arrives(token, actors[i], _clear(token, actors[i]));
            }
            if (_earned[token] != 0) {
                _send(carol, 0, abi.encodeCall(escrow.withdrawFees, (token)), "");
                _arrives(token, treasury, _earned[token]);
                _earned[token] = 0;
            }
            assertEq(balanceOf(token, address(escrow)), _donated[token], "nothing is left but presents");
        }
    }
}
