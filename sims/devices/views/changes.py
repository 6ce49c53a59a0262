"""Creating and editing a device, and its SIM: assign and release. Services do the work."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, Invalid, NotFound
from kit.filters import whole_number
from kit.htmx import redirect_to, render_fragment, respond, wants_fragment, with_toast
from kit.sent_once import sent_once
from sims.devices.forms import AssignForm, CreateDeviceForm, DeviceForm, ReleaseForm, initial_of
from sims.devices.selectors import device_of, offered_sims, sim_of
from sims.devices.services.devices import NewDevice, create_devices, update_devices
from sims.devices.views.devices import sim_badges
from sims.effects import RUNNING
from sims.form_fields import show_error
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.status import billing_note
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus

# What a person can mend in the form; everything else is the middleware's.
REFUSED = (Invalid, NotFound, Conflict)


def _number(text: str | None) -> int:
    """Read an id out of an address; what is none reads as 0, which no row has."""
    try:
        return whole_number(text or "")
    except ValueError:
        return 0


def _picker(workspace_id: int, data: QueryDict, *, optional: bool) -> dict[str, Any]:
    """Return what the SIM picker shows for what was typed and chosen; `optional` offers "No SIM" too."""
    chosen = data.get("sim", "")
    none_chosen = optional and chosen == "0"
    search = "" if none_chosen else data.get("sim_search", "")
    return {
        "picker": offered_sims(workspace_id, search=search, chosen=_number(chosen)),
        "options_url": reverse("sims:device_sim_options", args=[workspace_id]),
        "optional": optional,
        "none_chosen": none_chosen,
    }


@require_safe
def sim_options(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show the free SIMs that match what is typed into a picker."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    data = request.GET.copy()
    if data.get("sim") == "0":
        # Whoever searches on has changed their mind.
        del data["sim"]
    context = _picker(workspace_id, data, optional="sim_optional" in data)
    return render_fragment(request, "sims/_device_sim_options.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sent_once
def device_create(request: WorkspacePageRequest, workspace_id: int) -> HttpResponse:
    """Show and take the form of a new device; `?sim=<id>` begins with a SIM chosen."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    workspace = request.workspace
    if request.method != "POST":
        form = CreateDeviceForm(workspace=workspace)
        context = _picker(workspace_id, request.GET, optional=True)
        # The same words for a SIM that is in use, deleted, of somebody else or made up.
        context["sim_taken"] = bool(request.GET.get("sim")) and not context["picker"].chosen
        return _create_page(request, form, context)
    form = CreateDeviceForm(request.POST, workspace=workspace)
    if form.is_valid():
        try:
            new = NewDevice(status=form.device_status(), sim=form.sim_choice(), **form.properties())
            (device,) = create_devices(workspace_id=workspace_id, devices=[new])
        except REFUSED as error:
            show_error(form, error)
        else:
            messages.success(request, _("Device “%(name)s” created.") % {"name": device.name})
            return redirect_to(request, reverse("sims:device_detail", args=[workspace_id, device.pk]))
    return _create_page(request, form, _picker(workspace_id, request.POST, optional=True), status=422)


