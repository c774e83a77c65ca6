"""Lines of a real trade carry their trade and transaction; no line holds a signature, an account, a salt or a key."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.test import Client

import stack.tasks  # noqa: F401 - registers the task
from config.celery import app
from config.logs import HIDDEN, logging_settings, secret_parts
from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.models import Chain
from marketplace.accounts.models import User
from tests.drivers.trade import PAYEE, TradeDriver

pytestmark = pytest.mark.django_db

SIGNATURE = "0x" + "ab" * 65
NODE = "https://node.example/v3/8f1c0a7b6d5e4f3a2b1c"


class Lines:
    """What was logged, as text and parsed."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything from DEBUG on, as a hub off the devnet would write it."""
    kept, root = Lines(), logging.getLogger()
    before, level = root.handlers[:], root.level
    wanted = logging_settings(
        is_devnet=False, secrets=[settings.SECRET_KEY, *secret_parts(NODE), "hunter2-hunter2"]
    )
    wanted["root"]["level"] = "DEBUG"
    logging.config.dictConfig(wanted)
    (handler,) = [one for one in root.handlers if type(one) is logging.StreamHandler]
    handler.setStream(kept.stream)
    yield kept
    root.handlers, root.level = before, level
    logging.config.dictConfig(settings.LOGGING)


@pytest.fixture
def driver(chain: Chain, cast: Any, alice: User, bob: User) -> TradeDriver:
    keys = {account.address: account for account in (cast.alice, cast.bob)}
    return TradeDriver(chain, keys, cast_account(ARBITRATOR))


def test_a_whole_trade_leaves_no_secret_in_the_log(
    driver: TradeDriver, alice: User, bob: User, client: Client, lines: Lines, page_bundle: None
) -> None:
    trade = driver.funded(alice, bob)
    client.force_login(bob)
    client.get(f"/trade/{trade.ref}/")
    client.post(f"/trade/{trade.ref}/nothing/", {"iban": PAYEE["iban"], "note": "hello"})
    client.post("/connect/leave/", {"next": "/?iban=" + PAYEE["iban"]})
    trade = driver.fresh(trade)

    said = lines.text
    assert said, "nothing was logged at all"
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    for secret in (
        *(trade.take_signature, trade.take_signature[2:]),
        *(trade.payee_opening["salt"], trade.payer_opening["salt"]),
        *(PAYEE["iban"], PAYEE["name"], settings.SECRET_KEY),
        *([session] if session else []),
    ):
        assert secret not in said


def test_lines_of_a_request_name_it_and_its_trade(
    driver: TradeDriver, alice: User, bob: User, client: Client, lines: Lines
) -> None:
    trade = driver.funded(alice, bob)
    client.force_login(bob)
    response = client.post(f"/trade/{trade.ref}/ready/")
    (line,) = [line for line in lines.all() if line["event"] == "request"]
    assert line["request_id"] == response["X-Request-ID"]
    assert (line["trade"], line["method"]) == (trade.ref, "POST")
    assert line["status"] == response.status_code
    assert trade.ref not in line["route"]


def test_an_event_that_cannot_be_applied_names_trade_and_transaction(
    driver: TradeDriver, alice: User, bob: User, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = driver.agreed(alice, bob)

    def broken(*_: Any) -> None:
        raise ValueError(f"no row for {SIGNATURE}")

    monkeypatch.setattr("marketplace.trades.projection._apply", broken)
    driver.fund(trade)
    driver.mine(3)
    driver.follow()
    (line, *_) = [line for line in lines.all() if "could not be applied" in line["event"]]
    assert line["trade_id"] == driver.fresh(trade).trade_id
    assert line["tx_hash"].startswith("0x")
    assert (HIDDEN in line["exception"], SIGNATURE in line["exception"]) == (True, False)


def test_lines_of_a_task_name_it(lines: Lines) -> None:
    task = app.tasks["stack.tasks.heartbeat"]
    from celery.signals import task_postrun, task_prerun

    task_prerun.send(sender=task, task_id="t-1", task=task, args=[], kwargs={})
    structlog.get_logger("any").warning("inside")
    task_postrun.send(sender=task, task_id="t-1", task=task, args=[], kwargs={}, retval=None)
    structlog.get_logger("any").warning("outside")

    inside, outside = [line for line in lines.all() if line["event"] in {"inside", "outside"}]
    assert (inside["task"], inside["task_id"]) == ("stack.tasks.heartbeat", "t-1")
    assert "task" not in outside


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"signature": "short"}, {"signature": HIDDEN}),
        ({"x": SIGNATURE}, {"x": HIDDEN}),
        (
            {"x": {"salt": "0x01", "tx": "0x" + "12" * 32}},
            {"x": {"salt": HIDDEN, "tx": "0x" + "12" * 32}},
        ),
        ({"x": ["GB33BUKB20201555555555"]}, {"x": [HIDDEN]}),
        ({"x": f"at {NODE}"}, {"x": f"at https://node.example/{HIDDEN}"}),
        ({"x": "redis://:pw@h:1/0"}, {"x": f"redis://{HIDDEN}@h:1/0"}),
        ({"x": "hunter2-hunter2"}, {"x": HIDDEN}),
        (
            {"x": "null value\nDETAIL:  Failing row contains (1, LT12, Jonas)."},
            {"x": f"null value\nDETAIL:  {HIDDEN}"},
        ),
        ({"request": object()}, {}),
    ],
    ids=lambda value: next(iter(value), "nothing"),
)
def test_what_is_hidden_and_what_stays(
    lines: Lines, said: dict[str, Any], left: dict[str, Any]
) -> None:
    structlog.get_logger("any").warning("told", **said)
    logging.getLogger("library").warning("told", extra=said)
    assert len(lines.all()) == 2
    for line in lines.all():
        assert {
            name: value for name, value in line.items() if name in {"x", "signature", "request"}
        } == left
