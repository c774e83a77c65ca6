"""The bucket refills evenly, the outbox is bounded, the origin is exact."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from realtime.allowance import Bucket
from realtime.origin import ExactOrigin
from realtime.outbox import Outbox, Overflow


def test_bucket_gives_its_size_at_once_and_then_its_rate() -> None:
    now = [100.0]
    bucket = Bucket(20, 10.0, clock=lambda: now[0])
    assert sum(bucket.take() for _ in range(1000)) == 20
    now[0] += 1.0
    assert sum(bucket.take() for _ in range(1000)) == 2
    now[0] += 3600.0
    assert sum(bucket.take() for _ in range(1000)) == 20


def outbox(write: Any, **bounds: Any) -> Outbox:
    return Outbox(
        write, **({"most_frames": 3, "most_characters": 100, "stall_seconds": 1} | bounds)
    )


async def test_outbox_writes_in_order_and_hints_melt_into_one() -> None:
    """K03, K13: a thousand hints for a slow reader cost one frame per topic."""
    written: list[Any] = []
    done = asyncio.Event()

    async def write(text: str) -> None:
        written.append(json.loads(text))
        if len(written) == 4:
            done.set()

    box = outbox(write)
    box.put('{"n":1}')
    box.put('{"n":2}')
    for seq in [*range(1000), None, 5]:
        box.hint("room:a", seq)
    box.hint("room:b", None)
    running = asyncio.create_task(box.run())
    await asyncio.wait_for(done.wait(), 1)
    running.cancel()
    assert written == [
        {"n": 1},
        {"n": 2},
        {"v": 1, "kind": "hint", "topic": "room:a", "seq": 999},
        {"v": 1, "kind": "hint", "topic": "room:b"},
    ]


@pytest.mark.parametrize("frames", [["x"] * 4, ["x" * 60, "x" * 60]])
async def test_outbox_refuses_more_than_it_may_hold(frames: list[str]) -> None:
    """K13."""

    async def write(text: str) -> None:
        raise AssertionError

    box = outbox(write)
    for text in frames[:-1]:
        box.put(text)
    with pytest.raises(Overflow):
        box.put(frames[-1])


async def test_write_that_never_ends_is_an_overflow() -> None:
    """K13."""

    async def write(text: str) -> None:
        await asyncio.Event().wait()

    box = outbox(write, stall_seconds=0.05)
    box.put("x")
    with pytest.raises(Overflow):
        await asyncio.wait_for(box.run(), 1)


@pytest.mark.parametrize(
    ("origins", "opens"),
    [
        ([b"https://parley.example"], True),
        ([], False),
        ([b"null"], False),
        ([b""], False),
        ([b"http://parley.example"], False),
        ([b"https://parley.example:444"], False),
        ([b"https://parley.example/"], False),
        ([b"https://parley.example.evil"], False),
        ([b"https://sub.parley.example"], False),
        ([b"HTTPS://PARLEY.EXAMPLE"], False),
        ([b"https://evil.example", b"https://parley.example"], False),
        ([b"https://parley.example", b"https://parley.example"], False),
    ],
)
async def test_only_the_public_origin_opens_a_socket(origins: list[bytes], opens: bool) -> None:
    """K08."""
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "headers": [(b"host", b"x"), *((b"origin", o) for o in origins)]}
    await ExactOrigin(application, "https://parley.example")(scope, receive, send)
    assert [message["type"] for message in sent] == [
        "websocket.accept" if opens else "websocket.close"
    ]
