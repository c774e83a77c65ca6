"""Logs: one line per happening, JSON off the devnet, each with what it belongs to (request, task, trade, transaction).

Our own words come through structlog, those of libraries through `logging`; both pass the same processors. Ids are bound with
`structlog.contextvars.bound_contextvars(trade_id=…, tx_hash=…)` around the work they are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog

# What no line may hold, by its name in the line.
SECRET_NAMES = frozenset(
    {
        *("signature", "buyer_signature", "seller_signature", "take_signature", "offer_signature"),
        *("opening", "payer_opening", "payee_opening", "details", "salt"),
        *("session", "session_key", "sessionid", "cookie", "csrf", "authorization", "headers"),
        *("secret", "secret_key", "private_key", "relayer_key", "password", "metrics_token"),
    }
)
# Django hands the whole request over, with its query; a request is named by its id.
_DROPPED = ("request", "server_time")
HIDDEN = "[hidden]"
# 64 or 65 bytes are a signature, whatever the name: r, s and perhaps v. Hashes and addresses are shorter, calldata is longer.
_SIGNATURE = re.compile(r"\b0x[0-9a-fA-F]{128,132}\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_URL_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")
# PostgreSQL adds whole rows to some of its errors.
_ROW = re.compile(r"(DETAIL:\s+).*")

Line = MutableMapping[str, Any]


def logging_settings(*, is_devnet: bool, secrets: Iterable[str]) -> dict[str, Any]:
    """Django's LOGGING, and structlog set up to match. `secrets`: texts that must be hidden wherever they stand."""
    hide = _Hider(secrets)
    # Two renderings of one line: for eyes, for machines.
    last: Any = (
        structlog.dev.ConsoleRenderer(colors=False)
        if is_devnet
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide,
            last,
        ],
    }
    quiet = {"level": "WARNING"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "web3": quiet,
            "celery": quiet,
            "kombu": quiet,
            # It brings a handler of its own, which would write past ours.
            "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }


class _Hider:
    """Takes secrets out of a line: by their name, by their shape, and those of this installation by their text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({text for text in secrets if len(text) >= 8}, key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, line: Line) -> Line:
        for name in _DROPPED:
            line.pop(name, None)
        for name, value in list(line.items()):
            line[name] = HIDDEN if name in SECRET_NAMES else self._hidden(value)
        return line

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: HIDDEN if str(name) in SECRET_NAMES else self._hidden(inner)
                for name, inner in value.items()
            }
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._hidden(inner) for inner in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self._text(str(value))

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _SIGNATURE.sub(HIDDEN, text)
        text = _URL_PASSWORD.sub(f"{HIDDEN}@", text)
        text = _ROW.sub(rf"\g<1>{HIDDEN}", text)
        return _IBAN.sub(HIDDEN, text)


def secret_parts(url: str) -> list[str]:
    """What must not be shown of an address: its password, and for a node's the path, where providers put their keys."""
    parts = urlsplit(url)
    return [text for text in (parts.password, parts.path.strip("/"), parts.query) if text]
