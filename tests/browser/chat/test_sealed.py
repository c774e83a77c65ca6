"""Two people talk sealed: the hub keeps what it cannot read, and the page says so when something is not as it was."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.models import Entry, Room
from chat.retention import remove_due
from tests.browser.chat.conftest import Open, ready, reopened, said, say, stored
from tests.drivers.pictures import keep

pytestmark = [pytest.mark.urls("tests.browser.chat.urls"), pytest.mark.django_db(transaction=True)]

CANARY = "quokka-231.40-marmalade"
SIZES = [(1280, False), (1280, True), (390, False), (390, True), (320, False)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def barriers(page: Page) -> list[str]:
    """The rules of WCAG 2.2 A and AA that the page breaks."""
    page.evaluate(Path("node_modules/axe-core/axe.min.js").read_text())
    result = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [f"{row['id']}: {row['nodes'][0]['html'][:160]}" for row in result["violations"]]


def fits(page: Page, name: str, dark: bool = False) -> None:
    """No finding of axe, no sideways scroll at this size; a picture for whoever wants to look."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    keep(page, f"sealed-{name}-{width}-{'dark' if dark else 'light'}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page) == []


def places_of(word: str) -> list[str]:
    """The tables in which the word stands, as text or as bytes."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s OR row::text LIKE %s',
                [f"%{word}%", f"%{word.encode().hex()}%"],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_two_people_talk_and_the_database_holds_no_word_of_it(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E16: the text is in no table, neither plain nor as bytes; both read all of it, also after a reload."""
    hers, his = open_as(alice), open_as(bob)
    say(hers, f"Hi Bob, {CANARY}.")
    expect(his.locator(".msg")).to_contain_text(CANARY)
    say(his, f"Seen: {CANARY}!")
    expect(hers.locator(".msg:not(.is-mine)")).to_contain_text(CANARY)
    his.reload()
    ready(his)
    expect(his.locator(".msg")).to_have_count(2)
    assert said(his) == said(hers) == [f"Hi Bob, {CANARY}.", f"Seen: {CANARY}!"]
    assert places_of("Alice") != [], "the search finds what is there"
    assert places_of(CANARY) == []


def test_the_keys_cannot_be_taken_out(room: Room, alice: Any, open_as: Open) -> None:
    """E14: what a hostile script finds in the store are handles, not keys."""
    page = open_as(alice)
    tried = page.evaluate(
        """async () => {
          const open = indexedDB.open("parley");
          const base = await new Promise(done => open.onsuccess = () => done(open.result));
          const all = shelf => new Promise(done => { const ask = base.transaction(shelf).objectStore(shelf).getAll(); ask.onsuccess = () => done(ask.result); });
          const keys = [...(await all("keys")).map(kept => kept.secret), ...(await all("device")).flatMap(({keys}) => [keys.signing.privateKey, keys.agreement.privateKey])];
          base.close();
          const outs = await Promise.all(keys.map(key => crypto.subtle.exportKey("pkcs8", key).then(() => "out", () => "kept")));
          return [outs.length, [...new Set(outs)]];
        }"""
    )
    assert tried[0] >= 3
    assert tried[1] == ["kept"]


WITHOUT_CURVES = """
for (const name of ["generateKey", "importKey"]) {
  const known = crypto.subtle[name].bind(crypto.subtle);
  crypto.subtle[name] = (...all) => /25519/.test(JSON.stringify(all)) ? Promise.reject(new DOMException("unknown", "NotSupportedError")) : known(...all);
}
"""


