"""Mails about orders, sent once the change is committed. A mail server that fails undoes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from orders.models import Order, OrderBatch, PaymentMethod
from orders.money import money
from orders.states import OrderStatus
from portal.kit.context import current_context

TEMPLATES: Final = {
    OrderStatus.SUBMITTED: "orders/mail/submitted.txt",
    OrderStatus.PAID: "orders/mail/paid.txt",
    OrderStatus.SHIPPED: "orders/mail/shipped.txt",
    OrderStatus.CANCELED: "orders/mail/canceled.txt",
}


def tell(order_ids: Iterable[int], status: OrderStatus) -> None:
    """Tell the buyers of orders that these reached a state, after the running transaction.

    Nobody is told of the demo's past: its moments are set, and its addresses are made up.
    """
    if current_context().moment is not None:
        return
    wanted = list(order_ids)

    def send_all() -> None:
        for order_id in wanted:
            send(order_id, status)

    # A function and not a `partial`: Django names what failed by its `__qualname__`.
    transaction.on_commit(send_all, robust=True)


def send(order_id: int, status: OrderStatus) -> None:
    """Send one mail to the address of the invoice, and of a parcel to its receiver too."""
    orders = Order.objects.select_related("workspace", "billing_address", "shipping_address", "shipping_provider")
    order = orders.prefetch_related("lines").get(pk=order_id)
    receivers = {order.billing_address.email}
    if status == OrderStatus.SHIPPED and order.shipping_address.email:
        receivers.add(order.shipping_address.email)
    context = {
        "order": order,
        "workspace": order.workspace,
        "total": money(order.total_amount, order.currency),
        "lines": [(line, money(line.amount, order.currency)) for line in order.lines.all()],
        "shipping": money(order.shipping_amount, order.currency),
        "by_transfer": order.payment_method == PaymentMethod.BANK_TRANSFER,
        "bank_account": settings.SHOP_BANK_ACCOUNT,
        "bics": list(OrderBatch.objects.filter(line__order=order).order_by("pk").values_list("batch__bic", flat=True))
        if status == OrderStatus.SHIPPED
        else [],
    }
    body = render_to_string(TEMPLATES[status], context)
    send_mail(_subject(order, status), body, None, sorted(receivers - {""}))


def _subject(order: Order, status: OrderStatus) -> str:
    subjects = {
        OrderStatus.SUBMITTED: _("We received your SIM order %(id)s"),
        OrderStatus.PAID: _("Your SIM order %(id)s is paid"),
        OrderStatus.SHIPPED: _("Your SIM order %(id)s was shipped"),
        OrderStatus.CANCELED: _("Your SIM order %(id)s was canceled"),
    }
    return subjects[status] % {"id": order.pk}
