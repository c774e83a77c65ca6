"""One site with something on every page: the practice market and its past, and Alice's and Bob's trades in each state."""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from eth_account.signers.local import LocalAccount

from escrow.carried import link_of
from escrow.chain.deploy import Deployment
from escrow.chain.keys import ARBITRATOR, cast_account
from escrow.models import Asset, Chain, SignedCall
from escrow.selectors import chain_clock
from escrow.services import register_deployment
from marketplace.accounts.models import User
from marketplace.disputes.services import open_case, open_due_cases
from marketplace.moderation.services.cases import claim_case
from marketplace.moderation.services.rulings import draft_ruling
from marketplace.notifications.mail import stop_token
from marketplace.notifications.models import Channel, Delivery
from marketplace.notifications.proofs import open_proof, token_of
from marketplace.offers.arbitrators import arbitrators
from marketplace.offers.services import create_draft
from marketplace.trades.models import Trade
from stack import services
from tests.drivers.trade import HOUR, TradeDriver
from tests.integration.offers.publishing import values_for
from tests.integration.realtime.sockets import signed_in_cookie
from tests.plugin.site import Site

SPLIT = 244_598_098


@dataclass(frozen=True)
class World:
    """Paths by the names the tests use, and the cookie of each person."""

    site: Site
    driver: TradeDriver
    paths: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)

    def cookie_of(self, who: str) -> dict[str, str] | None:
        """The cookie of somebody's browser; a visitor has none."""
        if not who:
            return None
        name, _, value = self.cookies[who].partition("=")
        return {"name": name, "value": value, "url": settings.PUBLIC_ORIGIN}


@contextmanager
def made_world(deployment: Deployment, cast: Any) -> Iterator[World]:
    """The world while the block runs. The database must be empty; the chain is as before afterwards."""
    url = os.environ["CHAIN_RPC_URL"]
    snapshot = services.rpc(url, "evm_snapshot")
    site = Site()
    try:
        register_deployment(deployment)
        world = _peopled(site, cast)
        site.start()
        yield world
    finally:
        try:
            site.stop()
        finally:
            services.rpc(url, "evm_revert", snapshot)


def _peopled(site: Site, cast: Any) -> World:
    people = {"alice": _person(cast.alice, "Alice"), "bob": _person(cast.bob, "Bob")}
    judge = cast_account(ARBITRATOR)
    keys = {account.address: account for account in (cast.alice, cast.bob, judge)}
    driver = TradeDriver(Chain.objects.get(chain_id=services.CHAIN_ID), keys, judge)
    call_command("seed", verbosity=0)
    people["petra"] = User.objects.get(address=judge.address)
    people |= {name.lower(): User.objects.get(name=name) for name in ("Olga", "Marta")}
    driver.follow()
    paths = _trades(driver, people) | _offers(driver, people) | _channels(people["alice"])
    driver.follow()
    cookies = {name: signed_in_cookie(user) for name, user in people.items()}
    return World(site, driver, paths, cookies)


def _person(account: LocalAccount, name: str) -> User:
    return User.objects.create(address=account.address, name=name, name_key=name.casefold())


def _offers(driver: TradeDriver, people: dict[str, User]) -> dict[str, str]:
    """A buy offer of Alice beside her sell offers, and a draft that is complete up to its review."""
    alice = people["alice"]
    driver.give(alice, Asset.objects.get(symbol="USDC").token, 10_000 * 10**6)
    paths = {
        "buy-offer": f"/o/{driver.offer(alice, 'buy').public_id}/",
        "sell-offer": f"/o/{driver.offer(alice).public_id}/",
        "profile": f"/u/{alice.address}/",
    }
    # Last: publishing ends a maker's draft.
    create_draft(alice, values=values_for(arbitrators()[0].address))
    return paths


