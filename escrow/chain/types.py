"""The frozen values that cross the border of the chain folder. No behaviour beyond naming and encoding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from escrow.chain.addresses import checksum
from escrow.chain.typed_data import hash_struct

ZERO_ADDRESS = "0x" + "00" * 20
ZERO_HASH = "0x" + "00" * 32

NONE, FUNDED, PAID, DISPUTED = 0, 1, 2, 3
# Our names of the live states; a closed trade has no word.
STATUS_NUMBERS = {"FUNDED": FUNDED, "PAID": PAID, "DISPUTED": DISPUTED}

_TYPED_NAMES = {
    "seller": "seller",
    "buyer": "buyer",
    "token": "token",
    "amount": "amount",
    "arbitrator": "arbitrator",
    "fee_bps": "feeBps",
    "pay_window": "payWindow",
    "release_window": "releaseWindow",
    "ruling_window": "rulingWindow",
    "terms": "terms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeTerms:
    """The Trade struct. Amount in base units, windows in seconds, terms the hash of the Agreement."""

    seller: str
    buyer: str
    token: str
    amount: int
    arbitrator: str
    fee_bps: int
    pay_window: int
    release_window: int
    ruling_window: int
    terms: str

    def __post_init__(self) -> None:
        for name in ("seller", "buyer", "token", "arbitrator"):
            object.__setattr__(self, name, checksum(getattr(self, name)))
        object.__setattr__(self, "terms", self.terms.lower())

    @classmethod
    def from_typed(cls, message: Mapping[str, Any]) -> TradeTerms:
        """The terms from a typed-data message or an event's argument; integers may be decimal text.

        Raises: MessageRefused when a field is missing, surplus or out of range.
        """
        return cls.with_id(message)[0]

    @classmethod
    def with_id(cls, message: Mapping[str, Any]) -> tuple[TradeTerms, str]:
        """As from_typed, together with their trade_id: checking the message has hashed it already."""
        trade_id = "0x" + hash_struct("Trade", message).hex()
        values = {name: message[typed] for name, typed in _TYPED_NAMES.items()}
        return cls(**{name: _native(name, value) for name, value in values.items()}), trade_id

    @property
    def trade_id(self) -> str:
        """hashStruct of the Trade, the id under which the contract keeps it."""
        return "0x" + hash_struct("Trade", self.as_typed()).hex()

    def as_typed(self) -> dict[str, Any]:
        """The fields under their names in Solidity, integers as int."""
        return {typed: getattr(self, name) for name, typed in _TYPED_NAMES.items()}

    def as_json(self) -> dict[str, str]:
        """The fields under their names in Solidity, integers as decimal text."""
        return {typed: str(value) for typed, value in self.as_typed().items()}

    def as_tuple(self) -> tuple[Any, ...]:
        """The values in the struct's order, as the ABI coder wants them."""
        values = [getattr(self, entry.name) for entry in fields(self)]
        return (*values[:-1], bytes.fromhex(self.terms[2:]))


@dataclass(frozen=True, slots=True)
class EscrowState:
    """The contract's one word for a trade. Times in seconds of block time; status 0 means none or closed."""

    status: int
    since: int
    funded_at: int
    pay_by: int


@dataclass(frozen=True, slots=True)
class Header:
    """The parts of a block that the follower reads: bloom as a number of 2,048 bits, transactions as hashes in order."""

    number: int
    hash: str
    parent_hash: str
    time: int
    bloom: int
    transactions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log as the node gave it."""

    address: str
    topics: tuple[str, ...]
    data: str
    block_number: int
    block_hash: str
    log_index: int
    tx_hash: str
    tx_index: int


@dataclass(frozen=True, slots=True)
class DecodedEvent:
    """An event of our contract; integers in args are decimal text, so that JSON loses no digit."""

    name: str
    trade_id: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a contract: to whom, with which calldata, ether and (for simulation) from whom."""

    to: str
    data: str
    value: int = 0
    sender: str = ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction."""

    tx_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    gas_used: int = 0
    logs: tuple[RawLog, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction ready to be sent: its hash and its raw bytes as "0x" text."""

    tx_hash: str
    raw: str


@dataclass(frozen=True, slots=True)
class ChainTransaction:
    """A transaction as the node knows it; block_number is None while it waits."""

    tx_hash: str
    sender: str
    to: str
    data: str
    value: int
    nonce: int
    block_number: int | None
    gas: int = 0


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """The latest round of a price feed: answer in units of 10^-decimals, updated_at in seconds of block time."""

    answer: int
    decimals: int
    updated_at: int
    round_id: int


@dataclass(frozen=True, slots=True)
class DeployedAsset:
    """A coin that trades on a chain; token zero means the native one."""

    token: str
    symbol: str
    name: str
    decimals: int
    has_permit: bool = False
    permit_version: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One chain's contract and what belongs to it, as deployments.json records it."""

    chain_id: int
    name: str
    contract: str
    deploy_block: int
    fee_recipient: str
    genesis_hash: str = ""
    code_hash: str = ""
    assets: tuple[DeployedAsset, ...] = ()
    feeds: dict[str, str] = field(default_factory=dict)


def _native(name: str, value: Any) -> Any:
    return (
        int(value)
        if name in {"amount", "fee_bps", "pay_window", "release_window", "ruling_window"}
        else value
    )
