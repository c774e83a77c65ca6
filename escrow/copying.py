"""Puts many new rows into a table at once, by PostgreSQL's COPY: several times as fast as INSERT, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import Model


def insert(rows: Sequence[Model]) -> None:
    """Store rows of one model, none of which is stored yet; each value in the form that its field gives it.

    The rows learn no keys. Raises: IntegrityError when one is stored already; nothing is stored then.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(str(field.column)) for field in fields)
    # Django names the errors of execute, and of nothing else that a cursor does.
    with (
        connection.cursor() as cursor,
        cursor.db.wrap_database_errors,
        cursor.copy(f"COPY {quoted(meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(
                [field.get_db_prep_save(field.pre_save(row, True), cursor.db) for field in fields]
            )
