"""Database triggers that keep staff out of customers' workspaces and erased people out of all, whoever connects.

No constraint can say it, because the rule spans three tables: a member of staff is neither member nor SuperAdmin of a
workspace that is not the operator's own, an erased person of none (`docs/rules.md` sections 9 and 18). The services
refuse it with a text; these triggers refuse it too when a service forgets, or a shell writes. They are made after every
`migrate`, and dropped before it: SQLite can't rebuild a table that a trigger of another table names.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

OPERATOR: Final = 1
"""`Workspace.Type.OPERATOR`, in SQL."""
REFUSAL: Final = "Staff belong to the operator's own workspace alone, erased people to none."
_TEXT: Final = REFUSAL.replace("'", "''")

_TABLES: Final = {
    "staff_no_member": "accounts_membership",
    "staff_no_super_admin": "accounts_workspace",
    "staff_no_customer": "accounts_user",
}
_WRONG: Final = {
    "staff_no_member": (
        "EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.user_id AND u.erased IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.user_id AND u.is_staff)"
        " AND EXISTS (SELECT 1 FROM accounts_workspace w WHERE w.id = NEW.workspace_id AND w.type <> {operator})"
    ),
    "staff_no_super_admin": (
        "EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.super_admin_id AND u.erased IS NOT NULL)"
        " OR NEW.type <> {operator} AND ("
        "EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.super_admin_id AND u.is_staff)"
        " OR EXISTS (SELECT 1 FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id"
        " WHERE m.workspace_id = NEW.id AND u.is_staff))"
    ),
    "staff_no_customer": (
        "NEW.is_staff AND ("
        "EXISTS (SELECT 1 FROM accounts_workspace w WHERE w.super_admin_id = NEW.id AND w.type <> {operator})"
        " OR EXISTS (SELECT 1 FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id"
        " WHERE m.user_id = NEW.id AND w.type <> {operator}))"
    ),
}
"""What must not be true of a row that is written, by the name of the trigger."""
_COLUMNS: Final = {
    "staff_no_member": "user_id, workspace_id",
    "staff_no_super_admin": "super_admin_id, type",
    "staff_no_customer": "is_staff",
}
"""A statement that sets none of these asks nothing."""
_EVENTS: Final = ("insert", "update")


def _names() -> list[tuple[str, str, str]]:
    return [(f"{name}_{event}", name, event) for name in _TABLES for event in _EVENTS]


NAMES: Final = frozenset(trigger for trigger, _name, _event in _names())
"""The triggers, as others meet them on these tables."""


def _when(name: str, event: str) -> str:
    columns = f" OF {_COLUMNS[name]}" if event == "update" else ""
    return f"BEFORE {event.upper()}{columns} ON {_TABLES[name]}"


def _created(connection: BaseDatabaseWrapper) -> list[str]:
    if connection.vendor == "postgresql":
        found = []
        for name, wrong in _WRONG.items():
            found.append(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF {wrong.format(operator=OPERATOR)} THEN"
                f" RAISE EXCEPTION '{_TEXT}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
            )
        return found + [
            f"CREATE OR REPLACE TRIGGER {trigger} {_when(name, event)} FOR EACH ROW EXECUTE FUNCTION {name}()"
            for trigger, name, event in _names()
        ]
    if connection.vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {trigger} {_when(name, event)}"
            f" WHEN {_WRONG[name].format(operator=OPERATOR)} BEGIN SELECT RAISE(ABORT, '{_TEXT}'); END"
            for trigger, name, event in _names()
        ]
    raise NotImplementedError(f"No triggers are written for {connection.vendor}.")


def create_guards(using: str = "default", **_kwargs: Any) -> None:
    """Create the triggers anew; receiver of `post_migrate`.

    Args:
        using: alias of the database.
    """
    connection = connections[using]
    if not set(_TABLES.values()) <= set(connection.introspection.table_names()):
        return
    drop_guards(using)
    with connection.cursor() as cursor:
        for statement in _created(connection):
            cursor.execute(statement)


def drop_guards(using: str = "default", **_kwargs: Any) -> None:
    """Remove the triggers; receiver of `pre_migrate`."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for trigger, name, _event in _names():
            if _TABLES[name] not in tables:
                continue
            place = f" ON {_TABLES[name]}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}{place}")


def missing_guards(using: str = "default") -> list[str]:
    """Return the names of triggers that the database should have and has not."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        present = {row[0] for row in cursor.fetchall()}
    return [trigger for trigger, _name, _event in _names() if trigger not in present]
