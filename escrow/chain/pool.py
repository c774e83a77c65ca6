"""Several nodes as one: a question goes to the first that works, and to the next when that one does not answer.

Who reads many things that must fit together asks one node alone (gateway.upstreams); a pool may mix their answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from escrow.chain.rpc import NodeUnavailable, Rpc

REST_SECONDS = 15.0
Answer = TypeVar("Answer")


class Pool(Rpc):
    """Asks the first node; one that failed is left alone for a while, unless all did."""

    def __init__(self, nodes: Sequence[Rpc]) -> None:
        self.url = nodes[0].url
        self._nodes = list(nodes)
        self._rests_until = dict.fromkeys(range(len(nodes)), 0.0)

    def ask(self, method: str, *params: Any) -> Any:
        """As Rpc.ask, of the first node that answers."""
        return self._first(lambda node: node.ask(method, *params))

    def ask_many(self, method: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """As Rpc.ask_many, all of one node."""
        return self._first(lambda node: node.ask_many(method, calls))

    def ask_always(self, method: str, *params: Any) -> Any:
        """As Rpc.ask_always, of the first node that has an answer."""
        return self._first(lambda node: node.ask_always(method, *params))

    def _first(self, question: Callable[[Rpc], Answer]) -> Answer:
        now = time.monotonic()
        # Those at rest come last, so that a pool whose nodes all failed asks them nevertheless.
        order = sorted(self._rests_until, key=lambda at: (self._rests_until[at] > now, at))
        for at in order[:-1]:
            try:
                return question(self._nodes[at])
            except NodeUnavailable:
                self._rests_until[at] = time.monotonic() + REST_SECONDS
        return question(self._nodes[order[-1]])


def rpc_urls(text: str) -> list[str]:
    """The nodes that a setting names, separated by commas."""
    return [url.strip() for url in text.split(",") if url.strip()]
