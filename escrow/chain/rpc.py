"""One JSON-RPC connection: timeouts, named failures and strict answers. Nothing here knows our contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider
from web3.exceptions import Web3Exception
from web3.providers.rpc.utils import ExceptionRetryConfiguration
from web3.types import RPCEndpoint

from escrow.chain import failures

DEFAULT_TIMEOUT_SECONDS = 5
# The contract's own "no", which is an answer like any other.
REVERTED = 3

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_RANGE_WORDS = re.compile(
    r"range|too large|too many (results|logs|blocks)|max(imum)? results|more than \d+ results|response size"
    r"|limit(ed)? (exceeded|to)|query timeout|timed out",
    re.I,
)
_RATE_WORDS = re.compile(
    r"too many requests|rate.?limit|request limit|requests per|throughput", re.I
)
_TOO_MANY_REQUESTS, _CONTENT_TOO_LARGE = 429, 413


class NodeUnavailable(Exception):
    """The node did not answer, or answered something that is no answer; asking again later is right."""


class NodeSlow(NodeUnavailable):
    """The node did not answer in time; a smaller question may be answered."""


class NodeRefused(Exception):
    """The node answered with an error of its own.

    Attributes: code (JSON-RPC), message, data ("0x" text of a revert, or "").
    """

    def __init__(self, code: int, message: str, data: str = "") -> None:
        super().__init__(f"The node refused: {message}")
        self.code = code
        self.message = message
        self.data = data


class RangeTooLarge(NodeRefused):
    """The node will not read so many blocks at once; ask for fewer."""


class Rpc:
    """Asks one node. Threads share it; each has its own HTTP session."""

    def __init__(self, url: str, *, timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS) -> None:
        retries = ExceptionRetryConfiguration(
            errors=(requests.ConnectionError,), retries=2, backoff_factor=0.1
        )
        self.url = url
        self._provider = HTTPProvider(
            url,
            request_kwargs={"timeout": timeout_seconds, **_proxies(url)},
            exception_retry_configuration=retries,
        )

    @property
    def host(self) -> str:
        """Host and port, for a sentence: without the path and name, in which providers put keys."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a call, which may be None only where the method's own meaning allows it.

        Raises: NodeUnavailable, NodeRefused.
        """
        with _named_failures(method):
            answer: Any = self._provider.make_request(method, list(params))
        return _result(method, answer)

    def ask_many(self, method: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
        """The results of many calls of one method, in their order, asked as one batch.

        Raises: NodeUnavailable, NodeRefused; one bad answer refuses all of them.
        """
        if not calls:
            return []
        requests_ = [(RPCEndpoint(method), list(parameters)) for parameters in calls]
        with _named_failures(method):
            answers: Any = self._provider.make_batch_request(requests_)
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise NodeUnavailable(f"The node gave no answer to {method}.")
        return [_result(method, answer) for answer in answers]

    def ask_always(self, method: str, *params: Any) -> Any:
        """As ask, where an empty answer is a failure of the node.

        Raises: NodeUnavailable, NodeRefused.
        """
        result = self.ask(method, *params)
        if result is None:
            raise NodeUnavailable(f"The node answered {method} with nothing.")
        return result


@contextmanager
def _named_failures(method: str) -> Iterator[None]:
    try:
        yield
    except requests.Timeout as error:
        failures.note(method, "away")
        raise NodeSlow(f"The node did not answer {method} in time.") from error
    except requests.HTTPError as error:
        status = 0 if error.response is None else error.response.status_code
        if status == _CONTENT_TOO_LARGE and method == "eth_getLogs":
            raise RangeTooLarge(status, "The answer would be too large.") from error
        failures.note(method, "refused")
        raise NodeUnavailable(f"The node answered {method} with HTTP status {status}.") from error
    # A batch answer of odd shape breaks inside the library.
    except (
        requests.RequestException,
        Web3Exception,
        ValueError,
        OSError,
        LookupError,
        TypeError,
    ) as error:
        failures.note(method, "away")
        raise NodeUnavailable(f"The node did not answer {method}.") from error


def _result(method: str, answer: Any) -> Any:
    if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
        failures.note(method, "malformed")
        raise NodeUnavailable(f"The node gave no answer to {method}.")
    if answer.get("error") is not None:
        failure = _failure(method, answer["error"])
        if not (isinstance(failure, NodeRefused) and failure.code == REVERTED):
            failures.note(method, "refused")
        raise failure
    return answer["result"]


def number(value: Any) -> int:
    """The integer of a hexadecimal quantity.

    Raises: NodeUnavailable when it is none.
    """
    try:
        return int(value, 16)
    except (TypeError, ValueError) as error:
        raise NodeUnavailable(f"The node gave {value!r} for a number.") from error


def _proxies(url: str) -> dict[str, Any]:
    # A proxy set for the machine must never see, or break, calls to a node on this machine.
    return {"proxies": {"http": "", "https": ""}} if urlsplit(url).hostname in _LOOPBACK else {}


def _failure(method: str, error: Any) -> NodeUnavailable | NodeRefused:
    text = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    code = error.get("code") if isinstance(error, dict) else 0
    if code == _TOO_MANY_REQUESTS or _RATE_WORDS.search(text):
        return NodeUnavailable(f"The node has answered enough for now: {text}")
    return _refusal(method, error)


def _refusal(method: str, error: Any) -> NodeRefused:
    if not isinstance(error, dict):
        return NodeRefused(0, str(error))
    code, message, data = (
        int(error.get("code") or 0),
        str(error.get("message", "")),
        error.get("data"),
    )
    if isinstance(data, dict):
        data = data.get("data")
    kind = (
        RangeTooLarge if method == "eth_getLogs" and _RANGE_WORDS.search(message) else NodeRefused
    )
    return kind(code, message, data if isinstance(data, str) and data.startswith("0x") else "")
