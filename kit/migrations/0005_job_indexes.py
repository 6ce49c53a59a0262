"""What lists show of the jobs that are there, and the indexes by which those of a workspace and a request are found."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from kit.indexes import AddIndexBeside

_BULK = "sims.bulk.actions"


def fill(apps: Any, _schema_editor: Any) -> None:
    """Read name and numbers of bulk actions that are there out of their arguments and results.

    Each is a statement of its own, outside of the migration that changes the table: nobody waits for all of them.
    """
    jobs = apps.get_model("kit", "Job").objects.filter(kind=_BULK, name="")
    for pk in list(jobs.order_by("created").values_list("pk", flat=True)):
        job = jobs.get(pk=pk)
        job.name = f"{job.arguments.get('kind', '')}/{job.arguments.get('action', '')}"
        if "changed" in job.result:
            job.counts = {name: len(job.result.get(name, ())) for name in ("changed", "unchanged", "refused")}
        elif job.state == "done":
            job.counts = {"changed": job.total, "unchanged": 0, "refused": 0}
        job.save(update_fields=["name", "counts"])


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("kit", "0004_job_history"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        AddIndexBeside(
            model_name="job",
            index=models.Index(fields=["workspace_id", "kind", "created"], name="job_history"),
        ),
        AddIndexBeside(
            model_name="job",
            index=models.Index(fields=["request_id"], name="job_request"),
        ),
    ]
