"""From the cart to Buy now: cart, details, payment, confirmation.

The cart is rows, so every step can be left and met again. Each step is a page of its own with a plain form; one that
lacks what comes before leads there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import DomainError, Forbidden, NotFound
from kit.htmx import redirect_to, render_fragment, wants_fragment
from orders import payments
from orders.addresses import AddressData, country_name
from orders.forms import BILLING, SHIPPING, CartForm, DetailsForm
from orders.models import Cart, Order, PaymentMethod
from orders.quotes import Quote, options_of, quote
from orders.selectors import products_of
from orders.services.cart import (
    CartMoved,
    cart_buy,
    cart_fill,
    cart_of,
    cart_set_details,
    cart_set_payment,
    items_of,
)
from orders.services.orders import QuoteChanged
from orders.states import OrderStatus

STEPS: Final = (
    ("shop", gettext_lazy("Cart")),
    ("shop_details", gettext_lazy("Shipping and invoice")),
    ("shop_payment", gettext_lazy("Payment")),
    ("shop_confirm", gettext_lazy("Confirmation")),
)


@dataclass(frozen=True)
class CheckoutStep:
    """One step of the way as its page shows it; `url` is empty where it can't be entered yet."""

    label: str
    url: str
    current: bool


def _state(request: WorkspacePageRequest) -> tuple[Cart | None, Quote]:
    cart = cart_of(workspace_id=request.workspace.pk, user_id=request.user.pk)
    option_id = cart.shipping_option_id if cart is not None else None
    return cart, quote(workspace=request.workspace, items=items_of(cart), option_id=option_id)


def _reached(cart: Cart | None, found: Quote) -> int:
    """Return the number of steps that can be entered."""
    if cart is None or not found.lines:
        return 1
    if cart.shipping_address is None or cart.billing_address is None or found.option is None:
        return 2
    if cart.payment_method is None and found.total_amount:
        return 3
    return 4


def _url(request: WorkspacePageRequest, name: str) -> str:
    return reverse(f"orders:{name}", args=[request.workspace.pk])


def _context(request: WorkspacePageRequest, cart: Cart | None, found: Quote, current: str) -> dict[str, Any]:
    reached = _reached(cart, found)
    return {
        "steps": [
            CheckoutStep(str(label), _url(request, name) if index < reached else "", name == current)
            for index, (name, label) in enumerate(STEPS)
        ],
        "cart": cart,
        "quote": found,
        "list_url": _url(request, "order_list"),
    }


def _sent_back(request: WorkspacePageRequest, cart: Cart | None, found: Quote, step: int) -> HttpResponse | None:
    """Return the way to the first step that is not done, `None` when this one may be entered."""
    if step < len(STEPS) - 1 and (unobtainable := [fault.message for fault in found.problems if fault.of_article]):
        # The last step names what came between itself; before it nobody fills in forms for what can't be had.
        messages.warning(request, " ".join(unobtainable))
        return redirect_to(request, _url(request, "shop"))
    reached = _reached(cart, found)
    if step < reached:
        return None
    if reached == 1:
        messages.info(request, _("Your cart is empty. Choose what you want to order."))
    return redirect_to(request, _url(request, STEPS[reached - 1][0]))


# --- 1: what ---


