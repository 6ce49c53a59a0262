"""The index by which the SIMs of an import are found."""

from django.db import migrations, models

from kit.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sims", "0011_sim_imports"),
    ]

    operations = [
        AddIndexBeside(
            model_name="sim",
            index=models.Index(
                condition=models.Q(("incoming__isnull", False)),
                fields=["incoming", "id"],
                name="sim_incoming",
            ),
        ),
    ]
