"""The parts that every template uses: icons, amounts, addresses, clocks, states.

Tags take finished values and draw them; they ask no database and compute no money.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from marketplace.money import amount_text, fiat_text
from marketplace.templatetags import blockies

register = template.Library()

RING = 213.6
NARROW_SPACE = "\u00a0"
# Water of one lock chamber in a box 100 by 32: (top of the water, class of the list item).
CHAMBERS: dict[str, tuple[int, str]] = {
    "": (28, ""),
    "open": (10, "is-open"),
    "here": (15, "is-here"),
    "filling": (20, "is-filling"),
    "held": (12, "is-held"),
    "ruled": (28, "is-ruled"),
}
CHAMBER_ICONS = {"open": "check", "here": "arrow-right", "filling": "refresh-cw", "held": "scale"}
# State meaning (colour class, icon, word); a word of the caller's own replaces the last.
CHIPS: dict[str, tuple[str, str, str]] = {
    "waiting": ("is-off", "clock", "Waiting"),
    "asked": ("is-off", "clock", "Asked"),
    "your-turn": ("is-turn", "arrow-right", "Your turn"),
    "locking": ("is-time", "refresh-cw", "Locking"),
    "locked": ("is-safe", "lock", "Locked"),
    "paid": ("is-time", "banknote", "Marked paid"),
    "released": ("is-safe", "circle-check", "Released"),
    "returned": ("is-off", "history", "Returned"),
    "ended": ("is-off", "x", "Ended"),
    "in-review": ("is-court", "scale", "In review"),
    "decided": ("is-court", "scale", "Decided"),
    "failed": ("is-fail", "triangle-alert", "Did not go through"),
    "paused": ("is-off", "pause", "Paused"),
    "late": ("is-fail", "clock", "Late"),
    "soon": ("is-time", "clock", "Soon due"),
    "safe": ("is-safe", "check", "Safe"),
}


class BundleMissing(Exception):
    """The page's files were not built."""

    def __init__(self) -> None:
        super().__init__("static/build is missing: run `node frontend/build.mjs`.")


class AssetLike(Protocol):
    """What an amount needs to know of its asset."""

    symbol: str
    decimals: int


# --- files and the page's own attributes -----------------------------------------------------


@lru_cache(maxsize=4)
def _manifest(_modified: float) -> dict[str, str]:
    files: dict[str, str] = json.loads(_manifest_file().read_text())
    return files


def _manifest_file() -> Path:
    return Path(settings.STATICFILES_DIRS[0]) / "build" / "manifest.json"


def built(name: str) -> str:
    """Address of a built file by its logical name: main.js, practice.js, main.css, icons.svg, sans.woff2, serif.woff2.

    Raises: BundleMissing.
    """
    try:
        files = _manifest(_manifest_file().stat().st_mtime)
    except FileNotFoundError as error:
        raise BundleMissing from error
    return static(files[name])


register.simple_tag(built, name="built")


@register.simple_tag(takes_context=True)
def hx(context: Context) -> SafeString:
    """The nonce without which htmx ignores an element: `<div hx-get="…" {% hx %}>`."""
    request = context.get("request")
    return format_html('hx-nonce="{}"', getattr(request, "csp_nonce", ""))


# --- icons, faces, names ---------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: str = "", tone: str = "") -> SafeString:
    """A Lucide icon of frontend/icons.json. `size` is "", "s" or "l"; `tone` moss, brass, plum, lake or clay."""
    classes = "i" + (f" i-{size}" if size else "") + (f" c-{tone}" if tone else "")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        built("icons.svg"),
        name,
    )


@register.simple_tag
def avatar(address: str, size: str = "") -> SafeString:
    """The picture of an address. `size` is "", "s" or "l"."""
    return format_html(
        '<svg class="avatar{}" viewBox="0 0 8 8" shape-rendering="crispEdges" aria-hidden="true">{}</svg>',
        f" avatar-{size}" if size else "",
        mark_safe(blockies.drawing(address)),
    )


