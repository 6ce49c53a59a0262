"""Creating, changing and deleting devices: one or ten thousand, each with values of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_actor, current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.ip_addresses import ip_address_of
from kit.outcomes import Outcome, Refusal, not_found
from kit.querysets import CHUNK
from sims import signals
from sims.devices.services.tags import tag_way
from sims.devices.services.values import AddressBook, Cleaner, Values, apply_values, check_imei_lock
from sims.inventory.services.assignment import Assigning, Pair, SimChoice, lock_chosen, put_on, release_sims
from sims.inventory.services.status import change_sim_status
from sims.locking import chunks, devices_not_found, holding, lock_devices, missing, read_devices, sims_on
from sims.models import Device
from sims.signals import DeviceCreated, DeviceDeleted, DeviceFact, DeviceRow, DeviceUpdated, TagChange
from sims.states import SETTABLE, DeviceStatus, SimStatus


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be made.

    Args:
        name: as its owner calls it, at most 200 characters.
        service_policy_id, coverage_policy_id: policies of the same workspace.
        status: Enabled or Disabled.
        tags: names separated by commas.
        imei: 14 to 16 digits, or empty.
        imei_lock: refuse the SIM in another device; needs an IMEI.
        ip_address: fixed address, or `None`.
        sim: the SIM to put on it.
        note: what is worth keeping in mind, at most 1,000 characters.
    """

    name: str
    service_policy_id: int
    coverage_policy_id: int
    status: int = DeviceStatus.ENABLED
    tags: str = ""
    imei: str = ""
    imei_lock: bool = False
    ip_address: str | None = None
    sim: SimChoice | None = None
    note: str = ""

    def values(self) -> Values:
        """Return the properties by field name."""
        return {
            "name": self.name,
            "imei": self.imei,
            "imei_lock": self.imei_lock,
            "ip_address": self.ip_address,
            "tags": self.tags,
            "service_policy_id": self.service_policy_id,
            "coverage_policy_id": self.coverage_policy_id,
            "note": self.note,
        }


def row_of(device: Device) -> DeviceRow:
    """Return a device as it is stated to whoever listens."""
    return DeviceRow(device.pk, device.name, device.imei, device.ip_address, device.tags, device.status)


@retried
def create_devices(*, workspace_id: int, devices: Sequence[NewDevice]) -> list[Device]:
    """Make devices, with their SIMs where chosen: all or none (`docs/rules.md` sections 4 and 5).

    Args:
        workspace_id: owner.
        devices: what to make.

    Returns:
        The stored devices, in the order in which they were given.

    Raises:
        Forbidden: the actor may not create devices (or change SIMs, where a state is chosen) here.
        Invalid, NotFound, Conflict: an input is wrong; the error is that of the first device, and names the field.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    choices = [new.sim for new in devices if new.sim is not None]
    with action():
        assigning = Assigning.prepare(workspace_id, choices)
        asked = [new.values() for new in devices]
        clean = Cleaner(workspace_id, asked)
        rows = [_made(workspace_id, new.status, clean(values)) for new, values in zip(devices, asked, strict=True)]
        enabled = [row for row in rows if row.status == DeviceStatus.ENABLED]
        book = AddressBook(workspace_id, [row.ip_address for row in enabled])
        for at, row in enumerate(enabled, start=1):
            book.take(row.ip_address, -at, row.name)
        made = Device.objects.bulk_create(rows, batch_size=CHUNK)
        sims = lock_chosen(workspace_id, choices)
        pairs: list[Pair] = [
            assigning.pair(row_of(device), sims.get(new.sim.sim_id), new.sim)
            for device, new in zip(made, devices, strict=True)
            if new.sim is not None
        ]
        assigning.take_room(*pairs)
        placed = put_on(pairs)
        steps: list[DeviceFact] = []
        for device in made:
            steps += [_created(device), *placed.get(device.pk, [])]
        if steps:
            signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return made


def _created(device: Device) -> DeviceCreated:
    """Return the fact that a device was made with two policies, which every new device has."""
    service, coverage = device.service_policy_id, device.coverage_policy_id
    if service is None or coverage is None:  # the database refuses it; the type checker does not know
        raise RuntimeError("A device was made without policies.")
    return DeviceCreated(row_of(device), service, coverage, device.imei_lock, device.note)


def _made(workspace_id: int, status: int, values: Values) -> Device:
    check_imei_lock(imei=values["imei"], imei_lock=values["imei_lock"])
    if status not in SETTABLE:
        raise Invalid(_("A device is created as Enabled (0) or Disabled (1)."), field="status")
    now = current_context().now()
    if values["note"]:
        values = {**values, **_written_by()}
    return Device(workspace_id=workspace_id, status=status, created=now, last_updated=now, **values)


@retried
def update_devices(*, workspace_id: int, changes: Mapping[int, Values]) -> Outcome:
    """Change properties of devices; those that can't be changed as asked are refused by name.

    Values that already hold are left out, and nothing left writes nothing. Where tags alone change, devices on which
    the same tags come and go are told together.

    Args:
        workspace_id: owner.
        changes: new values by field name, out of `UPDATABLE`, by device id.

    Returns:
        What became of each device.

    Raises:
        Forbidden: the actor may not change devices here.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    told = _Told()
    with action():
        clean = Cleaner(workspace_id, changes.values())
        for ids in chunks(changes):
            devices = list(Device.objects.of(workspace_id).exclude(status=DeviceStatus.DELETED).locked(pk__in=ids))
            outcome.refused += devices_not_found(ids, map(row_of, devices))
            old: dict[int, dict[str, Any]] = {}
            wanted = [ip_address_of(str(changes[device.pk].get("ip_address") or "")) for device in devices]
            book = AddressBook(workspace_id, wanted)
            for device in devices:
                label = device.name
                try:
                    values = clean(changes[device.pk])
                    if device.status == DeviceStatus.ENABLED and values.get("ip_address") != device.ip_address:
                        book.take(values.get("ip_address"), device.pk, label)
                    before = apply_values(device, values)
                except (Conflict, Invalid, NotFound) as error:
                    outcome.refused.append(Refusal.of(device.pk, label, error))
                    continue
                if before:
                    old[device.pk] = before
                (outcome.changed if before else outcome.unchanged).append(device.pk)
            changed = [device for device in devices if device.pk in old]
            noted = {pk for pk, before in old.items() if "note" in before}
            _store(changed, sorted({name.removesuffix("_id") for before in old.values() for name in before}), noted)
            told.add(changed, old)
        told.send(workspace_id)
    return outcome


