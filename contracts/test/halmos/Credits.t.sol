// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../src/devnet/TestUSDC.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Attempt, Consent, Model, Move} from "../Model.sol";
import {DISPUTED, FUNDED, NATIVE, PAID, Trade} from "../Words.sol";
import {Called, Role} from "./Called.sol";
import {Purses, Scene} from "./Proof.sol";
import {ANY} from "./Symbols.sol";

/// @dev Takes coins or does not, as it was built.
contract Payee {
    bool private immutable _refuses;

    constructor(bool refuses) {
        _refuses = refuses;
    }

    receive() external payable {
        if (_refuses) revert("not now");
    }
}

/// @dev Fails to pay those accounts it was told of, by reverting or by answering false.
contract BlockingToken is TestUSDC {
    mapping(address => bool) private _isBlocked;
    bool private _reverts;

    function set(address account, bool isBlocked, bool reverts) external {
        _isBlocked[account] = isBlocked;
        _reverts = reverts;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (!_isBlocked[to]) return super.transfer(to, amount);
        require(!_reverts, "blocked");
        return false;
    }
}

/// @dev Invariants 1, 2, 4, 9: when a party, or the token for that party, refuses a payment, the trade closes all the same; what was refused is
/// that party's credit, to the unit, the other is paid, and only a submitter who left too little gas is turned away. C08-C10, C13.
abstract contract RefusedProof is Called {
    bool private _sellerRefuses;
    bool private _buyerRefuses;

    function newToken() internal virtual returns (address);

    function newParties(address token, bool sellerRefuses, bool buyerRefuses)
        internal
        virtual
        returns (address seller, address buyer);

    function check_release_refused() external {
        _close(_anyScene(), Move.Release, Role.Seller);
    }

    function check_cancel_refused() external {
        _close(_anyScene(), Move.Cancel, Role.Buyer);
    }

    function check_reclaim_refused() external {
        _close(_anyScene(), Move.Reclaim, Role.Seller);
    }

    function check_rule_refused() external {
        _close(_anyScene(), Move.Rule, Role.Arbitrator);
    }

    function check_timeout_refused() external {
        _close(_anyScene(), Move.Timeout, Role.Anybody);
    }

    function reach_release_refused() external {
        assert(!_close(_oneScene(PAID, 1 minutes), Move.Release, Role.Seller));
    }

    function reach_cancel_refused() external {
        assert(!_close(_oneScene(FUNDED, 1 minutes), Move.Cancel, Role.Buyer));
    }

    function reach_reclaim_refused() external {
        assert(!_close(_oneScene(FUNDED, 3 hours), Move.Reclaim, Role.Seller));
    }

    function reach_rule_refused() external {
        assert(!_close(_oneScene(DISPUTED, 1 minutes), Move.Rule, Role.Arbitrator));
    }

    function reach_timeout_refused() external {
        assert(!_close(_oneScene(DISPUTED, 15 days), Move.Timeout, Role.Anybody));
    }

    // ---------------------------------------------------------------- how

    function _anyScene() private returns (Scene memory s) {
        s = anyScene(newToken());
        _sellerRefuses = ANY.createBool("sellerRefuses");
        _buyerRefuses = ANY.createBool("buyerRefuses");
        (s.trade.seller, s.trade.buyer) = newParties(s.trade.token, _sellerRefuses, _buyerRefuses);
    }

    function _oneScene(uint8 status, uint256 later) private returns (Scene memory s) {
        s = oneScene(newToken(), status, later);
        (_sellerRefuses, _buyerRefuses) = (true, true);
        (s.trade.seller, s.trade.buyer) = newParties(s.trade.token, true, true);
    }

    /// @return isCredited Whether it was closed, and a payment refused.
    function _close(Scene memory s, Move move, Role role) private returns (bool isCredited) {
        enter(s);
        Attempt memory a = attempt(s, move, play(role, s.trade));
        Purses memory was = pursesOf(s);
        (bool ok, bytes memory answer) = call(a.caller, encode(s.trade, a));

        if (!ok && bytes4(answer) == IEscrow.LowGas.selector) {
            assert(_sellerRefuses || _buyerRefuses);
            assert(Model.refusal(s.id, s.trade, s.facts, a).length == 0);
            return false;
        }
        assertEnds(ok, answer, Model.refusal(s.id, s.trade, s.facts, a));
        if (!ok) return false;

        (uint256 toBuyer, uint256 fee) = Model.payout(s.trade, s.facts, a);
        (uint256 bought, uint256 back) = (toBuyer - fee, s.trade.amount - toBuyer);
        assert(wordOf(s.id) == 0 && wordOf(s.otherId) == s.otherWord);
        was.fees += fee;
        was.escrow -= s.trade.amount - fee;
        if (_buyerRefuses) (was.buyerCredit, was.escrow) = (was.buyerCredit + bought, was.escrow + bought);
        else was.buyer += bought;
        if (_sellerRefuses) (was.sellerCredit, was.escrow) = (was.sellerCredit + back, was.escrow + back);
        else was.seller += back;
        assertSame(pursesOf(s), was);
        isCredited = (_buyerRefuses && bought != 0) || (_sellerRefuses && back != 0);
    }
}

contract NativeRefusedProof is RefusedProof {
    function newToken() internal pure override returns (address) {
        return NATIVE;
    }

    function newParties(address, bool sellerRefuses, bool buyerRefuses) internal override returns (address, address) {
        return (address(new Payee(sellerRefuses)), address(new Payee(buyerRefuses)));
    }
}

contract TokenRefusedProof is RefusedProof {
    function newToken() internal override returns (address) {
        return address(new BlockingToken());
    }

    function newParties(address token, bool sellerRefuses, bool buyerRefuses)
        internal
        override
        returns (address seller, address buyer)
    {
        bool reverts = ANY.createBool("reverts");
        (seller, buyer) = (address(0xa11ce), address(0xb0b));
        BlockingToken(token).set(seller, sellerRefuses, reverts);
        BlockingToken(token).set(buyer, buyerRefuses, reverts);
    }
}
