"""The devices as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.exports import Export, export_file
from sims.devices.connections import NAMES, Connection
from sims.devices.filters import DeviceFilters
from sims.devices.selectors import device_rows
from sims.devices.tables import DeviceTable
from sims.exports import record_export
from sims.models import Device
from sims.states import DeviceStatus, SimStatus


def _connection(row: Any) -> Connection:
    found: Connection = row["connections"][row["id"]]
    return found


_DEVICE_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "name": lambda row: row["name"],
    "status": lambda row: DeviceStatus(row["status"]).label,
    "connection": lambda row: NAMES[_connection(row).status],
    "network": lambda row: _connection(row).network,
    "country": lambda row: _connection(row).country,
    "radio": lambda row: _connection(row).radio,
    "session_ip": lambda row: _connection(row).ip_address,
    "seen": lambda row: _connection(row).seen,
    "sim": lambda row: row["full_iccid"],
    "sim_status": lambda row: SimStatus(row["sim__status"]).label if row["sim__id"] else "",
    "imei": lambda row: row["imei"],
    "ip_address": lambda row: row["ip_address"],
    "tags": lambda row: ",".join(row["tags"]),
    "note": lambda row: row["note"],
    "service_policy": lambda row: row["service_policy__name"],
    "coverage_policy": lambda row: row["coverage_policy__name"],
    "created": lambda row: row["created"],
    "last_updated": lambda row: row["last_updated"],
}


DEVICES: Final = Export(
    "devices", DeviceTable, _DEVICE_VALUES, device_rows, frozenset({"created", "last_updated", "seen"})
)


@require_POST
def device_export(request: WorkspacePageRequest, workspace_id: int) -> HttpResponseBase:
    """The devices as they are filtered (`filter`: its query string), as a CSV file. Writes event 10086."""
    authorise(workspace_id, Permission.INVENTORY_READ)
    found = DeviceFilters(QueryDict(request.POST.get("filter", "")), Device.objects.of(workspace_id), request=request)
    record = partial(record_export, workspace_id=workspace_id, what="devices")
    return export_file(request, DEVICES, found, workspace_id=workspace_id, record=record)
