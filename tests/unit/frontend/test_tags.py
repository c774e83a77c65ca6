"""The parts that every template uses: exact amounts, whole addresses, clocks that read the same as in the page."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from marketplace.templatetags import blockies, parley

USDC = SimpleNamespace(symbol="USDC", decimals=6)
ETH = SimpleNamespace(symbol="ETH", decimals=18)
ADDRESS = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"


@pytest.fixture(autouse=True)
def built_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parley, "built", lambda name: f"/static/build/{name}")


def render(text: str, **values: object) -> str:
    return Template("{% load parley %}" + text).render(Context(values))


@pytest.mark.parametrize(
    ("units", "asset", "places", "shown"),
    [
        (248_750_000, USDC, None, "248.75"),
        (250_000_000, USDC, None, "250.00"),
        (1_240_000_000, USDC, None, "1,240.00"),
        (214_995_678, USDC, None, "214.995678"),
        (214_999_999, USDC, 2, "214.99"),
        (1, ETH, None, "0.000000000000000001"),
        (2**128 - 1, ETH, None, "340,282,366,920,938,463,463.374607431768211455"),
        (0, USDC, None, "0.00"),
    ],
)
def test_an_amount_shows_every_digit_unless_it_is_cut_down(units, asset, places, shown):
    assert (
        parley.amount(units, asset, places)
        == f'<span class="amt">{shown}\u00a0{asset.symbol}</span>'
    )


@pytest.mark.parametrize(
    ("value", "currency", "shown"), [("231.4", "EUR", "231.40"), ("12000", "JPY", "12,000")]
)
def test_money_is_written_at_its_currencys_exponent(value, currency, shown):
    assert parley.fiat(value, currency) == f'<span class="amt">{shown}\u00a0{currency}</span>'


def test_an_address_is_short_in_lists_and_whole_where_consent_is_asked():
    assert parley.address(ADDRESS) == f'<span class="mono" title="{ADDRESS}">0x90F7…b906</span>'
    whole = parley.address(ADDRESS, full=True)
    assert (
        whole
        == '<span class="mono groups">0x90F7 9bf6 EB2c 4f87 0365 E785 982E 1f10 1E93 b906</span>'
    )


@pytest.mark.parametrize(
    ("seconds", "lines"),
    [
        (-1, ("0:00", "over")),
        (0, ("0:00", "over")),
        (59, ("0:59", "min")),
        (1104, ("18:24", "min")),
        (3600, ("1 h", "0 min")),
        (73_440, ("20 h", "24 min")),
        (255_600, ("2 d", "23 h")),
    ],
)
def test_a_clock_has_two_lines(seconds, lines):
    assert parley._left(seconds) == lines


def test_a_countdown_runs_on_the_chains_clock():
    drawn = render('{% countdown due "to pay" total=1800 %}', due=2_104, chain_now=lambda: 1_000)
    assert 'due="2104" total="1800" now="1000"' in drawn
    assert 'aria-label="18:24 min to pay"' in drawn
    assert 'stroke-dasharray="131.0 213.6"' in drawn
    assert "late" not in drawn
    assert "left late" in render(
        "{% countdown due total=1800 %}", due=1_180, chain_now=lambda: 1_000
    )
    assert render("{% countdown due %}", due=None) == ""


def test_a_moment_is_told_in_utc_until_the_page_knows_better():
    moment = datetime(2026, 11, 22, 14, 19, tzinfo=UTC)
    shown = parley.when(moment)
    assert '<time datetime="2026-11-22T14:19:00Z"' in shown
    assert ">Sun 22 Nov, 14:19 UTC</time>" in shown
    assert parley.when(int(moment.timestamp())) == shown
    assert parley.when(None) == ""


@pytest.mark.parametrize("kind", sorted(parley.CHIPS))
def test_every_state_is_word_icon_and_colour(kind):
    tone, drawn, word = parley.CHIPS[kind]
    assert parley.chip(kind) == (
        f'<span class="chip state {tone}"><svg class="i" aria-hidden="true">'
        f'<use href="/static/build/icons.svg#{drawn}"/></svg>{word}</span>'
    )


def test_water_falls_with_the_clock():
    full, low = (
        parley._chamber({"name": "Pay", "by": "You", "state": "here", "left": left})
        for left in (1, 0)
    )
    assert 'y="10"' in full
    assert 'y="26"' in low
    assert 'aria-current="step"' in full


def test_a_name_cannot_write_markup():
    drawn = render(
        "{% lockbar steps %}", steps=[{"name": "<b>x</b>", "by": "<i>y</i>", "state": "open"}]
    )
    assert "&lt;b&gt;x&lt;/b&gt;" in drawn
    assert "&lt;i&gt;y&lt;/i&gt;" in drawn
    assert 'value="&quot;&gt;&lt;script&gt;"' in parley.copy('"><script>', "IBAN")


def test_an_element_for_htmx_carries_the_pages_nonce():
    request = RequestFactory().get("/")
    request.csp_nonce = "abc"
    assert render("<p {% hx %}></p>", request=request) == '<p hx-nonce="abc"></p>'


def test_the_part_of_the_site_we_are_in_is_marked():
    request = RequestFactory().get("/o/abc/")
    assert 'aria-current="page"' in render('<a{% current "/market/" "/o/" %}>', request=request)
    assert "aria-current" not in render('<a{% current "/trades/" %}>', request=request)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(40, "40\u00a0s"), (240, "4\u00a0min"), (7_200, "2\u00a0h"), (172_800, "2\u00a0days")],
)
def test_a_length_of_time_has_one_unit(seconds, shown):
    assert parley.span(seconds) == shown


def test_the_picture_of_an_address_is_the_one_that_explorers_draw():
    """Colours and cells of ethereum-blockies for this address, computed with the original algorithm in JavaScript."""
    drawn = blockies.drawing(ADDRESS)
    assert drawn.startswith(
        '<rect width="8" height="8" fill="hsl(233 79.0% 43.7%)"/><path fill="hsl(101 77.6% 29.9%)"'
    )
    assert '<path fill="hsl(275 82.6% 45.9%)"' in drawn
    rows = [
        "00000000",
        "11200211",
        "10200201",
        "01000010",
        "01011010",
        "12100121",
        "01111110",
        "00122100",
    ]
    cells = [(x, y, cell) for y, row in enumerate(rows) for x, cell in enumerate(row)]
    for kind, path in zip("12", drawn.split('d="')[1:], strict=True):
        assert path.split('"')[0] == "".join(
            f"M{x} {y}h1v1h-1z" for x, y, cell in cells if cell == kind
        )
    assert drawn == blockies.drawing(ADDRESS.lower())
