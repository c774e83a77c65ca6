"""Everything we ask of one node about one contract, synchronously. Frozen values in and out.

Reads never guess: an empty answer where there must be one is NodeUnavailable, never "nothing there".
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from eth_abi.exceptions import DecodingError
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from escrow.chain.answers import (
    block_text,
    call_fields,
    header_in,
    log_in,
    logs_in,
    named_reverts,
)
from escrow.chain.codec import contract_signature_question, decode_result, encode_call
from escrow.chain.deployments import recorded_deployment
from escrow.chain.errors import EscrowReverted
from escrow.chain.pool import Pool, rpc_urls
from escrow.chain.rpc import DEFAULT_TIMEOUT_SECONDS, NodeRefused, NodeUnavailable, Rpc, number
from escrow.chain.types import (
    ZERO_ADDRESS,
    Call,
    ChainTransaction,
    EscrowState,
    FeedAnswer,
    Header,
    RawLog,
    Receipt,
    SignedTransaction,
)
from escrow.killpoints import reach

__all__ = ["EscrowReverted", "Gateway", "NoContract", "NodeRefused", "NodeUnavailable", "gateway"]

BLOCKS_AT_ONCE = 200

EIP1271_MAGIC = "1626ba7e".ljust(64, "0")
EIP1271_GAS = 400_000

# What any transaction costs before the code is reached: its base with that of a creation, and each byte of its data at the dearest.
_REACHING_GAS = 53_000
_BYTE_GAS = 40

# How nodes say that the call itself went wrong. Any other refusal is about the node, and says nothing of the code.
_CALL_FAILED = re.compile(r"revert|gas|opcode|execution|EVM|stack|jump|invalid", re.IGNORECASE)
_REVERTED = 3


class NoContract(Exception):
    """There is no contract at the configured address on this chain."""


class Gateway:
    """One node and one escrow contract."""

    def __init__(
        self,
        rpc_url: str | Rpc,
        contract_address: str,
        *,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    ) -> None:
        self.contract = str(to_checksum_address(contract_address))
        self.rpc = (
            rpc_url if isinstance(rpc_url, Rpc) else Rpc(rpc_url, timeout_seconds=timeout_seconds)
        )

    # ------------------------------------------------------------------ identity

    def chain_id(self) -> int:
        """The chain id the node reports now."""
        return number(self.rpc.ask_always("eth_chainId"))

    def genesis_hash(self) -> str:
        """The hash of block 0."""
        return self.block_always(0).hash

    def code_hash(self) -> str:
        """keccak256 of the contract's runtime code.

        Raises: NoContract when there is none.
        """
        code = self.rpc.ask_always("eth_getCode", self.contract, "latest")
        if code in ("0x", ""):
            raise NoContract(f"There is no contract at {self.contract} on this chain.")
        return "0x" + keccak(hexstr=code).hex()

    # ------------------------------------------------------------------ blocks and logs

    def head(self) -> Header:
        """The newest block."""
        return header_in(self.rpc.ask_always("eth_getBlockByNumber", "latest", False))

    def block(self, block: int | str) -> Header | None:
        """The header of a block by number, tag or hash, or None when the node has none."""
        if isinstance(block, str) and block.startswith("0x"):
            found = self.rpc.ask("eth_getBlockByHash", block, False)
        else:
            found = self.rpc.ask("eth_getBlockByNumber", block_text(block), False)
        return None if found is None else header_in(found)

    def block_always(self, block: int | str) -> Header:
        """The header of a block that must exist.

        Raises: NodeUnavailable when the node has none.
        """
        found = self.block(block)
        if found is None:
            raise NodeUnavailable(f"The node has no block {block}.")
        return found

    def headers(self, first: int, last: int) -> list[Header]:
        """The headers of a range, both ends included, asked many at a time.

        Raises: NodeUnavailable when one is missing or answers to another number; NodeRefused.
        """
        found: list[Header] = []
        for start in range(first, last + 1, BLOCKS_AT_ONCE):
            numbers = range(start, min(start + BLOCKS_AT_ONCE, last + 1))
            asked = [(block_text(number_), False) for number_ in numbers]
            found += map(header_in, self.rpc.ask_many("eth_getBlockByNumber", asked))
        if [header.number for header in found] != list(range(first, last + 1)):
            raise NodeUnavailable("The node gave blocks that were not asked for.")
        return found

    def logs_of(self, block_hashes: Sequence[str]) -> list[list[RawLog]]:
        """The contract's logs of each of these blocks, in chain order, asked many at a time.

        Raises: NodeUnavailable, NodeRefused.
        """
        asked = [({"address": self.contract, "blockHash": each},) for each in block_hashes]
        answers: list[Any] = []
        for start in range(0, len(asked), BLOCKS_AT_ONCE):
            answers += self.rpc.ask_many("eth_getLogs", asked[start : start + BLOCKS_AT_ONCE])
        found = []
        for block_hash, answer in zip(block_hashes, answers, strict=True):
            logs = logs_in(answer)
            self._check_logs(logs, 0, None, block_hash)
            found.append(logs)
        return found

    def all_logs_of(self, block_hash: str) -> list[RawLog]:
        """Every contract's logs of a block, in order.

        Raises: NodeUnavailable, NodeRefused.
        """
        logs = logs_in(self.rpc.ask_always("eth_getLogs", {"blockHash": block_hash}))
        if any(log.block_hash != block_hash for log in logs):
            raise NodeUnavailable("The node gave logs that were not asked for.")
        return logs

    def logs(
        self,
        *,
        from_block: int | None = None,
        to_block: int | None = None,
        block_hash: str | None = None,
        topics: list[str | None] | None = None,
    ) -> list[RawLog]:
        """The contract's logs of a range, both ends included, or of one block, in chain order.

        Raises: NodeUnavailable when the answer is not wholly about what was asked; RangeTooLarge.
        """
        wanted: dict[str, Any] = {
            "address": self.contract,
            **({"topics": topics} if topics else {}),
        }
        if block_hash is not None:
            wanted["blockHash"] = block_hash
        else:
            wanted |= {
                "fromBlock": block_text(from_block or 0),
                "toBlock": block_text("latest" if to_block is None else to_block),
            }
        found = logs_in(self.rpc.ask_always("eth_getLogs", wanted))
        self._check_logs(found, from_block or 0, to_block, block_hash)
        return found

    # ------------------------------------------------------------------ the contract

    def escrow_state(self, trade_id: str, block: int | str | None = None) -> EscrowState:
        """The contract's word for a trade, at the newest or a given block."""
        return EscrowState(*self._view("stateOf", bytes.fromhex(trade_id[2:]), block=block))

    def escrow_states(self, trade_ids: Sequence[str], block: int | str) -> list[EscrowState]:
        """The contract's words for many trades at one block, in one request.

        Raises: NodeUnavailable, NodeRefused.
        """
        calls = [
            (
                {"to": self.contract, "data": encode_call("stateOf", bytes.fromhex(trade_id[2:]))},
                block_text(block),
            )
            for trade_id in trade_ids
        ]
        answers = self.rpc.ask_many("eth_call", calls)
        try:
            return [EscrowState(*decode_result("stateOf", str(answer))) for answer in answers]
        except (DecodingError, ValueError) as error:
            raise NodeUnavailable("The node gave no state of a trade.") from error

    def credit(self, token: str, account: str) -> int:
        """Base units of a token that wait in the contract for an account."""
        return int(self._view("creditOf", token, account)[0])

    def fees(self, token: str) -> int:
        """Base units of a token that wait for the fee recipient."""
        return int(self._view("feesOf", token)[0])

    def fee_recipient(self) -> str:
        """Who gets the fees."""
        return str(to_checksum_address(self._view("feeRecipient")[0]))

    def domain(self) -> tuple[str, str, int, str]:
        """Name, version, chain id and address, as the contract puts them into what is signed for it (ERC-5267)."""
        _, name, version, chain_id, contract, _, _ = self._view("eip712Domain")
        return str(name), str(version), int(chain_id), str(to_checksum_address(contract))

    def is_contract_signature(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Whether a contract account accepts the signature (EIP-1271), asked as our contract asks.

        False for accounts without code and for hostile wallets. Raises: NodeUnavailable.
        """
        question = contract_signature_question(digest, signature)
        answer = self.ask_within({"to": account, "data": question}, EIP1271_GAS)
        return answer[: len(EIP1271_MAGIC)] == EIP1271_MAGIC

    def ask_within(self, call: dict[str, str], gas: int) -> str:
        """The answer of a stranger's code, without its 0x, when it gets this much gas beyond what reaching it costs.

        Empty when the call itself failed. Raises: NodeUnavailable, also when the node refused for a reason of its own.
        """
        limit = gas + _REACHING_GAS + _BYTE_GAS * (len(call["data"]) // 2)
        try:
            answer = self.rpc.ask_always("eth_call", {**call, "gas": hex(limit)}, "latest")
        except NodeRefused as error:
            if error.code == _REVERTED or _CALL_FAILED.search(error.message):
                return ""
            raise NodeUnavailable("The node could not ask the wallet.") from error
        return str(answer)[2:]

    # ------------------------------------------------------------------ coins and feeds

    def balance(self, account: str) -> int:
        """An account's native coins in wei."""
        return number(self.rpc.ask_always("eth_getBalance", account, "latest"))

    def token_balance(self, token: str, account: str) -> int:
        """An account's base units of a token; the zero token is the native coin."""
        if token == ZERO_ADDRESS:
            return self.balance(account)
        return int(self._view("balanceOf", account, contract="TestUSDC", to=token)[0])

    def allowance(self, token: str, owner: str) -> int:
        """How many base units of a token the contract may take from the owner."""
        return int(self._view("allowance", owner, self.contract, contract="TestUSDC", to=token)[0])

    def read_feed(self, address: str) -> FeedAnswer:
        """The latest round of a price feed with the usual aggregator interface."""
        decimals = int(self._view("decimals", contract="PriceFeed", to=address)[0])
        round_id, answer, _, updated_at, _ = self._view(
            "latestRoundData", contract="PriceFeed", to=address
        )
        return FeedAnswer(
            answer=answer, decimals=decimals, updated_at=updated_at, round_id=round_id
        )

    # ------------------------------------------------------------------ sending

    def call_of(self, data: str, *, sender: str = ZERO_ADDRESS, value: int = 0) -> Call:
        """A call of our contract."""
        return Call(to=self.contract, data=data, value=value, sender=sender)

    def simulate(self, call: Call, block: int | str = "latest") -> None:
        """Try a call without sending it.

        Raises: EscrowReverted with the contract's named error, NodeRefused, NodeUnavailable.
        """
        with named_reverts():
            self.rpc.ask_always("eth_call", call_fields(call), block_text(block))

    def estimate_gas(self, call: Call) -> int:
        """The gas a call uses now.

        Raises: EscrowReverted, NodeRefused, NodeUnavailable.
        """
        with named_reverts():
            return number(self.rpc.ask_always("eth_estimateGas", call_fields(call)))

    def gas_price(self) -> tuple[int, int]:
        """A fee cap and a priority fee in wei that the next blocks will take."""
        newest = self.rpc.ask_always("eth_getBlockByNumber", "latest", False)
        base_fee = number(newest.get("baseFeePerGas", "0x0"))
        priority = number(self.rpc.ask_always("eth_maxPriorityFeePerGas"))
        return 2 * base_fee + priority, priority

    def nonce_of(self, account: str, block: str = "latest") -> int:
        """How many transactions of an account are mined, or with "pending" also those in the pool."""
        return number(self.rpc.ask_always("eth_getTransactionCount", account, block))

    def sign(
        self,
        key: str,
        call: Call,
        *,
        chain_id: int,
        nonce: int,
        gas: int,
        max_fee: int,
        priority_fee: int,
    ) -> SignedTransaction:
        """The call as a signed transaction; the same inputs give the same bytes."""
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": str(to_checksum_address(call.to)),
            "value": call.value,
            "data": call.data,
            "gas": gas,
            "maxFeePerGas": max_fee,
            "maxPriorityFeePerGas": priority_fee,
        }
        signed = Account.sign_transaction(fields, key)
        return SignedTransaction(
            tx_hash="0x" + bytes(signed.hash).hex(), raw="0x" + bytes(signed.raw_transaction).hex()
        )

    def send_raw(self, raw: str) -> str:
        """Hand a signed transaction to the node; its hash.

        Raises: NodeRefused (nonce too low, underpriced, funds missing, already known), NodeUnavailable.
        """
        reach("node.before_send")
        tx_hash = str(self.rpc.ask_always("eth_sendRawTransaction", raw))
        reach("node.after_send")
        return tx_hash

    def send(self, key: str, call: Call) -> str:
        """Simulate, sign with the account's next nonce and send; the hash. For tools and tests, not for the relayer.

        Raises: EscrowReverted, NodeRefused, NodeUnavailable.
        """
        sender = Account.from_key(key).address
        ready = Call(to=call.to, data=call.data, value=call.value, sender=sender)
        gas = self.estimate_gas(ready) + 400_000
        max_fee, priority_fee = self.gas_price()
        nonce = self.nonce_of(sender, "pending")
        signed = self.sign(
            key,
            ready,
            chain_id=self.chain_id(),
            nonce=nonce,
            gas=gas,
            max_fee=max_fee,
            priority_fee=priority_fee,
        )
        return self.send_raw(signed.raw)

    def receipt(self, tx_hash: str) -> Receipt | None:
        """What became of a transaction, or None while it is not mined."""
        found = self.rpc.ask("eth_getTransactionReceipt", tx_hash)
        if found is None:
            return None
        return Receipt(
            tx_hash=found["transactionHash"],
            block_number=number(found["blockNumber"]),
            block_hash=found["blockHash"],
            succeeded=number(found["status"]) == 1,
            gas_used=number(found["gasUsed"]),
            logs=tuple(log_in(raw) for raw in found["logs"]),
        )

    def transaction(self, tx_hash: str) -> ChainTransaction | None:
        """A transaction, mined or waiting, or None when the node does not know it."""
        found = self.rpc.ask("eth_getTransactionByHash", tx_hash)
        if found is None:
            return None
        mined = found.get("blockNumber")
        return ChainTransaction(
            tx_hash=found["hash"],
            sender=str(to_checksum_address(found["from"])),
            to=str(to_checksum_address(found["to"])) if found.get("to") else ZERO_ADDRESS,
            data=found["input"],
            value=number(found["value"]),
            nonce=number(found["nonce"]),
            block_number=None if mined is None else number(mined),
            gas=number(found["gas"]),
        )

    def mined_at_nonce(
        self, account: str, nonce: int, *, to_block: int, within: int
    ) -> ChainTransaction | None:
        """The transaction of an account that used up a nonce, if one of the last `within` blocks holds it.

        The block is found by halving on the account's nonce, so a node needs only the states of recent blocks.
        Raises: NodeUnavailable, NodeRefused.
        """
        low, high = max(to_block - within, 0), to_block
        if self._nonce_at(account, high) <= nonce or self._nonce_at(account, low) > nonce:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._nonce_at(account, middle) > nonce else (middle, high)
        block = self.rpc.ask_always("eth_getBlockByNumber", hex(high), True)
        for found in block["transactions"]:
            is_of_account = str(found["from"]).lower() == account.lower()
            if is_of_account and number(found["nonce"]) == nonce:
                return self.transaction(found["hash"])
        return None

    def _nonce_at(self, account: str, block: int) -> int:
        return self.nonce_of(account, hex(block))

    def _view(
        self,
        function: str,
        *arguments: Any,
        contract: str = "Escrow",
        to: str = "",
        block: int | str | None = None,
    ) -> tuple[Any, ...]:
        call = {
            "to": to or self.contract,
            "data": encode_call(function, *arguments, contract=contract),
        }
        answer = self.rpc.ask_always(
            "eth_call", call, block_text("latest" if block is None else block)
        )
        try:
            return decode_result(function, answer, contract)
        except (DecodingError, ValueError) as error:
            raise NoContract(
                f"There is no contract with {function} at {call['to']} on this chain."
            ) from error

    def _check_logs(
        self, found: list[RawLog], start: int, end: int | None, block_hash: str | None
    ) -> None:
        for log in found:
            inside = (
                log.block_hash == block_hash
                if block_hash
                else start <= log.block_number <= (end or log.block_number)
            )
            if not inside or log.address != self.contract:
                raise NodeUnavailable("The node gave logs that were not asked for.")


