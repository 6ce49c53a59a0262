"""Mails that have not gone yet, for staff who are asked where one is. What they say is not shown: it holds links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit import mail
from kit.admin.base import StaffAdmin
from kit.admin.filters import condition_filter
from kit.models import OutgoingMail
from kit.rendering import badge, dash, when


@admin.register(OutgoingMail)
class OutgoingMailAdmin(StaffAdmin):
    """Waiting mails, and those given up after a day."""

    icon = "mail-warning"
    list_display = ("receivers", "subject", "state", "posted", "tries", "next_try", "last_error")
    list_display_links = None
    list_filter = (
        condition_filter(
            "state",
            gettext_lazy("state"),
            {
                "waiting": (gettext_lazy("Waiting"), lambda mails: mails.filter(given_up=False)),
                "given_up": (gettext_lazy("Given up"), lambda mails: mails.filter(given_up=True)),
            },
        ),
    )
    search_fields = ("subject",)
    search_help_text = gettext_lazy("Subject")
    ordering = ("-created",)
    actions = ("try_again_selected",)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may have mails tried again: the right to change them."""
        return bool(request.user.has_perm("kit.change_outgoingmail"))

    @admin.action(description=gettext_lazy("Try again now"), permissions=["retry"])
    def try_again_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Have the chosen mails tried at once, those given up too."""
        count = mail.retry(list(queryset.values_list("pk", flat=True)))
        text = ngettext("%(n)s mail is tried again now.", "%(n)s mails are tried again now.", count)
        self.message_user(request, text % {"n": count}, messages.SUCCESS)

    @admin.display(description=gettext_lazy("to"))
    def receivers(self, row: OutgoingMail) -> str:
        return ", ".join(row.to)

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: OutgoingMail) -> SafeString:
        return badge(_("Given up"), "bad") if row.given_up else badge(_("Waiting"), "warn")

    @admin.display(description=gettext_lazy("posted"), ordering="created")
    def posted(self, row: OutgoingMail) -> SafeString:
        return when(row.created)

    @admin.display(description=gettext_lazy("attempts"), ordering="attempts")
    def tries(self, row: OutgoingMail) -> int:
        return row.attempts

    @admin.display(description=gettext_lazy("next attempt"), ordering="next_attempt")
    def next_try(self, row: OutgoingMail) -> SafeString:
        return dash() if row.given_up else when(row.next_attempt)

    @admin.display(description=gettext_lazy("error"), ordering="error")
    def last_error(self, row: OutgoingMail) -> SafeString | str:
        return row.error or dash()
