// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {OddToken} from "../mocks/Tokens.sol";
import {Attempt, Facts, Model, Move, MOVES} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, NONE, PAID, Trade} from "../Words.sol";
import {Ledger} from "./Ledger.sol";
import {MoodyWallet} from "./MoodyWallet.sol";

/// @dev Eight actors trade three assets with each other: people with keys and contracts that refuse, burn and call back. Each call
/// says beforehand what the model allows and afterwards who got what. The ledger only ever sees the events.
contract Handler is Base {
    uint256 private constant FUNDINGS = 40;

    Ledger public ledger;
    OddToken public odd;
    address[8] public actors;
    mapping(address account => uint256 key) private _keys;

    Trade[] private _trades;
    mapping(bytes32 id => Facts) private _facts;

    mapping(address token => uint256) public live;
    mapping(address token => uint256) public donated;
    mapping(Move => uint256) public successes;
    mapping(Move => uint256) public refusals;
    uint256 public fundings;
    uint256 public closings;

    function setUp() public override {
        super.setUp();
        ledger = new Ledger();
        odd = new OddToken();
        for (uint256 i = 0; i < 5; i++) {
            (address actor, uint256 key) = makeAddrAndKey(string.concat("actor ", vm.toString(i)));
            (actors[i], _keys[actor]) = (actor, key);
        }
        for (uint256 i = 5; i < 8; i++) {
            actors[i] = address(new MoodyWallet(address(escrow)));
        }
        for (uint256 i = 0; i < 8; i++) {
            vm.deal(actors[i], 1e24);
            usdc.mint(actors[i], 1e24);
            odd.mint(actors[i], 1e24);
            vm.startPrank(actors[i]);
            usdc.approve(address(escrow), type(uint256).max);
            odd.approve(address(escrow), type(uint256).max);
            vm.stopPrank();
        }
    }

    // ---------------------------------------------------------------- what can happen

    /// @dev A new trade, or an old one again: three actors, an asset, an amount between one unit and a lot.
    function open(uint256 seed) external {
        if (fundings >= FUNDINGS) return;
        Trade memory trade;
        if (seed % 4 == 0 && _trades.length != 0) {
            trade = _trades[_pick(seed, 1, _trades.length)];
        } else {
            trade = _newTrade(seed);
            _trades.push(trade);
        }
        if (trade.token == address(odd)) odd.setOddity(OddToken.Oddity.None);
        _attempt(trade, Attempt(Move.Fund, trade.seller, block.timestamp, 0), false);
    }

    /// @dev Three times any move on any trade, live or not, by anybody; half of the time by the right one, and signed if he can.
    function move(uint256 seed) external {
        for (uint256 i = 0; i < 3 && _trades.length != 0; i++) {
            _moveOnce(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function _moveOnce(uint256 seed) private {
        Trade memory trade = _trades[_pick(seed, 2, _trades.length)];
        Move which = Move(1 + _pick(seed, 3, MOVES - 1)); // all but Fund
        if (_pick(seed, 17, 2) == 0) which = _onward(_facts[escrow.idOf(trade)].status, which);
        address caller = seed % 2 == 0 ? _rightCaller(trade, which, seed) : actors[_pick(seed, 4, 8)];
        uint256 argument = which == Move.GrantTime
            ? block.timestamp + _pick(seed, 5, 15 days)
            : _pick(seed, 5, uint256(trade.amount) + 2);
        bool signed = _pick(seed, 6, 2) == 0 && _keys[caller] != 0;
        _attempt(trade, Attempt(which, caller, block.timestamp, argument), signed);
    }

    /// @dev A few seconds, or right to the edge of some clock.
    function wait(uint256 seed) external {
        if (seed % 3 == 0 || _trades.length == 0) {
            skip(_pick(seed, 7, 1 hours));
            return;
        }
        Trade memory trade = _trades[_pick(seed, 8, _trades.length)];
        Facts memory facts = _facts[escrow.idOf(trade)];
        if (facts.status == NONE) return;
        uint256 end = facts.status == PAID ? facts.since + trade.releaseWindow : facts.since + trade.rulingWindow;
        if (facts.status == FUNDED) end = facts.payBy + (seed % 2) * 1 days;
        end += _pick(seed, 9, 3);
        if (end > block.timestamp) vm.warp(end);
    }

    function withdraw(uint256 seed) external {
        address account = actors[_pick(seed, 10, 8)];
        address to = actors[_pick(seed, 11, 8)];
        address token = _token(seed);
        uint256 credit = escrow.creditOf(token, account);
        uint256 had = _wealth(token, to);
        vm.recordLogs();
        vm.prank(account);
        try escrow.withdraw(token, to) {
            ledger.read(vm.getRecordedLogs(), address(escrow));
            assertEq(_wealth(token, to), had + (account == to ? 0 : credit));
            assertEq(escrow.creditOf(token, account), 0);
        } catch (bytes memory error) {
            bytes4 expected = credit == 0 ? IEscrow.NoCredit.selector : IEscrow.TransferFailed.selector;
            assertEq(bytes4(error), expected);
        }
    }

    function withdrawFees(uint256 seed) external {
        address token = _token(seed);
        uint256 fees = escrow.feesOf(token);
        uint256 had = balanceOf(token, treasury);
        vm.recordLogs();
        try escrow.withdrawFees(token) {
            ledger.read(vm.getRecordedLogs(), address(escrow));
            assertEq(balanceOf(token, treasury) - had, fees);
        } catch (bytes memory error) {
            bytes4 expected = fees == 0 ? IEscrow.NoFees.selector : IEscrow.TransferFailed.selector;
            assertEq(bytes4(error), expected);
        }
    }

    /// @dev Wallets and the odd token change their minds; somebody sends the contract a present.
    function disturb(uint256 seed) external {
        MoodyWallet(payable(actors[5 + _pick(seed, 12, 3)])).setMood(MoodyWallet.Mood(_pick(seed, 13, 5)));
        OddToken.Oddity[4] memory oddities = [
            OddToken.Oddity.None, OddToken.Oddity.AnswersNothing, OddToken.Oddity.Reverts, OddToken.Oddity.AnswersFalse
        ];
        odd.setOddity(oddities[_pick(seed, 14, 4)]);
        odd.setBlocked(actors[_pick(seed, 15, 8)], seed % 2 == 0);
        address token = _token(seed);
        uint256 present = _pick(seed, 16, 100);
        if (token == NATIVE) vm.deal(address(escrow), address(escrow).balance + present);
        else OddToken(token).mint(address(escrow), present);
        donated[token] += present;
    }

    // ---------------------------------------------------------------- what must be true

    /// @dev A stranger closes every trade once all clocks have run out, whatever recipients and tokens do.
    function closeAllByTimeout() external {
        vm.warp(block.timestamp + 14 days + 1 days + 30 days + 90 days + 1);
        for (uint256 i = 0; i < _trades.length; i++) {
            if (_facts[escrow.idOf(_trades[i])].status == NONE) continue;
            _attempt(_trades[i], Attempt(Move.Timeout, carol, block.timestamp, 0), false);
        }
        assertEq(closings, fundings);
    }

    function tradeCount() external view returns (uint256) {
        return _trades.length;
    }

    function idAt(uint256 number) external view returns (bytes32) {
        return escrow.idOf(_trades[number]);
    }

    function factsOf(bytes32 id) external view returns (Facts memory) {
        return _facts[id];
    }

    function escrowAddress() external view returns (IEscrow) {
        return escrow;
    }

    function tokens() external view returns (address[3] memory) {
        return [NATIVE, address(usdc), address(odd)];
    }

    // ---------------------------------------------------------------- one attempt

    struct Sums {
        uint256 seller;
        uint256 buyer;
        uint256 fees;
    }

    function _attempt(Trade memory trade, Attempt memory attempt, bool signed) private {
        bytes32 id = escrow.idOf(trade);
        Facts memory was = _facts[id];
        Sums memory had = _sums(trade);
        bytes4 expected = Model.verdict(trade, was, attempt);
        if (signed && was.status != NONE && _isNotHis(expected)) expected = IEscrow.BadSignature.selector;
        if (signed && attempt.move == Move.Dispute && Model.verdict(trade, was, attempt) == IEscrow.NotParty.selector) {
            expected = IEscrow.NotParty.selector;
        }
        bytes memory call = _calldata(trade, id, attempt, signed);
        uint256 value = attempt.move == Move.Fund && trade.token == NATIVE ? trade.amount : 0;

        vm.recordLogs();
        vm.prank(signed ? carol : attempt.caller);
        (bool ok, bytes memory answer) = address(escrow).call{value: value, gas: 3_000_000}(call);

        if (attempt.move == Move.Fund && !ok && bytes4(answer) == IEscrow.TransferFailed.selector) {
            assertTrue(odd.isBlocked(trade.seller));
            return;
        }
        assertEq(ok, expected == 0);
        assertEq(bytes4(answer), expected);
        if (!ok) {
            refusals[attempt.move] += 1;
            return;
        }
        successes[attempt.move] += 1;
        ledger.read(vm.getRecordedLogs(), address(escrow));
        _facts[id] = Model.after_(trade, was, attempt);
        if (attempt.move == Move.Fund) {
            live[trade.token] += trade.amount;
            fundings += 1;
        } else if (Model.closes(attempt.move)) {
            live[trade.token] -= trade.amount;
            closings += 1;
            _assertShares(trade, had, _sums(trade), was, attempt);
        }
    }

    /// @dev Invariants 2 and 5: paid or credited, each has exactly his share.
    function _assertShares(
        Trade memory trade,
        Sums memory had,
        Sums memory has,
        Facts memory was,
        Attempt memory attempt
    ) private pure {
        (uint256 toBuyer, uint256 fee) = Model.payout(trade, was, attempt);
        assertEq(has.buyer - had.buyer, toBuyer - fee);
        assertEq(has.seller - had.seller, trade.amount - toBuyer);
        assertEq(has.fees - had.fees, fee);
    }

    function _sums(Trade memory trade) private view returns (Sums memory) {
        address token = trade.token;
        return Sums(_wealth(token, trade.seller), _wealth(token, trade.buyer), escrow.feesOf(token));
    }

    /// @dev What an account has and is owed.
    function _wealth(address token, address account) private view returns (uint256) {
        return balanceOf(token, account) + escrow.creditOf(token, account);
    }

    function _isNotHis(bytes4 error) private pure returns (bool) {
        return error == IEscrow.NotSeller.selector || error == IEscrow.NotBuyer.selector
            || error == IEscrow.NotArbitrator.selector;
    }

    // ---------------------------------------------------------------- calls and signatures

    function _calldata(Trade memory trade, bytes32 id, Attempt memory attempt, bool signed)
        private
        view
        returns (bytes memory)
    {
        Move which = attempt.move;
        if (which == Move.Fund) return abi.encodeCall(escrow.fund, (trade));
        if (which == Move.Timeout) return abi.encodeCall(escrow.timeout, (trade));
        if (which == Move.Settle) return _settlement(trade, id, uint128(attempt.argument), attempt.caller, signed);
        return
            signed
                ? _signedCall(trade, id, attempt, _keys[attempt.caller])
                : _directCall(trade, which, attempt.argument);
    }

    function _directCall(Trade memory trade, Move which, uint256 argument) private view returns (bytes memory) {
        if (which == Move.MarkPaid) return abi.encodeCall(escrow.markPaid, (trade));
        if (which == Move.GrantTime) return abi.encodeCall(escrow.grantTime, (trade, uint40(argument)));
        if (which == Move.Reclaim) return abi.encodeCall(escrow.reclaim, (trade));
        if (which == Move.Release) return abi.encodeCall(escrow.release, (trade));
        if (which == Move.Cancel) return abi.encodeCall(escrow.cancel, (trade));
        if (which == Move.Dispute) return abi.encodeCall(escrow.dispute, (trade, EVIDENCE));
        return abi.encodeCall(escrow.rule, (trade, uint128(argument), EVIDENCE));
    }

    function _signedCall(Trade memory trade, bytes32 id, Attempt memory attempt, uint256 key)
        private
        view
        returns (bytes memory)
    {
        Move which = attempt.move;
        if (which == Move.MarkPaid) {
            return abi.encodeCall(escrow.markPaidBySig, (trade, FOREVER, signPlain(key, "MarkPaid", id, FOREVER)));
        }
        if (which == Move.Reclaim) {
            return abi.encodeCall(escrow.reclaimBySig, (trade, FOREVER, signPlain(key, "Reclaim", id, FOREVER)));
        }
        if (which == Move.Release) {
            return abi.encodeCall(escrow.releaseBySig, (trade, FOREVER, signPlain(key, "Release", id, FOREVER)));
        }
        if (which == Move.Cancel) {
            return abi.encodeCall(escrow.cancelBySig, (trade, FOREVER, signPlain(key, "Cancel", id, FOREVER)));
        }
        if (which == Move.Dispute) {
            bytes memory disputed = signDispute(key, id, EVIDENCE, FOREVER);
            return abi.encodeCall(escrow.disputeBySig, (trade, EVIDENCE, attempt.caller, FOREVER, disputed));
        }
        if (which == Move.GrantTime) {
            uint40 until = uint40(attempt.argument);
            bytes memory granted = signGrantTime(key, id, until, FOREVER);
            return abi.encodeCall(escrow.grantTimeBySig, (trade, until, FOREVER, granted));
        }
        uint128 part = uint128(attempt.argument);
        bytes memory ruled = signRule(key, id, part, EVIDENCE, FOREVER);
        return abi.encodeCall(escrow.ruleBySig, (trade, part, EVIDENCE, FOREVER, ruled));
    }

    function _settlement(Trade memory trade, bytes32 id, uint128 part, address caller, bool signed)
        private
        view
        returns (bytes memory)
    {
        address sender = signed ? carol : caller;
        bytes memory bySeller = sender == trade.seller ? bytes("") : _settleSignature(trade.seller, id, part);
        bytes memory byBuyer = sender == trade.buyer ? bytes("") : _settleSignature(trade.buyer, id, part);
        return abi.encodeCall(escrow.settle, (trade, part, FOREVER, bySeller, byBuyer));
    }

    /// @dev A wallet without a key answers for itself: it agrees to anything.
    function _settleSignature(address party, bytes32 id, uint128 part) private view returns (bytes memory) {
        return _keys[party] == 0 ? bytes("agreed") : signSettle(_keys[party], id, part, FOREVER);
    }

    // ---------------------------------------------------------------- choices

    function _newTrade(uint256 seed) private view returns (Trade memory) {
        uint256 seller = _pick(seed, 20, 8);
        uint256 buyer = (seller + 1 + _pick(seed, 21, 6)) % 8;
        uint256 arbitrator = 0;
        while (arbitrator == seller || arbitrator == buyer) arbitrator++;
        return Trade({
            seller: actors[seller],
            buyer: actors[buyer],
            token: _token(seed),
            amount: uint128(1 + _pick(seed, 22, seed % 5 == 0 ? 5 : 1e20)),
            arbitrator: actors[arbitrator],
            feeBps: uint16(_pick(seed, 23, 201)),
            payWindow: uint32(20 minutes + _pick(seed, 24, 14 days - 20 minutes + 1)),
            releaseWindow: uint32(3 days + _pick(seed, 25, 27 days + 1)),
            rulingWindow: uint32(1 days + _pick(seed, 26, 89 days + 1)),
            terms: keccak256(abi.encode(seed))
        });
    }

    function _rightCaller(Trade memory trade, Move which, uint256 seed) private pure returns (address) {
        if (which == Move.MarkPaid || which == Move.Cancel) return trade.buyer;
        if (which == Move.Rule) return trade.arbitrator;
        return which == Move.Dispute && _pick(seed, 30, 2) == 0 ? trade.buyer : trade.seller;
    }

    /// @dev The move that brings a trade further, so that most do not end where they began.
    function _onward(uint8 status, Move otherwise) private pure returns (Move) {
        if (status == FUNDED) return Move.MarkPaid;
        if (status == PAID) return otherwise == Move.Release ? Move.Release : Move.Dispute;
        return status == DISPUTED && uint256(otherwise) % 2 == 0 ? Move.Rule : otherwise;
    }

    function _token(uint256 seed) private view returns (address) {
        return [NATIVE, address(usdc), address(odd)][_pick(seed, 31, 3)];
    }

    function _pick(uint256 seed, uint256 salt, uint256 count) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt))) % count;
    }
}
