"""A JSON-RPC proxy in front of a real node that spoils answers on purpose. Standard library only.

Faults are said one by one (`Proxy.spoil`) or drawn from a seed (`Proxy.storm`). It can also make the chain look longer by a
run of empty blocks with consistent headers, which no real devnet node could mine in time:

    python tests/faultmachine/proxy.py --upstream http://127.0.0.1:8545 --port 9000 --empty-blocks 100000
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
LONGEST_DELAY_SECONDS = 0.2
ZERO_BLOOM = "0x" + "00" * 256

# What six providers answer when a range of logs is too large for them: HTTP status, code, text.
RANGE_ERRORS = (
    (200, -32005, "query returned more than 10000 results. Try with this block range [0x1, 0x2]."),
    (200, -32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range."),
    (413, -32614, "eth_getLogs is limited to a 10,000 range"),
    (200, -32600, "block range is too wide"),
    (200, -32701, "exceed maximum block range: 50000"),
    (200, -32602, "query exceeds max results 20000, retry with the range 1-2"),
)  # fmt: skip

Request = dict[str, Any]
Answer = dict[str, Any]


@dataclass
class Fault:
    """One kind of spoiled answer. method "" means any; `times` None means until it is taken away."""

    kind: str
    method: str = ""
    times: int | None = None
    value: Any = None

    def takes(self, request: Request) -> bool:
        return self.times != 0 and self.method in ("", request.get("method"))


@dataclass
class Storm:
    """Faults drawn from a seed: each call is spoiled with this chance, in one of these ways."""

    seed: int
    chance: float
    kinds: Sequence[str]
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def draw(self, request: Request) -> Fault | None:
        if self.dice.random() >= self.chance:
            return None
        fitting = [kind for kind in self.kinds if request.get("method") in _METHODS.get(kind, ())]
        fitting += [kind for kind in self.kinds if kind not in _METHODS]
        return Fault(self.dice.choice(fitting)) if fitting else None


class Proxy:
    """Serves one node under another address; everything is passed on until a fault is asked for."""

    def __init__(self, upstream: str, *, port: int = 0, empty_blocks: int = 0) -> None:
        self.upstream = upstream
        self.other_upstream = ""
        self.faults: list[Fault] = []
        self.storm: Storm | None = None
        self.counted: Counter[str] = Counter()
        self.spoiled: Counter[str] = Counter()
        self.empty = EmptyBlocks(self, empty_blocks) if empty_blocks else None
        self._dice = random.Random(0)
        self._lock = threading.Lock()
        self._earlier: dict[str, Answer] = {}
        self._frozen: Answer | None = None
        self._server = _Server((HOST, port), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    def spoil(
        self, kind: str, method: str = "", times: int | None = None, value: Any = None
    ) -> Fault:
        """Spoil the next so many answers to a method; the fault, to be handed to `heal`."""
        fault = Fault(kind, method, times, value)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """Every answer is right again."""
        self.faults, self.storm, self._frozen = [], None, None

    # ------------------------------------------------------------------ one HTTP request

    def answer(self, asked: Any) -> tuple[int, Any] | None:
        """Status and body for a request or batch; None when the connection is to be cut."""
        one_by_one = asked if isinstance(asked, list) else [asked]
        answers, status = [], 200
        for request in one_by_one:
            self.counted[request.get("method", "")] += 1
            fault = self._fault(request)
            if fault is None:
                answers.append(self._remember(request, self._right(request)))
                continue
            self.spoiled[fault.kind] += 1
            if fault.kind == "close":
                return None
            if fault.kind in ("500", "429"):
                return int(fault.kind), {"error": "no answer today"}
            spoiled, status = self._spoiled(request, fault)
            answers.append(spoiled)
        if status != 200:
            return status, answers[-1]
        return 200, answers if isinstance(asked, list) else answers[0]

    def _fault(self, request: Request) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.takes(request):
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
            return self.storm.draw(request) if self.storm else None

    def _right(self, request: Request) -> Answer:
        if self.empty is not None:
            made = self.empty.answer(request)
            if made is not None:
                return {"jsonrpc": "2.0", "id": request.get("id"), "result": made}
        return forward(self.upstream, request)

    def _remember(self, request: Request, answer: Answer) -> Answer:
        self._earlier.setdefault(_key(request), answer)
        return answer

    def _spoiled(self, request: Request, fault: Fault) -> tuple[Answer, int]:
        if fault.kind in ("range", "rate"):
            status, code, text = (
                (200, -32005, "too many requests, slow down")
                if fault.kind == "rate"
                else RANGE_ERRORS[self._dice.randrange(6) if fault.value is None else fault.value]
            )
            return _error(request, code, text), status
        if fault.kind == "swap":
            return forward(self.other_upstream, request), 200
        if fault.kind == "repeat":
            earlier = self._earlier.get(_key(request))
            return {**(earlier or self._right(request)), "id": request.get("id")}, 200
        if fault.kind == "freeze" and request["params"][:1] != ["latest"]:
            return self._right(request), 200
        if fault.kind == "freeze":
            self._frozen = self._frozen or self._right(request)
            return {**self._frozen, "id": request.get("id")}, 200
        answer = self._right(request)
        return _SPOILERS[fault.kind](answer, fault.value, self._dice), 200


class EmptyBlocks:
    """A run of empty blocks above the real head, each the child of the one before; nothing ever happens in them."""

    SECONDS = 12

    def __init__(self, proxy: Proxy, count: int) -> None:
        self.base: Answer = forward(
            proxy.upstream, _request("eth_getBlockByNumber", "latest", False)
        )["result"]
        self.first = int(self.base["number"], 16) + 1
        self.last = self.first + count - 1

    def answer(self, request: Request) -> Any:
        """The result where the run is concerned; None where the real node is to be asked."""
        method, parameters = request.get("method"), request.get("params", [])
        if method == "eth_blockNumber":
            return hex(self.last)
        if method == "eth_getBlockByNumber":
            wanted = parameters[0]
            at = (
                self.last
                if wanted == "latest"
                else int(wanted, 16)
                if wanted.startswith("0x")
                else -1
            )
            return self.block(at) if self.first <= at <= self.last else None
        if method == "eth_getLogs":
            return self._logs(parameters[0])
        if method in ("eth_call", "eth_getCode") and parameters[-1] != "latest":
            parameters[-1] = "latest"
        return None

    def block(self, at: int) -> Answer:
        """A header as the node writes its own."""
        parent = self.base["hash"] if at == self.first else self.hash_of(at - 1)
        moved = int(self.base["timestamp"], 16) + self.SECONDS * (at - self.first + 1)
        return {
            **self.base,
            "number": hex(at),
            "hash": self.hash_of(at),
            "parentHash": parent,
            "timestamp": hex(moved),
            "logsBloom": ZERO_BLOOM,
            "transactions": [],
        }

    def hash_of(self, at: int) -> str:
        """A hash of its own for each height, from which the height can be read again."""
        return "0x" + hashlib.sha256(f"empty {at}".encode()).hexdigest()[:48] + f"{at:016x}"

    def _logs(self, wanted: dict[str, Any]) -> list[Any] | None:
        if "blockHash" in wanted:
            at = int(wanted["blockHash"][-16:], 16)
            return (
                []
                if self.first <= at <= self.last and self.hash_of(at) == wanted["blockHash"]
                else None
            )
        if int(wanted["fromBlock"], 16) >= self.first:
            return []
        wanted["toBlock"] = hex(min(int(wanted["toBlock"], 16), self.first - 1))
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body leave in two packets; without this each answer waits for the other side's acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        proxy = self.server.proxy  # type: ignore[attr-defined]
        try:
            found = proxy.answer(asked)
        except OSError:
            found = 502, {"error": "the node does not answer"}
        if found is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, body = found[0], json.dumps(found[1]).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


_connections = threading.local()


def forward(upstream: str, request: Request) -> Answer:
    """The node's own answer."""
    known: dict[str, http.client.HTTPConnection] = _connections.__dict__.setdefault("by_url", {})
    body = json.dumps(request).encode()
    for attempt in (1, 2):
        if upstream not in known:
            parts = urlsplit(upstream)
            known[upstream] = http.client.HTTPConnection(
                str(parts.hostname), parts.port, timeout=30
            )
        try:
            known[upstream].request("POST", "/", body, {"Content-Type": "application/json"})
            answer: Answer = json.loads(known[upstream].getresponse().read())
            return answer
        except (OSError, http.client.HTTPException):
            known.pop(upstream).close()
            if attempt == 2:
                raise
    raise AssertionError("not reached")


