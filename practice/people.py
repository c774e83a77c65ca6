"""Whom the practice wallet can play besides the visitor: the devnet's arbitrator and operator."""

from __future__ import annotations

from escrow.chain.keys import cast_account

ARBITRATOR_INDEX, OPERATOR_INDEX = 2, 3
PLAYABLE = ((ARBITRATOR_INDEX, "Petra", "arbitrator"), (OPERATOR_INDEX, "Olga", "operator"))


def playable() -> list[dict[str, str]]:
    """Name, role, address and (public, devnet-only) key of each."""
    people = []
    for index, name, role in PLAYABLE:
        account = cast_account(index)
        people.append(
            {
                "name": name,
                "role": role,
                "address": account.address,
                "key": "0x" + account.key.hex().removeprefix("0x"),
            }
        )
    return people
