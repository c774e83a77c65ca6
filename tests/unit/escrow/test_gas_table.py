"""The table of whose gas it is says what was measured and what the relayer really allows."""

from __future__ import annotations

import json
import re
from pathlib import Path

from escrow import gas, nonces, relayer, services

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "GAS.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "contracts" / "gas-snapshot.json").read_text(encoding="utf-8"))


def rows_of(section: str) -> list[list[str]]:
    """The cells of the tables under a heading."""
    text = GUIDE.split(f"## {section}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if "|" in line
    ]


def test_each_moves_gas_is_the_measured_one() -> None:
    told = [
        (row[0], int(row[3].replace(",", "")))
        for row in rows_of("Whose gas, which move, when")
        if len(row) == 5 and row[3][:1].isdigit()
    ]
    assert told == [
        ("fund, later release", MEASURED["eth_fund_release"]),
        ("markPaid", MEASURED["eth_direct_total"] - MEASURED["eth_fund_release"]),
        ("cancel", MEASURED["cancel_eth"]),
        ("reclaim", MEASURED["reclaim_eth"]),
        ("dispute", MEASURED["dispute"]),
        ("settle", MEASURED["settle_split"]),
        ("rule", MEASURED["rule"]),
        ("timeout", MEASURED["timeout_paid"]),
        ("timeout", MEASURED["timeout_split"]),
    ]
    by_signature = (MEASURED["eth_relayed_total"] - MEASURED["eth_direct_total"]) / 2
    assert f"costs {round(by_signature):,} more" in GUIDE


def test_bounds_are_the_relayers_own() -> None:
    told = " ".join(row[1] for row in rows_of("Whose gas, which move, when") if len(row) == 3)
    for number in (gas.PAID_GAS, gas.TRADE_GAS, nonces.MAX_GAS):
        assert f"{number:,} gas" in told
    assert f"| {services.DEFAULT_DAILY_CALLS} |" in GUIDE
    assert f"| {relayer.MAX_FAILURES} tries |" in GUIDE
    assert (gas.PRICE_MARGIN, gas.PROMISES_PER_ACCOUNT) == (2, 10)
    assert re.search(rf"\b{gas.STEPS_AHEAD} more steps", GUIDE)


def test_a_paid_fits_its_promise_with_room() -> None:
    signed = MEASURED["eth_direct_total"] - MEASURED["eth_fund_release"] + 6_000
    assert 2 * (signed + nonces.SMALL_ROOM_GAS) < gas.PAID_GAS
