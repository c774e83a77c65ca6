"""What `manage.py bench chat` runs in a process of its own, on servers given by the environment; prints one JSON object.

People talk in rooms of two, sealed, over one web process, beside a thousand sockets that only listen. So many messages are on
their way at once; a message has arrived when the other's browser has pulled it. The same number of texts goes through a bare
echo in the same process afterwards.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import statistics
import sys
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import django

ROOMS, IDLE, SOCKETS_PER_IDLER = 150, 1_000, 10
ON_THEIR_WAY = 16
SECONDS = 20.0
MESSAGE = (
    "I have sent 231.40 EUR to your account. The reference is in it, please look when you can."
)


def main(seconds: float) -> None:
    """Measure and print."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from tests.integration.realtime.server import Server

    people, idlers = invited()
    server = Server("tests.faultmachine.echo:application")
    try:
        print(json.dumps(asyncio.run(measure(server, people, idlers, seconds))))
    finally:
        server.stop()


@dataclass
class Talker:
    """One person's browser: its wire, its log, and what it has sealed."""

    cookie: str
    room: str
    voice: Any
    wire: Any = None
    peer: Any = None
    log: dict[int, dict[str, Any]] = field(default_factory=dict)
    index: int = 0
    last: bytes = bytes(32)
    waiting: dict[str, tuple[float, asyncio.Future[float]]] = field(default_factory=dict)
    answers: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    hinted: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def open(self, server: Any) -> None:
        self.wire = await connected(server, "/ws/", self.cookie)
        self.tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._follow())]
        await self._ask({"op": "subscribe", "topic": f"room:{self.room}"})
        await self._pull()

    async def say(self) -> float:
        """Seal and send; seconds until the other has it."""
        client_id = uuid.uuid4().hex
        body = self._sealed(client_id)
        arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.peer.waiting[client_id] = (time.perf_counter(), arrived)
        data = {
            "v": 2,
            "kind": "message",
            "clientId": client_id,
            "body": base64.b64encode(body).decode(),
        }
        frame = {"op": "act", "action": "post", "topic": f"room:{self.room}", "data": data}
        answer = await self._ask(frame)
        assert answer["kind"] == "reply", answer
        return await arrived

    def _sealed(self, client_id: str) -> bytes:
        from chat.sealed.layout import KeyStatement
        from chat.sealed.messages import text

        device, cursor = self.voice.device, max(self.log)
        keys = [
            KeyStatement.parse(base64.b64decode(entry["body"]))
            for entry in self.log.values()
            if entry["kind"] == "key"
        ]
        envelope, _ = device.seal(
            text(MESSAGE),
            own=next(key for key in keys if key.device == device.name),
            readers=keys,
            room=keys[0].room,
            client_id=bytes.fromhex(client_id),
            index=self.index + 1,
            previous=self.last,
            seen=cursor,
            seen_head=bytes.fromhex(self.log[cursor]["head"]),
        )
        self.index, self.last = self.index + 1, envelope.name
        return bytes(envelope.packed)

    async def _ask(self, frame: dict[str, Any]) -> dict[str, Any]:
        number = uuid.uuid4().hex
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.answers[number] = answer
        await self.wire.send(json.dumps({"v": 1, "id": number, **frame}))
        return await answer

    async def _listen(self) -> None:
        async for text in self.wire:
            frame = json.loads(text)
            if frame["kind"] == "hint":
                self.hinted.set()
            elif frame.get("id") in self.answers:
                self.answers.pop(frame["id"]).set_result(frame)

    async def _follow(self) -> None:
        while True:
            await self.hinted.wait()
            self.hinted.clear()
            await self._pull()

    async def _pull(self) -> None:
        after = max(self.log, default=0)
        page = await self._ask(
            {"op": "pull", "topic": f"room:{self.room}", "data": {"after": after}}
        )
        for entry in page["data"]["entries"]:
            self.log[entry["seq"]] = entry
            if (waiting := self.waiting.pop(entry.get("clientId", ""), None)) is not None:
                waiting[1].set_result(time.perf_counter() - waiting[0])
        if page["data"]["last"] > max(self.log, default=0):
            self.hinted.set()


