"""Alice with a mail address that she confirmed, and a mail server that takes what is sent there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.notifications.models import Channel
from tests.drivers.mail import MailServer, mail_server
from tests.drivers.push import PushService, push_service

ADDRESS = "alice@example.org"


@pytest.fixture
def post(settings: Any) -> Iterator[MailServer]:
    with mail_server(settings) as server:
        yield server


@pytest.fixture
def pushes(settings: Any) -> Iterator[PushService]:
    with push_service(settings) as service:
        yield service


@pytest.fixture
def mailbox(alice: User, post: MailServer) -> Channel:
    now = timezone.now()
    return Channel.objects.create(
        user=alice, way="mail", address=ADDRESS, verified_at=now, tested_at=now
    )
