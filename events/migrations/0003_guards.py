"""Receipts of erasures, receipts by the database's clock, and the result of looking at the guards."""

import django.db.models.functions.datetime
from django.db import migrations, models


def drop_on_sqlite(apps, schema_editor):
    """Remove the triggers that SQLite would check while the table they read is made anew; they come back at the end."""
    if schema_editor.connection.vendor == "sqlite":
        for name in ("event_no_update", "event_no_delete", "person_no_delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_seals"),
    ]

    operations = [
        migrations.RunPython(drop_on_sqlite, migrations.RunPython.noop),
        migrations.CreateModel(
            name="ErasureReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(db_index=True)),
                (
                    "opened",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), help_text="By the database's clock."
                    ),
                ),
                (
                    "transaction",
                    models.BigIntegerField(
                        db_default=0, help_text="PostgreSQL's number of the transaction it holds in."
                    ),
                ),
                ("closed", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "erasure receipt",
                "verbose_name_plural": "erasure receipts",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="GuardCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("checked", models.DateTimeField()),
                ("problems", models.JSONField(default=list, help_text="A sentence each.")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="retentionreceipt",
            name="transaction",
            field=models.BigIntegerField(db_default=0, help_text="PostgreSQL's number of the transaction it holds in."),
        ),
        migrations.AlterField(
            model_name="retentionreceipt",
            name="opened",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), help_text="By the database's clock."
            ),
        ),
    ]
