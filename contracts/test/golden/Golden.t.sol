// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {Test} from "forge-std/Test.sol";

import {TestUSDC} from "../../src/devnet/TestUSDC.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import "../../src/types/TypeHashes.sol";
import {Trade, TRADE_TYPEHASH} from "../../src/types/Trade.sol";
import {FUNDED} from "../../src/types/Word.sol";

interface IPermit2Domain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

/// @dev The contract against tests/vectors/typed_data.json, which Python and the page must reproduce as well (S04, S05).
contract GoldenTest is Test {
    address private constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    string private vectors = vm.readFile("../tests/vectors/typed_data.json");
    IEscrow private escrow;

    /// @dev The escrow stands where the vectors say, on their chain.
    function setUp() external {
        vm.chainId(vm.parseJsonUint(vectors, ".chainId"));
        address place = vm.parseJsonAddress(vectors, ".verifyingContract");
        deployCodeTo(vm.envOr("ESCROW_ARTIFACT", string("Escrow.sol:Escrow")), abi.encode(makeAddr("treasury")), place);
        escrow = IEscrow(place);
    }

    function test_TheDomainIsTheSame() external view {
        (, string memory name, string memory version, uint256 chainId, address contract_,,) =
            IERC5267(address(escrow)).eip712Domain();
        string memory kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        bytes32 separator = keccak256(
            abi.encode(keccak256(bytes(kind)), keccak256(bytes(name)), keccak256(bytes(version)), chainId, contract_)
        );
        assertEq(separator, vm.parseJsonBytes32(vectors, ".domainSeparator"));
    }

    function test_TheTypeHashesAreTheSame() external view {
        _sameType("Trade", TRADE_TYPEHASH);
        _sameType("MarkPaid", MARK_PAID_TYPEHASH);
        _sameType("GrantTime", GRANT_TIME_TYPEHASH);
        _sameType("Reclaim", RECLAIM_TYPEHASH);
        _sameType("Release", RELEASE_TYPEHASH);
        _sameType("Cancel", CANCEL_TYPEHASH);
        _sameType("Settle", SETTLE_TYPEHASH);
        _sameType("Dispute", DISPUTE_TYPEHASH);
        _sameType("Rule", RULE_TYPEHASH);
        _sameType("Withdraw", WITHDRAW_TYPEHASH);
    }

    /// @dev Every Trade, move, Agreement, Take and Offer: its struct hash, its digest under the contract's domain, and whose signature it is.
    function test_EveryVectorIsReproduced() external view {
        uint256 count;
        for (; vm.keyExistsJson(vectors, _at(count, "")); count++) {
            bytes32 hashed = vm.parseJsonBytes32(vectors, _at(count, ".structHash"));
            string memory primary = vm.parseJsonString(vectors, _at(count, ".primaryType"));
            string memory fields = _encodedType(primary);
            bytes memory message = vm.parseJsonType(vectors, _at(count, ".message"), fields);
            assertEq(vm.eip712HashStruct(fields, message), hashed, primary);
            if (_same(primary, "Trade")) assertEq(escrow.idOf(abi.decode(message, (Trade))), hashed, "idOf");

            bytes32 digest =
                keccak256(abi.encodePacked("\x19\x01", vm.parseJsonBytes32(vectors, ".domainSeparator"), hashed));
            assertEq(digest, vm.parseJsonBytes32(vectors, _at(count, ".digest")), primary);
            bytes memory signature = vm.parseJsonBytes(vectors, _at(count, ".signature"));
            assertEq(_recovered(digest, signature), vm.parseJsonAddress(vectors, _at(count, ".signer")), primary);
        }
        assertGt(count, 10);
    }

    /// @dev The seller's Permit2 signature with the Trade as its witness, under the domain that Permit2's real code has on that chain.
    function test_EveryPermit2VectorIsReproduced() external {
        _placePermit2();
        bytes32 separator = IPermit2Domain(PERMIT2).DOMAIN_SEPARATOR();
        uint256 count;
        for (; vm.keyExistsJson(vectors, _permit2At(count, "")); count++) {
            string memory fields = vm.parseJsonString(vectors, _permit2At(count, ".encodedType"));
            bytes memory message = vm.parseJsonType(vectors, _permit2At(count, ".document.message"), fields);
            bytes32 hashed = vm.eip712HashStruct(fields, message);
            assertEq(hashed, vm.parseJsonBytes32(vectors, _permit2At(count, ".structHash")));
            bytes32 digest = keccak256(abi.encodePacked("\x19\x01", separator, hashed));
            assertEq(digest, vm.parseJsonBytes32(vectors, _permit2At(count, ".digest")));
            bytes memory signature = vm.parseJsonBytes(vectors, _permit2At(count, ".signature"));
            assertEq(_recovered(digest, signature), vm.parseJsonAddress(vectors, _permit2At(count, ".signer")));
        }
        assertEq(count, 2);
    }

    /// @dev Anybody funds with the first of them as it stands in the file.
    function test_APermit2VectorFunds() external {
        _placePermit2();
        string memory fields = vm.parseJsonString(vectors, _permit2At(0, ".encodedType"));
        bytes memory message = vm.parseJsonType(vectors, _permit2At(0, ".document.message"), fields);
        (,, uint256 nonce, uint256 deadline, Trade memory trade) =
            abi.decode(message, (IPermit2.TokenPermissions, address, uint256, uint256, Trade));
        deployCodeTo("TestUSDC.sol:TestUSDC", trade.token);
        TestUSDC(trade.token).mint(trade.seller, trade.amount);
        vm.prank(trade.seller);
        TestUSDC(trade.token).approve(PERMIT2, trade.amount);
        vm.warp(deadline);

        escrow.fundWithPermit2(trade, nonce, deadline, vm.parseJsonBytes(vectors, _permit2At(0, ".signature")));

        (uint8 status,,,) = escrow.stateOf(escrow.idOf(trade));
        assertEq(status, FUNDED);
        assertEq(TestUSDC(trade.token).balanceOf(address(escrow)), trade.amount);
    }

    function _placePermit2() private {
        vm.etch(PERMIT2, vm.parseJsonBytes(vm.readFile("../escrow/chain/abi/Permit2.json"), ".deployedBytecode"));
    }

    function _permit2At(uint256 number, string memory key) private pure returns (string memory) {
        return string.concat(".permit2[", vm.toString(number), "]", key);
    }

    function _sameType(string memory name, bytes32 typeHash) private view {
        assertEq(typeHash, vm.parseJsonBytes32(vectors, string.concat(".typeHashes.", name)), name);
        assertEq(typeHash, keccak256(bytes(_encodedType(name))), name);
    }

    function _encodedType(string memory name) private view returns (string memory) {
        return vm.parseJsonString(vectors, string.concat(".encodedTypes.", name));
    }

    function _at(uint256 number, string memory key) private pure returns (string memory) {
        return string.concat(".vectors[", vm.toString(number), "]", key);
    }

    function _recovered(bytes32 digest, bytes memory signature) private pure returns (address) {
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s);
    }

    function _same(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