def _request(method: str, *parameters: Any) -> Request:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}


def _key(request: Request) -> str:
    return json.dumps([request.get("method"), request.get("params")])


def _error(request: Request, code: int, text: str) -> Answer:
    return {"jsonrpc": "2.0", "id": request.get("id"), "error": {"code": code, "message": text}}


# ---------------------------------------------------------------------- how an answer is spoiled


def _delay(answer: Answer, value: Any, dice: random.Random) -> Answer:
    time.sleep(dice.random() * LONGEST_DELAY_SECONDS if value is None else value)
    return answer


def _null(answer: Answer, value: Any, dice: random.Random) -> Answer:
    return {**answer, "result": None}


def _missing(answer: Answer, value: Any, dice: random.Random) -> Answer:
    return {name: part for name, part in answer.items() if name != "result"}


def _truncate(answer: Answer, value: Any, dice: random.Random) -> Answer:
    result = answer.get("result")
    if not isinstance(result, list) or not result:
        return answer
    kept = dice.randrange(len(result)) if value is None else value
    return {**answer, "result": result[:kept]}


def _shuffle(answer: Answer, value: Any, dice: random.Random) -> Answer:
    result = answer.get("result")
    return (
        {**answer, "result": dice.sample(result, len(result))}
        if isinstance(result, list)
        else answer
    )


