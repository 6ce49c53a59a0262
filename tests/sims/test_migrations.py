"""Indexes of the largest tables are built beside running work, and building one can be repeated."""

from __future__ import annotations

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from kit.indexes import AddIndexBeside
from sims.models import Sim

pytestmark = pytest.mark.sqlite_too("indexes are built otherwise on each database")

FIRST = "0001_initial"
LARGE = {("sims", "sim"), ("sims", "usageday"), ("sims", "usagerecord"), ("events", "event")}
"""Tables that hold millions of rows, by app and model."""


def index_columns() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Sim._meta.db_table)
    return {name: constraint["columns"] for name, constraint in found.items()}


@pytest.mark.django_db(transaction=True)
def test_an_index_comes_and_goes_and_a_run_that_was_cut_short_is_repeated() -> None:
    index = models.Index(fields=["workspace", "imsi"], name="sim_built_beside")
    operation = AddIndexBeside(model_name="sim", index=index)
    before = MigrationLoader(connection).project_state()
    after = before.clone()
    operation.state_forwards("sims", after)
    try:
        with connection.cursor() as cursor:
            # An index of that name and of other columns, as a build that was interrupted would leave a useless one.
            cursor.execute(f"CREATE INDEX sim_built_beside ON {Sim._meta.db_table} (id)")
        with connection.schema_editor(atomic=operation.atomic) as editor:
            operation.database_forwards("sims", editor, before, after)
        assert index_columns()["sim_built_beside"] == ["workspace_id", "imsi"]
        with connection.schema_editor(atomic=operation.atomic) as editor:
            operation.database_backwards("sims", editor, after, before)
        assert "sim_built_beside" not in index_columns()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS sim_built_beside")


def test_no_later_migration_locks_a_large_table_for_an_index() -> None:
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    assert {(app, FIRST) for app, _model in LARGE} <= known.keys()
    for (app, name), migration in known.items():
        for operation in migration.operations if name != FIRST else ():
            if isinstance(operation, migrations.AddIndex) and (app, operation.model_name.lower()) in LARGE:
                assert isinstance(operation, AddIndexBeside), (app, name, operation.index.name)
                assert not migration.atomic, (app, name)
