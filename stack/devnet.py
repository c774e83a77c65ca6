"""The devnet's clock and its price feeds. Nothing here works on any other chain: the node must be anvil."""

from __future__ import annotations

import re

from django.conf import settings

from escrow.chain.codec import decode_result, encode_call
from escrow.chain.deployments import recorded_deployment
from stack.services import rpc

# One of the node's unlocked accounts that nobody in the cast uses.
FEEDER_INDEX = 18
LONGEST_SKIP_SECONDS = 400 * 24 * 3600

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}
_SPAN = re.compile(r"(\d+)([smhdw])")


class NotASpan(ValueError):
    """Not a length of time such as 90s, 25m, 36h, 3d or 1d12h."""


def seconds_of(text: str) -> int:
    """Seconds of a span such as "3d" or "1d12h".

    Raises:
        NotASpan: malformed, zero, or longer than 400 days.
    """
    parts = _SPAN.findall(text.strip().lower())
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text.strip().lower() or not seconds:
        raise NotASpan(f"{text!r} is not a length of time: write 90s, 25m, 36h, 3d or 1d12h.")
    if seconds > LONGEST_SKIP_SECONDS:
        raise NotASpan("That is too far: at most 400 days at a time.")
    return seconds


def forward(seconds: int) -> int:
    """Let the devnet's time pass, deep enough to settle, with prices fresh at the new time; the new block time."""
    _ask("evm_increaseTime", hex(seconds))
    # The skip takes hold with the next block; a transaction sent at once may still be mined before it.
    _ask("anvil_mine", "0x1")
    refresh_feeds()
    _ask("anvil_mine", hex(settings.CHAIN_DEPTH))
    return _block_time()


def refresh_feeds() -> None:
    """Let every price feed report its present answer again, so that it is as old as the newest block."""
    feeder = _accounts()[FEEDER_INDEX]
    for address in recorded_deployment(settings.CHAIN_ID).feeds.values():
        asked = {"to": address, "data": encode_call("latestRoundData", contract="PriceFeed")}
        answer = decode_result(
            "latestRoundData", str(_ask("eth_call", asked, "latest")), "PriceFeed"
        )[1]
        report = encode_call("set", answer, contract="PriceFeed")
        _ask("eth_sendTransaction", {"from": feeder, "to": address, "data": report})


def _block_time() -> int:
    block = _ask("eth_getBlockByNumber", "latest", False)
    assert isinstance(block, dict)
    return int(block["timestamp"], 16)


def _accounts() -> list[str]:
    accounts = _ask("eth_accounts")
    assert isinstance(accounts, list)
    return accounts


def _ask(method: str, *parameters: object) -> object:
    return rpc(settings.CHAIN_RPC_URL, method, *parameters)
