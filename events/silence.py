"""Triggers that refuse silence: no change of what is audited without an event that covers it, in one transaction.

Whoever makes the change: a queryset's `update()`, a service that forgot, a shell, SQL by hand. What changed is noted in
a small table, which is empty but within a transaction; events cross out what they cover, and a COMMIT that finds
something left is refused.

PostgreSQL notes a whole statement in one row, and a deferred trigger compares at COMMIT what changed with what is
covered, in whatever order they came. The functions run as the owner of the tables, so the portal's role can neither
read nor write what is noted. SQLite notes row by row; an event takes away what it covers, so it comes after the change,
as the writer does it. What is left breaks a deferred foreign key into a table that stays empty.
"""

# ruff: noqa: S608 - the texts are put together from constants of this repository alone

from __future__ import annotations

from typing import Any, Final

from django.db import DatabaseError, connection

from events.audited import AUDITED, Audited

EVENTS: Final = "events_event"
NOTED: Final = "events_uncovered"
NOWHERE: Final = "events_nowhere"
CHECK: Final = "silence_check"
"""The deferred constraint trigger of PostgreSQL."""
_PERSONS: Final = "events_frozenperson"
_REFUSED: Final = "changed without an event in the same transaction"


class Silent(DatabaseError):
    """Something changed and no event of the same transaction covers it: the change is undone."""


# --- PostgreSQL ---

_AS_OWNER: Final = "LANGUAGE plpgsql SECURITY DEFINER"
_POSTGRESQL_TABLES: Final = (
    # Nothing is kept in it: it may be unlogged, and is made anew with the triggers.
    f"DROP TABLE IF EXISTS {NOTED}",
    f"CREATE UNLOGGED TABLE {NOTED} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    ' "transaction" xid8 NOT NULL, kind text NOT NULL, ids bigint[] NOT NULL, covered boolean NOT NULL)'
    # Rows go as fast as they come.
    " WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)",
    f"ALTER TABLE {NOTED} ALTER COLUMN ids SET STORAGE EXTERNAL",
    f'CREATE INDEX {NOTED}_transaction ON {NOTED} ("transaction")',
)
_NOTE_ALL: Final = f'INSERT INTO {NOTED} ("transaction", kind, ids, covered)'
_MINE: Final = '"transaction" = pg_current_xact_id()'


def _compared(audited: Audited, side: str) -> str:
    return ", ".join(f'{side}."{column}"' for column in (*_object_column(audited), *audited.columns))


def _object_column(audited: Audited) -> tuple[str, ...]:
    return () if audited.object == "id" else (audited.object,)


def _there(audited: Audited, row: str) -> str:
    """Return the condition that a row is no draft; unknown is no draft either."""
    return f"({audited.draft.format(row=row)}) IS NOT TRUE"


def _postgresql_function(audited: Audited) -> str:
    """Return the function that notes what a statement changed; FULL JOIN also sees rows that got another id."""
    own = audited.object
    fresh, gone = (f" WHERE {_there(audited, side)}" if audited.draft else "" for side in ("n", "o"))
    both = "coalesce(n.id, o.id)" if own == "id" else "each"
    either = "" if own == "id" else f" CROSS JOIN LATERAL unnest(ARRAY[o.{own}, n.{own}]) AS each"
    return (
        f"CREATE OR REPLACE FUNCTION silence_{audited.table}() RETURNS trigger {_AS_OWNER} AS $$"
        " DECLARE found bigint[]; BEGIN"
        f" IF TG_OP = 'UPDATE' THEN SELECT array_agg({both}) INTO found"
        f" FROM old_rows o FULL JOIN new_rows n ON n.id = o.id{either} WHERE n.id IS NULL OR o.id IS NULL"
        f" OR ({_compared(audited, 'n')}) IS DISTINCT FROM ({_compared(audited, 'o')});"
        f" ELSIF TG_OP = 'INSERT' THEN SELECT array_agg(n.{own}) INTO found FROM new_rows n{fresh};"
        f" ELSIF TG_OP = 'DELETE' THEN SELECT array_agg(o.{own}) INTO found FROM old_rows o{gone};"
        f" ELSE SELECT array_agg({own}) INTO found FROM {audited.table}; END IF;"
        f" IF found IS NOT NULL THEN {_NOTE_ALL} VALUES (pg_current_xact_id(), '{audited.kind}', found, false);"
        " END IF; RETURN NULL; END $$"
    )


