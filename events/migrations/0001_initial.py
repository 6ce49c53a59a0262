import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FrozenPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(db_index=True)),
                ("name", models.CharField(max_length=150)),
                ("username", models.CharField(max_length=254)),
            ],
            options={
                "verbose_name": "person in the log",
                "verbose_name_plural": "persons in the log",
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "name", "username"), name="frozen_person_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cutoff", models.DateTimeField(help_text="Rows older than this may go.")),
                ("opened", models.DateTimeField()),
                ("closed", models.DateTimeField(null=True)),
                ("removed", models.PositiveBigIntegerField(default=0, help_text="Rows that went.")),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "retention receipt",
                "verbose_name_plural": "retention receipts",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "external_id",
                    models.BigIntegerField(help_text="Id given by the stream an event was taken in from.", null=True),
                ),
                ("timestamp", models.DateTimeField(verbose_name="date")),
                ("type", models.PositiveSmallIntegerField(verbose_name="event type")),
                (
                    "source",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Network"), (1, "Policy Control"), (2, "API")], verbose_name="event source"
                    ),
                ),
                (
                    "severity",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Info"), (1, "Warn"), (2, "Critical")], verbose_name="severity"
                    ),
                ),
                ("alert", models.BooleanField(default=False)),
                ("description", models.TextField(help_text="Stored form, see `registry`.", verbose_name="description")),
                ("detail", models.JSONField(help_text="Stored form, see `registry`.", null=True)),
                (
                    "old_state",
                    models.PositiveSmallIntegerField(
                        help_text="State before, for changes of SIM or device.", null=True
                    ),
                ),
                ("new_state", models.PositiveSmallIntegerField(null=True)),
                ("sim_id", models.BigIntegerField(null=True)),
                ("iccid", models.CharField(max_length=19, null=True, verbose_name="ICCID")),
                ("production_date", models.DateTimeField(null=True)),
                ("imsi_id", models.BigIntegerField(null=True)),
                ("imsi", models.CharField(max_length=15, null=True, verbose_name="IMSI")),
                ("import_date", models.DateTimeField(null=True)),
                ("device_id", models.BigIntegerField(null=True)),
                ("device_name", models.CharField(max_length=200, null=True, verbose_name="device")),
                ("device_imei", models.CharField(max_length=16, null=True)),
                ("device_ip_address", models.GenericIPAddressField(null=True)),
                ("device_tags", models.CharField(max_length=500, null=True)),
                (
                    "user_id",
                    models.BigIntegerField(
                        help_text="Of the wire's user object: the actor's or the subject's.", null=True
                    ),
                ),
                (
                    "actor_kind",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "User"),
                            (2, "Application token"),
                            (3, "Operator staff"),
                            (4, "Operator staff acting for a user"),
                            (5, "Not signed in"),
                            (6, "Schedule"),
                            (7, "Network"),
                            (8, "System"),
                        ],
                        verbose_name="actor kind",
                    ),
                ),
                (
                    "actor_ref",
                    models.BigIntegerField(default=0, help_text="Id of the user or application token that acted."),
                ),
                ("actor_label", models.CharField(max_length=240, verbose_name="actor")),
                ("request_id", models.UUIDField(verbose_name="request")),
                ("ip", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("user_agent", models.CharField(blank=True, max_length=256, verbose_name="client")),
                (
                    "surface",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Portal"),
                            (2, "API"),
                            (3, "Admin site"),
                            (4, "Background task"),
                            (5, "Command line"),
                        ],
                        verbose_name="surface",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "acted_for",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="The customer's user, under support access.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.frozenperson",
                        verbose_name="acted for",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="Who acted.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.frozenperson",
                        verbose_name="actor",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="The account concerned.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="events.frozenperson",
                        verbose_name="subject",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["workspace", "timestamp", "id"], name="event_ws"),
                    models.Index(fields=["workspace", "id"], name="event_ws_id"),
                    models.Index(fields=["workspace", "type", "timestamp", "id"], name="event_ws_type"),
                    models.Index(fields=["workspace", "severity", "timestamp", "id"], name="event_ws_severity"),
                    models.Index(fields=["workspace", "source", "timestamp", "id"], name="event_ws_source"),
                    models.Index(
                        condition=models.Q(("sim_id__isnull", False)),
                        fields=["sim_id", "timestamp", "id"],
                        name="event_sim",
                    ),
                    models.Index(
                        condition=models.Q(("device_id__isnull", False)),
                        fields=["device_id", "timestamp", "id"],
                        name="event_device",
                    ),
                    models.Index(
                        condition=models.Q(("user_id__isnull", False)),
                        fields=["workspace", "user_id", "timestamp", "id"],
                        name="event_ws_user",
                    ),
                    models.Index(
                        fields=["workspace", "actor_kind", "actor_ref", "timestamp", "id"], name="event_ws_actor"
                    ),
                    models.Index(fields=["request_id"], name="event_request"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("external_id__isnull", False)),
                        fields=("workspace", "external_id"),
                        name="event_external_unique",
                    )
                ],
            },
        ),
    ]
