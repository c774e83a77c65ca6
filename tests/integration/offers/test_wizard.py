"""Writing an offer in seven steps, as a browser without script does it."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from escrow.models import Asset
from marketplace.accounts import services as accounts
from marketplace.accounts.models import User
from marketplace.offers.arbitrators import arbitrators
from marketplace.offers.models import Offer, OfferDraft
from marketplace.payments.models import PaymentAccount
from marketplace.prices.models import PriceQuote
from tests.integration.offers.publishing import signed
from tests.integration.offers.reading import sheet_of, shown

pytestmark = pytest.mark.django_db


ANSWERS: dict[str, dict[str, str]] = {
    "side": {"side": "sell", "asset": "USDC", "currency": "EUR"},
    "amount": {"stock": "1240", "min_fiat": "50", "max_fiat": "800"},
    "price": {
        "price_kind": "margin",
        "margin": "-0.7",
        "floor_price": "0.9150",
        "ceiling_price": "",
        "fixed_price": "",
    },
    "methods": {
        "pick-sepa-instant": "on",
        "sepa-instant-name": "Alice Ozola",
        "sepa-instant-iban": "DE89 3704 0044 0532 0130 00",
    },
    "takers": {"min_done": "0", "min_age_days": "0"},
    "terms": {"terms_text": "Instant please.", "expires_days": "30"},
}


def walk(client: Client, *, until: str = "review", **changes: dict[str, str]) -> Any:
    """Answers each step in turn up to `until`; the answer to the last one."""
    answer = None
    for step, posted in ANSWERS.items():
        if step == until:
            break
        body = {**posted, **changes.get(step, {})}
        if step == "terms":
            body["arbitrator"] = arbitrators()[0].address
        answer = client.post(f"/offers/new/{step}/", body)
        assert answer.status_code == 302, (step, shown(answer)[-3000:])
    return answer


def test_seven_steps_and_a_signature_make_an_offer(
    client: Client, alice: User, usdc: Asset, cast: Any, market_price: PriceQuote
) -> None:
    client.force_login(alice)
    assert walk(client).url == "/offers/new/review/"
    page = shown(client.get("/offers/new/review/"))
    assert "0.70 % under the market, never below 0.915" in page
    sheet = sheet_of(page, "offer-sheet")
    assert sheet["urls"] == {"publish": "/offers/new/publish/"}
    assert sheet["typed"]["primaryType"] == "Offer"
    draft = OfferDraft.objects.get(maker=alice)
    answer = client.post(
        "/offers/new/publish/",
        json.dumps(signed(draft, cast.alice)),
        content_type="application/json",
    )
    assert answer.status_code == 201, answer.content
    offer = Offer.objects.get()
    assert answer.json() == {"next": f"/o/{offer.public_id}/"}
    assert (offer.margin_bps, offer.floor_price) == (-70, Decimal("0.915"))
    assert PaymentAccount.objects.get(owner=alice).label == "SEPA Instant · DE89 … 3000"


def test_steps_are_taken_in_order(client: Client, alice: User, usdc: Asset) -> None:
    client.force_login(alice)
    assert client.get("/offers/new/price/").url == "/offers/new/side/"
    walk(client, until="price")
    assert client.get("/offers/new/review/").url == "/offers/new/price/"
    assert client.get("/offers/new/").url == "/offers/new/price/"
    assert client.get("/offers/new/nothing/").status_code == 404


def test_going_back_loses_nothing_not_even_what_is_wrong(
    client: Client, alice: User, usdc: Asset
) -> None:
    client.force_login(alice)
    walk(client, until="amount")
    answer = client.post(
        "/offers/new/amount/", {"stock": "12,40", "min_fiat": "50", "max_fiat": "800", "go": "back"}
    )
    assert answer.url == "/offers/new/side/"
    page = shown(client.get("/offers/new/amount/"))
    assert 'value="12,40"' in page
    assert 'value="800"' in page
    assert 'value="USDC" selected' in shown(client.get("/offers/new/side/"))


def test_a_draft_waits_on_the_server(client: Client, alice: User, usdc: Asset) -> None:
    client.force_login(alice)
    walk(client, until="price")
    assert "A draft waits" in shown(client.get("/offers/"))
    other = Client()
    other.force_login(alice)
    assert 'value="1240"' in shown(other.get("/offers/new/amount/"))
    client.post("/offers/new/drop/")
    assert not OfferDraft.objects.exists()


@pytest.mark.parametrize(
    ("step", "change", "words"),
    [
        ("side", {"side": ""}, "Say whether you sell or buy."),
        ("side", {"currency": "XXQ"}, "not one of the available choices"),
        ("amount", {"stock": "1.234,56"}, "decimal point and no thousands marks"),
        ("amount", {"stock": "0"}, "more than zero"),
        ("amount", {"stock": "-1"}, "more than zero"),
        ("amount", {"stock": "0.0000001"}, "at most 6 decimals"),
        ("amount", {"min_fiat": "50.001"}, "at most 2 decimals"),
        ("amount", {"min_fiat": "NaN"}, "in digits"),
        ("amount", {"max_fiat": "10"}, "must not be below the least"),
        ("amount", {"max_fiat": ""}, "required"),
        ("price", {"margin": "lots"}, "percentage like"),
        ("price", {"margin": "51"}, "within 50 %"),
        ("price", {"margin": ""}, "how far from the market"),
        ("price", {"floor_price": "1", "ceiling_price": "0.9"}, "must not be below"),
        ("price", {"price_kind": "fixed", "fixed_price": "92.56"}, "Is a digit missing?"),
        ("price", {"price_kind": "fixed", "fixed_price": ""}, "Set the price of one coin."),
        ("methods", {"pick-sepa-instant": ""}, "Pick at least one way to pay."),
        ("methods", {"sepa-instant-iban": "DE00"}, "check digits do not fit"),
        ("methods", {"sepa-instant-name": ""}, "is needed"),
        ("takers", {"min_done": "50"}, "not one of the available choices"),
        ("terms", {"terms_text": "a\u202eb"}, "hidden character"),
        ("terms", {"terms_text": "x" * 401}, "at most 400"),
        (
            "terms",
            {"arbitrator": "0x000000000000000000000000000000000000dEaD"},
            "Pick an arbitrator from the list.",
        ),
    ],
)
def test_bad_input_gets_a_sentence_at_its_field(
    client: Client,
    alice: User,
    usdc: Asset,
    market_price: PriceQuote,
    step: str,
    change: dict[str, str],
    words: str,
) -> None:
    """N05, N10 in every step; nothing is kept of a wrong step."""
    client.force_login(alice)
    walk(client, until=step)
    body = {**ANSWERS[step], "arbitrator": arbitrators()[0].address, **change}
    answer = client.post(
        f"/offers/new/{step}/", {name: text for name, text in body.items() if text}
    )
    assert answer.status_code == 200
    assert words in shown(answer)
    kept = OfferDraft.objects.filter(maker=alice).first()
    assert kept is None or step not in kept.values


def test_the_price_step_shows_rank_and_earnings(
    client: Client, alice: User, bob: User, publish: Any, market_price: PriceQuote
) -> None:
    for price in ("0.9200", "0.9300", "0.9400"):
        publish(bob, price={"fixed_price": price})
    client.force_login(alice)
    walk(client, until="price")
    page = shown(
        client.get("/offers/new/price/preview/", {"price_kind": "margin", "margin": "-0.7"})
    )
    for words in (
        "2nd of 4",
        "0.9228\u00a0EUR",
        "0.7 % under",
        "1,240.00\u00a0USDC",
        "1 offer comes before yours",
    ):
        assert words in page, words
    typed = shown(client.get("/offers/new/price/preview/", {"price_kind": "margin", "margin": "x"}))
    assert "Write a price" in typed


def test_an_offer_is_changed_by_signing_its_next_version(
    client: Client, alice: User, cast: Any, publish: Any
) -> None:
    offer = publish(alice)
    client.force_login(alice)
    assert (
        client.get(f"/offers/{offer.public_id}/edit/").url
        == f"/offers/{offer.public_id}/edit/price/"
    )
    assert 'value="0.9256"' in shown(client.get(f"/offers/{offer.public_id}/edit/price/"))
    client.post(
        f"/offers/{offer.public_id}/edit/price/", {"price_kind": "fixed", "fixed_price": "0.9300"}
    )
    page = shown(client.get(f"/offers/{offer.public_id}/edit/review/"))
    assert sheet_of(page, "offer-sheet")["typed"]["message"]["version"] == "2"
    draft = OfferDraft.objects.get(offer=offer)
    answer = client.post(
        f"/offers/{offer.public_id}/publish/",
        json.dumps(signed(draft, cast.alice)),
        content_type="application/json",
    )
    assert answer.status_code == 201
    offer.refresh_from_db()
    assert (offer.version, offer.fixed_price) == (2, Decimal("0.93"))


def test_a_suspended_maker_is_told_why(client: Client, alice: User, usdc: Asset) -> None:
    accounts.suspend(alice, until=timezone.now() + timedelta(days=1), reason="Fake receipts.")
    client.force_login(alice)
    answer = client.get("/offers/new/side/")
    assert answer.status_code == 403
    assert "Fake receipts." in shown(answer)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"message": 1}', '{"message": {}, "salt": 1}', '{"a":1,"a":2}']
)
def test_a_publication_of_other_shape_is_refused_in_json(
    client: Client, alice: User, usdc: Asset, body: str
) -> None:
    """N13."""
    client.force_login(alice)
    answer = client.post("/offers/new/publish/", body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "text", "field"}
