"""Walks escrow trades on the devnet's node: Alice sells to Bob, Dana rules, Carol is nobody."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from eth_account.signers.local import LocalAccount

from escrow import indexer
from escrow.chain.codec import encode_call
from escrow.chain.gateway import Gateway
from escrow.chain.moves import direct_calldata, message_of, signed_calldata
from escrow.chain.typed_data import digest
from escrow.chain.types import ZERO_ADDRESS, Call, Deployment, Receipt, TradeTerms
from escrow.models import Chain

DAY = 86_400
FAR = 2**40
RECEIPT_SECONDS = 1.0
ETHER = 10**18
_salts = itertools.count(1)


class Walker:
    """Sends and signs moves for the cast and turns the node's clock."""

    def __init__(self, node: Gateway, deployment: Deployment, cast: Any) -> None:
        self.node = node
        self.deployment = deployment
        self.seller: LocalAccount = cast.alice
        self.buyer: LocalAccount = cast.bob
        self.arbitrator: LocalAccount = cast.dana
        self.stranger: LocalAccount = cast.carol
        self.usdc = deployment.assets[0].token

    def terms(self, **changes: Any) -> TradeTerms:
        """A fresh trade of one ether, unless said otherwise."""
        values: dict[str, Any] = {
            "seller": self.seller.address,
            "buyer": self.buyer.address,
            "token": ZERO_ADDRESS,
            "amount": ETHER,
            "arbitrator": self.arbitrator.address,
            "fee_bps": 50,
            "pay_window": 1_800,
            "release_window": 3 * DAY,
            "ruling_window": 14 * DAY,
            "terms": f"0x{next(_salts):064x}",
        }
        return TradeTerms(**{**values, **changes})

    def funded(self, status: str = "FUNDED", **changes: Any) -> TradeTerms:
        """A trade walked to FUNDED, PAID or DISPUTED, one second later."""
        terms = self.terms(**changes)
        self.fund(terms)
        self.skip(2)
        if status in ("PAID", "DISPUTED"):
            self.move("markPaid", terms, self.buyer)
        if status == "DISPUTED":
            self.move("dispute", terms, self.buyer, evidence=f"0x{7:064x}")
        return terms

    def fund(self, terms: TradeTerms) -> Receipt:
        """Lock the coins; tokens are minted and allowed first."""
        if terms.token != ZERO_ADDRESS:
            mint = encode_call("mint", terms.seller, terms.amount, contract="TestUSDC")
            approve = encode_call("approve", self.node.contract, terms.amount, contract="TestUSDC")
            for data in (mint, approve):
                self.send(self.seller, Call(to=terms.token, data=data))
        value = terms.amount if terms.token == ZERO_ADDRESS else 0
        return self.send(
            self.seller, self.node.call_of(direct_calldata("fund", terms), value=value)
        )

    def move(self, name: str, terms: TradeTerms, by: LocalAccount, **arguments: Any) -> Receipt:
        """A move called by an account itself."""
        return self.send(by, self.node.call_of(direct_calldata(name, terms, arguments)))

    def signature(
        self,
        name: str,
        terms: TradeTerms,
        by: LocalAccount,
        *,
        deadline: int = FAR,
        **arguments: Any,
    ) -> str:
        """The signature of an account over a move, for the present funding."""
        funded_at = self.node.escrow_state(terms.trade_id).funded_at
        primary, message = message_of(
            name, terms, funded_at=funded_at, arguments=arguments, deadline=deadline
        )
        return self.sign(by, primary, message)

    def sign(self, by: LocalAccount, primary: str, message: dict[str, Any]) -> str:
        """The signature of an account over a typed message."""
        hashed = digest(
            primary, message, chain_id=self.deployment.chain_id, contract=self.node.contract
        )
        return "0x" + bytes(by.unsafe_sign_hash(hashed).signature).hex()

    def relay(self, name: str, terms: TradeTerms, by: LocalAccount, **arguments: Any) -> Receipt:
        """A move signed by one account and sent by the stranger."""
        signature = self.signature(name, terms, by, **arguments)
        data = signed_calldata(
            name, terms, arguments, deadline=FAR, signer=by.address, signature=signature
        )
        return self.send(self.stranger, self.node.call_of(data))

    def send(self, by: LocalAccount, call: Call) -> Receipt:
        """Send a transaction and give its receipt; it must succeed."""
        tx_hash = self.node.send("0x" + bytes(by.key).hex(), call)
        # The node mines it by itself, a moment later on a busy machine; a block of ours on top would count as depth.
        patience = time.monotonic() + RECEIPT_SECONDS
        while (receipt := self.node.receipt(tx_hash)) is None and time.monotonic() < patience:
            time.sleep(0.02)
        if receipt is None:
            self.mine()
            receipt = self.node.receipt(tx_hash)
        assert receipt is not None
        assert receipt.succeeded
        return receipt

    def skip(self, seconds: int) -> None:
        """Let time pass on the chain, in one block."""
        self.rpc("evm_increaseTime", seconds)
        self.mine()

    def reorg(self, depth: int, transactions: list[list[Any]] | None = None) -> None:
        """Replace the newest blocks; what was in them is gone unless named, and nothing is mined on the side."""
        self.rpc("evm_setAutomine", False)
        try:
            self.rpc("anvil_reorg", depth, transactions or [])
            self.rpc("anvil_dropAllTransactions")
        finally:
            self.rpc("evm_setAutomine", True)

    def mine(self, blocks: int = 1) -> None:
        """Make empty blocks."""
        self.rpc("anvil_mine", hex(blocks))

    def rpc(self, method: str, *params: Any) -> Any:
        """Ask the node's own control methods."""
        return self.node.rpc.ask(method, *params)

    def balance(self, account: LocalAccount, token: str = ZERO_ADDRESS) -> int:
        """What an account holds of a coin."""
        return self.node.token_balance(token, account.address)


def follow(chain: Chain) -> indexer.Advance:
    """Advance until the tip is read; trouble on the way is printed, for the report of a test that fails of it."""
    done = indexer.advance(chain)
    while done.behind:
        done = indexer.advance(chain)
    if done.problem:
        print(f"follow: {done.problem}")
    return done


@contextmanager
def locked_elsewhere(kind: int, chain: Chain) -> Iterator[None]:
    """Another process holds one of the chain's locks."""
    options = connection.settings_dict
    address = {
        "host": options["HOST"],
        "port": options["PORT"] or 5432,
        "user": options["USER"],
        "dbname": options["NAME"],
    }
    with psycopg.connect(**address) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [kind, chain.pk])
        yield
        other.execute("SELECT pg_advisory_unlock(%s, %s)", [kind, chain.pk])


@pytest.fixture
def walker(anvil: str, devnet: Deployment, cast: Any) -> Walker:
    """The cast on the deployed devnet; everybody has plenty of ether."""
    walker = Walker(Gateway(anvil, devnet.contract), devnet, cast)
    for account in (walker.seller, walker.buyer, walker.arbitrator, walker.stranger):
        walker.rpc("anvil_setBalance", account.address, hex(10_000 * ETHER))
    # A reorg of the test must not reach below the snapshot it is undone to.
    walker.mine(8)
    return walker
