"""The list of orders, the page of one, its invoice, and what a customer can do with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Workspace
from accounts.operator import OPERATOR_ID
from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, DomainError, Forbidden, NotFound
from kit.htmx import redirect_to, render_fragment
from kit.lists import Empty, Listing
from kit.money import money
from kit.rendering import badge
from orders import payments
from orders.addresses import country_name
from orders.filters import OrderFilters
from orders.models import Order, PaymentMethod
from orders.selectors import STATE_TONES, allotted, order_of_workspace, order_rows
from orders.services.orders import orders_cancel, refusal_text
from orders.services.registration import order_register
from orders.states import OrderStatus, may_move
from orders.tables import OrderTable


def badge_of(status: int) -> str:
    """Return the badge of an order's state."""
    state = OrderStatus(status)
    return badge(str(state.label), STATE_TONES[state])


@require_http_methods(["GET", "HEAD", "POST"])
def order_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the orders of a workspace. POST carries pasted filter values and changes nothing."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    may_order = Permission.ORDER_CREATE.name in request.may
    shop_url = reverse("orders:shop", args=[workspace_id]) if may_order else ""
    listing = Listing(
        request,
        table=OrderTable,
        filters=OrderFilters,
        queryset=Order.objects.of(workspace_id),
        fetch=order_rows,
        empty=Empty(
            icon="shopping-cart",
            title=_("No orders yet"),
            text=_("Orders of SIMs appear here with their state, from the cart to the registered SIMs."),
            action_label=_("Order SIMs") if may_order else "",
            action_url=shop_url,
        ),
        context={
            "badges": {state.value: badge_of(state) for state in OrderStatus},
            "payments": {method.value: str(method.label) for method in PaymentMethod},
            "base": reverse("orders:order_list", args=[workspace_id]),
        },
    )
    return listing.respond("orders/order_list.html", {"shop_url": shop_url})


@require_safe
def order_detail(request: WorkspacePageRequest, workspace_id: int, order_id: int) -> HttpResponse:
    """Show one order, with its SIMs and what happened to it."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    order = order_of_workspace(workspace_id, order_id)
    batches = allotted(order)
    may_order = Permission.ORDER_CREATE.name in request.may
    provider = payments.provider_of(order.payment_method)
    unpaid = order.status == OrderStatus.SUBMITTED
    context = {
        **_shown(order),
        "badge": badge_of(order.status),
        "batches": batches,
        "waiting": sum(each.state == "waiting" for each in batches),
        "may_register": Permission.SIM_REGISTER.name in request.may,
        "may_cancel": may_order and may_move(order.status, OrderStatus.CANCELED, customer=True),
        "may_pay": may_order and unpaid and provider is not None and provider.online,
        "unpaid": unpaid,
        "by_transfer": order.payment_method == PaymentMethod.BANK_TRANSFER,
        "given_back": order.status == OrderStatus.CANCELED and order.paid_at is not None,
        "timeline_url": _timeline_url(order),
        "bank_account": settings.SHOP_BANK_ACCOUNT,
        "list_url": reverse("orders:order_list", args=[workspace_id]),
        "inventory_url": reverse("sims:sim_list", args=[workspace_id]),
    }
    return render_fragment(request, "orders/order_detail.html", context)


def _shown(order: Order) -> dict[str, Any]:
    """Return what both the page and the invoice show of an order."""
    return {
        "order": order,
        "lines": [
            (line, money(line.unit_amount, order.currency), money(line.amount, order.currency))
            for line in order.lines.all()
        ],
        "items": money(order.items_amount, order.currency),
        "shipping": money(order.shipping_amount, order.currency),
        "total": money(order.total_amount, order.currency),
        "shipping_country": country_name(order.shipping_address.country),
        "billing_country": country_name(order.billing_address.country),
    }


def _timeline_url(order: Order) -> str:
    # The app of the log stands above this one: it is asked by its address.
    try:
        return reverse("events:order", args=[order.workspace_id, order.pk])
    except NoReverseMatch:
        return ""


@require_safe
def invoice(request: WorkspacePageRequest, workspace_id: int, order_id: int) -> HttpResponse:
    """Show the invoice of an order, made for paper."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    order = order_of_workspace(workspace_id, order_id)
    context = {
        **_shown(order),
        "issuer": Workspace.objects.filter(pk=OPERATOR_ID).first(),
        "issuer_country": "",
        "state": _invoice_state(order),
        "by_transfer": order.payment_method == PaymentMethod.BANK_TRANSFER and order.status == OrderStatus.SUBMITTED,
        "bank_account": settings.SHOP_BANK_ACCOUNT,
        "list_url": reverse("orders:order_list", args=[workspace_id]),
        "back": reverse("orders:order_detail", args=[workspace_id, order.pk]),
    }
    if context["issuer"] is not None and context["issuer"].country:
        context["issuer_country"] = country_name(context["issuer"].country)
    return render_fragment(request, "orders/order_invoice.html", context)


def _invoice_state(order: Order) -> str:
    if order.status == OrderStatus.CANCELED:
        return badge(_("Canceled"), "muted")
    return badge(_("Paid"), "good") if order.paid_at is not None else badge(_("Not paid yet"), "warn")


@require_http_methods(["GET", "HEAD", "POST"])
def order_cancel(request: WorkspacePageRequest, workspace_id: int, order_id: int) -> HttpResponse:
    """Ask whether an order shall be canceled, and cancel it."""
    authorise(workspace_id, Permission.ORDER_CREATE)
    order = order_of_workspace(workspace_id, order_id)
    back = reverse("orders:order_detail", args=[workspace_id, order.pk])
    if not may_move(order.status, OrderStatus.CANCELED, customer=True):
        messages.warning(request, refusal_text(order, OrderStatus.CANCELED))
        return redirect_to(request, back)
    if request.method == "POST":
        try:
            orders_cancel(order_ids=[order.pk], workspace_id=workspace_id).raise_if_refused()
        except Conflict as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("Order %(id)s canceled") % {"id": order.pk})
        return redirect_to(request, back)
    context = {**_shown(order), "back": back, "list_url": reverse("orders:order_list", args=[workspace_id])}
    return render_fragment(request, "orders/order_cancel.html", context)


@require_POST
def register(request: WorkspacePageRequest, workspace_id: int, order_id: int) -> HttpResponse:
    """Register a batch of an order (`bic`), or all that wait."""
    bic = request.POST.get("bic") or None
    try:
        done = order_register(workspace_id=workspace_id, order_id=order_id, bic=bic)
    except (Forbidden, NotFound):
        raise
    except DomainError as error:
        messages.error(request, error.message)
    else:
        text = ngettext("Registered %(n)s SIM as Issued", "Registered %(n)s SIMs as Issued", done.sims)
        messages.success(request, text % {"n": f"{done.sims:,}"})
    return redirect_to(request, reverse("orders:order_detail", args=[workspace_id, order_id]))
