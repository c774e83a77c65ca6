"""Evidence files that the page's code made, checked by the Python reader and by the command: true ones hold, touched ones do not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.sealed.bundle import Verdict, verify_bundle
from chat.sealed.errors import Unsealed
from chat.sealed.log import canonical_json
from marketplace.management.commands.verify_bundle import recovered
from stack import node
from stack.folders import ROOT

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """By name: whole, partial, none, unbound, other."""
    done = subprocess.run(
        ["node", "tests/frontend/make_bundle.mjs"],
        cwd=ROOT,
        env=node.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    bundles: dict[str, str] = json.loads(done.stdout)
    return bundles


def check(text: str) -> Verdict:
    return verify_bundle(text.encode(), recovered)


def touched(text: str, change: Change) -> Verdict:
    """The verdict over a file that somebody changed, in its one spelling."""
    file = json.loads(text)
    change(file)
    return check(canonical_json(file))


def test_whole_bundle_holds_and_reads_as_it_was_said(made: dict[str, str]) -> None:
    verdict = check(made["whole"])
    assert (verdict.is_whole, verdict.faults) == (True, [])
    assert [(line.seq, line.what) for line in verdict.lines] == [
        (1, "key"),
        (2, "key"),
        (3, "message"),
        (4, "message"),
        (5, "message"),
        (6, "line"),
        (7, "opening"),
        (13, "line"),
    ]
    said = [line.text for line in verdict.lines if line.what == "message"]
    assert said == ["I sent 231.40 EUR.", "Nothing came.", "Look again, please."]
    authors = [line.address for line in verdict.lines if line.what == "message"]
    assert authors[0] == authors[2] == verdict.by.lower() != authors[1]
    assert verdict.unsigned_devices == []


def test_chosen_lines_leave_gaps_that_are_gaps(made: dict[str, str]) -> None:
    """E07: what was not shown has its place and its hash, and the heads go over it."""
    for name, shown in (("partial", {5}), ("none", set())):
        verdict = check(made[name])
        assert verdict.is_whole
        assert {line.seq for line in verdict.lines if line.what == "message"} == shown
        assert {line.seq for line in verdict.lines if line.what == "closed"} == {3, 4, 5, 7} - shown


def entry(file: dict[str, Any], seq: int) -> dict[str, Any]:
    return next(one for one in file["entries"] if one["seq"] == seq)


def flip(holder: dict[str, Any], field: str, at: int = 100) -> None:
    text = holder[field]
    at %= len(text)
    holder[field] = text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]


TOUCHES: dict[str, Change] = {
    "a byte of a message": lambda file: flip(entry(file, 4), "body", 900),
    "a message's key": lambda file: flip(entry(file, 4), "key"),
    "another message's key": lambda file: entry(file, 4).update(key=entry(file, 3)["key"]),
    "a message's time": lambda file: entry(file, 4).update(at=5),
    "a line's words": lambda file: flip(entry(file, 6), "body", 40),
    "a message left out": lambda file: file["entries"].remove(entry(file, 4)),
    "two messages exchanged": lambda file: file["entries"].insert(2, file["entries"].pop(3)),
    "a message twice": lambda file: file["entries"].insert(3, entry(file, 3)),
    "the room": lambda file: file.update(name="trade-AAAA-11"),
    "the chain": lambda file: file.update(chainId=1),
    "the contract": lambda file: flip(file, "contract"),
    "the hub's key": lambda file: flip(file, "hub"),
    "the receipt": lambda file: flip(file["receipt"], "signature"),
    "the receipt's number": lambda file: file["receipt"].update(seq=7),
    "the maker's signature": lambda file: flip(file, "signature"),
    "the maker": lambda file: flip(file, "by"),
    "the trade": lambda file: file.update(trade="0x" + "11" * 32),
    "a sign-in": lambda file: flip(file["bindings"][0], "message", 60),
    "no sign-ins": lambda file: file.update(bindings=[]),
    "a hidden hash": lambda file: (
        entry(file, 4).clear(),
        file["entries"][3].update(seq=4, hash="00" * 32),
    ),
}


@pytest.mark.parametrize("name", TOUCHES)
def test_touched_bundle_does_not_hold(made: dict[str, str], name: str) -> None:
    """E06, E08: any change is found, also where the one who changes it spells the file rightly."""
    assert not touched(made["whole"], TOUCHES[name]).is_whole


def test_messages_of_another_trade_prove_nothing_here(made: dict[str, str]) -> None:
    """E08: they are false, each, and not only the file."""
    there = json.loads(made["other"])

    def swap(file: dict[str, Any]) -> None:
        entry(file, 4).update(entry(there, 4))

    verdict = touched(made["whole"], swap)
    assert next(line for line in verdict.lines if line.seq == 4).what == "bad"


def test_device_without_its_sign_in_proves_nothing(made: dict[str, str]) -> None:
    """E01: who wrote it is not what the hub says, but what a wallet signed."""
    verdict = check(made["unbound"])
    bad = [line for line in verdict.lines if line.what == "bad"]
    assert [line.seq for line in bad] == [2, 4, 7]
    assert all("not bound to the account" in line.why for line in bad)
    assert not verdict.is_whole


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"{}", b"[]", b"null", b'{"kind":"parley evidence","v":2}', b"[" * 100_000],
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(Unsealed):
        verify_bundle(data, recovered)


@pytest.mark.parametrize("field", ["bindings", "entries", "receipt", "by", "v", "signature"])
def test_fields_of_other_types_are_refused(made: dict[str, str], field: str) -> None:
    file = json.loads(made["whole"])
    for wrong in (None, 7, {}, "x"):
        file[field] = wrong
        with pytest.raises(Unsealed):
            check(canonical_json(file))
    del file[field]
    with pytest.raises(Unsealed):
        check(canonical_json(file))


def test_another_spelling_is_refused(made: dict[str, str]) -> None:
    with pytest.raises(Unsealed, match="spelling"):
        check(json.dumps(json.loads(made["whole"])))


def test_command_tells_each_line_and_whether_all_is_true(
    made: dict[str, str], tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(made["partial"], encoding="utf-8")
    call_command("verify_bundle", str(file))
    said = capsys.readouterr().out
    assert "wrote: Look again, please." in said
    assert "    3  not shown" in said
    assert "Everything that is shown holds." in said

    file.write_text(made["unbound"], encoding="utf-8")
    with pytest.raises(CommandError, match="Not everything"):
        call_command("verify_bundle", str(file))
    assert "FALSE: Its device is not bound" in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify_bundle", str(tmp_path / "absent"))


def test_command_ends_with_one_when_anything_is_false(made: dict[str, str], tmp_path: Path) -> None:
    """E06: as a program of its own; a time that no calendar has is told, not stumbled over."""
    file = tmp_path / "evidence.json"
    for change, code, said in (
        (None, 0, "Everything that is shown holds."),
        (2**53 - 1, 1, f"second {2**53 - 1}"),
    ):
        changed = json.loads(made["whole"])
        if change is not None:
            entry(changed, 3).update(at=change)
        file.write_text(canonical_json(changed), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "manage.py", "verify_bundle", str(file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
        assert "Traceback" not in done.stderr
