"""Which page each of the two sees in every state, and that each stage has its template."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketplace.trades.stage import Around, Stage, is_turn, stage_of
from marketplace.trades.states import DAY_SECONDS, Move, Role, Snapshot, Status

NOW = 1_800_000_000
B, S = Role.BUYER, Role.SELLER
TEMPLATES = Path(__file__).parents[4] / "templates/marketplace/trades/acts"


def at(status: Status, **changes: int | bool) -> Snapshot:
    values = {
        "fund_by": NOW + 300,
        "pay_by": NOW + 1800,
        "since": NOW,
        "release_seconds": 3 * DAY_SECONDS,
        "ruling_seconds": 14 * DAY_SECONDS,
        "ready_at": NOW,
    }
    return Snapshot(status, **{**values, **changes})  # type: ignore[arg-type]


ROWS = [
    (at(Status.ASKED), Around(), Stage.SIGN, Stage.WAIT_SIGN),
    (at(Status.ASKED), Around(has_payer=False), Stage.NAME_PAYER, Stage.WAIT_SIGN),
    (at(Status.ASKED, is_waiting=True), Around(), Stage.QUEUED, Stage.QUEUED),
    (at(Status.ASKED, fund_by=NOW - 1), Around(), Stage.OVER, Stage.OVER),
    (at(Status.ASKED), Around(proposal_by=S), Stage.ANSWER_PROPOSAL, Stage.WAIT_PROPOSAL),
    (at(Status.ASKED), Around(proposal_by=B), Stage.WAIT_PROPOSAL, Stage.ANSWER_PROPOSAL),
    (at(Status.AGREED), Around(), Stage.WAIT_LOCK, Stage.LOCK),
    (at(Status.AGREED, ready_at=NOW - 200), Around(), Stage.ANSWER_READY, Stage.ASK_READY),
    (
        at(Status.AGREED, ready_at=NOW - 200),
        Around(asked_ready_at=NOW - 10),
        Stage.ANSWER_READY,
        Stage.WAIT_READY,
    ),
    (
        at(Status.AGREED, ready_at=NOW - 200),
        Around(asked_ready_at=NOW - 90),
        Stage.ANSWER_READY,
        Stage.NO_SHOW,
    ),
    (at(Status.AGREED), Around(on_its_way=Move.FUND), Stage.LOCKING, Stage.LOCKING),
    (at(Status.AGREED), Around(proposal_by=S), Stage.ANSWER_PROPOSAL, Stage.LOCK),
    (at(Status.AGREED, fund_by=NOW - 1), Around(), Stage.OVER, Stage.OVER),
    (at(Status.FUNDED), Around(), Stage.PAY, Stage.WAIT_PAY),
    (at(Status.FUNDED), Around(can_record=False), Stage.PAY_WITHHELD, Stage.WAIT_PAY),
    (at(Status.FUNDED, pay_by=NOW + 600), Around(), Stage.PAY, Stage.WAIT_PAY),
    (at(Status.FUNDED, pay_by=NOW + 599), Around(), Stage.PAY_LATE, Stage.WAIT_PAY),
    (at(Status.FUNDED, pay_by=NOW - 1), Around(), Stage.PAY_LATE, Stage.RECLAIM),
    (at(Status.FUNDED, pay_by=NOW - DAY_SECONDS - 1), Around(), Stage.PAY_OVER, Stage.RECLAIM),
    (at(Status.FUNDED), Around(extra="late"), Stage.EXTRA_BUYER, Stage.EXTRA_SELLER),
    (at(Status.FUNDED), Around(extra="relocked"), Stage.RELOCKED_BUYER, Stage.RELOCKED_SELLER),
    (at(Status.FUNDED), Around(on_its_way=Move.MARK_PAID), Stage.ON_ITS_WAY, Stage.ON_ITS_WAY),
    (at(Status.PAID), Around(), Stage.WAIT_CONFIRM, Stage.CONFIRM),
    (at(Status.PAID, since=NOW - 4 * DAY_SECONDS), Around(), Stage.CLAIM, Stage.CONFIRM_OVER),
    (at(Status.DISPUTED), Around(), Stage.DISPUTED, Stage.DISPUTED),
    (
        at(Status.DISPUTED, since=NOW - 15 * DAY_SECONDS),
        Around(),
        Stage.DISPUTED_OVER,
        Stage.DISPUTED_OVER,
    ),
    (at(Status.CLOSED), Around(ended_on_chain=True), Stage.DONE, Stage.DONE),
    (at(Status.CLOSED), Around(), Stage.ENDED, Stage.ENDED),
]


@pytest.mark.parametrize(("trade", "around", "buyer", "seller"), ROWS)
def test_each_of_the_two_sees_the_page_of_the_state(
    trade: Snapshot, around: Around, buyer: Stage, seller: Stage
) -> None:
    assert (stage_of(trade, B, NOW, around), stage_of(trade, S, NOW, around)) == (buyer, seller)


def test_the_rows_above_reach_every_stage() -> None:
    assert {stage for row in ROWS for stage in row[2:]} == set(Stage)


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_its_template(stage: Stage) -> None:
    assert (TEMPLATES / f"{stage}.html").is_file()


def test_never_are_both_asked_for_the_same_step_but_the_last() -> None:
    """Whose turn it is, is one person's; a card can ask the buyer while the seller may still lock."""
    both = {(b, s) for _, _, b, s in ROWS if is_turn(b) and is_turn(s)}
    assert both == {
        (Stage.ANSWER_READY, Stage.ASK_READY),
        (Stage.ANSWER_READY, Stage.NO_SHOW),
        (Stage.ANSWER_PROPOSAL, Stage.LOCK),
        (Stage.PAY_LATE, Stage.RECLAIM),
        (Stage.RELOCKED_BUYER, Stage.RELOCKED_SELLER),
    }