def invited() -> tuple[list[Talker], list[str]]:
    """Two people in each room, with devices and keys, and the cookies of those who only listen."""
    from chat import services
    from escrow.fields import checksum_address
    from marketplace.accounts.models import User
    from tests.drivers.sealing import bare_voice_of
    from tests.integration.realtime.sockets import signed_in_cookie

    def user(number: int) -> User:
        address = checksum_address(f"0x{number:040x}")
        made: User = User.objects.create(address=address, name=f"Person {number}")
        return made

    people: list[Talker] = []
    for room_number in range(ROOMS):
        pair = [user(1 + 2 * room_number + side) for side in range(2)]
        key = f"trade-bench-{room_number}"
        room = services.open_room(key, members=list(zip(pair, ("seller", "buyer"), strict=True)))
        voices = [bare_voice_of(person) for person in pair]
        for voice in voices:
            voice.join(room)
        talkers = [
            Talker(signed_in_cookie(person), key, voice)
            for person, voice in zip(pair, voices, strict=True)
        ]
        talkers[0].peer, talkers[1].peer = talkers[1], talkers[0]
        people += talkers
    idlers = [
        signed_in_cookie(user(10_000 + number)) for number in range(IDLE // SOCKETS_PER_IDLER)
    ]
    return people, [cookie for cookie in idlers for _ in range(SOCKETS_PER_IDLER)]


async def measure(
    server: Any, people: list[Talker], idlers: list[str], seconds: float
) -> dict[str, float]:
    """All figures of the measurement."""
    before = server.resident_mib()
    idle = [await connected(server, "/ws/", cookie) for cookie in idlers]
    await asyncio.sleep(1)
    per_idle = (server.resident_mib() - before) * 1024 / len(idle)
    for start in range(0, len(people), 20):
        await asyncio.gather(*(person.open(server) for person in people[start : start + 20]))
    waits, spent = await talked(people, seconds)
    for person in people:
        for task in person.tasks:
            task.cancel()
    echo_waits, echo_spent = await echoed(server, seconds / 2)
    ordered = statistics.quantiles(waits, n=100, method="inclusive")
    echo_ordered = statistics.quantiles(echo_waits, n=100, method="inclusive")
    return {
        "stored_per_s": round(len(waits) / spent),
        "echo_per_s": round(len(echo_waits) / echo_spent),
        "share_of_echo": round(len(waits) / spent / (len(echo_waits) / echo_spent), 3),
        "p50_ms": round(ordered[49] * 1_000, 1),
        "p99_ms": round(ordered[98] * 1_000, 1),
        "echo_p50_ms": round(echo_ordered[49] * 1_000, 1),
        "echo_p99_ms": round(echo_ordered[98] * 1_000, 1),
        "kib_per_idle_socket": round(per_idle, 1),
        "idle_sockets": len(idle),
    }


async def talked(people: list[Talker], seconds: float) -> tuple[list[float], float]:
    """How long each message took to arrive, and how long it all took; so many are on their way at once."""
    waits: list[float] = []
    free: asyncio.Queue[Talker] = asyncio.Queue()
    # Each person speaks rarely: the hub's own limits are those of people.
    for person in [*people[::2], *people[1::2]]:
        free.put_nowait(person)
    began = time.perf_counter()

    async def speak() -> None:
        while time.perf_counter() - began < seconds:
            person = await free.get()
            waits.append(await person.say())
            free.put_nowait(person)

    await asyncio.gather(*(speak() for _ in range(ON_THEIR_WAY)))
    return waits, time.perf_counter() - began


async def echoed(server: Any, seconds: float) -> tuple[list[float], float]:
    """The same through the bare echo: two sockets per room, as many texts on their way."""
    waits: list[float] = []
    pairs = [
        [await connected(server, f"/echo/room-{number}/", "") for _ in range(2)]
        for number in range(ON_THEIR_WAY)
    ]
    began = time.perf_counter()

    async def speak(pair: list[Any]) -> None:
        while time.perf_counter() - began < seconds:
            sent = time.perf_counter()
            await pair[0].send(MESSAGE)
            await asyncio.gather(pair[0].recv(), pair[1].recv())
            waits.append(time.perf_counter() - sent)

    await asyncio.gather(*map(speak, pairs))
    return waits, time.perf_counter() - began


async def connected(server: Any, path: str, cookie: str) -> Any:
    """A socket of the site with the right origin."""
    from django.conf import settings
    from websockets.asyncio.client import connect

    return await connect(
        f"ws://127.0.0.1:{server.port}{path}",
        origin=settings.PUBLIC_ORIGIN,
        additional_headers={"Cookie": cookie} if cookie else {},
        compression=None,
        open_timeout=60,
        ping_interval=None,
        proxy=None,
    )


if __name__ == "__main__":
    main(float(sys.argv[1]))
