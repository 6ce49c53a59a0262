"""Two tabs of a device's page: how it is connected, and its SMS console."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.errors import Conflict, Invalid
from kit.htmx import redirect_to, render_fragment
from sims.connectivity.forms import SmsForm
from sims.connectivity.services.messages import SmsText, send_sms, why_no_sms
from sims.connectivity.tables import SmsTable
from sims.devices.connections import connection_of
from sims.devices.selectors import device_of
from sims.devices.views.devices import device_page
from sims.models import Device, Sms, SmsStatus
from sims.states import DeviceStatus

SHOWN: Final = 100
"""Messages that the page lists; the API answers with more."""


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
    base = [device.workspace_id, device.pk]
    return {
        "device": device,
        "connection": connection_of(device),
        "connection_url": reverse("sims:device_connection", args=base),
        "line_url": reverse("sims:device_connection_line", args=base),
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