_POSTGRESQL_COVERED: Final = (
    f"CREATE OR REPLACE FUNCTION silence_covered() RETURNS trigger {_AS_OWNER} AS $$ BEGIN"
    f" {_NOTE_ALL} SELECT pg_current_xact_id(), each.kind, array_agg(each.id), true FROM ("
    "SELECT 'sim' AS kind, n.sim_id AS id FROM new_rows n WHERE n.sim_id IS NOT NULL AND n.external_id IS NULL"
    " UNION ALL SELECT 'device', n.device_id FROM new_rows n WHERE n.device_id IS NOT NULL AND n.external_id IS NULL"
    f" UNION ALL SELECT 'user', p.user_id FROM {_PERSONS} p"
    " WHERE p.id IN (SELECT n.subject_id FROM new_rows n WHERE n.external_id IS NULL)"
    " UNION ALL SELECT part.key, listed.id::bigint FROM new_rows n"
    " CROSS JOIN LATERAL jsonb_each(n.detail -> 'covers') part"
    " CROSS JOIN LATERAL jsonb_array_elements_text(part.value) listed(id)"
    " WHERE n.external_id IS NULL AND n.detail ? 'covers'"
    ") each GROUP BY each.kind; RETURN NULL; END $$"
)
_POSTGRESQL_LEFT: Final = (
    "SELECT each.kind, min(each.id) AS id, count(*) AS n FROM ("
    f"SELECT kind, unnest(ids) AS id FROM {NOTED} WHERE {_MINE} AND NOT covered"
    f" EXCEPT SELECT kind, unnest(ids) FROM {NOTED} WHERE {_MINE} AND covered) each GROUP BY each.kind"
)
_POSTGRESQL_CHECK: Final = (
    f"CREATE OR REPLACE FUNCTION {CHECK}() RETURNS trigger {_AS_OWNER} AS $$"
    " DECLARE missed text; BEGIN"
    # The first call in a transaction sees to all that was noted, and leaves nothing for the others.
    f" IF NOT EXISTS (SELECT 1 FROM {NOTED} WHERE id = NEW.id) THEN RETURN NULL; END IF;"
    f" IF EXISTS (SELECT 1 FROM {NOTED} WHERE {_MINE} AND NOT covered) THEN"
    " SELECT string_agg(format('%s %s (%s in all)', l.kind, l.id, l.n), ', ' ORDER BY l.kind) INTO missed"
    f" FROM ({_POSTGRESQL_LEFT}) l;"
    f" IF missed IS NOT NULL THEN RAISE EXCEPTION '%', missed || ' {_REFUSED}.'"
    # No integrity error: services take those for a name that is taken.
    " USING ERRCODE = 'triggered_action_exception'; END IF; END IF;"
    f" DELETE FROM {NOTED} WHERE {_MINE}; RETURN NULL; END $$"
)


def _postgresql() -> tuple[str, ...]:
    made = [
        *_POSTGRESQL_TABLES,
        _POSTGRESQL_COVERED,
        _POSTGRESQL_CHECK,
        f"CREATE OR REPLACE TRIGGER silence_covered AFTER INSERT ON {EVENTS} REFERENCING NEW TABLE AS new_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION silence_covered()",
        f"CREATE CONSTRAINT TRIGGER {CHECK} AFTER INSERT ON {NOTED} DEFERRABLE INITIALLY DEFERRED"
        f" FOR EACH ROW EXECUTE FUNCTION {CHECK}()",
    ]
    for audited in AUDITED:
        table = audited.table
        made.append(_postgresql_function(audited))
        for verb, rows in (
            ("INSERT", "NEW TABLE AS new_rows"),
            ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("DELETE", "OLD TABLE AS old_rows"),
        ):
            made.append(
                f"CREATE OR REPLACE TRIGGER {table}_silence_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION silence_{table}()"
            )
        made.append(
            f"CREATE OR REPLACE TRIGGER {table}_silence_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION silence_{table}()"
        )
    return tuple(made)


# --- SQLite ---

