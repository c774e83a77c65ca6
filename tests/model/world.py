"""What the escrow stands among: a clock, coins, wallets with moods, and Permit2. All of it in flat tables, so that a refused
call can be undone by putting the tables back.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, fields

from tests.model.messages import AGREED, Domain, Plain, Signature, Spoken, Trade, struct_hash

NATIVE = 0
FOREVER = 2**256 - 1


class Refused(Exception):
    """The call is undone. An empty name is a refusal without words."""

    def __init__(self, name: str, *arguments: object) -> None:
        super().__init__(name, *arguments)
        self.name, self.arguments = name, arguments


@dataclass
class Tables:
    """Everything that a call can change outside of the escrow. Missing entries are zero."""

    balances: dict[tuple[int, int], int] = field(default_factory=dict)
    allowances: dict[tuple[int, int, int], int] = field(default_factory=dict)
    permit_nonces: dict[int, int] = field(default_factory=dict)
    permit2_nonces: set[tuple[int, int]] = field(default_factory=set)
    moods: dict[int, str] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    oddity: str = "None"
    cut_bps: int = 0

    def copy(self) -> Tables:
        """The same tables, to be put back later."""
        return Tables(*(copy(getattr(self, entry.name)) for entry in fields(self)))


class World:
    """One chain at one time. Two coins besides its own: a plain one with permits, and an odd one with switches."""

    def __init__(self, *, plain: int, odd: int, permit2: int, sink: int) -> None:
        self.plain, self.odd, self.permit2, self._sink = plain, odd, permit2, sink
        self.time, self.chain_id = 0, 0
        self.wallets: set[int] = set()
        self.tables = Tables()
        self.call_back: Callable[[int], None] = lambda account: None

    def is_coin(self, token: int) -> bool:
        """Whether there is a token contract at this address."""
        return token in (self.plain, self.odd)

    def balance(self, token: int, account: int) -> int:
        return self.tables.balances.get((token, account), 0)

    # ------------------------------------------------------------------ who agrees

    def agrees(self, account: int, spoken: Spoken, *said: object) -> bool:
        """Whether the account stands behind exactly this: by its key, or else as a contract wallet that is asked."""
        by_key = isinstance(spoken, Signature) and spoken.form in ("long", "compact")
        if by_key and spoken[:4] == (account, *said):
            return True
        return account in self.wallets and spoken == AGREED

    # ------------------------------------------------------------------ moving coins

    def pay(self, token: int, sender: int, to: int, amount: int) -> bool:
        """Push coins; whether the recipient has them. Nobody's fault undoes more than this payment."""
        if token == NATIVE:
            mood = self.tables.moods.get(to, "Takes")
            if mood in ("Refuses", "Burns", "Bombs") or self.is_coin(to):
                return False
            self.move(NATIVE, sender, to, amount)
            if mood == "CallsBack":
                self.call_back(to)
            return True
        return self.is_coin(token) and self._transfer(token, sender, to, amount)

    def pull(self, token: int, spender: int, owner: int, to: int, amount: int) -> bool:
        """transferFrom, as the token answers it."""
        allowance = self.tables.allowances.get((token, owner, spender), 0)
        if allowance < amount or not self._transfer(token, owner, to, amount):
            return False
        if allowance != FOREVER:
            self.tables.allowances[token, owner, spender] = allowance - amount
        return True

    def _transfer(self, token: int, owner: int, to: int, amount: int) -> bool:
        tables = self.tables
        if token == self.odd:
            if tables.oddity in ("AnswersFalse", "Reverts"):
                return False
            if owner in tables.blocked or to in tables.blocked:
                return False
        if self.balance(token, owner) < amount:
            return False
        self.move(token, owner, to, amount)
        if token == self.odd:
            self.move(token, to, self._sink, amount * tables.cut_bps // 10_000)
        return True

    def move(self, token: int, owner: int, to: int, amount: int) -> None:
        """Coins change hands, as they did in the call itself."""
        balances = self.tables.balances
        balances[token, owner] = balances.get((token, owner), 0) - amount
        balances[token, to] = balances.get((token, to), 0) + amount

    # ------------------------------------------------------------------ permits

    def permit(
        self, token: int, owner: int, spender: int, amount: int, deadline: int, spoken: Spoken
    ) -> None:
        """ERC-2612, where the token has it; a permit that is not good does nothing. Only a key can give one."""
        if token != self.plain or self.time > deadline or not isinstance(spoken, Signature):
            return
        nonce = self.tables.permit_nonces.get(owner, 0)
        said = (owner, self.permit_domain(), "Permit", (owner, spender, amount, nonce, deadline))
        if spoken[:4] != said or spoken.form != "long":
            return
        self.tables.permit_nonces[owner] = nonce + 1
        self.tables.allowances[token, owner, spender] = amount

    def permit_domain(self) -> Domain:
        return Domain("Test USD Coin", "1", self.chain_id, self.plain)

    def permit2_pull(
        self, spender: int, trade: Trade, nonce: int, deadline: int, spoken: Spoken
    ) -> None:
        """permitWitnessTransferFrom of Permit2, in its own order and with its own errors.

        Raises: Refused.
        """
        owner = trade.seller
        if self.time > deadline:
            raise Refused("SignatureExpired", deadline)
        if (owner, nonce) in self.tables.permit2_nonces:
            raise Refused("InvalidNonce")
        self.tables.permit2_nonces.add((owner, nonce))
        self._check_permit2(owner, spoken, self.permit2_values(spender, trade, nonce, deadline))
        if not self.pull(trade.token, self.permit2, owner, spender, trade.amount):
            raise Refused("Error", b"TRANSFER_FROM_FAILED")

    def permit2_values(
        self, spender: int, trade: Trade, nonce: int, deadline: int
    ) -> tuple[object, ...]:
        """The fields of the message that the seller signs."""
        permitted = struct_hash("TokenPermissions", (trade.token, trade.amount))
        return (permitted, spender, nonce, deadline, trade)

    def permit2_domain(self) -> Domain:
        return Domain("Permit2", "", self.chain_id, self.permit2)

    def _check_permit2(self, owner: int, spoken: Spoken, values: tuple[object, ...]) -> None:
        if owner in self.wallets:
            if spoken != AGREED:
                raise Refused("InvalidContractSignature")
            return
        if isinstance(spoken, Plain) or spoken.form == "longer":
            raise Refused("InvalidSignatureLength")
        if spoken.form == "low v":
            raise Refused("InvalidSignature")
        # It takes the twin with the high s as well, which does no harm: a nonce is good once.
        if spoken[:4] != (owner, self.permit2_domain(), "PermitWitnessTransferFrom", values):
            raise Refused("InvalidSigner")
