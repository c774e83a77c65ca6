"""Letting the devnet's time pass."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from escrow.chain.gateway import gateway
from stack import services
from stack.devnet import forward

HOUR_SECONDS = 3600


def block_time(url):
    return int(services.rpc(url, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def test_time_passes_by_what_was_asked_and_settles(devnet, anvil):
    before, head = block_time(anvil), gateway().head().number
    shown = forward(72 * HOUR_SECONDS)
    assert shown == block_time(anvil)
    assert 72 * HOUR_SECONDS <= shown - before < 72 * HOUR_SECONDS + 60
    assert gateway().head().number >= head + 2


def test_prices_are_as_fresh_as_the_new_time_and_say_the_same(devnet, anvil):
    feeds = list(devnet.feeds.values())
    before = [gateway().read_feed(feed).answer for feed in feeds]
    now = forward(48 * HOUR_SECONDS)
    after = [gateway().read_feed(feed) for feed in feeds]
    assert [answer.answer for answer in after] == before
    assert [now - answer.updated_at for answer in after if now - answer.updated_at >= 60] == []


def test_command_says_what_the_clock_shows(devnet, anvil, capsys):
    call_command("devnet", "forward", "3d")
    assert "clock now shows" in capsys.readouterr().out


def test_command_refuses_what_is_no_span(devnet):
    with pytest.raises(CommandError, match="write 90s, 25m"):
        call_command("devnet", "forward", "soon")


def test_command_is_refused_off_the_devnet(settings):
    settings.IS_DEVNET = False
    with pytest.raises(CommandError, match="does not run on a devnet"):
        call_command("devnet", "forward", "3d")


def test_command_says_that_the_node_is_away(settings):
    settings.CHAIN_RPC_URL = f"http://127.0.0.1:{services.free_port()}"
    with pytest.raises(CommandError, match=r"start it with `python manage\.py up`"):
        call_command("devnet", "forward", "3d")
