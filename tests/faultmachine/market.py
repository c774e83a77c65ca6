"""Several people trade at random on a devnet node, by a seed; and whether the rows are what the chain says."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from typing import Any

from escrow import indexer
from escrow.chain.answers import header_in
from escrow.chain.codec import encode_call
from escrow.chain.gateway import Gateway
from escrow.chain.moves import direct_calldata
from escrow.chain.types import (
    NONE,
    STATUS_NUMBERS,
    ZERO_ADDRESS,
    Deployment,
    EscrowState,
    TradeTerms,
)
from escrow.identity import ChainChanged
from escrow.models import Chain, ChainEvent, Escrow
from escrow.projection import facts_of, record_of, settled_at
from escrow.reading import event_of
from escrow.reducer import EscrowRecord, reduce_events
from escrow.services import register_deployment

ETHER = 10**18
DAY = 86_400
GAS = hex(600_000)
# The devnet's own people have the first accounts.
PEOPLE = slice(8, 14)
ARBITRATOR = 14
MOST_LIVE = 12


class Market:
    """Buyers, sellers and an arbitrator whose every move comes from a seed. The node holds their keys."""

    def __init__(self, node: Gateway, deployment: Deployment, seed: int) -> None:
        self.node = node
        self.dice = random.Random(seed)
        self.trades: list[TradeTerms] = []
        self.sent: list[dict[str, Any]] = []
        accounts = self.rpc("eth_accounts")
        self.people, self.arbitrator = accounts[PEOPLE], accounts[ARBITRATOR]
        self.tokens = [ZERO_ADDRESS, deployment.assets[0].token]
        self._salt = seed << 32

    def open(self) -> None:
        """Give everybody coins and allowances; from here on blocks are made only by `mine`."""
        self.rpc("evm_setAutomine", False)
        for person in self.people:
            for data in (
                encode_call("mint", person, 10**15, contract="TestUSDC"),
                encode_call("approve", self.node.contract, 2**256 - 1, contract="TestUSDC"),
            ):
                self._send(person, self.tokens[1], data)
        self.mine()

    def close(self) -> None:
        """Let the node mine by itself again."""
        self.rpc("anvil_dropAllTransactions")
        self.rpc("evm_setAutomine", True)

    def act(self) -> None:
        """One random move of one random person, into the pool."""
        terms, state = self._some_trade()
        if state.status == NONE or self.dice.random() < 0.3:
            self._fund()
        else:
            name, by, arguments = self.dice.choice(self._moves(terms, state))
            self._send(by, self.node.contract, direct_calldata(name, terms, arguments))

    def mine(self, blocks: int = 1) -> None:
        """Make blocks; what waits goes into the first."""
        self.rpc("anvil_mine", hex(blocks))

    def reorg(self, depth: int) -> None:
        """Replace the newest blocks; some of the latest moves come back elsewhere, the others are gone for good."""
        latest = [call for call in self.sent[-4:] if self.dice.random() < 0.5]
        again = [[call, self.dice.randrange(depth)] for call in latest]
        self.rpc("anvil_dropAllTransactions")
        self.rpc("anvil_reorg", depth, sorted(again, key=lambda pair: pair[1]))
        self.rpc("anvil_dropAllTransactions")
        # A devnet node gives an empty block the same hash again; a second later it is another one.
        self.rpc("evm_increaseTime", 1)

    def rpc(self, method: str, *parameters: Any) -> Any:
        """Ask the node itself, past any proxy."""
        return self.node.rpc.ask(method, *parameters)

    def _some_trade(self) -> tuple[TradeTerms, EscrowState]:
        latest = self.trades[-MOST_LIVE:]
        if not latest:
            return self._terms(), EscrowState(NONE, 0, 0, 0)
        terms = self.dice.choice(latest)
        return terms, self.node.escrow_state(terms.trade_id)

    def _fund(self) -> None:
        terms = self._terms()
        self.trades.append(terms)
        value = terms.amount if terms.token == ZERO_ADDRESS else 0
        self._send(terms.seller, self.node.contract, direct_calldata("fund", terms), value)

    def _terms(self) -> TradeTerms:
        seller, buyer = self.dice.sample(self.people, 2)
        self._salt += 1
        return TradeTerms(
            seller=seller,
            buyer=buyer,
            token=self.dice.choice(self.tokens),
            amount=self.dice.randint(1, 10**9),
            arbitrator=self.arbitrator,
            fee_bps=50,
            pay_window=DAY,
            release_window=3 * DAY,
            ruling_window=14 * DAY,
            terms=f"0x{self._salt:064x}",
        )

    def _moves(
        self, terms: TradeTerms, state: EscrowState
    ) -> list[tuple[str, str, dict[str, Any]]]:
        evidence = f"0x{self.dice.getrandbits(256):064x}"
        return {
            STATUS_NUMBERS["FUNDED"]: [
                ("markPaid", terms.buyer, {}),
                ("markPaid", terms.buyer, {}),
                ("grantTime", terms.seller, {"newPayBy": state.pay_by + 60}),
                ("cancel", terms.buyer, {}),
            ],
            STATUS_NUMBERS["PAID"]: [
                ("release", terms.seller, {}),
                ("dispute", terms.buyer, {"evidence": evidence}),
                ("cancel", terms.buyer, {}),
            ],
            STATUS_NUMBERS["DISPUTED"]: [
                ("release", terms.seller, {}),
                ("rule", terms.arbitrator, {"toBuyer": terms.amount // 3, "evidence": evidence}),
            ],
        }[state.status]

    def _send(self, by: str, to: str, data: str, value: int = 0) -> None:
        call = {"from": by, "to": to, "data": data, "value": hex(value), "gas": GAS}
        self.rpc("eth_sendTransaction", call)
        self.sent.append(call)


def rows(chain: Chain) -> dict[str, EscrowRecord]:
    """The trades as the hub shows them."""
    return {row.trade_id: record_of(row) for row in Escrow.objects.filter(chain=chain)}


def check(chain: Chain, node: Gateway) -> int:
    """The rows are what the node's own logs say from block 0 on, and what the contract says; how many trades there are.

    `node` is the node itself, without a faulty network in between; the follower must have read up to its head.
    """
    chain.refresh_from_db()
    head = node.head().number
    assert (chain.scanned_block, chain.problem, chain.halt_reason) == (head, "", "")
    settled = settled_at(chain, head)
    logs = node.logs(from_block=0, to_block=head)
    asked = [(hex(number), False) for number in {log.block_number for log in logs}]
    found = map(header_in, node.rpc.ask_many("eth_getBlockByNumber", asked))
    headers = {header.number: header for header in found}
    events = [event_of(chain, log, headers[log.block_number]) for log in logs]
    stored = ChainEvent.objects.filter(chain=chain, canonical=True)
    in_order = stored.order_by("block_number", "log_index")
    assert [_facts(event) for event in in_order] == [_facts(event) for event in events]
    assert {event.confirmed for event in in_order if event.block_number <= settled} <= {True}
    shown = rows(chain)
    assert shown == reduce_events(
        facts_of(event for event in events if event.block_number <= settled)
    )
    words = node.escrow_states(list(shown), block=max(settled, 0))
    for record, word in zip(shown.values(), words, strict=True):
        number = STATUS_NUMBERS.get(record.status, NONE)
        live = (record.since, record.funded_at, record.pay_by) if number else (0, 0, 0)
        assert (number, *live) == (word.status, word.since, word.funded_at, word.pay_by)
    return len(shown)


def _facts(event: ChainEvent) -> tuple[object, ...]:
    return (
        event.block_number,
        event.block_hash,
        event.block_time,
        event.log_index,
        event.tx_hash,
        event.name,
        event.trade_id,
        event.args,
    )


def registered(deployment: Deployment, *, depth: int) -> Chain:
    """The chain's row for a deployment, at a depth."""
    chain = register_deployment(deployment)
    Chain.objects.filter(pk=chain.pk).update(depth=depth)
    chain.refresh_from_db()
    return chain


def poll(chain: Chain) -> None:
    """One poll, as a follower that was started just now; what it finds wrong with the node is noted on the chain."""
    with suppress(ChainChanged):
        indexer.advance(chain)


def poll_until_read(chain: Chain, node: Gateway, *, within_seconds: float) -> None:
    """Poll until the head is read without a problem; it must be soon."""
    end = time.monotonic() + within_seconds
    while True:
        poll(chain)
        chain.refresh_from_db()
        if chain.scanned_block == node.head().number and not chain.problem:
            return
        assert time.monotonic() < end, (chain.scanned_block, chain.problem)
