"""The inventory as CSV files: reading it out is itself an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from sims import signals
from sims.models import Sim


@retried
def record_export(
    *, workspace_id: int, what: Literal["sims", "devices"], count: int, filters: dict[str, str], columns: Sequence[str]
) -> None:
    """Tell that an inventory was read out (10086), before the first row of it leaves.

    Args:
        workspace_id: whose.
        what: what the rows are.
        count: rows of the file.
        filters: the list's parameters, by name; empty for everything.
        columns: names of the columns.

    Raises:
        Forbidden: the actor may not read the inventory here.
    """
    authorise(workspace_id, Permission.INVENTORY_READ)
    with action():
        signals.inventory_exported.send(
            sender=Sim, workspace_id=workspace_id, what=what, count=count, filters=filters, columns=list(columns)
        )
