"""A conversation saved as a file is checked on /verify/ by anybody, and only the true one holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chat.models import Room
from tests.browser.chat.conftest import Open, say
from tests.browser.chat.test_sealed import SIZES, fits
from tests.plugin.browser import Visit

pytestmark = [pytest.mark.urls("tests.browser.chat.urls"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def saved(room: Room, alice: Any, bob: Any, open_as: Open, tmp_path: Path) -> Path:
    """What Alice saves after both have talked."""
    hers, his = open_as(alice), open_as(bob)
    say(hers, "I sent 231.40 EUR.")
    expect(his.locator(".msg")).to_have_count(1)
    say(his, "Nothing came.")
    expect(hers.locator(".msg")).to_have_count(2)
    hers.get_by_role("button", name="Sealed: who can read this").click()
    with hers.expect_download() as saving:
        hers.get_by_role("button", name="Save as a file").click()
    path = tmp_path / saving.value.suggested_filename
    saving.value.save_as(path)
    return path


def checked(page: Page, path: Path) -> str:
    """What the page says of a file, in its first sentence."""
    page.get_by_label("The file").set_input_files(path)
    result = page.locator("[data-result] .tip").first
    expect(result).to_contain_text(path.name)
    return result.inner_text()


def altered(path: Path, name: str, change: Any) -> Path:
    """The file with a change, spelt as the format asks."""
    file = json.loads(path.read_text())
    change(file)
    spelt = json.dumps(file, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    other = path.with_name(f"{name}.json")
    other.write_text(spelt)
    return other


def test_a_saved_file_holds_and_altered_ones_do_not(saved: Path, visit: Visit) -> None:
    """E06, E08: checked in a browser that knows nobody and asks the hub nothing."""
    page = visit(path="/verify/").page
    asked: list[str] = []
    assert "holds. 2 messages can be read" in checked(page, saved)
    lines = page.locator(".proof > .is-good")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("I sent 231.40 EUR.")
    page.on("request", lambda request: asked.append(request.url))

    entries = json.loads(saved.read_text())["entries"]
    messages = [at for at, entry in enumerate(entries) if entry.get("kind") == "message"]

    def swap_key(file: dict[str, Any]) -> None:
        one, other = (file["entries"][at] for at in messages[:2])
        one["key"], other["key"] = other["key"], one["key"]

    changes = {
        "key": swap_key,
        "room": lambda file: file.update(name="trade-2"),
        "dropped": lambda file: file["entries"].pop(messages[0]),
        "time": lambda file: file["entries"][messages[0]].update(at=1),
        "bindings": lambda file: file.update(bindings=[]),
    }
    for name, change in changes.items():
        path = altered(saved, name, change)
        assert "does not hold as a whole" in checked(page, path), name
    same = altered(saved, "same", lambda file: None)
    assert "holds. 2 messages" in checked(page, same)
    other = saved.with_name("shopping.json")
    other.write_text('{"bread":1}')
    assert "proves nothing" in checked(page, other)
    assert asked == []


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_the_result_has_no_barrier(saved: Path, visit: Visit, width: int, dark: bool) -> None:
    page = visit(path="/verify/", width=width, dark=dark).page
    checked(page, saved)
    fits(page, "verify", dark)
    checked(page, altered(saved, "altered", lambda file: file["entries"].pop()))
    fits(page, "verify-altered", dark)
