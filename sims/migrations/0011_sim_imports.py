"""Imports of SIMs, and which of them wrote a SIM."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_second_factors_and_ended_tokens"),
        ("sims", "0010_scheduled_actions"),
    ]

    operations = [
        migrations.CreateModel(
            name="SimImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "Checking the file"),
                            ("writing", "Writing SIMs"),
                            ("undoing", "Removing what was written"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                            ("canceled", "Canceled"),
                            ("failed", "Failed"),
                        ],
                        default="checking",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "ends_as",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("checking", "Checking the file"),
                            ("writing", "Writing SIMs"),
                            ("undoing", "Removing what was written"),
                            ("done", "Done"),
                            ("refused", "Refused"),
                            ("canceled", "Canceled"),
                            ("failed", "Failed"),
                        ],
                        help_text="What UNDOING leads to.",
                        max_length=10,
                    ),
                ),
                ("file", models.BinaryField(default=b"", help_text="The file while it is needed.")),
                ("file_name", models.CharField(blank=True, max_length=200, verbose_name="file")),
                (
                    "ignore_unknown",
                    models.BooleanField(default=False, help_text="Whether columns that mean nothing are left out."),
                ),
                (
                    "job_id",
                    models.UUIDField(
                        help_text="The job that does it; none for what is done within a request.", null=True
                    ),
                ),
                ("written", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0, verbose_name="SIMs")),
                (
                    "errors",
                    models.JSONField(default=list, help_text="What is wrong in the file: line, column, message."),
                ),
                ("notices", models.JSONField(default=list, help_text="What is odd and was imported all the same.")),
                ("created", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
                (
                    "done",
                    models.DateTimeField(help_text="Since when its SIMs are there.", null=True, verbose_name="done"),
                ),
                (
                    "ended",
                    models.DateTimeField(
                        help_text="Since when nothing happens any more.", null=True, verbose_name="ended"
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports",
                        to="sims.simbatch",
                        verbose_name="batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "SIM import",
                "verbose_name_plural": "SIM imports",
                "ordering": ("-id",),
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="sim",
            name="incoming",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sims",
                to="sims.simimport",
            ),
        ),
        migrations.AddIndex(
            model_name="simimport",
            index=models.Index(condition=models.Q(("done__isnull", True)), fields=["id"], name="sim_import_open"),
        ),
    ]
