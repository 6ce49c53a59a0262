"""Tell the SIMs until when they were Activated, and workspaces since when they have their package.

It is told as far as the log knows it. Of SIMs only the running month is ever asked about, so the last 62 days are
enough, whatever the zone of billing is.
"""

from datetime import timedelta

from django.db import migrations
from django.utils import timezone

# A suspension, or the deletion of an Activated SIM; the newest of each SIM in each workspace.
_ENDS = """
    SELECT workspace_id, sim_id, MAX("timestamp") AS until FROM events_event
    WHERE type IN (9, 10) AND old_state = 1 AND sim_id IS NOT NULL AND "timestamp" >= %s
    GROUP BY workspace_id, sim_id
"""

HERE = f"""
    UPDATE sims_sim SET active_until = e.until FROM ({_ENDS}) e
    WHERE sims_sim.id = e.sim_id AND sims_sim.workspace_id = e.workspace_id AND sims_sim.status IN (2, 3)
"""  # noqa: S608 - constants

ELSEWHERE = f"""
    INSERT INTO sims_departedsim (workspace_id, sim_id, active_until)
    SELECT e.workspace_id, e.sim_id, e.until FROM ({_ENDS}) e JOIN sims_sim s ON s.id = e.sim_id
    WHERE s.workspace_id <> e.workspace_id
    ON CONFLICT (sim_id, workspace_id) DO NOTHING
"""  # noqa: S608 - constants

# The newest event 33 of each workspace; the row before it is that of its creation.
PACKAGES = """
    UPDATE accounts_workspace SET package_since = e.since
    FROM (SELECT workspace_id, MAX("timestamp") AS since FROM events_event WHERE type = 33 GROUP BY workspace_id) e
    WHERE accounts_workspace.id = e.workspace_id
"""


def fill(apps, schema_editor):
    connection = schema_editor.connection
    since = connection.ops.adapt_datetimefield_value(timezone.now() - timedelta(days=62))
    with connection.cursor() as cursor:
        for statement in (HERE, ELSEWHERE):
            cursor.execute(statement, [since])
        cursor.execute(PACKAGES)


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0003_guards"),
        ("accounts", "0005_subscriptions"),
        ("sims", "0003_charged_months"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
