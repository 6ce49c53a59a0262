"""Putting SIMs on devices and taking them off (`docs/rules.md` section 4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from sims import signals
from sims.inventory.services.limits import Room, activation_room
from sims.inventory.services.status import billing_note, require_factory_test
from sims.locking import chunks, lock_devices, lock_sims, missing, read_devices, sims_on
from sims.models import Device, Sim
from sims.signals import DeviceFact, DeviceRow, DeviceStatusChange, SimAssigned, SimReleased, SimRow, SimStatusChange
from sims.states import SIM_WIRE_NAMES, DeviceStatus, SimStatus, sim_may_move
from sims.transitions import move


def assign_sim(*, workspace_id: int, device_id: int, sim_id: int, status: int | None = None) -> None:
    """Put a free SIM on a device that has none.

    Args:
        workspace_id: the workspace of both.
        device_id: the device.
        sim_id: the SIM.
        status: state to bring the SIM into first, Activated or Factory test; `None` leaves it as it is.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, when a state is chosen) here.
        NotFound: no such device, or (with field "sim") no such SIM.
        Conflict: the device has a SIM already, the SIM is on a device, or it may not enter the state.
            A package with a limit of activated SIMs may have no room.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if status is not None:
        authorise(workspace_id, Permission.SIM_UPDATE)
    with action():
        room = activation_room(workspace_id, lock=True) if status == SimStatus.ACTIVATED else Room()
        devices = lock_devices(workspace_id, [device_id])
        if not devices:
            raise NotFound(f"Device with Id '{device_id}' not found.")
        if Sim.objects.filter(device_id=device_id).exists():
            raise Conflict(_("The device has a SIM. Release it first."), code="device_has_sim", field="sim")
        steps = put_on(devices[0], sim_id, workspace_id=workspace_id, status=status, room=room)
        signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)


def put_on(device: DeviceRow, sim_id: int, *, workspace_id: int, status: int | None, room: Room) -> list[DeviceFact]:
    """Write an assignment to a locked, empty device and return its steps; for services that have authorised.

    Args, raises: as `assign_sim`; `room` is that for activated SIMs.
    """
    found = lock_sims(workspace_id, [sim_id])
    if not found:
        raise NotFound(f"SIM with Id '{sim_id}' not found.", field="sim")
    sim = found[0]
    if sim.device_id is not None:
        raise Conflict(
            _("SIM %(iccid)s is on device '%(device)s'. Release it first.")
            % {"iccid": sim.iccid, "device": sim.device_name},
            code="sim_in_use",
            field="sim",
        )
    steps: list[DeviceFact] = [*bring_into(sim, status, workspace_id=workspace_id, room=room)]
    Sim.objects.filter(pk=sim.id).update(device_id=device.id, last_updated=current_context().now())
    steps.append(SimAssigned(sim=sim.on(device), device=device))
    return steps


def bring_into(sim: SimRow, status: int | None, *, workspace_id: int, room: Room) -> list[SimStatusChange]:
    """Bring one locked SIM into the state chosen along with another action, if it is not there already.

    Raises:
        Invalid: no factory test here.
        Conflict: the SIM may not enter the state, or the package has no room for an activated one.
    """
    if status is None or status == sim.status:
        return []
    if status not in SIM_WIRE_NAMES or status == SimStatus.DELETED:
        raise Invalid(_("Choose Activated (1), Suspended (2) or Factory Test (4)."), field="sim.status")
    if not sim_may_move(sim.status, status):
        raise Conflict(
            _("SIM %(iccid)s is %(old)s and cannot become %(new)s.")
            % {"iccid": sim.iccid, "old": SIM_WIRE_NAMES[sim.status], "new": SIM_WIRE_NAMES[status]},
            code="sim_state",
            field="sim.status",
        )
    if status == SimStatus.FACTORY_TEST:
        require_factory_test(workspace_id)
    if status == SimStatus.ACTIVATED:
        room.require(1, field="sim.status")
    return move([sim], status)


