"""Two tabs of a device's page: how it is connected, and its SMS console."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, Invalid
from kit.htmx import redirect_to, render_fragment
from kit.mobile_networks import networks
from kit.rendering import state_badge
from sims.connectivity.forms import SmsForm
from sims.connectivity.selectors import ATTACHED, OFFLINE, ONLINE, RADIO, connection_of
from sims.connectivity.services.messages import SmsText, send_sms, why_no_sms
from sims.connectivity.tables import SmsTable
from sims.devices.selectors import device_of
from sims.devices.views.devices import device_page
from sims.models import Device, Sms, SmsStatus
from sims.states import DeviceStatus

SHOWN: Final = 100
"""Messages that the page lists; the API answers with more."""


NAMES: Final = {ONLINE: gettext_lazy("Online"), ATTACHED: gettext_lazy("Attached"), OFFLINE: gettext_lazy("Offline")}
"""What people read of a connection."""


@require_safe
def device_connection(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show how a device is connected, and the data session that is open."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    device = device_of(workspace_id, device_id)
    context = device_page(request, device, "connection") | _connection(device)
    return render_fragment(request, "sims/device_connection.html", context)


@require_safe
def device_connection_line(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show in a line, among the facts of a device, how it is connected."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    context = _connection(device_of(workspace_id, device_id))
    return render_fragment(request, "sims/_device_connection_line.html", context)


def _connection(device: Device) -> dict[str, Any]:
    found = connection_of(device)
    attachment, session = found.attachment, found.session or {}
    operator = (attachment.operator if attachment else None) or {}
    network = networks().get(found.network_id) if found.network_id is not None else None
    country = operator.get("country")
    radio = session.get("rat_type")
    return {
        "device": device,
        "badge": state_badge(found.status.lower(), str(NAMES[found.status])),
        "seen": found.seen,
        "network": network.name if network else str(operator.get("name") or ""),
        "country": network.country.name
        if network
        else str(country.get("name") or "")
        if isinstance(country, dict)
        else "",
        "radio": RADIO.get(radio, str(radio)) if isinstance(radio, int) else "",
        "attachment": attachment if found.located else None,
        "session": session,
        "session_since": attachment.session_at if attachment and session else None,
        "connection_url": reverse("sims:device_connection", args=[device.workspace_id, device.pk]),
        "line_url": reverse("sims:device_connection_line", args=[device.workspace_id, device.pk]),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def device_sms(request: WorkspacePageRequest, workspace_id: int, device_id: int) -> HttpResponse:
    """Show the messages sent to a device; POST sends one (event 10013)."""
    authorise(workspace_id, Permission.DEVICE_UPDATE if request.method == "POST" else Permission.INVENTORY_READ)
    device = device_of(workspace_id, device_id)
    form = SmsForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _send(device, form):
        messages.success(request, _("The message is on its way."))
        return redirect_to(request, reverse("sims:device_sms", args=[workspace_id, device_id]))
    context = {**device_page(request, device, "sms"), **_console(request, device), "form": form}
    return render_fragment(request, "sims/device_sms.html", context, status=422 if form.errors else 200)


def _send(device: Device, form: SmsForm) -> bool:
    """Send what was typed; say at its field, or above the form, what is in the way."""
    text = SmsText(payload=form.cleaned_data["payload"], source_address=form.cleaned_data["source_address"])
    try:
        send_sms(workspace_id=device.workspace_id, device_id=device.pk, sms=text)
    except Invalid as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return False
    except Conflict as error:
        form.add_error(None, error.message)
        return False
    return True


def _console(request: WorkspacePageRequest, device: Device) -> dict[str, Any]:
    now = timezone.now()
    sent = list(Sms.objects.of(device.workspace_id).filter(device=device).order_by("-pk")[: SHOWN + 1])
    rows = []
    for sms in sent[:SHOWN]:
        state = SmsStatus(sms.status)
        over = state == SmsStatus.PENDING and sms.expires <= now
        rows.append({"sms": sms, "state": SmsStatus.EXPIRED if over else state})
    may_send = Permission.DEVICE_UPDATE.name in request.may and device.status != DeviceStatus.DELETED
    return {
        "messages_sent": SmsTable(rows) if rows else None,
        "shown": SHOWN if len(sent) > SHOWN else 0,
        "waiting": any(row["state"] == SmsStatus.PENDING for row in rows),
        "may_send": may_send,
        "why_not": why_no_sms(workspace_id=device.workspace_id, device_id=device.pk) if may_send else "",
        "sms_url": reverse("sims:device_sms", args=[device.workspace_id, device.pk]),
    }
