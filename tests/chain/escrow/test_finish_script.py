"""The stand-alone script ends a funded trade from each live state with a node, an address, an id and a key (show 6)."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from escrow.chain.types import DISPUTED, NONE, PAID, TradeTerms
from tests.chain.escrow.conftest import DAY, ETHER, Walker

SCRIPT = Path(__file__).parents[3] / "docs" / "runbook" / "finish_trade.py"
FEE = ETHER * 50 // 10_000


def run(
    walker: Walker,
    terms: TradeTerms,
    role: str,
    *wanted: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What the script says, run by one person of the cast."""
    key = "0x" + bytes(getattr(walker, role).key).hex()
    arguments = [str(SCRIPT), walker.node.rpc.url, walker.node.contract, terms.trade_id, *wanted]
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setenv("KEY", key)
    try:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as ended:
        return str(ended.code)
    return capsys.readouterr().out


# Each row: state, seconds to wait, role, what it may do then.
CHOICES = [
    ("FUNDED", 0, "seller", "release"),
    ("FUNDED", 0, "buyer", "markPaid, cancel"),
    ("FUNDED", 0, "arbitrator", "nothing"),
    ("FUNDED", 0, "stranger", "nothing"),
    ("FUNDED", 1_801, "seller", "release, reclaim"),
    ("FUNDED", 1_801 + DAY, "seller", "release, reclaim, timeout"),
    ("FUNDED", 1_801 + DAY, "buyer", "cancel, timeout"),
    ("FUNDED", 1_801 + DAY, "stranger", "timeout"),
    ("PAID", 0, "seller", "release, dispute"),
    ("PAID", 0, "buyer", "cancel, dispute"),
    ("PAID", 0, "arbitrator", "nothing"),
    ("PAID", 3 * DAY + 1, "buyer", "cancel, timeout, dispute"),
    ("PAID", 3 * DAY + 1, "stranger", "timeout"),
    ("DISPUTED", 0, "seller", "release"),
    ("DISPUTED", 0, "buyer", "cancel"),
    ("DISPUTED", 0, "arbitrator", "rule"),
    ("DISPUTED", 0, "stranger", "nothing"),
    ("DISPUTED", 14 * DAY + 1, "arbitrator", "timeout"),
    ("DISPUTED", 14 * DAY + 1, "buyer", "cancel, timeout"),
]


@pytest.mark.parametrize(("status", "wait", "role", "choices"), CHOICES)
def test_script_says_what_a_person_may_do_in_each_state(
    walker: Walker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    wait: int,
    role: str,
    choices: str,
) -> None:
    terms = walker.funded(status)
    walker.skip(wait)
    said = run(walker, terms, role, monkeypatch=monkeypatch, capsys=capsys)
    assert said == f"{getattr(walker, role).address} may now: {choices}"


# Each row: state, seconds to wait, role, words on the command line, what the buyer has got.
ENDINGS = [
    ("FUNDED", 0, "seller", ["release"], ETHER - FEE),
    ("FUNDED", 0, "buyer", ["cancel"], 0),
    ("FUNDED", 1_801, "seller", ["reclaim"], 0),
    ("FUNDED", 1_801 + DAY, "stranger", ["timeout"], 0),
    ("PAID", 0, "seller", ["release"], ETHER - FEE),
    ("PAID", 0, "buyer", ["cancel"], 0),
    ("PAID", 3 * DAY + 1, "buyer", ["timeout"], ETHER - FEE),
    ("DISPUTED", 0, "seller", ["release"], ETHER - FEE),
    ("DISPUTED", 0, "buyer", ["cancel"], 0),
    ("DISPUTED", 0, "arbitrator", ["rule", str(ETHER // 4)], ETHER // 4),
    ("DISPUTED", 14 * DAY + 1, "stranger", ["timeout"], ETHER // 2),
]


@pytest.mark.parametrize(("status", "wait", "role", "words", "to_buyer"), ENDINGS)
def test_script_ends_the_trade(
    walker: Walker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    wait: int,
    role: str,
    words: list[str],
    to_buyer: int,
) -> None:
    """Balances are asserted, less the gas that the sender himself paid."""
    terms = walker.funded(status)
    walker.skip(wait)
    seller, buyer = walker.balance(walker.seller), walker.balance(walker.buyer)
    said = run(walker, terms, role, *words, monkeypatch=monkeypatch, capsys=capsys)
    assert said.startswith(f"{words[0]}: done in block")
    assert walker.node.escrow_state(terms.trade_id).status == NONE
    fee = FEE if to_buyer == ETHER - FEE else 0
    gained = {
        "seller": walker.balance(walker.seller) - seller,
        "buyer": walker.balance(walker.buyer) - buyer,
    }
    expected = {"seller": ETHER - to_buyer - fee, "buyer": to_buyer}
    for party, amount in expected.items():
        if party == role:
            assert 0 < amount - gained[party] < ETHER // 100, "only gas is missing"
        else:
            assert gained[party] == amount


@pytest.mark.parametrize(
    ("status", "role", "move", "after"),
    [
        ("FUNDED", "buyer", "markPaid", PAID),
        ("PAID", "seller", "dispute", DISPUTED),
        ("PAID", "buyer", "dispute", DISPUTED),
    ],
)
def test_script_moves_a_trade_on(
    walker: Walker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    role: str,
    move: str,
    after: int,
) -> None:
    terms = walker.funded(status)
    run(walker, terms, role, move, monkeypatch=monkeypatch, capsys=capsys)
    assert walker.node.escrow_state(terms.trade_id).status == after


def test_script_does_not_do_what_is_not_possible(
    walker: Walker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terms = walker.funded()
    before = walker.node.nonce_of(walker.buyer.address)
    said = run(walker, terms, "buyer", "release", monkeypatch=monkeypatch, capsys=capsys)
    assert said.endswith("may now: markPaid, cancel")
    assert walker.node.nonce_of(walker.buyer.address) == before


def test_script_needs_nothing_of_ours(walker: Walker, tmp_path: Path) -> None:
    """In a process of its own, elsewhere, without our code on its path; tokens too."""
    terms = walker.funded("PAID", token=walker.usdc, amount=250_000_000)
    command = [
        sys.executable,
        "-I",
        str(SCRIPT),
        walker.node.rpc.url,
        walker.node.contract,
        terms.trade_id,
    ]
    key = "0x" + bytes(walker.seller.key).hex()
    environment = {"PATH": os.environ["PATH"], "KEY": key, "FROM_BLOCK": "1"}
    done = subprocess.run(
        [*command, "release"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("release: done in block")
    assert walker.balance(walker.buyer, walker.usdc) == 248_750_000
