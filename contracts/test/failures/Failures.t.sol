// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signed} from "../../src/types/Trade.sol";
import {Base} from "../Base.t.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {DISPUTED, FUNDED, NATIVE, NONE, PAID, Trade} from "../Words.sol";

/// @dev One thing is wrong with each call, and it has a name. Every case first proves that the call without that thing goes through.
contract FailuresTest is Base {
    /// @dev What is tried, by whom and with which coins, and how it must end. Empty `error` is a bare revert.
    struct Case {
        string name;
        Trade trade;
        address caller;
        uint256 value;
        bytes call;
        bytes error;
    }

    uint128 private constant PART = 7;

    Case[] private cases;

    /// @dev The valid call of the family under test, sent by `rightCaller`, goes through; undone at once.
    modifier fromValid(Case memory valid) {
        uint256 snapshot = vm.snapshotState();
        vm.prank(valid.caller);
        (bool ok,) = address(escrow).call{value: valid.value}(valid.call);
        assertTrue(ok, "the valid call");
        vm.revertToState(snapshot);
        _;
        _holdAll();
    }

    // ---------------------------------------------------------------- funding

    /// C16, C29, C35, invariant 5: everything fund looks at, one at a time.
    function test_Fund() external fromValid(_funding("valid", ethTrade(), ETH_AMOUNT, "")) {
        _addParties();
        _addWindows();
        Trade memory trade = ethTrade();
        trade.amount = 0;
        _add(_funding("nothing is locked", trade, 0, abi.encodeWithSelector(IEscrow.ZeroAmount.selector)));
        trade = ethTrade();
        trade.feeBps = 201;
        _addFunding("the fee is 201", trade, abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, 201, 200));
        trade.feeBps = type(uint16).max;
        _addFunding("the fee is the largest", trade, abi.encodeWithSelector(IEscrow.FeeTooHigh.selector, 65_535, 200));
        _addValues();
        _addTokens();

        Case memory other = _funding("carol sends it", ethTrade(), ETH_AMOUNT, "");
        (other.caller, other.error) = (carol, abi.encodeWithSelector(IEscrow.NotSeller.selector, carol));
        _add(other);
        other = _funding("the buyer sends it", ethTrade(), ETH_AMOUNT, "");
        (other.caller, other.error) = (bob, abi.encodeWithSelector(IEscrow.NotSeller.selector, bob));
        _add(other);
        vm.deal(carol, 10 ether);
        vm.deal(bob, 10 ether);
    }

    function _addParties() private {
        Trade memory trade = ethTrade();
        trade.seller = carol;
        _addFunding("the seller is another", trade, abi.encodeWithSelector(IEscrow.NotSeller.selector, alice));
        trade.seller = address(0);
        _addFunding("the seller is zero", trade, abi.encodeWithSelector(IEscrow.NotSeller.selector, alice));
        _addBuyer("the buyer is zero", address(0));
        _addBuyer("the buyer is the seller", alice);
        _addBuyer("the buyer is the arbitrator", dana);
        _addBuyer("the buyer is the escrow", address(escrow));
        _addArbitrator("the arbitrator is zero", address(0));
        _addArbitrator("the arbitrator is the seller", alice);
        _addArbitrator("the arbitrator is the buyer", bob);
    }

    function _addBuyer(string memory name, address buyer) private {
        Trade memory trade = ethTrade();
        trade.buyer = buyer;
        _addFunding(name, trade, abi.encodeWithSelector(IEscrow.BadParties.selector, alice, buyer, dana));
    }

    function _addArbitrator(string memory name, address arbitrator) private {
        Trade memory trade = ethTrade();
        trade.arbitrator = arbitrator;
        _addFunding(name, trade, abi.encodeWithSelector(IEscrow.BadParties.selector, alice, bob, arbitrator));
    }

    /// @dev Each window a second short, a second long, none, and the longest its type can hold.
    function _addWindows() private {
        string[3] memory names = ["payWindow", "releaseWindow", "rulingWindow"];
        bytes4[3] memory errors = [
            IEscrow.PayWindowOutOfRange.selector,
            IEscrow.ReleaseWindowOutOfRange.selector,
            IEscrow.RulingWindowOutOfRange.selector
        ];
        uint32[3] memory mins = [uint32(20 minutes), 3 days, 1 days];
        uint32[3] memory maxs = [uint32(14 days), 30 days, 90 days];
        for (uint256 i = 0; i < 3; i++) {
            uint32[4] memory wrong = [mins[i] - 1, maxs[i] + 1, 0, type(uint32).max];
            for (uint256 j = 0; j < 4; j++) {
                Trade memory trade = ethTrade();
                if (i == 0) trade.payWindow = wrong[j];
                if (i == 1) trade.releaseWindow = wrong[j];
                if (i == 2) trade.rulingWindow = wrong[j];
                string memory name = string.concat(names[i], " of ", vm.toString(wrong[j]));
                _addFunding(name, trade, abi.encodeWithSelector(errors[i], wrong[j], mins[i], maxs[i]));
            }
        }
    }

    function _addValues() private {
        Trade memory trade = ethTrade();
        _add(_funding("one wei short", trade, ETH_AMOUNT - 1, _wrongValue(ETH_AMOUNT - 1, ETH_AMOUNT)));
        _add(_funding("one wei over", trade, ETH_AMOUNT + 1, _wrongValue(ETH_AMOUNT + 1, ETH_AMOUNT)));
        _add(_funding("no value", trade, 0, _wrongValue(0, ETH_AMOUNT)));
        _add(_funding("a wei with a token", usdcTrade(), 1, _wrongValue(1, 0)));
        _add(_funding("the amount in wei with a token", usdcTrade(), USDC_AMOUNT, _wrongValue(USDC_AMOUNT, 0)));
    }

    function _addTokens() private {
        Trade memory trade = usdcTrade();
        trade.token = carol;
        _add(_funding("the token has no code", trade, 0, abi.encodeWithSelector(IEscrow.NotAToken.selector, carol)));
        trade.token = address(escrow);
        _add(_funding("the token is the escrow", trade, 0, _transferFailed(trade)));
        trade = usdcTrade();
        trade.amount = 1e15 + 1;
        _add(_funding("one unit more than she has", trade, 0, _transferFailed(trade)));
    }

    /// C30.
    function test_FundAgain() external {
        uint8[3] memory statuses = [FUNDED, PAID, DISPUTED];
        string[3] memory names = ["it is funded already", "it is paid already", "it is disputed already"];
        for (uint256 i = 0; i < 3; i++) {
            Trade memory trade = ethTrade();
            trade.terms = bytes32(i);
            bytes32 id = bring(trade, statuses[i]);
            _addFunding(names[i], trade, abi.encodeWithSelector(IEscrow.BadState.selector, id, statuses[i]));
        }
        _holdAll();
    }

    // ---------------------------------------------------------------- signatures

    /// C31, S06, S07, S14: everything that a signature over MarkPaid binds, and how it is written.
    function test_MarkPaidBySig() external {
        fund(ethTrade());
        bytes memory good = _signedPaid(bobKey, structHashOf(ethTrade()), fundedAtOf(structHashOf(ethTrade())), FOREVER);
        _markPaidBySig(good);
    }

    function _markPaidBySig(bytes memory good) private fromValid(_bySig("valid", ethTrade(), FOREVER, good, "")) {
        bytes32 id = structHashOf(ethTrade());
        uint40 at = fundedAtOf(id);
        bytes memory error = _badSignature(bob);
        _addFields(good);
        _addPaid("fundedAt one second less", FOREVER, _signedPaid(bobKey, id, at - 1, FOREVER), error);
        _addPaid("fundedAt one second more", FOREVER, _signedPaid(bobKey, id, at + 1, FOREVER), error);
        _addPaid("fundedAt zero", FOREVER, _signedPaid(bobKey, id, 0, FOREVER), error);
        _addPaid("signed for one second less", FOREVER, _signedPaid(bobKey, id, at, FOREVER - 1), error);
        _addPaid("sent with one second less", FOREVER - 1, good, error);
        _addPaid("signed by the seller", FOREVER, _signedPaid(aliceKey, id, at, FOREVER), error);
        _addPaid("signed by the arbitrator", FOREVER, _signedPaid(danaKey, id, at, FOREVER), error);
        uint256 past = block.timestamp - 1;
        bytes memory late = abi.encodeWithSelector(IEscrow.Expired.selector, block.timestamp, past);
        _addPaid("the deadline was a second ago", past, _signedPaid(bobKey, id, at, past), late);
        _addPaid("no deadline", 0, _signedPaid(bobKey, id, at, 0), _expired(0));
        _addOtherDomains(id, at);
        _addOtherTypes(id, at);
        _addForms(id, at);
    }

    /// @dev All ten fields; each makes another trade, of which nothing is known.
    function _addFields(bytes memory good) private {
        string[10] memory names = [
            "another seller",
            "another buyer",
            "another token",
            "another amount",
            "another arbitrator",
            "another fee",
            "another payWindow",
            "another releaseWindow",
            "another rulingWindow",
            "other terms"
        ];
        for (uint256 i = 0; i < 10; i++) {
            Trade memory trade = _withOther(i);
            bytes memory error = abi.encodeWithSelector(IEscrow.BadState.selector, structHashOf(trade), NONE);
            _add(_bySig(names[i], trade, FOREVER, good, error));
        }
    }

    function _addOtherDomains(bytes32 id, uint40 at) private {
        bytes memory error = _badSignature(bob);
        vm.chainId(block.chainid + 1);
        _addPaid("another chain", FOREVER, _signedPaid(bobKey, id, at, FOREVER), error);
        vm.chainId(block.chainid - 1);
        IEscrow here = escrow;
        escrow = IEscrow(carol);
        bytes memory elsewhere = _signedPaid(bobKey, id, at, FOREVER);
        escrow = here;
        _addPaid("another contract", FOREVER, elsewhere, error);
        bytes32 move = structHash("MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)", abi.encode(id, at, FOREVER));
        _addPaid("no domain", FOREVER, sign(bobKey, move), error);
        bytes32 personal = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", move));
        _addPaid("as a personal message", FOREVER, sign(bobKey, personal), error);
        _addPaid("another name", FOREVER, _signedIn("Parlay", "1", move), error);
        _addPaid("another version", FOREVER, _signedIn("Parley", "2", move), error);
    }

    function _addOtherTypes(bytes32 id, uint40 at) private {
        bytes memory error = _badSignature(bob);
        bytes memory fields = abi.encode(id, at, FOREVER);
        string[4] memory types = [
            "Cancel(Trade trade,uint40 fundedAt,uint256 deadline)",
            "Release(Trade trade,uint40 fundedAt,uint256 deadline)",
            "Reclaim(Trade trade,uint40 fundedAt,uint256 deadline)",
            "MarkPaid(Trade trade,uint256 deadline,uint40 fundedAt)"
        ];
        for (uint256 i = 0; i < types.length; i++) {
            _addPaid(string.concat("signed as ", types[i]), FOREVER, sign(bobKey, digestOf(types[i], fields)), error);
        }
    }

    function _addForms(bytes32 id, uint40 at) private {
        bytes memory error = _badSignature(bob);
        string memory kind = "MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)";
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(bobKey, digestOf(kind, abi.encode(id, at, FOREVER)));
        uint8 otherV = v == 27 ? 28 : 27;
        bytes32 twin = bytes32(CURVE_ORDER - uint256(s));
        _addPaid("high s", FOREVER, abi.encodePacked(r, twin, otherV), error);
        _addPaid(
            "high s, in 64 bytes", FOREVER, abi.encodePacked(r, uint256(twin) | (otherV == 28 ? 1 << 255 : 0)), error
        );
        _addPaid("v the other", FOREVER, abi.encodePacked(r, s, otherV), error);
        uint8[5] memory wrong = [0, 1, 26, 29, 255];
        for (uint256 i = 0; i < wrong.length; i++) {
            _addPaid(string.concat("v ", vm.toString(wrong[i])), FOREVER, abi.encodePacked(r, s, wrong[i]), error);
        }
        _addPaid("empty", FOREVER, "", error);
        _addPaid("1 byte", FOREVER, abi.encodePacked(v), error);
        _addPaid("63 bytes", FOREVER, abi.encodePacked(r, bytes31(s)), error);
        _addPaid("66 bytes", FOREVER, abi.encodePacked(r, s, v, v), error);
        _addPaid("129 bytes", FOREVER, abi.encodePacked(r, s, r, s, v), error);
        _addPaid("r zero", FOREVER, abi.encodePacked(bytes32(0), s, v), error);
        _addPaid("s zero", FOREVER, abi.encodePacked(r, bytes32(0), v), error);
        _addPaid("r and s zero", FOREVER, new bytes(65), error);
        _addPaid("r the order of the curve", FOREVER, abi.encodePacked(CURVE_ORDER, s, v), error);
        _addPaid("r and s swapped", FOREVER, abi.encodePacked(s, r, v), error);
    }

    // ---------------------------------------------------------------- arguments and times

    /// Invariant 10.
    function test_GrantTime() external {
        bytes32 id = fund(ethTrade());
        uint256 payBy = payByOf(id);
        uint256 latest = block.timestamp + 14 days;
        _add(_granting("the same time again", payBy, payBy, latest));
        _add(_granting("less time", payBy - 1, payBy, latest));
        _add(_granting("no time", 0, payBy, latest));
        _add(_granting("a second more than 14 days", latest + 1, payBy, latest));
        _add(_granting("the last second of all", type(uint40).max, payBy, latest));
        _holdAll();
        vm.prank(alice);
        escrow.grantTime(ethTrade(), uint40(payBy + 1));
        assertEq(payByOf(id), payBy + 1);
    }

    /// C24.
    function test_SettleAndRule() external {
        bytes32 id = fundPayAndDispute(ethTrade());
        uint128[2] memory parts = [ETH_AMOUNT + 1, type(uint128).max];
        string[2] memory names = ["one wei more than the amount", "the most its type holds"];
        for (uint256 i = 0; i < 2; i++) {
            uint128 part = parts[i];
            bytes memory error = abi.encodeWithSelector(IEscrow.ShareTooLarge.selector, part, ETH_AMOUNT);
            bytes memory settled = signSettle(bobKey, id, part, FOREVER);
            bytes memory call = abi.encodeCall(escrow.settle, (ethTrade(), part, FOREVER, "", settled));
            _add(Case(string.concat("settling ", names[i]), ethTrade(), alice, 0, call, error));
            call = abi.encodeCall(escrow.rule, (ethTrade(), part, EVIDENCE));
            _add(Case(string.concat("ruling ", names[i]), ethTrade(), dana, 0, call, error));
        }
        _addSettlements(id);
        _holdAll();
    }

    function _addSettlements(bytes32 id) private {
        bytes memory bySeller = signSettle(aliceKey, id, PART, FOREVER);
        bytes memory byBuyer = signSettle(bobKey, id, PART, FOREVER);
        _add(_settling("the seller has not signed", carol, PART, "", byBuyer, alice));
        _add(_settling("the buyer has not signed", carol, PART, bySeller, "", bob));
        _add(_settling("the two signatures are swapped", carol, PART, byBuyer, bySeller, alice));
        _add(_settling("another part than signed", carol, PART + 1, bySeller, byBuyer, alice));
        _add(_settling("the seller sends another part", alice, PART + 1, "", byBuyer, bob));
        _add(_settling("the buyer sends another part", bob, PART + 1, bySeller, "", alice));
        _add(_settling("the arbitrator signs for the buyer", carol, PART, bySeller, _ruled(id), bob));
    }

    /// Invariant 10 (C17): each clock, the second before it or after it.
    function test_Clocks() external {
        bytes32 id = fund(ethTrade());
        uint256 payBy = payByOf(id);
        vm.warp(payBy);
        _add(_plainCase("reclaiming at payBy", alice, escrow.reclaim.selector, _tooEarly(payBy, payBy + 1)));
        _holdAll();
        vm.warp(payBy + 1 days);
        bytes memory error = _tooEarly(payBy + 1 days, payBy + 1 days + 1);
        _add(_plainCase("a time-out a day after payBy", carol, escrow.timeout.selector, error));
        _holdAll();
        vm.warp(payBy + 1 days + 1);
        error = abi.encodeWithSelector(IEscrow.TooLate.selector, payBy + 1 days + 1, payBy + 1 days);
        _add(_plainCase("paying a second later", bob, escrow.markPaid.selector, error));
        _holdAll();
    }

    /// Invariant 10 (C17).
    function test_ClocksOfTheSellerAndTheArbitrator() external {
        bytes32 id = fundAndPay(ethTrade());
        uint256 end = sinceOf(id) + 7 days;
        vm.warp(end);
        _add(_plainCase("a time-out at releaseWindow", carol, escrow.timeout.selector, _tooEarly(end, end + 1)));
        _holdAll();
        vm.prank(bob);
        escrow.dispute(ethTrade(), EVIDENCE);
        end += 14 days;
        vm.warp(end);
        _add(_plainCase("a time-out at rulingWindow", carol, escrow.timeout.selector, _tooEarly(end, end + 1)));
        _holdAll();
        vm.warp(end + 1);
        bytes memory call = abi.encodeCall(escrow.rule, (ethTrade(), PART, EVIDENCE));
        bytes memory error = abi.encodeWithSelector(IEscrow.TooLate.selector, end + 1, end);
        _add(Case("ruling a second later", ethTrade(), dana, 0, call, error));
        _holdAll();
    }

    /// Invariant 11: nothing closes in the second of the funding.
    function test_TheSecondOfTheFunding() external {
        vm.prank(alice);
        escrow.fund{value: ETH_AMOUNT}(ethTrade());
        bytes memory error = _tooEarly(START, START + 1);
        bytes memory byBuyer = signSettle(bobKey, structHashOf(ethTrade()), PART, FOREVER);
        bytes memory settling = abi.encodeCall(escrow.settle, (ethTrade(), PART, FOREVER, "", byBuyer));
        _add(_plainCase("releasing at once", alice, escrow.release.selector, error));
        _add(_plainCase("cancelling at once", bob, escrow.cancel.selector, error));
        _add(Case("settling at once", ethTrade(), alice, 0, settling, error));
        _holdAll();
    }

    /// C23, C05: by whom.
    function test_OthersMoves() external {
        fundPayAndDispute(ethTrade());
        bytes memory notSeller = abi.encodeWithSelector(IEscrow.NotSeller.selector, bob);
        bytes memory notBuyer = abi.encodeWithSelector(IEscrow.NotBuyer.selector, alice);
        _add(_plainCase("the buyer releases", bob, escrow.release.selector, notSeller));
        _add(_plainCase("the buyer reclaims", bob, escrow.reclaim.selector, notSeller));
        _add(_plainCase("the seller cancels", alice, escrow.cancel.selector, notBuyer));
        _add(_plainCase("the seller marks paid", alice, escrow.markPaid.selector, notBuyer));
        notSeller = abi.encodeWithSelector(IEscrow.NotSeller.selector, dana);
        _add(_plainCase("the arbitrator releases", dana, escrow.release.selector, notSeller));
        notBuyer = abi.encodeWithSelector(IEscrow.NotBuyer.selector, treasury);
        _add(_plainCase("the fee recipient cancels", treasury, escrow.cancel.selector, notBuyer));
        bytes memory call = abi.encodeCall(escrow.rule, (ethTrade(), ETH_AMOUNT, EVIDENCE));
        bytes memory notArbitrator = abi.encodeWithSelector(IEscrow.NotArbitrator.selector, bob);
        _add(Case("the buyer rules", ethTrade(), bob, 0, call, notArbitrator));
        _holdAll();
    }

    // ---------------------------------------------------------------- gas, credits, fees

    /// Invariant 7: at the very edge a payment that fails is refused for too little gas, a unit above it is credited.
    function test_Gas() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new Refuser());
        fund(trade);
        _holdsTheEdge(trade, 130_000);
        trade = usdcTrade();
        fund(trade);
        vm.mockCallRevert(address(usdc), abi.encodeWithSelector(usdc.transfer.selector), "");
        _holdsTheEdge(trade, 340_000);
    }

    function _holdsTheEdge(Trade memory trade, uint256 needed) private {
        bytes memory call = abi.encodeCall(escrow.release, (trade));
        bytes32 was = worldOf(trade); // also makes everything warm, so that every attempt costs the same
        uint256 edge = _leastGasThatCredits(trade, call);
        vm.prank(alice);
        (bool ok, bytes memory answer) = address(escrow).call{gas: edge - 1}(call);
        assertFalse(ok);
        assertEq(answer, abi.encodeWithSelector(IEscrow.LowGas.selector, needed - 1, needed));
        assertEq(worldOf(trade), was);
        vm.prank(alice);
        (ok,) = address(escrow).call{gas: edge}(call);
        assertTrue(ok);
        assertEq(escrow.creditOf(trade.token, trade.buyer), trade.amount - feeOf(trade, trade.amount));
    }

    function _leastGasThatCredits(Trade memory trade, bytes memory call) private returns (uint256 high) {
        uint256 low = 100_000;
        high = 500_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            uint256 snapshot = vm.snapshotState();
            vm.prank(trade.seller);
            (bool ok,) = address(escrow).call{gas: middle}(call);
            vm.revertToState(snapshot);
            if (ok) high = middle;
            else low = middle;
        }
    }

    /// Invariants 1, 6.
    function test_Credits() external {
        Trade memory trade = ethTrade();
        trade.buyer = address(new Refuser());
        fund(trade);
        vm.prank(alice);
        escrow.release(trade);
        uint256 owed = escrow.creditOf(NATIVE, trade.buyer);
        _addWithdrawal("to zero", trade, NATIVE, address(0), _badRecipient(address(0)));
        _addWithdrawal("to the escrow", trade, NATIVE, address(escrow), _badRecipient(address(escrow)));
        bytes memory none = abi.encodeWithSelector(IEscrow.NoCredit.selector, address(usdc), trade.buyer);
        _addWithdrawal("of another token", trade, address(usdc), bob, none);
        bytes4 failed = IEscrow.TransferFailed.selector;
        bytes memory refused = abi.encodeWithSelector(failed, NATIVE, address(escrow), trade.buyer, owed);
        _addWithdrawal("to one that refuses", trade, NATIVE, trade.buyer, refused);
        bytes memory call = abi.encodeCall(escrow.withdraw, (NATIVE, carol));
        none = abi.encodeWithSelector(IEscrow.NoCredit.selector, NATIVE, carol);
        _add(Case("by one to whom nothing is owed", trade, carol, 0, call, none));
        bytes memory noFees = abi.encodeWithSelector(IEscrow.NoFees.selector, address(usdc));
        _add(
            Case("fees of another token", trade, carol, 0, abi.encodeCall(escrow.withdrawFees, (address(usdc))), noFees)
        );
        _holdAll();
    }

    /// Invariant 6: all six things that a signed withdrawal binds.
    function test_SignedCredits() external {
        uint256 owed = _oweBob();
        bytes memory good = signWithdraw(bobKey, bob, NATIVE, owed, carol, FOREVER);
        _signedCredits(owed, good);
    }

    function _signedCredits(uint256 owed, bytes memory good)
        private
        fromValid(_withdrawing("valid", bob, NATIVE, owed, carol, FOREVER, good, ""))
    {
        bytes memory error = _badSignature(bob);
        _add(_withdrawing("a wei more", bob, NATIVE, owed + 1, carol, FOREVER, good, error));
        _add(_withdrawing("to another", bob, NATIVE, owed, dana, FOREVER, good, error));
        _add(_withdrawing("in another token", bob, address(usdc), owed, carol, FOREVER, good, error));
        _add(_withdrawing("with another deadline", bob, NATIVE, owed, carol, FOREVER - 1, good, error));
        _add(_withdrawing("of another account", alice, NATIVE, owed, carol, FOREVER, good, _badSignature(alice)));
        _add(_withdrawing("of nobody", address(0), NATIVE, owed, carol, FOREVER, good, _badSignature(address(0))));
        _addSignedFor("a wei less than is owed", owed, owed - 1);
        _addSignedFor("a wei more than is owed", owed, owed + 1);
        _addSignedFor("nothing", owed, 0);
        bytes memory toZero = signWithdraw(bobKey, bob, NATIVE, owed, address(0), FOREVER);
        _add(_withdrawing("to zero", bob, NATIVE, owed, address(0), FOREVER, toZero, _badRecipient(address(0))));
        uint256 past = block.timestamp - 1;
        bytes memory late = signWithdraw(bobKey, bob, NATIVE, owed, carol, past);
        _add(_withdrawing("a second too late", bob, NATIVE, owed, carol, past, late, _expired(past)));
    }

    function _addSignedFor(string memory name, uint256 owed, uint256 amount) private {
        bytes memory signature = signWithdraw(bobKey, bob, NATIVE, amount, carol, FOREVER);
        bytes memory error = abi.encodeWithSelector(IEscrow.WrongCredit.selector, amount, owed);
        _add(_withdrawing(name, bob, NATIVE, amount, carol, FOREVER, signature, error));
    }

    /// C34, C35.
    function test_TheRest() external {
        fund(ethTrade());
        bytes memory tooLong = abi.encodeWithSelector(IEscrow.BatchTooLong.selector, 257, 256);
        Signed[] memory items = new Signed[](257);
        _add(Case("257 paid", ethTrade(), carol, 0, abi.encodeCall(escrow.batchMarkPaid, (items)), tooLong));
        _add(Case("257 released", ethTrade(), carol, 0, abi.encodeCall(escrow.batchRelease, (items)), tooLong));
        vm.deal(carol, 1);
        _add(Case("a wei that comes for nothing", ethTrade(), carol, 1, "", ""));
        _add(Case("a wei with a move", ethTrade(), carol, 1, abi.encodeCall(escrow.timeout, (ethTrade())), ""));
        _add(Case("a function that is not there", ethTrade(), carol, 0, abi.encodeWithSignature("pause()"), ""));
        _holdAll();
        string memory artifact = escrowArtifact();
        vm.expectRevert(_badRecipient(address(0)));
        this.deployWithoutARecipient(artifact);
    }

    /// @dev For expectRevert.
    function deployWithoutARecipient(string calldata artifact) external {
        bytes memory code = bytes.concat(vm.getCode(artifact), abi.encode(address(0)));
        assembly {
            if iszero(create(0, add(code, 0x20), mload(code))) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    // ---------------------------------------------------------------- holding them

    function _add(Case memory one) private {
        cases.push(one);
    }

    function _holdAll() private {
        assertGt(cases.length, 0);
        for (uint256 i = 0; i < cases.length; i++) {
            Case memory one = cases[i];
            bytes32 was = worldOf(one.trade);
            vm.prank(one.caller);
            (bool ok, bytes memory answer) = address(escrow).call{value: one.value}(one.call);
            assertFalse(ok, one.name);
            assertEq(answer, one.error, one.name);
            assertEq(worldOf(one.trade), was, one.name);
        }
        delete cases;
    }

    // ---------------------------------------------------------------- making them

    function _funding(string memory name, Trade memory trade, uint256 value, bytes memory error)
        private
        view
        returns (Case memory)
    {
        return Case(name, trade, alice, value, abi.encodeCall(escrow.fund, (trade)), error);
    }

    function _addFunding(string memory name, Trade memory trade, bytes memory error) private {
        _add(_funding(name, trade, trade.amount, error));
    }

    function _bySig(
        string memory name,
        Trade memory trade,
        uint256 deadline,
        bytes memory signature,
        bytes memory error
    ) private view returns (Case memory) {
        bytes memory call = abi.encodeCall(escrow.markPaidBySig, (trade, deadline, signature));
        return Case(name, trade, carol, 0, call, error);
    }

    function _addPaid(string memory name, uint256 deadline, bytes memory signature, bytes memory error) private {
        _add(_bySig(name, ethTrade(), deadline, signature, error));
    }

    function _signedPaid(uint256 key, bytes32 id, uint40 at, uint256 deadline) private view returns (bytes memory) {
        string memory kind = "MarkPaid(Trade trade,uint40 fundedAt,uint256 deadline)";
        return sign(key, digestOf(kind, abi.encode(id, at, deadline)));
    }

    function _signedIn(string memory name, string memory version, bytes32 move) private view returns (bytes memory) {
        bytes32 kind = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain = keccak256(
            abi.encode(kind, keccak256(bytes(name)), keccak256(bytes(version)), block.chainid, address(escrow))
        );
        return sign(bobKey, keccak256(abi.encodePacked("\x19\x01", domain, move)));
    }

    function _withOther(uint256 field) private view returns (Trade memory trade) {
        trade = ethTrade();
        if (field == 0) trade.seller = carol;
        if (field == 1) trade.buyer = carol;
        if (field == 2) trade.token = address(usdc);
        if (field == 3) trade.amount += 1;
        if (field == 4) trade.arbitrator = carol;
        if (field == 5) trade.feeBps += 1;
        if (field == 6) trade.payWindow += 1;
        if (field == 7) trade.releaseWindow += 1;
        if (field == 8) trade.rulingWindow += 1;
        if (field == 9) trade.terms = keccak256("others");
    }

    function _granting(string memory name, uint256 until, uint256 payBy, uint256 latest)
        private
        view
        returns (Case memory)
    {
        bytes memory error = abi.encodeWithSelector(IEscrow.PayByOutOfRange.selector, until, payBy + 1, latest);
        bytes memory call = abi.encodeCall(escrow.grantTime, (ethTrade(), uint40(until)));
        return Case(name, ethTrade(), alice, 0, call, error);
    }

    function _settling(
        string memory name,
        address caller,
        uint128 part,
        bytes memory bySeller,
        bytes memory byBuyer,
        address missing
    ) private view returns (Case memory) {
        bytes memory call = abi.encodeCall(escrow.settle, (ethTrade(), part, FOREVER, bySeller, byBuyer));
        return Case(name, ethTrade(), caller, 0, call, _badSignature(missing));
    }

    function _ruled(bytes32 id) private view returns (bytes memory) {
        return signSettle(danaKey, id, PART, FOREVER);
    }

    function _plainCase(string memory name, address caller, bytes4 selector, bytes memory error)
        private
        view
        returns (Case memory)
    {
        return Case(name, ethTrade(), caller, 0, abi.encodeWithSelector(selector, ethTrade()), error);
    }

    function _addWithdrawal(string memory name, Trade memory trade, address token, address to, bytes memory error)
        private
    {
        _add(Case(name, trade, trade.buyer, 0, abi.encodeCall(escrow.withdraw, (token, to)), error));
    }

    function _withdrawing(
        string memory name,
        address account,
        address token,
        uint256 amount,
        address to,
        uint256 deadline,
        bytes memory signature,
        bytes memory error
    ) private view returns (Case memory one) {
        (one.name, one.trade, one.caller, one.error) = (name, ethTrade(), carol, error);
        one.call = abi.encodeCall(escrow.withdrawBySig, (account, token, amount, to, deadline, signature));
    }

    /// @dev Bob's account had code that took no money when he was paid.
    function _oweBob() private returns (uint256) {
        fund(ethTrade());
        vm.etch(bob, address(new Refuser()).code);
        vm.prank(alice);
        escrow.release(ethTrade());
        vm.etch(bob, "");
        return escrow.creditOf(NATIVE, bob);
    }

    // ---------------------------------------------------------------- errors

    function _wrongValue(uint256 sent, uint256 expected) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.WrongValue.selector, sent, expected);
    }

    function _transferFailed(Trade memory trade) private view returns (bytes memory) {
        bytes4 selector = IEscrow.TransferFailed.selector;
        return abi.encodeWithSelector(selector, trade.token, trade.seller, address(escrow), trade.amount);
    }

    function _badSignature(address signer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.BadSignature.selector, signer);
    }

    function _badRecipient(address to) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.BadRecipient.selector, to);
    }

    function _expired(uint256 deadline) private view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.Expired.selector, block.timestamp, deadline);
    }

    function _tooEarly(uint256 time, uint256 from) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.TooEarly.selector, time, from);
    }
}