def release_sims(*, workspace_id: int, device_ids: Sequence[int], suspend: bool = False) -> Outcome:
    """Take the SIMs off devices; enabled devices become Disabled, SIMs keep their state unless `suspend`.

    Args:
        workspace_id: the workspace of the devices.
        device_ids: which devices.
        suspend: also suspend those SIMs that are Activated, so that charging stops.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, with `suspend`) here.
    """
    _check_release(workspace_id, suspend=suspend)
    outcome = Outcome()
    with action():
        steps: list[DeviceFact] = []
        for ids in chunks(device_ids):
            rows = lock_devices(workspace_id, ids)
            part, held = _decide_release(rows, sims_on(ids, lock=True))
            part.refused += not_found(missing(ids, rows), "Device")
            outcome.extend(part)
            steps += take_off(held, suspend=suspend)
        if steps:
            signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return outcome


def preview_release(*, workspace_id: int, device_ids: Sequence[int], suspend: bool = False) -> Outcome:
    """Tell what `release_sims` would do. Changes nothing. Args and errors as there."""
    _check_release(workspace_id, suspend=suspend)
    outcome = Outcome()
    charged = 0
    for ids in chunks(device_ids):
        rows = read_devices(workspace_id, ids)
        part, held = _decide_release(rows, sims_on(ids, lock=False))
        part.refused += not_found(missing(ids, rows), "Device")
        outcome.extend(part)
        charged += sum(sim.status == SimStatus.ACTIVATED for _device, sim in held)
    if charged and suspend:
        outcome.notes.append(billing_note(SimStatus.SUSPENDED, charged))
    elif charged:
        outcome.notes.append(_("Activated SIMs stay Activated and are charged although no device uses them."))
    return outcome


def take_off(held: Sequence[tuple[DeviceRow, SimRow]], *, suspend: bool) -> list[DeviceFact]:
    """Write releases of locked devices and SIMs and return the steps, object by object.

    Args:
        held: devices with their SIMs, locked in this transaction.
        suspend: also suspend Activated SIMs.
    """
    if not held:
        return []
    now = current_context().now()
    suspending = [sim for _device, sim in held if suspend and sim.status == SimStatus.ACTIVATED]
    enabled = [device.id for device, _sim in held if device.status == DeviceStatus.ENABLED]
    move(suspending, SimStatus.SUSPENDED)
    if enabled:
        Device.objects.filter(pk__in=enabled).update(status=DeviceStatus.DISABLED, last_updated=now)
    Sim.objects.filter(pk__in=[sim.id for _device, sim in held]).update(device=None, last_updated=now)
    steps: list[DeviceFact] = []
    for device, sim in held:
        if suspend and sim.status == SimStatus.ACTIVATED:
            steps.append(SimStatusChange(sim=sim, old=sim.status, new=SimStatus.SUSPENDED))
        if device.status == DeviceStatus.ENABLED:
            steps.append(DeviceStatusChange(device=device, sim=sim, new=DeviceStatus.DISABLED))
        steps.append(SimReleased(sim=sim, device=device))
    return steps


def _check_release(workspace_id: int, *, suspend: bool) -> None:
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if suspend:
        authorise(workspace_id, Permission.SIM_UPDATE)


def _decide_release(
    rows: Sequence[DeviceRow], sims: dict[int, SimRow]
) -> tuple[Outcome, list[tuple[DeviceRow, SimRow]]]:
    outcome = Outcome()
    held: list[tuple[DeviceRow, SimRow]] = []
    for device in rows:
        sim = sims.get(device.id)
        if sim is None:
            outcome.refused.append(Refusal(device.id, device.name, "no_sim", _("It has no SIM to release.")))
        else:
            outcome.changed.append(device.id)
            held.append((device, sim))
    return outcome, held
