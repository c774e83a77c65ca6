"""A dispute from the first sentence to the paid-out ruling, on the real devnet: balances, letters, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import Client

from chat.selectors import entry_json
from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.chain.moves import direct_calldata
from escrow.models import Chain, SignedCall
from escrow.selectors import chain_clock
from marketplace.accounts.models import User
from marketplace.disputes.models import Case, Filing, Ruling
from marketplace.disputes.selectors import decision_of, opening_of
from marketplace.disputes.services import close_due_cases, open_case, open_due_cases, room_of
from marketplace.moderation.audit import verify_chain
from marketplace.moderation.models import AuditEntry
from marketplace.moderation.refusals import TimeIsOver
from marketplace.moderation.services.cases import claim_case
from marketplace.moderation.services.rulings import draft_ruling, send_ruling
from marketplace.trades.models import Trade
from marketplace.trades.terms import terms_of
from tests.drivers.trade import DAY, HOUR, TradeDriver

FINDINGS = {"paid": "yes", "on_time": "yes", "right_name": "yes", "right_amount": "no"}
LETTER = "226.40 EUR were booked: 5.00 EUR less than agreed, kept by the sending bank."
TO_BUYER = 244_598_098


@pytest.fixture
def driver(chain: Chain, cast: Any, alice: User, bob: User, carol: User) -> TradeDriver:
    """Alice sells, Bob buys; Petra of the hub's list judges with her own key."""
    judge = cast_account(ARBITRATOR)
    keys = {account.address: account for account in (cast.alice, cast.bob, cast.carol, judge)}
    return TradeDriver(chain, keys, judge)


@pytest.fixture
def petra(db: None) -> User:
    user = User.objects.create(address=cast_account(ARBITRATOR).address, name="Petra")
    user.groups.add(Group.objects.get_or_create(name="arbitrator")[0])
    return user


def hold(driver: TradeDriver, trade: Trade) -> Filing:
    """The seller files and his dispute settles."""
    filing = open_case(
        trade=trade,
        by=trade.seller,
        reason="wrong_amount",
        story="226.40 arrived.",
        wanted="split",
        to_buyer_base_units=TO_BUYER,
    )
    driver.send_move(trade, trade.seller, "dispute", evidence=filing.evidence_hash)
    return filing


@pytest.fixture
def disputed(driver: TradeDriver, alice: User, bob: User, petra: User) -> Trade:
    trade = driver.paid(alice, bob)
    hold(driver, trade)
    trade = driver.settle_down(trade)
    open_due_cases()
    claim_case(trade, by=petra)
    # Blocks that tests mine run ahead of the node's clock, and no trade closes in the second it was funded in.
    driver.skip(HOUR)
    return driver.fresh(trade)


@pytest.fixture
def ruling(disputed: Trade, petra: User) -> Ruling:
    return draft_ruling(
        disputed,
        by=petra,
        findings=FINDINGS,
        to_buyer_base_units=TO_BUYER,
        reason="underpaid",
        letter=LETTER,
    )


def balances(driver: TradeDriver, trade: Trade) -> tuple[int, int]:
    return driver.balance(trade, trade.buyer), driver.balance(trade, trade.seller)


def post(user: User, ruling: Ruling, address: str, body: dict[str, Any]) -> HttpResponse:
    client = Client()
    client.force_login(user)
    path = f"/desk/case/{ruling.case.trade.ref}/ruling/{ruling.pk}/{address}/"
    return client.post(path, body, content_type="application/json")


def signed(
    driver: TradeDriver, ruling: Ruling, by: User, *, deadline: int = 0, **changed: Any
) -> dict[str, str]:
    deadline = deadline or chain_clock() + HOUR
    arguments = {"toBuyer": ruling.to_buyer_base_units, "evidence": ruling.evidence_hash, **changed}
    signature = driver.move_signature(ruling.case.trade, by, "rule", deadline, **arguments)
    return {"deadline": str(deadline), "signature": signature}


def test_the_filed_text_is_what_the_contract_carries(disputed: Trade, alice: User) -> None:
    opening = opening_of(disputed)

    assert opening is not None
    assert (opening.by, opening.is_genuine) == (alice.address, True)
    assert opening.filing is not None
    assert opening.filing.story == "226.40 arrived."
    assert disputed.disputed_by == "seller"


def test_the_buyer_opens_by_signature_alone(driver: TradeDriver, alice: User, bob: User) -> None:
    trade = driver.paid(alice, bob)
    filing = open_case(
        trade=trade, by=bob, reason="not_released", story="Sent at 14:18.", wanted="all_to_buyer"
    )

    driver.sign_move(trade, bob, "dispute", evidence=filing.evidence_hash)
    trade = driver.settle_down(trade)

    opening = opening_of(trade)
    assert opening is not None
    assert (opening.by, opening.filing, opening.is_genuine) == (bob.address, filing, True)


