"""Which forms were sent, so that a double click makes one thing."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kit", "0005_job_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SubmittedForm",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="Digest of person, address and the form's key.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("answer", models.JSONField(default=dict, help_text="Status and headers of the answer.")),
                ("created", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
