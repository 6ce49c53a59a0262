"""Creating and deleting devices by the thousand: all or none, in a number of queries that does not grow with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Workspace
from accounts.permissions import Permission, authorise
from kit.action import action
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome
from kit.querysets import CHUNK
from sims import signals
from sims.devices.services.devices import SimChoice, clean_values, delete_devices
from sims.inventory.services.assignment import release_sims
from sims.inventory.services.limits import Room, activation_room
from sims.inventory.services.status import change_sim_status, require_factory_test
from sims.locking import lock_sims, sims_on
from sims.models import Device, Sim
from sims.signals import DeviceCreated, DeviceFact, DeviceRow, SimAssigned, SimRow, SimStatusChange
from sims.states import SIM_WIRE_NAMES, DeviceStatus, SimStatus, sim_may_move
from sims.transitions import move

MOST = 2_000
"""Devices a call, as published."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A device to be made.

    Args:
        values: by field name: `name`, and if wanted `tags`, `imei`, `imei_lock`, `ip_address`.
        sim: the SIM to put on it.
    """

    values: Mapping[str, Any]
    sim: SimChoice | None = None


def create_devices(
    *, workspace_id: int, service_policy_id: int, coverage_policy_id: int, status: int, drafts: Sequence[Draft]
) -> list[Device]:
    """Make devices with the same policies and state, with their SIMs where chosen: all or none.

    Args:
        workspace_id: owner.
        service_policy_id, coverage_policy_id: policies of the same workspace.
        status: Enabled or Disabled.
        drafts: 1 to 2,000.

    Raises:
        Forbidden: the actor may not create devices (or change SIMs, where a state is chosen) here.
        Invalid, NotFound, Conflict: as `create_device`, for the first that can't be.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if any(draft.sim is not None and (draft.sim.status is not None or draft.sim.activate) for draft in drafts):
        authorise(workspace_id, Permission.SIM_UPDATE)
    if not 1 <= len(drafts) <= MOST:
        raise Invalid(_("Send 1 to %(most)s devices.") % {"most": MOST}, code="too_many", field="endpoints")
    if status not in (DeviceStatus.ENABLED, DeviceStatus.DISABLED):
        raise Invalid(_("A device is created as Enabled (0) or Disabled (1)."), field="status")
    policies = clean_values(
        workspace_id, {"service_policy_id": service_policy_id, "coverage_policy_id": coverage_policy_id}
    )
    cleaned = [_values(workspace_id, draft) for draft in drafts]
    choices = [draft.sim for draft in drafts]
    with action():
        room = activation_room(workspace_id, lock=True) if any(map(_activates, choices)) else Room()
        now = current_context().now()
        devices = Device.objects.bulk_create(
            [
                Device(workspace_id=workspace_id, status=status, created=now, last_updated=now, **policies, **values)
                for values in cleaned
            ],
            batch_size=CHUNK,
        )
        rows = [DeviceRow(d.pk, d.name, d.imei, d.ip_address, d.tags, d.status) for d in devices]
        steps = _steps(workspace_id, rows, choices, room)
        signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return devices


def _activates(choice: SimChoice | None) -> bool:
    return choice is not None and (choice.activate or choice.status == SimStatus.ACTIVATED)


def _values(workspace_id: int, draft: Draft) -> dict[str, Any]:
    values = clean_values(workspace_id, draft.values)
    if values.get("imei_lock") and not values.get("imei"):
        raise Invalid(_("An IMEI lock needs an IMEI."), code="required", field="imei")
    return values


