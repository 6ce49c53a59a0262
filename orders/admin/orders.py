"""Orders of all workspaces, with the buttons that their state allows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.admin.base import StaffAdmin, add_refusal
from kit.admin.filters import choice_filter, related_filter
from kit.errors import DomainError
from kit.outcomes import Outcome
from kit.rendering import badge, bdi, dash, number, when, when_absolute
from orders.addresses import country_name
from orders.models import Address, Order, PaymentMethod, ShippingProvider
from orders.money import money
from orders.selectors import STATE_TONES, allotted
from orders.services.orders import orders_cancel, orders_mark_paid, refusal_text
from orders.services.shipping import MOST_REFERENCE, order_ship
from orders.states import OrderStatus, may_move, moves_from
from orders.stock import short_articles

MOST_AT_ONCE = 500
BUTTONS = {
    OrderStatus.PAID: ("pay", gettext_lazy("Mark paid"), "badge-check", "primary"),
    OrderStatus.SHIPPED: ("ship", gettext_lazy("Ship"), "truck", "primary"),
    OrderStatus.CANCELED: ("cancel", gettext_lazy("Cancel order"), "x", "danger"),
}
"""State to page name, label, icon and kind of its button."""


class ShipForm(forms.Form):
    """The question who carries the parcel of an order, and by which reference it is tracked."""

    provider = forms.ModelChoiceField(
        label=gettext_lazy("Shipping provider"), queryset=ShippingProvider.objects.none(), empty_label=None
    )
    reference = forms.CharField(
        label=gettext_lazy("Tracking reference"),
        max_length=MOST_REFERENCE,
        required=False,
        help_text=gettext_lazy("As the provider gives it; the customer sees it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = ShippingProvider.objects.filter(active=True)


class SureForm(forms.Form):
    """A form without fields: it asks only whether one is sure."""


@admin.register(Order)
class OrderAdmin(StaffAdmin):
    """Orders."""

    icon = "shopping-cart"
    page_template = "admin/orders/order/page.html"
    list_display = ("number", "state", "customer", "sims", "total", "payment", "submitted", "paid", "shipped")
    list_filter = (
        choice_filter("status", gettext_lazy("state"), "status", OrderStatus.choices),
        choice_filter("payment", gettext_lazy("payment"), "payment_method", PaymentMethod.choices),
        related_filter("workspace", gettext_lazy("Workspace"), "workspace"),
    )
    list_select_related = ("workspace",)
    search_fields = ("ext_shipping_reference",)
    search_help_text = gettext_lazy("Order number, tracking reference, customer's reference or BIC")
    ordering = ("-id",)
    actions = ("mark_selected_paid",)

    # --- who may ---

    def has_move_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may pay, ship and cancel: the right to change orders."""
        return bool(request.user.has_perm("orders.change_order"))

    # --- what is shown ---

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = " ".join(term.split())
        if not text:
            return queryset, False
        found = queryset.filter(ext_shipping_reference__icontains=text) | queryset.filter(note__icontains=text)
        if text.isascii() and text.isdigit() and len(text) <= 18:
            found |= queryset.filter(pk=int(text))
            if len(text) == 16:
                found |= queryset.filter(pk__in=Order.objects.filter(lines__batches__batch__bic=text).values("pk"))
        return found, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        orders: QuerySet[Any] = super().get_queryset(request)
        if request.resolver_match and "object_id" in request.resolver_match.kwargs:
            related = ("shipping_address", "billing_address", "shipping_option", "shipping_provider", "workspace")
            orders = orders.select_related(*related)
        return orders

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        lines = list(obj.lines.select_related("article").order_by("pk"))
        short = short_articles(obj)
        buttons = []
        if self.has_move_permission(request):
            for state in moves_from(obj.status):
                name, label, icon, kind = BUTTONS[state]
                buttons.append((label, self.url_of(obj, name), icon, kind))
        return {
            "heading": str(obj),
            "badge": self.state(obj),
            "buttons": buttons,
            "links": self._links(obj),
            "lines": [
                (
                    line,
                    money(line.unit_amount, obj.currency),
                    money(line.amount, obj.currency),
                    line.article_id in short,
                )
                for line in lines
            ],
            "batches": [(each, reverse("admin:sims_simbatch_change", args=[each.batch.pk])) for each in allotted(obj)],
            "total_text": money(obj.total_amount, obj.currency),
            "shipping_text": money(obj.shipping_amount, obj.currency),
            "facts": self._facts(obj),
        }

    def _links(self, order: Order) -> list[tuple[Any, str, str]]:
        # The app of the log stands above this one: it is asked by its address.
        try:
            events = reverse("admin:events_event_changelist")
        except NoReverseMatch:
            return []
        return [(_("Order events"), f"{events}?workspace={order.workspace_id}&type=39", "scroll-text")]

    def _facts(self, order: Order) -> list[tuple[Any, Any]]:
        facts: list[tuple[Any, Any]] = [
            (_("Workspace"), self.customer(order)),
            (_("SIMs"), number(order.sim_count)),
            (_("Payment"), order.get_payment_method_display()),
            (_("Payment reference"), order.payment_reference or dash()),
            (_("Customer's reference"), order.note or dash()),
            (_("Submitted"), when_absolute(order.submitted_at)),
            (_("Paid"), when_absolute(order.paid_at)),
            (_("Shipped"), when_absolute(order.shipped_at)),
            (_("Canceled"), when_absolute(order.canceled_at)),
            (_("Shipping"), order.shipping_option.name),
            (_("Carrier"), order.shipping_provider.name if order.shipping_provider else dash()),
            (_("Tracking"), order.ext_shipping_reference or dash()),
            (_("Ship to"), address_html(order.shipping_address)),
            (_("Invoice to"), address_html(order.billing_address)),
        ]
        return facts

    @admin.display(description=gettext_lazy("order"), ordering="id")
    def number(self, order: Order) -> str:
        return str(order.pk)

    @admin.display(description=gettext_lazy("state"), ordering="status")
    def state(self, order: Order) -> SafeString:
        return badge(order.get_status_display(), STATE_TONES[OrderStatus(order.status)])

    @admin.display(description=gettext_lazy("workspace"), ordering="workspace__name")
    def customer(self, order: Order) -> SafeString:
        url = reverse("admin:accounts_workspace_change", args=[order.workspace_id])
        return format_html('<a href="{}">{}</a>', url, bdi(order.workspace))

    @admin.display(description=gettext_lazy("SIMs"), ordering="sim_count")
    def sims(self, order: Order) -> str:
        return number(order.sim_count)

    @admin.display(description=gettext_lazy("total"))
    def total(self, order: Order) -> str:
        return money(order.total_amount, order.currency)

    @admin.display(description=gettext_lazy("payment"), ordering="payment_method")
    def payment(self, order: Order) -> str:
        return order.get_payment_method_display()

    @admin.display(description=gettext_lazy("submitted"), ordering="submitted_at")
    def submitted(self, order: Order) -> SafeString:
        return when(order.submitted_at)

    @admin.display(description=gettext_lazy("paid"), ordering="paid_at")
    def paid(self, order: Order) -> SafeString:
        return when(order.paid_at)

    @admin.display(description=gettext_lazy("shipped"), ordering="shipped_at")
    def shipped(self, order: Order) -> SafeString:
        return when(order.shipped_at)

    # --- moving ---

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own: list[Any] = [
            path("<path:object_id>/pay/", wrap(self.pay_view), name="orders_order_pay"),
            path("<path:object_id>/ship/", wrap(self.ship_view), name="orders_order_ship"),
            path("<path:object_id>/cancel/", wrap(self.cancel_view), name="orders_order_cancel"),
        ]
        return own + super().get_urls()

    def _order(self, request: HttpRequest, object_id: str) -> Order:
        order: Order = self.found(request, object_id)
        if not self.has_move_permission(request):
            raise PermissionDenied(_("Your rights do not allow changing orders."))
        return order

    def pay_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether the money has arrived, and say so."""
        order = self._order(request, object_id)
        total = money(order.total_amount, order.currency)
        intro = _("%(total)s of %(workspace)s have arrived. Order %(id)s can be shipped then.")
        values = {"total": total, "workspace": order.workspace.name, "id": order.pk}
        return self._ask(
            request,
            order,
            OrderStatus.PAID,
            SureForm,
            lambda form: orders_mark_paid(order_ids=[order.pk]).raise_if_refused(),
            heading=_("Mark order %(id)s paid") % {"id": order.pk},
            intro=intro % values,
        )

    def ship_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for carrier and tracking reference, and ship: batches of the stock go to the customer."""
        order = self._order(request, object_id)
        intro = ngettext(
            "%(n)s SIM of the stock goes to %(workspace)s; the oldest batches are taken.",
            "%(n)s SIMs of the stock go to %(workspace)s; the oldest batches are taken.",
            order.sim_count,
        )
        return self._ask(
            request,
            order,
            OrderStatus.SHIPPED,
            ShipForm,
            lambda form: order_ship(
                order_id=order.pk,
                provider_id=form.cleaned_data["provider"].pk,
                reference=form.cleaned_data["reference"],
            ),
            heading=_("Ship order %(id)s") % {"id": order.pk},
            intro=intro % {"n": number(order.sim_count), "workspace": order.workspace.name},
        )

    def cancel_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether an order shall be canceled, and cancel it."""
        order = self._order(request, object_id)
        intro = _("The order can't be taken up again; what was kept for it goes back to the stock.")
        if order.paid_at is not None:
            total = money(order.total_amount, order.currency)
            intro += " " + _("%(total)s were paid and have to be returned.") % {"total": total}
        return self._ask(
            request,
            order,
            OrderStatus.CANCELED,
            SureForm,
            lambda form: orders_cancel(order_ids=[order.pk]).raise_if_refused(),
            heading=_("Cancel order %(id)s") % {"id": order.pk},
            intro=intro,
        )

    def _ask(
        self,
        request: HttpRequest,
        order: Order,
        new: OrderStatus,
        form_class: type[forms.Form],
        do: Any,
        *,
        heading: str,
        intro: str,
    ) -> HttpResponse:
        """Show the form of a move and make it; a move that is not allowed any more leads back and says why."""
        if not may_move(order.status, new):
            self.message_user(request, refusal_text(order, new), messages.WARNING)
            return HttpResponseRedirect(self.url_of(order))
        form = form_class(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                do(form)
            except DomainError as error:
                add_refusal(form, error)
            else:
                text = _("Order %(id)s is %(state)s now.") % {"id": order.pk, "state": new.label}
                self.message_user(request, text, messages.SUCCESS)
                return HttpResponseRedirect(self.url_of(order))
        context = {
            "form": form,
            "heading": heading,
            "intro": intro,
            "verb": BUTTONS[new][1],
            "danger": new == OrderStatus.CANCELED,
            "back": self.url_of(order),
            "crumbs": [(str(order), self.url_of(order))],
        }
        return self.render(request, "admin/form_page.html", context, status=422 if form.errors else 200)

    @admin.action(description=gettext_lazy("Mark paid"), permissions=["move"])
    def mark_selected_paid(self, request: HttpRequest, orders: QuerySet[Any]) -> None:
        """Mark many orders paid; those that can't be are named with their reason."""
        ids = list(orders.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(ids) > MOST_AT_ONCE:
            text = _("Choose at most %(n)s orders at once. Nothing was changed.") % {"n": MOST_AT_ONCE}
            self.message_user(request, text, messages.ERROR)
            return
        self._report(request, orders_mark_paid(order_ids=ids))

    def _report(self, request: HttpRequest, outcome: Outcome) -> None:
        for refusal in outcome.refused[:10]:
            self.message_user(request, refusal.reason, messages.WARNING)
        if len(outcome.refused) > 10:
            more = len(outcome.refused) - 10
            self.message_user(request, _("%(n)s more were refused.") % {"n": more}, messages.WARNING)
        if outcome.changed:
            count = len(outcome.changed)
            text = ngettext("%(n)s order marked paid.", "%(n)s orders marked paid.", count) % {"n": number(count)}
            self.message_user(request, text, messages.SUCCESS)


def address_html(address: Address) -> SafeString:
    """Return an address line by line."""
    lines = (
        address.company,
        address.name,
        address.street,
        address.extra,
        f"{address.postcode} {address.city}".strip(),
        country_name(address.country),
        address.phone,
        address.email,
        address.vat_id,
    )
    return format_html_join("", "{}<br>", ((bdi(line),) for line in lines if line))
