"""Database triggers that keep the log append-only, and what it speaks of from changing in silence, whoever connects.

An UPDATE of an event never passes, a DELETE passes for rows that an open retention receipt covers. The triggers are
created after a `migrate` that finds them missing or changed, because SQLite drops a table's triggers when a migration
rebuilds it, and by `manage.py guard_log`. `trigger_state` tells whether they stand as they are written here.

On PostgreSQL they fire always, in a session that replays a replica's changes too. On SQLite a table's rows are guarded
against `INSERT OR REPLACE`, which removes rows without a DELETE unless the client has asked for `recursive_triggers`.
"""

# ruff: noqa: S608 - the texts are put together from constants of this repository alone

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from events import covered_guards, receipt_guards, silence
from events.seals import guards as seal_guards

EVENTS: Final = "events_event"
_UNIQUE: Final[dict[str, tuple[str, tuple[tuple[str, ...], ...]]]] = {
    # Guarded table to the short name of its triggers, and what beside the id is unique in it.
    EVENTS: ("event", (("workspace_id", "external_id"),)),
    receipt_guards.RETENTION: ("retention", ()),
    receipt_guards.ERASURE: ("erasure", ()),
    "events_sealstate": ("seal_state", ()),
    "events_seallog": ("seal_log", (("workspace_id",), ("token",), ("origin",))),
    "events_sealtile": ("seal_tile", ()),  # see `_TILE_TAKEN`
    "events_sealcheckpoint": ("seal_checkpoint", ()),
    "events_sealcosignature": ("seal_cosignature", (("checkpoint_id", "witness"),)),
    "events_sealkey": ("seal_key", (("public",),)),
    receipt_guards.PERSONS: ("person", ()),
}
TABLES: Final = (*_UNIQUE, covered_guards.TABLE)
_TILE_TAKEN: Final = (
    # The sealer writes a tile that grew over the old one, so what may stand in its place continues it.
    "EXISTS (SELECT 1 FROM events_sealtile o WHERE o.log_id = NEW.log_id AND o.level = NEW.level"
    " AND o.number = NEW.number AND NOT (substr(NEW.hashes, 1, length(o.hashes)) = o.hashes"
    " AND substr(NEW.ids, 1, length(o.ids)) = o.ids))"
)