def test_a_signed_ruling_is_relayed_and_pays_to_the_unit_without_a_fee(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User
) -> None:
    """Story 5's figures, as a ruling."""
    before = balances(driver, disputed)

    response = post(petra, ruling, "signed", signed(driver, ruling, petra))

    assert response.status_code == 202
    assert response.json()["next"] == f"/desk/case/{disputed.ref}/"
    trade = driver.settle_down(disputed)
    assert (trade.status, trade.outcome, trade.to_buyer) == ("CLOSED", "RULED", TO_BUYER)
    after = balances(driver, trade)
    assert (after[0] - before[0], after[1] - before[1]) == (244_598_098, 5_401_902)
    assert driver.node.escrow_state(trade.trade_id).status == 0


def test_a_ruling_that_she_sends_herself_ends_the_same_way(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User
) -> None:
    before = balances(driver, disputed)
    arguments = {"toBuyer": TO_BUYER, "evidence": ruling.evidence_hash}
    receipt = driver.send(
        petra, driver.node.call_of(direct_calldata("rule", terms_of(disputed), arguments))
    )

    response = post(petra, ruling, "submissions", {"move": "rule", "txHash": receipt.tx_hash})

    assert response.status_code == 202
    trade = driver.settle_down(disputed)
    after = balances(driver, trade)
    assert (after[0] - before[0], after[1] - before[1]) == (244_598_098, 5_401_902)
    ruling.refresh_from_db()
    assert ruling.sent_at is not None


def test_both_read_the_letter_in_their_room_and_on_their_page(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User, page_bundle: None
) -> None:
    post(petra, ruling, "signed", signed(driver, ruling, petra))
    trade = driver.settle_down(disputed)
    close_due_cases()

    decision = decision_of(trade)
    assert decision is not None
    assert (decision.ruling, decision.is_genuine) == (ruling, True)
    spoken = room_of(trade).entries.filter(kind="staff").order_by("-seq").first()
    assert spoken is not None
    assert entry_json(spoken)["text"] == LETTER
    for person in (trade.buyer, trade.seller):
        client = Client()
        client.force_login(person)
        page = client.get(f"/trade/{trade.ref}/dispute/").content.decode()
        assert LETTER in page
        assert "244.598098 USDC" in page


def test_every_step_of_a_case_is_in_the_log(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User
) -> None:
    """M06."""
    post(petra, ruling, "signed", signed(driver, ruling, petra))

    actions = list(AuditEntry.objects.order_by("number").values_list("action", flat=True))
    assert actions == ["case.claim", "case.read", "case.draft_ruling", "case.rule_signed"]
    assert verify_chain().is_whole


def test_the_same_signature_twice_is_one_call(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User
) -> None:
    """N14."""
    body = signed(driver, ruling, petra)

    assert post(petra, ruling, "signed", body).status_code == 202
    assert post(petra, ruling, "signed", body).status_code == 202

    assert SignedCall.objects.filter(move="rule").count() == 1


@pytest.mark.parametrize("changed", [{"toBuyer": 1}, {"evidence": "0x" + "77" * 32}])
def test_a_signature_over_anything_but_the_shown_ruling_is_refused(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User, changed: dict[str, Any]
) -> None:
    """S17: page and signature agree, or nothing is sent."""
    response = post(petra, ruling, "signed", signed(driver, ruling, petra, **changed))

    assert response.status_code == 422
    assert response.json()["error"]["code"]
    assert SignedCall.objects.filter(move="rule").count() == 0
    ruling.refresh_from_db()
    assert ruling.sent_at is None


def test_nobody_elses_signature_rules(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User, alice: User
) -> None:
    """M01: the hub and the parties cannot rule."""
    response = post(petra, ruling, "signed", signed(driver, ruling, alice))

    assert response.status_code == 422
    assert SignedCall.objects.filter(move="rule").count() == 0


def test_an_expired_signature_is_refused(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User
) -> None:
    response = post(
        petra, ruling, "signed", signed(driver, ruling, petra, deadline=chain_clock() - 10)
    )

    assert response.status_code == 422
    assert SignedCall.objects.filter(move="rule").count() == 0


@pytest.mark.parametrize("tx_hash", ["0x12", "", "0x" + "zz" * 32])
def test_a_hash_that_is_none_is_refused(
    disputed: Trade, ruling: Ruling, petra: User, tx_hash: str
) -> None:
    response = post(petra, ruling, "submissions", {"txHash": tx_hash})

    assert response.status_code in {400, 422}
    ruling.refresh_from_db()
    assert ruling.sent_at is None


