"""Changing many devices, each in its own way, in a number of queries that grows with neither devices nor ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action
from kit.context import current_context
from kit.errors import Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from kit.querysets import CHUNK
from sims import signals
from sims.devices.services.devices import clean_values
from sims.devices.services.tags import normalise_tags
from sims.inventory.services.limits import CODE, Room, activation_room
from sims.inventory.services.status import require_factory_test
from sims.locking import lock_devices, lock_sims, missing, sims_on
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.signals import DeviceFact, DeviceRow, DeviceUpdated, SimAssigned, SimRow, SimStatusChange, TagChange
from sims.states import SIM_WIRE_NAMES, DeviceStatus, SimStatus, sim_may_move
from sims.transitions import move

_POLICIES = {"service_policy_id": ServicePolicy, "coverage_policy_id": CoveragePolicy}
_NAMES = {"service_policy_id": "Service profile", "coverage_policy_id": "Tariff profile"}

Changes = Mapping[str, Any]


def update_devices(*, workspace_id: int, changes: Mapping[int, Changes]) -> Outcome:
    """Change properties of devices; those that can't be changed as asked are refused by name.

    Args:
        workspace_id: owner.
        changes: by device id: new values by field name, as `devices.update_device` takes them.

    Raises:
        Forbidden: the actor may not change devices here.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    with action():
        rows = Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).filter(pk__in=changes)
        devices = {device.pk: device for device in rows.order_by("pk").select_for_update(of=("self",))}
        outcome = Outcome(refused=not_found(sorted(changes.keys() - devices.keys()), "Device"))
        wanted = _cleaned(workspace_id, devices, changes, outcome)
        old: dict[int, Changes] = {}
        now = current_context().now()
        for pk, values in wanted.items():
            device = devices[pk]
            before = {name: getattr(device, name) for name in values if getattr(device, name) != values[name]}
            for name in before:
                setattr(device, name, values[name])
            if device.imei_lock and not device.imei:
                outcome.refused.append(Refusal(pk, device.name, "required", _("An IMEI lock needs an IMEI.")))
                continue
            if before:
                device.last_updated = now
                old[pk] = before
            (outcome.changed if before else outcome.unchanged).append(pk)
        fields = sorted({name.removesuffix("_id") for before in old.values() for name in before})
        if fields:
            Device.objects.bulk_update([devices[pk] for pk in old], [*fields, "last_updated"], batch_size=CHUNK)
            _tell(workspace_id, devices, old)
    return outcome


def _cleaned(
    workspace_id: int, devices: Mapping[int, Device], changes: Mapping[int, Changes], outcome: Outcome
) -> dict[int, dict[str, Any]]:
    """Return the values to be stored by device; what can't be is noted as refused. Two queries at most."""
    present: dict[str, set[int]] = {}
    for name, model in _POLICIES.items():
        asked = {values[name] for values in changes.values() if name in values}
        if asked:
            found = model._default_manager.filter(workspace_id=workspace_id, pk__in=asked)
            present[name] = set(found.values_list("pk", flat=True))
    cleaned: dict[int, dict[str, Any]] = {}
    for pk, device in devices.items():
        values = changes[pk]
        try:
            made = clean_values(workspace_id, {name: each for name, each in values.items() if name not in _POLICIES})
            for name in _POLICIES:
                if name not in values:
                    continue
                if values[name] not in present[name]:
                    raise NotFound(f"{_NAMES[name]} with Id '{values[name]}' not found.", code="invalid_reference")
                made[name] = values[name]
        except (Invalid, NotFound) as error:
            outcome.refused.append(Refusal(pk, device.name, error.code, error.message))
        else:
            cleaned[pk] = made
    return cleaned


def _tell(workspace_id: int, devices: Mapping[int, Device], old: Mapping[int, Changes]) -> None:
    """Send one signal for all changes, and one more for those of tags alone, device with device where they agree."""
    sims = sims_on(list(old), lock=False)
    steps: list[DeviceFact] = []
    tagged: dict[tuple[tuple[str, ...], tuple[str, ...]], list[DeviceRow]] = defaultdict(list)
    for pk, before in old.items():
        d = devices[pk]
        row = DeviceRow(d.pk, d.name, d.imei, d.ip_address, d.tags, d.status)
        if set(before) == {"tags"}:
            was, is_ = normalise_tags(before["tags"]), normalise_tags(d.tags)
            added, removed = tuple(t for t in is_ if t not in was), tuple(t for t in was if t not in is_)
            tagged[added, removed].append(row)
            continue
        changed = {name.removesuffix("_id"): {"from": each, "to": getattr(d, name)} for name, each in before.items()}
        steps.append(DeviceUpdated(device=row, sim=sims.get(pk), changes=changed))
    if steps:
        signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    if tagged:
        ways = [TagChange(rows, list(added), list(removed)) for (added, removed), rows in tagged.items()]
        signals.tags_changed.send(sender=Device, workspace_id=workspace_id, changes=ways)


