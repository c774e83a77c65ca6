"""Which of the configured nodes a step reads from. One step reads one node, so that its answers fit together.

A node that is down or behind is passed over. Two nodes that differ about a settled block stop the follower until they
agree: nobody can know from here which one is right, and none is picked.
"""

from __future__ import annotations

from collections.abc import Sequence

from escrow.chain.gateway import Gateway, NodeRefused, NodeUnavailable
from escrow.chain.types import Header
from escrow.identity import check_chain_id, check_identity
from escrow.killpoints import reach
from escrow.models import Chain
from escrow.projection import settled_at


class NodesDisagree(NodeUnavailable):
    """Two nodes show different blocks at a height that counts as final."""


def chosen(chain: Chain, nodes: Sequence[Gateway]) -> tuple[Gateway, Header]:
    """The node that has seen most, with its head; every node that answers must be on our chain.

    Raises: ChainChanged, NodesDisagree, NodeUnavailable or NodeRefused of the last node when none answers.
    """
    answers = _heads(chain, nodes)
    # The configured order decides between nodes of one height; one that lags is passed over.
    node, head = max(answers, key=lambda answer: answer[1].number)
    check_identity(chain, node)
    reach("follower.identity_checked")
    _check_agreement(node, [other for other in answers if other[0] is not node], chain, head)
    return node, head


def _heads(chain: Chain, nodes: Sequence[Gateway]) -> list[tuple[Gateway, Header]]:
    answers: list[tuple[Gateway, Header]] = []
    failure: NodeUnavailable | NodeRefused | None = None
    for node in nodes:
        try:
            check_chain_id(chain, node)
            answers.append((node, node.head()))
        except (NodeUnavailable, NodeRefused) as error:
            failure = error
    if not answers:
        raise failure or NodeUnavailable("No node is configured: set CHAIN_RPC_URL.")
    return answers


def _check_agreement(
    node: Gateway, others: Sequence[tuple[Gateway, Header]], chain: Chain, head: Header
) -> None:
    settled = settled_at(chain, head.number)
    for other, its_head in others:
        # One that lags is asked as far as it has come.
        height = min(settled, its_head.number)
        theirs = other.block(height) if height >= 0 else None
        if theirs is None:
            continue
        ours = node.block_always(height).hash
        if theirs.hash != ours:
            raise NodesDisagree(
                f"Two nodes disagree about block {height}, which is deep enough to count: {node.rpc.host} has "
                f"{ours}, {other.rpc.host} has {theirs.hash}. Nothing is taken from either until they agree: "
                "ask their operators, or take one of them out of CHAIN_RPC_URL."
            )
