"""The list of a market: what fits, in which order, in how many queries."""

from __future__ import annotations

import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escrow.models import Asset
from marketplace.accounts.models import User
from marketplace.offers import services
from marketplace.offers.models import Offer, OfferMethod, OfferStatus, Side
from marketplace.offers.selectors import freed_by_dropping, open_offers, row_of
from marketplace.prices.models import PriceQuote
from marketplace.reputation.models import Standing

pytestmark = pytest.mark.django_db
URL = "/market/buy/USDC/EUR/"


def many(count: int, asset: Asset, **changes: Any) -> list[Offer]:
    """`count` open sell offers by as many makers, straight into the database."""
    makers = User.objects.bulk_create(
        User(address="0x" + secrets.token_hex(20)) for _ in range(count)
    )
    values: dict[str, Any] = {
        "side": Side.SELL,
        "asset": asset,
        "currency": "EUR",
        "price_kind": "margin",
        "min_fiat": 20,
        "max_fiat": 500,
        "stock_base_units": 1_000_000_000,
        "arbitrator": "0x" + "1" * 40,
        "fee_bps": 50,
        "ruling_seconds": 1_209_600,
        "expires_at": timezone.now() + timedelta(days=1),
        "salt": "0x" + "0" * 64,
        "signature": "0x",
        "signed_document": {},
        **changes,
    }
    offers = Offer.objects.bulk_create(
        Offer(
            **values,
            **({"margin_bps": index - count // 2} if values["price_kind"] == "margin" else {}),
            public_id=secrets.token_hex(5),
            maker=maker,
            nonce=index + 1,
            offer_hash="0x" + secrets.token_hex(32),
        )
        for index, maker in enumerate(makers)
    )
    OfferMethod.objects.bulk_create(
        OfferMethod(
            offer=offer,
            method=code,
            pay_seconds=2400,
            release_seconds=259_200,
            payee_commitment="0x" + "0" * 64,
        )
        for offer in offers
        for code in ("sepa-instant", "wise")
    )
    return offers


def ids(page: Any) -> list[str]:
    return [row.offer.public_id for row in page.rows]


def test_the_amount_decides_who_fits(alice: User, bob: User, publish: Any, usdc: Asset) -> None:
    small = publish(alice, amount={"min_fiat": "10", "max_fiat": "100"})
    large = publish(bob, amount={"min_fiat": "150", "max_fiat": "800"})
    market = {"side": "sell", "asset": usdc, "currency": "EUR"}
    assert set(ids(open_offers(**market))) == {small.public_id, large.public_id}
    assert ids(open_offers(**market, amount=Decimal(50))) == [small.public_id]
    assert ids(open_offers(**market, amount=Decimal(150))) == [large.public_id]
    assert ids(open_offers(**market, amount=Decimal(120))) == []


def test_what_is_left_decides_too(alice: User, publish: Any, usdc: Asset) -> None:
    offer = publish(alice)
    services.lock_stock(offer, 1_140_000_000)
    market = {"side": "sell", "asset": usdc, "currency": "EUR"}
    assert ids(open_offers(**market, amount=Decimal("92.56"))) == [offer.public_id]
    assert ids(open_offers(**market, amount=Decimal("92.57"))) == []
    services.lock_stock(offer, 60_000_000)
    assert open_offers(**market).total == 0


def test_the_price_in_sql_is_the_price_in_python(usdc: Asset, market_price: PriceQuote) -> None:
    """One rule, two places: rounding, floor and ceiling agree on every row."""
    offers = many(60, usdc)
    Offer.objects.filter(pk__in=[offer.pk for offer in offers[::3]]).update(
        floor_price=Decimal("0.9300")
    )
    Offer.objects.filter(pk__in=[offer.pk for offer in offers[1::3]]).update(
        ceiling_price=Decimal("0.9290")
    )
    page = open_offers(side="sell", asset=usdc, currency="EUR", sort="price", limit=60)
    assert len(page.rows) == 60
    for row in page.rows:
        assert row.price is not None
        assert row.price.value == row.offer.now_price  # type: ignore[attr-defined]
    prices = [row.price.value for row in page.rows if row.price]
    assert prices == sorted(prices)


def test_sellers_of_coins_see_the_highest_price_first(
    usdc: Asset, market_price: PriceQuote
) -> None:
    many(10, usdc, side=Side.BUY)
    page = open_offers(side="buy", asset=usdc, currency="EUR", sort="price")
    prices = [row.price.value for row in page.rows if row.price]
    assert prices == sorted(prices, reverse=True)


def test_best_counts_an_unknown_maker_a_little_dearer(
    alice: User, bob: User, publish: Any, usdc: Asset
) -> None:
    known = publish(alice, price={"fixed_price": "0.9260"})
    unknown = publish(bob, price={"fixed_price": "0.9255"})
    Standing.objects.create(user=alice, done=30, ended=30, median_release_seconds=120)
    market = {"side": "sell", "asset": usdc, "currency": "EUR"}
    assert ids(open_offers(**market)) == [known.public_id, unknown.public_id]
    assert ids(open_offers(**market, sort="price")) == [unknown.public_id, known.public_id]
    assert ids(open_offers(**market, sort="newest")) == [unknown.public_id, known.public_id]
    assert ids(open_offers(**market, sort="speed")) == [known.public_id, unknown.public_id]


@pytest.mark.parametrize("sort", ["best", "price", "speed", "newest"])
def test_pages_follow_each_other_without_gap_or_repeat(
    usdc: Asset, market_price: PriceQuote, sort: str
) -> None:
    many(47, usdc)
    seen: list[str] = []
    cursor = ""
    for expected in (20, 20, 7):
        page = open_offers(side="sell", asset=usdc, currency="EUR", sort=sort, after=cursor)
        assert (len(page.rows), page.total) == (expected, 47)
        seen += ids(page)
        cursor = page.next_cursor
    assert cursor == ""
    assert len(set(seen)) == 47


@pytest.mark.parametrize(
    "cursor",
    ["x", "1~2", "0~NaN~1", "9~1~1", "0~1e9999999~1", "0~1~99999999999999999999", "'; drop"],
)
def test_a_cursor_that_cannot_be_read_starts_over(
    usdc: Asset, market_price: PriceQuote, cursor: str
) -> None:
    """N12."""
    many(3, usdc)
    assert len(open_offers(side="sell", asset=usdc, currency="EUR", after=cursor).rows) == 3


def test_offers_closed_to_the_viewer_come_last_with_their_reason(
    alice: User, bob: User, carol: User, publish: Any, usdc: Asset
) -> None:
    wishing = publish(alice, price={"fixed_price": "0.9000"}, takers={"min_done": 5})
    plain = publish(bob, price={"fixed_price": "0.9500"})
    page = open_offers(side="sell", asset=usdc, currency="EUR", viewer=carol)
    assert ids(page) == [plain.public_id, wishing.public_id]
    assert page.rows[1].shut == "Alice trades with people who have finished 5 trades. You have 0."
    own = open_offers(side="sell", asset=usdc, currency="EUR", viewer=alice)
    assert own.rows[0].is_own
    assert own.rows[0].shut == ""


def test_an_offer_its_maker_cannot_cover_is_marked_and_last(
    alice: User, bob: User, publish: Any, usdc: Asset
) -> None:
    poor = publish(alice, price={"fixed_price": "0.9000"})
    Offer.objects.filter(pk=poor.pk).update(funds_base_units=10_000_000, funds_block=7)
    rich = publish(bob, price={"fixed_price": "0.9500"})
    Offer.objects.filter(pk=rich.pk).update(funds_base_units=10**9, funds_block=7)
    page = open_offers(side="sell", asset=usdc, currency="EUR")
    assert ids(page) == [rich.public_id, poor.public_id]
    assert (
        page.rows[1].shut == "Alice's wallet does not hold enough USDC for this, seen at block 7."
    )


def test_paused_closed_expired_and_foreign_offers_are_not_listed(
    alice: User, publish: Any, usdc: Asset
) -> None:
    shown = publish(alice)
    services.pause(publish(alice))
    services.close(publish(alice))
    Offer.objects.filter(pk=publish(alice).pk).update(expires_at=timezone.now())
    publish(alice, side={"side": "buy"})
    publish(
        alice,
        side={"currency": "USD"},
        methods={
            "methods": [{"method": "zelle", "details": {"name": "A B", "contact": "a@example.com"}}]
        },
    )
    assert ids(open_offers(side="sell", asset=usdc, currency="EUR")) == [shown.public_id]


def test_offers_that_follow_the_market_rest_without_a_fresh_price(
    alice: User, publish: Any, usdc: Asset, market_price: PriceQuote
) -> None:
    """N07."""
    following = publish(
        alice, price={"price_kind": "margin", "margin_bps": -40, "fixed_price": None}
    )
    market = {"side": "sell", "asset": usdc, "currency": "EUR"}
    assert ids(open_offers(**market)) == [following.public_id]
    PriceQuote.objects.update(read_at=timezone.now() - timedelta(minutes=11))
    page = open_offers(**market)
    assert (page.total, page.resting) == (0, 1)
    assert row_of(following, None).shut.startswith("This offer follows the market and rests")


def test_the_empty_list_says_which_filter_to_drop(alice: User, publish: Any, usdc: Asset) -> None:
    publish(alice)
    freed = freed_by_dropping(
        side="sell", asset=usdc, currency="EUR", amount=Decimal(200), method="revolut"
    )
    assert [(one.name, one.count) for one in freed] == [("method", 1)]
    both = freed_by_dropping(
        side="sell", asset=usdc, currency="EUR", amount=Decimal(5), method="revolut"
    )
    assert [(one.name, one.count) for one in both] == [("filters", 1)]
    none = freed_by_dropping(
        side="buy", asset=usdc, currency="EUR", amount=Decimal(5), method="revolut"
    )
    assert none == []


@pytest.mark.parametrize("signed_in", [False, True])
def test_the_page_takes_as_many_queries_for_two_hundred_offers_as_for_one(
    client: Client, usdc: Asset, market_price: PriceQuote, alice: User, signed_in: bool
) -> None:
    """N12: pinned; a query per row would show here first."""
    if signed_in:
        client.force_login(alice)
    counts = []
    for more in (1, 199):
        many(more, usdc)
        client.get(URL)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(URL + "?amount=200&method=wise")
        assert answer.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= (10 if signed_in else 6)


def test_the_page_shows_what_one_gets_net_of_the_fee(
    client: Client, alice: User, publish: Any
) -> None:
    publish(alice)
    page = client.get(URL + "?amount=231.40").content.decode()
    assert "248.75\u00a0USDC" in page
    assert "for 231.40 EUR, net" in page
    assert "50–800" in page
    assert "SEPA Instant" in page


def test_the_page_reads_without_script_and_every_filter_is_a_url(
    client: Client, alice: User, publish: Any
) -> None:
    publish(alice)
    page = client.get(URL + "?amount=200&method=sepa-instant&sort=price").content.decode()
    assert 'href="/market/buy/USDC/EUR/?method=sepa-instant&amp;sort=price"' in page
    assert "Fits 200 EUR" in page
    assert "By SEPA Instant" in page


@pytest.mark.parametrize(
    "amount",
    [
        "0",
        "-5",
        "1.234,56",
        "1,000",
        "NaN",
        "1e400",
        "１２",
        "0x10",
        "12 34",
        "1.234",
        "9" * 60,
        "\x00",
        "<b>",
    ],
)
def test_an_amount_that_cannot_be_read_is_named_and_the_list_still_shows(
    client: Client, alice: User, publish: Any, amount: str
) -> None:
    """N05."""
    publish(alice)
    answer = client.get(URL, {"amount": amount})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="hint is-bad"' in page
    assert "Alice" in page
    assert "<b>" not in page.replace("<b>", "", 0) or "&lt;b&gt;" in page or amount != "<b>"


@pytest.mark.parametrize(
    "query",
    [
        "?sort=drop",
        "?method=nothing",
        "?after=zzz",
        "?amount=",
        "?method=%00",
        "?sort=%F0%9F%98%80",
    ],
)
def test_filters_that_do_not_exist_do_no_harm(
    client: Client, alice: User, publish: Any, query: str
) -> None:
    """N12."""
    publish(alice)
    assert client.get(URL + query).status_code == 200


@pytest.mark.parametrize(
    "url", ["/market/buy/NOPE/EUR/", "/market/buy/USDC/XXQ/", "/market/hold/USDC/EUR/"]
)
def test_markets_that_do_not_exist_are_404(client: Client, usdc: Asset, url: str) -> None:
    """N09."""
    assert client.get(url).status_code == 404


def test_the_filter_form_leads_to_the_market_s_own_url(client: Client, usdc: Asset) -> None:
    answer = client.get(
        "/market/",
        {"side": "sell", "asset": "usdc", "currency": "gbp", "amount": "50", "junk": "1"},
    )
    assert answer.url == "/market/sell/USDC/GBP/?amount=50"
    assert client.get("/market/").url == "/market/buy/USDC/EUR/"


def test_the_empty_page_names_the_way_out(client: Client, alice: User, publish: Any) -> None:
    publish(alice)
    page = client.get(URL + "?method=revolut&amount=200").content.decode()
    assert "No one sells USDC for 200 EUR by Revolut" in page
    assert "Drop the method and 1 offer appears." in page
    both = client.get(URL + "?method=revolut&amount=5").content.decode()
    assert "Drop the filters and 1 offer appears." in both
    assert f'href="{URL}"' in both
    nothing = client.get("/market/buy/USDC/GBP/").content.decode()
    assert "Be the first" in nothing


def test_terms_and_names_are_shown_as_text(client: Client, alice: User, publish: Any) -> None:
    """N10: nobody's words are markup."""
    offer = publish(alice, terms={"terms_text": "<script>alert(1)</script>"})
    User.objects.filter(pk=alice.pk).update(name="<i>Alice")
    page = client.get(f"/o/{offer.public_id}/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<i>Alice" not in client.get(URL).content.decode()


def test_only_open_offers_hold_the_status(alice: User, publish: Any) -> None:
    assert publish(alice).status == OfferStatus.OPEN
