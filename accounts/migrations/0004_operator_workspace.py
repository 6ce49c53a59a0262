"""The operator's workspace is one fixed row that is there from the start, and no other one is of its type."""

from django.db import migrations, models

from accounts.operator import make_operator_workspace


def make(apps, schema_editor):
    make_operator_workspace(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_erased_stays_out"),
    ]

    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("pk", 1), ("type", 1)) | (~models.Q(("pk", 1)) & ~models.Q(("type", 1))),
                name="workspace_one_operator",
                violation_error_message="The operator has exactly one workspace, and it stays the operator's.",
            ),
        ),
    ]
