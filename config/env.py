"""What the environment says, read once and typed; every other setting is derived in `settings`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class BadEnvironment(Exception):
    """An environment variable is missing or malformed; the text says which and what to write."""


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over. `is_tls` speaks TLS from the first byte, `is_starttls` before it says who we are."""

    host: str
    port: int
    user: str
    password: str
    is_tls: bool
    is_starttls: bool


@dataclass(frozen=True)
class Environment:
    """The machine's answers. URLs are complete; `origin` has a scheme and no trailing slash."""

    origin: str
    database_url: str
    redis_url: str
    # one URL, or several separated by commas
    chain_rpc_url: str
    secret_key: str
    state_dir: Path
    is_devnet: bool
    relayer_key: str
    metrics_token: str
    alarm_mail: str
    relayer_max_cost_wei: int
    relayer_min_balance_wei: int
    debug: bool
    mail_server: MailServer | None
    mail_from: str
    vapid_private_key: str
    receipt_key: str
    push_origins: tuple[str, ...]

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""


def read_environment() -> Environment:
    """The environment of this process.

    Raises:
        BadEnvironment: a production process lacks a value that must not be guessed.
    """
    is_devnet = os.environ.get("DEVNET", "1") == "1"
    origin = os.environ.get("PUBLIC_ORIGIN", "http://127.0.0.1:8000").rstrip("/")
    if urlsplit(origin).scheme not in {"http", "https"}:
        raise BadEnvironment(
            f"PUBLIC_ORIGIN is {origin!r}: write it as https://host with no path, as people type it."
        )
    secret = os.environ.get("SECRET_KEY", "")
    if not secret and not is_devnet:
        raise BadEnvironment("SECRET_KEY is empty: set a long random value before serving people.")
    return Environment(
        origin=origin,
        database_url=os.environ.get("DATABASE_URL", "postgres://market@127.0.0.1:5432/parley"),
        redis_url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        chain_rpc_url=os.environ.get("CHAIN_RPC_URL", "http://127.0.0.1:8545"),
        secret_key=secret or "a-devnet-has-nothing-to-hide-and-this-key-is-never-served-elsewhere",
        state_dir=Path(os.environ.get("PARLEY_STATE", str(ROOT / ".parley"))),
        is_devnet=is_devnet,
        relayer_key=os.environ.get("RELAYER_KEY", ""),
        metrics_token=os.environ.get("METRICS_TOKEN", ""),
        alarm_mail=os.environ.get("ALARM_MAIL", ""),
        relayer_max_cost_wei=int(os.environ.get("RELAYER_MAX_COST_WEI", "50000000000000000")),
        relayer_min_balance_wei=int(os.environ.get("RELAYER_MIN_BALANCE_WEI", "10000000000000000")),
        debug=os.environ.get("DEBUG", "0") == "1",
        mail_server=_mail_server(os.environ.get("MAIL_URL", "")),
        mail_from=os.environ.get("MAIL_FROM") or f"Parley <notices@{urlsplit(origin).hostname}>",
        vapid_private_key=os.environ.get("VAPID_PRIVATE_KEY", ""),
        receipt_key=os.environ.get("RECEIPT_KEY", ""),
        push_origins=tuple(os.environ.get("PUSH_ORIGINS", "").split()),
    )


# How a mail server is spoken to, by the scheme of its address, and the port that goes with it.
_MAIL_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}


def _mail_server(url: str) -> MailServer | None:
    """`smtp://user:password@host` asks for STARTTLS, `smtps://` is TLS at once, `smtp+plain://` neither."""
    if not url:
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or _MAIL_PORTS[parts.scheme]
    except (KeyError, ValueError):
        port = 0
    if not port or not parts.hostname:
        raise BadEnvironment(
            "MAIL_URL is not understood: write it as smtp://user:password@host:587, smtps:// for TLS from the start, or smtp+plain:// for a server on the same machine."
        )
    return MailServer(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_tls=parts.scheme == "smtps",
        is_starttls=parts.scheme == "smtp",
    )
