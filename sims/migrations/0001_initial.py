import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FactoryTestRange",
            fields=[
                ("first_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("checked", models.DateTimeField()),
            ],
            options={
                "verbose_name": "range of factory tests",
                "verbose_name_plural": "ranges of factory tests",
            },
        ),
        migrations.CreateModel(
            name="FactoryTestWatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("late_since", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "watch over factory tests",
                "verbose_name_plural": "watch over factory tests",
            },
        ),
        migrations.CreateModel(
            name="SimModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("description", models.CharField(max_length=100, unique=True, verbose_name="description")),
                (
                    "form_factor",
                    models.CharField(
                        choices=[
                            ("2FF", "Mini (2FF)"),
                            ("3FF", "Micro (3FF)"),
                            ("4FF", "Nano (4FF)"),
                            ("triple", "Triple cut (2FF, 3FF, 4FF)"),
                            ("MFF2", "Chip (MFF2)"),
                        ],
                        max_length=10,
                        verbose_name="form factor",
                    ),
                ),
                ("manufacturer", models.CharField(max_length=100, verbose_name="manufacturer")),
                ("memory_size", models.PositiveIntegerField(default=128, verbose_name="memory in kB")),
            ],
            options={
                "verbose_name": "SIM model",
                "verbose_name_plural": "SIM models",
                "ordering": ("description",),
            },
        ),
        migrations.CreateModel(
            name="CoveragePolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                (
                    "uses_allowance",
                    models.BooleanField(
                        default=True,
                        help_text="Whether its SIMs take part in what the data plan includes; recorded for billing, nothing is computed from it here.",
                        verbose_name="uses the allowance",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "data_plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coverage_policies",
                        to="accounts.dataplan",
                        verbose_name="data plan",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="coverage_policies",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "coverage policy",
                "verbose_name_plural": "coverage policies",
                "ordering": ("name", "id"),
            },
        ),
        migrations.CreateModel(
            name="CoverageExcludedZone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "zone",
                    models.PositiveSmallIntegerField(
                        help_text="First digit of its mobile country codes.", verbose_name="rate zone"
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="excluded"),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="excluded_zones",
                        to="sims.coveragepolicy",
                        verbose_name="coverage policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "rate zone excluded by a coverage policy",
                "verbose_name_plural": "rate zones excluded by coverage policies",
                "ordering": ("zone",),
            },
        ),
        migrations.CreateModel(
            name="CoverageBlockedOperator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "operator_id",
                    models.PositiveIntegerField(help_text="MCC and MNC as one number.", verbose_name="network"),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="blocked"),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocked_operators",
                        to="sims.coveragepolicy",
                        verbose_name="coverage policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "network blocked by a coverage policy",
                "verbose_name_plural": "networks blocked by coverage policies",
                "ordering": ("operator_id",),
            },
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Enabled"), (1, "Disabled"), (2, "Deleted")], default=1, verbose_name="status"
                    ),
                ),
                ("imei", models.CharField(blank=True, db_index=True, max_length=16, verbose_name="IMEI")),
                ("imei_lock", models.BooleanField(default=False, verbose_name="IMEI lock")),
                (
                    "ip_address",
                    models.GenericIPAddressField(blank=True, db_index=True, null=True, verbose_name="IP address"),
                ),
                (
                    "tags",
                    models.CharField(blank=True, help_text="Separated by commas.", max_length=500, verbose_name="tags"),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "last_updated",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last updated"
                    ),
                ),
                (
                    "coverage_policy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="devices",
                        to="sims.coveragepolicy",
                        verbose_name="coverage policy",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="devices",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "device",
                "verbose_name_plural": "devices",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="BlockedOperator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "operator_id",
                    models.PositiveIntegerField(help_text="MCC and MNC as one number.", verbose_name="network"),
                ),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="blocked"),
                ),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocked_operators",
                        to="sims.device",
                        verbose_name="device",
                    ),
                ),
            ],
            options={
                "verbose_name": "blocked network",
                "verbose_name_plural": "blocked networks",
                "ordering": ("operator_id",),
            },
        ),
        migrations.CreateModel(
            name="ServicePolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("description", models.CharField(blank=True, max_length=300, verbose_name="description")),
                ("data", models.BooleanField(default=True, verbose_name="data")),
                ("sms_mo", models.BooleanField(default=True, verbose_name="SMS from the device")),
                ("sms_mt", models.BooleanField(default=True, verbose_name="SMS to the device")),
                ("allowed_2g", models.BooleanField(default=True, verbose_name="2G")),
                ("allowed_3g", models.BooleanField(default=True, verbose_name="3G")),
                ("allowed_4g", models.BooleanField(default=True, verbose_name="4G")),
                ("allowed_5g", models.BooleanField(default=False, verbose_name="5G")),
                ("allowed_nb_iot", models.BooleanField(default=True, verbose_name="NB-IoT")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_policies",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "service policy",
                "verbose_name_plural": "service policies",
                "ordering": ("name", "id"),
            },
        ),
        migrations.AddField(
            model_name="device",
            name="service_policy",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="devices",
                to="sims.servicepolicy",
                verbose_name="service policy",
            ),
        ),
        migrations.CreateModel(
            name="SimBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "bic",
                    models.CharField(
                        help_text="16 digits, printed on the card or on the batch label.",
                        max_length=16,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[0-9]{16}$", "A BIC has 16 digits.")],
                        verbose_name="BIC",
                    ),
                ),
                ("quantity", models.PositiveIntegerField(default=0, editable=False, verbose_name="SIMs")),
                (
                    "created",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("assigned_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="assigned")),
                (
                    "registered_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="registered"),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who may register it; empty while in stock.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sim_batches",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="sims.simmodel",
                        verbose_name="SIM model",
                    ),
                ),
            ],
            options={
                "verbose_name": "SIM batch",
                "verbose_name_plural": "SIM batches",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Sim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "iccid",
                    models.CharField(
                        help_text="19 digits; the 20th, the Luhn digit, is computed.",
                        max_length=19,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^89[0-9]{17}$", "An ICCID has 19 digits and starts with 89."
                            )
                        ],
                        verbose_name="ICCID",
                    ),
                ),
                ("eid", models.CharField(blank=True, max_length=32, verbose_name="EID")),
                ("imsi", models.CharField(max_length=15, unique=True, verbose_name="IMSI")),
                ("msisdn", models.CharField(blank=True, max_length=15, verbose_name="MSISDN")),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Issued"),
                            (1, "Activated"),
                            (2, "Suspended"),
                            (3, "Deleted"),
                            (4, "Factory test"),
                        ],
                        default=0,
                        verbose_name="status",
                    ),
                ),
                ("production_date", models.DateTimeField(default=django.utils.timezone.now, verbose_name="produced")),
                (
                    "imported",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="imported"),
                ),
                (
                    "activation_date",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first activated"),
                ),
                (
                    "factory_test_since",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="in factory test since"),
                ),
                (
                    "tested_bytes",
                    models.BigIntegerField(
                        db_default=0, default=0, editable=False, verbose_name="bytes used in factory test"
                    ),
                ),
                (
                    "tested_sms",
                    models.BigIntegerField(
                        db_default=0, default=0, editable=False, verbose_name="SMS used in factory test"
                    ),
                ),
                (
                    "last_updated",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last updated"
                    ),
                ),
                (
                    "device",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sim",
                        to="sims.device",
                        verbose_name="device",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Set at registration; empty while the batch waits for it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sims",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sims",
                        to="sims.simbatch",
                        verbose_name="batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "SIM",
                "verbose_name_plural": "SIMs",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Sms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Delivery attempt pending"), (4, "Delivered"), (5, "Failed"), (6, "Expired")],
                        default=1,
                        verbose_name="state",
                    ),
                ),
                ("source_address", models.CharField(max_length=20, verbose_name="sender")),
                ("payload", models.TextField(verbose_name="text")),
                ("dcs", models.PositiveSmallIntegerField(default=0, verbose_name="data coding scheme")),
                ("udh", models.CharField(blank=True, max_length=280, verbose_name="user data header")),
                ("submitted", models.DateTimeField(default=django.utils.timezone.now, verbose_name="sent")),
                ("expires", models.DateTimeField(verbose_name="expires")),
                ("delivered", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
                (
                    "device",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="sims.device",
                    ),
                ),
                (
                    "sim",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="sims.sim"),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "SMS",
                "verbose_name_plural": "SMS",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="UsageDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sim_id", models.BigIntegerField()),
                ("workspace_id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("data_total", models.BigIntegerField(default=0, help_text="Bytes.")),
                ("data_rx", models.BigIntegerField(default=0)),
                ("data_tx", models.BigIntegerField(default=0)),
                ("sms_total", models.BigIntegerField(default=0, help_text="Messages.")),
                ("sms_mt", models.BigIntegerField(default=0)),
                ("sms_mo", models.BigIntegerField(default=0)),
                ("data_cost_eur", models.BigIntegerField(db_default=0, default=0, help_text="Millionths of a euro.")),
                (
                    "data_cost_usd",
                    models.BigIntegerField(db_default=0, default=0, help_text="Millionths of a US dollar."),
                ),
                ("sms_cost_eur", models.BigIntegerField(db_default=0, default=0)),
                ("sms_cost_usd", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "verbose_name": "usage of a day",
                "verbose_name_plural": "usage by day",
                "indexes": [models.Index(fields=["workspace_id", "day"], name="usage_day_ws")],
                "constraints": [
                    models.UniqueConstraint(fields=("sim_id", "workspace_id", "day"), name="usage_day_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("record_id", models.CharField(max_length=100, unique=True)),
                ("sim_id", models.BigIntegerField()),
                ("workspace_id", models.BigIntegerField()),
                ("device_id", models.BigIntegerField()),
                ("traffic_type", models.PositiveSmallIntegerField(choices=[(5, "Data"), (6, "SMS")])),
                ("total", models.BigIntegerField(help_text="Bytes, or messages.")),
                ("rx", models.BigIntegerField(help_text="To the device: bytes, or messages.")),
                ("tx", models.BigIntegerField(help_text="From the device: bytes, or messages.")),
                ("started", models.DateTimeField()),
                ("ended", models.DateTimeField()),
                ("received", models.DateTimeField()),
                ("cost", models.BigIntegerField(help_text="In millionths of the currency, if it was sent.", null=True)),
                ("currency", models.PositiveSmallIntegerField(help_text="1 EUR, 2 USD.", null=True)),
                ("payload", models.JSONField(help_text="The record as sent, with the keys that mean nothing to us.")),
            ],
            options={
                "verbose_name": "usage record",
                "verbose_name_plural": "usage records",
                "indexes": [
                    models.Index(fields=["sim_id", "ended"], name="usage_sim_ended"),
                    models.Index(fields=["workspace_id", "ended"], name="usage_ws_ended"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="coveragepolicy",
            constraint=models.UniqueConstraint(
                models.F("workspace"),
                django.db.models.functions.text.Lower("name"),
                name="coverage_policy_name_unique",
                violation_error_message="A coverage policy of this name exists.",
            ),
        ),
        migrations.AddConstraint(
            model_name="coverageexcludedzone",
            constraint=models.UniqueConstraint(fields=("policy", "zone"), name="coverage_zone_unique"),
        ),
        migrations.AddConstraint(
            model_name="coverageblockedoperator",
            constraint=models.UniqueConstraint(fields=("policy", "operator_id"), name="coverage_operator_unique"),
        ),
        migrations.AddConstraint(
            model_name="blockedoperator",
            constraint=models.UniqueConstraint(fields=("device", "operator_id"), name="blocked_operator_unique"),
        ),
        migrations.AddConstraint(
            model_name="servicepolicy",
            constraint=models.UniqueConstraint(
                models.F("workspace"),
                django.db.models.functions.text.Lower("name"),
                name="service_policy_name_unique",
                violation_error_message="A service policy of this name exists.",
            ),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["workspace", "status", "id"], name="device_ws_status"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["workspace", "name", "id"], name="device_ws_name"),
        ),
        migrations.AddIndex(
            model_name="device",
            index=models.Index(fields=["workspace", "id"], name="device_ws"),
        ),
        migrations.AddConstraint(
            model_name="device",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", 2),
                    models.Q(("coverage_policy__isnull", False), ("service_policy__isnull", False)),
                    _connector="OR",
                ),
                name="device_has_policies",
            ),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(fields=["workspace", "status", "id"], name="sim_ws_status"),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(fields=["workspace", "id"], name="sim_ws"),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(
                condition=models.Q(("device__isnull", True), ("status", 1)),
                fields=["workspace", "id"],
                name="sim_charged_unused",
            ),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(fields=["workspace", "last_updated", "id"], name="sim_ws_updated"),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(fields=["msisdn"], name="sim_msisdn"),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(condition=models.Q(("eid", ""), _negated=True), fields=["eid"], name="sim_eid"),
        ),
        migrations.AddIndex(
            model_name="sim",
            index=models.Index(condition=models.Q(("status", 4)), fields=["id"], name="sim_testing"),
        ),
        migrations.AddIndex(
            model_name="sms",
            index=models.Index(fields=["device", "id"], name="sms_device"),
        ),
        migrations.AddIndex(
            model_name="sms",
            index=models.Index(condition=models.Q(("status", 1)), fields=["expires"], name="sms_pending"),
        ),
    ]
