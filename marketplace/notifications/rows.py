"""A person's channels as his settings page prints them: state, sentence, what can be done. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.accounts.models import User
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.selectors import channels_of, last_delivery
from marketplace.notifications.states import Ended, Way

_ENDED = {
    Ended.STOPPED: ("Stopped", "Nothing goes there until you confirm a new test."),
    Ended.REFUSED: ("Refused", "The mail server took nothing for it any more."),
    Ended.GONE: ("Gone", "That browser gave its notices up. Turn them on again in it."),
}


@dataclass(frozen=True)
class ChannelRow:
    """One channel: `tone` colours the chip together with its icon and word."""

    channel: Channel
    word: str
    tone: str
    icon: str
    text: str
    trouble: str
    may_test: bool

    @property
    def name(self) -> str:
        """What the person calls it."""
        return self.channel.label or self.channel.address


def rows_of(user: User, way: Way) -> list[ChannelRow]:
    """The person's channels of one way."""
    return [_row(channel) for channel in channels_of(user, way)]


def _row(channel: Channel) -> ChannelRow:
    last = last_delivery(channel)
    word, tone, icon, text = _state(channel, last)
    return ChannelRow(
        channel=channel,
        word=word,
        tone=tone,
        icon=icon,
        text=text,
        trouble=_trouble(last),
        may_test=channel.disabled_reason != Ended.GONE,
    )


def _state(channel: Channel, last: Delivery | None) -> tuple[str, str, str, str]:
    if channel.disabled_at is not None:
        word, text = _ENDED[Ended(channel.disabled_reason)]
        return word, "fail", "circle-x", text
    if channel.tested_at is not None and channel.verified_at is not None:
        return "Works", "safe", "circle-check", "You confirmed a test on it."
    if channel.way == Way.MAIL:
        text = "A mail was sent to it. Open it and press its button; the link is good for a day. Look among unwanted mail too."
        return "Not confirmed", "time", "hourglass", text
    return (
        "Not tested",
        "time",
        "hourglass",
        "A test was sent to it. Click the notice when it shows.",
    )


def _trouble(last: Delivery | None) -> str:
    """Why the newest delivery did not arrive, if it did not."""
    if last is None or last.sent_at is not None or not last.failure:
        return ""
    if last.parked_at is not None:
        return f"The last one did not go through: {last.failure}."
    return f"The last one is late: {last.failure}. It is tried again."
