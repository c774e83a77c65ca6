"""Takes history rows out of the outbox: the room's line, the notices, the result for the record.

A row leaves in its own transaction, in the order of its trade, exactly once (`marketplace.outbox`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from chat.models import Room
from chat.retention import keep_until
from chat.services import open_room, post_line
from marketplace import outbox
from marketplace.accounts.models import User
from marketplace.notifications.services import notify
from marketplace.reputation.services import record_result
from marketplace.trades.access import role_of
from marketplace.trades.lines import LINES, NOTICES, name_of, recipients, words_for
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.states import CHAIN_OUTCOMES, Outcome, Role, Status


def deliver_pending(*, trade_pk: int | None = None, limit: int = 200) -> int:
    """Deliver waiting rows, of one trade or of all; how many left. Rows another worker holds are skipped."""
    rows = TradeEvent.objects.select_related(
        "trade__offer", "trade__buyer", "trade__seller", "trade__taker", "trade__asset"
    )
    trades = [trade_pk] if trade_pk else outbox.first_due(rows, "trade_id", limit=limit)
    delivered = 0
    for trade in trades:
        delivered += _deliver_trade(rows, trade, limit - delivered)
        if delivered >= limit:
            break
    return delivered


def _deliver_trade(rows: QuerySet[TradeEvent], trade_pk: int, limit: int) -> int:
    """The waiting rows of one trade in their order, up to the first that does not leave."""
    waiting = TradeEvent.objects.filter(outbox.WAITING, trade_id=trade_pk).order_by("id")
    delivered = 0
    for pk in list(waiting.values_list("pk", flat=True)[:limit]):
        if not outbox.send(rows, pk, _speak):
            break
        delivered += 1
    return delivered


def _speak(event: TradeEvent) -> None:
    trade = event.trade
    name = name_of(event)
    words = words_for(trade, event)
    if name in LINES:
        room = open_room(
            trade.room_key, members=[(trade.buyer, Role.BUYER), (trade.seller, Role.SELLER)]
        )
        post_line(room, f"trade.{name}", words, once=f"trade-event-{event.pk}")
    for to, template in NOTICES.get(name, ()):
        for person in recipients(trade, event, to):
            notify(
                person,
                kind=f"trade.{name}.{role_of(person, trade)}",
                text=template.format_map(words),
                url=f"/trade/{trade.ref}/",
                until=_until(trade, event),
            )
    if event.new_status == Status.CLOSED:
        _record(trade, event)
    _keep_room(trade, event)


def _keep_room(trade: Trade, event: TradeEvent) -> None:
    """What was said is kept while the trade goes on, and a set time after its end."""
    if event.new_status == event.old_status:
        return
    room = Room.objects.filter(key=trade.room_key).first()
    if room is not None:
        ended = datetime.now(UTC) if event.new_status == Status.CLOSED else None
        keep_until(room, ended and ended + timedelta(days=settings.CHAT_KEPT_DAYS))


def _until(trade: Trade, event: TradeEvent) -> datetime | None:
    """The end of the clock that a notice speaks of; none where nothing runs, or where the trade has moved on since."""
    if trade.due_at is None or trade.status != event.new_status:
        return None
    return datetime.fromtimestamp(trade.due_at, UTC)


def _record(trade: Trade, event: TradeEvent) -> None:
    """The result for both records: only of trades with a signed Take and a fee, locked as agreed."""
    outcome = Outcome(event.params.get("outcome", ""))
    if (
        outcome not in CHAIN_OUTCOMES
        or trade.is_extra
        or not trade.take_signature
        or trade.fee_bps == 0
    ):
        return
    to_buyer = int(event.params["to_buyer"])
    variant = event.params.get("variant", "")
    failed = (
        {"buyer": trade.seller, "seller": trade.buyer}.get(variant)
        if outcome == Outcome.TIMED_OUT
        else None
    )
    if outcome == Outcome.RECLAIMED:
        failed = trade.buyer
    record_result(
        trade_ref=trade.ref,
        seller=trade.seller,
        buyer=trade.buyer,
        outcome=outcome,
        currency=trade.currency,
        fiat_amount=trade.fiat_amount,
        closed_at=datetime.fromtimestamp(event.at, UTC),
        finished=to_buyer > 0,
        failed_by=failed,
        pay_seconds=trade.paid_at - trade.funded_at if trade.paid_at else None,
        release_seconds=event.at - trade.paid_at
        if outcome == Outcome.RELEASED and trade.paid_at
        else None,
        **_dispute_marks(trade, outcome, to_buyer),
    )


def _dispute_marks(trade: Trade, outcome: Outcome, to_buyer: int) -> dict[str, User | None]:
    """A dispute leaves marks only when an arbitrator had to end it."""
    if not trade.disputed_by or outcome not in {Outcome.RULED, Outcome.TIMED_OUT}:
        return {}
    people: dict[str, User] = {str(Role.BUYER): trade.buyer, str(Role.SELLER): trade.seller}
    lost = (
        {0: trade.buyer, trade.amount_base_units: trade.seller}.get(to_buyer)
        if outcome == Outcome.RULED
        else None
    )
    return {"disputed_by": people[trade.disputed_by], "lost_by": lost}
