from django.db import migrations, models

from kit.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("events", "0006_objects_of_events"),
    ]

    operations = [
        AddIndexBeside(
            model_name="event",
            index=models.Index(
                condition=models.Q(("subject__isnull", False)),
                fields=["workspace", "subject", "timestamp", "id"],
                name="event_ws_subject",
            ),
        ),
        AddIndexBeside(
            model_name="event",
            index=models.Index(
                condition=models.Q(("acted_for__isnull", False)),
                fields=["workspace", "acted_for", "timestamp", "id"],
                name="event_ws_acted_for",
            ),
        ),
    ]
