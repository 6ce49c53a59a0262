"""System checks of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's own name)
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from events.trigger_state import trigger_problems


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


def _migrations_missing(alias: str) -> bool:
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
