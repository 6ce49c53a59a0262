"""Money that has not moved yet, for staff who are asked where it is."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.admin.base import StaffAdmin
from kit.admin.filters import condition_filter
from kit.money import money
from kit.rendering import badge, dash, when
from orders.models import MoneyTransfer
from orders.services import transfers


@admin.register(MoneyTransfer)
class MoneyTransferAdmin(StaffAdmin):
    """Transfers that wait, were given up, or are done."""

    icon = "arrow-left-right"
    list_display = ("order", "kind", "sum", "state", "begun", "attempts", "next_try", "last_error")
    list_display_links = None
    list_select_related = ("order",)
    list_filter = (
        condition_filter(
            "state",
            gettext_lazy("state"),
            {
                "waiting": (gettext_lazy("Waiting"), lambda rows: rows.filter(done=None, given_up=False)),
                "given_up": (gettext_lazy("Given up"), lambda rows: rows.filter(given_up=True)),
                "done": (gettext_lazy("Done"), lambda rows: rows.filter(done__isnull=False)),
            },
        ),
    )
    search_fields = ("=order__id", "=reference")
    search_help_text = gettext_lazy("Order number or the provider's reference")
    ordering = ("-created",)
    actions = ("try_again_selected",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whether this person may have transfers tried again: the right to change orders."""
        return bool(request.user.has_perm("orders.change_order"))

    @admin.action(description=gettext_lazy("Try again now"), permissions=["retry"])
    def try_again_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Have the chosen transfers tried at once, those given up too."""
        count = transfers.retry(list(queryset.values_list("pk", flat=True)))
        text = ngettext("%(n)s transfer was tried again.", "%(n)s transfers were tried again.", count)
        self.message_user(request, text % {"n": count}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("amount"))
    def sum(self, row: MoneyTransfer) -> str:
        return money(row.amount, row.currency)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: MoneyTransfer) -> SafeString:
        if row.done is not None:
            return badge(_("Done"), "good")
        return badge(_("Given up"), "bad") if row.given_up else badge(_("Waiting"), "warn")

    @admin.display(description=gettext_lazy("begun"), ordering="created")
    def begun(self, row: MoneyTransfer) -> SafeString:
        return when(row.created)

    @admin.display(description=gettext_lazy("next attempt"), ordering="next_attempt")
    def next_try(self, row: MoneyTransfer) -> SafeString:
        return dash() if row.done is not None or row.given_up else when(row.next_attempt)

    @admin.display(description=gettext_lazy("error"), ordering="error")
    def last_error(self, row: MoneyTransfer) -> SafeString | str:
        return row.error or dash()
