"""How the objects of a bulk action stood before and after: read from what its services state, under the same locks.

Services state every change with the rows as they were locked. What they left alone is read afterwards, while the
transaction still holds its locks; so each line of a report is exact, whoever else acts at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.dispatch import receiver

from kit.outcomes import Outcome
from sims import signals
from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim
from sims.signals import DeviceFact, DeviceRow, DeviceStatusChange, SimRow, SimStatusChange
from sims.states import DeviceStatus, SimStatus


@dataclass
class Trail:
    """What was stated while a bulk action ran.

    Args:
        sims: by SIM, the row as it was first, and the last new state where it changed.
        devices: by device, the row as it was first, and the last new state where it changed.
        held: by device, the SIM that it held first.
    """

    sims: dict[int, tuple[SimRow, int]] = field(default_factory=dict)
    devices: dict[int, tuple[int, int]] = field(default_factory=dict)
    held: dict[int, SimRow] = field(default_factory=dict)

    def note_sim(self, sim: SimRow, new: int | None = None) -> None:
        """Note a SIM as a service has locked it, and the state that it went to."""
        first, last = self.sims.get(sim.id, (sim, sim.status))
        self.sims[sim.id] = (first, last if new is None else new)
        if sim.device_id is not None:
            self.held.setdefault(sim.device_id, sim)

    def note_device(self, device: DeviceRow, sim: SimRow | None, new: int | None = None) -> None:
        """Note a device as a service has locked it, its SIM, and the state that it went to."""
        first, last = self.devices.get(device.id, (device.status, device.status))
        self.devices[device.id] = (first, last if new is None else new)
        if sim is not None:
            self.held.setdefault(device.id, sim)
            self.note_sim(sim)


_trail: ContextVar[Trail | None] = ContextVar("bulk_trail", default=None)


@contextmanager
def trailing() -> Iterator[Trail]:
    """Note what services state inside."""
    trail = Trail()
    token = _trail.set(trail)
    try:
        yield trail
    finally:
        _trail.reset(token)


@receiver(signals.sim_status_changed, dispatch_uid="sims.bulk.trail.sims")
def _on_sims(changes: Sequence[SimStatusChange], **_facts: Any) -> None:
    trail = _trail.get()
    for change in changes if trail is not None else ():
        trail.note_sim(change.sim, change.new)  # type: ignore[union-attr]  # there are none without a trail


@receiver(signals.devices_changed, dispatch_uid="sims.bulk.trail.devices")
def _on_devices(steps: Sequence[DeviceFact], **_facts: Any) -> None:
    trail = _trail.get()
    if trail is None:
        return
    for step in steps:
        if isinstance(step, SimStatusChange):
            trail.note_sim(step.sim, step.new)
        elif isinstance(step, DeviceStatusChange):
            trail.note_device(step.device, step.sim, step.new)
        else:
            trail.note_device(step.device, getattr(step, "sim", None))


SIM_HEAD = ("IMSI", "device", "state before", "state after")
DEVICE_HEAD = ("ICCID", "IMSI", "state before", "state after", "SIM state before", "SIM state after")


def sim_trace(workspace_id: int, ids: Sequence[int], outcome: Outcome, trail: Trail) -> list[list[Any]]:
    """Return id, IMSI, device, and the states before and after, of the SIMs that the workspace has or had. One query.

    Args:
        workspace_id: where it was done.
        ids: the SIMs.
        outcome: what became of them.
        trail: what was stated.
    """
    ours = set(outcome.changed)
    rows = Sim.objects.filter(pk__in=ids).order_by("pk")
    found = []
    for pk, place, imsi, status, device in rows.values_list("pk", "workspace_id", "imsi", "status", "device__name"):
        if pk not in ours and place != workspace_id:
            continue
        first, _last = trail.sims.get(pk, (None, 0))
        name = device if first is None else first.device_name
        found.append([pk, imsi, name or "", status if first is None else first.status, status])
    return found


def device_trace(workspace_id: int, ids: Sequence[int], outcome: Outcome, trail: Trail) -> list[list[Any]]:
    """Return id, ICCID and IMSI of its SIM, and the states of both before and after, of devices. Two queries.

    Args: as `sim_trace`.
    """
    devices = Device.objects.of(workspace_id).filter(pk__in=ids).order_by("pk").values_list("pk", "status")
    held = Sim.objects.filter(device_id__in=ids).values_list("device_id", "iccid", "imsi", "status")
    now = {device: (iccid, imsi, status) for device, iccid, imsi, status in held}
    found: list[list[Any]] = []
    for pk, status in devices:
        before = trail.devices.get(pk, (status, status))[0]
        sim = trail.held.get(pk)
        if sim is not None:
            first, last = trail.sims[sim.id]
            found.append([pk, iccid_with_luhn(sim.iccid), sim.imsi, before, status, first.status, last])
        elif pk in now:
            iccid, imsi, state = now[pk]
            found.append([pk, iccid_with_luhn(iccid), imsi, before, status, state, state])
        else:
            found.append([pk, "", "", before, status, None, None])
    return found


def sim_line(trace: Sequence[Any]) -> list[str]:
    """Return the cells of a SIM's trace as a report shows them, by `SIM_HEAD`."""
    imsi, device, before, after = trace
    return [imsi, device, _sim_state(before), _sim_state(after)]


def device_line(trace: Sequence[Any]) -> list[str]:
    """Return the cells of a device's trace as a report shows them, by `DEVICE_HEAD`."""
    iccid, imsi, before, after, sim_before, sim_after = trace
    states = [_device_state(before), _device_state(after), _sim_state(sim_before), _sim_state(sim_after)]
    return [iccid, imsi, *states]


def _sim_state(status: int | None) -> str:
    return "" if status is None else str(SimStatus(status).label)


def _device_state(status: int | None) -> str:
    return "" if status is None else str(DeviceStatus(status).label)