def test_a_hash_of_an_unrelated_transaction_moves_nothing(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User, alice: User
) -> None:
    """N16."""
    other = driver.paid(alice, disputed.buyer)
    driver.skip(HOUR)
    receipt = driver.send_move(other, alice, "release")

    response = post(petra, ruling, "submissions", {"txHash": receipt.tx_hash})

    assert response.status_code == 422
    assert driver.settle_down(disputed).status == "DISPUTED"


def test_after_the_window_nobody_rules_and_half_goes_to_each(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User
) -> None:
    """Story 8: the arbitrator stays silent; C22."""
    before = balances(driver, disputed)
    late = signed(driver, ruling, petra, deadline=chain_clock() + 30 * DAY)
    driver.skip_past(disputed.since + disputed.ruling_seconds)

    with pytest.raises(TimeIsOver):
        send_ruling(ruling, by=petra, deadline=int(late["deadline"]), signature=late["signature"])
    trade = driver.fresh(disputed)
    if trade.status != "CLOSED":
        driver.send_move(trade, driver.keys[trade.buyer.address], "timeout")
        trade = driver.settle_down(trade)

    assert (trade.outcome, trade.to_buyer) == ("TIMED_OUT", 125_000_000)
    after = balances(driver, trade)
    assert (after[0] - before[0], after[1] - before[1]) == (125_000_000, 125_000_000)


def test_the_two_can_end_it_themselves_while_it_is_with_the_desk(
    driver: TradeDriver, disputed: Trade, ruling: Ruling, petra: User, alice: User
) -> None:
    """A dispute never takes away release; the case closes without a letter."""
    driver.sign_move(disputed, alice, "release")
    trade = driver.settle_down(disputed)

    assert (trade.status, trade.outcome) == ("CLOSED", "RELEASED")
    response = post(petra, ruling, "signed", signed(driver, ruling, petra))
    assert response.status_code == 422
    assert close_due_cases() == 1
    assert Case.objects.get().closed_at is not None
    assert decision_of(trade) is None


def test_the_case_page_reads_the_contract_live(
    disputed: Trade, petra: User, page_bundle: None
) -> None:
    client = Client()
    client.force_login(petra)

    page = client.get(f"/desk/case/{disputed.ref}/").content.decode()

    assert "Read live" in page
    assert "disputed at block" in page


def test_case_page_parts_what_is_settled_from_what_is_on_its_way(
    driver: TradeDriver,
    disputed: Trade,
    ruling: Ruling,
    petra: User,
    alice: User,
    page_bundle: None,
) -> None:
    """While a release is 1 of 2, nothing can be ruled; once it is undone, it can."""
    client = Client()
    client.force_login(petra)
    case = f"/desk/case/{disputed.ref}/"

    def shown(path: str) -> str:
        return " ".join(client.get(path).content.decode().split())

    assert "<dt>On its way</dt><dd>nothing</dd>" in shown(case)
    before = driver.rpc("evm_snapshot")
    driver.send_move(disputed, alice, "release")
    driver.follow()
    page = shown(case)
    assert "<dt>Settled</dt><dd>disputed, block" in page
    assert "<dt>On its way</dt><dd>Alice released the coins (1 of 2)</dd>" in page
    assert "closed at block" in page
    preview = f"{case}ruling/{ruling.pk}/"
    for path, button in ((case, "Preview as both will read it"), (preview, "Sign it, let")):
        assert "Do not rule now. Alice released the coins" in shown(path)
        assert button not in shown(path)
    # A page that was open before says "sign" still.
    refused = post(petra, ruling, "signed", signed(driver, ruling, petra))
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "end_on_its_way"
    assert "Alice released the coins, and that is on its way" in refused.json()["error"]["text"]
    assert SignedCall.objects.filter(move="rule").count() == 0

    driver.rpc("evm_revert", before)
    driver.mine(2)
    driver.follow()
    assert "<dt>On its way</dt><dd>nothing</dd>" in shown(case)
    assert "Preview as both will read it" in shown(case)
    assert "Sign it, let the relayer send it" in shown(preview)


def test_a_row_that_the_contract_contradicts_raises_the_alarm(
    disputed: Trade, petra: User, page_bundle: None
) -> None:
    """M02, I26."""
    from escrow.models import Escrow

    Escrow.objects.filter(trade_id=disputed.trade_id).update(amount=1)
    client = Client()
    client.force_login(petra)

    page = client.get(f"/desk/case/{disputed.ref}/").content.decode()

    assert "The contract and our own record differ." in page
