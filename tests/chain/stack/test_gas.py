"""No move may become dearer than docs/PROTOCOL.md says."""

import pytest

from stack.bench import gas

MOST = {
    "eth_direct_total": 124_000,
    "eth_relayed_total": 135_300,
    "eth_fund_release": 93_500,
    "erc20_direct_total": 150_700,
    "erc20_relayed_total": 162_000,
    "cancel_eth": 35_900,
    "reclaim_eth": 33_600,
    "settle_split": 55_400,
    "timeout_paid": 41_600,
    "timeout_split": 46_200,
    "runtime_bytes": 12_000,
}


@pytest.fixture(scope="module")
def figures():
    return gas.measure()


@pytest.mark.parametrize("key", MOST)
def test_gas_stays_below_the_protocols_figure(figures, key):
    assert figures[key] <= MOST[key]
