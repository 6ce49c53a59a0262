import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("to", models.JSONField(help_text="Addresses.")),
                ("subject", models.CharField(max_length=500)),
                ("body", models.TextField()),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_attempt", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "since",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When its time began; later, when it is repeated."
                    ),
                ),
                ("claimed", models.DateTimeField(help_text="When somebody last began to send it.", null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, help_text="What went wrong last.", max_length=100)),
                ("given_up", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "mail on its way",
                "verbose_name_plural": "mails on their way",
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=32, unique=True)),
                ("workspace_id", models.BigIntegerField()),
                ("field", models.CharField(max_length=50)),
                ("values", models.JSONField()),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("workspace_id", models.BigIntegerField(db_index=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Waiting"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("actor", models.JSONField(help_text="Who asked for it: `jobs.freeze_actor`.")),
                ("user_id", models.BigIntegerField(help_text="The user who may read the result.", null=True)),
                ("request_id", models.UUIDField()),
                ("surface", models.PositiveSmallIntegerField()),
                ("arguments", models.JSONField(default=dict)),
                ("result", models.JSONField(default=dict)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                ("started", models.DateTimeField(null=True)),
                ("beat", models.DateTimeField(help_text="Last sign of life of the worker that claimed it.", null=True)),
                ("finished", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ("-created",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ("queued", "running"))), fields=["created"], name="job_open"
                    )
                ],
            },
        ),
    ]