@require_http_methods(["GET", "HEAD", "POST"])
def cart(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show what can be bought, and lay it into the cart."""
    authorise(workspace_id, Permission.ORDER_CREATE)
    products = products_of(request.workspace)
    present = cart_of(workspace_id=workspace_id, user_id=request.user.pk)
    held = {item.article_id: item.quantity for item in items_of(present)}
    form = CartForm(request.POST if request.method == "POST" else None, products=products, held=held)
    if request.method == "POST" and form.is_valid():
        quantities = form.quantities()
        # What is sold no longer can't be seen, so it can't be taken out by hand.
        quantities |= dict.fromkeys(held.keys() - {product.article.pk for product in products}, 0)
        cart_fill(workspace_id=workspace_id, user_id=request.user.pk, quantities=quantities)
        if not wants_fragment(request):
            any_left = any(quantities.values())
            if not any_left:
                messages.info(request, _("Your cart is empty. Choose what you want to order."))
            return redirect_to(request, _url(request, "shop_details" if any_left else "shop"))
    current, found = _state(request)
    rows = [(product, form[f"quantity-{product.article.pk}"]) for product in products]
    context = {**_context(request, current, found, "shop"), "form": form, "rows": rows}
    status = 422 if form.is_bound and not form.is_valid() else 200
    if wants_fragment(request):
        return render_fragment(request, "orders/_shop_sum.html", {**context, "typed": form}, status=status)
    return render_fragment(request, "orders/shop_cart.html", context, status=status)


# --- 2: where ---


@require_http_methods(["GET", "HEAD", "POST"])
def details(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Ask where the parcel and the invoice go."""
    authorise(workspace_id, Permission.ORDER_CREATE)
    current, found = _state(request)
    if back := _sent_back(request, current, found, 1):
        return back
    options = options_of(request.workspace)
    posted = request.POST if request.method == "POST" else None
    form = DetailsForm(posted, options=options.values(), initial=_initial(request, current, options))
    if form.is_valid():
        try:
            cart_set_details(
                workspace_id=workspace_id,
                user_id=request.user.pk,
                shipping=form.shipping(),
                billing=form.billing(),
                shipping_option_id=form.cleaned_data["shipping_option"],
                note=form.cleaned_data["note"],
            )
        except (Forbidden, NotFound):
            raise
        except DomainError as error:
            _refuse_details(form, error)
        else:
            return redirect_to(request, _url(request, "shop_payment"))
    context = {
        **_context(request, current, found, "shop_details"),
        "form": form,
        "shipping_fields": [form[f"shipping_{name}"] for name in SHIPPING],
        "billing_fields": [form[f"billing_{name}"] for name in BILLING],
    }
    return render_fragment(request, "orders/shop_details.html", context, status=422 if form.errors else 200)


def _refuse_details(form: DetailsForm, error: DomainError) -> None:
    """Name the field that is on the page: an invoice to the same address has no fields of its own."""
    field = error.field or ""
    if field.startswith("billing_") and not form.cleaned_data.get("billing_differs"):
        shared = f"shipping_{field.removeprefix('billing_')}"
        if field not in ("billing_email", "billing_vat_id") and shared in form.fields:
            error.field = shared
    form.refuse(error)


def _initial(request: WorkspacePageRequest, cart: Cart | None, options: Mapping[int, Any]) -> dict[str, Any]:
    """Return what was entered before: in this cart, else in the newest order, else what the workspace knows."""
    source: Cart | Order | None = cart
    if cart is None or cart.shipping_address is None:
        related = ("shipping_address", "billing_address")
        source = Order.objects.of(request.workspace.pk).select_related(*related).order_by("-pk").first()
    initial: dict[str, Any] = {"shipping_option": next(iter(options), None)}
    if source is None or source.shipping_address is None or source.billing_address is None:
        return initial | {
            "shipping_company": request.workspace.name,
            "shipping_name": request.user.name,
            "shipping_country": request.workspace.country,
            "billing_email": request.user.email,
        }
    shipping = AddressData.from_row(source.shipping_address).as_dict()
    billing = AddressData.from_row(source.billing_address).as_dict()
    differs = any(shipping[name] != billing[name] for name in BILLING)
    if source.shipping_option_id in options:
        initial["shipping_option"] = source.shipping_option_id
    return {
        **initial,
        **{f"shipping_{name}": shipping[name] for name in SHIPPING},
        **({f"billing_{name}": billing[name] for name in BILLING} if differs else {}),
        "billing_differs": differs,
        "billing_email": billing["email"],
        "billing_vat_id": billing["vat_id"],
        "note": source.note if isinstance(source, Cart) else "",
    }


# --- 3: how it is paid ---


@require_http_methods(["GET", "HEAD", "POST"])
def payment(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Ask how the order is paid; what is not for an order of this size can be seen and not chosen."""
    authorise(workspace_id, Permission.ORDER_CREATE)
    current, found = _state(request)
    if back := _sent_back(request, current, found, 2):
        return back
    if not found.total_amount:
        return redirect_to(request, _url(request, "shop_confirm"))
    error = ""
    if request.method == "POST":
        chosen = request.POST.get("payment_method", "")
        try:
            method = payments.checked_method(
                int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 4 else 0,
                sim_count=found.sim_count,
                amount=found.total_amount,
            )
            cart_set_payment(workspace_id=workspace_id, user_id=request.user.pk, method=method)
        except (Forbidden, NotFound):
            raise
        except DomainError as refused:
            error = refused.message
        else:
            return redirect_to(request, _url(request, "shop_confirm"))
    methods = payments.choices(found.sim_count)
    chosen_method = current.payment_method if current is not None else None
    open_methods = [method for method, refusal in methods if not refusal]
    context = {
        **_context(request, current, found, "shop_payment"),
        "methods": methods,
        "chosen": chosen_method if chosen_method in open_methods else next(iter(open_methods), None),
        "online": PaymentMethod.ONLINE,
        "error": error,
    }
    return render_fragment(request, "orders/shop_payment.html", context, status=422 if error else 200)


# --- 4: agreed ---


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show everything once more, and buy it."""
    authorise(workspace_id, Permission.ORDER_CREATE)
    reasons: list[str] = []
    status = 200
    if request.method == "POST":
        key, seen = request.POST.get("key", ""), request.POST.get("seen", "")
        try:
            order = cart_buy(workspace_id=workspace_id, user_id=request.user.pk, key=key, seen=seen)
            return _bought(request, order)
        except CartMoved as error:
            messages.warning(request, error.message)
            return redirect_to(request, _url(request, "shop"))
        except QuoteChanged as error:
            reasons, status = error.reasons, error.status
        except (Forbidden, NotFound):
            raise
        except DomainError as error:
            reasons, status = [error.message], error.status
    current, found = _state(request)
    if back := _sent_back(request, current, found, 3):
        return back
    refusal = _payment_refusal(current, found)
    context = {
        **_context(request, current, found, "shop_confirm"),
        "reasons": reasons,
        "problems": [*(problem.message for problem in found.problems), *([refusal] if refusal else [])],
        "payment": _payment_name(current, found),
        "shipping_country": country_name(current.shipping_address.country)
        if current is not None and current.shipping_address is not None
        else "",
        "billing_country": country_name(current.billing_address.country)
        if current is not None and current.billing_address is not None
        else "",
    }
    return render_fragment(request, "orders/shop_confirm.html", context, status=status)


def _payment_name(cart: Cart | None, found: Quote) -> str:
    if not found.total_amount:
        return str(PaymentMethod.NOTHING.label)
    method = cart.payment_method if cart is not None else None
    return str(PaymentMethod(method).label) if method in PaymentMethod.values else ""


def _payment_refusal(cart: Cart | None, found: Quote) -> str:
    """Return why the chosen payment is no longer for this cart, "" when it is."""
    if cart is None or not found.total_amount or cart.payment_method is None:
        return ""
    provider = payments.provider_of(cart.payment_method)
    return provider.why_not(sim_count=found.sim_count) if provider is not None else ""


def _bought(request: WorkspacePageRequest, order: Order) -> HttpResponse:
    messages.success(request, _("Order %(id)s submitted") % {"id": order.pk})
    provider = payments.provider_of(order.payment_method)
    if order.status == OrderStatus.SUBMITTED and provider is not None and provider.online:
        return redirect_to(request, reverse("orders:order_pay", args=[order.workspace_id, order.pk]))
    return redirect_to(request, reverse("orders:order_detail", args=[order.workspace_id, order.pk]))
