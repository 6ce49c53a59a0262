"""The orders as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.exports import Export, export_file
from orders.filters import OrderFilters
from orders.models import Order, PaymentMethod
from orders.selectors import order_rows
from orders.services.exports import record_export
from orders.states import OrderStatus
from orders.tables import OrderTable

_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "status": lambda row: OrderStatus(row["status"]).label,
    "sims": lambda row: row["sim_count"],
    "total": lambda row: row["total"],
    "payment": lambda row: PaymentMethod(row["payment_method"]).label,
    "note": lambda row: row["note"],
    "submitted": lambda row: row["submitted_at"],
    "paid": lambda row: row["paid_at"],
    "shipped": lambda row: row["shipped_at"],
    "tracking": lambda row: row["ext_shipping_reference"],
}
ORDERS: Final = Export("orders", OrderTable, _VALUES, order_rows, frozenset({"submitted", "paid", "shipped"}))


@require_POST
def order_export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The orders as they are filtered (`filter`: its query string), as a CSV file. Writes event 10131."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    found = OrderFilters(QueryDict(request.POST.get("filter", "")), Order.objects.of(workspace_id), request=request)
    record = partial(record_export, workspace_id=workspace_id)
    return export_file(request, ORDERS, found, workspace_id=workspace_id, record=record)
