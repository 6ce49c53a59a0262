"""What lists show of jobs: what a bulk action did, and to how many."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

_BULK = "sims.bulk.actions"


def fill(apps: Any, _schema_editor: Any) -> None:
    """Read name and numbers of bulk actions that are there out of their arguments and results, one by one."""
    jobs = apps.get_model("kit", "Job").objects.filter(kind=_BULK, name="")
    for job in jobs.order_by("created").iterator(chunk_size=20):
        job.name = f"{job.arguments.get('kind', '')}/{job.arguments.get('action', '')}"
        if "changed" in job.result:
            job.counts = {name: len(job.result.get(name, ())) for name in ("changed", "unchanged", "refused")}
        elif job.state == "done":
            job.counts = {"changed": job.total, "unchanged": 0, "refused": 0}
        job.save(update_fields=["name", "counts"])


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
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
