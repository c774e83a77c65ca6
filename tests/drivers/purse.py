"""What people and the contract hold on the chain, to the unit."""

from __future__ import annotations

from dataclasses import dataclass

from escrow.chain.gateway import Gateway
from escrow.chain.types import ZERO_ADDRESS


@dataclass(frozen=True)
class Purse:
    """One coin at one moment, in base units. `gas_wei` is what the account paid for its own transactions so far."""

    held: int
    gas_wei: int
    locked: int
    fees: int

    @classmethod
    def of(cls, node: Gateway, token: str, account: str) -> Purse:
        """The account's coins, and the contract's: what it holds of this coin in all, and the fees in that."""
        return cls(
            held=node.token_balance(token, account),
            gas_wei=_gas_paid(node, account) if token == ZERO_ADDRESS else 0,
            locked=node.token_balance(token, node.contract),
            fees=node.fees(token),
        )

    @property
    def own(self) -> int:
        """What the account would hold had gas cost nothing."""
        return self.held + self.gas_wei


def _gas_paid(node: Gateway, account: str) -> int:
    """Gas of every transaction the account ever sent on this short devnet."""
    head = node.head().number
    paid = 0
    for number in range(1, head + 1):
        block = node.rpc.ask("eth_getBlockByNumber", hex(number), True)
        for sent in block["transactions"]:
            if sent["from"].lower() == account.lower():
                receipt = node.rpc.ask("eth_getTransactionReceipt", sent["hash"])
                paid += int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    return paid
