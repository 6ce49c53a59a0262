"""Triggers that spread what an event covers over a row for each SIM and device, and take the rows away with the event.

`detail` holds the ids under `COVERS`. No index leads from a SIM to the events that name it there among thousands, so
`events_eventobject` does. Its rows are derived: nobody adds, changes or removes one but with the event itself.
"""

# ruff: noqa: S608 - the texts are put together from constants of this repository alone

from __future__ import annotations

from typing import Final

from events.text import COVERS

TABLE: Final = "events_eventobject"
_EVENTS: Final = "events_event"
KINDS: Final = {"sim": 1, "device": 2}
"""What has a log of its own: the name under `COVERS`, and `EventObject.Kind`."""
_REFUSED: Final = "The event log is append-only"
_WITH: Final = "its objects come and go with their event."

_VALUES: Final = ", ".join(f"({number}, '{name}')" for name, number in KINDS.items())
POSTGRESQL_CREATE: Final = (
    f"""
    CREATE OR REPLACE FUNCTION event_spread() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO {TABLE} (kind, object_id, event_id)
        SELECT DISTINCT k.kind, o.id::bigint, NEW.id FROM (VALUES {_VALUES}) AS k(kind, name),
            jsonb_array_elements_text(NEW.detail -> '{COVERS}' -> k.name) AS o(id);
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION event_gather() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN DELETE FROM {TABLE} WHERE event_id = OLD.id; RETURN NULL; END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION object_guard_insert() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
        RAISE EXCEPTION '{_REFUSED}: {_WITH}' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    f"""
    CREATE OR REPLACE FUNCTION object_guard_delete() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM {_EVENTS} e WHERE e.id = OLD.event_id) THEN RETURN OLD; END IF;
        RAISE EXCEPTION '{_REFUSED}: {_WITH}' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    f"CREATE OR REPLACE TRIGGER event_spread AFTER INSERT ON {_EVENTS}"
    f" FOR EACH ROW WHEN (new.detail ? '{COVERS}'::text) EXECUTE FUNCTION event_spread()",
    f"CREATE OR REPLACE TRIGGER event_gather AFTER DELETE ON {_EVENTS}"
    f" FOR EACH ROW WHEN (old.detail ? '{COVERS}'::text) EXECUTE FUNCTION event_gather()",
    f"CREATE OR REPLACE TRIGGER object_insert BEFORE INSERT ON {TABLE}"
    " FOR EACH STATEMENT EXECUTE FUNCTION object_guard_insert()",
    f"CREATE OR REPLACE TRIGGER object_no_update BEFORE UPDATE ON {TABLE}"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    f"CREATE OR REPLACE TRIGGER object_no_delete BEFORE DELETE ON {TABLE}"
    " FOR EACH ROW EXECUTE FUNCTION object_guard_delete()",
    f"CREATE OR REPLACE TRIGGER object_no_truncate BEFORE TRUNCATE ON {TABLE}"
    " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
)

_READ: Final = " UNION ".join(
    f"SELECT {number}, o.value, NEW.id FROM json_each(NEW.detail, '$.{COVERS}.{name}') o"
    for name, number in KINDS.items()
)
SQLITE_CREATE: Final = (
    f"CREATE TRIGGER event_spread AFTER INSERT ON {_EVENTS} WHEN instr(NEW.detail, '\"{COVERS}\"')"
    f" BEGIN INSERT INTO {TABLE} (kind, object_id, event_id) {_READ}; END",
    f"CREATE TRIGGER event_gather AFTER DELETE ON {_EVENTS} WHEN instr(OLD.detail, '\"{COVERS}\"')"
    f" BEGIN DELETE FROM {TABLE} WHERE event_id = OLD.id; END",
    # Rows come with an event that is just being written, which has the newest id there is. What somebody plants for it
    # before the next one is written is named by the check of the log.
    f"CREATE TRIGGER object_insert BEFORE INSERT ON {TABLE}"
    f" WHEN NEW.event_id IS NOT (SELECT max(id) FROM {_EVENTS})"
    f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}: {_WITH}'); END",
    f"CREATE TRIGGER object_no_update BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{_REFUSED}: {_WITH}'); END",
    f"CREATE TRIGGER object_no_delete BEFORE DELETE ON {TABLE}"
    f" WHEN EXISTS (SELECT 1 FROM {_EVENTS} e WHERE e.id = OLD.event_id)"
    f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}: {_WITH}'); END",
)