def _steps(
    workspace_id: int, devices: Sequence[DeviceRow], choices: Sequence[SimChoice | None], room: Room
) -> list[DeviceFact]:
    """Put SIMs on new devices and return what happened, device by device."""
    chosen = [choice.sim_id for choice in choices if choice is not None]
    sims = {row.id: row for row in lock_sims(workspace_id, sorted(set(chosen)))} if chosen else {}
    factory_test = (
        bool(chosen) and Workspace.objects.select_related("package").get(pk=workspace_id).factory_test_allowed
    )
    moving: dict[int, list[SimRow]] = defaultdict(list)
    steps: list[DeviceFact] = []
    placed: list[Sim] = []
    taken: set[int] = set()
    for device, choice in zip(devices, choices, strict=True):
        steps.append(DeviceCreated(device=device))
        if choice is None:
            continue
        sim = _free(sims.get(choice.sim_id), choice, taken)
        to = _state(choice, sim, factory_test)
        if to is not None and to != sim.status:
            _check_move(workspace_id, sim, to, factory_test=factory_test)
            moving[to].append(sim)
            steps.append(SimStatusChange(sim=sim, old=sim.status, new=to))
        steps.append(SimAssigned(sim=sim.on(device), device=device))
        placed.append(Sim(pk=sim.id, device_id=device.id, last_updated=current_context().now()))
    room.require(len(moving[SimStatus.ACTIVATED]), field="sim.status")
    for to, rows in moving.items():
        move(rows, to)
    if placed:
        Sim.objects.bulk_update(placed, ["device", "last_updated"], batch_size=CHUNK)
    return steps


def _free(sim: SimRow | None, choice: SimChoice, taken: set[int]) -> SimRow:
    if sim is None:
        raise NotFound(f"SIM with Id '{choice.sim_id}' not found.", field="sim")
    if sim.device_id is not None or sim.id in taken:
        raise Conflict(
            _("SIM %(iccid)s is on a device. Release it first.") % {"iccid": sim.iccid}, code="sim_in_use", field="sim"
        )
    taken.add(sim.id)
    return sim


def _state(choice: SimChoice, sim: SimRow, factory_test: bool) -> int | None:
    if choice.status is not None or not choice.activate:
        return choice.status
    return SimStatus.FACTORY_TEST if sim.status == SimStatus.ISSUED and factory_test else SimStatus.ACTIVATED


def _check_move(workspace_id: int, sim: SimRow, to: int, *, factory_test: bool) -> None:
    if to not in SIM_WIRE_NAMES or to == SimStatus.DELETED:
        raise Invalid(_("Choose Activated (1), Suspended (2) or Factory Test (4)."), field="sim.status")
    if not sim_may_move(sim.status, to):
        raise Conflict(
            _("SIM %(iccid)s is %(old)s and cannot become %(new)s.")
            % {"iccid": sim.iccid, "old": SIM_WIRE_NAMES[sim.status], "new": SIM_WIRE_NAMES[to]},
            code="sim_state",
            field="sim.status",
        )
    if to == SimStatus.FACTORY_TEST and not factory_test:
        # Says why; asked only where it is refused, so that it is not asked for each SIM.
        require_factory_test(workspace_id)


def delete_devices_with_sims(*, workspace_id: int, device_ids: Sequence[int], delete_sims: bool = False) -> Outcome:
    """Delete devices after taking off their SIMs: all or none.

    Args:
        workspace_id: owner.
        device_ids: 1 to 2,000.
        delete_sims: delete the SIMs too; without it they are suspended where they are Activated.

    Raises:
        Forbidden: the actor may not delete devices, or SIMs, here.
        Invalid: too many.
        NotFound: one of them is not there; nothing was changed.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if delete_sims:
        authorise(workspace_id, Permission.SIM_DELETE)
    ids = sorted(set(device_ids))
    if not 1 <= len(ids) <= MOST:
        raise Invalid(_("Send 1 to %(most)s devices.") % {"most": MOST}, code="too_many", field="endpoints")
    with action():
        present = Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).filter(pk__in=ids)
        missing = set(ids) - set(present.values_list("pk", flat=True))
        if missing:
            raise NotFound(f"Endpoint with Id '{min(missing)}' not found.")
        held = sims_on(ids, lock=False)
        if held:
            release_sims(workspace_id=workspace_id, device_ids=sorted(held), suspend=not delete_sims)
        if delete_sims and held:
            sim_ids = [row.id for row in held.values()]
            change_sim_status(workspace_id=workspace_id, sim_ids=sim_ids, to=SimStatus.DELETED).raise_if_refused()
        outcome = delete_devices(workspace_id=workspace_id, device_ids=ids)
        outcome.raise_if_refused()
    return outcome
