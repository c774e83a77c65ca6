"""Sealed conversations.

Rooms of before held plain text and nothing was released: they are removed, and open anew, empty, with the next step of
their trade.
"""

from django.db import migrations


def remove_plain(apps, schema_editor):
    for name in ("Disclosure", "Entry", "Member", "Room"):
        apps.get_model("chat", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(remove_plain, migrations.RunPython.noop),
    ]
