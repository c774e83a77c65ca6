"""The audit log: a chain that shows every change, gap and cut tail."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from marketplace.accounts.models import User
from marketplace.moderation.audit import record, verify_chain
from marketplace.moderation.models import GENESIS_HASH, AuditEntry, AuditIsAppendOnly


@pytest.fixture
def log(mia: User) -> list[AuditEntry]:
    """Three acts."""
    return [
        record(
            actor=mia, action="note.add", subject=f"user:0x{n}", reason=f"r{n}", details={"n": n}
        )
        for n in (1, 2, 3)
    ]


def tamper(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))


def test_entries_follow_from_each_other(log: list[AuditEntry]) -> None:
    assert [entry.number for entry in log] == [1, 2, 3]
    assert log[0].previous_hash == GENESIS_HASH
    assert log[2].previous_hash == log[1].entry_hash
    check = verify_chain()
    assert (check.is_whole, check.entries, check.head) == (True, 3, log[2].entry_hash)


def test_an_empty_log_is_whole(db: None) -> None:
    check = verify_chain()

    assert (check.is_whole, check.entries, check.head) == (True, 0, GENESIS_HASH)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "'another'"),
        ("action", "'user.lift'"),
        ("subject", "'user:0x9'"),
        ("details", "'{\"n\": 7}'"),
        ("at", "at + interval '1 microsecond'"),
    ],
)
def test_a_changed_field_breaks_the_chain_at_its_entry(
    log: list[AuditEntry], column: str, value: str
) -> None:
    """M06: every field is covered by the hash."""
    tamper(f"UPDATE marketplace_auditentry SET {column} = {value} WHERE number = 2")

    check = verify_chain()

    assert check.broken_at == 2
    assert check.problem == "Entry 2 was changed after it was written."


def test_another_actor_breaks_the_chain(log: list[AuditEntry], oskar: User) -> None:
    tamper("UPDATE marketplace_auditentry SET actor_id = %s WHERE number = 1", oskar.pk)

    assert verify_chain().broken_at == 1


def test_a_removed_entry_breaks_the_chain(log: list[AuditEntry]) -> None:
    tamper("DELETE FROM marketplace_auditentry WHERE number = 2")

    check = verify_chain()

    assert (check.broken_at, check.problem) == (3, "Entry 2 is missing.")


def test_an_entry_rewritten_with_a_fitting_hash_still_breaks_its_follower(
    log: list[AuditEntry],
) -> None:
    from marketplace.moderation.audit import hash_of

    forged = AuditEntry.objects.get(number=2)
    forged.reason = "harmless"
    tamper(
        "UPDATE marketplace_auditentry SET reason = 'harmless', entry_hash = %s WHERE number = 2",
        hash_of(forged),
    )

    check = verify_chain()

    assert (check.broken_at, check.problem) == (
        3,
        "Entry 3 does not follow from the entry before it.",
    )


def test_a_cut_tail_is_seen_by_a_head_that_was_noted(log: list[AuditEntry]) -> None:
    head = verify_chain().head
    tamper("DELETE FROM marketplace_auditentry WHERE number = 3")

    assert verify_chain().is_whole
    assert not verify_chain(known_head=head).is_whole


def test_an_old_head_stays_part_of_a_log_that_only_grew(log: list[AuditEntry], mia: User) -> None:
    head = verify_chain().head
    record(actor=mia, action="note.add", subject="user:0x4")

    assert verify_chain(known_head=head).is_whole


def test_entries_are_neither_changed_nor_deleted_by_our_own_code(log: list[AuditEntry]) -> None:
    log[0].reason = "x"
    with pytest.raises(AuditIsAppendOnly):
        log[0].save()
    with pytest.raises(AuditIsAppendOnly):
        log[0].delete()
    with pytest.raises(AuditIsAppendOnly):
        AuditEntry.objects.filter(number=1).update(reason="x")
    with pytest.raises(AuditIsAppendOnly):
        AuditEntry.objects.all().delete()

    assert verify_chain().is_whole


@pytest.mark.django_db(transaction=True)
def test_many_at_once_keep_one_line(mia: User) -> None:
    """Two appends never share a predecessor."""
    barrier = threading.Barrier(6)

    def act() -> None:
        barrier.wait()
        record(actor=mia, action="note.add", subject="user:0x1")
        connections.close_all()

    threads = [threading.Thread(target=act) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    check = verify_chain()
    assert (check.is_whole, check.entries) == (True, 6)


def test_the_command_prints_the_head_and_fails_on_a_tampered_log(log: list[AuditEntry]) -> None:
    from io import StringIO

    from django.core.management import CommandError, call_command

    printed = StringIO()
    call_command("audit", stdout=printed)
    assert printed.getvalue() == f"3 entries, head {log[2].entry_hash}\n"
    call_command("audit", head=log[0].entry_hash, stdout=StringIO())

    tamper("DELETE FROM marketplace_auditentry WHERE number = 3")
    with pytest.raises(CommandError, match="its end was cut off"):
        call_command("audit", head=log[2].entry_hash)
