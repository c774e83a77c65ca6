"""Devices, room keys, receipts, sealed files and openings (docs/CHAT.md)."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0002_no_plain"),
        # Its table had a constraint of the same name.
        ("accounts", "0003_devices_moved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("device_hash", models.CharField(db_index=True, max_length=66)),
                ("signing_key", models.CharField(max_length=64)),
                ("agreement_key", models.CharField(max_length=64)),
                ("message", models.TextField(blank=True)),
                ("signature", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_used_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="DeviceChain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("index", models.PositiveIntegerField()),
                ("last", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Observer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=16)),
                ("joined_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="RoomKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="SealedFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="StockKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True)),
                ("body", models.BinaryField()),
                ("is_last", models.BooleanField(default=False)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="entry",
            name="entry_kind_fits",
        ),
        migrations.AddField(
            model_name="disclosure",
            name="opening",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disclosure",
                to="chat.entry",
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="data",
            field=models.TextField(blank=True, db_default=""),
        ),
        migrations.AddField(
            model_name="entry",
            name="hash",
            field=models.BinaryField(db_default=b""),
        ),
        migrations.AddField(
            model_name="entry",
            name="head",
            field=models.BinaryField(db_default=b""),
        ),
        migrations.AddField(
            model_name="entry",
            name="receipt",
            field=models.BinaryField(db_default=b""),
        ),
        migrations.AddField(
            model_name="room",
            name="chain_id",
            field=models.PositiveBigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="room",
            name="contract",
            field=models.CharField(db_default="", max_length=42),
        ),
        migrations.AddField(
            model_name="room",
            name="head",
            field=models.BinaryField(db_default=b""),
        ),
        # Choices and a default of ours: nothing that the table knows of.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="entry",
                    name="kind",
                    field=models.CharField(
                        choices=[
                            ("message", "Message"),
                            ("key", "Key"),
                            ("system", "System"),
                            ("staff", "Staff"),
                        ],
                        max_length=8,
                    ),
                ),
                migrations.AlterField(
                    model_name="entry",
                    name="v",
                    field=models.PositiveSmallIntegerField(default=2),
                ),
            ]
        ),
        migrations.AddField(
            model_name="device",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="devices",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="devicechain",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="chat.device"
            ),
        ),
        migrations.AddField(
            model_name="devicechain",
            name="room",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="chains", to="chat.room"
            ),
        ),
        migrations.AddField(
            model_name="observer",
            name="room",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="observers",
                to="chat.room",
            ),
        ),
        migrations.AddField(
            model_name="observer",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="observer",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="chat.observer",
            ),
        ),
        AddConstraintNotValid(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("code", ""),
                        ("kind", "message"),
                        ("sender__isnull", False),
                        ("staff_by__isnull", True),
                    ),
                    models.Q(("code", ""), ("kind", "key"), ("staff_by__isnull", True)),
                    models.Q(
                        ("body", b""),
                        ("kind", "system"),
                        ("sender__isnull", True),
                        ("staff_by__isnull", True),
                    ),
                    models.Q(
                        ("body", b""),
                        ("kind", "staff"),
                        ("sender__isnull", True),
                        ("staff_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="entry_kind_fits",
            ),
        ),
        migrations.AddField(
            model_name="roomkey",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="room_keys",
                to="chat.device",
            ),
        ),
        migrations.AddField(
            model_name="roomkey",
            name="entry",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="room_key",
                to="chat.entry",
            ),
        ),
        migrations.AddField(
            model_name="roomkey",
            name="room",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="chat.room"
            ),
        ),
        migrations.AddField(
            model_name="sealedfile",
            name="entry",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="chat.entry",
            ),
        ),
        migrations.AddField(
            model_name="sealedfile",
            name="room",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="files", to="chat.room"
            ),
        ),
        migrations.AddField(
            model_name="sealedfile",
            name="sender",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="files", to="chat.member"
            ),
        ),
        migrations.AddField(
            model_name="stockkey",
            name="device",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="stock", to="chat.device"
            ),
        ),
        migrations.AddConstraint(
            model_name="device",
            constraint=models.UniqueConstraint(
                fields=("user", "device_hash"), name="device_once_per_user"
            ),
        ),
        migrations.AddConstraint(
            model_name="devicechain",
            constraint=models.UniqueConstraint(
                fields=("room", "device"), name="chain_once_per_device"
            ),
        ),
        migrations.AddConstraint(
            model_name="observer",
            constraint=models.UniqueConstraint(
                fields=("room", "user"), name="observer_once_per_room"
            ),
        ),
        migrations.AddConstraint(
            model_name="roomkey",
            constraint=models.UniqueConstraint(fields=("room", "name"), name="room_key_once"),
        ),
        migrations.AddIndex(
            model_name="sealedfile",
            index=models.Index(
                condition=models.Q(("entry__isnull", True), ("removed_at__isnull", True)),
                fields=["created_at"],
                name="file_unnamed",
            ),
        ),
        migrations.AddConstraint(
            model_name="sealedfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 1)), name="file_not_empty"
            ),
        ),
        migrations.AddIndex(
            model_name="stockkey",
            index=models.Index(
                condition=models.Q(("used_at__isnull", True)),
                fields=["device", "id"],
                name="stock_unused",
            ),
        ),
        migrations.AddConstraint(
            model_name="stockkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_last", True)), fields=("device",), name="stock_one_last"
            ),
        ),
        ValidateConstraint(model_name="entry", name="entry_kind_fits"),
    ]
