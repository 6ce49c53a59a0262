"""The index by which SIMs are found that are charged although they are not Activated any more."""

from django.db import migrations, models

from kit.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sims", "0003_charged_months"),
    ]

    operations = [
        AddIndexBeside(
            model_name="sim",
            index=models.Index(
                condition=models.Q(("active_until__isnull", False)),
                fields=["workspace", "active_until"],
                name="sim_ws_active_until",
            ),
        ),
    ]
