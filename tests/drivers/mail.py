"""A mail server on this machine: real SMTP over a real socket, with the answers that a test wants."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from stack.services import free_port

OK = "250 OK"
LINK = re.compile(r"https?://[^\s\"<>]+/notices/(arrived|stop)/[^\s\"<>]+/")


class MailServer:
    """Keeps what it was given. `rcpt` and `data` are its next answers; "drop" hangs up, "hang" never answers."""

    def __init__(self) -> None:
        self.port = free_port()
        self.given: list[EmailMessage] = []
        self.to: list[str] = []
        self.rcpt = self.data = OK
        self.greeted = 0
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def link(self, what: str, at: int = -1) -> str:
        """The path of a link in the text of a mail."""
        for found in LINK.finditer(text_of(self.given[at])):
            if found.group(1) == what:
                return found.group(0).split("/", 3)[3].join(("/", ""))
        raise AssertionError(f"no such link: {what}")

    # --- what the server's protocol asks ---

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.greeted += 1
        if self.rcpt == OK:
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.given.append(message_from_bytes(envelope.content, policy=policy.default))
        self.to += envelope.rcpt_tos
        if self.data == "hang":
            await asyncio.sleep(60)
        if self.data == "drop":
            server.transport.abort()
        return self.data


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """The plain or the HTML part."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@contextmanager
def mail_server(settings: Any) -> Iterator[MailServer]:
    """A server that the site hands its mails to while the block runs."""
    server = MailServer()
    server.start()
    settings.MAIL_WAY = "smtp"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_TIMEOUT = 5
    try:
        yield server
    finally:
        server.stop()
