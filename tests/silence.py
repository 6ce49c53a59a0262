"""What tests put into the tables without events, and that what an action changes has one in every test.

A test arranges its rows with the models, so what changes outside of an action is forgiven here. What changes inside of
one is looked at when it ends, in every test and on both databases. `guarded` tries the database as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models.signals import post_migrate
from django.test import TestCase, TransactionTestCase

import kit.action
import kit.context
from events import triggers
from events.silence import CHECK, NOTED, NOWHERE, Silent, uncovered
from events.trigger_state import mend_triggers


def _raw() -> Any:
    """Return a cursor whose queries no test counts."""
    connection.ensure_connection()
    return connection.connection.cursor()


def forget() -> None:
    """Forget what this transaction has changed so far."""
    if connection.needs_rollback:
        return
    cursor = _raw()
    if connection.vendor == "sqlite":
        if cursor.execute(f"SELECT 1 FROM {NOTED}").fetchone():
            cursor.execute(f"DELETE FROM {NOTED}")
    elif connection.in_atomic_block:
        mine = f'DELETE FROM {NOTED} WHERE "transaction" = pg_current_xact_id_if_assigned()'
        cursor.execute(mine)


def settle() -> None:
    """Forget what was changed, and let nothing wait for the end of the transaction."""
    forget()
    if connection.vendor == "postgresql":
        _raw().execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def check() -> None:
    """Look at what an action has changed, as COMMIT would."""
    if found := uncovered(_raw()):
        raise Silent(found)


def forgive() -> None:
    """Let the database commit what it would refuse, for tests that commit."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {NOTED} DISABLE TRIGGER {CHECK}")
        else:
            cursor.execute("DROP TRIGGER IF EXISTS nowhere_stays_empty")
            cursor.execute(f"INSERT OR IGNORE INTO {NOWHERE} VALUES (0)")


def be_strict() -> None:
    """Let the database refuse again."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {NOTED}")
        if connection.vendor == "postgresql":
            cursor.execute(f"ALTER TABLE {NOTED} ENABLE ALWAYS TRIGGER {CHECK}")
        else:
            cursor.execute(f"DELETE FROM {NOWHERE}")
            cursor.execute("DROP TRIGGER IF EXISTS nowhere_stays_empty")
            cursor.execute(triggers.wanted_triggers(connection)["nowhere_stays_empty"][1])


KEPT = frozenset({"django_content_type", "auth_permission"})
"""Tables that no test changes; filling them anew would take longer than most tests."""


def emptying(style: Any, tables: list[str], **_options: Any) -> list[str]:
    """Return the statements that empty tables on PostgreSQL: only those that hold something, row by row.

    TRUNCATE gives each table and index a new file, which takes seconds for all of them.
    """
    wanted = [table for table in tables if table not in KEPT]
    filled = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in wanted)
    with connection.cursor() as cursor:
        cursor.execute(filled)
        return [f'DELETE FROM "{table}"' for (table,) in cursor.fetchall()]


@contextmanager
def forgiving() -> Iterator[None]:
    """Forgive what tests arrange, for a whole run."""
    current_actor, statements = kit.context.current_actor, triggers._run
    set_up = TransactionTestCase.__dict__["_fixture_setup"].__func__
    tear_down = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # of Django, unchanged for years
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    should_check = TestCase._should_check_constraints  # type: ignore[attr-defined]  # of Django, unchanged for years

    def begin() -> Any:
        if not kit.action.in_action():
            forget()
        return current_actor()

    def run(connection: Any, texts: list[str]) -> None:
        if connection.in_atomic_block:
            forget()
        statements(connection, texts)

    def setting_up(cls: type[TransactionTestCase]) -> None:
        forgive()
        set_up(cls)

    def tearing_down(self: TransactionTestCase) -> None:
        post_migrate.disconnect(sender=last, dispatch_uid="events.triggers")
        forgive()  # a test may have made the guards anew
        with triggers.lifted(), pytest.MonkeyPatch.context() as patch:  # the guards of the log rightly refuse it
            if connection.vendor == "postgresql":
                patch.setattr(connection.ops, "sql_flush", emptying)
            tear_down(self)
        post_migrate.connect(mend_triggers, sender=last, dispatch_uid="events.triggers")
        be_strict()

    def checking(self: TestCase, connection: Any) -> Any:
        forget()
        return should_check(self, connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kit.action, "current_actor", begin)
        patch.setattr(kit.action, "_check", check)
        patch.setattr(triggers, "_run", run)
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(setting_up))
        patch.setattr(TransactionTestCase, "_fixture_teardown", tearing_down)
        patch.setattr(TestCase, "_should_check_constraints", checking)
        yield


def run(sql: str, *params: Any) -> int:
    """Run one statement and return how many rows it was about."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        count: int = cursor.rowcount
        return count


def refused(change: Callable[[], object]) -> bool:
    """Tell whether a change is refused at its COMMIT, and for the reason that no event covers it."""
    try:
        with transaction.atomic():
            change()
    except DatabaseError as error:
        text = str(error)
        return "without an event in the same transaction" in text or (
            # SQLite's COMMIT has no words for it; a test that uses this shows that nothing else is wrong.
            connection.vendor == "sqlite" and text == "FOREIGN KEY constraint failed"
        )
    return False
