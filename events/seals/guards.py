"""Triggers of the tables of seals: a tile only grows, and what was signed stays. Created with those of the log."""

from __future__ import annotations

from typing import Final

_REFUSED: Final = "The seals of the event log only grow"
_TABLES: Final = {
    "state": "events_sealstate",
    "log": "events_seallog",
    "tile": "events_sealtile",
    "checkpoint": "events_sealcheckpoint",
    "cosignature": "events_sealcosignature",
    "key": "events_sealkey",
}
LAST_TABLE: Final = "events_sealcosignature"
_MAY_BECOME: Final = {
    # What an UPDATE has to leave as it is, or may only make longer.
    "state": "NEW.id = OLD.id AND NEW.sealed_id >= OLD.sealed_id",
    "log": (
        "NEW.id = OLD.id AND NEW.workspace_id = OLD.workspace_id AND NEW.token = OLD.token AND NEW.origin = OLD.origin"
        " AND NEW.salt = OLD.salt AND NEW.size >= OLD.size"
    ),
    "tile": (
        "NEW.id = OLD.id AND NEW.log_id = OLD.log_id AND NEW.level = OLD.level AND NEW.number = OLD.number"
        " AND substr(NEW.hashes, 1, length(OLD.hashes)) = OLD.hashes"
        " AND substr(NEW.ids, 1, length(OLD.ids)) = OLD.ids"
    ),
    "key": (
        "NEW.id = OLD.id AND NEW.public = OLD.public AND NEW.since = OLD.since AND NEW.handover = OLD.handover"
        " AND OLD.until IS NULL"
    ),
}
_MAY_GO: Final = {
    # Old checkpoints are thinned to the last of each hour; what a witness signed stays.
    "postgresql": (
        "OLD.moment < now() - interval '7 days'"
        " AND EXISTS (SELECT 1 FROM events_sealcheckpoint c WHERE c.log_id = OLD.log_id AND c.id > OLD.id"
        " AND c.size >= OLD.size AND date_trunc('hour', c.moment) = date_trunc('hour', OLD.moment))"
        " AND NOT EXISTS (SELECT 1 FROM events_sealcosignature s WHERE s.checkpoint_id = OLD.id)"
    ),
    "sqlite": (
        "OLD.moment < datetime('now', '-7 days')"
        " AND EXISTS (SELECT 1 FROM events_sealcheckpoint c WHERE c.log_id = OLD.log_id AND c.id > OLD.id"
        " AND c.size >= OLD.size AND substr(c.moment, 1, 13) = substr(OLD.moment, 1, 13))"
        " AND NOT EXISTS (SELECT 1 FROM events_sealcosignature s WHERE s.checkpoint_id = OLD.id)"
    ),
}
_UPDATES: Final = tuple(f"seal_{name}_grows" if name in _MAY_BECOME else f"seal_{name}_no_update" for name in _TABLES)
_DELETES: Final = tuple(f"seal_{name}_no_delete" for name in _TABLES)
_TRUNCATES: Final = tuple(f"seal_{name}_no_truncate" for name in _TABLES)

NAMES: Final = (*_UPDATES, *_DELETES)
POSTGRESQL_NAMES: Final = (*NAMES, *_TRUNCATES)


def _postgresql() -> tuple[str, ...]:
    made = [
        "CREATE OR REPLACE FUNCTION seal_checkpoint_thin() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {_MAY_GO['postgresql']} THEN RETURN OLD; END IF;"
        f" RAISE EXCEPTION '{_REFUSED}: DELETE refused.' USING ERRCODE = 'restrict_violation'; END $$",
    ]
    for (name, table), update, delete, truncate in zip(_TABLES.items(), _UPDATES, _DELETES, _TRUNCATES, strict=True):
        made += [
            f"CREATE OR REPLACE FUNCTION seal_{name}_guard() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN IF {_MAY_BECOME.get(name, 'false')} THEN RETURN NEW; END IF;"
            f" RAISE EXCEPTION '{_REFUSED}: UPDATE refused.' USING ERRCODE = 'restrict_violation'; END $$",
            f"CREATE OR REPLACE TRIGGER {update} BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION seal_{name}_guard()",
            f"CREATE OR REPLACE TRIGGER {delete} BEFORE DELETE ON {table}"
            + (
                " FOR EACH ROW EXECUTE FUNCTION seal_checkpoint_thin()"
                if name == "checkpoint"
                else " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()"
            ),
            f"CREATE OR REPLACE TRIGGER {truncate} BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
        ]
    return tuple(made)


def _sqlite() -> tuple[str, ...]:
    made = []
    for (name, table), update, delete in zip(_TABLES.items(), _UPDATES, _DELETES, strict=True):
        allowed = _MAY_BECOME.get(name)
        when = f" WHEN NOT ({allowed})" if allowed else ""
        made += [
            f"CREATE TRIGGER {update} BEFORE UPDATE ON {table}{when}"
            f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}: UPDATE refused.'); END",
            f"CREATE TRIGGER {delete} BEFORE DELETE ON {table}"
            + (f" WHEN NOT ({_MAY_GO['sqlite']})" if name == "checkpoint" else "")
            + f" BEGIN SELECT RAISE(ABORT, '{_REFUSED}: DELETE refused.'); END",
        ]
    return tuple(made)


POSTGRESQL_CREATE: Final = _postgresql()
SQLITE_CREATE: Final = _sqlite()
POSTGRESQL_DROP: Final = tuple(
    f"DROP TRIGGER IF EXISTS {trigger} ON {table}"
    for names in (_UPDATES, _DELETES, _TRUNCATES)
    for trigger, table in zip(names, _TABLES.values(), strict=True)
)
SQLITE_DROP: Final = tuple(f"DROP TRIGGER IF EXISTS {name}" for name in NAMES)
