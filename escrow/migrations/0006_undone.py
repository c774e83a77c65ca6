"""Finds the events that were acted upon and are gone, without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("escrow", "0005_relayer"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="chainevent",
            index=models.Index(
                condition=models.Q(("applied_at__isnull", False), ("canonical", False)),
                fields=["id"],
                name="event_undone",
            ),
        ),
    ]
