"""The SIM inventory, the page of one SIM, and putting it on a device."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from accounts.saved_views.selectors import opened_by_default, view_menu
from kit.billing import charged_until_text
from kit.bulk import BulkAction
from kit.context import current_context
from kit.errors import DomainError, Forbidden
from kit.filters import whole_number
from kit.history import as_it_was, history_url
from kit.htmx import redirect_to, render_fragment, respond
from kit.lists import Empty, Listing
from kit.rendering import state_badge
from sims.bulk.history import planned_for, under_way
from sims.bulk.views import buttons
from sims.charges import charge_text
from sims.identifiers import iccid_with_luhn
from sims.inventory.bulk import DELETE, FACTORY_TEST, SIMS
from sims.inventory.filters import SimFilters
from sims.inventory.forms import AssignForm
from sims.inventory.selectors import free_devices, sim_of_workspace, sim_rows
from sims.inventory.services.assignment import SimChoice, assign_sims
from sims.inventory.tables import SimTable
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus, sim_may_move
from sims.usage.views import meters, usage_context

FOR_MANY = "devices"
ACTION_STATES = {
    "activate": SimStatus.ACTIVATED,
    "suspend": SimStatus.SUSPENDED,
    "factory-test": SimStatus.FACTORY_TEST,
    "delete": SimStatus.DELETED,
}


def badge_of(status: int) -> str:
    """Return the badge of a SIM's state."""
    state = SimStatus(status)
    return state_badge(state.name.lower(), str(state.label))


