"""What the shop states, as rows of the log (`docs/rules.md` section 15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.dispatch import receiver

from accounts.selectors import operator_workspace_id
from events.handlers.pending import pending
from events.wire import stamp
from events.writer import log
from orders import signals
from orders.signals import OrderChange

LOCATION: Final = "/api/v1/order/{id}"
"""The published path; orders are served under /api/v1/shop/order as well (`docs/rules.md` decision 35)."""


@receiver(signals.order_submitted)
def on_order_submitted(*, workspace_id: int, order_id: int, **_kwargs: Any) -> None:
    """Log a new order with the published detail (38)."""
    detail = {"id": order_id, "location": LOCATION.format(id=order_id)}
    log([pending(38, workspace_id)._replace(detail=detail, covers={"order": [order_id]})])


@receiver(signals.orders_updated)
def on_orders_updated(*, changes: Sequence[OrderChange], **_kwargs: Any) -> None:
    """Log each order that reached a state, with the published detail (39), in the workspace that ordered."""
    log(
        [
            pending(39, change.workspace_id)._replace(
                detail=_update_detail(change), covers={"order": [change.order_id]}
            )
            for change in changes
        ]
    )


def _update_detail(change: OrderChange) -> dict[str, Any]:
    detail: dict[str, Any] = {"id": change.order_id, "status": {"id": int(change.new)}}
    if change.shipment is not None:
        detail["ext_shipping_reference"] = change.shipment.reference
        detail["shipped_with_provider_id"] = change.shipment.provider_id
        detail["shipped_date"] = stamp(change.shipment.shipped_at)
    return detail


@receiver(signals.orders_exported)
def on_orders_exported(
    *, workspace_id: int, count: int, filters: dict[str, str], columns: list[str], **_kwargs: Any
) -> None:
    """Log that orders were read out, with the filters and columns of the file (10131)."""
    log([pending(10131, workspace_id, count=count)._replace(detail={"filters": filters, "columns": columns})])


@receiver(signals.shop_changed)
def on_shop_changed(*, kind: str, what: str, item_id: int, name: str, changes: dict[str, Any], **_kwargs: Any) -> None:
    """Log a change of what the shop offers, in the operator's workspace (10061)."""
    entry = pending(10061, operator_workspace_id(), "default" if kind == "article" else kind, name=name, what=what)
    log([entry._replace(detail={kind: {"id": item_id, "name": name}, "changes": changes}, covers={kind: [item_id]})])
