"""System checks of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from events.triggers import missing_triggers


@register(Tags.database)
def append_only_triggers(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report each trigger that should keep the log append-only and is not there."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        if "events_event" not in connections[alias].introspection.table_names():
            continue
        messages += [
            Error(
                f"Trigger {name} is missing from database '{alias}': the log could be changed.",
                hint="Run manage.py migrate; it creates the triggers anew.",
                id="events.E001",
            )
            for name in missing_triggers(alias)
        ]
    return messages
