"""What is done to the log by people: reading it out is itself an event."""

from __future__ import annotations

from typing import Any

from accounts.permissions import Permission, authorise
from events import registry
from events.writer import PendingEvent, log
from kit.action import action, retried

EXPORT_TYPE = 10051


@retried
def record_export(*, workspace_id: int, count: int, filters: dict[str, str], columns: list[str]) -> None:
    """Log that events were exported (10051), before the first of them leaves.

    Args:
        workspace_id: whose log was read.
        count: rows in the export.
        filters: the list's parameters, by name; empty for the whole log.
        columns: names of the columns.

    Raises:
        Forbidden: the actor may not read events here.
    """
    authorise(workspace_id, Permission.EVENT_READ)
    kind = registry.get(EXPORT_TYPE)
    detail: dict[str, Any] = {"filters": filters, "columns": columns}
    with action():
        log([PendingEvent(type=kind, workspace_id=workspace_id, description=kind.text(count=count), detail=detail)])
