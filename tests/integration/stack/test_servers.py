"""The servers that tests and `up` start."""

import os

import pytest
import redis
from django.db import connection

from stack import services


@pytest.mark.django_db
def test_database_is_postgresql_18():
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        assert cursor.fetchone()[0].startswith("18.")


def test_redis_answers(redis_server):
    assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()


def test_devnet_has_an_id_of_its_own(anvil):
    assert int(services.rpc(anvil, "eth_chainId"), 16) == 72731


def test_what_a_test_does_to_the_chain_is_undone(anvil_node):
    before = services.rpc(anvil_node, "eth_blockNumber")
    snapshot = services.rpc(anvil_node, "evm_snapshot")
    services.rpc(anvil_node, "anvil_mine", "0x3")
    services.rpc(anvil_node, "evm_revert", snapshot)
    assert services.rpc(anvil_node, "eth_blockNumber") == before
