"""The page of the test payment provider. A real provider has a page like it at home, and sends the buyer back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, Invalid
from kit.htmx import redirect_to, render_fragment
from kit.money import money
from orders import payments
from orders.forms import CardForm
from orders.selectors import order_of_workspace
from orders.services.orders import order_pay_online, refusal_text
from orders.states import OrderStatus, may_move


@sensitive_post_parameters("card")
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: WorkspacePageRequest, workspace_id: int, order_id: int) -> HttpResponse:
    """Take the card. An order that can't be paid any more leads to its page, which says why."""
    authorise(workspace_id, Permission.ORDER_CREATE)
    order = order_of_workspace(workspace_id, order_id)
    back = reverse("orders:order_detail", args=[workspace_id, order.pk])
    provider = payments.provider_of(order.payment_method)
    if not may_move(order.status, OrderStatus.PAID):
        messages.warning(request, refusal_text(order, OrderStatus.PAID))
        return redirect_to(request, back)
    if provider is None or not provider.online:
        messages.info(request, _("This order is paid by bank transfer."))
        return redirect_to(request, back)
    form = CardForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            order_pay_online(workspace_id=workspace_id, order_id=order.pk, details=form.cleaned_data)
        except Invalid as error:
            form.refuse(error)
        except Conflict as error:
            messages.error(request, error.message)
            return redirect_to(request, back)
        else:
            messages.success(request, _("Order %(id)s paid") % {"id": order.pk})
            return redirect_to(request, back)
    context = {"order": order, "form": form, "total": money(order.total_amount, order.currency), "back": back}
    return render_fragment(request, "orders/order_pay.html", context, status=422 if form.errors else 200)