@register.simple_tag
def address(value: str, href: str = "", full: bool = False) -> SafeString:
    """An address as 0x3f08…9A1c, whole on hover; `full` writes it out in groups of four, as confirm views must."""
    if full:
        groups = [value[:2] + value[2:6], *(value[at : at + 4] for at in range(6, len(value), 4))]
        text = format_html(
            '<span class="mono groups">{}</span>',
            format_html_join(" ", "{}", ((g,) for g in groups)),
        )
    else:
        text = format_html(
            '<span class="mono" title="{}">{}…{}</span>', value, value[:6], value[-4:]
        )
    return format_html('<a href="{}">{}</a>', href, text) if href else text


@register.simple_tag
def tx(value: str, href: str = "") -> SafeString:
    """A hash as 0x91ab…77e0."""
    return address(value, href)


@register.simple_tag
def presence(here: bool, text: str = "") -> SafeString:
    """A dot and a word: here now, or since when not."""
    return format_html(
        '<span class="presence{}">{}</span>',
        "" if here else " is-away",
        text or ("here now" if here else "away"),
    )


# --- amounts ---------------------------------------------------------------------------------


@register.simple_tag
def amount(base_units: int | str, asset: AssetLike, places: int | None = None) -> SafeString:
    """Coins in words: all digits, at least two decimals, grouped. `places` cuts down for narrow columns."""
    text = amount_text(int(base_units), asset.decimals, places=places)
    return _amount(_at_least(text, 2 if places is None else places), asset.symbol)


@register.simple_tag
def figure(base_units: int | str, asset: AssetLike, places: int | None = None) -> str:
    """The same digits without the unit, where a unit stands beside."""
    return f"{Decimal(amount_text(int(base_units), asset.decimals, places=places)):,f}"


@register.simple_tag
def fiat(value: Decimal | str, currency: str) -> SafeString:
    """Money at its currency's exponent, grouped."""
    return _amount(fiat_text(Decimal(value), currency), currency)


@register.simple_tag
def price(value: Decimal | str, currency: str) -> SafeString:
    """A price as it is signed: no rounding here."""
    return _amount(f"{Decimal(value):f}", currency)


def _amount(text: str, unit: str) -> SafeString:
    whole, mark, part = text.partition(".")
    return format_html(
        '<span class="amt">{}{}{}{}{}</span>', f"{int(whole):,}", mark, part, NARROW_SPACE, unit
    )


def _at_least(text: str, places: int) -> str:
    whole, _, part = text.partition(".")
    return f"{whole}.{part.ljust(places, '0')}" if places or part else whole


# --- time ------------------------------------------------------------------------------------


def _moment(value: datetime | float | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)


@register.simple_tag
def when(value: datetime | float | str | None, style: str = "short") -> SafeString | str:
    """A moment, in UTC until the page puts it into the reader's zone.

    `style`: "short" (14:02, or Sun 22 Nov, 14:19), "clock" (14:02), "day" (22 Nov 2026), "full", "ago" (3 min ago).
    """
    if value is None:
        return ""
    moment = _moment(value).astimezone(UTC)
    shown = {"clock": "%H:%M UTC", "day": "%-d %b %Y"}.get(style, "%a %-d %b, %H:%M UTC")
    return format_html(
        '<app-time format="{}"><time datetime="{}" title="{}">{}</time></app-time>',
        style,
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment.strftime("%a %-d %b %Y, %H:%M:%S UTC"),
        moment.strftime(shown),
    )


def _left(seconds: int) -> tuple[str, str]:
    """Two lines of a clock: ("18:24", "min"), ("2 d", "23 h"), ("20 h", "24 min")."""
    if seconds <= 0:
        return "0:00", "over"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{days} d", f"{hours} h"
    if hours:
        return f"{hours} h", f"{minutes} min"
    return f"{minutes}:{left:02d}", "min"


@register.simple_tag
def span(seconds: int) -> str:
    """A length of time in one unit: "40 s", "4 min", "3 h", "2 days"."""
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if word == "days" else 1):
            return f"{round(seconds / size)}{NARROW_SPACE}{word}"
    return f"{seconds}{NARROW_SPACE}s"


