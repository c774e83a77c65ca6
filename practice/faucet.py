"""The tap of the practice world: coins for whoever asks, since they are worth nothing."""

from __future__ import annotations

from escrow.models import Asset
from practice import node

# anvil's last account: unlocked, and nobody's in the cast.
TAP_INDEX = 19
ETHER_WEI = 10**18
TOKENS_EACH = 1_000
MINT_SELECTOR = "40c10f19"  # mint(address,uint256) of the test tokens


def fill(address: str) -> dict[str, str]:
    """Give `address` 1 ETH for fees and 1,000 of each test token; answers what it now holds of each."""
    balance = int(node.result_of("eth_getBalance", [address, "latest"]), 16)
    node.result_of("anvil_setBalance", [address, hex(balance + ETHER_WEI)])
    given = {"ETH": "1"}
    for asset in Asset.objects.exclude(token="0x" + "0" * 40):
        mint(asset, address, TOKENS_EACH * 10**asset.decimals)
        given[asset.symbol] = str(TOKENS_EACH)
    return given


def mint(asset: Asset, address: str, base_units: int) -> None:
    """New test coins for `address`, in base units; the test tokens let anybody mint."""
    calldata = "0x" + MINT_SELECTOR + address[2:].lower().rjust(64, "0") + f"{base_units:064x}"
    tap = node.result_of("eth_accounts", [])[TAP_INDEX]
    node.result_of("eth_sendTransaction", [{"from": tap, "to": asset.token, "data": calldata}])
