"""Which SIMs and devices an event speaks of among others; for what was written before, as far as its detail says."""

from django.db import migrations, models

ADD = "INSERT INTO events_eventobject (kind, object_id, event_id) SELECT DISTINCT "
BATCHES = (
    "1, s.id, e.id FROM events_event e JOIN sims_sim s ON s.batch_id = {batch} WHERE e.type = 48 AND e.sim_id IS NULL"
)
STATEMENTS = {
    "postgresql": (
        "1, (o.value ->> 'id')::bigint, e.id FROM events_event e, jsonb_array_elements(e.detail -> 'sims') o"
        " WHERE e.type = 69",
        "2, (o.value ->> 'id')::bigint, e.id FROM events_event e, jsonb_array_elements(e.detail -> 'devices') o"
        " WHERE e.type = 10011",
        BATCHES.format(batch="(e.detail -> 'sim_batch' ->> 'id')::bigint"),
    ),
    "sqlite": (
        "1, json_extract(o.value, '$.id'), e.id FROM events_event e, json_each(e.detail, '$.sims') o WHERE e.type = 69",
        "2, json_extract(o.value, '$.id'), e.id FROM events_event e, json_each(e.detail, '$.devices') o"
        " WHERE e.type = 10011",
        BATCHES.format(batch="json_extract(e.detail, '$.sim_batch.id')"),
    ),
}


def spread(apps, schema_editor):
    """Add the rows of earlier transfers, registrations and changes of tags."""
    for statement in STATEMENTS[schema_editor.connection.vendor]:
        schema_editor.execute(ADD + statement)


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0005_replay_checks"),
        ("sims", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventObject",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "object_id",
                        "event_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "SIM"), (2, "device")])),
                ("object_id", models.BigIntegerField()),
                ("event_id", models.BigIntegerField()),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["event_id"], name="event_object_event")],
            },
        ),
        migrations.RunPython(spread, migrations.RunPython.noop),
    ]
