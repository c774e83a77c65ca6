"""The hash of an audit entry is pinned: a changed form would break every log there is."""

from __future__ import annotations

from datetime import UTC, datetime

from marketplace.accounts.models import User
from marketplace.moderation.audit import hash_of
from marketplace.moderation.models import GENESIS_HASH, AuditEntry


def entry(**changed: object) -> AuditEntry:
    values = {
        "number": 1,
        "at": datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC),
        "actor": User(address="0x1CBd3b2770909D4e10f157cABC84C7264073C9Ec"),
        "action": "user.suspend",
        "subject": "user:0x1",
        "reason": "Zwölf Gründe",
        "details": {"until": "2026-12-01", "n": 1},
        "previous_hash": GENESIS_HASH,
    }
    return AuditEntry(**{**values, **changed})


def test_the_hash_of_one_entry_is_pinned() -> None:
    assert hash_of(entry()) == "f43f3a4fd1e76bc3893f6cc5eac95f0bd7602a4a53f3f61404faa4b57c6aa150"


def test_the_order_of_details_does_not_matter_and_everything_else_does() -> None:
    assert hash_of(entry(details={"n": 1, "until": "2026-12-01"})) == hash_of(entry())
    assert hash_of(entry(previous_hash="1" * 64)) != hash_of(entry())
    assert hash_of(entry(number=2)) != hash_of(entry())
