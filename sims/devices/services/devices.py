"""Creating, changing and deleting devices (`docs/rules.md` section 5, `docs/api.md` section 5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action
from kit.context import current_context
from kit.errors import Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from sims import signals
from sims.devices.services.tags import normalise_tags
from sims.identifiers import normalise_imei
from sims.inventory.services.assignment import put_on
from sims.inventory.services.limits import Room, activation_room
from sims.locking import chunks, lock_devices, missing, read_devices, sims_on
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.signals import DeviceCreated, DeviceDeleted, DeviceFact, DeviceRow, DeviceUpdated, SimRow, TagChange
from sims.states import DeviceStatus, SimStatus

UPDATABLE = ("name", "imei", "imei_lock", "ip_address", "tags", "service_policy_id", "coverage_policy_id")


@dataclass(frozen=True, slots=True)
class SimChoice:
    """A SIM to put on a new device.

    Args:
        sim_id: the SIM.
        status: state to bring it into first: Activated or Factory test; `None` leaves it.
        activate: without `status`: Factory test where the workspace has it and the SIM is Issued, else Activated.
    """

    sim_id: int
    status: int | None = None
    activate: bool = False


def create_device(
    *,
    workspace_id: int,
    name: str,
    service_policy_id: int,
    coverage_policy_id: int,
    status: int = DeviceStatus.ENABLED,
    tags: str = "",
    imei: str = "",
    imei_lock: bool = False,
    ip_address: str | None = None,
    sim: SimChoice | None = None,
) -> Device:
    """Make a device, with its SIM if one is chosen: both or neither.

    Args:
        workspace_id: owner.
        name: as its owner calls it, at most 200 characters.
        service_policy_id, coverage_policy_id: policies of the same workspace.
        status: Enabled or Disabled.
        tags: names separated by commas.
        imei: 14 to 16 digits, or empty.
        imei_lock: refuse the SIM in another device; needs an IMEI.
        ip_address: fixed address, or `None`.
        sim: the SIM to put on it.

    Returns:
        The stored device.

    Raises:
        Forbidden: the actor may not create devices here.
        Invalid, NotFound, Conflict: an input is wrong; the error names the field.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if sim is not None and (sim.status is not None or sim.activate):
        authorise(workspace_id, Permission.SIM_UPDATE)
    given = {
        "name": name,
        "imei": imei,
        "imei_lock": imei_lock,
        "ip_address": ip_address,
        "tags": tags,
        "service_policy_id": service_policy_id,
        "coverage_policy_id": coverage_policy_id,
    }
    values = clean_values(workspace_id, given)
    if values["imei_lock"] and not values["imei"]:
        raise Invalid(_("An IMEI lock needs an IMEI."), code="required", field="imei")
    if status not in (DeviceStatus.ENABLED, DeviceStatus.DISABLED):
        raise Invalid(_("A device is created as Enabled (0) or Disabled (1)."), field="status")
    return _create(workspace_id, {**values, "status": status}, sim)


def _create(workspace_id: int, values: Mapping[str, Any], sim: SimChoice | None) -> Device:
    """Store a device whose values are checked, and put its SIM on it."""
    with action():
        to = wanted_state(workspace_id, sim) if sim is not None else None
        room = activation_room(workspace_id, lock=True) if to == SimStatus.ACTIVATED else Room()
        now = current_context().now()
        device = Device.objects.create(workspace_id=workspace_id, created=now, last_updated=now, **values)
        row = DeviceRow(device.pk, device.name, device.imei, device.ip_address, device.tags, device.status)
        steps: list[DeviceFact] = [DeviceCreated(device=row)]
        if sim is not None:
            steps += put_on(row, sim.sim_id, workspace_id=workspace_id, status=to, room=room)
        signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return device


def update_device(*, workspace_id: int, device_id: int, changes: Mapping[str, Any]) -> Outcome:
    """Change properties of a device; values that already hold are left out, and nothing left writes nothing.

    Args:
        workspace_id: owner.
        device_id: the device.
        changes: new values by field name, out of `UPDATABLE`.

    Raises:
        Forbidden: the actor may not change devices here.
        NotFound: no such device.
        Invalid: an input is wrong; the error names the field.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    wanted = clean_values(workspace_id, changes)
    with action():
        device = (
            Device.objects.of(workspace_id)
            .exclude(status=DeviceStatus.DELETED)
            .select_for_update(of=("self",))
            .filter(pk=device_id)
            .first()
        )
        if device is None:
            raise NotFound(f"Device with Id '{device_id}' not found.")
        old = {name: getattr(device, name) for name in wanted}
        differing = {name: value for name, value in wanted.items() if old[name] != value}
        if not differing:
            return Outcome(unchanged=[device_id])
        for name, value in differing.items():
            setattr(device, name, value)
        if device.imei_lock and not device.imei:
            raise Invalid(_("An IMEI lock needs an IMEI."), code="required", field="imei")
        device.last_updated = current_context().now()
        device.save(update_fields=[*differing, "last_updated"])
        row = DeviceRow(device.pk, device.name, device.imei, device.ip_address, device.tags, device.status)
        _state_update(workspace_id, row, old, differing)
    return Outcome(changed=[device_id])


def _state_update(workspace_id: int, row: DeviceRow, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    if set(new) == {"tags"}:
        before, after = normalise_tags(old["tags"]), normalise_tags(new["tags"])
        added = [tag for tag in after if tag not in before]
        removed = [tag for tag in before if tag not in after]
        change = TagChange(devices=[row], added=added, removed=removed)
        signals.tags_changed.send(sender=Device, workspace_id=workspace_id, changes=[change])
        return
    sim: SimRow | None = sims_on([row.id], lock=False).get(row.id)
    changes = {name.removesuffix("_id"): {"from": old[name], "to": value} for name, value in new.items()}
    step = DeviceUpdated(device=row, sim=sim, changes=changes)
    signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=[step])


def delete_devices(*, workspace_id: int, device_ids: Sequence[int]) -> Outcome:
    """Delete devices that hold no SIM; the others are refused by name.

    Args:
        workspace_id: owner.
        device_ids: which devices.

    Raises:
        Forbidden: the actor may not delete devices here.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    with action():
        steps: list[DeviceFact] = []
        for ids in chunks(device_ids):
            rows = lock_devices(workspace_id, ids)
            part, deleting = _decide_delete(rows, ids)
            part.refused += not_found(missing(ids, rows), "Device")
            outcome.extend(part)
            Device.objects.filter(pk__in=part.changed).update(
                status=DeviceStatus.DELETED,
                service_policy=None,
                coverage_policy=None,
                last_updated=current_context().now(),
            )
            steps += [DeviceDeleted(device=device) for device in deleting]
        if steps:
            signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return outcome