def _written_by() -> dict[str, Any]:
    """Return who writes a note now, and when; of a program there is no person."""
    person = current_actor().person
    return {"noted_at": current_context().now(), "noted_by_id": person.user_id if person is not None else None}


def _store(devices: Sequence[Device], fields: Sequence[str], noted: Collection[int]) -> None:
    """Write devices that were changed.

    Args:
        devices: the rows.
        fields: columns that differ on any of them.
        noted: ids of those that got another note.
    """
    now = current_context().now()
    for device in devices:
        device.last_updated = now
        if device.pk in noted:
            for name, value in _written_by().items():
                setattr(device, name, value)
        # Whatever it shared since before addresses were unique, it shares no more.
        device.address_shared = device.address_shared and "ip_address" not in fields
    shared = ["address_shared"] if "ip_address" in fields else []
    by = ["noted_at", "noted_by"] if noted else []
    Device.objects.update_each(devices, [*fields, *shared, *by, "last_updated"])


@dataclass(slots=True)
class _Told:
    """What an update states: a fact for each device, and one for all devices whose tags alone changed alike."""

    steps: list[DeviceFact] = field(default_factory=list)
    tagged: dict[tuple[tuple[str, ...], tuple[str, ...]], list[DeviceRow]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, devices: Sequence[Device], old: Mapping[int, Values]) -> None:
        """Note changed devices with the values they had. One query."""
        alone = {pk for pk, before in old.items() if set(before) == {"tags"}}
        sims = sims_on([device.pk for device in devices if device.pk not in alone], lock=False)
        for device in devices:
            before = old[device.pk]
            if device.pk in alone:
                self.tagged[tag_way(before["tags"], device.tags)].append(row_of(device))
                continue
            changes = {
                name.removesuffix("_id"): {"from": each, "to": getattr(device, name)} for name, each in before.items()
            }
            self.steps.append(DeviceUpdated(device=row_of(device), sim=sims.get(device.pk), changes=changes))

    def send(self, workspace_id: int) -> None:
        """State it."""
        if self.steps:
            signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=self.steps)
        if self.tagged:
            ways = [TagChange(rows, list(added), list(removed)) for (added, removed), rows in self.tagged.items()]
            signals.tags_changed.send(sender=Device, workspace_id=workspace_id, changes=ways)


@retried
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
            part, deleting = _decide_delete(rows)
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
        part, _deleting = _decide_delete(rows)
        part.refused += not_found(missing(ids, rows), "Device")
        outcome.extend(part)
    if outcome.changed:
        outcome.notes.append(_("Deleted devices cannot be restored; their events stay."))
    return outcome


def _decide_delete(rows: Sequence[DeviceRow]) -> tuple[Outcome, list[DeviceRow]]:
    taken = holding([row.id for row in rows])
    outcome = Outcome()
    deleting: list[DeviceRow] = []
    for device in rows:
        if device.id in taken:
            outcome.refused.append(Refusal(device.id, device.name, "has_sim", _("It has a SIM. Release it first.")))
        else:
            outcome.changed.append(device.id)
            deleting.append(device)
    return outcome, deleting


@retried
def delete_devices_with_sims(*, workspace_id: int, device_ids: Sequence[int], delete_sims: bool = False) -> Outcome:
    """Take the SIMs off devices and delete the devices: all or none (`docs/rules.md` section 4).

    Args:
        workspace_id: owner.
        device_ids: which devices.
        delete_sims: delete the SIMs too; without it they are suspended where they are Activated.

    Raises:
        Forbidden: the actor may not delete devices, or SIMs, here.
        NotFound: one of the devices is not there; nothing was changed.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if delete_sims:
        authorise(workspace_id, Permission.SIM_DELETE)
    with action():
        rows = [row for ids in chunks(device_ids) for row in lock_devices(workspace_id, ids)]
        Outcome(refused=devices_not_found(sorted(set(device_ids)), rows)).raise_if_refused()
        held = {pk: sim.id for ids in chunks(row.id for row in rows) for pk, sim in sims_on(ids, lock=True).items()}
        if held:
            release_sims(workspace_id=workspace_id, device_ids=list(held), suspend=not delete_sims)
        if held and delete_sims:
            sim_ids = list(held.values())
            change_sim_status(workspace_id=workspace_id, sim_ids=sim_ids, to=SimStatus.DELETED).raise_if_refused()
        outcome = delete_devices(workspace_id=workspace_id, device_ids=device_ids)
        outcome.raise_if_refused()
    return outcome