def _create_page(
    request: WorkspacePageRequest, form: CreateDeviceForm, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    workspace_id = request.workspace.pk
    policies = {name: bool(form.fields[name].choices[1:]) for name in ("service_policy", "coverage_policy")}  # type: ignore[attr-defined]  # of ModelChoiceField
    return render_fragment(
        request,
        "sims/device_create.html",
        {
            **context,
            "form": form,
            "no_policies": not all(policies.values()),
            "policies_url": reverse("sims:policy_list", args=[workspace_id]),
            "list_url": reverse("sims:device_list", args=[workspace_id]),
            "billing": billing_note(SimStatus.ACTIVATED, 1),
        },
        status=status,
    )


def _live_device(workspace_id: int, device_id: int) -> Device:
    """Return a device that can be changed.

    Raises:
        NotFound: no such device here.
        Conflict: it is deleted.
    """
    device = device_of(workspace_id, device_id)
    if device.status == DeviceStatus.DELETED:
        raise Conflict(_("Device “%(name)s” is deleted and cannot be changed.") % {"name": device.name})
    return device


@require_http_methods(["GET", "HEAD", "POST"])
def device_edit(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show and take the form with a device's properties."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    device = _live_device(workspace_id, device_id)
    back = reverse("sims:device_detail", args=[workspace_id, device_id])
    posted = request.POST if request.method == "POST" else None
    form = DeviceForm(posted, initial=initial_of(device), workspace=request.workspace)
    if posted is not None and form.is_valid():
        try:
            outcome = update_devices(workspace_id=workspace_id, changes={device_id: form.properties()})
            outcome.raise_if_refused()
        except REFUSED as error:
            show_error(form, error)
        else:
            if outcome.changed:
                messages.success(request, _("Device “%(name)s” changed.") % {"name": form.cleaned_data["name"]})
            else:
                messages.info(request, _("Nothing was changed."))
            return redirect_to(request, back)
    context = {
        "form": form,
        "device": device,
        "back": back,
        "list_url": reverse("sims:device_list", args=[workspace_id]),
    }
    return render_fragment(request, "sims/device_edit.html", context, status=200 if posted is None else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def device_assign(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show and take the dialog that puts a free SIM on a device; a page of its own without script."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    device = _live_device(workspace_id, device_id)
    if (holds := sim_of(device)) is not None:
        raise Conflict(_("The device has SIM %(iccid)s. Release it first.") % {"iccid": iccid_with_luhn(holds.iccid)})
    posted = request.POST if request.method == "POST" else None
    form = AssignForm(posted, workspace=request.workspace, device=device)
    if posted is not None and form.is_valid():
        values = form.cleaned_data
        try:
            choice = SimChoice(values["sim"], values["sim_status"])
            assign_sims(
                workspace_id=workspace_id, choices={device_id: choice}, enable_first=form.enables_first
            ).raise_if_refused()
        except REFUSED as error:
            if error.field is None:
                raise
            show_error(form, error)
        else:
            iccid = Sim.objects.of(workspace_id).values_list("iccid", flat=True).get(pk=values["sim"])
            return _done(request, device, _("SIM %(iccid)s assigned.") % {"iccid": iccid_with_luhn(iccid)})
    context = _picker(workspace_id, request.POST, optional=False)
    context |= {"form": form, "billing": billing_note(SimStatus.ACTIVATED, 1)}
    return _dialog(request, device, "assign", context, status=200 if posted is None else 422)


@require_http_methods(["GET", "HEAD", "POST"])
def device_release(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show and take the dialog that takes the SIM off a device; suspending it too stands preselected."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    device = _live_device(workspace_id, device_id)
    sim = sim_of(device)
    if sim is None:
        raise Conflict(_("The device has no SIM to release."))
    note = _("%(billing)s Otherwise the SIM stays Activated and is charged although no device uses it.") % {
        "billing": billing_note(SimStatus.SUSPENDED, 1)
    }
    posted = request.POST if request.method == "POST" else None
    form = ReleaseForm(posted, sim=sim, note=note)
    if posted is not None and form.is_valid():
        suspend = bool(form.cleaned_data.get("suspend"))
        outcome = release_sims(workspace_id=workspace_id, device_ids=[device_id], suspend=suspend)
        outcome.raise_if_refused()
        text = _("SIM %(iccid)s released and suspended.") if suspend else _("SIM %(iccid)s released.")
        return _done(request, device, text % {"iccid": iccid_with_luhn(sim.iccid)})
    context = {
        "form": form,
        "sim": sim,
        "full_iccid": iccid_with_luhn(sim.iccid),
        "sim_badge": sim_badges()[sim.status],
    }
    context["becomes_disabled"] = device.status == DeviceStatus.ENABLED
    context["loses_connection"] = device.status == DeviceStatus.ENABLED and sim.status in RUNNING
    return _dialog(request, device, "release", context, status=200 if posted is None else 422)


def _dialog(
    request: WorkspacePageRequest, device: Device, name: str, context: dict[str, Any], *, status: int
) -> HttpResponse:
    """Show a dialog in the page, or as a page of its own."""
    context |= {
        "device": device,
        "as_page": not wants_fragment(request),
        "dialog": f"sims/_device_{name}.html",
        "url": reverse(f"sims:device_{name}", args=[device.workspace_id, device.pk]),
        "back": reverse("sims:device_detail", args=[device.workspace_id, device.pk]),
        "list_url": reverse("sims:device_list", args=[device.workspace_id]),
        "title": (_("Assign a SIM to “%(name)s”") if name == "assign" else _("Release the SIM of “%(name)s”"))
        % {"name": device.name},
    }
    return respond(request, "sims/device_dialog.html", f"sims/_device_{name}.html", context, status=status)


def _done(request: WorkspacePageRequest, device: Device, message: str) -> HttpResponse:
    """Close the dialog and refresh the page under it, or go back to the device."""
    if not request.htmx:
        messages.success(request, message)
        return redirect_to(request, reverse("sims:device_detail", args=[device.workspace_id, device.pk]))
    response = trigger_client_event(HttpResponse(status=204), "dialogClose")
    return with_toast(trigger_client_event(response, "listChanged"), message)
