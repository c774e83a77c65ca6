// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {Signed, Trade} from "../src/types/Trade.sol";
import {Base} from "./Base.t.sol";
import {BurningWallet, ThirstyWallet} from "./mocks/Wallets.sol";
import {FUNDED} from "./Words.sol";

/// @dev What both batches have in common. A batch is to end as its singles would, one after the other, each refusal passed over.
abstract contract BatchTest is Base {
    /// @dev What may be wrong with an item. The last ones are wrong in one of the two batches only.
    enum Kind {
        Good,
        NeverFunded,
        Closed,
        Expired,
        OtherSigner,
        OtherTrade,
        OtherFunding,
        OtherDeadline,
        OtherMove,
        OtherChain,
        NoSignature,
        ShortSignature,
        LongSignature,
        ZeroSignature,
        Twin,
        DoneAlready,
        Last
    }

    /// @dev When the batch is sent: all trades of `numbered` are in time.
    uint256 internal constant SENT = START + 2 days;

    function batch(Signed[] memory items) internal virtual returns (uint256 done);
    function single(Signed memory item) internal virtual;
    function moveName() internal pure virtual returns (string memory);
    function otherMoveName() internal pure virtual returns (string memory);
    function moverKey() internal view virtual returns (uint256);

    /// @dev The kind that is wrong in this batch only.
    function last(uint256 number) internal virtual returns (Signed memory);

    /// @dev The call that a batch makes, for what the decoder would not build.
    function batchCall(Signed[] memory items) internal view virtual returns (bytes memory);

    // ---------------------------------------------------------------- the cases

    function test_GivenNoItem_DoesNothing() external {
        vm.recordLogs();
        assertEq(batch(new Signed[](0)), 0);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// Invariant 3 (C34).
    function test_RevertGiven_257Items() external {
        Signed[] memory items = new Signed[](257);
        for (uint256 i = 0; i < items.length; i++) {
            items[i] = make(0, Kind.NeverFunded);
        }
        Signed memory good = make(1, Kind.Good);
        items[0] = good;
        vm.warp(SENT);
        bytes memory error = abi.encodeWithSelector(IEscrow.BatchTooLong.selector, 257, 256);
        assertRefused(good.trade, carol, 0, batchCall(items), error);
    }

    /// C34: as many as the answer has bits.
    function test_Given256Items_DoesThemAll() external {
        Signed[] memory items = new Signed[](256);
        for (uint256 i = 0; i < items.length; i++) {
            items[i] = make(i, Kind.Good);
        }
        vm.warp(SENT);
        assertEq(batch(items), type(uint256).max);
        for (uint256 i = 0; i < items.length; i++) {
            assertDone(items[i]);
        }
    }

    /// Invariants 3, 6, 9: each kind of bad item, first, in the middle and last.
    function test_GivenABadItem_PassesItOverAndDoesTheOthers() external {
        for (uint256 k = 1; k <= uint256(Kind.Last); k++) {
            for (uint256 place = 0; place < 3; place++) {
                uint256 snapshot = vm.snapshotState();
                _passesOver(Kind(k), place);
                vm.revertToState(snapshot);
            }
        }
    }

    /// Invariant 2 (C04).
    function test_GivenAnItemTwice_DoesItOnce() external {
        Signed[] memory items = new Signed[](3);
        (items[0], items[1]) = (make(0, Kind.Good), make(1, Kind.Good));
        items[2] = items[0];
        vm.warp(SENT);
        Purse memory was = purseOf(items[0].trade);
        assertEq(batch(items), 3);
        assertEq(was.escrow - address(escrow).balance, paidFor(2));
        assertEq(batch(items), 0);
        assertEq(was.escrow - address(escrow).balance, paidFor(2));
    }

    /// C31: an item whose words have a bit beyond their types names no trade that could have been funded.
    function test_GivenAnUncleanItem_PassesItOver() external {
        uint8[9] memory bits = [160, 160, 160, 128, 160, 16, 32, 32, 32];
        for (uint256 field = 0; field < 9; field++) {
            uint256 snapshot = vm.snapshotState();
            Signed[] memory items = new Signed[](2);
            (items[0], items[1]) = (make(0, Kind.Good), make(1, Kind.Good));
            vm.warp(SENT);
            bytes memory call = batchCall(items);
            // Selector, offset, length, two offsets, then the first item: its trade first.
            call[4 + 4 * 32 + 32 * field + 31 - bits[field] / 8] |= 0x01;
            vm.prank(carol);
            (bool ok, bytes memory answer) = address(escrow).call(call);
            assertTrue(ok);
            assertEq(abi.decode(answer, (uint256)), 2);
            assertEq(statusOf(escrow.idOf(items[0].trade)), FUNDED);
            assertDone(items[1]);
            vm.revertToState(snapshot);
        }
    }

    /// An item that points behind the calldata is refused by the decoder; one that points before it reads zeros, which are no trade.
    function test_GivenAnItemOutsideOfTheCalldata_RevertsOrPassesItOver() external {
        Signed[] memory items = new Signed[](2);
        (items[0], items[1]) = (make(0, Kind.Good), make(1, Kind.Good));
        vm.warp(SENT);
        bytes memory call = batchCall(items);
        call[4 + 2 * 32] = 0x7f; // the highest byte of the first item's offset
        assertRefused(items[0].trade, carol, 0, call, "");
        call[4 + 2 * 32] = 0xff;
        (bool ok, bytes memory answer) = address(escrow).call(call);
        assertTrue(ok);
        assertEq(abi.decode(answer, (uint256)), 2);
        assertEq(statusOf(structHashOf(items[0].trade)), FUNDED);
        assertDone(items[1]);
    }

    /// Invariant 9, S09: a wallet that burns its gas costs the submitter the cap of one question, and the others nothing.
    function test_GivenAWalletThatBurnsItsGas_CostsTheCap() external {
        uint256 without = _gasWithWallet(carol);
        uint256 with_ = _gasWithWallet(address(new BurningWallet()));
        assertGt(with_ - without, 395_000);
        assertLt(with_ - without, 405_000);
    }

    /// Invariant 7: whoever sends it can leave a wallet too little gas for its answer, as he could leave the item out. Then nothing is
    /// done with it, and it can be sent again.
    function test_GivenAWalletAndTooLittleGas_PassesItOverUntilItIsSentWithEnough() external {
        Trade memory trade = numbered(0);
        (trade.seller, trade.buyer) = walletAsMover(address(new ThirstyWallet()));
        vm.deal(trade.seller, 10 ether);
        fund(trade);
        Signed[] memory items = new Signed[](1);
        items[0] = Signed(trade, FOREVER, "");
        vm.warp(SENT);
        bytes32 was = worldOf(trade);
        bytes memory call = batchCall(items);
        uint256[2] memory outcomes;
        for (uint256 gas = 60_000; gas < 600_000; gas += 20_000) {
            uint256 snapshot = vm.snapshotState();
            vm.prank(carol);
            (bool ok, bytes memory answer) = address(escrow).call{gas: gas}(call);
            uint256 done = ok ? abi.decode(answer, (uint256)) : 0;
            if (done == 0) assertEq(worldOf(trade), was);
            else assertDone(items[0]);
            if (ok) outcomes[done] += 1;
            vm.revertToState(snapshot);
        }
        assertGt(outcomes[0], 0);
        assertGt(outcomes[1], 0);
        assertEq(batch(items), 1);
        assertDone(items[0]);
    }

    /// Invariants 2, 7: the same end as the singles, each refusal passed over, whatever is in it and in which order.
    function testFuzz_EndsAsTheSinglesDo(uint256 seed, uint8 length) external {
        Signed[] memory items = new Signed[](bound(length, 1, 8));
        for (uint256 i = 0; i < items.length; i++) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            // The last kind is made after the warp; then it cannot be made here.
            Kind kind = dice % 2 == 0 ? Kind.Good : Kind(dice / 2 % uint256(Kind.Last));
            items[i] = i > 0 && dice % 7 == 0 ? items[dice / 7 % i] : make(i, kind);
        }
        vm.warp(SENT);

        uint256 snapshot = vm.snapshotState();
        vm.recordLogs();
        uint256 done = batch(items);
        bytes32 ended = _endOf(items);
        vm.revertToState(snapshot);

        vm.recordLogs();
        uint256 doneSingly;
        for (uint256 i = 0; i < items.length; i++) {
            try this.trySingle(items[i]) {
                doneSingly |= 1 << i;
            } catch {}
        }
        assertEq(done, doneSingly);
        assertEq(ended, _endOf(items));
    }

    /// @dev For try.
    function trySingle(Signed memory item) external {
        single(item);
    }

    // ---------------------------------------------------------------- making items

    /// @dev A trade that stays FUNDED and in time for two weeks.
    function numbered(uint256 number) internal view returns (Trade memory trade) {
        trade = ethTrade();
        (trade.terms, trade.payWindow, trade.amount) = (bytes32(number), 14 days, uint128(1 ether + number));
    }

    /// @dev Of the trade with this number, funded for it.
    function make(uint256 number, Kind kind) internal returns (Signed memory item) {
        if (kind == Kind.Last) return last(number);
        Trade memory trade = numbered(number);
        if (kind != Kind.NeverFunded) fund(trade);
        item = signed(trade, FOREVER);
        bytes memory good = item.signature;
        if (kind == Kind.Closed) _cancel(trade);
        if (kind == Kind.OtherFunding) _fundAnew(trade);
        if (kind == Kind.DoneAlready) single(item);
        if (kind == Kind.Expired) item = signed(trade, SENT - 1);
        if (kind == Kind.OtherDeadline) item.deadline -= 1;
        if (kind == Kind.OtherSigner) item.signature = _plain(danaKey, moveName(), structHashOf(trade));
        if (kind == Kind.OtherTrade) item.signature = _signedForAnother(trade);
        if (kind == Kind.OtherMove) item.signature = _plain(moverKey(), otherMoveName(), structHashOf(trade));
        if (kind == Kind.OtherChain) item.signature = _signedElsewhere(trade);
        if (kind == Kind.NoSignature) item.signature = "";
        if (kind == Kind.ShortSignature) item.signature = _cut(good, 63);
        if (kind == Kind.LongSignature) item.signature = bytes.concat(good, bytes1(0));
        if (kind == Kind.ZeroSignature) item.signature = new bytes(65);
        if (kind == Kind.Twin) item.signature = _twinOf(good);
    }

    function signed(Trade memory trade, uint256 deadline) internal view returns (Signed memory) {
        return Signed(trade, deadline, signPlain(moverKey(), moveName(), structHashOf(trade), deadline));
    }

    /// @dev What leaves the escrow when that many good ones are done, the first and those that follow it.
    function paidFor(uint256 count) internal view virtual returns (uint256);

    function assertDone(Signed memory item) internal view virtual;

    function _cancel(Trade memory trade) private {
        vm.prank(bob);
        escrow.cancel(trade);
    }

    function _fundAnew(Trade memory trade) private {
        _cancel(trade);
        fund(trade);
    }

    function _plain(uint256 key, string memory name, bytes32 id) private view returns (bytes memory) {
        return signPlain(key, name, id, FOREVER);
    }

    function _signedForAnother(Trade memory trade) private view returns (bytes memory) {
        Trade memory other = numbered(uint256(trade.terms) + 1000);
        string memory move = string.concat(moveName(), "(Trade trade,uint40 fundedAt,uint256 deadline)");
        uint40 fundedAt = fundedAtOf(structHashOf(trade));
        return sign(moverKey(), digestOf(move, abi.encode(structHashOf(other), fundedAt, FOREVER)));
    }

    function _signedElsewhere(Trade memory trade) private returns (bytes memory signature) {
        uint256 here = block.chainid;
        vm.chainId(here + 1);
        signature = _plain(moverKey(), moveName(), structHashOf(trade));
        vm.chainId(here);
    }

    function _cut(bytes memory whole, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            part[i] = whole[i];
        }
    }

    function _twinOf(bytes memory signature) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = abi.decode(_cut(signature, 64), (bytes32, bytes32));
        return abi.encodePacked(r, bytes32(CURVE_ORDER - uint256(s)), signature[64] == 0x1b ? uint8(28) : uint8(27));
    }

    // ---------------------------------------------------------------- holding them

    function _passesOver(Kind kind, uint256 place) private {
        Signed[] memory items = new Signed[](3);
        for (uint256 i = 0; i < 3; i++) {
            if (i != place) items[i] = make(i, Kind.Good);
        }
        if (kind != Kind.Last) items[place] = make(place, kind);
        vm.warp(SENT);
        if (kind == Kind.Last) items[place] = make(place, kind);
        string memory what = vm.toString(uint256(kind));

        bytes32 id = structHashOf(items[place].trade);
        bytes memory word = _wordOf(id);
        uint256 held = address(escrow).balance;
        bool alone = true;
        try this.trySingle(items[place]) {}
        catch {
            alone = false;
        }
        assertFalse(alone, what);
        assertEq(batch(items), 7 ^ (1 << place), what);
        assertEq(_wordOf(id), word, what);
        for (uint256 i = 0; i < 3; i++) {
            if (i != place) assertDone(items[i]);
        }
        if (paidFor(1) != 0) assertEq(held - address(escrow).balance, _paidFor(items, place), what);
    }

    function _paidFor(Signed[] memory items, uint256 except) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < items.length; i++) {
            if (i != except) sum += items[i].trade.amount - feeOf(items[i].trade, items[i].trade.amount);
        }
    }

    function _wordOf(bytes32 id) private view returns (bytes memory) {
        (uint8 status, uint40 since, uint40 fundedAt, uint40 payBy) = escrow.stateOf(id);
        return abi.encode(status, since, fundedAt, payBy);
    }

    function _gasWithWallet(address wallet) private returns (uint256 used) {
        uint256 snapshot = vm.snapshotState();
        Signed[] memory items = new Signed[](3);
        (items[0], items[2]) = (make(0, Kind.Good), make(2, Kind.Good));
        Trade memory trade = numbered(1);
        (trade.seller, trade.buyer) = walletAsMover(wallet);
        vm.deal(trade.seller, 10 ether);
        fund(trade);
        items[1] = Signed(trade, FOREVER, new bytes(65));
        vm.warp(SENT);
        used = gasleft();
        uint256 done = batch(items);
        used -= gasleft();
        assertEq(done, 5);
        vm.revertToState(snapshot);
    }

    /// @dev The seller and the buyer of a trade in which `wallet` has to sign.
    function walletAsMover(address wallet) internal view virtual returns (address seller, address buyer);

    /// @dev All that is left when the items are through: their words, the coins, the credits, the fees, the events.
    function _endOf(Signed[] memory items) private returns (bytes32 end) {
        end = keccak256(abi.encode(vm.getRecordedLogs()));
        for (uint256 i = 0; i < items.length; i++) {
            end = keccak256(abi.encode(end, worldOf(items[i].trade)));
        }
    }
}
