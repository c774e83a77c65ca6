"""The standing cast and the devnet. Alice makes offers, Bob takes them, Carol is nobody's business, Dana rules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from stack import services
from tests.plugin.services import OWN_SERVERS

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from escrow.chain.deploy import Deployment
    from escrow.models import Chain
    from marketplace.accounts.models import User

pytest_plugins = ["tests.plugin.site", "tests.plugin.browser"]

_FOLDER = Path(__file__).parent
# A case may take long on a busy machine; `verify --deep` looks at fifty times as many.
hypothesis.settings.register_profile("usual", deadline=None, max_examples=100)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

# Folders whose tests use the servers; each test there starts with an empty Redis.
_WITH_SERVERS = ("integration", "chain", "browser")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    postgres_server: str,
    redis_server: str,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """The database needs its server; connections of page threads must not outlive the test database."""
    from django.conf import settings

    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """A server of our own is thrown away whole; dropping its database first would wait for page threads."""
    return "DATABASE_URL" in OWN_SERVERS


@dataclass(frozen=True)
class Cast:
    """The keys of the test's people on the devnet."""

    alice: LocalAccount
    bob: LocalAccount
    carol: LocalAccount
    dana: LocalAccount


@pytest.fixture(scope="session")
def cast() -> Cast:
    from escrow.chain.keys import ALICE, BOB, CAROL, DANA, cast_account

    return Cast(*(cast_account(index) for index in (ALICE, BOB, CAROL, DANA)))


@pytest.fixture
def alice(db: None, cast: Cast) -> User:
    return _user(cast.alice, "Alice")


@pytest.fixture
def bob(db: None, cast: Cast) -> User:
    return _user(cast.bob, "Bob")


@pytest.fixture
def carol(db: None, cast: Cast) -> User:
    return _user(cast.carol, "Carol")


@pytest.fixture
def dana(db: None, cast: Cast) -> User:
    from django.contrib.auth.models import Group

    user = _user(cast.dana, "Dana")
    user.groups.add(Group.objects.get_or_create(name="arbitrator")[0])
    return user


@pytest.fixture
def anvil(anvil_node: str) -> Iterator[str]:
    """The devnet node's URL; what the test does to the chain is undone after it."""
    snapshot = services.rpc(anvil_node, "evm_snapshot")
    yield anvil_node
    services.rpc(anvil_node, "evm_revert", snapshot)


@pytest.fixture(scope="session")
def deployment(anvil_node: str) -> Deployment:
    """The contract, the test coins and the price feeds, deployed once for all tests."""
    from escrow.chain.deploy import deploy_devnet

    return deploy_devnet(anvil_node)


@pytest.fixture
def devnet(deployment: Deployment, anvil: str) -> Deployment:
    """The deployed chain as it was right after deployment."""
    return deployment


@pytest.fixture
def chain(devnet: Deployment, db: None) -> Chain:
    """The deployed chain with its rows in the database: the chain itself and its assets."""
    from escrow.models import Chain
    from escrow.services import register_deployment

    register_deployment(devnet)
    return Chain.objects.get(chain_id=services.CHAIN_ID)


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> None:
    """Limits, hints and sessions of one test must not reach the next."""
    folder = request.path.relative_to(_FOLDER).parts[0]
    if folder not in _WITH_SERVERS:
        return
    request.getfixturevalue("redis_server")
    import redis

    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushdb()


def _user(account: LocalAccount, name: str) -> User:
    from marketplace.accounts.models import User

    return User.objects.get_or_create(address=account.address, defaults={"name": name})[0]
