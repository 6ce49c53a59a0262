"""Indexes of the largest tables are built beside running work, and their migration can be run again."""

from __future__ import annotations

import pytest
from django.db import connection, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from kit.indexes import AddIndexBeside
from sims.models import Sim, UsageDay, UsageRecord

INDEXES = {
    "sim_ws_updated": Sim,
    "sim_msisdn": Sim,
    "usage_day_ws": UsageDay,
    "usage_ws_ended": UsageRecord,
}
BEFORE, AFTER = ("sims", "0004_coverage_and_sms"), ("sims", "0006_usage_costs")


def present() -> set[str]:
    with connection.cursor() as cursor:
        return {
            name
            for model in (Sim, UsageDay, UsageRecord)
            for name in connection.introspection.get_constraints(cursor, model._meta.db_table)
        } & INDEXES.keys()


@pytest.mark.django_db(transaction=True)
def test_the_indexes_come_and_go_and_a_run_that_was_cut_short_is_repeated() -> None:
    assert present() == INDEXES.keys()
    try:
        MigrationExecutor(connection).migrate([BEFORE])
        assert present() == set()
        with connection.cursor() as cursor:
            # As it is left where the first index was built and the rest was not.
            cursor.execute(f"CREATE INDEX sim_ws_updated ON {Sim._meta.db_table} (id)")
    finally:
        MigrationExecutor(connection).migrate([AFTER])
    assert present() == INDEXES.keys()
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Sim._meta.db_table)["sim_ws_updated"]
    assert found["columns"] == ["workspace_id", "last_updated", "id"]


def test_no_later_migration_locks_these_tables_for_an_index() -> None:
    later = [
        migration
        for (app, name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items()
        if app == "sims" and name >= "0003"
    ]
    tables = {"sim", "usageday", "usagerecord"}
    for migration in later:
        for operation in migration.operations:
            if isinstance(operation, migrations.AddIndex) and operation.model_name in tables:
                assert isinstance(operation, AddIndexBeside), (migration.name, operation.index.name)
                assert not migration.atomic
