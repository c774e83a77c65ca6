"""Gas of every move on a fresh node, from receipts: contract deployed, all slots in steady use.

Measured as the figures of docs/PROTOCOL.md are meant: hardfork Prague; another trade of each coin is open and fees have
been taken before; parties hold coins and the allowance is unlimited (a plain ERC-20, whose transfer costs 34,202); fee 1 %;
1.234567890123456789 ETH or 250.75 tokens; terms that are a hash, as real ones are. Signed moves carry 64-byte signatures
and are sent by the relayer. The bench sets the time of every block, so its figures are the same in every run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_typing import Hash32
from eth_utils.address import to_checksum_address

from escrow.chain import moves, permit2, typed_data
from escrow.chain.codec import artifact, encode_call
from escrow.chain.deploy import deploy_devnet
from escrow.chain.deployments import recorded_deployment
from escrow.chain.keys import ALICE, ARBITRATOR, BOB, RELAYER, cast_account
from escrow.chain.types import TradeTerms
from stack.children import Child
from stack.services import CHAIN_ID, anvil, chain_rpc_url, free_port, rpc

HARDFORK = "prague"
NATIVE = "0x" + "00" * 20
ETHER_WEI = 1_234_567_890_123_456_789
TOKEN_BASE_UNITS = 250_750_000
FEE_BPS = 100
DAY_SECONDS = 24 * 3600
PAY_SECONDS, RELEASE_SECONDS, RULING_SECONDS = 2 * 3600, 7 * DAY_SECONDS, 14 * DAY_SECONDS
STARTS_AT = 4_000_000_000
EVIDENCE = "0x" + "e1" * 32
BATCH = 10
GAS_LIMIT = 1_500_000


def measure() -> dict[str, int]:
    """Gas by key; each figure is the sum of the receipts of its transactions; runtime_bytes is a size."""
    with bench_on_a_fresh_node() as bench:
        return {**bench.totals(NATIVE), **bench.totals(bench.usdc), **bench.singles(), **_bytes()}


@contextmanager
def bench_on_a_fresh_node(escrow: str = "") -> Iterator[Bench]:
    """A warm bench; `escrow` is the creation code with arguments of another build to measure instead of ours."""
    with _node() as url:
        deploy_devnet(url)
        bench = Bench(url)
        if escrow:
            bench.use(escrow)
        bench.warm_up()
        yield bench


@contextmanager
def _node() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        child = Child(anvil(port=port, log=Path(folder) / "anvil.log", hardfork=HARDFORK))
        try:
            child.wait_until_ready()
            yield chain_rpc_url(port)
        finally:
            child.stop()


def _bytes() -> dict[str, int]:
    return {"runtime_bytes": len(bytes.fromhex(artifact("Escrow")["deployedBytecode"][2:]))}


@dataclass
class _Trade:
    terms: TradeTerms
    funded_at: int = 0


class Bench:
    """Walks trades between two people and adds up what they cost."""

    def __init__(self, url: str) -> None:
        self._url = url
        deployment = recorded_deployment(CHAIN_ID)
        self._contract = deployment.contract
        self.usdc = next(asset.token for asset in deployment.assets if asset.symbol == "USDC")
        self._count = 0
        self._clock = STARTS_AT

    def use(self, escrow: str) -> None:
        """Deploy another build and measure that one."""
        request = {"from": cast_account(RELAYER).address, "data": escrow, "gas": hex(8_000_000)}
        sent = rpc(self._url, "eth_sendTransaction", request)
        receipt: Any = None
        while receipt is None:
            receipt = rpc(self._url, "eth_getTransactionReceipt", sent)
        self._contract = to_checksum_address(receipt["contractAddress"])

    def warm_up(self) -> None:
        """After this no slot that a trade touches is written for the first time."""
        for index in (ALICE, BOB):
            coins = encode_call("mint", cast_account(index).address, 10**12, contract="TestUSDC")
            self._send(index, self.usdc, coins)
        allow = encode_call("approve", self._contract, 2**256 - 1, contract="TestUSDC")
        self._send(ALICE, self.usdc, allow)
        to_permit2 = encode_call("approve", permit2.PERMIT2, 2**256 - 1, contract="TestUSDC")
        self._send(ALICE, self.usdc, to_permit2)
        for token in (NATIVE, self.usdc):
            self.totals(token)
        # One escrow of each coin stays live, so that no balance of the contract ever returns to zero.
        self._fund(NATIVE)
        self._fund(self.usdc)

    def totals(self, token: str) -> dict[str, int]:
        """The three steps of a good trade, direct and with its signatures relayed."""
        name = "eth" if token == NATIVE else "erc20"
        direct, relayed, short = (self._new(token) for _ in range(3))
        figures = {
            f"{name}_direct_total": self._pay_in(direct)
            + self._move(direct, BOB, "markPaid")
            + self._move(direct, ALICE, "release"),
            f"{name}_relayed_total": self._pay_in(relayed)
            + self._relay(relayed, BOB, "markPaid")
            + self._relay(relayed, ALICE, "release"),
        }
        if token == NATIVE:
            figures["eth_fund_release"] = self._pay_in(short) + self._move(short, ALICE, "release")
        return figures

    def singles(self) -> dict[str, int]:
        """The other ways a trade may end, in ether, each the cost of its last transaction."""
        return {
            "permit_funding": [self._fund_with_permit() for _ in range(2)][1],
            "permit2_funding": [self._fund_with_permit2(nonce) for nonce in range(2)][1],
            **self._batches(),
            "cancel_eth": self._move(self._fund(NATIVE), BOB, "cancel"),
            "reclaim_eth": self._late(self._fund(NATIVE), ALICE, "reclaim", PAY_SECONDS),
            "dispute": self._move(self._paid(), ALICE, "dispute", evidence=EVIDENCE),
            "rule": self._rule(),
            "dispute_and_rule": self._dispute_and_rule(),
            "settle_split": self._settle(),
            "timeout_paid": self._late(self._paid(), RELAYER, "timeout", RELEASE_SECONDS),
            "timeout_split": self._late(self._disputed(), RELAYER, "timeout", RULING_SECONDS),
        }

    # ---------------------------------------------------------------- states

    def _new(self, token: str) -> _Trade:
        self._count += 1
        return _Trade(
            TradeTerms(
                seller=cast_account(ALICE).address,
                buyer=cast_account(BOB).address,
                token=token,
                amount=ETHER_WEI if token == NATIVE else TOKEN_BASE_UNITS,
                arbitrator=cast_account(ARBITRATOR).address,
                fee_bps=FEE_BPS,
                pay_window=PAY_SECONDS,
                release_window=RELEASE_SECONDS,
                ruling_window=RULING_SECONDS,
                terms=f"0x{sha256(bytes([self._count])).hexdigest()}",
            )
        )

    def _fund(self, token: str) -> _Trade:
        trade = self._new(token)
        self._pay_in(trade)
        return trade

    def _paid(self) -> _Trade:
        trade = self._fund(NATIVE)
        self._move(trade, BOB, "markPaid")
        return trade

    def _disputed(self) -> _Trade:
        trade = self._paid()
        self._move(trade, ALICE, "dispute", evidence=EVIDENCE)
        return trade

    # ---------------------------------------------------------------- moves, each answers its gas

    def _pay_in(self, trade: _Trade) -> int:
        terms = trade.terms
        value = terms.amount if terms.token == NATIVE else 0
        gas = self._send(ALICE, self._contract, moves.direct_calldata("fund", terms), value)
        trade.funded_at = self._clock
        return gas

    def _fund_with_permit(self) -> int:
        """From an allowance of nothing; the second one is steady, as the permit's nonce is not zero then."""
        terms, deadline = self._new(self.usdc).terms, self._clock + DAY_SECONDS
        signature = bytes.fromhex(self._permit_signature(terms.amount, deadline)[2:])
        r, s, v = signature[:32], signature[32:64], signature[64]
        data = moves.permit_calldata(terms, deadline=deadline, v=v, r=r, s=s)
        return self._send(ALICE, self._contract, data)

    def _fund_with_permit2(self, nonce: int) -> int:
        """Sent by the relayer; the second one is steady, as Permit2 has a word of this seller's nonces then."""
        terms, deadline = self._new(self.usdc).terms, self._clock + DAY_SECONDS
        document = permit2.funding_message(
            terms, contract=self._contract, nonce=nonce, deadline=deadline, chain_id=CHAIN_ID
        )
        signature = _compact(ALICE, permit2.funding_digest(document))
        data = permit2.funding_calldata(terms, nonce=nonce, deadline=deadline, signature=signature)
        return self._send(RELAYER, self._contract, data)

    def _batches(self) -> dict[str, int]:
        """Ten trades in ether at once, per trade."""
        trades = [self._fund(NATIVE) for _ in range(BATCH)]
        return {
            f"batch{BATCH}_{word}_each": -(-self._batch(trades, signer, name) // BATCH)
            for word, signer, name in (("paid", BOB, "markPaid"), ("release", ALICE, "release"))
        }

    def _batch(self, trades: list[_Trade], signer: int, name: str) -> int:
        deadline = self._clock + DAY_SECONDS
        data = moves.batch_calldata(
            name,
            [
                (trade.terms, deadline, self._signature(signer, name, trade, {}, deadline))
                for trade in trades
            ],
        )
        return self._send(RELAYER, self._contract, data)

    def _move(self, trade: _Trade, by: int, name: str, **arguments: Any) -> int:
        return self._send(by, self._contract, moves.direct_calldata(name, trade.terms, arguments))

    def _late(self, trade: _Trade, by: int, name: str, after_seconds: int) -> int:
        self._wait(after_seconds + 1)
        return self._move(trade, by, name)

    def _relay(self, trade: _Trade, signer: int, name: str) -> int:
        deadline = self._clock + DAY_SECONDS
        data = moves.signed_calldata(
            name,
            trade.terms,
            {},
            deadline=deadline,
            signer=cast_account(signer).address,
            signature=self._signature(signer, name, trade, {}, deadline),
        )
        return self._send(RELAYER, self._contract, data)

    def _rule(self) -> int:
        trade = self._disputed()
        ruling = {"toBuyer": trade.terms.amount, "evidence": EVIDENCE}
        return self._move(trade, ARBITRATOR, "rule", **ruling)

    def _dispute_and_rule(self) -> int:
        trade, deadline = self._paid(), self._clock + DAY_SECONDS
        signature = self._signature(ALICE, "dispute", trade, {"evidence": EVIDENCE}, deadline)
        data = moves.dispute_and_rule_calldata(
            trade.terms,
            to_buyer=trade.terms.amount,
            evidence=EVIDENCE,
            by=cast_account(ALICE).address,
            dispute_evidence=EVIDENCE,
            signature=signature,
            deadline=deadline,
        )
        return self._send(ARBITRATOR, self._contract, data)

    def _settle(self) -> int:
        trade = self._paid()
        deadline = self._clock + DAY_SECONDS
        split = {"toBuyer": trade.terms.amount // 3}
        data = moves.direct_calldata(
            "settle",
            trade.terms,
            split,
            deadline=deadline,
            buyer_signature=self._signature(BOB, "settle", trade, split, deadline),
        )
        return self._send(ALICE, self._contract, data)

    # ---------------------------------------------------------------- node

    def _signature(
        self, signer: int, name: str, trade: _Trade, arguments: dict[str, Any], deadline: int
    ) -> str:
        primary, message = moves.message_of(
            name, trade.terms, funded_at=trade.funded_at, arguments=arguments, deadline=deadline
        )
        digest = typed_data.digest(primary, message, chain_id=CHAIN_ID, contract=self._contract)
        return _compact(signer, digest)

    def _permit_signature(self, amount: int, deadline: int) -> str:
        owner = cast_account(ALICE).address
        count = rpc(self._url, "eth_call", {"to": self.usdc, "data": self._nonces(owner)}, "latest")
        fields = (
            "owner address",
            "spender address",
            "value uint256",
            "nonce uint256",
            "deadline uint256",
        )
        permit = [dict(zip(("name", "type"), field.split(), strict=True)) for field in fields]
        typed = {
            "types": {"EIP712Domain": typed_data.types()["EIP712Domain"], "Permit": permit},
            "primaryType": "Permit",
            "domain": {
                "name": "Test USD Coin",
                "version": "1",
                "chainId": CHAIN_ID,
                "verifyingContract": self.usdc,
            },
            "message": {
                "owner": owner,
                "spender": self._contract,
                "value": str(amount),
                "nonce": str(int(str(count), 16)),
                "deadline": str(deadline),
            },
        }
        return str(rpc(self._url, "eth_signTypedData_v4", owner, typed))

    def _nonces(self, owner: str) -> str:
        return encode_call("nonces", owner, contract="TestUSDC")

    def _send(self, index: int, to: str, data: str, value: int = 0) -> int:
        """Gas used by the mined transaction, a second after the one before; one that failed is a broken bench."""
        self._wait(1)
        rpc(self._url, "evm_setNextBlockTimestamp", self._clock)
        request = {
            "from": cast_account(index).address,
            "to": to,
            "data": data,
            "value": hex(value),
            "gas": hex(GAS_LIMIT),
        }
        sent = rpc(self._url, "eth_sendTransaction", request)
        receipt: Any = None
        while receipt is None:
            receipt = rpc(self._url, "eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", (data[:10], receipt)
        return int(receipt["gasUsed"], 16)

    def _wait(self, seconds: int) -> None:
        self._clock += seconds


def _compact(signer: int, digest: bytes) -> str:
    """64 bytes (EIP-2098): the parity of v rides on the highest bit of s."""
    signed = cast_account(signer).unsafe_sign_hash(Hash32(digest))
    packed = signed.s | ((signed.v - 27) << 255)
    return "0x" + signed.r.to_bytes(32, "big").hex() + packed.to_bytes(32, "big").hex()