def assign_sims(*, workspace_id: int, sims: Mapping[int, int], status: int | None = None) -> Outcome:
    """Put free SIMs on devices that have none; pairs that can't be are refused by name.

    Args:
        workspace_id: the workspace of all.
        sims: SIM id by device id.
        status: state to bring the SIMs into first, Activated or Factory test; `None` leaves them as they are.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, when a state is chosen) here.
        Invalid: no SIM can be brought into this state here.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if status is not None:
        authorise(workspace_id, Permission.SIM_UPDATE)
    if status is not None and (status not in SIM_WIRE_NAMES or status == SimStatus.DELETED):
        raise Invalid(_("Choose Activated (1), Suspended (2) or Factory Test (4)."), field="sim.status")
    if status == SimStatus.FACTORY_TEST:
        require_factory_test(workspace_id)
    with action():
        room = activation_room(workspace_id, lock=True) if status == SimStatus.ACTIVATED else Room()
        devices = lock_devices(workspace_id, sorted(sims))
        holding = set(Sim.objects.filter(device_id__in=sims).values_list("device_id", flat=True))
        free = {row.id: row for row in lock_sims(workspace_id, sorted(set(sims.values())))}
        outcome = Outcome(refused=not_found(missing(sorted(sims), devices), "Device"))
        pairs: list[tuple[DeviceRow, SimRow]] = []
        for device in devices:
            sim = free.pop(sims[device.id], None)
            refusal = _refusal(device, sim, sims[device.id], status, room, holds=device.id in holding)
            if refusal is not None:
                outcome.refused.append(refusal)
            elif sim is not None:
                pairs.append((device, sim))
        _put_on(workspace_id, pairs, status)
        outcome.changed += [device.id for device, _sim in pairs]
    return outcome


def _refusal(
    device: DeviceRow, sim: SimRow | None, sim_id: int, status: int | None, room: Room, *, holds: bool
) -> Refusal | None:
    if holds:
        return Refusal(device.id, device.name, "device_has_sim", _("The device has a SIM. Release it first."))
    if sim is None:
        return Refusal(
            device.id, device.name, "not_found", _("SIM with Id '%(id)s' not found, or named twice.") % {"id": sim_id}
        )
    if sim.device_id is not None:
        reason = _("SIM %(iccid)s is on device '%(device)s'. Release it first.")
        return Refusal(device.id, device.name, "sim_in_use", reason % {"iccid": sim.iccid, "device": sim.device_name})
    if status is None or status == sim.status:
        return None
    if not sim_may_move(sim.status, status):
        reason = _("SIM %(iccid)s is %(old)s and cannot become %(new)s.")
        names = {"iccid": sim.iccid, "old": SIM_WIRE_NAMES[sim.status], "new": SIM_WIRE_NAMES[status]}
        return Refusal(device.id, device.name, "sim_state", reason % names)
    if status == SimStatus.ACTIVATED and not room.take():
        return Refusal(device.id, device.name, CODE, room.refusal)
    return None


def _put_on(workspace_id: int, pairs: Sequence[tuple[DeviceRow, SimRow]], status: int | None) -> None:
    if not pairs:
        return
    moving = [sim for _device, sim in pairs if status is not None and sim.status != status]
    changes: dict[int, SimStatusChange] = {}
    if status is not None:
        changes = {change.sim.id: change for change in move(moving, status)}
    now = current_context().now()
    placed = [Sim(pk=sim.id, device_id=device.id, last_updated=now) for device, sim in pairs]
    Sim.objects.bulk_update(placed, ["device", "last_updated"], batch_size=CHUNK)
    steps: list[DeviceFact] = []
    for device, sim in pairs:
        if sim.id in changes:
            steps.append(changes[sim.id])
        steps.append(SimAssigned(sim=sim.on(device), device=device))
    signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