def gateway() -> Gateway:
    """The configured gateway of this process: CHAIN_RPC_URL, and ESCROW_ADDRESS or the recorded deployment.

    With several nodes configured each question goes to one that works.
    """
    return _configured(*_settings())[0]


def upstreams() -> list[Gateway]:
    """A gateway for each configured node alone, in the configured order: for who must not mix their answers."""
    return _configured(*_settings())[1]


def _settings() -> tuple[int, str, str, int]:
    # By process: a forked worker must not share its parent's sockets.
    return os.getpid(), settings.CHAIN_RPC_URL, _contract_address(), _timeout_seconds()


@cache
def _configured(
    _pid: int, urls: str, contract: str, timeout_seconds: int
) -> tuple[Gateway, list[Gateway]]:
    nodes = [Rpc(url, timeout_seconds=timeout_seconds) for url in rpc_urls(urls)]
    each = [Gateway(node, contract) for node in nodes]
    return (each[0] if len(each) == 1 else Gateway(Pool(nodes), contract)), each


def _contract_address() -> str:
    return (
        getattr(settings, "ESCROW_ADDRESS", "") or recorded_deployment(settings.CHAIN_ID).contract
    )


def _timeout_seconds() -> int:
    return int(getattr(settings, "CHAIN_TIMEOUT_SECONDS", DEFAULT_TIMEOUT_SECONDS))
