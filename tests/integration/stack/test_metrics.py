"""/metrics: who may read it, what it says, and that a scrape costs the same however many trades have closed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from escrow.models import Relayer, Reorg
from marketplace.accounts.models import User
from marketplace.trades.models import Trade
from stack.folders import ROOT
from stack.watch import figures
from stack.watch.alarms import RULES
from tests.integration.disputes import rows

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-some-length"
# Ten of the database: chain, reorgs, findings, relayed, calls, late ones, escrows, takes, outbox, unapplied.
QUERIES = 12
CLOSED = 5_000


@pytest.fixture
def trade(alice: User, bob: User, dana: User) -> Trade:
    return rows.paid_trade(rows.world(), seller=alice, buyer=bob, arbitrator=dana)


def scraped(client: Client) -> dict[tuple[str, ...], float]:
    """The samples by name and label values, as the labels' names are sorted."""
    return {
        (sample.name, *dict(sorted(sample.labels.items())).values()): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("devnet", "token", "facts", "status"),
    [
        (True, "", {}, 200),
        (True, "", {"REMOTE_ADDR": "::1"}, 200),
        (True, "", {"REMOTE_ADDR": "192.0.2.7"}, 404),
        (True, "", {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, 404),
        (True, "", {"HTTP_FORWARDED": "for=192.0.2.7"}, 404),
        (False, "", {}, 404),
        (False, "", {"HTTP_AUTHORIZATION": "Bearer "}, 404),
        (False, TOKEN, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 200),
        (False, TOKEN, {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"}, 404),
        (False, TOKEN, {"HTTP_AUTHORIZATION": f"Basic {TOKEN}"}, 404),
        (False, TOKEN, {"HTTP_AUTHORIZATION": "Bearer é"}, 404),
        (True, TOKEN, {}, 404),
    ],
)
def test_metrics_are_for_whoever_may_read_them(
    client: Client,
    settings: Any,
    page_bundle: None,
    devnet: bool,
    token: str,
    facts: dict[str, str],
    status: int,
) -> None:
    """W20."""
    settings.IS_DEVNET, settings.METRICS_TOKEN = devnet, token
    assert client.get("/metrics", **facts).status_code == status  # type: ignore[arg-type]


def test_figures_of_a_hub_with_a_trade(client: Client, trade: Trade) -> None:
    chain = rows.Chain.objects.get()
    chain.scanned_block, chain.settled_block = 98, 97
    chain.save()
    Reorg.objects.create(
        chain=chain, found_at=timezone.now(), head_number=100, depth=3, lost_events=2
    )
    Relayer.objects.create(chain=chain, balance_wei=5 * 10**17, checked_at=timezone.now())

    found = scraped(client)

    assert found["parley_chain_head_block",] == 100
    assert found["parley_chain_settled_block",] == 97
    assert found["parley_chain_lag_blocks",] == 2
    assert found["parley_reorgs_total", "3"] == 1
    assert found["parley_reorg_events_lost_total", "3"] == 2
    assert found["parley_relayer_balance_wei",] == 5e17
    assert found["parley_redis_up",] == 1
    assert {key: value for key, value in found.items() if key[0] == "parley_trades"} == {
        ("parley_trades", "3d", "PAID"): 1
    }
    assert found["parley_alarm", "schedule-missing", "yes"] == 1
    assert found["parley_alarm", "redis-down", "yes"] == 0
    assert {key[1] for key in found if key[0] == "parley_alarm"} == set(RULES)


def test_a_hub_without_a_chain_can_be_scraped(client: Client) -> None:
    assert scraped(client)["parley_alarm", "chain-unread", "yes"] == 1


def test_every_metric_is_in_the_book_and_none_else(client: Client, trade: Trade) -> None:
    chain = rows.Chain.objects.get()
    chain.polled_at = chain.audited_at = timezone.now()
    chain.save()
    Relayer.objects.create(chain=chain, checked_at=timezone.now())
    families = text_string_to_metric_families(client.get("/metrics").text)
    counted = {"reorgs", "reorg_events_lost", "node_failures"}
    served = {family.name.removeprefix("parley_") for family in families}
    served = {f"{name}_total" if name in counted else name for name in served}

    listed = (ROOT / "docs" / "RUNNING.md").read_text()
    (line,) = re.findall(r"^Names begin with `parley_`: (.*)\.$", listed, re.M)
    assert served == set(re.findall(r"`(\w+)`", line))


def test_a_scrape_costs_the_same_after_many_closed_trades(trade: Trade) -> None:
    with CaptureQueriesContext(connection) as few:
        figures.read()
    assert len(few) == QUERIES

    _close_many(trade)

    with CaptureQueriesContext(connection) as many:
        found = figures.read()
    assert len(many) == QUERIES
    assert found.escrows == {("PAID", "3d"): 1}
    read_whole = [
        line
        for query in many
        for line in _plan(query["sql"])
        if re.search(r"Seq Scan on (escrow_(escrow|chainevent|signedcall)|marketplace_trade)", line)
    ]
    assert read_whole == []


def _plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql.replace("%", "%%") if "%" in sql else "EXPLAIN " + sql)
        return [line for (line,) in cursor.fetchall()]


def _close_many(trade: Trade) -> None:
    """Copies of the trade, its escrow and its events as they are long after the end."""
    unlike = "'id', 1000000 + n, 'trade_id', '0x' || lpad(to_hex(n), 64, '0')"
    over = {
        "escrow_escrow": f"{unlike}, 'status', 'CLOSED', 'outcome', 'RELEASED', 'to_buyer', 1",
        "escrow_chainevent": f"{unlike}, 'log_index', 100 + n, 'confirmed', true, 'applied_at', now()",
        "marketplace_trade": f"{unlike}, 'ref', 'C' || n, 'status', 'CLOSED', 'outcome', 'RELEASED'",
    }
    with connection.cursor() as cursor:
        for table, changes in over.items():
            cursor.execute(
                f"INSERT INTO {table} SELECT made.* FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) one,"
                f" generate_series(1, {CLOSED}) n,"
                f" LATERAL jsonb_populate_record(NULL::{table}, to_jsonb(one) || jsonb_build_object({changes})) made"
            )
        cursor.execute(
            "INSERT INTO marketplace_tradeevent (trade_id, seq, cause, old_status, new_status, actor, params, at, chain_key,"
            " delivered_at, tries, failure, created_at)"
            f" SELECT {trade.pk}, 1000 + n, 'asked', '', 'ASKED', '', '{{}}', 1, '', now(), 1, '', now()"
            f" FROM generate_series(1, {CLOSED}) n"
        )
        for table in (*over, "marketplace_tradeevent"):
            cursor.execute(f"ANALYZE {table}")
