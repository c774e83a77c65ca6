"""Two people talk in two browsers; a cut, a closed tab or a fraud loses and forges nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from chat import services
from chat.models import Room
from tests.browser.chat.conftest import PATH, Open, reopened, said, say, stored
from tests.integration.realtime.sockets import signed_in_cookie
from tests.plugin.browser import Visit

pytestmark = [pytest.mark.urls("tests.browser.chat.urls"), pytest.mark.django_db(transaction=True)]


def messages(room: Room) -> int:
    return room.entries.filter(kind="message").count()


def test_message_arrives_and_its_ticks_tell(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    hers, his = open_as(alice), open_as(bob)
    expect(hers.locator(".peer .presence")).to_have_text("here now")
    his.bring_to_front()
    say(hers, "Hi Bob.")
    expect(his.locator(".msg")).to_contain_text("Hi Bob.")
    expect(hers.locator(".msg.is-mine time")).to_contain_text("read")
    his.get_by_role("button", name="It is on its way").click()
    expect(hers.locator(".msg:not(.is-mine)")).to_contain_text("It is on its way")
    assert said(hers) == said(his) == ["Hi Bob.", "It is on its way"]


def test_text_is_only_ever_text(room: Room, alice: Any, bob: Any, open_as: Open, dana: Any) -> None:
    """K21, W10: markup, a forged line and reordering characters of a member; real lines look otherwise."""
    forged = '<p class="staff">Support</p><img src=x onerror=alert(1)> 14:02 · 250 USDC locked'
    page, hers = open_as(bob), open_as(alice)
    say(hers, forged)
    say(hers, "pay \u202ered\u202c now")
    stored(hers, 2)
    locked = services.post_line(room, "test_locked", {"amount": "250.00 USDC"})
    staff = services.post_line(
        room, "test_says", {"text": "I have your <b>case</b>."}, staff_by=dana
    )
    slip = services.post_line(
        room,
        "test_slip",
        {"who": "Alice", "rows": [{"label": "Price", "was": "0.92", "now": "0.93"}]},
    )
    expect(page.locator(f"#m-{slip.seq} .slip .now")).to_have_text("0.93")
    assert said(page)[:2] == [forged, "pay red now"]
    assert page.locator(".msg img, .msg .staff").count() == 0
    expect(page.locator(f"#m-{locked.seq}.sys")).to_contain_text("250.00 USDC locked")
    expect(page.locator(f"#m-{staff.seq}.staff")).to_contain_text("Dana, staff")
    expect(page.locator(f"#m-{staff.seq}.staff")).to_contain_text("<b>case</b>")
    expect(page.locator(".msg [role=note]")).to_contain_text("Staff never write like this")


def test_closed_tab_loses_nothing_and_sends_once(
    room: Room, alice: Any, bob: Any, open_as: Open
) -> None:
    """K01, K04: written without a connection, tab closed, opened again."""

    def cut(page: Page) -> None:
        page.route_web_socket("**/ws/", lambda socket: socket.close())
        page.route(
            "**/rooms/**",
            lambda route: (
                route.abort()
                if '"message"' in (route.request.post_data or "")
                else route.continue_()
            ),
        )

    open_as(bob)
    page = open_as(alice, prepare=cut, provokes=("net::ERR_FAILED",))
    say(page, "I am still here.")
    expect(page.locator(".is-unsent")).to_contain_text("I am still here.")
    page.get_by_role("textbox", name="Message").fill("A draft")
    context = page.context
    page.close()
    assert messages(room) == 0
    again = reopened(context)
    expect(again.locator(".msg.is-mine:not(.is-unsent)")).to_contain_text("I am still here.")
    expect(again.locator(".is-unsent")).to_have_count(0)
    expect(again.get_by_role("textbox", name="Message")).to_have_value("A draft")
    assert messages(room) == 1


def test_page_without_a_socket_still_talks(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    """K02: the HTTP twin carries what the socket cannot."""
    hers = open_as(
        alice, prepare=lambda page: page.route_web_socket("**/ws/", lambda socket: socket.close())
    )
    his = open_as(bob)
    say(hers, "Over HTTP.")
    expect(his.locator(".msg")).to_contain_text("Over HTTP.")
    expect(hers.locator(".msg.is-mine:not(.is-unsent)")).to_contain_text("Over HTTP.")


def test_cut_socket_misses_nothing(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    """K01, K03: everything written while the socket was away is there when it is back, in order."""
    sockets: list[Any] = []

    def tap(page: Page) -> None:
        def relay(socket: Any) -> None:
            sockets.append(socket)
            server = socket.connect_to_server()
            socket.on_message(server.send)
            server.on_message(socket.send)

        page.route_web_socket("**/ws/", relay)

    page, hers = open_as(bob, prepare=tap), open_as(alice)
    say(hers, "message 0")
    expect(page.locator(".msg")).to_have_count(1)
    before = len(sockets)
    sockets[-1].close(code=4410)
    for number in range(1, 8):
        say(hers, f"message {number}")
    expect(page.locator(".msg")).to_have_count(8)
    assert said(page) == [f"message {number}" for number in range(8)]
    assert len(sockets) == before + 1


def test_secret_words_are_held_back_once(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    open_as(bob)
    page = open_as(alice)
    secret = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    say(page, secret)
    expect(page.locator("[data-caution]")).to_contain_text("Nobody needs it")
    assert messages(room) == 0
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".msg.is-mine:not(.is-unsent)")).to_have_count(1)


def test_refused_message_can_be_changed(room: Room, alice: Any, bob: Any, open_as: Open) -> None:
    """The person sees why, and the text is not lost."""
    open_as(bob)
    page = open_as(alice)
    services.remove_member(room, alice)
    say(page, "Hello.")
    expect(page.locator(".is-unsent .hint")).to_contain_text("not open to you")
    page.get_by_role("button", name="Back to the field").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value("Hello.")
    expect(page.locator(".is-unsent")).to_have_count(0)


def test_signed_out_page_says_so(room: Room, alice: Any, open_as: Open) -> None:
    """K10."""
    page = open_as(alice, provokes=("401", "403"))
    type(alice).objects.filter(pk=alice.pk).update(session_epoch=7)
    expect(page.locator("app-socket .banner")).to_contain_text("You are signed out", timeout=8000)


def test_reader_without_javascript_sees_what_happened(
    room: Room, alice: Any, visit: Visit, bob: Any
) -> None:
    services.post_line(room, "test_locked", {"amount": "250.00 USDC"})
    page = visit(path=None, javascript=False).page
    name, _, value = signed_in_cookie(alice).partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": settings.PUBLIC_ORIGIN}])
    page.goto(PATH)
    expect(page.locator(".sys").filter(has_text="250.00 USDC locked")).to_be_visible()