_SQLITE_TABLES: Final = (
    f"DROP TABLE IF EXISTS {NOTED}",
    f"DROP TABLE IF EXISTS {NOWHERE}",
    f"CREATE TABLE {NOWHERE} (id INTEGER PRIMARY KEY)",
    f"CREATE TABLE {NOTED} (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, object_id INTEGER NOT NULL,"
    f" nowhere_id INTEGER NOT NULL DEFAULT 0 REFERENCES {NOWHERE} (id) DEFERRABLE INITIALLY DEFERRED,"
    " UNIQUE (kind, object_id))",
)
_NOTE: Final = f"INSERT OR IGNORE INTO {NOTED} (kind, object_id) VALUES"
_SQLITE_COVERED: Final = (
    f"CREATE TRIGGER silence_covered AFTER INSERT ON {EVENTS} WHEN NEW.external_id IS NULL BEGIN"
    f" DELETE FROM {NOTED} WHERE kind = 'sim' AND object_id = NEW.sim_id;"
    f" DELETE FROM {NOTED} WHERE kind = 'device' AND object_id = NEW.device_id;"
    f" DELETE FROM {NOTED} WHERE kind = 'user'"
    f" AND object_id = (SELECT p.user_id FROM {_PERSONS} p WHERE p.id = NEW.subject_id);"
    f" DELETE FROM {NOTED} WHERE id IN (SELECT o.id FROM json_each(NEW.detail, '$.covers') part"
    f" CROSS JOIN json_each(part.value) listed"
    f" CROSS JOIN {NOTED} o ON o.kind = part.key AND o.object_id = listed.value); END"
)
_SQLITE_NOWHERE: Final = (
    f"CREATE TRIGGER nowhere_stays_empty BEFORE INSERT ON {NOWHERE}"
    " BEGIN SELECT RAISE(ABORT, 'This table stays empty: what is noted without an event leads nowhere.'); END"
)
_SQLITE_ARMED: Final = (
    # The first that a transaction notes; whether foreign keys count can't change within it.
    f"CREATE TRIGGER silence_armed BEFORE INSERT ON {NOTED} WHEN NOT EXISTS (SELECT 1 FROM {NOTED})"
    " AND (SELECT foreign_keys FROM pragma_foreign_keys) = 0 BEGIN SELECT RAISE(ABORT,"
    f" 'A change without an event is refused, and with PRAGMA foreign_keys off none is told apart.'); END"
)


def _sqlite() -> tuple[str, ...]:
    made = [*_SQLITE_TABLES, _SQLITE_NOWHERE, _SQLITE_ARMED, _SQLITE_COVERED]
    for audited in AUDITED:
        table, kind, own = audited.table, audited.kind, audited.object
        columns = ("id", *_object_column(audited), *audited.columns)
        differs = " OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in columns)
        fresh, gone = (f" WHEN {_there(audited, side)}" if audited.draft else "" for side in ("NEW", "OLD"))
        made += [
            f"CREATE TRIGGER {table}_silence_insert AFTER INSERT ON {table}{fresh}"
            f" BEGIN {_NOTE} ('{kind}', NEW.{own}); END",
            f"CREATE TRIGGER {table}_silence_update AFTER UPDATE ON {table} WHEN {differs}"
            f" BEGIN {_NOTE} ('{kind}', NEW.{own}), ('{kind}', OLD.{own}); END",
            f"CREATE TRIGGER {table}_silence_delete AFTER DELETE ON {table}{gone}"
            f" BEGIN {_NOTE} ('{kind}', OLD.{own}); END",
        ]
    return tuple(made)


POSTGRESQL_CREATE: Final = _postgresql()
SQLITE_CREATE: Final = _sqlite()
TABLES: Final = tuple(each.table for each in AUDITED)
POSTGRESQL_TABLES: Final = (NOTED,)
SQLITE_TABLES: Final = (NOTED, NOWHERE)


def uncovered(cursor: Any) -> str:
    """Return what this transaction changed without an event so far, in words; "" when there is nothing.

    Args:
        cursor: of the transaction, which is one of the default database.
    """
    if connection.vendor == "postgresql":
        cursor.execute(_POSTGRESQL_LEFT)
    else:
        cursor.execute(f"SELECT kind, min(object_id), count(*) FROM {NOTED} GROUP BY kind")
    found = ", ".join(f"{kind} {pk} ({count} in all)" for kind, pk, count in sorted(cursor.fetchall()))
    return found and f"{found} {_REFUSED}."


def refuse_silence() -> None:
    """Refuse, on SQLite and in words, what its COMMIT would refuse in none; PostgreSQL's COMMIT finds them itself.

    Raises:
        Silent: something changed and no event covers it.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            if found := uncovered(cursor):
                raise Silent(found)
