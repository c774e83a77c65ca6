"""Two parties, their sign-ins, and a log whose hub numbers, hashes and signs what it is given."""

from __future__ import annotations

import copy
from typing import Any, Final

from eth_account.messages import encode_defunct

from chat.sealed import log
from chat.sealed.layout import ZEROS, Envelope, Front, KeyStatement, room_id
from chat.sealed.messages import Chance, Content, seal, text
from escrow.chain.keys import ALICE, BOB, cast_account
from escrow.chain.siwe import build
from tests.vectors.people import AT, CHAIN, CONTRACT, ROOMS, device, drawn, ed25519, x25519

SITE: Final = "https://parley.example"
ACCOUNTS: Final = {"alice": cast_account(ALICE), "bob": cast_account(BOB)}
PARTIES: Final = {
    name: device(f"{name} party", bytes.fromhex(account.address.removeprefix("0x")))
    for name, account in ACCOUNTS.items()
}
HUB: Final = ed25519("hub")
File = dict[str, Any]


def binding(
    name: str, message: str = "", *, signer: str = "", chain: int = CHAIN
) -> dict[str, str]:
    """A sign-in by which an account binds its device."""
    who, account = PARTIES[name], ACCOUNTS[name]
    said = (
        message
        or build(
            origin=SITE,
            address=account.address,
            chain_id=chain,
            nonce="abcdefgh12345678",
            issued_at="2026-11-01T10:00:00Z",
            signing_key=who.signing_key,
            agreement_key=who.agreement_key,
            statement="This browser may read and write my chats.",
        ).text()
    )
    signed = ACCOUNTS[signer or name].sign_message(encode_defunct(text=said))
    return {
        "address": account.address.lower(),
        "message": said,
        "signature": "0x" + signed.signature.hex().removeprefix("0x"),
    }


class Room:
    """A log whose hub numbers, hashes and signs what it is given, also what it should refuse."""

    def __init__(self, name: str = ROOMS[0], *, bent: str = "") -> None:
        self.name, self.bent = name, bent
        self.id = room_id(CHAIN, CONTRACT, name)
        self.head, self.seq = log.empty_head(self.id), 0
        self.heads = {0: self.head}
        self.entries: list[dict[str, Any]] = []
        self.statements: list[KeyStatement] = []
        self.own: dict[str, KeyStatement] = {}
        self.chains: dict[str, tuple[int, bytes]] = {}
        self.receipt: dict[str, Any] = {}

    def join(self, name: str, statement: KeyStatement | None = None) -> KeyStatement:
        """A party's key comes into the log."""
        secret = x25519(f"{name} party {self.name}")
        made = statement or PARTIES[name].room_key(self.id, secret, AT)
        self.own[name] = made
        self.statements.append(made)
        self.add("key", made.packed)
        return made

    def sealed(self, name: str, content: Content, readers: tuple[str, ...] = ("alice", "bob"), **bent: Any) -> tuple[Envelope, bytes]:  # fmt: skip
        """A message of a party, not in the log yet; `bent` are other fields of its front."""
        who, own = PARTIES[name], self.own[name]
        index, previous = self.chains.get(name, (0, ZEROS))
        label = f"{self.name} {self.bent} {name} {self.seq}"
        fields = {
            "room": self.id,
            "address": who.address,
            "device": who.name,
            "statement": own.name,
            "client_id": drawn(f"client {label}", 16),
            "index": index + 1,
            "previous": previous,
            "seen": self.seq,
            "seen_head": self.head,
            "at": AT + self.seq,
        }
        return seal(
            Front(**fields | bent),
            content,
            signing=who.signing,
            statement=own,
            secret=who.keys[own.name][1],
            readers=[self.own[reader] for reader in readers],
            chance=Chance(drawn(f"f {label}"), drawn(f"key {label}")),
        )

    def say(self, name: str, said: str | Content, *args: Any, **bent: Any) -> Envelope:
        """A message of a party comes into the log."""
        envelope, key = self.sealed(name, text(said) if isinstance(said, str) else said, *args, **bent)  # fmt: skip
        self.chains[name] = (envelope.front.index, envelope.name)
        self.add("message", envelope.packed, key=key.hex())
        return envelope

    def line(
        self, code: str, *, kind: str = "system", by: str = "", skip: int = 0, **params: Any
    ) -> None:
        self.add(kind, log.line_json(code, params, by).encode(), skip=skip)

    def add(self, kind: str, body: bytes, *, key: str = "", skip: int = 0) -> None:
        self.seq += 1 + skip
        at = AT + 60 * self.seq
        self.head = log.next_head(self.head, log.entry_hash(self.seq, at, kind, body))
        self.heads[self.seq] = self.head
        self.entries.append(
            {"at": at, "body": body.hex(), "key": key, "kind": kind, "seq": self.seq}
        )
        self.sign()

    def sign(self) -> None:
        """The hub's receipt for the log as it is."""
        at = AT + 60 * self.seq
        signature = log.sign_receipt(HUB, self.id, self.seq, at, self.head).hex()
        self.receipt = {"at": at, "head": self.head.hex(), "seq": self.seq, "signature": signature}

    def restored(self, after: int, *, skip: int, kind: str = "system") -> None:
        """The hub went back to a copy that ended at `after`."""
        self.head = self.heads[after]
        self.chains.clear()
        first = self.seq + 1
        self.line("restored", kind=kind, skip=skip, after=after, first=first, last=self.seq + skip)

    def file(self, **fields: Any) -> File:
        """Everything, opened, by alice."""
        return {
            "bindings": [binding("alice"), binding("bob")],
            "by": PARTIES["alice"].name.hex(),
            "chainId": CHAIN,
            "contract": CONTRACT.removeprefix("0x"),
            "entries": copy.deepcopy(self.entries),
            "hub": HUB.public_key().public_bytes_raw().hex(),
            "kind": "parley evidence",
            "made": AT + 9_000,
            "name": self.name,
            "receipt": self.receipt,
            "statements": [one.packed.hex() for one in self.statements],
            "trade": "0x" + "7f" * 32,
            "v": 1,
        } | fields
