"""What happened in the shop, stated for whoever listens. This app knows no listener.

Receivers run inside the action's transaction (`send`): if one fails, the change rolls back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class Shipment:
    """The parcel in which an order was sent: who carries it, its reference and when it left."""

    provider_id: int
    reference: str
    shipped_at: datetime


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order reached a state; ids as in `states.OrderStatus`. `shipment` only when that state is Shipped."""

    order_id: int
    workspace_id: int
    new: int
    shipment: Shipment | None = None


order_submitted = Signal()
"""An order was placed. Arguments: workspace_id, order_id."""

orders_updated = Signal()
"""Orders changed their state. Arguments: changes (list[OrderChange], in order)."""

orders_exported = Signal()
"""Orders were read out as a file. Arguments: workspace_id, count, filters (parameter to value), columns."""

shop_changed = Signal()
"""Staff changed what the shop offers. Arguments: kind ("article" | "shipping_option" | "shipping_provider"),
what ("created" | "updated" | "withdrawn"), item_id, name, changes (field to {"from", "to"})."""