_POSTGRESQL_CREATE: Final = (
    """
    CREATE OR REPLACE FUNCTION event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'The event log is append-only: % refused.', TG_OP USING ERRCODE = 'restrict_violation'; END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION event_guard_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM {receipt_guards.RETENTION} r WHERE r.workspace_id = OLD.workspace_id
                   AND {receipt_guards.POSTGRESQL_OPEN} AND OLD."timestamp" < r.cutoff) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'The event log is append-only: DELETE refused.' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    f"CREATE OR REPLACE TRIGGER event_no_update BEFORE UPDATE ON {EVENTS}"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    f"CREATE OR REPLACE TRIGGER event_no_truncate BEFORE TRUNCATE ON {EVENTS}"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    f"CREATE OR REPLACE TRIGGER event_no_delete BEFORE DELETE ON {EVENTS}"
    " FOR EACH ROW EXECUTE FUNCTION event_guard_delete()",
    # The tree begins with 1: what lies before it would have no place, and nobody would look for one.
    f"CREATE OR REPLACE TRIGGER event_id AFTER INSERT ON {EVENTS}"
    " FOR EACH ROW WHEN (new.id < 1) EXECUTE FUNCTION event_refuse()",
    *covered_guards.POSTGRESQL_CREATE,
    *receipt_guards.POSTGRESQL_CREATE,
    *seal_guards.POSTGRESQL_CREATE,
)


def _no_replacing() -> tuple[str, ...]:
    """Return SQLite's triggers that keep an INSERT from taking the place of a row.

    A row that gets its id by itself is seen with the id -1 before it is there, so no row may have such an id.
    """
    made = []
    for table, (name, uniques) in _UNIQUE.items():
        taken = [f"EXISTS (SELECT 1 FROM {table} o WHERE o.id = NEW.id)"]
        for columns in uniques:
            same = " AND ".join(f"o.{column} = NEW.{column}" for column in columns)
            taken.append(f"EXISTS (SELECT 1 FROM {table} o WHERE {same})")
        if name == "seal_tile":
            taken.append(_TILE_TAKEN)
        made += [
            f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {table} WHEN {' OR '.join(taken)}"
            " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: the row is there already.'); END",
            f"CREATE TRIGGER {name}_id AFTER INSERT ON {table} WHEN NEW.id < 1"
            " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: ids begin with 1.'); END",
        ]
    made.append(
        # Two who remember the same new person meet here, and the second one's row is passed over without an error.
        f"CREATE TRIGGER person_once BEFORE INSERT ON {receipt_guards.PERSONS} WHEN EXISTS (SELECT 1 FROM"
        f" {receipt_guards.PERSONS} o WHERE o.user_id = NEW.user_id AND o.name = NEW.name"
        " AND o.username = NEW.username) BEGIN SELECT RAISE(IGNORE); END"
    )
    return tuple(made)


_SQLITE_CREATE: Final = (
    f"CREATE TRIGGER event_no_update BEFORE UPDATE ON {EVENTS}"
    " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: UPDATE refused.'); END",
    f"CREATE TRIGGER event_no_delete BEFORE DELETE ON {EVENTS}"
    f" WHEN NOT EXISTS (SELECT 1 FROM {receipt_guards.RETENTION} r WHERE r.workspace_id = OLD.workspace_id"
    f' AND {receipt_guards.SQLITE_OPEN} AND OLD."timestamp" < r.cutoff)'
    " BEGIN SELECT RAISE(ABORT, 'The event log is append-only: DELETE refused.'); END",
    *covered_guards.SQLITE_CREATE,
    *receipt_guards.SQLITE_CREATE,
    *seal_guards.SQLITE_CREATE,
    *_no_replacing(),
)

_TRIGGER = re.compile(r"CREATE (?:OR REPLACE |CONSTRAINT )?TRIGGER (\w+) (?:BEFORE|AFTER) \w+ ON (\w+)")
_FUNCTION = re.compile(r"CREATE OR REPLACE FUNCTION (\w+)\(\).*?\$\$(.*)\$\$", re.DOTALL)


def _statements(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    """Return what makes all guards: those of the log, and those against silence."""
    return (*_of_the_log(connection), *_against_silence(connection))


def _of_the_log(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    if connection.vendor == "postgresql":
        return _POSTGRESQL_CREATE
    if connection.vendor == "sqlite":
        return _SQLITE_CREATE
    raise NotImplementedError(f"No append-only triggers are written for {connection.vendor}.")


def _against_silence(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    return silence.POSTGRESQL_CREATE if connection.vendor == "postgresql" else silence.SQLITE_CREATE


def guarded_tables(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    """Return the tables on which no trigger may stand but ours."""
    of_silence = silence.POSTGRESQL_TABLES if connection.vendor == "postgresql" else silence.SQLITE_TABLES
    return (*TABLES, *silence.TABLES, *of_silence)


def wanted_triggers(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    """Return the triggers that the database should have: name to table and text, as the database gives it back."""
    return _triggers_in(_statements(connection))


def _triggers_in(statements: Iterable[str]) -> dict[str, tuple[str, str]]:
    found = ((_TRIGGER.match(statement), statement) for statement in statements)
    return {match[1]: (match[2], text.replace("OR REPLACE ", "", 1)) for match, text in found if match}


def wanted_functions(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, bool]]:
    """Return the functions that the triggers call: name to body, and whether as its owner. SQLite has none."""
    return _functions_in(_statements(connection))


def _functions_in(statements: Iterable[str]) -> dict[str, tuple[str, bool]]:
    found = ((_FUNCTION.search(statement), statement) for statement in statements)
    return {match[1]: (match[2], "SECURITY DEFINER" in statement) for match, statement in found if match}


def has_tables(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether all guarded tables are there; they are not while an older state of them is made."""
    return {*TABLES, *silence.TABLES} <= set(connection.introspection.table_names())


def create_triggers(using: str = "default") -> None:
    """Create the triggers anew.

    Args:
        using: alias of the database.
    """
    connection = connections[using]
    if has_tables(connection):
        _create(connection, _statements(connection))


def drop_triggers(using: str = "default") -> None:
    """Remove the triggers of the log; for emptying a test database only."""
    if has_tables(connections[using]):
        _run(connections[using], _drops(connections[using], _of_the_log(connections[using])))


@contextmanager
def lifted(using: str = "default") -> Iterator[None]:
    """Lift the triggers of the log for a moment; for emptying a test database only."""
    drop_triggers(using)
    try:
        yield
    finally:
        _create(connections[using], _of_the_log(connections[using]))


@contextmanager
def silence_lifted(using: str = "default") -> Iterator[None]:
    """Let everything change without an event for a moment: for a database that is filled past the services.

    Whoever owns the tables can do so. No transaction may be open in which something changed already.
    """
    drop_silence_triggers(using)
    try:
        yield
    finally:
        create_silence_triggers(using)


def create_silence_triggers(using: str = "default") -> None:
    """Create the triggers against silence anew."""
    if has_tables(connections[using]):
        _create(connections[using], _against_silence(connections[using]))


def drop_silence_triggers(using: str = "default") -> None:
    """Remove the triggers against silence."""
    if has_tables(connections[using]):
        _run(connections[using], _drops(connections[using], _against_silence(connections[using])))


def make_way(using: str = "default", plan: Sequence[Any] = (), **_kwargs: Any) -> None:
    """Let migrations alter tables on SQLite, which can't while a trigger names what goes; receiver of `pre_migrate`.

    On PostgreSQL the triggers stay: a migration that changes state lifts them itself.

    Args:
        using: alias of the database.
        plan: the migrations to come.
    """
    if plan and connections[using].vendor == "sqlite":
        drop_silence_triggers(using)


def _create(connection: BaseDatabaseWrapper, texts: Sequence[str]) -> None:
    statements = list(texts)
    if connection.vendor == "postgresql":
        # What is checked at the end of a transaction would keep the tables from being altered within it.
        statements[:0] = ["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"]
        statements += [
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name, (table, _text) in _triggers_in(texts).items()
        ]
        schema = _schema(connection)
        statements += [
            f"ALTER FUNCTION {name}() SET search_path = pg_catalog, {schema}, pg_temp"
            for name, (_body, as_owner) in _functions_in(texts).items()
            if as_owner
        ]
    else:
        statements[:0] = _drops(connection, texts)
    _run(connection, statements)


def _schema(connection: BaseDatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        name: str = cursor.fetchone()[0]
    return name


def _drops(connection: BaseDatabaseWrapper, texts: Sequence[str]) -> list[str]:
    on = connection.vendor == "postgresql"
    return [
        f"DROP TRIGGER IF EXISTS {name}{f' ON {table}' if on else ''}"
        for name, (table, _text) in _triggers_in(texts).items()
    ]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(";".join(statements))  # one journey to the server, and all or nothing
        else:
            for statement in statements:
                cursor.execute(statement)
