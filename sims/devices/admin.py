"""Devices, policies and SIM models: shown, not changed. Customers change the first two; the last has no service."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.admin.base import StaffAdmin
from kit.admin.filters import choice_filter
from kit.admin.lists import prefix_range
from kit.ip_addresses import ip_address_of
from kit.rendering import dash, identifier, state_badge, when, when_absolute
from sims.admin_parts import WORKSPACE_FILTER, workspace_link
from sims.identifiers import WHOLE_IMEI, digits_in, iccid_with_luhn, imei_text
from sims.models import Device
from sims.states import DeviceStatus

SHORTEST_NAME = 3
"""Characters of a name that are looked for in all workspaces at once."""


@admin.register(Device)
class DeviceAdmin(StaffAdmin):
    """Devices of all workspaces."""

    icon = "router"
    page_template = "admin/page.html"
    list_display = ("name", "device_id", "state", "owner", "sim_number", "imei_number", "ip_address", "changed")
    list_filter = (
        choice_filter("status", gettext_lazy("state"), "status", DeviceStatus.choices),
        WORKSPACE_FILTER,
    )
    search_fields = ("imei",)
    search_help_text = gettext_lazy("Device ID, name, IMEI or IP address")
    ordering = ("-id",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        related = ("workspace", "sim", "service_policy", "coverage_policy")
        return super().get_queryset(request).select_related(*related)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Look in what has an index, and in the names, which are read one by one: only where a name can be meant."""
        term = term.strip()
        if not term:
            return queryset, False
        digits = digits_in(imei_text(term))
        address = ip_address_of(term)
        wanted = Q(ip_address=address) if address else Q()
        if digits:
            if len(digits) >= WHOLE_IMEI:
                wanted |= Q(**prefix_range("imei", digits[:WHOLE_IMEI]))
            elif digits == term:
                wanted |= Q(pk=int(digits))
        if request.GET.get("workspace") or (len(term) >= SHORTEST_NAME and any(each.isalpha() for each in term)):
            wanted |= Q(name__icontains=term)
        return (queryset.filter(wanted) if wanted else queryset.none()), False

    def page_context(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        events = reverse("admin:events_event_changelist")
        return {
            "heading": obj.name,
            "links": [(_("Events"), f"{events}?q=device:{obj.pk}", "scroll-text")],
            "facts": [
                (_("Device ID"), obj.pk),
                (_("State"), self.state(obj)),
                (_("Workspace"), workspace_link(obj.workspace)),
                (_("SIM"), self.sim_number(obj)),
                (_("IMEI"), identifier(obj.imei, "IMEI")),
                (_("IMEI lock"), _("On") if obj.imei_lock else _("Off")),
                (_("IP address"), obj.ip_address or dash()),
                (_("Tags"), obj.tags or dash()),
                (_("Service policy"), obj.service_policy or dash()),
                (_("Coverage policy"), obj.coverage_policy or dash()),
                (_("Created"), when_absolute(obj.created)),
                (_("Last updated"), when_absolute(obj.last_updated)),
            ],
        }

    @admin.display(description=gettext_lazy("ID"))
    def device_id(self, device: Device) -> int:
        return device.pk

    @admin.display(description=gettext_lazy("state"))
    def state(self, device: Device) -> SafeString:
        state = DeviceStatus(device.status)
        return state_badge(state.name.lower(), str(state.label))

    @admin.display(description=gettext_lazy("workspace"))
    def owner(self, device: Device) -> SafeString:
        return workspace_link(device.workspace)

    @admin.display(description=gettext_lazy("SIM"))
    def sim_number(self, device: Device) -> SafeString:
        try:
            sim = device.sim
        except ObjectDoesNotExist:
            return dash()
        url = reverse("admin:sims_sim_change", args=[sim.pk])
        return format_html('<a href="{}">{}</a>', url, identifier(iccid_with_luhn(sim.iccid), "ICCID", copy=False))

    @admin.display(description=gettext_lazy("IMEI"))
    def imei_number(self, device: Device) -> SafeString:
        return identifier(device.imei, "IMEI", copy=False)

    @admin.display(description=gettext_lazy("last updated"))
    def changed(self, device: Device) -> SafeString:
        return when(device.last_updated)