@register.simple_tag(takes_context=True)
def countdown(
    context: Context,
    due: datetime | float | str | None,
    label: str = "left",
    total: int | None = None,
    now: int | None = None,
    tone: str = "",
    size: str = "",
) -> SafeString | str:
    """A ring that empties until `due` on the chain's clock (`total` seconds = a full ring).

    `tone` "", "plum" or "lake"; `size` "" or "s" (no text inside, for dense tables). It ticks in the page; the server draws the present.
    """
    if due is None:
        return ""
    ends = int(_moment(due).timestamp())
    clock = now if now is not None else _asked(context.get("chain_now"))
    left = max(ends - clock, 0)
    full = total or max(left, 1)
    first, second = _left(left)
    arc = round(RING * min(left / full, 1), 1)
    drawn = format_html(
        '<circle cx="38" cy="38" r="34"/><circle class="left{}" cx="38" cy="38" r="34"'
        ' stroke-dasharray="{} {}" transform="rotate(-90 38 38)"/>{}',
        " late" if left <= full / 10 else "",
        arc,
        RING,
        format_html('<text x="38" y="41">{}</text><text x="38" y="56">{}</text>', first, second)
        if size != "s"
        else "",
    )
    return format_html(
        '<app-countdown due="{}" total="{}" now="{}" label="{}"><svg class="ring{}{}" viewBox="0 0 76 76" role="timer"'
        ' aria-label="{}">{}</svg></app-countdown>',
        ends,
        full,
        clock,
        label,
        f" is-{tone}" if tone else "",
        f" ring-{size}" if size else "",
        f"{first} {second} {label}",
        drawn,
    )


def _asked(value: int | Callable[[], int] | None) -> int:
    if value is None:
        return int(datetime.now(UTC).timestamp())
    return value() if callable(value) else value


# --- states ----------------------------------------------------------------------------------


@register.simple_tag
def chip(kind: str, text: str = "") -> SafeString:
    """A state as word, icon and colour; kinds are the keys of CHIPS."""
    tone, drawn, word = CHIPS[kind]
    return format_html('<span class="chip state {}">{}{}</span>', tone, icon(drawn), text or word)


@register.simple_tag
def lockbar(
    steps: Sequence[Mapping[str, Any]], label: str = "Where this trade stands"
) -> SafeString:
    """The lock: four chambers. Each step is {name, by, state, left, icon}.

    state "" (dry), "open" (passed), "here" (where we stand), "filling" (on chain), "held", "ruled".
    `left` 0..1 lets the water of the present chamber fall with the clock. `by` may be safe HTML (a {% when %}).
    """
    return format_html(
        '<ol class="lock" aria-label="{}">{}</ol>',
        label,
        format_html_join("", "{}", ((_chamber(step),) for step in steps)),
    )


def _chamber(step: Mapping[str, Any]) -> SafeString:
    state = step.get("state", "")
    top, tone = CHAMBERS[state]
    left = step.get("left")
    if left is not None:
        top = round(26 - 16 * min(max(float(left), 0), 1))
    drawn = step.get("icon") or CHAMBER_ICONS.get(state, "")
    return format_html(
        '<li{}{}><svg class="water" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="fill" x="0" y="{}" width="100" height="{}"/><rect class="level-line" x="0" y="{}" width="100" height="2"/>'
        "</svg><b>{}{}</b>{}</li>",
        format_html(' class="{}"', tone) if tone else "",
        mark_safe(' aria-current="step"') if state in {"here", "filling", "held"} else "",
        top,
        32 - top,
        top,
        icon(drawn) if drawn else "",
        step["name"],
        step.get("by", ""),
    )


@register.simple_tag
def copy(value: str, label: str) -> SafeString:
    """A button that copies `value` as it is; `label` says what ("IBAN")."""
    return format_html(
        '<app-copy value="{}"><button class="copy" type="button">{}<span data-word>Copy</span>'
        '<span class="sr"> {}</span></button></app-copy>',
        value,
        icon("copy", "s"),
        label,
    )


# --- where we are ----------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def current(context: Context, *prefixes: str) -> SafeString | str:
    """` aria-current="page"` when the page lies under one of the prefixes."""
    path = getattr(context.get("request"), "path", "")
    return mark_safe(' aria-current="page"') if path.startswith(prefixes) else ""
