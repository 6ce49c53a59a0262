"""Reading and locking what an action is about, in id order.

The names of a SIM's device are read after the SIM is locked, in a statement of their own: a statement that waited for
a lock gets the locked row anew, and what it joins to it as it was before the wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kit.errors import NotFound
from kit.outcomes import Refusal
from kit.querysets import CHUNK
from sims.models import Device, Sim
from sims.signals import DeviceRow, SimRow
from sims.states import DeviceStatus, SimStatus

SIM_FIELDS = (
    "id",
    "iccid",
    "imsi",
    "production_date",
    "imported",
    "status",
    "device_id",
    "activation_date",
    "active_until",
)
"""What is read of a SIM itself, in the order of `SimRow` without the names of its device."""
DEVICE_FIELDS = ("id", "name", "imei", "ip_address", "tags", "status")
_STATUS = SIM_FIELDS.index("status")
_DEVICE = SIM_FIELDS.index("device_id")
_AFTER = _DEVICE + 1
_NO_NAMES = (None, None, None, None)


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Cut ids into sorted pieces without doubles; sorted over the whole, so that locks are taken in id order."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


@cache
def _sims() -> Any:
    """Return the query for rows of SIMs, to be narrowed. Built once: building queries is half of an action's time.

    Who narrows it names a workspace or devices, or asks for those that are `there`.
    """
    return Sim.written.order_by("pk").values_list(*SIM_FIELDS)


def with_devices(sims: Iterable[tuple[Any, ...]]) -> list[SimRow]:
    """Return SIMs with the names that their devices have now. One query where any is on a device.

    Args:
        sims: values of `SIM_FIELDS`, read (and locked, where they are) by an earlier statement.
    """
    found = list(sims)
    held = [values[_DEVICE] for values in found if values[_DEVICE] is not None]
    devices = Device.objects.filter(pk__in=held).values_list("pk", "name", "imei", "ip_address", "tags") if held else ()
    names = {pk: named for pk, *named in devices}
    return [SimRow(*values[:_AFTER], *names.get(values[_DEVICE], _NO_NAMES), *values[_AFTER:]) for values in found]


def _sim_rows(sims: QuerySet[Sim, tuple[Any, ...]]) -> list[SimRow]:
    """Read SIMs in id order. Deleted ones are left out here and not in SQL, where each condition costs too."""
    return with_devices(values for values in sims if values[_STATUS] != SimStatus.DELETED)


def read_sims(workspace_id: int, ids: Sequence[int]) -> list[SimRow]:
    """Return SIMs of a workspace without locking them, for previews."""
    return _sim_rows(_sims().filter(workspace_id=workspace_id, pk__in=ids))


def lock_sims(workspace_id: int, ids: Sequence[int]) -> list[SimRow]:
    """Lock SIMs of a workspace and return them as they are now."""
    return _sim_rows(_sims().filter(workspace_id=workspace_id, pk__in=ids).select_for_update(of=("self",)))


def lock_stock(*, ids: Sequence[int] = (), batch_ids: Sequence[int] = ()) -> list[SimRow]:
    """Lock SIMs that are in nobody's inventory, by id or by batch, and return them; for staff, who have checked."""
    sims = _sims().there().filter(Q(pk__in=ids) | Q(batch_id__in=batch_ids), workspace__isnull=True)
    return _sim_rows(sims.select_for_update(of=("self",)))


def lock_sims_with(workspace_id: int, ids: Sequence[int], *, on: Sequence[int]) -> list[SimRow]:
    """Lock SIMs of a workspace by id together with those on devices, in one query and so in one order.

    Args:
        workspace_id: owner of SIMs and devices.
        ids: SIMs that are named.
        on: devices, which are locked already.
    """
    sims = _sims().filter(Q(pk__in=ids) | Q(device_id__in=on), workspace_id=workspace_id)
    return _sim_rows(sims.select_for_update(of=("self",)))


def _device_rows(devices: QuerySet[Device]) -> list[DeviceRow]:
    return list(map(DeviceRow._make, devices.order_by("pk").values_list(*DEVICE_FIELDS)))


def read_devices(workspace_id: int, ids: Sequence[int]) -> list[DeviceRow]:
    """Return devices of a workspace without locking them, for previews."""
    return _device_rows(Device.objects.of(workspace_id).filter(pk__in=ids).exclude(status=DeviceStatus.DELETED))


def lock_devices(workspace_id: int, ids: Sequence[int]) -> list[DeviceRow]:
    """Lock devices of a workspace and return them as they are now."""
    return _device_rows(
        Device.objects.of(workspace_id)
        .filter(pk__in=ids)
        .exclude(status=DeviceStatus.DELETED)
        .select_for_update(of=("self",))
    )


def sims_on(device_ids: Sequence[int], *, lock: bool) -> dict[int, SimRow]:
    """Return the SIM of each device, by device id; locked when asked, after the devices themselves."""
    sims = _sims().filter(device_id__in=device_ids)
    if lock:
        sims = sims.select_for_update(of=("self",))
    return {row.device_id: row for row in _sim_rows(sims) if row.device_id is not None}


def holding(device_ids: Sequence[int]) -> set[int]:
    """Return which devices hold a SIM."""
    return set(Sim.objects.filter(device_id__in=device_ids).values_list("device_id", flat=True))


def missing(ids: Iterable[int], found: Iterable[SimRow | DeviceRow]) -> list[int]:
    """Return the ids that were asked for and are not there."""
    present = {row.id for row in found}
    return [id_ for id_ in ids if id_ not in present]


def devices_not_found(ids: Iterable[int], found: Iterable[DeviceRow]) -> list[Refusal]:
    """Return a refusal for each device that was asked for and is not there, worded for who acts on one."""
    return [
        Refusal.of(pk, str(pk), NotFound(_("Device with Id '%(id)s' not found.") % {"id": pk}))
        for pk in missing(ids, found)
    ]
