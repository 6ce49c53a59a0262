"""Policies in the admin site: shown, not changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.admin.base import StaffAdmin
from kit.rendering import dash, when_absolute
from sims.admin_parts import WORKSPACE_FILTER, workspace_link
from sims.models import CoveragePolicy, ServicePolicy


class PolicyAdmin(StaffAdmin):
    """Policies of all workspaces."""

    icon = "shield"
    page_template = "admin/page.html"
    list_filter = (WORKSPACE_FILTER,)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    ordering = ("-id",)
    list_select_related: ClassVar[Any] = ("workspace",)

    @admin.display(description=gettext_lazy("workspace"))
    def owner(self, policy: Any) -> SafeString:
        return workspace_link(policy.workspace)

    def _facts(self, policy: Any) -> list[tuple[str, Any]]:
        return [
            (_("ID"), policy.pk),
            (_("Workspace"), workspace_link(policy.workspace)),
            (_("Description"), policy.description or dash()),
            (_("Created"), when_absolute(policy.created)),
        ]


@admin.register(ServicePolicy)
class ServicePolicyAdmin(PolicyAdmin):
    """Which services devices may use."""

    list_display = ("name", "owner", "services", "radio")

    @admin.display(description=gettext_lazy("services"))
    def services(self, policy: ServicePolicy) -> str | SafeString:
        named = ((policy.data, _("data")), (policy.sms_mo, _("SMS out")), (policy.sms_mt, _("SMS in")))
        return ", ".join(name for on, name in named if on) or dash()

    @admin.display(description=gettext_lazy("radio"))
    def radio(self, policy: ServicePolicy) -> str | SafeString:
        named = (
            (policy.allowed_2g, "2G"),
            (policy.allowed_3g, "3G"),
            (policy.allowed_4g, "4G"),
            (policy.allowed_5g, "5G"),
            (policy.allowed_nb_iot, "NB-IoT"),
        )
        return ", ".join(name for on, name in named if on) or dash()

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        own = [(_("Services"), self.services(obj)), (_("Radio"), self.radio(obj))]
        return {"heading": obj.name, "facts": [*self._facts(obj), *own]}


@admin.register(CoveragePolicy)
class CoveragePolicyAdmin(PolicyAdmin):
    """Where devices may connect, at which data plan."""

    icon = "globe"
    list_display = ("name", "owner", "data_plan")
    list_select_related = ("workspace", "data_plan")

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return {"heading": obj.name, "facts": [*self._facts(obj), (_("Data plan"), str(obj.data_plan))]}
