"""Database triggers that keep the log append-only, whoever connects.

An UPDATE never passes. A DELETE passes for rows that an open retention receipt covers. They are (re)created after every
`migrate`, because SQLite drops a table's triggers when a migration rebuilds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from events.seals import guards

NAMES = ("event_no_update", "event_no_delete", "event_no_truncate", "person_no_delete", *guards.POSTGRESQL_NAMES)
_POSTGRESQL_ONLY = frozenset({"event_no_truncate", *guards.POSTGRESQL_NAMES}) - frozenset(guards.NAMES)

_POSTGRESQL_CREATE = (
    """
    CREATE OR REPLACE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'The event log is append-only: % refused.', TG_OP USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE OR REPLACE FUNCTION event_guard_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM events_retentionreceipt r WHERE r.workspace_id = OLD.workspace_id
                   AND r.closed IS NULL AND OLD."timestamp" < r.cutoff) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'The event log is append-only: DELETE refused.' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    "CREATE OR REPLACE TRIGGER event_no_update BEFORE UPDATE ON events_event"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    "CREATE OR REPLACE TRIGGER event_no_truncate BEFORE TRUNCATE ON events_event"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    "CREATE OR REPLACE TRIGGER event_no_delete BEFORE DELETE ON events_event"
    " FOR EACH ROW EXECUTE FUNCTION event_guard_delete()",
    "CREATE OR REPLACE TRIGGER person_no_delete BEFORE DELETE ON events_frozenperson"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    *guards.POSTGRESQL_CREATE,
)
_POSTGRESQL_DROP = (
    "DROP TRIGGER IF EXISTS event_no_update ON events_event",
    "DROP TRIGGER IF EXISTS event_no_truncate ON events_event",
    "DROP TRIGGER IF EXISTS event_no_delete ON events_event",
    "DROP TRIGGER IF EXISTS person_no_delete ON events_frozenperson",
    *guards.POSTGRESQL_DROP,
)
_SQLITE_CREATE = (
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON events_event"
    " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: UPDATE refused.'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON events_event"
    " WHEN NOT EXISTS (SELECT 1 FROM events_retentionreceipt r WHERE r.workspace_id = OLD.workspace_id"
    ' AND r.closed IS NULL AND OLD."timestamp" < r.cutoff)'
    " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: DELETE refused.'); END",
    "CREATE TRIGGER person_no_delete BEFORE DELETE ON events_frozenperson"
    " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: DELETE refused.'); END",
    *guards.SQLITE_CREATE,
)
_SQLITE_DROP = tuple(f"DROP TRIGGER IF EXISTS {name}" for name in NAMES)


def _statements(connection: BaseDatabaseWrapper, *, create: bool) -> tuple[str, ...]:
    if connection.vendor == "postgresql":
        return _POSTGRESQL_CREATE if create else _POSTGRESQL_DROP
    if connection.vendor == "sqlite":
        return _SQLITE_DROP + _SQLITE_CREATE if create else _SQLITE_DROP
    raise NotImplementedError(f"No append-only triggers are written for {connection.vendor}.")


def create_triggers(using: str = "default", **_kwargs: Any) -> None:
    """Create the triggers anew; receiver of `post_migrate`.

    Args:
        using: alias of the database.
    """
    connection = connections[using]
    tables = connection.introspection.table_names()
    if "events_event" not in tables:
        return
    sealed = guards.LAST_TABLE in tables  # not yet, while an older state of the tables is made
    with connection.cursor() as cursor:
        for statement in _statements(connection, create=True):
            if sealed or "seal_" not in statement:
                cursor.execute(statement)


def drop_triggers(using: str = "default") -> None:
    """Remove the triggers; for emptying a test database only."""
    with connections[using].cursor() as cursor:
        for statement in _statements(connections[using], create=False):
            cursor.execute(statement)


@contextmanager
def lifted(using: str = "default") -> Iterator[None]:
    """Lift the triggers for a moment; for emptying a test database only."""
    drop_triggers(using)
    try:
        yield
    finally:
        create_triggers(using)


def missing_triggers(using: str = "default") -> list[str]:
    """Return the names of triggers the database should have and has not."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname = ANY(%s) AND tgenabled <> 'D'", [list(NAMES)])
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        present = {row[0] for row in cursor.fetchall()}
    wanted = [name for name in NAMES if connection.vendor == "postgresql" or name not in _POSTGRESQL_ONLY]
    return [name for name in wanted if name not in present]
