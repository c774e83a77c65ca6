"""The socket of the real server: who may shake hands, and what raw hostile bytes get."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from chat import services
from realtime import presence
from tests.drivers.sealing import Talk
from tests.integration.realtime.server import Server
from tests.integration.realtime.sockets import signed_in_cookie


def test_handshake_needs_exactly_our_origin(server: Server) -> None:
    """K08."""
    ours = settings.PUBLIC_ORIGIN
    evil = [
        None,
        "null",
        "http://evil.example",
        "https://localhost",
        f"{ours}.evil.example",
        f"{ours}/",
    ]
    for origin in evil:
        with pytest.raises(InvalidStatus) as refused:
            server.open(origin=origin)
        assert refused.value.response.status_code == 403
    with server.open() as tab:
        assert json.loads(tab.recv(timeout=5))["kind"] == "welcome"


def test_other_paths_have_no_socket(server: Server) -> None:
    from websockets.sync.client import connect

    with pytest.raises(InvalidStatus):
        connect(f"ws://127.0.0.1:{server.port}/ws/other/", origin=settings.PUBLIC_ORIGIN)


def _closed_by(hostile: Callable[[ClientConnection], Any], tab: ClientConnection) -> int:
    """The close code, or 1006 where the server hung up before it had read all."""
    with contextlib.suppress(ConnectionClosed):
        hostile(tab)
        while True:
            tab.recv(timeout=5)
    return tab.protocol.close_code or 0


def test_hostile_frames_end_the_socket_and_leave_memory_flat(server: Server) -> None:
    """K11: a large frame, one that announces a gigabyte, broken UTF-8, binary, and a fragmented flood."""
    before = server.resident_mib()
    for _ in range(5):
        for hostile, code in [
            (lambda tab: tab.send("x" * 1_000_000), 1009),
            (lambda tab: tab.send("x" * 65_537), 1009),
            (lambda tab: tab.send(b"\x00\x01"), 1003),
            (lambda tab: tab.send("x" * 1000 for _ in range(200)), 1009),
        ]:
            with server.open() as tab:
                assert _closed_by(hostile, tab) in {code, 1006}
        _send_raw(
            server, b"\x81\xff" + (2**30).to_bytes(8, "big") + b"\x00\x00\x00\x00" + b"x" * 1000
        )
        _send_raw(server, b"\x81\x82\x00\x00\x00\x00\xff\xfe")
    assert server.resident_mib() - before < 20


def _send_raw(server: Server, data: bytes) -> None:
    """Shake hands by hand, send `data`, expect to be hung up on."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as raw:
        raw.sendall(
            f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Origin: {settings.PUBLIC_ORIGIN}\r\n\r\n".encode()
        )
        raw.settimeout(5)
        assert b"101" in raw.recv(4096)
        raw.sendall(data)
        while raw.recv(4096):
            pass


@pytest.mark.django_db(transaction=True)
def test_reader_that_takes_nothing_costs_little_and_heals(
    server: Server, alice: Any, bob: Any
) -> None:
    """K03, K13: 3,000 hints to a paused reader; its memory is bounded and its next pull is complete."""
    room = services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    paused = server.open(signed_in_cookie(alice), max_queue=1)
    paused.send('{"v":1,"op":"subscribe","id":"s","topic":"room:trade-1"}')
    while json.loads(paused.recv(timeout=5)).get("id") != "s":
        pass
    before = server.resident_mib()
    from realtime.hints import publish

    for seq in range(3000):
        assert publish(room.topic, seq)
    time.sleep(0.5)
    assert server.resident_mib() - before < 10
    Talk(room).say(bob)
    paused.send('{"v":1,"op":"pull","id":"p","topic":"room:trade-1","data":{"after":0}}')
    frames = []
    while not frames or frames[-1].get("id") != "p":
        frames.append(json.loads(paused.recv(timeout=5)))
    assert [entry["seq"] for entry in frames[-1]["data"]["entries"]] == [1, 2]
    paused.close()


@pytest.mark.django_db(transaction=True)
def test_socket_that_goes_away_is_forgotten(server: Server, alice: Any, bob: Any) -> None:
    services.open_room("trade-1", members=[(alice, "seller"), (bob, "buyer")])
    tab = server.open(signed_in_cookie(alice))
    tab.send('{"v":1,"op":"subscribe","id":"s","topic":"room:trade-1"}')
    while json.loads(tab.recv(timeout=5)).get("id") != "s":
        pass
    assert presence.is_here("room:trade-1", alice.pk)
    tab.socket.close()
    deadline = time.monotonic() + 5
    while presence.is_here("room:trade-1", alice.pk):
        assert time.monotonic() < deadline
        time.sleep(0.05)
