"""Due time and parking of outbox rows; the indexes are built beside the running hub."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Now


def park_what_failed(apps, schema_editor):
    """Rows that used up their tries before there was a parking place."""
    rows = apps.get_model("marketplace", "TradeEvent").objects
    rows.filter(delivered_at__isnull=True, tries__gte=5).update(parked_at=F("created_at"))


class Migration(migrations.Migration):
    # Concurrent indexes cannot be built inside a transaction.
    atomic = False
    dependencies = [("marketplace", "0001_initial")]
    operations = [
        migrations.AddField("TradeEvent", "due_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("TradeEvent", "parked_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(park_what_failed, migrations.RunPython.noop),
        AddIndexConcurrently(
            "TradeEvent",
            models.Index(
                fields=["trade", "id"],
                condition=Q(delivered_at__isnull=True, parked_at__isnull=True),
                name="trade_event_waiting",
            ),
        ),
        AddIndexConcurrently(
            "TradeEvent",
            models.Index(
                fields=["id"],
                condition=Q(delivered_at__isnull=True, parked_at__isnull=False),
                name="trade_event_parked",
            ),
        ),
        RemoveIndexConcurrently("TradeEvent", "trade_event_outbox"),
    ]
