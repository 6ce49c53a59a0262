"""Mails about orders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from kit import mail
from kit.context import current_context
from kit.money import money
from orders.models import Order, OrderBatch, PaymentMethod
from orders.states import OrderStatus

TEMPLATES: Final = {
    OrderStatus.SUBMITTED: "orders/mail/submitted.txt",
    OrderStatus.PAID: "orders/mail/paid.txt",
    OrderStatus.SHIPPED: "orders/mail/shipped.txt",
    OrderStatus.CANCELED: "orders/mail/canceled.txt",
}


def tell(order_ids: Iterable[int], status: OrderStatus) -> None:
    """Tell the buyers of orders that these reached a state: the address of the invoice, and a parcel's receiver too.

    Called within the transaction that moves them, after what it tells is written.
    """
    if current_context().moment is not None:
        return  # the demo's past: `mail.post` would drop them, and they need not be read
    orders = (
        Order.objects.filter(pk__in=list(order_ids))
        .select_related("workspace", "billing_address", "shipping_address", "shipping_provider")
        .prefetch_related("lines")
        .order_by("pk")
    )
    bics: dict[int, list[str]] = {}
    if status == OrderStatus.SHIPPED:
        sold = OrderBatch.objects.filter(line__order__in=orders).order_by("pk")
        for order_id, bic in sold.values_list("line__order_id", "batch__bic"):
            bics.setdefault(order_id, []).append(bic)
    mail.post([_letter(order, status, bics.get(order.pk, [])) for order in orders])


def _letter(order: Order, status: OrderStatus, bics: list[str]) -> mail.Letter:
    receivers = {order.billing_address.email}
    if status == OrderStatus.SHIPPED:
        receivers.add(order.shipping_address.email)
    context = {
        "order": order,
        "workspace": order.workspace,
        "total": money(order.total_amount, order.currency),
        "lines": [(line, money(line.amount, order.currency)) for line in order.lines.all()],
        "shipping": money(order.shipping_amount, order.currency),
        "by_transfer": order.payment_method == PaymentMethod.BANK_TRANSFER,
        "bank_account": settings.SHOP_BANK_ACCOUNT,
        "bics": bics,
    }
    body = render_to_string(TEMPLATES[status], context)
    return mail.Letter(sorted(receivers - {""}), _subject(order, status), body)


def _subject(order: Order, status: OrderStatus) -> str:
    subjects = {
        OrderStatus.SUBMITTED: _("We received your SIM order %(id)s"),
        OrderStatus.PAID: _("Your SIM order %(id)s is paid"),
        OrderStatus.SHIPPED: _("Your SIM order %(id)s was shipped"),
        OrderStatus.CANCELED: _("Your SIM order %(id)s was canceled"),
    }
    return subjects[status] % {"id": order.pk}
