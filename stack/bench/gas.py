"""What each step of a trade costs in gas, measured by real transactions on an anvil of its own.

Steady state, as the figures of docs/PROTOCOL.md are meant: another trade is open, fees have accrued, every recipient has a
balance, the allowance is unlimited. Hardfork Prague, fee 1 %, 64-byte signatures, 1.234567890123456789 ETH or 250.75 tokens.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from escrow.chain import typed_data
from stack.folders import ROOT

CHAIN_ID = 72731
ABI = ROOT / "escrow" / "chain" / "abi"
NATIVE = "0x" + "0" * 40
ETH_AMOUNT = 1_234_567_890_123_456_789
TOKEN_AMOUNT = 250_750_000
FEE_BPS = 100
DAY = 86_400
EVIDENCE = "0x" + "e1" * 32
FOREVER = 2**48
GENESIS = 1_800_000_000

# anvil's unlocked accounts, by index.
DEPLOYER, RELAYER, ARBITRATOR, SELLER, BUYER, FEES = range(6)

Trade = dict[str, Any]


class AnvilMissing(Exception):
    """anvil is not installed: run `npm install --ignore-scripts` first."""


def measure() -> dict[str, int]:
    """Gas by the keys of the table "Figures to reach".

    Raises: AnvilMissing.
    """
    with _anvil() as url:
        return _Bench(_Node(url)).figures()


class _Bench:
    """Trades on one fresh chain; each method closes what it opens and returns gas."""

    def __init__(self, node: _Node) -> None:
        self._node = node
        self._salts = itertools.count(1)
        self._escrow = node.deploy("Escrow", node.accounts[FEES])
        self._token = node.deploy("TestUSDC")
        for name in ("Escrow", "TestUSDC"):
            node.learn(name)
        self._make_steady()

    def figures(self) -> dict[str, int]:
        eth_fund, eth_paid, eth_release = self._direct(NATIVE)
        eth_relayed = self._relayed(NATIVE)
        token_direct = self._direct(self._token)
        token_relayed = self._relayed(self._token)
        return {
            "eth_direct_total": eth_fund + eth_paid + eth_release,
            "eth_relayed_total": sum(eth_relayed),
            "eth_fund_release": sum(self._fund_and_release()),
            "erc20_direct_total": sum(token_direct),
            "erc20_relayed_total": sum(token_relayed),
            "permit_funding": self._permit_funding(),
            "cancel_eth": self._cancel(),
            "reclaim_eth": self._reclaim(),
            "settle_split": self._settle(),
            "timeout_paid": self._timeout_paid(),
            "timeout_split": self._timeout_split(),
            "runtime_bytes": len(self._node.rpc("eth_getCode", self._escrow, "latest")) // 2 - 1,
        }

    def _make_steady(self) -> None:
        """Balances, allowance and fees above zero, and one trade of each kind left open."""
        for account in (SELLER, BUYER, FEES):
            self._node.call(self._token, "mint", DEPLOYER, self._node.accounts[account], 10**15)
        self._node.call(self._token, "approve", SELLER, self._escrow, 2**256 - 1)
        for token in (NATIVE, self._token):
            self._direct(token)
            self._fund(token)

    def _direct(self, token: str) -> tuple[int, int, int]:
        trade, funding = self._fund(token)
        paid = self._send("markPaid", BUYER, trade)
        return funding, paid, self._send("release", SELLER, trade)

    def _relayed(self, token: str) -> tuple[int, int, int]:
        trade, funding = self._fund(token)
        paid = self._send_signed("markPaidBySig", "MarkPaid", BUYER, trade)
        return funding, paid, self._send_signed("releaseBySig", "Release", SELLER, trade)

    def _fund_and_release(self) -> tuple[int, int]:
        trade, funding = self._fund(NATIVE)
        return funding, self._send("release", SELLER, trade)

    def _permit_funding(self) -> int:
        """Steady too: the seller has used a permit before, so that his nonce is not zero."""
        return [self._fund_with_permit() for _ in range(2)][1]

    def _fund_with_permit(self) -> int:
        seller, nonce = (
            self._node.accounts[SELLER],
            self._node.read(self._token, "nonces", self._node.accounts[SELLER]),
        )
        permit = {
            "types": {
                "EIP712Domain": typed_data.types()["EIP712Domain"],
                "Permit": [
                    {"name": "owner", "type": "address"},
                    {"name": "spender", "type": "address"},
                    {"name": "value", "type": "uint256"},
                    {"name": "nonce", "type": "uint256"},
                    {"name": "deadline", "type": "uint256"},
                ],
            },
            "primaryType": "Permit",
            "domain": {
                "name": "Test USD Coin",
                "version": "1",
                "chainId": CHAIN_ID,
                "verifyingContract": self._token,
            },
            "message": {
                "owner": seller,
                "spender": self._escrow,
                "value": str(TOKEN_AMOUNT),
                "nonce": str(nonce),
                "deadline": str(FOREVER),
            },
        }
        signature = self._node.signature(seller, permit)
        r, s, v = signature[:32], signature[32:64], signature[64]
        trade = self._trade(self._token)
        return self._node.call(self._escrow, "fundWithPermit", SELLER, trade, FOREVER, v, r, s)

    def _cancel(self) -> int:
        trade, _ = self._fund(NATIVE)
        return self._send("cancel", BUYER, trade)

    def _reclaim(self) -> int:
        trade, _ = self._fund(NATIVE)
        return self._send("reclaim", SELLER, trade, after=trade["payWindow"] + 1)

    def _settle(self) -> int:
        trade, _ = self._fund(NATIVE)
        to_buyer = ETH_AMOUNT // 3
        own = {"toBuyer": to_buyer}
        signature = self._signature("Settle", BUYER, trade, own)
        self._node.forward(1)
        return self._node.call(
            self._escrow, "settle", SELLER, trade, to_buyer, FOREVER, b"", signature
        )

    def _timeout_paid(self) -> int:
        trade, _ = self._fund(NATIVE)
        self._send("markPaid", BUYER, trade)
        return self._send("timeout", RELAYER, trade, after=trade["releaseWindow"] + 1)

    def _timeout_split(self) -> int:
        trade, _ = self._fund(NATIVE)
        self._send("markPaid", BUYER, trade)
        self._node.call(self._escrow, "dispute", BUYER, trade, EVIDENCE)
        return self._send("timeout", RELAYER, trade, after=trade["rulingWindow"] + 1)

    def _trade(self, token: str) -> Trade:
        return {
            "seller": self._node.accounts[SELLER],
            "buyer": self._node.accounts[BUYER],
            "token": token,
            "amount": ETH_AMOUNT if token == NATIVE else TOKEN_AMOUNT,
            "arbitrator": self._node.accounts[ARBITRATOR],
            "feeBps": FEE_BPS,
            "payWindow": 2 * 3600,
            "releaseWindow": 7 * DAY,
            "rulingWindow": 14 * DAY,
            "terms": self._node.keccak(next(self._salts).to_bytes(32, "big")),
        }

    def _fund(self, token: str) -> tuple[Trade, int]:
        trade = self._trade(token)
        value = trade["amount"] if token == NATIVE else 0
        return trade, self._node.call(self._escrow, "fund", SELLER, trade, value=value)

    def _send(self, move: str, sender: int, trade: Trade, *, after: int = 1) -> int:
        self._node.forward(after)
        return self._node.call(self._escrow, move, sender, trade)

    def _send_signed(self, move: str, primary: str, signer: int, trade: Trade) -> int:
        signature = self._signature(primary, signer, trade, {})
        self._node.forward(1)
        return self._node.call(self._escrow, move, RELAYER, trade, FOREVER, signature)

    def _signature(self, primary: str, signer: int, trade: Trade, own: dict[str, int]) -> bytes:
        trade_id = "0x" + typed_data.hash_struct("Trade", trade).hex()
        funded_at = self._node.read_words(self._escrow, "stateOf", trade_id)[2]
        message = {"trade": trade, "fundedAt": funded_at, **own, "deadline": FOREVER}
        typed = typed_data.typed_message(primary, message, CHAIN_ID, self._escrow)
        return _compact(self._node.signature(self._node.accounts[signer], typed))


class _Node:
    """JSON-RPC with just the encoding that the bench needs: words, one Trade, bytes at the end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._now = GENESIS
        self._functions: dict[str, dict[str, Any]] = {}
        self._selectors: dict[str, bytes] = {}
        self.accounts: list[str] = self.rpc("eth_accounts")

    def rpc(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def keccak(self, data: bytes) -> str:
        return str(self.rpc("web3_sha3", "0x" + data.hex()))

    def learn(self, name: str) -> None:
        for item in json.loads((ABI / f"{name}.json").read_text())["abi"]:
            if item["type"] == "function":
                self._functions[item["name"]] = item

    def deploy(self, name: str, *arguments: Any) -> str:
        bytecode = json.loads((ABI / f"{name}.json").read_text())["bytecode"]
        words = b"".join(_word(argument) for argument in arguments)
        return str(self._mined(DEPLOYER, {"data": bytecode + words.hex()})["contractAddress"])

    def call(self, to: str, function: str, sender: int, *arguments: Any, value: int = 0) -> int:
        """Sends a transaction and returns the gas it used; a failed one raises."""
        data = self._calldata(function, arguments)
        return int(
            self._mined(sender, {"to": to, "data": data, "value": hex(value)})["gasUsed"], 16
        )

    def read(self, to: str, function: str, *arguments: Any) -> int:
        return self.read_words(to, function, *arguments)[0]

    def read_words(self, to: str, function: str, *arguments: Any) -> list[int]:
        raw = bytes.fromhex(
            self.rpc("eth_call", {"to": to, "data": self._calldata(function, arguments)}, "latest")[
                2:
            ]
        )
        return [int.from_bytes(raw[at : at + 32], "big") for at in range(0, len(raw), 32)]

    def signature(self, account: str, typed: dict[str, Any]) -> bytes:
        return bytes.fromhex(self.rpc("eth_signTypedData_v4", account, typed)[2:])

    def forward(self, seconds: int) -> None:
        self._now += seconds

    def _mined(self, sender: int, transaction: dict[str, str]) -> dict[str, Any]:
        # A clock of our own: the signatures, and so the price of their bytes, are the same in every run.
        self.forward(1)
        self.rpc("evm_setNextBlockTimestamp", self._now)
        sent = self.rpc(
            "eth_sendTransaction",
            {"from": self.accounts[sender], "gas": hex(5_000_000), **transaction},
        )
        receipt = self._receipt(sent)
        if receipt["status"] != "0x1":
            raise RuntimeError(f"reverted: {transaction['data'][:10]}")
        return receipt

    def _receipt(self, sent: str) -> dict[str, Any]:
        for _ in range(1000):
            receipt: dict[str, Any] | None = self.rpc("eth_getTransactionReceipt", sent)
            if receipt:
                return receipt
            time.sleep(0.005)
        raise TimeoutError(f"{sent} was not mined.")

    def _calldata(self, function: str, arguments: tuple[Any, ...]) -> str:
        item = self._functions[function]
        if function not in self._selectors:
            types = ",".join(_type(part) for part in item["inputs"])
            self._selectors[function] = bytes.fromhex(
                self.keccak(f"{function}({types})".encode())[2:10]
            )
        heads: list[bytes] = []
        tail = b""
        size = sum(len(part.get("components", [0])) * 32 for part in item["inputs"])
        for part, argument in zip(item["inputs"], arguments, strict=True):
            if part["type"] == "bytes":
                heads.append(_word(size + len(tail)))
                tail += _word(len(argument)) + argument + bytes(-len(argument) % 32)
            elif part["type"] == "tuple":
                heads += [_word(argument[field["name"]]) for field in part["components"]]
            else:
                heads.append(_word(argument))
        return "0x" + (self._selectors[function] + b"".join(heads) + tail).hex()


def _type(part: dict[str, Any]) -> str:
    if part["type"] != "tuple":
        return str(part["type"])
    return "(" + ",".join(_type(field) for field in part["components"]) + ")"


def _word(value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    raw = bytes.fromhex(value[2:]) if isinstance(value, str) else value
    return raw.rjust(32, b"\0")


def _compact(signature: bytes) -> bytes:
    """The 64 bytes of ERC-2098: the parity of v in the top bit of s."""
    parity = signature[64] - 27
    return signature[:32] + bytes([signature[32] | parity << 7]) + signature[33:64]


@contextlib.contextmanager
def _anvil() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(_anvil_binary()), "--host", "127.0.0.1", "--port", str(port), "--silent"]
    process = subprocess.Popen(
        [*command, "--chain-id", str(CHAIN_ID), "--hardfork", "prague", "--timestamp", str(GENESIS)]
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _anvil_binary() -> Path:
    for binary in sorted(ROOT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*")):
        return binary
    raise AnvilMissing(AnvilMissing.__doc__)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
