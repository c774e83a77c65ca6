// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {TestUSDC} from "../../src/devnet/TestUSDC.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Base} from "../Base.t.sol";
import {AgreeingWallet} from "./AgreeingWallet.sol";
import {OddToken} from "../mocks/Tokens.sol";
import {NATIVE} from "../Words.sol";

/// @dev Makes the calls that the model of tests/model foresaw, and compares everything with what it foresaw (invariants 12 and 13,
/// C37). Run by tests/model/replay.py, which writes the file: a line for the stage, then one for each sequence.
contract Replay is Base {
    struct Stage {
        address escrow;
        address plain;
        address odd;
        address treasury;
        address[] actors;
        address[] wallets;
        address[] holders;
        uint256[] balances;
    }

    struct Log {
        bytes32[] topics;
        bytes data;
    }

    struct Step {
        uint256 chainId;
        uint256 time;
        address sender;
        address to;
        uint256 value;
        bytes data;
        bool isDone;
        bytes answer;
        Log[] logs;
        uint256[] changes;
    }

    struct Sequence {
        bytes32[] ids;
        Step[] steps;
    }

    /// @dev How a sequence that went well undoes itself.
    error Equal(uint256 steps);

    /// @dev The file has no more lines.
    error Over();

    string private path;
    address[3] private coins;
    address[] private actors;
    address[] private holders;

    function setUp() public override {
        path = vm.envOr("REPLAY_FILE", string(""));
        vm.skip(bytes(path).length == 0, "run by tests/model/replay.py");
        Stage memory stage = abi.decode(vm.parseBytes(vm.readLine(path)), (Stage));
        (coins, actors, holders) = ([NATIVE, stage.plain, stage.odd], stage.actors, stage.holders);
        deployCodeTo(escrowArtifact(), abi.encode(stage.treasury), stage.escrow);
        deployCodeTo("TestUSDC.sol:TestUSDC", stage.plain);
        deployCodeTo("Tokens.sol:OddToken", stage.odd);
        escrow = IEscrow(stage.escrow);
        placePermit2();
        for (uint256 i = 0; i < stage.wallets.length; i++) {
            _placeWallet(stage.wallets[i]);
        }
        _placeWallet(stage.treasury);
        _fill(stage.balances);
        _allow();
    }

    function test_TheContractDoesWhatTheModelForesaw() external {
        (uint256 sequences, uint256 steps) = (0, 0);
        vm.readLine(path); // the stage again: each test reads from the start
        vm.recordLogs();
        while (true) {
            (, bytes memory end) = address(this).call(abi.encodeCall(this.replayNext, (sequences)));
            if (bytes4(end) == Over.selector) break;
            if (bytes4(end) != Equal.selector) _failAs(end);
            sequences++;
            steps += _stepsOf(end);
        }
        emit log(string.concat("replayed: ", vm.toString(sequences), " sequences, ", vm.toString(steps), " steps"));
    }

    /// @dev Always reverts, so that the next sequence finds the stage as it was, and memory stays small.
    function replayNext(uint256 number) external {
        string memory line = vm.readLine(path);
        if (bytes(line).length == 0) revert Over();
        Sequence memory sequence = abi.decode(vm.parseBytes(line), (Sequence));
        uint256[] memory expected = _figures(sequence.ids);
        for (uint256 i = 0; i < sequence.steps.length; i++) {
            string memory where = string.concat("sequence ", vm.toString(number), ", step ", vm.toString(i), ": ");
            _take(sequence.steps[i], where);
            _compare(_figures(sequence.ids), expected, sequence.steps[i].changes, where);
        }
        revert Equal(sequence.steps.length);
    }

    // ---------------------------------------------------------------- one call

    function _take(Step memory step, string memory where) private {
        vm.chainId(step.chainId);
        vm.warp(step.time);
        vm.prank(step.sender);
        (bool isDone, bytes memory answer) = step.to.call{value: step.value}(step.data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (isDone != step.isDone) {
            revert(string.concat(where, isDone ? "done" : "refused", " with ", vm.toString(answer)));
        }
        _same(answer, step.answer, string.concat(where, "answer "));
        if (isDone) _compareLogs(logs, step.logs, where);
    }

    /// @dev Of the escrow's own events, in their order; what the tokens say is not its business.
    function _compareLogs(Vm.Log[] memory found, Log[] memory expected, string memory where) private view {
        uint256 count;
        for (uint256 i = 0; i < found.length; i++) {
            if (found[i].emitter != address(escrow)) continue;
            if (count == expected.length) {
                revert(string.concat(where, "one event more: ", vm.toString(found[i].topics[0])));
            }
            bytes memory wanted = abi.encode(expected[count].topics, expected[count].data);
            _same(abi.encode(found[i].topics, found[i].data), wanted, string.concat(where, "event "));
            count++;
        }
        if (count != expected.length) revert(string.concat(where, "events missing, there are ", vm.toString(count)));
    }

    function _same(bytes memory found, bytes memory expected, string memory where) private pure {
        if (keccak256(found) == keccak256(expected)) return;
        revert(string.concat(where, vm.toString(found), " is not ", vm.toString(expected)));
    }

    // ---------------------------------------------------------------- all that can be read

    /// @dev For each trade its word; for each coin its fees, everybody's credit and everybody's balance.
    function _figures(bytes32[] memory ids) private view returns (uint256[] memory figures) {
        figures = new uint256[](4 * ids.length + coins.length * (1 + actors.length + holders.length));
        uint256 at;
        for (uint256 i = 0; i < ids.length; i++) {
            (figures[at], figures[at + 1], figures[at + 2], figures[at + 3]) = escrow.stateOf(ids[i]);
            at += 4;
        }
        for (uint256 c = 0; c < coins.length; c++) {
            figures[at++] = escrow.feesOf(coins[c]);
            for (uint256 i = 0; i < actors.length; i++) {
                figures[at++] = escrow.creditOf(coins[c], actors[i]);
            }
            for (uint256 i = 0; i < holders.length; i++) {
                figures[at++] = balanceOf(coins[c], holders[i]);
            }
        }
    }

    /// @dev A step without changes, such as every refused one, must leave all as it was.
    function _compare(uint256[] memory found, uint256[] memory expected, uint256[] memory changes, string memory where)
        private
        pure
    {
        for (uint256 i = 0; i < changes.length; i += 2) {
            expected[changes[i]] = changes[i + 1];
        }
        if (keccak256(abi.encode(found)) == keccak256(abi.encode(expected))) return;
        for (uint256 i = 0; i < found.length; i++) {
            if (found[i] == expected[i]) continue;
            string memory figures = string.concat(vm.toString(found[i]), " is not ", vm.toString(expected[i]));
            revert(string.concat(where, "figure ", vm.toString(i), " ", figures));
        }
    }

    // ---------------------------------------------------------------- the stage

    function _placeWallet(address wallet) private {
        deployCodeTo("AgreeingWallet.sol:AgreeingWallet", abi.encode(escrow), wallet);
    }

    function _fill(uint256[] memory balances) private {
        for (uint256 i = 0; i < balances.length; i++) {
            address holder = holders[i % holders.length];
            uint256 coin = i / holders.length;
            if (coin == 0) vm.deal(holder, balances[i]);
            else TestUSDC(coins[coin]).mint(holder, balances[i]);
        }
    }

    function _allow() private {
        for (uint256 i = 0; i < actors.length; i++) {
            vm.startPrank(actors[i]);
            for (uint256 c = 1; c < coins.length; c++) {
                TestUSDC(coins[c]).approve(address(escrow), type(uint256).max);
                TestUSDC(coins[c]).approve(PERMIT2, type(uint256).max);
            }
            vm.stopPrank();
        }
    }

    function _stepsOf(bytes memory equal) private pure returns (uint256 steps) {
        assembly {
            steps := mload(add(equal, 0x24))
        }
    }

    function _failAs(bytes memory reason) private pure {
        assembly {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
