"""Triggers that keep what gives leave to touch the log: receipts of retention and of erasure, and frozen persons.

Without them the leave would be the way around: whoever writes a receipt, uses it and removes it leaves no trace.
"""

# ruff: noqa: S608 - the texts are put together from constants of this repository alone

from __future__ import annotations

from typing import Final

from accounts.models.workspaces import LEAST_EVENT_DAYS
from accounts.selectors import ERASED_NAME

RETENTION: Final = "events_retentionreceipt"
ERASURE: Final = "events_erasurereceipt"
PERSONS: Final = "events_frozenperson"
_REFUSED: Final = "The event log is append-only"
_SAME: Final = {
    # What closing a receipt leaves as it is.
    "retention": ("id", "workspace_id", "cutoff", "opened", '"transaction"'),
    "erasure": ("id", "user_id", "opened", '"transaction"'),
}
_TABLES: Final = {"retention": RETENTION, "erasure": ERASURE}
_ERASED: Final = (
    f"NEW.id = OLD.id AND NEW.user_id = OLD.user_id AND NEW.name = '{ERASED_NAME}'"
    f" AND NEW.username LIKE '{ERASED_NAME} (User ID: %)%'"
    " AND NEW.salt IS NULL AND NEW.commitment = OLD.commitment"
)
"""What a person may become: nobody. The name and the salt that opens the commitment go, the commitment stays."""

SQLITE_OPEN: Final = "r.closed IS NULL AND julianday(r.opened) > julianday('now') - 1.0 / 144"
"""Whether a receipt `r` holds, on SQLite, which can't tell transactions apart: for ten minutes at most."""
POSTGRESQL_OPEN: Final = 'r.closed IS NULL AND r."transaction" = txid_current()'
"""Whether a receipt `r` holds, on PostgreSQL: in the transaction that opened it."""


def _closing(kind: str, operator: str) -> str:
    same = " AND ".join(f"NEW.{name} {operator} OLD.{name}" for name in _SAME[kind])
    return f"OLD.closed IS NULL AND NEW.closed IS NOT NULL AND {same}"


def _postgresql() -> tuple[str, ...]:
    made = [
        "CREATE OR REPLACE FUNCTION person_guard_update() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN IF {_ERASED} AND EXISTS (SELECT 1 FROM {ERASURE} r WHERE r.user_id = OLD.user_id"
        f" AND {POSTGRESQL_OPEN}) THEN RETURN NEW; END IF;"
        f" RAISE EXCEPTION '{_REFUSED}: UPDATE of a person refused.' USING ERRCODE = 'restrict_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER person_no_update BEFORE UPDATE ON {PERSONS}"
        " FOR EACH ROW EXECUTE FUNCTION person_guard_update()",
        f"CREATE OR REPLACE TRIGGER person_no_delete BEFORE DELETE ON {PERSONS}"
        " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
        f"CREATE OR REPLACE TRIGGER person_no_truncate BEFORE TRUNCATE ON {PERSONS}"
        " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
    ]
    for kind, table in _TABLES.items():
        floor = ""
        if kind == "retention":
            floor = (
                f" IF NEW.cutoff > now() - interval '{LEAST_EVENT_DAYS} days' THEN"
                f" RAISE EXCEPTION '{_REFUSED}: events younger than {LEAST_EVENT_DAYS} days stay.'"
                " USING ERRCODE = 'restrict_violation'; END IF; NEW.removed := 0;"
            )
        made += [
            # A receipt says when it was opened by the database's clock, whatever the client claims.
            f"CREATE OR REPLACE FUNCTION {kind}_guard_insert() RETURNS trigger LANGUAGE plpgsql AS $$"
            f' BEGIN{floor} NEW.opened := clock_timestamp(); NEW."transaction" := txid_current();'
            " NEW.closed := NULL; RETURN NEW; END $$",
            f"CREATE OR REPLACE FUNCTION {kind}_guard_update() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN IF {_closing(kind, '=')} THEN RETURN NEW; END IF;"
            f" RAISE EXCEPTION '{_REFUSED}: UPDATE of a receipt refused.' USING ERRCODE = 'restrict_violation'; END $$",
            f"CREATE OR REPLACE TRIGGER {kind}_insert BEFORE INSERT ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {kind}_guard_insert()",
            f"CREATE OR REPLACE TRIGGER {kind}_no_update BEFORE UPDATE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {kind}_guard_update()",
            f"CREATE OR REPLACE TRIGGER {kind}_no_delete BEFORE DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
            f"CREATE OR REPLACE TRIGGER {kind}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION event_refuse()",
        ]
    return tuple(made)


def _sqlite_refusal(name: str, moment: str, table: str, when: str, what: str) -> str:
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} {moment} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{_REFUSED}: {what}'); END"


def _sqlite() -> tuple[str, ...]:
    erased = f"{_ERASED} AND EXISTS (SELECT 1 FROM {ERASURE} r WHERE r.user_id = OLD.user_id AND {SQLITE_OPEN})"
    made = [
        # A comparison with NULL is neither true nor false, and must not pass.
        _sqlite_refusal(
            "person_no_update", "BEFORE UPDATE", PERSONS, f"({erased}) IS NOT TRUE", "UPDATE of a person refused."
        ),
        _sqlite_refusal("person_no_delete", "BEFORE DELETE", PERSONS, "", "DELETE refused."),
    ]
    for kind, table in _TABLES.items():
        right = "NEW.closed IS NULL AND abs(julianday(NEW.opened) - julianday('now')) < 1.0 / 1440"
        if kind == "retention":
            right += f" AND NEW.removed = 0 AND julianday(NEW.cutoff) <= julianday('now') - {LEAST_EVENT_DAYS}"
        made += [
            _sqlite_refusal(
                f"{kind}_insert",
                "BEFORE INSERT",
                table,
                f"({right}) IS NOT TRUE",
                f"a receipt is opened now, and events younger than {LEAST_EVENT_DAYS} days stay.",
            ),
            _sqlite_refusal(
                f"{kind}_no_update",
                "BEFORE UPDATE",
                table,
                f"({_closing(kind, 'IS')}) IS NOT TRUE",
                "UPDATE of a receipt refused.",
            ),
            _sqlite_refusal(f"{kind}_no_delete", "BEFORE DELETE", table, "", "DELETE refused."),
        ]
    return tuple(made)


POSTGRESQL_CREATE: Final = _postgresql()
SQLITE_CREATE: Final = _sqlite()
