"""How the audit log and the desk's notes name what they are about."""

from __future__ import annotations


def user_subject(address: str) -> str:
    """A person, by his address."""
    return f"user:{address}"


def case_subject(ref: str) -> str:
    """A case, by its trade's reference."""
    return f"case:{ref}"


def offer_subject(public_id: str) -> str:
    """An offer, by its public id."""
    return f"offer:{public_id}"
