"""A scripted trader's hands: his account, his signatures, his transactions. He uses what anyone uses."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings
from django.utils import timezone
from eth_typing import Hash32

from chat.devices import add_stock
from chat.models import Device
from chat.sealed.device import SealingDevice
from escrow.chain.codec import encode_call
from escrow.chain.gateway import gateway
from escrow.chain.keys import cast_account
from escrow.chain.typed_data import digest
from escrow.chain.types import ZERO_ADDRESS, TradeTerms
from marketplace.accounts.models import User
from practice import node
from practice.traders import Trader
from practice.voice import Voice, sign_in


class Player:
    """One scripted trader at work."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader
        self.account = cast_account(trader.index)
        self.address: str = self.account.address

    def user(self) -> User:
        """His account on the hub, with a device of his own that his wallet signed for; made on first use."""
        user, _ = User.objects.get_or_create(
            address=self.address,
            defaults={"name": self.trader.name, "name_key": self.trader.name.casefold()},
        )
        self._bind(user)
        return user

    def voice(self) -> Voice:
        """Himself in a chat."""
        return Voice(self.user(), self._device())

    def sign(self, primary: str, message: dict[str, Any]) -> str:
        """His signature over one typed message, 65 bytes as 0x text."""
        digest_bytes = digest(
            primary, message, chain_id=settings.CHAIN_ID, contract=gateway().contract
        )
        return self.sign_digest(digest_bytes)

    def sign_digest(self, digest_bytes: bytes) -> str:
        """His signature over 32 bytes that are already hashed."""
        return "0x" + self.account.unsafe_sign_hash(
            Hash32(digest_bytes)
        ).signature.hex().removeprefix("0x")

    def send(self, function: str, *arguments: Any, value: int = 0) -> str:
        """A call of the escrow contract from his own devnet account; the transaction's hash."""
        return self._transact(gateway().contract, encode_call(function, *arguments), value)

    def fund(self, terms: TradeTerms) -> str:
        """Lock the coins of a trade: ether with the call, tokens after an exact approval."""
        if terms.token == ZERO_ADDRESS:
            return self.send("fund", terms.as_tuple(), value=terms.amount)
        approve = encode_call("approve", gateway().contract, terms.amount, contract="TestUSDC")
        self._transact(terms.token, approve, 0)
        return self.send("fund", terms.as_tuple())

    def _transact(self, to: str, calldata: str, value: int) -> str:
        sent = node.result_of(
            "eth_sendTransaction",
            [{"from": self.address, "to": to, "data": calldata, "value": hex(value)}],
        )
        return str(sent)

    def _bind(self, user: User) -> None:
        """Sign in as a browser does: his wallet's signature over the message that spells the device's keys."""
        device = self._device()
        name = "0x" + device.name.hex()
        known = Device.objects.filter(user=user, device_hash=name).exclude(message="")
        if known.update(last_used_at=timezone.now()):
            return
        bound = sign_in(user, device, self.sign_digest)
        # So that he is ready in every room that opens: others can seal for him before he has said anything.
        add_stock(bound, [statement.packed for statement, _ in device.keys.values()])

    def _device(self) -> SealingDevice:
        """His device. Its keys come from his devnet account's: a script has no browser to keep random ones in."""
        device = SealingDevice(
            address=bytes.fromhex(self.address[2:]),
            signing=Ed25519PrivateKey.from_private_bytes(self._seed(b"signing")),
            agreement=X25519PrivateKey.from_private_bytes(self._seed(b"agreement")),
        )
        secret = X25519PrivateKey.from_private_bytes(self._seed(b"room"))
        device.stock_key(is_last=True, secret=secret, made=1)
        return device

    def _seed(self, purpose: bytes) -> bytes:
        return hashlib.sha256(bytes(self.account.key) + purpose).digest()
