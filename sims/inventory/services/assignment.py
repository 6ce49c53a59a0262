"""Putting SIMs on devices and taking them off (`docs/rules.md` section 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from accounts.selectors import workspace_with_package
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from sims import effects, signals
from sims.inventory.services.limits import Room, activation_room
from sims.inventory.services.status import billing_note, require_factory_test, require_open_for_traffic
from sims.locking import (
    chunks,
    devices_not_found,
    holding,
    lock_devices,
    lock_sims,
    missing,
    read_devices,
    sims_on,
)
from sims.models import Device, Sim
from sims.signals import DeviceFact, DeviceRow, DeviceStatusChange, SimAssigned, SimReleased, SimRow, SimStatusChange
from sims.states import SIM_WIRE_NAMES, DeviceStatus, SimStatus, sim_may_move
from sims.transitions import move


@dataclass(frozen=True, slots=True)
class SimChoice:
    """A SIM to put on a device.

    Args:
        sim_id: the SIM.
        status: state to bring it into first, Activated or Factory test; `None` leaves it as it is.
        activate: without `status`: Factory test where the workspace has it and the SIM is Issued, else Activated.
    """

    sim_id: int
    status: int | None = None
    activate: bool = False

    @property
    def activates(self) -> bool:
        """Whether the SIM may become Activated by this choice."""
        return self.status == SimStatus.ACTIVATED or (self.status is None and self.activate)

    def state_for(self, now: int | None, *, factory_test: bool) -> int | None:
        """Return the state that is asked for, `None` for the one the SIM has.

        Args:
            now: state of the SIM, `None` where it is not known.
            factory_test: whether the workspace has factory test.
        """
        if self.status is not None or not self.activate:
            return self.status
        return SimStatus.FACTORY_TEST if now == SimStatus.ISSUED and factory_test else SimStatus.ACTIVATED


class Pair(NamedTuple):
    """A SIM and the device it goes onto, both locked; `to` is the state it is brought into, `None` for its own."""

    device: DeviceRow
    sim: SimRow
    to: int | None


@dataclass(slots=True)
class Assigning:
    """What decides which SIMs may go onto devices in one action (`docs/rules.md` sections 1 and 4).

    Args:
        factory_test: whether a SIM may enter factory test; read only where a choice depends on it.
        room: for SIMs that become activated.
        taken: SIMs that have got their device in this action.
    """

    factory_test: bool
    room: Room
    taken: set[int] = field(default_factory=set)

    @classmethod
    def prepare(cls, workspace_id: int, choices: Collection[SimChoice], *, lock: bool = True) -> Assigning:
        """Check what can be said before anything is locked, and lock the workspace if a limit counts.

        Args:
            workspace_id: whose SIMs and devices.
            choices: what is asked for.
            lock: whether something is done then; a preview locks nothing.

        Raises:
            Forbidden: a state is chosen, and the actor may not change SIMs here.
            Invalid: no SIM can be brought into a state that is chosen, or there is no factory test here.
            Conflict: a state with traffic is chosen, and the trial has ended.
        """
        if any(choice.status is not None or choice.activate for choice in choices):
            authorise(workspace_id, Permission.SIM_UPDATE)
        chosen = {choice.status for choice in choices} - {None}
        if not chosen <= SIM_WIRE_NAMES.keys() - {SimStatus.DELETED}:
            raise Invalid(_("Choose Activated (1), Suspended (2) or Factory Test (4)."), field="sim.status")
        if SimStatus.FACTORY_TEST in chosen:
            require_factory_test(workspace_id)
        if SimStatus.FACTORY_TEST in chosen or any(choice.activates for choice in choices):
            require_open_for_traffic(workspace_id)
        open_choice = any(choice.status is None and choice.activate for choice in choices)
        factory_test = open_choice and workspace_with_package(workspace_id).factory_test_allowed
        limited = any(choice.activates for choice in choices)
        return cls(factory_test, activation_room(workspace_id, lock=lock) if limited else Room())

    def pair(self, device: DeviceRow, sim: SimRow | None, choice: SimChoice) -> Pair:
        """Return a SIM and its device, which holds none; whether there is room for the SIM is the caller's question.

        Args:
            device: the device.
            sim: the SIM that is chosen, locked; `None` when the workspace has none of this id.
            choice: what was asked for.

        Raises:
            NotFound: there is no such SIM.
            Conflict: it is on a device, gets one in this action already, or may not enter the state.
        """
        if sim is None:
            raise NotFound(_("SIM with Id '%(id)s' not found.") % {"id": choice.sim_id}, field="sim")
        if sim.device_id is not None:
            reason = _("SIM %(iccid)s is on device '%(device)s'. Release it first.")
            names = {"iccid": sim.iccid, "device": sim.device_name}
            raise Conflict(reason % names, code="sim_in_use", field="sim")
        if sim.id in self.taken:
            reason = _("SIM %(iccid)s is named twice. It goes onto one device only.")
            raise Conflict(reason % {"iccid": sim.iccid}, code="sim_in_use", field="sim")
        to = choice.state_for(sim.status, factory_test=self.factory_test)
        if to == sim.status:
            to = None
        if to is not None and not sim_may_move(sim.status, to):
            reason = _("SIM %(iccid)s is %(old)s and cannot become %(new)s.")
            states = {"iccid": sim.iccid, "old": SIM_WIRE_NAMES[sim.status], "new": SIM_WIRE_NAMES[to]}
            raise Conflict(reason % states, code="sim_state", field="sim.status")
        self.taken.add(sim.id)
        return Pair(device, sim, to)

    def take_room(self, *pairs: Pair) -> None:
        """Take room for those SIMs that become activated, together or not at all.

        Raises:
            Conflict: the package has no room for all of them.
        """
        self.room.require(sum(pair.to == SimStatus.ACTIVATED for pair in pairs), field="sim.status")


def put_on(pairs: Sequence[Pair]) -> dict[int, list[DeviceFact]]:
    """Write assignments that are decided, and return what happened by device; for services that tell it.

    Args:
        pairs: locked in this transaction; the devices hold no SIM.
    """
    moving: dict[int, list[SimRow]] = defaultdict(list)
    for pair in pairs:
        if pair.to is not None:
            moving[pair.to].append(pair.sim)
    moved = {change.sim.id: change for to, sims in moving.items() for change in move(sims, to)}
    now = current_context().now()
    placed = [Sim(pk=sim.id, device_id=device.id, last_updated=now) for device, sim, _to in pairs]
    Sim.objects.update_each(placed, ["device", "last_updated"])
    facts: dict[int, list[DeviceFact]] = {}
    for device, sim, _to in pairs:
        assigned = SimAssigned(sim=sim.on(device), device=device)
        facts[device.id] = [moved[sim.id], assigned] if sim.id in moved else [assigned]
    return facts


@retried
def assign_sims(*, workspace_id: int, choices: Mapping[int, SimChoice], enable_first: bool = False) -> Outcome:
    """Put free SIMs on devices that have none; those that can't be are refused by name (`docs/rules.md` section 4).

    Args:
        workspace_id: the workspace of all.
        choices: by device id, the SIM that goes onto it and the state to bring it into.
        enable_first: enable devices that are Disabled before their SIM comes, so that no factory test ends by it.

    Returns:
        What became of each device.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, when a state is chosen) here.
        Invalid: no SIM can be brought into a state that is chosen, or there is no factory test here.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    with action():
        assigning = Assigning.prepare(workspace_id, choices.values())
        devices = [row for ids in chunks(choices) for row in lock_devices(workspace_id, ids)]
        sims = lock_chosen(workspace_id, choices.values())
        taken = {pk for ids in chunks(row.id for row in devices) for pk in holding(ids)}
        outcome.refused += devices_not_found(choices, devices)
        pairs: list[Pair] = []
        for device in devices:
            choice = choices[device.id]
            try:
                if device.id in taken:
                    raise Conflict(_("The device has a SIM. Release it first."), code="device_has_sim", field="sim")
                pair = assigning.pair(device, sims.get(choice.sim_id), choice)
                assigning.take_room(pair)
            except (NotFound, Conflict) as error:
                outcome.refused.append(Refusal.of(device.id, device.name, error))
            else:
                pairs.append(pair)
        outcome.changed += [pair.device.id for pair in pairs]
        if enable_first:
            pairs, steps = _enable(pairs)
        else:
            steps = []
        steps += [fact for facts in put_on(pairs).values() for fact in facts]
        if steps:
            signals.devices_changed.send(sender=Device, workspace_id=workspace_id, steps=steps)
    return outcome


