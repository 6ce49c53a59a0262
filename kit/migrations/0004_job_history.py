"""What lists show of jobs: what a bulk action did, and to how many."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kit", "0003_kept_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="name",
            field=models.CharField(
                blank=True, default="", help_text="What it does, where its kind does many things.", max_length=80
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="job",
            name="counts",
            field=models.JSONField(default=dict, help_text="What lists show of the result, which can be long."),
        ),
        migrations.AlterField(
            model_name="job",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("scheduled", "Scheduled"),
                    ("canceled", "Canceled"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
    ]
