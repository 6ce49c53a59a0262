"""The comparisons of log and tables. Shown only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import ReplayCheck
from kit.admin.base import StaffAdmin
from kit.rendering import number, when, when_absolute


@admin.register(ReplayCheck)
class ReplayCheckAdmin(StaffAdmin):
    """Each night what the events alone say is compared with what the tables hold."""

    icon = "history"
    page_template = "admin/page.html"
    list_display = ("started_at", "finished_at", "compared", "differences")
    ordering = ("-id",)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "heading": _("Comparison of log and tables"),
            "facts": [
                (_("Started"), when_absolute(obj.started)),
                (_("Finished"), when_absolute(obj.finished) if obj.finished else _("still running")),
                (_("Objects compared"), number(obj.objects_compared)),
                (_("Values the log can’t tell"), number(obj.untold)),
                (_("Events that do not fit those before them"), number(obj.broken)),
                (_("Differences"), number(obj.found)),
                *((str(place), finding["text"]) for place, finding in enumerate(obj.findings, 1)),
            ],
        }

    @admin.display(description=gettext_lazy("started"))
    def started_at(self, check: ReplayCheck) -> SafeString:
        return when(check.started)

    @admin.display(description=gettext_lazy("finished"))
    def finished_at(self, check: ReplayCheck) -> SafeString | str:
        return when(check.finished) if check.finished else _("still running")

    @admin.display(description=gettext_lazy("objects compared"))
    def compared(self, check: ReplayCheck) -> str:
        return number(check.objects_compared)

    @admin.display(description=gettext_lazy("differences"))
    def differences(self, check: ReplayCheck) -> str:
        return number(check.found)