@require_http_methods(["GET", "HEAD", "POST"])
def sim_list(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the SIMs of a workspace. POST carries pasted or uploaded filter values and changes nothing."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    if (opened := opened_by_default(request, SimTable.list_name)) is not None:
        return opened
    register_url = reverse("sims:register", args=[workspace_id]) if Permission.SIM_REGISTER.name in request.may else ""
    shop_url = _shop(workspace_id) if Permission.ORDER_CREATE.name in request.may else ""
    listing = Listing(
        request,
        table=SimTable,
        filters=SimFilters,
        queryset=Sim.objects.of(workspace_id),
        fetch=partial(sim_rows, workspace=request.workspace),
        bulk=_list_actions(request),
        empty=Empty(
            icon="card-sim",
            title=_("No SIMs yet"),
            text=_("SIMs appear here once you register them with the code on the card or the batch label."),
            action_label=_("Register SIMs") if register_url else "",
            action_url=register_url,
            second_label=_("Order SIMs") if shop_url else "",
            second_url=shop_url,
        ),
        context={
            "badges": {state.value: badge_of(state) for state in SimStatus},
            "sim_base": reverse("sims:sim_list", args=[workspace_id]),
            "device_base": reverse("sims:device_list", args=[workspace_id]),
            "unused": _("none, but charged"),
            "charged": _("yes"),
            "charged_until": _("until %(day)s") % {"day": charged_until_text(current_context().now())},
        },
    )
    listing.menu = view_menu(request, listing)
    going_on = SimpleLazyObject(lambda: under_way(workspace_id))
    return listing.respond("sims/sim_list.html", {"register_url": register_url, "running": going_on})


def _shop(workspace_id: int) -> str:
    # The shop stands above this app: it is asked by its address.
    try:
        return reverse("orders:shop", args=[workspace_id])
    except NoReverseMatch:
        return ""


def _list_actions(request: WorkspacePageRequest) -> list[BulkAction]:
    actions = buttons(request, SIMS.name)
    if not request.workspace.factory_test_allowed:
        actions = [action for action in actions if action.name != FACTORY_TEST.name]
    return actions


@require_safe
def sim_detail(request: WorkspacePageRequest, workspace_id: int, sim_id: int) -> HttpResponse:
    """Show one SIM: what it is (`?tab=details`), has used (`?tab=usage`), or what happened to it (`?tab=events`).

    Deleted SIMs stay readable, so that links from old events lead somewhere. With `?at=` it is shown as it was then.
    """
    if (then := as_it_was(request, "events:sim_then", workspace_id, sim_id)) is not None:
        return then
    authorise(workspace_id, Permission.INVENTORY_READ)
    tab = request.GET.get("tab") or "details"
    if tab not in ("details", "usage", "events"):
        raise Http404(_("A SIM has no such tab."))
    sim = sim_of_workspace(workspace_id, sim_id)
    here = reverse("sims:sim_detail", args=[workspace_id, sim.pk])
    context = {
        "sim": sim,
        "iccid": iccid_with_luhn(sim.iccid),
        "badge": badge_of(sim.status),
        "deleted": sim.status == SimStatus.DELETED,
        "meters": meters(sim, request.workspace, timezone.now()),
        "unused": sim.status == SimStatus.ACTIVATED and sim.device_id is None,
        "charge": charge_text(sim, current_context().now()),
        "actions": _actions(request, sim),
        "may_assign": _may_assign(request, sim),
        "release": _release(request, sim),
        "device": sim.device,
        "device_badge": _device_badge(sim),
        "tab": tab,
        "tabs": [
            {"label": _("Details"), "url": here, "active": tab == "details"},
            {"label": _("Usage"), "url": f"{here}?tab=usage", "active": tab == "usage"},
            {"label": _("Events"), "url": f"{here}?tab=events", "active": tab == "events"},
        ],
        "list_url": reverse("sims:sim_list", args=[workspace_id]),
        "history_url": history_url("events:sim_then", workspace_id, sim.pk),
        "events_url": _embedded_events(workspace_id, sim.pk) if tab == "events" else "",
        "planned": planned_for(workspace_id, sim_id=sim.pk, device_id=sim.device_id),
        "running": under_way(workspace_id, sim_id=sim.pk, device_id=sim.device_id),
    }
    if tab == "usage":
        context |= usage_context(sim, request.workspace, timezone.now())
    return render_fragment(request, "sims/sim_detail.html", context)


def _actions(request: WorkspacePageRequest, sim: Sim) -> list[BulkAction]:
    """Return the buttons that make sense in the SIM's state; the dialog of each says what will happen."""
    if sim.status == SimStatus.DELETED:
        return []
    on_device = _("It is on a device. Release it first.") if sim.device_id is not None else ""
    return [
        replace(action, refusal=on_device) if action.name == DELETE.name else action
        for action in _list_actions(request)
        # A single SIM is put on a device, or on a new one, by the buttons beside it.
        if action.name != FOR_MANY
        and (action.name not in ACTION_STATES or sim_may_move(sim.status, ACTION_STATES[action.name]))
    ]


def _may_assign(request: WorkspacePageRequest, sim: Sim) -> bool:
    return Permission.DEVICE_UPDATE.name in request.may and sim.device_id is None and sim.status != SimStatus.DELETED


def _release(request: WorkspacePageRequest, sim: Sim) -> BulkAction | None:
    if sim.device_id is None:
        return None
    return next(iter(buttons(request, "devices", names=["release"])), None)


def _device_badge(sim: Sim) -> str:
    if sim.device is None:
        return ""
    state = DeviceStatus(sim.device.status)
    return state_badge(state.name.lower(), str(state.label))


def _embedded_events(workspace_id: int, sim_id: int) -> str:
    # The app of the log stands above this one: it is asked by its address.
    try:
        return f"{reverse('events:embedded', args=[workspace_id])}?sim={sim_id}"
    except NoReverseMatch:
        return ""


@require_http_methods(["GET", "HEAD", "POST"])
def sim_assign(request: WorkspacePageRequest, workspace_id: int, sim_id: int) -> HttpResponse:
    """Ask for the device a SIM goes onto (`?search=` narrows the devices), and put it there."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    sim = sim_of_workspace(workspace_id, sim_id)
    if sim.status == SimStatus.DELETED:
        raise Http404(_("The SIM is deleted."))
    posted = request.POST if request.method == "POST" else None
    form = AssignForm(
        posted,
        status=sim.status,
        factory_test=request.workspace.factory_test_allowed,
        workspace_id=workspace_id,
        initial={"status": ""},
    )
    if posted is not None and form.is_valid():
        try:
            choices = {form.cleaned_data["device"]: SimChoice(sim.pk, form.cleaned_data["status"])}
            assign_sims(workspace_id=workspace_id, choices=choices, enable_first=form.enables_first).raise_if_refused()
        except Forbidden:
            raise
        except DomainError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Assigned SIM %(iccid)s") % {"iccid": iccid_with_luhn(sim.iccid)})
            return redirect_to(request, reverse("sims:sim_detail", args=[workspace_id, sim.pk]))
    return _ask_for_device(request, sim, form)


def _number(text: str) -> int:
    """Return the id that was chosen, 0 for what is none."""
    try:
        return whole_number(text)
    except ValueError:
        return 0


def _ask_for_device(request: WorkspacePageRequest, sim: Sim, form: AssignForm) -> HttpResponse:
    data = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {
        "sim": sim,
        "iccid": iccid_with_luhn(sim.iccid),
        "form": form,
        "free": free_devices(sim.workspace_id or 0, data.get("search", "")),
        "chosen": _number(data.get("device", "")),
        "url": reverse("sims:sim_assign", args=[sim.workspace_id, sim.pk]),
        "badges": {state.value: state_badge(state.name.lower(), str(state.label)) for state in DeviceStatus},
        "create_url": reverse("sims:device_create", args=[sim.workspace_id]),
    }
    if request.method != "POST" and "search" in request.GET:
        return render_fragment(request, "sims/_sim_devices.html", context)
    status = 422 if form.is_bound and form.errors else 200
    return respond(request, "sims/sim_assign.html", "sims/_sim_assign.html", context, status=status)
