from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="challenge",
            name="is_slow",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="challenge",
            name="tries_left",
            field=models.PositiveSmallIntegerField(default=1),
        ),
    ]
