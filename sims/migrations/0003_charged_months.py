"""Until when SIMs were Activated, so that a month's charges are seen until it ends.

What the log knows of it is filled in by the log's own migration; without one, SIMs suspended before are taken as not
charged.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sims", "0002_stock_texts"),
    ]

    operations = [
        migrations.CreateModel(
            name="DepartedSim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("workspace_id", models.BigIntegerField()),
                ("sim_id", models.BigIntegerField()),
                ("active_until", models.DateTimeField(help_text="The last moment at which it was Activated there.")),
            ],
            options={
                "verbose_name": "SIM that left",
                "verbose_name_plural": "SIMs that left",
                "indexes": [models.Index(fields=["workspace_id", "active_until"], name="departed_ws_until")],
                "constraints": [
                    models.UniqueConstraint(fields=("sim_id", "workspace_id"), name="departed_unique"),
                ],
            },
        ),
        migrations.AddField(
            model_name="sim",
            name="active_until",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="The last moment at which it was Activated in its workspace; empty while it is.",
                null=True,
                verbose_name="Activated until",
            ),
        ),
    ]
