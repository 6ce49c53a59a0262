"""The numbers of SIMs in a table of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sims", "0007_attachments"),
    ]

    operations = [
        migrations.CreateModel(
            name="SimNumbers",
            fields=[
                ("sim_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("text", models.TextField()),
            ],
            options={"default_permissions": ()},
        ),
    ]