def preview_delete_devices(*, workspace_id: int, device_ids: Sequence[int]) -> Outcome:
    """Tell what `delete_devices` would do. Changes nothing. Args and errors as there."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    for ids in chunks(device_ids):
        rows = read_devices(workspace_id, ids)
        part, _deleting = _decide_delete(rows, ids)
        part.refused += not_found(missing(ids, rows), "Device")
        outcome.extend(part)
    if outcome.changed:
        outcome.notes.append(_("Deleted devices cannot be restored; their events stay."))
    return outcome


def _decide_delete(rows: Sequence[DeviceRow], ids: Sequence[int]) -> tuple[Outcome, list[DeviceRow]]:
    holding = set(Sim.objects.filter(device_id__in=ids).values_list("device_id", flat=True))
    outcome = Outcome()
    deleting: list[DeviceRow] = []
    for device in rows:
        if device.id in holding:
            outcome.refused.append(Refusal(device.id, device.name, "has_sim", _("It has a SIM. Release it first.")))
        else:
            outcome.changed.append(device.id)
            deleting.append(device)
    return outcome, deleting


def wanted_state(workspace_id: int, choice: SimChoice) -> int | None:
    """Return the state a SIM is to be brought into along with its device, `None` for the one it has.

    Args:
        workspace_id: owner of the SIM.
        choice: what was asked for; `activate` means factory test where an Issued SIM may enter it.
    """
    if choice.status is not None or not choice.activate:
        return choice.status
    row = (
        Sim.objects.of(workspace_id)
        .filter(pk=choice.sim_id)
        .select_related("workspace__package")
        .only("status", "workspace__factory_test_override", "workspace__package__factory_test_allowed")
        .first()
    )
    if row is not None and row.status == SimStatus.ISSUED and row.workspace and row.workspace.factory_test_allowed:
        return SimStatus.FACTORY_TEST
    return SimStatus.ACTIVATED


def clean_values(workspace_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a device as they are stored.

    Args:
        workspace_id: owner.
        values: by field name, out of `UPDATABLE`.

    Raises:
        Invalid, NotFound: the first that cannot be; `field` names it.
    """
    unknown = set(values) - set(UPDATABLE)
    if unknown:
        raise Invalid(_("'%(field)s' cannot be changed.") % {"field": sorted(unknown)[0]}, field=sorted(unknown)[0])
    clean = dict(values)
    if "name" in clean:
        clean["name"] = _clean_name(clean["name"])
    if "imei" in clean:
        clean["imei"] = normalise_imei(clean["imei"] or "")
    if "tags" in clean:
        clean["tags"] = ",".join(normalise_tags(clean["tags"] or ""))
    if "ip_address" in clean:
        clean["ip_address"] = _clean_address(clean["ip_address"])
    if "service_policy_id" in clean and not _policy_exists(ServicePolicy, workspace_id, clean["service_policy_id"]):
        raise NotFound(
            f"Service profile with Id '{clean['service_policy_id']}' not found.",
            code="invalid_reference",
            field="service_profile",
        )
    if "coverage_policy_id" in clean and not _policy_exists(CoveragePolicy, workspace_id, clean["coverage_policy_id"]):
        raise NotFound(
            f"Tariff profile with Id '{clean['coverage_policy_id']}' not found.",
            code="invalid_reference",
            field="tariff_profile",
        )
    return clean


def _policy_exists(model: type[ServicePolicy] | type[CoveragePolicy], workspace_id: int, pk: int) -> bool:
    return model._default_manager.filter(workspace_id=workspace_id, pk=pk).exists()


def _clean_name(value: str) -> str:
    name = (value or "").strip()
    if not name:
        raise Invalid(_("A device needs a name."), code="required", field="name")
    if len(name) > 200:
        raise Invalid(_("A device name has at most 200 characters."), code="too_long", field="name")
    return name


def _clean_address(value: str | None) -> str | None:
    if not value:
        return None
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError as error:
        raise Invalid(
            _("'%(value)s' is not an IP address, e.g. 10.192.0.7.") % {"value": value},
            code="invalid_format",
            field="ip_address",
        ) from error
