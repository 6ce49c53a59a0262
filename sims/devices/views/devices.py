"""Connected devices: the list, and the page of one device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.saved_views.selectors import opened_by_default, view_menu
from kit.bulk import BulkAction
from kit.history import as_it_was, history_url
from kit.htmx import respond
from kit.lists import Empty, Listing
from kit.rendering import state_badge
from sims.bulk.history import planned_for, under_way
from sims.bulk.views import buttons
from sims.devices.bulk import DEVICES
from sims.devices.filters import DeviceFilters
from sims.devices.selectors import device_of, device_rows, sim_of
from sims.devices.tables import DeviceTable
from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from sims.usage.progress import TestProgress, progress

SIM_KEYS: Mapping[int, str] = {state.value: state.name.lower() for state in SimStatus}
DEVICE_KEYS: Mapping[int, str] = {state.value: state.name.lower() for state in DeviceStatus}


def sim_badges() -> dict[int, str]:
    """Return the badge of each SIM state."""
    return {state.value: state_badge(SIM_KEYS[state.value], str(state.label)) for state in SimStatus}


def device_badges() -> dict[int, str]:
    """Return the badge of each device state."""
    return {state.value: state_badge(DEVICE_KEYS[state.value], str(state.label)) for state in DeviceStatus}


@require_http_methods(["GET", "HEAD", "POST"])
def device_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the devices of a workspace. POST carries pasted or uploaded filter values and changes nothing."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    if (opened := opened_by_default(request, DeviceTable.list_name)) is not None:
        return opened
    creating = reverse("sims:device_create", args=[workspace_id])
    may_create = Permission.DEVICE_UPDATE.name in request.may
    listing = Listing(
        request,
        table=DeviceTable,
        filters=DeviceFilters,
        queryset=Device.objects.of(workspace_id),
        fetch=device_rows,
        bulk=buttons(request, DEVICES.name),
        empty=Empty(
            icon="cpu",
            title=_("No devices yet"),
            text=_("A device uses one SIM and gets its services and coverage from two policies."),
            action_label=_("Create device") if may_create else "",
            action_url=creating if may_create else "",
        ),
        context={
            "sim_badges": sim_badges(),
            "device_badges": device_badges(),
            "device_base": reverse("sims:device_list", args=[workspace_id]),
            "sim_base": reverse("sims:sim_list", args=[workspace_id]),
        },
    )
    listing.menu = view_menu(request, listing)
    going_on = SimpleLazyObject(lambda: under_way(workspace_id))
    context = {
        "create_url": creating if may_create else "",
        "file_url": reverse("sims:device_file", args=[workspace_id]),
        "running": going_on,
    }
    return listing.respond("sims/device_list.html", context)


@require_safe
def device_detail(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show one device: what it is and holds (`?tab=details`), or what happened to it (`?tab=events`).

    Deleted devices stay readable, so that links from old events lead somewhere. With `?at=` it is shown as it was then.
    """
    if (then := as_it_was(request, "events:device_then", workspace_id, device_id)) is not None:
        return then
    authorise(workspace_id, Permission.INVENTORY_READ)
    tab = request.GET.get("tab") or "details"
    if tab not in ("details", "events"):
        raise Http404(_("A device has no such tab."))
    device = device_of(workspace_id, device_id)
    return respond(request, "sims/device_detail.html", "sims/_device_update.html", device_page(request, device, tab))


def device_page(request: WorkspacePageRequest, device: Device, tab: str) -> dict[str, Any]:
    """Return what every tab of a device's page shows: its head, its buttons, its tabs."""
    sim = sim_of(device)
    here = reverse("sims:device_detail", args=[device.workspace_id, device.pk])
    badges = sim_badges()
    return {
        "device": device,
        "sim": sim,
        "full_iccid": iccid_with_luhn(sim.iccid) if sim else "",
        "device_badge": device_badges()[device.status],
        "sim_badge": badges[sim.status] if sim else "",
        "test": _test(request, sim),
        "tags": device.tags.split(",") if device.tags else [],
        "deleted": device.status == DeviceStatus.DELETED,
        "may_change": Permission.DEVICE_UPDATE.name in request.may and device.status != DeviceStatus.DELETED,
        "actions": _actions(request, device, sim),
        "hint": _hint(device, sim),
        "tab": tab,
        "here": here if tab == "details" else f"{here}?tab={tab}",
        "tabs": [
            {"label": _("Details"), "url": here, "active": tab == "details"},
            {"label": _("Connection"), "url": f"{here}connection/", "active": tab == "connection"},
            {"label": _("SMS"), "url": f"{here}sms/", "active": tab == "sms"},
            {"label": _("Events"), "url": f"{here}?tab=events", "active": tab == "events"},
        ],
        "planned": planned_for(device.workspace_id, sim_id=sim.pk if sim else None, device_id=device.pk),
        "running": under_way(device.workspace_id, sim_id=sim.pk if sim else None, device_id=device.pk),
        "history_url": history_url("events:device_then", device.workspace_id, device.pk),
        "list_url": reverse("sims:device_list", args=[device.workspace_id]),
    }


def _test(request: WorkspacePageRequest, sim: Sim | None) -> TestProgress | None:
    """Return how far the factory test of a device's SIM is, `None` where there is none."""
    if sim is None or sim.status != SimStatus.FACTORY_TEST:
        return None
    used = sim.tested_bytes, sim.tested_sms, sim.factory_test_since
    return progress(*used, request.workspace, timezone.now())


def _actions(request: WorkspacePageRequest, device: Device, sim: Sim | None) -> list[BulkAction]:
    """Return the buttons that make sense for a device as it is; the dialog of each says what will happen."""
    if device.status == DeviceStatus.DELETED:
        return []
    on = device.status == DeviceStatus.ENABLED
    running = sim is not None and sim.status in (SimStatus.ACTIVATED, SimStatus.FACTORY_TEST)
    sensible = {
        "enable": sim is not None and not (on and running),
        "disable": on or (sim is not None and sim.status == SimStatus.ACTIVATED),
        "reset": on and running,
        "delete": sim is None,
    }
    return buttons(request, DEVICES.name, names=[name for name, sensible_now in sensible.items() if sensible_now])


def _hint(device: Device, sim: Sim | None) -> str:
    """Return what a person should know about this combination of states, or ""."""
    on = device.status == DeviceStatus.ENABLED
    if sim is None:
        return _("The device is Enabled but has no SIM, so it cannot connect.") if on else ""
    if not on and sim.status == SimStatus.ACTIVATED:
        return _("The device is Disabled, but its SIM is Activated and is charged.")
    if not on and sim.status == SimStatus.FACTORY_TEST:
        return _(
            "The device is Disabled, so its SIM cannot go on with its factory test. Enabling the device ends the test; "
            "a SIM that is released keeps it and can test on an enabled device."
        )
    if on and sim.status in (SimStatus.ISSUED, SimStatus.SUSPENDED):
        return _("The device is Enabled, but its SIM is %(state)s, so it cannot connect.") % {
            "state": SimStatus(sim.status).label
        }
    return ""