def test_a_browser_without_the_curves_talks_with_one_that_has_them(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E12: where WebCrypto knows neither curve the page computes them itself."""
    hers, his = open_as(alice), open_as(bob, script=WITHOUT_CURVES)
    say(hers, "Hello.")
    expect(his.locator(".msg")).to_contain_text("Hello.")
    say(his, "Good day.")
    expect(hers.locator(".msg:not(.is-mine)")).to_contain_text("Good day.")
    assert said(hers) == said(his) == ["Hello.", "Good day."]


def test_second_device_reads_from_then_on(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    """E11: what was said before stays closed to it, what is said afterwards is there on both."""
    hers, his = open_as(alice), open_as(bob)
    say(hers, "Before.")
    expect(his.locator(".msg")).to_contain_text("Before.")
    phone = open_as(bob, width=390)
    expect(phone.locator(".hidden-msg")).to_contain_text("An older message cannot be read here")
    expect(his.locator(".sys").filter(has_text="You signed in on another device")).to_be_visible()
    say(his, "From my desk.")
    expect(phone.locator(".msg.is-mine")).to_contain_text("From my desk.")
    expect(hers.locator(".msg:not(.is-mine)")).to_contain_text("From my desk.")
    assert said(phone) == ["From my desk."]


def test_new_device_of_the_other_side_is_asked_about(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E02: a warning in words, sending stops, nothing of the device is shown until it is accepted."""
    hers, his = open_as(alice), open_as(bob)
    say(hers, "Hello.")
    expect(his.locator(".msg")).to_contain_text("Hello.")
    phone = open_as(bob)
    say(phone, "My new phone.")
    stored(phone, 1)
    question = hers.get_by_role("group", name="New device of Bob")
    expect(question).to_contain_text("signed by the wallet of the account")
    expect(hers.locator(".hidden-msg")).to_contain_text("a device that you have not accepted")
    say(hers, "Is it you?")
    expect(hers.locator(".is-unsent")).to_contain_text("waits until you accept")
    assert said(hers) == ["Hello."]
    hers.get_by_role("button", name="Not now").click()
    expect(question).to_have_count(0)
    expect(hers.locator(".alerts")).to_contain_text("Nothing is sent")
    hers.get_by_role("button", name="Look at it").click()
    hers.get_by_role("button", name="Accept this device").click()
    expect(hers.locator(".msg:not(.is-mine)")).to_contain_text("My new phone.")
    expect(phone.locator(".msg:not(.is-mine)")).to_contain_text("Is it you?")
    hers.reload()
    ready(hers)
    expect(hers.locator(".msg")).to_have_count(3)
    expect(hers.locator(".alerts")).to_be_empty()


@pytest.mark.parametrize(("width", "dark"), SIZES)
def test_question_and_sheet_have_no_barrier(
    room: Room, alice: Any, bob: Any, open_as: Open, width: int, dark: bool
) -> None:
    hers = open_as(alice, width=width, dark=dark)
    open_as(bob)
    say(hers, "Hello.")
    stored(hers, 1)
    fits(hers, "talk", dark)
    open_as(bob)
    expect(hers.get_by_role("group", name="New device of Bob")).to_be_visible()
    fits(hers, "new-device", dark)
    hers.get_by_role("button", name="Not now").click()
    fits(hers, "not-now", dark)
    hers.get_by_role("button", name="Sealed: who can read this").click()
    expect(hers.get_by_role("dialog")).to_contain_text("Who can read this")
    fits(hers, "sheet", dark)
    hers.keyboard.press("Escape")
    expect(hers.get_by_role("dialog")).to_have_count(0)


def test_cleared_browser_says_what_is_lost_and_goes_on(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E11: the session lives, the keys are gone: nothing is shown as text, the way on is one button."""
    hers, his = open_as(alice), open_as(bob)
    say(hers, "Before.")
    expect(his.locator(".msg")).to_contain_text("Before.")
    context = his.context
    his.goto("/guide/")
    his.evaluate("() => new Promise(done => indexedDB.deleteDatabase('parley').onsuccess = done)")
    his.close()
    again = reopened(context)
    expect(again.locator(".alerts")).to_contain_text("has not signed this browser's keys")
    assert said(again) == []
    expect(again.get_by_role("link", name="Sign in again")).to_be_visible()


def test_two_tabs_take_no_index_twice(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    """E10, K04: both tabs send at once; everything is there once, in one chain."""
    hers, his = open_as(alice, provokes=("409",)), open_as(bob)
    second = reopened(hers.context)
    for number in range(4):
        say(hers, f"one {number}")
        say(second, f"two {number}")
    expect(his.locator(".msg")).to_have_count(8)
    assert sorted(said(his)) == sorted(
        [f"{tab} {number}" for tab in ("one", "two") for number in range(4)]
    )
    expect(his.locator(".hidden-msg, .seal-alarm")).to_have_count(0)
    expect(hers.locator(".is-unsent")).to_have_count(0)


def test_cut_of_thirty_seconds_loses_nothing(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """K01, K03: both write while one is away; afterwards both have everything, each message once."""
    hers, his = open_as(alice, provokes=("net::ERR",)), open_as(bob)
    say(hers, "Before.")
    expect(his.locator(".msg")).to_contain_text("Before.")
    stored(hers, 1)
    hers.context.set_offline(True)
    away = time.monotonic()
    say(hers, "Written while away.")
    say(his, "Are you there?")
    stored(his, 1)
    expect(hers.locator(".is-unsent")).to_contain_text("Written while away.")
    hers.wait_for_timeout(max(0, 30_000 - (time.monotonic() - away) * 1000))
    assert said(hers) == ["Before."]
    hers.context.set_offline(False)
    expect(hers.locator(".msg:not(.is-unsent)")).to_have_count(3, timeout=40_000)
    expect(his.locator(".msg")).to_have_count(3, timeout=40_000)
    assert said(hers) == said(his)
    assert room.entries.filter(kind="message").count() == 3


# --- a hub that turned hostile -------------------------------------------------------------------


def test_altered_message_is_never_shown_as_text(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E03: one byte in the store; the others stay readable."""
    hers, his = open_as(alice), open_as(bob)
    for text in ("One.", "Two.", "Three."):
        say(hers, text)
    expect(his.locator(".msg")).to_have_count(3)
    entry = room.entries.filter(kind="message").order_by("seq")[1]
    body = bytearray(entry.body)
    body[-70] ^= 1
    Entry.objects.filter(pk=entry.pk).update(body=bytes(body))
    his.reload()
    ready(his)
    expect(his.locator(f"#m-{entry.seq}.hidden-msg.is-grave")).to_contain_text(
        "could not be verified"
    )
    assert "Two." not in said(his)
    expect(his.get_by_role("alert")).to_contain_text("This conversation was tampered with")
    fits(his, "alarm")


def test_dropped_message_is_noticed_after_a_reload(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """E04: the hub forgets the last message; who saw it is told."""
    hers, his = open_as(alice), open_as(bob)
    for text in ("One.", "Two."):
        say(hers, text)
    expect(his.locator(".msg")).to_have_count(2)
    last = room.entries.order_by("-seq")[0]
    last.delete()
    Room.objects.filter(pk=room.pk).update(last_seq=last.seq - 1)
    his.reload()
    ready(his)
    expect(his.get_by_role("alert")).to_contain_text("shows less of this room")
    assert said(his) == ["One."]


def test_what_was_removed_after_its_time_says_so(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """The trade's lines and the place of each message stay; nothing about it is alarming."""
    hers = open_as(alice)
    open_as(bob)
    say(hers, "My account is 12345.")
    stored(hers, 1)
    Room.objects.update(kept_until=timezone.now() - timedelta(days=1))
    assert remove_due() == 1
    again = reopened(hers.context)
    expect(again.locator(".hidden-msg")).to_contain_text("This message was removed")
    expect(again.locator(".seal-alarm")).to_have_count(0)
    expect(again.locator("[data-ended]")).to_be_visible()
    assert "12345" not in again.locator("app-chat").inner_text()
