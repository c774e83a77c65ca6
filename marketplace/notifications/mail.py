"""Writes a mail and hands it over. Plain text and simple HTML of the same words; no amounts, names or accounts; nothing in it signs.

It knows channels and notices, and nothing of how often one tries.
"""

from __future__ import annotations

import smtplib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils.timezone import localtime

from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.outcomes import NobodyThere, NotSent, OutcomeUnknown
from marketplace.notifications.words import TEST, words_for

_STOP = "marketplace.notifications.stop"
_BACKENDS = {
    "smtp": ("marketplace.notifications.smtp.Backend", {}),
    "file": ("django.core.mail.backends.filebased.EmailBackend", {"file_path": "MAIL_FOLDER"}),
}


def send(delivery: Delivery, proof: str = "") -> None:
    """Hand one mail over.

    Raises: NotSent, NobodyThere, OutcomeUnknown.
    """
    backend, options = _BACKENDS[settings.MAIL_WAY]
    given: dict[str, Any] = {name: getattr(settings, value) for name, value in options.items()}
    message = message_of(delivery, proof)
    message.connection = get_connection(backend, **given)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refused:
        code, said = next(iter(refused.recipients.values()))
        if code >= 500:
            raise NobodyThere(_said(code, said)) from refused
        raise NotSent(_said(code, said)) from refused
    except smtplib.SMTPResponseException as answered:
        # What is wrong with one text may be right with the next; anything else stops all mail.
        is_server = not isinstance(answered, smtplib.SMTPDataError)
        raise NotSent(
            _said(answered.smtp_code, answered.smtp_error), is_server=is_server
        ) from answered
    except OutcomeUnknown:
        raise
    except (smtplib.SMTPException, OSError) as broken:
        raise NotSent(f"the mail server does not answer ({broken})", is_server=True) from broken


def message_of(delivery: Delivery, proof: str = "") -> EmailMultiAlternatives:
    """The mail of one delivery. Its Message-ID is the delivery's own, the same at every try."""
    channel, notice = delivery.channel, delivery.notice
    words = words_for(notice.kind if notice else TEST)
    assert words is not None, "a kind without words has no deliveries"
    where = (notice.url if notice else "").strip("/").split("/")
    ref = where[1] if len(where) > 1 and where[0] == "trade" else ""
    stop_url = absolute(f"/notices/stop/{stop_token(channel)}/")
    context = {
        "words": words,
        "ref": ref,
        "until": localtime(notice.until) if notice and notice.until else None,
        "url": absolute(notice.url) if notice else "",
        "proof_url": absolute(f"/notices/arrived/{proof}/") if proof else "",
        "stop_url": stop_url,
        "host": urlsplit(settings.PUBLIC_ORIGIN).netloc,
    }
    subject = f"{words.title} · trade {ref}" if ref else words.title
    if proof:
        subject = "Confirm that Parley may write to you here"
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("emails/notice.txt", context),
        to=[channel.address],
        headers={
            "Message-ID": f"<{delivery.key}@{urlsplit(settings.PUBLIC_ORIGIN).hostname}>",
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("emails/notice.html", context), "text/html")
    return message


def absolute(path: str) -> str:
    """A path of this site as a mail must name it."""
    return settings.PUBLIC_ORIGIN + path


def stop_token(channel: Channel) -> str:
    """What the link in a mail carries: enough to stop this channel, and nothing else. It does not expire."""
    return signing.dumps([channel.pk, channel.address], salt=_STOP)


def channel_to_stop(token: str) -> Channel | None:
    """The channel of such a link, as long as its address is the one that was written to."""
    try:
        pk, address = signing.loads(token, salt=_STOP)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Channel.objects.filter(pk=pk, address=address).first()


def _said(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"the mail server says {code} {text}"
