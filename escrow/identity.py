"""Whether the node still serves the chain that the rows are about."""

from __future__ import annotations

from django.conf import settings

from escrow.chain.gateway import Gateway, NoContract
from escrow.models import Chain


class ChainChanged(Exception):
    """The node serves another chain, another genesis or another contract than the rows are about.

    Nothing is written until that is answered; the text holds the one command that does.
    """


def check_identity(chain: Chain, node: Gateway) -> None:
    """Refuse to go on unless chain id, genesis hash and contract code are the stored ones.

    Raises: ChainChanged, NodeUnavailable.
    """
    check_chain_id(chain, node)
    genesis = node.genesis_hash()
    if genesis != chain.genesis_hash:
        raise ChainChanged(
            f"The node's chain {chain.chain_id} began anew: its first block is another one. {_answer()}"
        )
    try:
        code_hash = node.code_hash()
    except NoContract as error:
        raise ChainChanged(f"{error} {_answer()}") from error
    if code_hash != chain.code_hash:
        raise ChainChanged(
            f"The contract at {node.contract} is another one than this hub knows. {_answer()}"
        )


def check_chain_id(chain: Chain, node: Gateway) -> None:
    """Refuse a node of another chain.

    Raises: ChainChanged, NodeUnavailable.
    """
    found = node.chain_id()
    if found != chain.chain_id:
        raise ChainChanged(
            f"The node at {node.rpc.host} serves chain {found}, but this hub follows chain {chain.chain_id}. {_answer()}"
        )


def _answer() -> str:
    if settings.IS_DEVNET:
        return "Run `python manage.py devnet reset` to start the devnet afresh."
    return "Correct CHAIN_RPC_URL; nothing was written."
