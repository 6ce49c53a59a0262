"""Since when a workspace has its package and its data plans, what data plans cost, and what was told of trials."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def since_creation(apps, schema_editor):
    # The log knows better where it reaches back that far; its own migration tells.
    apps.get_model("accounts", "Workspace").objects.update(package_since=F("created"))


_PRICE = {
    "decimal_places": 6,
    "default": 0,
    "max_digits": 12,
    "validators": [django.core.validators.MinValueValidator(0)],
}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_operator_workspace"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataplan",
            name="monthly_rate",
            field=models.DecimalField(
                help_text="A month and activated SIM, in the currency.",
                verbose_name="price of what is included",
                **_PRICE,
            ),
        ),
        migrations.AddField(
            model_name="dataplan",
            name="excess_rate",
            field=models.DecimalField(
                help_text="A MB, in the currency.", verbose_name="price of traffic beyond it", **_PRICE
            ),
        ),
        migrations.AddField(
            model_name="workspace",
            name="package_since",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                editable=False,
                help_text="When the package was assigned.",
                verbose_name="package since",
            ),
        ),
        migrations.RunPython(since_creation, migrations.RunPython.noop),
        # The table of the bookings is there; it gets a model, and a column more.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="DataPlanBooking",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "data_plan",
                            models.ForeignKey(
                                db_column="dataplan_id",
                                on_delete=django.db.models.deletion.CASCADE,
                                to="accounts.dataplan",
                                verbose_name="data plan",
                            ),
                        ),
                        (
                            "workspace",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                to="accounts.workspace",
                                verbose_name="workspace",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "booking of a data plan",
                        "verbose_name_plural": "bookings of data plans",
                        "db_table": "accounts_workspace_data_plans",
                        "unique_together": {("workspace", "data_plan")},
                    },
                ),
                migrations.AlterField(
                    model_name="workspace",
                    name="data_plans",
                    field=models.ManyToManyField(
                        blank=True,
                        related_name="workspaces",
                        through="accounts.DataPlanBooking",
                        to="accounts.dataplan",
                        verbose_name="data plans",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="dataplanbooking",
            name="since",
            field=models.DateTimeField(
                help_text="Empty for those that were booked before it was kept.", null=True, verbose_name="since"
            ),
        ),
        migrations.AlterField(
            model_name="dataplanbooking",
            name="since",
            field=models.DateTimeField(
                default=django.utils.timezone.now,
                help_text="Empty for those that were booked before it was kept.",
                null=True,
                verbose_name="since",
            ),
        ),
        migrations.CreateModel(
            name="TrialNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(verbose_name="assigned")),
                ("trial_days", models.PositiveSmallIntegerField(verbose_name="trial days")),
                (
                    "days_left",
                    models.PositiveSmallIntegerField(
                        help_text="0 for the end itself.", verbose_name="days before the end"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trial_notices",
                        to="accounts.workspace",
                        verbose_name="workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of the end of a trial",
                "verbose_name_plural": "notices of the end of trials",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace", "since", "trial_days", "days_left"), name="trial_notice_unique"
                    )
                ],
            },
        ),
    ]
