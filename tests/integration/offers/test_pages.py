"""The offer page, the maker's own pages, the profile and the wizard, as a browser without script meets them."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.offers import services
from marketplace.offers.access import NotEligible, OfferNotOpen, OwnOffer, taker_of
from marketplace.offers.models import Offer, OfferStatus
from marketplace.offers.selectors import offer_quote
from marketplace.payments.models import PaymentAccount
from marketplace.prices.models import PriceQuote
from marketplace.prices.selectors import PriceUnavailable
from marketplace.reputation.models import Standing
from tests.integration.offers.reading import sheet_of, shown

pytestmark = pytest.mark.django_db


# --- the offer page --------------------------------------------------------------------------


def test_the_offer_page_says_price_fee_clocks_and_judge(
    client: Client, alice: User, bob: User, publish: Any
) -> None:
    offer = publish(alice)
    client.force_login(bob)
    page = shown(client.get(f"/o/{offer.public_id}/?amount=231.40"))
    for words in (
        "Alice sells USDC at",
        "0.9256\u00a0EUR",
        "30 min",
        "250.00\u00a0USDC",
        '<span class="amt">−1.25\u00a0USDC',
        "248.75\u00a0USDC",
        "231.40\u00a0EUR",
        "yours after 3 days",
        "Petra decides within 14 days",
        "half each, no fee",
        "You sign one message in your wallet",
        "No coins leave your wallet",
        "Name on the account you pay from",
    ):
        assert words in page, words


def test_offer_page_says_at_which_block_the_coins_were_seen(
    client: Client, alice: User, publish: Any
) -> None:
    """A balance is of its block: it is no promise about the next one."""
    offer = publish(alice)

    def page(**seen: int | None) -> str:
        Offer.objects.filter(pk=offer.pk).update(**seen)
        return shown(client.get(f"/o/{offer.public_id}/"))

    assert "not looked yet" in page(funds_base_units=None, funds_block=None)
    enough = page(funds_base_units=900_000_000, funds_block=7)
    assert "900.00\u00a0USDC" in enough
    assert "in the wallet at block 7" in enough
    short = "wallet does not hold enough USDC for this, seen at block 8."
    assert short in page(funds_base_units=1_000_000, funds_block=8)


def test_the_take_sheet_holds_public_facts_only(
    client: Client, alice: User, bob: User, publish: Any
) -> None:
    offer = publish(alice)
    client.force_login(bob)
    page = shown(client.get(f"/o/{offer.public_id}/"))
    sheet = sheet_of(page, "offer-take")
    assert (sheet["price"], sheet["feeBps"], sheet["min"], sheet["max"]) == (
        "0.9256",
        50,
        "50.00",
        "800.00",
    )
    assert sheet["methods"][0]["code"] == "sepa-instant"
    assert sheet["urls"] == {"take": f"/o/{offer.public_id}/take/"}
    assert "DE89370400440532013000" not in page
    assert "Ozola" not in page


@pytest.mark.parametrize("amount", ["10", "5000", "0", "1,000", "abc", "200.001"])
def test_an_amount_that_does_not_fit_is_named_and_the_least_is_quoted(
    client: Client, alice: User, publish: Any, amount: str
) -> None:
    """N05."""
    page = shown(client.get(f"/o/{publish(alice).public_id}/", {"amount": amount}))
    assert 'class="hint is-bad"' in page
    assert "53.748919\u00a0USDC" in page


def test_a_buy_offer_asks_the_seller_for_the_fields_of_each_method(
    client: Client, alice: User, bob: User, publish: Any
) -> None:
    offer = publish(alice, side={"side": "buy"})
    PaymentAccount.objects.create(
        owner=bob,
        method="sepa-instant",
        label="x",
        details={"name": "Bob B", "iban": "LT601010012345678901"},
    )
    client.force_login(bob)
    page = shown(client.get(f"/o/{offer.public_id}/"))
    assert 'name="sepa-instant-iban"' in page
    assert "LT601010012345678901" in page
    assert "Sell to Alice" in page


def test_a_stranger_reads_the_offer_and_is_asked_to_sign_in(
    client: Client, alice: User, publish: Any
) -> None:
    page = shown(client.get(f"/o/{publish(alice).public_id}/?amount=100"))
    assert "Sign in to buy" in page
    assert "data-go" not in page


def test_the_maker_meets_his_own_offer_as_his(client: Client, alice: User, publish: Any) -> None:
    client.force_login(alice)
    page = shown(client.get(f"/o/{publish(alice).public_id}/"))
    assert "This is your offer" in page
    assert "offer-take" not in page


@pytest.mark.parametrize(
    ("end", "words"),
    [("pause", "rests at the moment"), ("close", "has ended"), ("expire", "has ended")],
)
def test_an_offer_that_cannot_be_taken_says_so(
    client: Client, alice: User, publish: Any, end: str, words: str
) -> None:
    offer = publish(alice)
    if end == "expire":
        Offer.objects.update(expires_at=timezone.now())
    else:
        getattr(services, end)(offer)
    page = shown(client.get(f"/o/{offer.public_id}/"))
    assert words in page
    assert "offer-take" not in page


def test_an_offer_that_is_not_there_is_404(client: Client, db: None) -> None:
    assert client.get("/o/nothere1/").status_code == 404


def test_the_offer_page_takes_a_fixed_number_of_queries(
    client: Client, alice: User, bob: User, publish: Any
) -> None:
    offer = publish(alice)
    client.force_login(bob)
    client.get(f"/o/{offer.public_id}/")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/o/{offer.public_id}/")
    assert len(queries) <= 10


# --- who may take ----------------------------------------------------------------------------


def test_who_may_take_is_one_door(alice: User, bob: User, publish: Any) -> None:
    offer = publish(alice)
    assert taker_of(offer, bob) is bob
    with pytest.raises(OwnOffer):
        taker_of(offer, alice)
    services.pause(offer)
    offer.refresh_from_db()
    with pytest.raises(OfferNotOpen, match="rests"):
        taker_of(offer, bob)


def test_a_wish_of_the_maker_is_named_with_what_one_has(
    alice: User, bob: User, publish: Any
) -> None:
    offer = publish(alice, takers={"min_done": 3, "min_age_days": 7})
    with pytest.raises(NotEligible) as caught:
        taker_of(offer, bob)
    assert len(caught.value.missing) == 2
    Standing.objects.create(user=bob, done=3, ended=3)
    User.objects.filter(pk=bob.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert taker_of(offer, User.objects.get(pk=bob.pk))


def test_a_quote_without_a_market_price_is_refused(
    alice: User, publish: Any, market_price: PriceQuote
) -> None:
    offer = publish(alice, price={"price_kind": "margin", "margin_bps": 0, "fixed_price": None})
    quote = offer_quote(offer, fiat=Decimal(200))
    assert (quote.price, quote.price_source) == (Decimal("0.9293"), market_price.source)
    PriceQuote.objects.all().delete()
    with pytest.raises(PriceUnavailable):
        offer_quote(offer, fiat=Decimal(200))


# --- my offers -------------------------------------------------------------------------------


def test_the_maker_rests_resumes_copies_and_ends_an_offer(
    client: Client, alice: User, publish: Any
) -> None:
    offer = publish(alice)
    client.force_login(alice)
    states = []
    for action in ("pause", "resume", "close"):
        assert client.post(f"/offers/{offer.public_id}/{action}/").url == "/offers/"
        offer.refresh_from_db()
        states.append(offer.status)
    assert states == [OfferStatus.PAUSED, OfferStatus.OPEN, OfferStatus.CLOSED]
    assert client.post(f"/offers/{offer.public_id}/duplicate/").url == "/offers/new/review/"
    assert client.get("/offers/new/review/").status_code == 200


@pytest.mark.parametrize("action", ["pause", "resume", "close", "duplicate"])
def test_somebody_elses_offer_is_not_there(
    client: Client, alice: User, bob: User, publish: Any, action: str
) -> None:
    offer = publish(alice)
    client.force_login(bob)
    assert client.post(f"/offers/{offer.public_id}/{action}/").status_code == 404
    assert client.get(f"/offers/{offer.public_id}/edit/").status_code == 404
    offer.refresh_from_db()
    assert offer.status == OfferStatus.OPEN


@pytest.mark.parametrize("action", ["pause", "resume", "close", "duplicate", "publish"])
def test_reading_never_writes(client: Client, alice: User, publish: Any, action: str) -> None:
    offer = publish(alice)
    client.force_login(alice)
    assert client.get(f"/offers/{offer.public_id}/{action}/").status_code == 405


def test_what_staff_paused_the_maker_cannot_resume(
    client: Client, alice: User, publish: Any
) -> None:
    offer = publish(alice)
    services.pause(offer, reason="Asks for card numbers.", by_staff=True)
    client.force_login(alice)
    page = shown(client.post(f"/offers/{offer.public_id}/resume/", follow=True))
    assert "Our staff has paused this offer: Asks for card numbers." in page
    offer.refresh_from_db()
    assert offer.status == OfferStatus.PAUSED
    assert services.resume(offer, by_staff=True).status == OfferStatus.OPEN


def test_a_closed_offer_stays_closed(alice: User, publish: Any) -> None:
    offer = services.close(publish(alice))
    for action in (services.pause, services.resume):
        with pytest.raises(OfferNotOpen):
            action(offer)


def test_my_offers_take_as_many_queries_for_ten_as_for_one(
    client: Client, alice: User, publish: Any
) -> None:
    client.force_login(alice)
    counts = []
    for more in (1, 9):
        for _ in range(more):
            publish(alice)
        client.get("/offers/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/offers/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


# --- the profile -----------------------------------------------------------------------------


def test_a_newcomer_is_shown_kindly(client: Client, alice: User) -> None:
    page = shown(client.get(f"/u/{alice.address}/"))
    assert "New here: no trades yet. Everybody starts like this" in page
    assert not re.search(r"[0-9] %", page)


def test_a_profile_shows_counts_and_open_offers(client: Client, alice: User, publish: Any) -> None:
    Standing.objects.create(
        user=alice, done=212, ended=214, partners=131, median_release_seconds=180, disputes_opened=1
    )
    offer = publish(alice)
    services.close(publish(alice))
    page = shown(client.get(f"/u/{alice.address}/"))
    for words in ("Steady", "212", "of 214 · 99 %", "131", "3 min", offer.public_id):
        assert words in page, words


def test_an_address_in_other_letters_leads_to_the_one_page(client: Client, alice: User) -> None:
    """W06."""
    assert client.get(f"/u/{alice.address.lower()}/").url == f"/u/{alice.address}/"


@pytest.mark.parametrize(
    "address", ["0x000000000000000000000000000000000000dEaD", "0x12", "nobody", "%00"]
)
def test_an_unknown_person_is_404(client: Client, db: None, address: str) -> None:
    assert client.get(f"/u/{address}/").status_code == 404