def _channels(alice: User) -> dict[str, str]:
    """Alice's mail address works, another refused, a browser was not tested yet; and the two links of a mail."""
    now = timezone.now()
    works = Channel.objects.create(
        user=alice, way="mail", address="alice@example.org", verified_at=now, tested_at=now
    )
    refused = Channel.objects.create(
        user=alice,
        way="mail",
        address="a-mailbox-with-a-long-name-that-nobody-reads@example.org",
        verified_at=now,
        disabled_at=now,
        disabled_reason="refused",
    )
    Delivery.objects.create(
        channel=refused,
        stale_at=now,
        parked_at=now,
        failure="the mail server says 550 5.1.1 no such user here",
    )
    waiting = Channel.objects.create(user=alice, way="mail", address="new@example.org")
    open_proof(waiting, now)
    Channel.objects.create(
        user=alice,
        way="push",
        address="https://fcm.googleapis.com/x",
        keys={"auth": "x"},
        label="Firefox on Linux",
        verified_at=now,
    )
    return {
        "arrived": f"/notices/arrived/{token_of(waiting)}/",
        "stop": f"/notices/stop/{stop_token(works)}/",
    }


def _trades(driver: TradeDriver, people: dict[str, User]) -> dict[str, str]:
    """One trade per state. Those whose clock before funding is short come last."""
    alice, bob = people["alice"], people["bob"]
    done = driver.paid(alice, bob)
    # A trade cannot close in the second it was locked.
    driver.skip(1)
    driver.send_move(done, alice, "release")
    disputed = driver.paid(alice, bob)
    ruling = _dispute(driver, disputed, people)
    paid = driver.paid(alice, bob)
    _write_a_case(paid, bob)
    split = driver.paid(alice, bob)
    driver.propose_split(split, alice, SPLIT)
    states = {
        "done": done,
        "disputed": disputed,
        "paid": paid,
        "split": split,
        "locked": driver.funded(alice, bob),
        "sending": driver.funded(alice, bob),
        "agreed": driver.agreed(alice, bob),
        "asked": driver.take(bob, driver.offer(alice)),
    }
    driver.settle_down(done)
    paths = {name: f"/trade/{trade.ref}/" for name, trade in states.items()}
    case = f"/desk/case/{disputed.ref}/"
    bank = f"/practice/bank/pay/{states['locked'].ref}/"
    paths |= _signed_steps(driver, paid)
    return paths | {"bank": bank, "case": case, "ruling": f"{case}ruling/{ruling}/"}


def _signed_steps(driver: TradeDriver, trade: Trade) -> dict[str, str]:
    """Bob's signed "paid" as its page and, made long ago, as a link; a release that fits; what is no step of this chain."""
    paid = SignedCall.objects.get(trade_id=trade.trade_id)
    deadline = chain_clock() + HOUR
    release = SignedCall(
        chain=paid.chain,
        trade_id=paid.trade_id,
        move="release",
        terms=paid.terms,
        funded_at=paid.funded_at,
        deadline=deadline,
        signer=trade.seller.address,
        signature=driver.move_signature(trade, trade.seller, "release", deadline),
    )
    elsewhere = zlib.compress(b'{"chainId": 1}', wbits=-zlib.MAX_WBITS)
    return {
        "signed-step": f"/trade/{trade.ref}/signed/{paid.pk}/",
        "submit-made": link_of(paid).removeprefix(settings.PUBLIC_ORIGIN),
        "submit-fits": link_of(release).removeprefix(settings.PUBLIC_ORIGIN),
        "submit-refused": f"/submit/#{base64.urlsafe_b64encode(elsewhere).decode().rstrip('=')}",
    }


def _dispute(driver: TradeDriver, trade: Trade, people: dict[str, User]) -> int:
    """A case with a filing, a statement of nobody yet, Petra on it and her ruling drafted; the ruling's number."""
    filing = open_case(
        trade=trade,
        by=trade.seller,
        reason="wrong_amount",
        story="226.40 EUR arrived, 5 EUR less than agreed.",
        wanted="split",
        to_buyer_base_units=SPLIT,
    )
    driver.send_move(trade, trade.seller, "dispute", evidence=filing.evidence_hash)
    trade = driver.settle_down(trade)
    open_due_cases()
    claim_case(trade, by=people["petra"])
    ruling = draft_ruling(
        trade,
        by=people["petra"],
        findings={"paid": "yes", "on_time": "yes", "right_name": "yes", "right_amount": "no"},
        to_buyer_base_units=SPLIT,
        reason="underpaid",
        letter="5.00 EUR of 231.40 did not arrive, so the coins are split in that proportion.",
    )
    return int(ruling.pk)


def _write_a_case(trade: Trade, by: User) -> None:
    """Written, not signed."""
    open_case(
        trade=trade, by=by, reason="not_released", story="Sent at 14:18.", wanted="all_to_buyer"
    )
