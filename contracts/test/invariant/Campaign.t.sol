// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Handler} from "./Handler.sol";

/// @dev The random walks of Escrow.invariants.t.sol are of no use if they never get anywhere, and cannot say so themselves: forge gives
/// each run a fresh state, and what one run counted is gone before the next. So the same handler is walked here by seeds of our own,
/// always the same ones: two long walks, side by side, in each of which every function that changes anything must succeed 500 times,
/// which makes 1,000 in all, and every error must be met.
contract Campaign is Test {
    uint256 private constant STRETCHES = 68;
    uint256 private constant STEPS = 1000;
    uint256 private constant SUCCESSES = 500;

    /// @dev How often each entry of the handler comes up, by its number in `_entries`.
    bytes private constant WHEEL =
        hex"00000000000000000000000102020202020202020202020202020303040405050505060707070808";

    Handler private handler;

    function setUp() external {
        handler = new Handler();
        handler.setUp();
    }

    function test_TheHandlerReachesEveryMove() external {
        _walk("one");
    }

    function test_TheHandlerReachesEveryMoveByAnotherWay() external {
        _walk("another");
    }

    /// @dev A test may burn a billion gas, and each stretch burns a fifth of that.
    function _walk(string memory name) private {
        for (uint256 i = 0; i < STRETCHES; i++) {
            this.stretch(uint256(keccak256(abi.encode(name, i))));
            vm.resetGasMetering();
        }
        handler.checkAll();
        _everyFunctionSucceeded();
        _everyErrorWasMet();
    }

    /// @dev A call of its own, so that the memory it uses is given back.
    function stretch(uint256 seed) external {
        bytes4[9] memory entries = _entries();
        for (uint256 i = 0; i < STEPS; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes4 entry = entries[uint8(WHEEL[seed % WHEEL.length])];
            (bool ok, bytes memory error) = address(handler).call(abi.encodeWithSelector(entry, seed));
            if (!ok) _fail(error);
        }
    }

    function _fail(bytes memory error) private pure {
        assembly {
            revert(add(error, 0x20), mload(error))
        }
    }

    function _entries() private view returns (bytes4[9] memory) {
        return [
            handler.open.selector,
            handler.openBadly.selector,
            handler.advance.selector,
            handler.tryAnything.selector,
            handler.batch.selector,
            handler.withdraw.selector,
            handler.withdrawFees.selector,
            handler.wait.selector,
            handler.disturb.selector
        ];
    }

    // ---------------------------------------------------------------- what was reached

    /// @dev The functions are those of the build, so that one that is added is missed here.
    function _everyFunctionSucceeded() private {
        string[] memory names = vm.parseJsonKeys(vm.readFile("out/Escrow.sol/Escrow.json"), ".methodIdentifiers");
        uint256 views;
        for (uint256 i = 0; i < names.length; i++) {
            bytes4 selector = bytes4(keccak256(bytes(names[i])));
            if (_isView(selector)) {
                views += 1;
                continue;
            }
            emit log_named_uint(names[i], handler.successes(selector));
            assertGe(handler.successes(selector), SUCCESSES, names[i]);
        }
        assertEq(views, 6);
        assertEq(names.length, 31);
    }

    function _isView(bytes4 selector) private pure returns (bool) {
        return selector == IEscrow.idOf.selector || selector == IEscrow.stateOf.selector
            || selector == IEscrow.creditOf.selector || selector == IEscrow.feesOf.selector
            || selector == IEscrow.feeRecipient.selector || selector == bytes4(keccak256("eip712Domain()"));
    }

    /// @dev All but three, which need a gas limit, a token that calls back, and 257 moves: LowGas, Reentered and BatchTooLong have
    /// tests of their own.
    function _everyErrorWasMet() private view {
        bytes4[24] memory errors = [
            IEscrow.BadState.selector,
            IEscrow.NotSeller.selector,
            IEscrow.NotBuyer.selector,
            IEscrow.NotArbitrator.selector,
            IEscrow.NotParty.selector,
            IEscrow.TooEarly.selector,
            IEscrow.TooLate.selector,
            IEscrow.Expired.selector,
            IEscrow.BadSignature.selector,
            IEscrow.BadParties.selector,
            IEscrow.ZeroAmount.selector,
            IEscrow.FeeTooHigh.selector,
            IEscrow.PayWindowOutOfRange.selector,
            IEscrow.ReleaseWindowOutOfRange.selector,
            IEscrow.RulingWindowOutOfRange.selector,
            IEscrow.PayByOutOfRange.selector,
            IEscrow.ShareTooLarge.selector,
            IEscrow.WrongValue.selector,
            IEscrow.NotAToken.selector,
            IEscrow.TransferFailed.selector,
            IEscrow.WrongAmountReceived.selector,
            IEscrow.NoCredit.selector,
            IEscrow.WrongCredit.selector,
            IEscrow.BadRecipient.selector
        ];
        for (uint256 i = 0; i < errors.length; i++) {
            assertGt(handler.met(errors[i]), 0, vm.toString(errors[i]));
        }
        assertGt(handler.met(IEscrow.NoFees.selector), 0, "NoFees");
        assertGt(handler.refundings(), 1000, "an id funded again");
        assertGt(handler.refundingsAtOnce(), 100, "in the second in which it was closed");
    }
}
