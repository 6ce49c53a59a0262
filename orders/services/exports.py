"""Reading out the orders is an event."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from orders import signals
from orders.models import Order


@retried
def record_export(*, workspace_id: int, count: int, filters: dict[str, str], columns: Sequence[str]) -> None:
    """Tell that orders were read out (10131), before the first row of them leaves.

    Args:
        workspace_id: whose.
        count: rows of the file.
        filters: the list's parameters, by name; empty for everything.
        columns: names of the columns.

    Raises:
        Forbidden: the actor may not read orders here.
    """
    authorise(workspace_id, Permission.INVENTORY_READ)
    with action():
        signals.orders_exported.send(
            sender=Order, workspace_id=workspace_id, count=count, filters=filters, columns=list(columns)
        )
