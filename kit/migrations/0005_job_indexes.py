"""The indexes by which the history of a workspace's jobs is read, and the job of a request is found."""

from django.db import migrations, models

from kit.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("kit", "0004_job_history"),
    ]

    operations = [
        AddIndexBeside(
            model_name="job",
            index=models.Index(fields=["workspace_id", "kind", "created"], name="job_history"),
        ),
        AddIndexBeside(
            model_name="job",
            index=models.Index(fields=["request_id"], name="job_request"),
        ),
    ]
