"""When what was said in a room is removed."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("chat", "0003_sealed"),
    ]

    operations = [
        migrations.AddField(
            model_name="room",
            name="kept_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="room",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        AddIndexConcurrently(
            model_name="room",
            index=models.Index(
                condition=models.Q(("kept_until__isnull", False), ("removed_at__isnull", True)),
                fields=["kept_until"],
                name="room_to_remove",
            ),
        ),
    ]