def _enable(pairs: Sequence[Pair]) -> tuple[list[Pair], list[DeviceFact]]:
    """Enable the devices of pairs that are Disabled and hold no SIM yet; return the pairs as they are then."""
    off = [pair.device for pair in pairs if pair.device.status == DeviceStatus.DISABLED]
    now = current_context().now()
    Device.objects.filter(pk__in=[device.id for device in off]).update(status=DeviceStatus.ENABLED, last_updated=now)
    steps: list[DeviceFact] = [DeviceStatusChange(device=each, sim=None, new=DeviceStatus.ENABLED) for each in off]
    return [pair._replace(device=pair.device._replace(status=DeviceStatus.ENABLED)) for pair in pairs], steps


def lock_chosen(workspace_id: int, choices: Iterable[SimChoice]) -> dict[int, SimRow]:
    """Lock the SIMs that are chosen and return those there are, by id."""
    return {row.id: row for ids in chunks(choice.sim_id for choice in choices) for row in lock_sims(workspace_id, ids)}


@retried
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
            part, held = _decide_release(rows, sims_on([row.id for row in rows], lock=True))
            part.refused += not_found(missing(ids, rows), "Device")
            outcome.extend(part)
            steps += _take_off(held, suspend=suspend)
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
        part, held = _decide_release(rows, sims_on([row.id for row in rows], lock=False))
        part.refused += not_found(missing(ids, rows), "Device")
        outcome.extend(part)
        active = [device.id for device, sim in held if sim.status == SimStatus.ACTIVATED]
        charged += len(active)
        outcome.note_effect(effects.OFFLINE, (device.id for device, sim in held if effects.is_live(device, sim)))
        if not suspend:
            outcome.note_effect(effects.UNUSED, active)
    if charged and suspend:
        outcome.notes.append(billing_note(SimStatus.SUSPENDED, charged))
    elif charged:
        outcome.notes.append(_("Activated SIMs stay Activated and are charged although no device uses them."))
    return outcome


def _take_off(held: Sequence[tuple[DeviceRow, SimRow]], *, suspend: bool) -> list[DeviceFact]:
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
