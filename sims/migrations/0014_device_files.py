"""Files of devices that are to be created."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_moved_by_staff"),
        ("sims", "0013_notes"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeviceFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("uploaded", "Not created yet"), ("running", "Creating devices"), ("done", "Done")],
                        default="uploaded",
                        max_length=10,
                    ),
                ),
                ("user_id", models.BigIntegerField(help_text="Who uploaded it.")),
                ("content", models.BinaryField(default=b"", help_text="The file while it is needed.")),
                ("name", models.CharField(blank=True, max_length=200)),
                (
                    "options",
                    models.JSONField(
                        default=dict, help_text="What holds for lines that leave it out, and the SIMs' state."
                    ),
                ),
                (
                    "job_id",
                    models.UUIDField(
                        help_text="The job that does it; none for what is done within a request.", null=True
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("made", models.JSONField(default=list, help_text="Ids of the devices that were created.")),
                ("refused", models.JSONField(default=list, help_text="Lines that were refused: line, column, reason.")),
                ("created", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="device_files",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
