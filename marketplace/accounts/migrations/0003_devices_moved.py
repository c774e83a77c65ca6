"""Devices are the chat's now, with the sign-in that binds them; whoever was signed in signs in once more to seal."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_challenge_slow"),
    ]

    operations = [
        migrations.DeleteModel(
            name="Device",
        ),
    ]
