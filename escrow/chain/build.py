"""The Escrow as it was built: its init code, its address on every chain, its runtime code on one, and the files that prove both.

Pure: asks no node. Everything comes from the committed files of chain/abi (contracts/build_abi.py writes them).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from escrow.chain.codec import ABI_FOLDER, artifact, constructor_data
from escrow.chain.typed_data import domain_separator

# Stands at one address on every chain, and is nobody's: takes a salt and init code, creates (github.com/Arachnid/deterministic-deployment-proxy).
FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
FACTORY_CODE = "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
NAME, VERSION = "Parley", "1"

_WORD = 32


def init_code(fee_recipient: str) -> bytes:
    """What creates the Escrow: the compiler's bytes, then the fee recipient."""
    return bytes.fromhex(constructor_data("Escrow", fee_recipient)[2:])


def creation_data(fee_recipient: str, salt: bytes) -> str:
    """The calldata for the factory."""
    return "0x" + (salt + init_code(fee_recipient)).hex()


def address_of(fee_recipient: str, salt: bytes) -> str:
    """Where the factory puts the Escrow, the same on every chain (CREATE2, EIP-1014)."""
    made_of = b"\xff" + bytes.fromhex(FACTORY[2:]) + salt + keccak(init_code(fee_recipient))
    return str(to_checksum_address(keccak(made_of)[12:]))


def runtime_code(*, contract: str, chain_id: int, fee_recipient: str) -> bytes:
    """The Escrow's code as it must stand at an address of a chain, with its immutables filled in."""
    values = {
        "_cachedThis": _address_word(contract),
        "_cachedChainId": chain_id.to_bytes(_WORD, "big"),
        "_cachedNameHash": keccak(text=NAME),
        "_cachedVersionHash": keccak(text=VERSION),
        "_cachedDomainSeparator": domain_separator(chain_id=chain_id, contract=contract),
        "feeRecipient": _address_word(fee_recipient),
    }
    code = bytes.fromhex(artifact("Escrow")["deployedBytecode"][2:])
    for name, places in recorded_build()["immutables"].items():
        code = with_words(code, places, values[name])
    return code


def with_words(code: bytes, places: Iterable[int], word: bytes) -> bytes:
    """The code with the same 32 bytes put at each of the places."""
    filled = bytearray(code)
    for place in places:
        filled[place : place + _WORD] = word
    return bytes(filled)


def verification_files(fee_recipient: str, salt: bytes) -> dict[str, str]:
    """Name and text of the files with which anybody, or a block explorer, gets the same bytes from the sources."""
    built, code = recorded_build(), init_code(fee_recipient)
    facts = {
        "compiler": built["compiler"],
        "contract": built["contract"],
        "constructorArguments": "0x" + _address_word(fee_recipient).hex(),
        "factory": FACTORY,
        "salt": "0x" + salt.hex(),
        "initCodeHash": "0x" + keccak(code).hex(),
        "address": address_of(fee_recipient, salt),
    }
    return {
        "standard-input.json": _json(built["input"]),
        "constructor-arguments.hex": abi_encode(["address"], [fee_recipient]).hex() + "\n",
        "init-code.hex": code.hex() + "\n",
        "facts.json": _json(facts),
    }


@cache
def recorded_build() -> dict[str, Any]:
    """The committed build: compiler, contract, immutables and the compiler's input."""
    loaded: dict[str, Any] = json.loads(
        (ABI_FOLDER / "Escrow.build.json").read_text(encoding="utf-8")
    )
    return loaded


def _address_word(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(_WORD, b"\0")


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1) + "\n"
