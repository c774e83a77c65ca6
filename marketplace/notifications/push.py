"""Posts a notice to a browser's push service: sealed for that browser (RFC 8291), signed as ours (VAPID, RFC 8292).

Where to post is what a browser told us, so an attacker may have chosen it: only the push services of the settings
are ever asked, over their own ports, and no redirect is followed.
"""

from __future__ import annotations

import base64
import binascii
import json
from email.utils import parseaddr
from functools import cache
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

from marketplace.notifications.models import ENDPOINT_LENGTH, Delivery
from marketplace.notifications.outcomes import NobodyThere, NotSent
from marketplace.notifications.words import TEST

TIMEOUT_SECONDS = 10
LONGEST_LIFE_SECONDS = 24 * 3600
POINT_BYTES, AUTH_BYTES = 65, 16
GONE = frozenset({404, 410})


class BadSubscription(Exception):
    """What the page sent is no subscription that we may post to."""

    code = "bad_subscription"

    def __init__(self) -> None:
        super().__init__(
            "This browser's push service is not one that this hub posts to. Nothing was changed; mail works everywhere."
        )


def public_key() -> str:
    """Our key as the page hands it to the browser: a point in base64url."""
    point = _vapid(settings.VAPID_PRIVATE_KEY).public_key.public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def checked(endpoint: str, p256dh: str, auth: str) -> dict[str, str]:
    """The keys of a subscription, if the endpoint is a known push service's and the keys are keys.

    Raises: BadSubscription.
    """
    point = _bytes(p256dh, POINT_BYTES)
    _bytes(auth, AUTH_BYTES)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadSubscription from error
    if len(endpoint) > ENDPOINT_LENGTH or not is_known_service(endpoint):
        raise BadSubscription
    return {"p256dh": p256dh, "auth": auth}


def is_known_service(endpoint: str) -> bool:
    """Whether an address belongs to one of the settings' push services: same scheme, host and port, no user in it."""
    if not endpoint.isascii() or any(sign in endpoint for sign in "\\ \t\r\n"):
        return False
    try:
        parts = urlsplit(endpoint)
        origin = (parts.scheme, parts.hostname or "", parts.port)
    except ValueError:
        return False
    if "@" in parts.netloc:
        return False
    return any(_fits(origin, pattern) for pattern in settings.PUSH_ORIGINS)


def send(delivery: Delivery, proof: str = "") -> None:
    """Post one notice. What it says is its kind; the words are the service worker's own.

    Raises: NotSent, NobodyThere.
    """
    channel, notice = delivery.channel, delivery.notice
    if not is_known_service(channel.address):
        raise NobodyThere("the push service is none that this hub posts to")
    payload = {
        "id": str(delivery.key),
        "kind": notice.kind if notice else TEST,
        "path": notice.url if notice else "/settings/notifications/",
        "proof": proof,
    }
    life = int((delivery.stale_at - delivery.due_at).total_seconds())
    try:
        with _session() as session:
            webpush(
                {"endpoint": channel.address, "keys": channel.keys},
                json.dumps(payload),
                vapid_private_key=_vapid(settings.VAPID_PRIVATE_KEY),
                vapid_claims={"sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"},
                timeout=TIMEOUT_SECONDS,
                ttl=max(0, min(life, LONGEST_LIFE_SECONDS)),
                headers={"Urgency": "high"},
                requests_session=session,
            )
    except WebPushException as refused:
        status = getattr(refused.response, "status_code", 0)
        if status in GONE:
            raise NobodyThere(f"the push service says {status}: this browser is gone") from refused
        raise NotSent(f"the push service says {status or refused.message}") from refused
    except requests.RequestException as broken:
        raise NotSent(f"the push service does not answer ({type(broken).__name__})") from broken


def _fits(origin: tuple[str, str, int | None], pattern: str) -> bool:
    known = urlsplit(pattern)
    scheme, host, port = origin
    if (scheme, port) != (known.scheme, known.port):
        return False
    name = known.hostname or ""
    return host.endswith(name[1:]) and host != name[2:] if name.startswith("*.") else host == name


def _session() -> requests.Session:
    """Goes nowhere but where it is told: no redirects, no proxy or password of the environment."""
    session = requests.Session()
    session.max_redirects = 0
    session.trust_env = False
    return session


def _bytes(text: str, length: int) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSubscription from error
    if len(raw) != length:
        raise BadSubscription
    return raw


@cache
def _vapid(private_key: str) -> Vapid02:
    return Vapid02.from_raw(private_key.encode())
