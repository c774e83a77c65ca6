// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Consent, Model} from "../Model.sol";
import {NATIVE} from "../Words.sol";
import {Scene} from "./Proof.sol";
import {Sealed, Shape} from "./Sealed.sol";
import {ANY} from "./Symbols.sol";

/// @dev Invariants 1, 6: a credit goes only where its owner says, whole and once; the fees go only to the fee recipient; neither touches a trade,
/// another's credit or another asset's fees. C05, C08, C09, S01.
contract WithdrawalsProof is Sealed {
    /// @dev A credit, whoever owns it, beside the credit of another and the word of any trade.
    struct Till {
        address owner;
        address to;
        uint256 credit;
        address neighbour;
        uint256 neighbours;
        uint256 fees;
        uint256 held;
        bytes32 id;
        uint256 word;
    }

    function check_withdraw_by_anybody() external {
        _withdraw(_anyTill());
    }

    function reach_withdraw_by_anybody() external {
        Till memory t = _anyTill();
        vm.assume(t.credit == 7 && t.to == address(0xb0b));
        assert(!_withdraw(t));
    }

    function _withdraw(Till memory t) private returns (bool ok) {
        bytes memory answer;
        (ok, answer) = call(t.owner, abi.encodeCall(IEscrow.withdraw, (NATIVE, t.to)));
        assertEnds(ok, answer, _refusal(t));
        if (ok) _assertWithdrawn(t);
    }

    function check_withdrawBySig_by_anybody() external {
        _withdrawBySig(_anyTill());
    }

    function reach_withdrawBySig_by_anybody() external {
        Till memory t = _anyTill();
        vm.assume(t.credit == 7 && t.to == address(0xb0b) && t.owner == address(0xa11ce));
        assert(!_withdrawBySig(t));
    }

    function _withdrawBySig(Till memory t) private returns (bool ok) {
        uint256 amount = ANY.createUint(256, "amount");
        uint256 deadline = ANY.createUint(256, "deadline");
        bytes memory signature = anySignature(Shape.Long);
        Consent memory consent =
            Consent(deadline, isSigned(t.owner, _digest(t, amount, deadline), signature, Shape.Long));
        bytes memory answer;
        (ok, answer) = call(
            ANY.createAddress("submitter"),
            abi.encodeCall(IEscrow.withdrawBySig, (t.owner, NATIVE, amount, t.to, deadline, signature))
        );

        bytes memory refusal = Model.refusalOfConsent(t.owner, block.timestamp, consent);
        if (refusal.length == 0 && amount != t.credit) {
            refusal = abi.encodeWithSelector(IEscrow.WrongCredit.selector, amount, t.credit);
        }
        assertEnds(ok, answer, refusal.length != 0 ? refusal : _refusal(t));
        if (ok) _assertWithdrawn(t);
    }

    function check_withdrawFees_by_anybody() external {
        _withdrawFees(_anyTill());
    }

    function reach_withdrawFees_by_anybody() external {
        Till memory t = _anyTill();
        vm.assume(t.fees == 7);
        assert(!_withdrawFees(t));
    }

    function _withdrawFees(Till memory t) private returns (bool ok) {
        bytes memory answer;
        uint256 had = TREASURY.balance;
        (ok, answer) = call(ANY.createAddress("submitter"), abi.encodeCall(IEscrow.withdrawFees, (NATIVE)));
        assertEnds(ok, answer, t.fees == 0 ? abi.encodeWithSelector(IEscrow.NoFees.selector, NATIVE) : bytes(""));
        if (!ok) return false;
        assert(escrow.feesOf(NATIVE) == 0 && TREASURY.balance == had + t.fees);
        assert(address(escrow).balance == t.held - t.fees);
        assert(escrow.creditOf(NATIVE, t.owner) == t.credit);
        _assertUntouched(t);
    }

    // ---------------------------------------------------------------- how

    function _anyTill() private returns (Till memory t) {
        vm.warp(ANY.createUint(40, "time"));
        t.owner = ANY.createAddress("owner");
        t.to = ANY.createAddress("to");
        t.neighbour = ANY.createAddress("neighbour");
        vm.assume(t.owner != address(0) && t.owner != t.neighbour && t.to != address(usdc) && t.to != address(this));
        t.credit = ANY.createUint(120, "credit");
        t.neighbours = ANY.createUint(120, "neighbours");
        t.fees = ANY.createUint(120, "fees");
        t.id = ANY.createBytes32("id");
        t.word = ANY.createUint(256, "word");
        t.held = t.credit + t.neighbours + t.fees + ANY.createUint(120, "locked");
        vm.deal(address(escrow), t.held);
        vm.store(address(escrow), at(t.id, WORDS_PLACE), bytes32(t.word));
        vm.store(address(escrow), at(bytes32(0), FEES_PLACE), bytes32(t.fees));
        vm.store(address(escrow), _creditAt(t.owner), bytes32(t.credit));
        vm.store(address(escrow), _creditAt(t.neighbour), bytes32(t.neighbours));
    }

    function _creditAt(address account) private pure returns (bytes32) {
        return at(bytes32(uint256(uint160(account))), uint256(at(bytes32(0), CREDITS_PLACE)));
    }

    function _digest(Till memory t, uint256 amount, uint256 deadline) private view returns (bytes32) {
        bytes32 typeHash =
            keccak256("Withdraw(address account,address token,uint256 amount,address to,uint256 deadline)");
        bytes32 structHash = keccak256(abi.encode(typeHash, t.owner, NATIVE, amount, t.to, deadline));
        return keccak256(abi.encodePacked("\x19\x01", domainSeparator(), structHash));
    }

    function _refusal(Till memory t) private view returns (bytes memory) {
        if (t.to == address(0) || t.to == address(escrow)) {
            return abi.encodeWithSelector(IEscrow.BadRecipient.selector, t.to);
        }
        return t.credit == 0 ? abi.encodeWithSelector(IEscrow.NoCredit.selector, NATIVE, t.owner) : bytes("");
    }

    function _assertWithdrawn(Till memory t) private view {
        assert(t.to.balance == t.credit && address(escrow).balance == t.held - t.credit);
        assert(escrow.creditOf(NATIVE, t.owner) == 0 && escrow.feesOf(NATIVE) == t.fees);
        _assertUntouched(t);
    }

    function _assertUntouched(Till memory t) private view {
        assert(escrow.creditOf(NATIVE, t.neighbour) == t.neighbours && wordOf(t.id) == t.word);
    }
}
