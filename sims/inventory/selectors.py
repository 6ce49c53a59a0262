"""Questions of the SIM pages. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Workspace
from kit.billing import month_begin
from kit.errors import NotFound
from sims.charges import was_active_since
from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim, SimBatch
from sims.states import DeviceStatus, SimStatus
from sims.usage.progress import progress

ROW_FIELDS = (
    "id",
    "iccid",
    "imsi",
    "msisdn",
    "eid",
    "status",
    "device_id",
    "device__name",
    "device__tags",
    "batch__bic",
    "batch__model__description",
    "batch__registered_at",
    "activation_date",
    "active_until",
    "last_updated",
    "factory_test_since",
    "tested_bytes",
    "tested_sms",
    "note",
)
OFFERED_DEVICES = 20
"""Devices without SIM that the assign dialog lists; who has more searches."""


def sim_rows(sims: QuerySet[Sim], *, workspace: Workspace) -> list[dict[str, Any]]:
    """Return what the list shows of SIMs, in one query.

    `full_iccid` has the Luhn digit, `charged` is of this month, `test` is how far a factory test is.

    Args:
        sims: a slice.
        workspace: whose they are; it limits their tests.
    """
    rows: list[dict[str, Any]] = list(sims.values(*ROW_FIELDS))
    # A file is sent when the request is over, and with it the context of its action.
    now = timezone.now()
    begin = month_begin(now)
    for row in rows:
        testing = row["status"] == SimStatus.FACTORY_TEST
        used = row["tested_bytes"], row["tested_sms"], row["factory_test_since"]
        row["test"] = progress(*used, workspace, now).text if testing else ""
        row["full_iccid"] = iccid_with_luhn(row["iccid"])
        row["charged"] = was_active_since(row["status"], row["active_until"], begin)
        row["state"] = SimStatus(row["status"])
        row["tags"] = row["device__tags"].split(",") if row["device__tags"] else []
    return rows


def sim_of_workspace(workspace_id: int, sim_id: int) -> Sim:
    """Return a SIM with its device, batch and model, deleted ones too. One query.

    Raises:
        NotFound: no such SIM, or it belongs to another workspace.
    """
    sims = Sim.objects.select_related("device", "batch__model", "noted_by")
    sim: Sim = sims.one(workspace_id=workspace_id, pk=sim_id, kind=_("SIM"))
    return sim


@dataclass(frozen=True, slots=True)
class FreeDevices:
    """Devices the assign dialog offers.

    Args:
        devices: the first of them by name.
        more: whether further ones match.
        search: what was searched for.
    """

    devices: list[Device]
    more: bool
    search: str


def free_devices(workspace_id: int, search: str = "") -> FreeDevices:
    """Return devices without SIM whose name contains a text. One query, whatever the number of devices.

    Args:
        workspace_id: owner.
        search: part of a name; empty for all.
    """
    search = " ".join(search.split())[:100]
    devices = (
        Device.objects.of(workspace_id)
        .exclude(status=DeviceStatus.DELETED)
        .filter(~Exists(Sim.objects.filter(device_id=OuterRef("pk"))))
        .order_by("name", "pk")
    )
    if search:
        devices = devices.filter(name__icontains=search)
    found = list(devices.only("id", "name", "status", "imei", "workspace_id")[: OFFERED_DEVICES + 1])
    return FreeDevices(devices=found[:OFFERED_DEVICES], more=len(found) > OFFERED_DEVICES, search=search)


def ends_of_batch(batch: SimBatch) -> tuple[str, str]:
    """Return the first and the last ICCID of a batch with their Luhn digits. Two queries, by index.

    Raises:
        NotFound: the batch is empty.
    """
    numbers = batch.sims.order_by("iccid").values_list("iccid", flat=True)
    first, last = numbers.first(), numbers.last()
    if first is None or last is None:
        raise NotFound(_("Batch %(bic)s has no SIMs.") % {"bic": batch.bic})
    return iccid_with_luhn(first), iccid_with_luhn(last)
