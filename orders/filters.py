"""Filters of the list of orders."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter
from orders.models import OrderBatch, OrderLine, PaymentMethod
from orders.states import OrderStatus
from sims.identifiers import digits_in

_LARGEST_ID = 2**63 - 1


class OrderFilters(ListFilters):
    """What the list of orders can be narrowed by."""

    q = SearchFilter(method="filter_q", placeholder=_("Number, reference, article or BIC"))
    status = ChoicesFilter(field_name="status", label=_("State"), choices=OrderStatus.choices, primary=True)
    payment = ChoicesFilter(
        field_name="payment_method", label=_("Payment"), choices=PaymentMethod.choices, primary=True
    )
    submitted = DateRangeFilter(field_name="submitted_at", label=_("Submitted"), primary=True)
    paid = DateRangeFilter(field_name="paid_at", label=_("Paid"))
    shipped = DateRangeFilter(field_name="shipped_at", label=_("Shipped"))

    def filter_q(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Find orders by their number, by what customer or carrier call them, by what is in them."""
        condition = Q(note__icontains=value) | Q(ext_shipping_reference__icontains=value)
        digits = digits_in(value)
        if not digits:
            lines = OrderLine.objects.filter(name__icontains=value)
            return queryset.filter(condition | Q(pk__in=lines.order_by().values("order_id")))
        if len(digits) == 16:
            batches = OrderBatch.objects.filter(batch__bic=digits)
            condition |= Q(pk__in=batches.order_by().values("line__order_id"))
        if int(digits[:20]) <= _LARGEST_ID:
            condition |= Q(pk=int(digits[:20]))
        return queryset.filter(condition)
