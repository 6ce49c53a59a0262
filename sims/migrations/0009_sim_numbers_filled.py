"""The numbers of the SIMs that are there, and an index by trigrams where PostgreSQL has them."""

from django.db import migrations
from stdnum import luhn

CHUNK = 5_000
MAY_HAVE = """
    SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'),
        EXISTS (SELECT 1 FROM pg_available_extension_versions v WHERE v.name = 'pg_trgm' AND (v.trusted OR r.rolsuper))
            AND has_database_privilege(current_database(), 'CREATE')
    FROM pg_roles r WHERE r.rolname = current_user
"""


def note_numbers(apps, schema_editor):
    """Keep the numbers of the SIMs that are there, in pieces; those that an interrupted run kept are passed over."""
    sims = apps.get_model("sims", "Sim").objects.order_by("pk")
    numbers = apps.get_model("sims", "SimNumbers").objects
    last = 0
    while rows := list(sims.filter(pk__gt=last).values_list("pk", "iccid", "imsi", "msisdn", "eid")[:CHUNK]):
        numbers.bulk_create(
            [
                numbers.model(sim_id=pk, text=" ".join((iccid + luhn.calc_check_digit(iccid), *others)))
                for pk, iccid, *others in rows
            ],
            ignore_conflicts=True,
        )
        last = rows[-1][0]


def index_parts(apps, schema_editor):
    """Let PostgreSQL find parts of a number by an index. Without the extension it reads the table, which is small."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(MAY_HAVE)
        there, allowed = cursor.fetchone()
        if not (there or allowed):
            return
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        cursor.execute("DROP INDEX CONCURRENTLY IF EXISTS sim_numbers_parts")
        cursor.execute("CREATE INDEX CONCURRENTLY sim_numbers_parts ON sims_simnumbers USING gin (text gin_trgm_ops)")


def drop_index(apps, schema_editor):
    """Remove the index; the extension may be somebody else's too."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX CONCURRENTLY IF EXISTS sim_numbers_parts")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("sims", "0008_sim_numbers"),
    ]

    operations = [
        migrations.RunPython(note_numbers, migrations.RunPython.noop),
        migrations.RunPython(index_parts, drop_index),
    ]
