"""Takes history rows out of the outbox: the room's line, the notices, the result for the record.

A row leaves in its own transaction, in the order of its trade, exactly once; a failure is counted, waits and after five tries is parked.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone

from chat.services import open_room, post_line
from marketplace.accounts.models import User
from marketplace.notifications.services import notify
from marketplace.reputation.services import record_result
from marketplace.trades.lines import LINES, NOTICES, name_of, recipients, words_for
from marketplace.trades.models import Trade, TradeEvent
from marketplace.trades.states import CHAIN_OUTCOMES, Outcome, Role, Status

logger = logging.getLogger(__name__)
LAST_TRY = 5


def deliver_pending(*, trade_pk: int | None = None, limit: int = 200) -> int:
    """Deliver waiting rows, of one trade or of all; how many left. Rows another worker holds are skipped."""
    waiting = TradeEvent.objects.filter(delivered_at__isnull=True, tries__lt=LAST_TRY)
    if trade_pk is not None:
        waiting = waiting.filter(trade_id=trade_pk)
    delivered, stuck = 0, set()
    for pk, trade in list(waiting.order_by("id").values_list("pk", "trade_id")[:limit]):
        if trade in stuck:
            continue
        if _deliver(pk):
            delivered += 1
        else:
            stuck.add(trade)
    return delivered


def _deliver(pk: int) -> bool:
    try:
        with transaction.atomic():
            event = (
                TradeEvent.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related(
                    "trade__offer", "trade__buyer", "trade__seller", "trade__taker", "trade__asset"
                )
                .filter(pk=pk, delivered_at__isnull=True)
                .first()
            )
            if event is None:
                return False
            _speak(event.trade, event)
            TradeEvent.objects.filter(pk=pk).update(delivered_at=timezone.now())
    except Exception as error:
        logger.exception("trade event %s was not delivered", pk)
        _count_failure(pk, error)
        return False
    return True


def _speak(trade: Trade, event: TradeEvent) -> None:
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
                kind=f"trade.{event.cause}",
                text=template.format_map(words),
                url=f"/trade/{trade.ref}/",
            )
    if event.new_status == Status.CLOSED:
        _record(trade, event)


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


def _count_failure(pk: int, error: Exception) -> None:
    row = TradeEvent.objects.get(pk=pk)
    TradeEvent.objects.filter(pk=pk).update(
        tries=row.tries + 1, failure=f"{type(error).__name__}: {error}"[:200]
    )
