"""The checks of the log against its seals. Shown only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import SealCheck
from kit.admin.base import StaffAdmin
from kit.rendering import number, when, when_absolute


@admin.register(SealCheck)
class SealCheckAdmin(StaffAdmin):
    """Each night every event is compared with its seal, and every seal with what was signed."""

    icon = "shield-check"
    page_template = "admin/page.html"
    list_display = ("started_at", "finished_at", "events", "findings_found")
    ordering = ("-id",)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "heading": _("Check of the log"),
            "facts": [
                (_("Started"), when_absolute(obj.started)),
                (_("Finished"), when_absolute(obj.finished) if obj.finished else _("still running")),
                (_("Events checked"), number(obj.checked)),
                (_("Findings"), number(obj.found)),
                *((str(place), finding["text"]) for place, finding in enumerate(obj.findings, 1)),
            ],
        }

    @admin.display(description=gettext_lazy("started"))
    def started_at(self, check: SealCheck) -> SafeString:
        return when(check.started)

    @admin.display(description=gettext_lazy("finished"))
    def finished_at(self, check: SealCheck) -> SafeString | str:
        return when(check.finished) if check.finished else _("still running")

    @admin.display(description=gettext_lazy("events checked"))
    def events(self, check: SealCheck) -> str:
        return number(check.checked)

    @admin.display(description=gettext_lazy("findings"))
    def findings_found(self, check: SealCheck) -> str:
        return number(check.found)
