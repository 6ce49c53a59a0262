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
from kit.money import money
from kit.outcomes import Outcome
from kit.rendering import badge, bdi, dash, number, when, when_absolute
from orders.addresses import country_name
from orders.admin.shipping import Parcel, ShipForm
from orders.models import Address, Order, PaymentMethod
from orders.packing import needs_of, packed
from orders.selectors import STATE_TONES, allotted
from orders.services.orders import orders_cancel, orders_mark_paid, refusal_text
from orders.services.shipping import order_ship
from orders.states import OrderStatus, may_move, moves_from
from orders.stock import short_articles

MOST_AT_ONCE = 500
BUTTONS = {
    OrderStatus.PAID: ("pay", gettext_lazy("Mark paid"), "badge-check", "primary"),
    OrderStatus.SHIPPED: ("ship", gettext_lazy("Ship"), "truck", "primary"),
    OrderStatus.CANCELED: ("cancel", gettext_lazy("Cancel order"), "x", "danger"),
}
"""State to page name, label, icon and kind of its button."""


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
            "links": [*self._slip_link(obj), *self._links(obj)],
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

    def _slip_link(self, order: Order) -> list[tuple[Any, str, str]]:
        if order.status not in (OrderStatus.PAID, OrderStatus.SHIPPED):
            return []
        return [(_("Packing slip"), self.url_of(order, "slip"), "printer")]

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
            path("<path:object_id>/slip/", wrap(self.slip_view), name="orders_order_slip"),
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
        """Choose and check the boxes, ask for carrier and tracking reference, and ship."""
        order = self._order(request, object_id)
        if not may_move(order.status, OrderStatus.SHIPPED):
            return self._too_late(request, order, OrderStatus.SHIPPED)
        sent = request.POST if request.method == "POST" else None
        parcel = Parcel.read(order, sent)
        # A scan never ships, whichever button its Enter presses.
        scan = sent.get("scan", "").strip() if sent is not None else ""
        form = ShipForm(sent if sent is not None and "confirm" in sent and not scan else None, initial=sent)
        if scan:
            parcel.scan(scan)
        elif form.is_valid():
            if parcel.unchecked and not form.cleaned_data["unscanned"]:
                form.add_error("unscanned", _unscanned_text(parcel.unchecked))
            elif self._shipped(request, form, parcel):
                return HttpResponseRedirect(self.url_of(order))
        return self._ship_page(request, form, parcel)

    def _shipped(self, request: HttpRequest, form: ShipForm, parcel: Parcel) -> bool:
        values = form.cleaned_data
        try:
            order_ship(
                order_id=parcel.order.pk,
                provider_id=values["provider"].pk,
                reference=values["reference"],
                batch_ids=parcel.chosen,
            )
        except DomainError as error:
            add_refusal(form, error)
            return False
        text = _("Order %(id)s is %(state)s now.") % {"id": parcel.order.pk, "state": OrderStatus.SHIPPED.label}
        self.message_user(request, text, messages.SUCCESS)
        return True

    def _ship_page(self, request: HttpRequest, form: ShipForm, parcel: Parcel) -> HttpResponse:
        order = parcel.order
        context = {
            "form": form,
            "parcel": parcel,
            "lines": parcel.lines(),
            "original": order,
            "heading": _("Ship order %(id)s") % {"id": order.pk},
            "address": address_html(order.shipping_address),
            "back": self.url_of(order),
            "slip_url": self.url_of(order, "slip"),
            "crumbs": [(str(order), self.url_of(order))],
        }
        status = 422 if form.errors or parcel.refused else 200
        return self.render(request, "admin/orders/order/ship.html", context, status=status)

    def slip_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the packing slip: of a shipped order what lies in the parcel, before that what is to be picked."""
        order: Order = self.found(request, object_id)
        if order.status not in (OrderStatus.PAID, OrderStatus.SHIPPED):
            self.message_user(request, _("A packing slip is made of orders that are paid."), messages.WARNING)
            return HttpResponseRedirect(self.url_of(order))
        shipped = order.status == OrderStatus.SHIPPED
        needs = packed(order) if shipped else needs_of(order)
        lines = [(need.line, need.boxes[: need.line.quantity]) for need in needs]
        context = {
            "heading": _("Packing slip of order %(id)s") % {"id": order.pk},
            "original": order,
            "shipped": shipped,
            "lines": lines,
            "boxes": sum(need.line.quantity for need in needs),
            "address": address_html(order.shipping_address),
            "crumbs": [(str(order), self.url_of(order))],
        }
        return self.render(request, "admin/orders/order/slip.html", context)

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
            return self._too_late(request, order, new)
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

    def _too_late(self, request: HttpRequest, order: Order, new: OrderStatus) -> HttpResponse:
        self.message_user(request, refusal_text(order, new), messages.WARNING)
        return HttpResponseRedirect(self.url_of(order))

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


def _unscanned_text(count: int) -> str:
    text = ngettext("%(n)s box was not scanned.", "%(n)s boxes were not scanned.", count)
    return text % {"n": number(count)} + " " + _("Scan its BIC, or tick this box.")


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
