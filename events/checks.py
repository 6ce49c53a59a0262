"""System checks of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's own name)
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from events.trigger_state import trigger_problems
from events.triggers import EVENTS, has_tables


@register(Tags.database)
def append_only_triggers(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report each trigger that should keep the log append-only and does not stand as it was written.

    While migrations are missing it only warns: `migrate` runs this check first, and creates the triggers at its end.
    """
    messages: list[CheckMessage] = []
    for alias in databases or ():
        problems = trigger_problems(alias)
        if not problems:
            continue
        kind = (Warning, "events.W001") if _migrations_missing(alias) else (Error, "events.E001")
        messages += [
            kind[0](
                f"{problem} In database '{alias}' the log could be changed.",
                hint="Run manage.py guard_log; it creates the triggers anew.",
                id=kind[1],
            )
            for problem in problems
        ]
    return messages


@register(Tags.database, deploy=True)
def owner_of_the_log(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Warn where the portal runs as a role that can switch the log's triggers off, as the tables' owner can.

    Without `--database` nothing is asked, so that `check --deploy` works while no database answers.
    """
    messages: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql" or not has_tables(connection):
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_user, pg_has_role(current_user, relowner, 'USAGE') FROM pg_class"
                " WHERE oid = to_regclass(%s)",
                [EVENTS],
            )
            role, owns = cursor.fetchone()
        if owns:
            messages.append(
                Warning(
                    f"The portal runs as {role}, which can switch the guards of the log in database '{alias}' off.",
                    hint="Run it as a role of its own; manage.py make_roles gives that role what it needs.",
                    id="events.W002",
                )
            )
    return messages


def _migrations_missing(alias: str) -> bool:
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
