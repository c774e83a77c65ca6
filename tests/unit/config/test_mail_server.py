"""How a mail server's address is written, and the key that `up` makes for browser notices."""

from __future__ import annotations

from pathlib import Path

import pytest
from py_vapid import Vapid02

from config.env import BadEnvironment, MailServer, read_environment
from stack import environment


@pytest.mark.parametrize(
    ("url", "server"),
    [
        (
            "smtp://hub:p%40ss@mail.example.org",
            MailServer("mail.example.org", 587, "hub", "p@ss", is_tls=False, is_starttls=True),
        ),
        (
            "smtps://hub:x@mail.example.org:8465",
            MailServer("mail.example.org", 8465, "hub", "x", is_tls=True, is_starttls=False),
        ),
        (
            "smtp+plain://127.0.0.1",
            MailServer("127.0.0.1", 25, "", "", is_tls=False, is_starttls=False),
        ),
        ("", None),
    ],
)
def test_an_address_says_how_to_speak_to_the_server(
    monkeypatch: pytest.MonkeyPatch, url: str, server: MailServer | None
) -> None:
    monkeypatch.setenv("MAIL_URL", url)
    assert read_environment().mail_server == server


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://h:x"]
)
def test_what_is_no_mail_server_is_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MAIL_URL", url)
    with pytest.raises(BadEnvironment, match="smtp://user:password@host:587"):
        read_environment()


def test_the_key_for_browser_notices_is_made_once_and_is_a_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "STATE", tmp_path)
    first = environment.vapid_key()
    assert environment.vapid_key() == first
    assert (tmp_path / "vapid-key").stat().st_mode & 0o777 == 0o600
    assert Vapid02.from_raw(first.encode()).public_key
