"""Reading out the users of a workspace is an event."""

from __future__ import annotations

from collections.abc import Sequence

from accounts import signals
from accounts.models import User
from accounts.permissions import Permission, authorise
from kit.action import action, retried


@retried
def record_export(*, workspace_id: int, count: int, filters: dict[str, str], columns: Sequence[str]) -> None:
    """Tell that the users of a workspace were read out (10130), before the first row of them leaves.

    Args:
        workspace_id: whose.
        count: rows of the file.
        filters: the list's parameters, by name; empty for everything.
        columns: names of the columns.

    Raises:
        Forbidden: the actor may not manage users here.
    """
    authorise(workspace_id, Permission.USER_MANAGE)
    with action():
        signals.people_exported.send(
            sender=User, workspace_id=workspace_id, count=count, filters=filters, columns=list(columns)
        )
