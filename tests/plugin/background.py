"""One turn of everything that works behind the pages: what the follower and the worker's schedule do."""

from __future__ import annotations


def one_turn() -> None:
    """Follow the chain, move the trades, send what is signed, sweep what is due."""
    from escrow import indexer, relayer
    from escrow.models import Chain
    from marketplace.trades import projection, tasks

    for chain in Chain.objects.all():
        indexer.advance(chain)
    projection.apply_unapplied()
    relayer.run_once()
    tasks.sweep_trades()
