"""The Trade, and what people sign about it: who said what, and only at the very end the bytes of it.

The model compares what was said; the contract gets hashes and curves. Types are spelled out again on purpose.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey

TRADE_TYPE = (
    "Trade(address seller,address buyer,address token,uint128 amount,address arbitrator,uint16 feeBps,"
    "uint32 payWindow,uint32 releaseWindow,uint32 rulingWindow,bytes32 terms)"
)
_PLAIN = "(Trade trade,uint40 fundedAt,uint256 deadline)"
TYPES = {
    "Trade": TRADE_TYPE,
    "MarkPaid": f"MarkPaid{_PLAIN}{TRADE_TYPE}",
    "Reclaim": f"Reclaim{_PLAIN}{TRADE_TYPE}",
    "Release": f"Release{_PLAIN}{TRADE_TYPE}",
    "Cancel": f"Cancel{_PLAIN}{TRADE_TYPE}",
    "GrantTime": f"GrantTime(Trade trade,uint40 fundedAt,uint40 newPayBy,uint256 deadline){TRADE_TYPE}",
    "Settle": f"Settle(Trade trade,uint40 fundedAt,uint128 toBuyer,uint256 deadline){TRADE_TYPE}",
    "Dispute": f"Dispute(Trade trade,uint40 fundedAt,bytes32 evidence,uint256 deadline){TRADE_TYPE}",
    "Rule": f"Rule(Trade trade,uint40 fundedAt,uint128 toBuyer,bytes32 evidence,uint256 deadline){TRADE_TYPE}",
    "Withdraw": "Withdraw(address account,address token,uint256 amount,address to,uint256 deadline)",
    "Permit": "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)",
    "TokenPermissions": "TokenPermissions(address token,uint256 amount)",
    "PermitWitnessTransferFrom": (
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
        f"Trade witness)TokenPermissions(address token,uint256 amount){TRADE_TYPE}"
    ),
}

# The generator of secp256k1 is the point of the nonce 1. One nonce for all signatures gives the keys away, which are
# nobody's, and makes a signature of two multiplications.
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798


class Trade(NamedTuple):
    """Its ten fields as whole numbers; a field beyond its type is a call that no honest encoder makes."""

    seller: int
    buyer: int
    token: int
    amount: int
    arbitrator: int
    fee_bps: int
    pay_window: int
    release_window: int
    ruling_window: int
    terms: int

    @property
    def id(self) -> int:
        """hashStruct(Trade)."""
        return struct_hash("Trade", self)

    @property
    def is_clean(self) -> bool:
        """Whether every field fits its type."""
        return all(value >> bits == 0 for value, bits in zip(self, _TRADE_BITS, strict=True))


_TRADE_BITS = (160, 160, 160, 128, 160, 16, 32, 32, 32, 256)


class Domain(NamedTuple):
    """Where a signature counts. Permit2 has no version."""

    name: str
    version: str
    chain_id: int
    contract: int


class Signature(NamedTuple):
    """What `signer` said, and the form in which the bytes of it come."""

    signer: int
    domain: Domain
    primary: str
    values: tuple[object, ...]
    form: str = "long"


class Plain(NamedTuple):
    """Bytes that no key made."""

    text: bytes


Spoken = Signature | Plain
NOTHING = Plain(b"")
# What a contract wallet of these tests takes for its signature, over anything.
AGREED = Plain(b"agreed")


class Keys:
    """The keys of the people, by address."""

    def __init__(self) -> None:
        self._keys: dict[int, int] = {}

    def new(self, secret: int) -> int:
        """The address of a key, which can sign from now on."""
        public = PrivateKey(secret.to_bytes(32, "big")).public_key
        address = int.from_bytes(public.to_canonical_address(), "big")
        self._keys[address] = secret
        return address

    def __contains__(self, address: int) -> bool:
        return address in self._keys

    def bytes_of(self, spoken: Spoken) -> bytes:
        """The bytes of a signature in its form."""
        if isinstance(spoken, Plain):
            return spoken.text
        r, s, v = self.sign(spoken)
        if spoken.form == "compact":
            return _words(r, s | (v - 27) << 255)
        if spoken.form == "twin":
            return _words(r, _CURVE_ORDER - s) + bytes([55 - v])
        if spoken.form == "low v":
            return _words(r, s) + bytes([v - 27])
        return _words(r, s) + bytes([v]) + (b"\0" if spoken.form == "longer" else b"")

    def sign(self, signature: Signature) -> tuple[int, int, int]:
        """r, s, v of a signature with a low s."""
        digest = int.from_bytes(
            _digest(signature.domain, signature.primary, signature.values), "big"
        )
        s = (digest + _GENERATOR_X * self._keys[signature.signer]) % _CURVE_ORDER
        if s <= _CURVE_ORDER // 2:
            return _GENERATOR_X, s, 27
        return _GENERATOR_X, _CURVE_ORDER - s, 28


@lru_cache(maxsize=4096)
def struct_hash(primary: str, values: tuple[object, ...]) -> int:
    """hashStruct of a message, given its fields in order; a struct among them as a Trade or a hashed number."""
    words = (value.id if isinstance(value, Trade) else int(str(value)) for value in values)
    return int.from_bytes(keccak(_type_hash(primary) + _words(*words)), "big")


def _digest(domain: Domain, primary: str, values: tuple[object, ...]) -> bytes:
    hashed = struct_hash(primary, values).to_bytes(32, "big")
    return keccak(b"\x19\x01" + _separator(domain) + hashed)


@lru_cache(maxsize=256)
def _separator(domain: Domain) -> bytes:
    version = "string version," if domain.version else ""
    kind = f"EIP712Domain(string name,{version}uint256 chainId,address verifyingContract)"
    texts = [kind, domain.name, *([domain.version] if domain.version else [])]
    hashes = b"".join(keccak(text.encode()) for text in texts)
    return keccak(hashes + _words(domain.chain_id, domain.contract))


@lru_cache(maxsize=32)
def _type_hash(primary: str) -> bytes:
    return keccak(TYPES[primary].encode())


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)
