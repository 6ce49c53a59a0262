"""System checks of people and workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from accounts.guards import missing_guards


@register(Tags.database)
def membership_guards(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report each trigger that should keep staff out of customers' workspaces and is not there."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        if "accounts_membership" not in connections[alias].introspection.table_names():
            continue
        messages += [
            Error(
                f"Trigger {name} is missing from database '{alias}': staff could be put into customers' workspaces.",
                hint="Run manage.py migrate; it creates the triggers anew.",
                id="accounts.E001",
            )
            for name in missing_guards(alias)
        ]
    return messages
