"""SIM models in the admin site: shown, not changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kit.admin.base import StaffAdmin
from kit.rendering import badge
from sims.models import SimModel


@admin.register(SimModel)
class SimModelAdmin(StaffAdmin):
    """Kinds of cards and chips."""

    icon = "cpu"
    page_template = "admin/page.html"
    list_display = ("description", "form_factor", "manufacturer", "memory_size")
    ordering = ("description",)

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {
            "heading": obj.description,
            "facts": [
                (_("ID"), obj.pk),
                (_("Form factor"), badge(obj.get_form_factor_display(), "neutral")),
                (_("Manufacturer"), obj.manufacturer),
                (_("Memory in kB"), obj.memory_size),
            ],
        }
