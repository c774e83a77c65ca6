"""A browser's device keys and a way to sign in as the page does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

DEVICE = {"signing": "11" * 32, "agreement": "22" * 32}


class Browser:
    """One browser: its session, and the two requests of signing in."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def ask(self, account: LocalAccount, **changes: Any) -> Any:
        """The answer to a challenge request."""
        body = {"address": account.address, "device": DEVICE, **changes}
        return self.post("/connect/challenge/", body)

    def answer(
        self, message: str, account: LocalAccount, *, signed: str | None = None, **extra: Any
    ) -> Any:
        """The answer to a signed message; `signed` signs another text than the one posted."""
        signature = account.sign_message(encode_defunct(text=signed or message)).signature
        return self.post(
            "/connect/verify/",
            {"message": message, "signature": "0x" + bytes(signature).hex()},
            **extra,
        )

    def sign_in(self, account: LocalAccount) -> Any:
        """Both in turn."""
        return self.answer(self.ask(account).json()["message"], account)

    def post(self, url: str, body: Any, **extra: Any) -> Any:
        """A JSON post."""
        return self.client.post(url, json.dumps(body), content_type="application/json", **extra)

    @property
    def is_signed_in(self) -> bool:
        """Whether the session has somebody."""
        return "_auth_user_id" in self.client.session


@pytest.fixture
def browser(db: None, client: Client) -> Browser:
    return Browser(client)


@pytest.fixture
def other_browser(db: None) -> Browser:
    return Browser(Client())
