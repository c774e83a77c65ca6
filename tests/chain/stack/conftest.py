"""The cast's trades on the devnet, as the chain side's own tests walk them."""

from __future__ import annotations

from tests.chain.escrow.conftest import walker

__all__ = ["walker"]