def _double(answer: Answer, value: Any, dice: random.Random) -> Answer:
    result = answer.get("result")
    return {**answer, "result": result + result} if isinstance(result, list) else answer


def _edit(answer: Answer, value: Any, dice: random.Random) -> Answer:
    """Another hash, number or index in the block or in one of the logs."""
    result = answer.get("result")
    target = dice.choice(result) if isinstance(result, list) and result else result
    if not isinstance(target, dict):
        return answer
    names = [name for name in ([value] if value else _EDITED) if isinstance(target.get(name), str)]
    if names:
        name = dice.choice(names)
        old = target[name]
        target[name] = (
            hex(int(old, 16) + 1) if len(old) < 66 else old[:-1] + format(int(old[-1], 16) ^ 1, "x")
        )
    return answer


def _bloom(answer: Answer, value: Any, dice: random.Random) -> Answer:
    result = answer.get("result")
    return (
        {**answer, "result": {**result, "logsBloom": ZERO_BLOOM}}
        if isinstance(result, dict)
        else answer
    )


_EDITED = (
    "blockHash",
    "blockNumber",
    "logIndex",
    "transactionHash",
    "transactionIndex",
    "hash",
    "number",
    "parentHash",
)
_SPOILERS: dict[str, Callable[[Answer, Any, random.Random], Answer]] = {
    "delay": _delay,
    "null": _null,
    "missing": _missing,
    "truncate": _truncate,
    "shuffle": _shuffle,
    "double": _double,
    "edit": _edit,
    "bloom": _bloom,
}
# Kinds that only make sense for some methods; the others fit any.
_METHODS = {
    "truncate": ("eth_getLogs",),
    "shuffle": ("eth_getLogs",),
    "double": ("eth_getLogs",),
    "range": ("eth_getLogs",),
    "edit": ("eth_getLogs", "eth_getBlockByNumber", "eth_getBlockByHash"),
    "bloom": ("eth_getBlockByNumber",),
    "freeze": ("eth_getBlockByNumber",),
}
ALL_KINDS = (
    "delay",
    "500",
    "429",
    "rate",
    "close",
    "null",
    "missing",
    "truncate",
    "shuffle",
    "double",
    "range",
    "repeat",
    "edit",
    "bloom",
)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="A proxy in front of a node.")
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--empty-blocks", type=int, default=0)
    options = parser.parse_args()
    with Proxy(options.upstream, port=options.port, empty_blocks=options.empty_blocks):
        threading.Event().wait()


if __name__ == "__main__":
    main()
