"""Very many real events in few blocks: a contract that is the seller of its own trades, locking and releasing in a loop."""

from __future__ import annotations

from typing import Any

from escrow.chain.gateway import Gateway
from escrow.chain.moves import direct_calldata
from escrow.chain.types import ZERO_ADDRESS, TradeTerms

ADDRESS = "0x00000000000000000000000000000000000c402D"
EVENTS_PER_BLOCK = 100
CALL_BYTES = 4 + 10 * 32
LAST_WORD = CALL_BYTES - 32
RELEASE_AT = 400


def trades_in_a_loop(node: Gateway, *, buyer: str, arbitrator: str, events: int) -> None:
    """Make about so many events, EVENTS_PER_BLOCK in each block; a block releases what the one before it locked.

    Call data: how many trades, their first salt, the contract, the amount; then a fund and a release call as a pattern.
    """
    rpc = node.rpc.ask
    rpc("anvil_setCode", ADDRESS, "0x" + _code().hex())
    rpc("anvil_setBalance", ADDRESS, hex(10**24))
    rpc("anvil_setBlockGasLimit", hex(10**9))
    rpc("evm_setAutomine", False)
    pattern = TradeTerms(
        seller=ADDRESS,
        buyer=buyer,
        token=ZERO_ADDRESS,
        amount=1_000,
        arbitrator=arbitrator,
        fee_bps=50,
        pay_window=86_400,
        release_window=3 * 86_400,
        ruling_window=14 * 86_400,
        terms=f"0x{0:064x}",
    )
    calls = "".join(direct_calldata(name, pattern)[2:] for name in ("fund", "release"))
    sender = rpc("eth_accounts")[15]
    for first in range(0, events, EVENTS_PER_BLOCK):
        trades = min(EVENTS_PER_BLOCK, events - first) // 2
        head = _words(trades, first // 2 + 1, int(node.contract, 16), pattern.amount)
        call = {"from": sender, "to": ADDRESS, "data": "0x" + head + calls, "gas": hex(5 * 10**7)}
        rpc("eth_sendTransaction", call)
        # A lock cannot be released within its own second.
        rpc("evm_increaseTime", 2)
        rpc("anvil_mine", "0x1")
    rpc("evm_setAutomine", True)


def _words(*values: int) -> str:
    return "".join(f"{value:064x}" for value in values)


def _push(value: int) -> bytes:
    raw = value.to_bytes(max((value.bit_length() + 7) // 8, 1), "big")
    return bytes([0x5F + len(raw)]) + raw


def _code() -> bytes:
    """Copies both patterns into memory; for each trade locks a new one and releases the one as many salts before it."""
    calldatacopy, calldataload, mstore, gas, call, pop = 0x37, 0x35, 0x52, 0x5A, 0xF1, 0x50
    dup1, swap1, add, sub, iszero, jump, jumpi, dest = (
        0x80,
        0x90,
        0x01,
        0x03,
        0x15,
        0x56,
        0x57,
        0x5B,
    )
    start = _ops(
        *(CALL_BYTES, 128, 0, [calldatacopy]),
        *(CALL_BYTES, 128 + CALL_BYTES, RELEASE_AT, [calldatacopy]),
        *(0, [calldataload]),
    )
    turn = _ops(
        *([dup1], 32, [calldataload, add]),
        *(
            [dup1],
            LAST_WORD,
            [mstore],
            0,
            [calldataload, swap1, sub],
            RELEASE_AT + LAST_WORD,
            [mstore],
        ),
        *(0, 0, CALL_BYTES, 0, 96, [calldataload], 64, [calldataload, gas, call, pop]),
        *(0, 0, CALL_BYTES, RELEASE_AT, 0, 64, [calldataload, gas, call, pop]),
        *(1, [swap1, sub]),
    )
    loop = len(start)
    # 0x61 pushes two bytes, so that the length of the code does not depend on where it jumps to.
    end = loop + 1 + 2 + 3 + 1 + len(turn) + 3 + 1
    leave = bytes([dup1, iszero, 0x61]) + end.to_bytes(2, "big") + bytes([jumpi])
    again = bytes([0x61]) + loop.to_bytes(2, "big") + bytes([jump])
    return start + bytes([dest]) + leave + turn + again + bytes([dest, 0x00])


def _ops(*parts: Any) -> bytes:
    return b"".join(_push(part) if isinstance(part, int) else bytes(part) for part in parts)
