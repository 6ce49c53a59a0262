"""What a pooler in transaction mode (PgBouncer) demands: nothing of ours rests on one connection to the server."""

from __future__ import annotations

import pytest
from django.db import connection
from django.forms import ModelChoiceField
from django.forms.models import ModelChoiceIterator

from accounts.models import Workspace
from tests.cast import Cast
from tests.usage.records import deliver, in_test, record

pytestmark = pytest.mark.postgresql


def cursors_of_the_server() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors")
        found: int = cursor.fetchone()[0]
    return found


def test_no_cursor_stays_in_the_server(cast: Cast) -> None:
    """The next FETCH of such a cursor would go through another connection, which does not know it."""
    rows = Workspace.objects.iterator(chunk_size=1)
    next(rows)
    choices = iter(ModelChoiceIterator(ModelChoiceField(Workspace.objects.all())))
    next(choices), next(choices)
    assert cursors_of_the_server() == 0
    assert len([*rows]) == Workspace.objects.count() - 1


def test_nothing_is_prepared_in_the_server(cast: Cast) -> None:
    """A prepared statement belongs to one connection as well; the driver prepares what it sees often, unless told."""
    for _ in range(8):
        Workspace.objects.filter(pk=cast.acme.pk).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone()[0] == 0


def test_a_staging_table_of_another_version_is_not_taken_for_ours(cast: Cast) -> None:
    """A pooled connection keeps its temporary tables, also over an upgrade of the portal."""
    (sim,) = in_test(cast)
    deliver(record(sim, mb="0.001"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relpersistence = 't' AND relkind = 'r'")
        ((ours,),) = cursor.fetchall()
        assert ours != "usage_stage"
        cursor.execute(f"DROP TABLE {ours}")
        cursor.execute("CREATE TEMPORARY TABLE usage_stage (pos integer) ON COMMIT DELETE ROWS")
    assert deliver(record(sim, mb="0.001")).accepted == 1
