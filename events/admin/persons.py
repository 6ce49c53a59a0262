"""What stands beside the log: the people it remembers, and the leaves to remove what is too old. Shown only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import FrozenPerson, RetentionReceipt
from kit.admin.base import StaffAdmin
from kit.admin.filters import related_filter
from kit.rendering import bdi, number, when, when_absolute


@admin.register(FrozenPerson)
class FrozenPersonAdmin(StaffAdmin):
    """Users as events remember them: a row for each name or address they had."""

    icon = "contact"
    page_template = "admin/page.html"
    list_display = ("name", "username", "user_number")
    search_fields = ("username", "name")
    search_help_text = gettext_lazy("Name, e-mail address or user ID")
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not term:
            return queryset, False
        if term.isascii() and term.isdigit() and len(term) < 19:
            return queryset.filter(user_id=int(term)), False
        return queryset.filter(Q(username__icontains=term) | Q(name__icontains=term)), False

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        events = f"{reverse('admin:events_event_changelist')}?q=user:{obj.user_id}"
        return {
            "heading": obj.name,
            "links": [(_("Events"), events, "scroll-text")],
            "facts": [(_("Name"), obj.name), (_("E-mail address"), obj.username), (_("User ID"), obj.user_id)],
        }

    @admin.display(description=gettext_lazy("user ID"))
    def user_number(self, person: FrozenPerson) -> int:
        return person.user_id


@admin.register(RetentionReceipt)
class RetentionReceiptAdmin(StaffAdmin):
    """When events were removed because of their age, and how many."""

    icon = "archive"
    page_template = "admin/page.html"
    list_display = ("opened_at", "owner", "older_than", "count", "closed_at")
    list_filter = (related_filter("workspace", gettext_lazy("Workspace"), "workspace"),)
    list_select_related = ("workspace",)
    ordering = ("-id",)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "heading": _("Removal of old events"),
            "facts": [
                (_("Workspace"), self.owner(obj)),
                (_("Older than"), when_absolute(obj.cutoff)),
                (_("Opened"), when_absolute(obj.opened)),
                (_("Closed"), when_absolute(obj.closed)),
                (_("Events removed"), number(obj.removed)),
            ],
        }

    @admin.display(description=gettext_lazy("opened"))
    def opened_at(self, receipt: RetentionReceipt) -> SafeString:
        return when(receipt.opened)

    @admin.display(description=gettext_lazy("workspace"))
    def owner(self, receipt: RetentionReceipt) -> SafeString:
        url = reverse("admin:accounts_workspace_change", args=[receipt.workspace_id])
        return format_html('<a href="{}">{}</a>', url, bdi(receipt.workspace))

    @admin.display(description=gettext_lazy("older than"))
    def older_than(self, receipt: RetentionReceipt) -> SafeString:
        return when(receipt.cutoff)

    @admin.display(description=gettext_lazy("events removed"))
    def count(self, receipt: RetentionReceipt) -> str:
        return number(receipt.removed)

    @admin.display(description=gettext_lazy("closed"))
    def closed_at(self, receipt: RetentionReceipt) -> SafeString:
        return when(receipt.closed)
