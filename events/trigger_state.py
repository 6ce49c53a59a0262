"""Whether the triggers of the log stand as they were written: table, moment, state and body of each.

A trigger that is there by its name only is worth nothing: it may be switched off, sleep for all but replicas, call a
function that was emptied, or stand on another table. So the database's own description is compared with ours.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts import guards as staff_guards
from events import silence
from events.triggers import TABLES, create_triggers, guarded_tables, has_tables, wanted_functions, wanted_triggers

_POSTGRESQL = """
    SELECT t.tgname, c.relname, t.tgenabled, pg_get_triggerdef(t.oid, true), p.proname, l.lanname, p.prosrc,
        p.prosecdef, coalesce(p.proconfig, ARRAY[]::text[]) = CASE WHEN p.prosecdef
        THEN ARRAY['search_path=pg_catalog, ' || quote_ident(current_schema()) || ', pg_temp'] ELSE ARRAY[]::text[] END
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_language l ON l.oid = p.prolang
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s)
    ORDER BY t.tgname
"""
_HIDING = (
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(%s)"
    " AND relrowsecurity ORDER BY relname"
)
_RULES = "SELECT rulename, tablename FROM pg_rules WHERE schemaname = current_schema() AND tablename = ANY(%s)"


def trigger_problems(using: str = "default") -> list[str]:
    """Return what is wrong with the guards of the log, a sentence each; nothing before the tables are there.

    Three queries on PostgreSQL, one on SQLite, beside the names of the tables.

    Args:
        using: alias of the database.
    """
    connection = connections[using]
    if not has_tables(connection):
        return []
    return _on_postgresql(connection) if connection.vendor == "postgresql" else _on_sqlite(connection)


def missing_tables(using: str = "default") -> list[str]:
    """Return which guarded tables are no tables, a sentence each: once all migrations have run each has to be one.

    Whoever renames one and puts a view in its place takes its triggers away with it.

    Args:
        using: alias of the database.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        there = {each.name for each in connection.introspection.get_table_list(cursor) if each.type in ("t", "p")}
    wanted = sorted({*TABLES, *silence.TABLES} - there)
    return [f"Table {table} is missing, or is no table any more." for table in wanted]


def mend_triggers(using: str = "default", **_kwargs: Any) -> None:
    """Create the triggers where something is wrong with them, and lock no table else; receiver of `post_migrate`.

    Args:
        using: alias of the database.
    """
    if trigger_problems(using):
        create_triggers(using)


def _on_postgresql(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        tables = list(guarded_tables(connection))
        cursor.execute(_POSTGRESQL, [tables])
        rows = cursor.fetchall()
        cursor.execute(_RULES, [tables])
        found = [f"Rule {rule} on table {table} is not ours." for rule, table in cursor.fetchall()]
        cursor.execute(_HIDING, [tables])
        found += [f"Row security of table {table} is not ours: it can hide rows." for (table,) in cursor.fetchall()]
    wanted, bodies = wanted_triggers(connection), wanted_functions(connection)
    present = set()
    for name, table, state, text, function, language, body, as_owner, settled in rows:
        if name not in wanted:
            if name not in staff_guards.NAMES:
                found.append(f"Trigger {name} on table {table} is not ours.")
            continue
        if table != wanted[name][0]:
            found.append(f"Trigger {name} stands on table {table} too.")
            continue
        present.add(name)
        if state != "A":
            found.append(f"Trigger {name} on table {table} does not fire always (state {state} in place of A).")
        if text != wanted[name][1]:
            found.append(f"Trigger {name} on table {table} was changed.")
        elif (language, body, as_owner, settled) != ("plpgsql", *bodies[function], True):
            found.append(f"Function {function} of trigger {name} was changed.")
    return found + _missing(wanted, present)


def _on_sqlite(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
        rows = cursor.fetchall()
    wanted, tables = wanted_triggers(connection), guarded_tables(connection)
    found = []
    present = set()
    for name, table, text in rows:
        if name in wanted:
            present.add(name)
            if (table, text) != wanted[name]:
                found.append(f"Trigger {name} on table {table} was changed.")
        elif table in tables and name not in staff_guards.NAMES:
            found.append(f"Trigger {name} on table {table} is not ours.")
    return found + _missing(wanted, present)


def _missing(wanted: dict[str, tuple[str, str]], present: set[str]) -> list[str]:
    return [f"Trigger {name} on table {wanted[name][0]} is missing." for name in wanted if name not in present]
