"""Reversing what was done to devices: properties, tags, state and SIM go back together, or the device stays as it is.

It is decided for each device under the locks, from what the events say and what holds now; then the ordinary services
do it, each for all devices at once. What somebody has changed since is never overwritten: the device is refused, and
the reason names what was changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import Permission, authorise
from events.reverse.past import Change, DevicePast, Target, devices_before
from events.reverse.sims import NO_WAY_BACK, way_back_refusal
from kit.action import action, retried
from kit.context import reversing
from kit.errors import Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from sims.devices.services.devices import delete_devices, row_of, update_devices
from sims.devices.services.status import set_device_status
from sims.devices.services.tags import normalise_tags
from sims.devices.services.values import Cleaner, apply_values
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.limits import CODE, Room, activation_room
from sims.inventory.services.status import billing_note, change_sim_status
from sims.locking import chunks, lock_devices, lock_sims_with, missing, read_sims, sims_on
from sims.models import Device
from sims.signals import SimRow
from sims.states import DeviceStatus, SimStatus, sim_may_move

_LABELS = {
    "name": lambda: _("the name"),
    "note": lambda: _("the note"),
    "imei": lambda: _("the IMEI"),
    "imei_lock": lambda: _("the IMEI lock"),
    "ip_address": lambda: _("the IP address"),
    "tags": lambda: _("the tags"),
    "service_policy": lambda: _("the service policy"),
    "coverage_policy": lambda: _("the coverage policy"),
}
"""Properties as a sentence names them, by the name under which events tell of them."""


class _Stays(Exception):
    """A device that can't go back; the reason is its refusal's."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class _Steps:
    """What brings one device back; empty when it is as it was."""

    values: dict[str, Any] = field(default_factory=dict)
    suspend: list[int] = field(default_factory=list)
    activate: list[int] = field(default_factory=list)
    status: int | None = None
    release: bool = False
    assign: int | None = None
    delete: bool = False
    kept: int = 0
    """SIMs that keep their state, because nothing leads back to the one they had."""
    ends_test: bool = False

    def __bool__(self) -> bool:
        moved = self.values or self.suspend or self.activate or self.release or self.delete
        return bool(moved) or self.status is not None or self.assign is not None


@dataclass(slots=True)
class _Plan:
    """What is decided for a chunk of devices."""

    room: Room
    sims: dict[int, SimRow]
    clean: Cleaner
    steps: dict[int, _Steps] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    freed: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)

    def decide(self, device: Device, held: SimRow | None, past: DevicePast | None) -> None:
        """Sort a device into those that change, those that are as they were, and those that stay."""
        try:
            if past is None:
                raise _Stays("untold", _("These events do not tell of it."))
            steps = _steps(self, device, held, past)
        except _Stays as stays:
            self.outcome.refused.append(Refusal(device.pk, device.name, stays.code, stays.reason))
            return
        if steps:
            self.steps[device.pk] = steps
            self.outcome.changed.append(device.pk)
        else:
            self.outcome.unchanged.append(device.pk)

    def activates(self) -> None:
        """Take room for a SIM that becomes activated."""
        if not self.room.take():
            raise _Stays(CODE, self.room.refusal)


@retried
def reverse_devices(*, workspace_id: int, device_ids: Sequence[int], reverses: str = "") -> Outcome:
    """Bring devices, and the SIMs that went with them, back to what they were before.

    Args:
        workspace_id: the workspace in whose log the events stand.
        device_ids: which devices.
        reverses: the events, as `Target` writes them.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, where their state goes back) here.
        Invalid: it is not said which events.
    """
    target = Target.read(reverses)
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    with reversing(event=target.event, request=target.request), action():
        for ids in chunks(device_ids):
            plan = _plan(target, workspace_id, ids, lock=True)
            _carry_out(workspace_id, plan.steps)
            outcome.extend(plan.outcome)
    return outcome


def preview_reverse_devices(*, workspace_id: int, device_ids: Sequence[int], reverses: str = "") -> Outcome:
    """Tell what `reverse_devices` would do. Changes nothing. Args and errors as there."""
    target = Target.read(reverses)
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome = Outcome()
    done: list[_Steps] = []
    note = ""
    for ids in chunks(device_ids):
        plan = _plan(target, workspace_id, ids, lock=False)
        outcome.extend(plan.outcome)
        done += plan.steps.values()
        note = plan.room.note if plan.room.limit is not None else ""
    outcome.notes += _notes(done, note)
    return outcome


def _plan(target: Target, workspace_id: int, ids: Sequence[int], *, lock: bool) -> _Plan:
    """Read (and lock: workspace, devices, SIMs, each by id) what the events tell of, and decide device by device."""
    before = devices_before(target, workspace_id, ids)
    if any(past.sims for past in before.values()):
        authorise(workspace_id, Permission.SIM_UPDATE)
    room = activation_room(workspace_id, lock=lock) if any(map(_may_activate, before.values())) else Room()
    named = sorted({sim_id for past in before.values() for sim_id in (past.taken_off, *past.sims) if sim_id})
    if lock:
        held_ids = [row.id for row in lock_devices(workspace_id, ids)]
        sims = lock_sims_with(workspace_id, named, on=held_ids)
    else:
        held_ids = list(ids)
        sims = [*read_sims(workspace_id, named), *sims_on(ids, lock=False).values()]
    devices = Device.objects.of(workspace_id).filter(pk__in=held_ids).exclude(status=DeviceStatus.DELETED)
    wanted = [_values(past) for past in before.values()]
    plan = _Plan(room=room, sims={sim.id: sim for sim in sims}, clean=Cleaner(workspace_id, wanted))
    on = {sim.device_id: sim for sim in sims if sim.device_id is not None}
    found = {device.pk: device for device in devices}
    plan.outcome.refused += _gone(missing(ids, map(row_of, found.values())), before)
    # Who gives a SIM back comes first: another device may want it.
    for pk in sorted(found, key=lambda pk: (pk not in before or before[pk].put_on is None, pk)):
        plan.decide(found[pk], on.get(pk), before.get(pk))
    return plan


def _gone(ids: Sequence[int], before: Mapping[int, DevicePast]) -> list[Refusal]:
    deleted = [pk for pk in ids if pk in before and before[pk].deleted]
    text = _("It was deleted, and a deleted device can’t be restored.")
    return [Refusal(pk, str(pk), "deleted", text) for pk in deleted] + not_found(
        [pk for pk in ids if pk not in deleted], "Device"
    )


def _may_activate(past: DevicePast) -> bool:
    return past.status is not None or any(old == SimStatus.ACTIVATED for old, _new in past.sims.values())


def _values(past: DevicePast) -> dict[str, Any]:
    """Return the properties to go back to, by the names that services know."""
    return {_field(name): _plain(old) for name, (old, _new) in past.values.items()}


def _field(name: str) -> str:
    return f"{name}_id" if name in ("service_policy", "coverage_policy") else name


def _plain(value: Any) -> Any:
    """Return a value of an event; one that names a policy stands for its id."""
    return value["id"] if isinstance(value, Mapping) else value


def _steps(plan: _Plan, device: Device, held: SimRow | None, past: DevicePast) -> _Steps:
    """Decide what brings a device back.

    Raises:
        _Stays: it can't go back.
    """
    steps = _Steps()
    if past.put_on is not None:
        steps.release = _must_release(held, past.put_on)
        held = None if steps.release else held
    if past.created:
        if held is not None:
            raise _Stays("has_sim", _("It has a SIM. Release it first."))
        steps.delete = True
    else:
        steps.values = _values_back(plan, device, past)
        steps.assign = _must_assign(plan, held, past.taken_off) if past.taken_off is not None else None
        _state_back(plan, steps, device, held, past.status)
    for sim_id, change in past.sims.items():
        _sim_back(plan, steps, sim_id, change)
    if not steps and steps.kept:
        raise _Stays("never", way_back_refusal(next(old for old, _new in past.sims.values() if old in NO_WAY_BACK)))
    if steps.release and past.put_on is not None:
        plan.freed.add(past.put_on)
    if steps.assign is not None:
        plan.taken.add(steps.assign)
    return steps


def _must_release(held: SimRow | None, sim_id: int) -> bool:
    if held is not None and held.id != sim_id:
        raise _Stays("changed_since", _("It has another SIM since."))
    return held is not None


def _must_assign(plan: _Plan, held: SimRow | None, sim_id: int) -> int | None:
    if held is not None:
        if held.id == sim_id:
            return None
        raise _Stays("changed_since", _("It has another SIM since."))
    sim = plan.sims.get(sim_id)
    if sim is None:
        raise _Stays("sim_gone", _("Its SIM is not in this workspace any more, or deleted."))
    if sim_id in plan.taken or (sim.device_id is not None and sim_id not in plan.freed):
        raise _Stays("sim_in_use", _("Its SIM is on another device since."))
    return sim_id


def _state_back(plan: _Plan, steps: _Steps, device: Device, held: SimRow | None, change: Change | None) -> None:
    """Decide about the state of a device, which a release turns to Disabled by itself."""
    if change is None:
        return
    now = DeviceStatus.DISABLED if steps.release else device.status
    old = change[0]
    if old == now or old is None:
        return
    if held is not None and held.status == SimStatus.FACTORY_TEST:
        plan.activates()
        steps.ends_test = True
    steps.status = old


def _sim_back(plan: _Plan, steps: _Steps, sim_id: int, change: Change) -> None:
    old = change[0]
    sim = plan.sims.get(sim_id)
    if sim is None:
        raise _Stays("sim_gone", _("Its SIM is not in this workspace any more, or deleted."))
    if old is None or sim.status == old:
        return
    if old in NO_WAY_BACK:
        steps.kept += 1
    elif not sim_may_move(sim.status, old):
        raise _Stays("changed_since", _("Its SIM has changed since, and can’t go back from there."))
    elif old == SimStatus.ACTIVATED:
        plan.activates()
        steps.activate.append(sim_id)
    else:
        steps.suspend.append(sim_id)


def _values_back(plan: _Plan, device: Device, past: DevicePast) -> dict[str, Any]:
    """Return the properties that must be written; those that are as they were are left out.

    Raises:
        _Stays: one was changed since, or can't be so any more.
    """
    wanted = _tags_back(device, past)
    for name, (old, new) in past.values.items():
        held, before, after = getattr(device, _field(name)), _plain(old), _plain(new)
        if _same(name, held, before):
            continue
        if not _same(name, held, after):
            text = _("It was changed since: %(what)s is another one now.")
            raise _Stays("changed_since", text % {"what": _LABELS[name]() if name in _LABELS else name})
        wanted[_field(name)] = before
    if wanted:
        try:
            apply_values(copy(device), plan.clean(wanted))
        except (Invalid, NotFound) as error:
            raise _Stays(error.code, error.message) from error
    return wanted


def _tags_back(device: Device, past: DevicePast) -> dict[str, Any]:
    held = normalise_tags(device.tags)
    back = [tag for tag in held if tag not in past.added]
    back += [tag for tag in past.removed if tag not in back]
    return {"tags": ",".join(back)} if set(back) != set(held) else {}


def _same(name: str, held: Any, value: Any) -> bool:
    if name == "tags":
        return set(normalise_tags(held or "")) == set(normalise_tags(value or ""))
    return bool((held or None) == (value or None))


def _carry_out(workspace_id: int, plan: Mapping[int, _Steps]) -> None:
    """Do what was decided under these locks, in the order in which the events read sensibly: all of it.

    Raises:
        DomainError: a service refuses what was decided; everything is undone.
    """

    def those(state: int) -> list[int]:
        return [pk for pk, steps in plan.items() if steps.status == state]

    def sims(name: str) -> list[int]:
        return [sim_id for steps in plan.values() for sim_id in getattr(steps, name)]

    values = {pk: steps.values for pk, steps in plan.items() if steps.values}
    released = [pk for pk, steps in plan.items() if steps.release]
    deleted = [pk for pk, steps in plan.items() if steps.delete]
    assigned = {pk: SimChoice(steps.assign) for pk, steps in plan.items() if steps.assign is not None}
    if values:
        update_devices(workspace_id=workspace_id, changes=values).raise_if_refused()
    if suspended := sims("suspend"):
        change_sim_status(workspace_id=workspace_id, sim_ids=suspended, to=SimStatus.SUSPENDED).raise_if_refused()
    if disabled := those(DeviceStatus.DISABLED):
        set_device_status(workspace_id=workspace_id, device_ids=disabled, to=DeviceStatus.DISABLED).raise_if_refused()
    if released:
        release_sims(workspace_id=workspace_id, device_ids=released).raise_if_refused()
    if deleted:
        delete_devices(workspace_id=workspace_id, device_ids=deleted).raise_if_refused()
    if enabled := those(DeviceStatus.ENABLED):
        set_device_status(workspace_id=workspace_id, device_ids=enabled, to=DeviceStatus.ENABLED).raise_if_refused()
    if assigned:
        assign_sims(workspace_id=workspace_id, choices=assigned).raise_if_refused()
    if activated := sims("activate"):
        change_sim_status(workspace_id=workspace_id, sim_ids=activated, to=SimStatus.ACTIVATED).raise_if_refused()


def _notes(done: Sequence[_Steps], room: str) -> list[str]:
    """Return in sentences what a reversal does, and what it means for the bill."""
    # Each wording is spelt out, so that it can be translated.
    counted = (
        (sum(steps.release for steps in done), _release_note),
        (sum(steps.assign is not None for steps in done), _assign_note),
        (sum(steps.status == DeviceStatus.ENABLED for steps in done), _enable_note),
        (sum(steps.status == DeviceStatus.DISABLED for steps in done), _disable_note),
        (sum(steps.delete for steps in done), _delete_note),
        (sum(steps.kept for steps in done), _kept_note),
    )
    notes = [_update_note(done)] if any(steps.values for steps in done) else []
    notes += [say(count) for count, say in counted if count]
    activated = sum(len(steps.activate) + steps.ends_test for steps in done)
    suspended = sum(len(steps.suspend) for steps in done)
    if any(steps.ends_test for steps in done):
        notes.append(_("SIMs in factory test are activated on the way, which ends their test."))
    if activated:
        notes += [
            ngettext("%(n)s SIM becomes Activated.", "%(n)s SIMs become Activated.", activated) % _n(activated),
            billing_note(SimStatus.ACTIVATED, activated),
            *filter(None, [room]),
        ]
    if suspended:
        notes += [
            ngettext("%(n)s SIM becomes Suspended.", "%(n)s SIMs become Suspended.", suspended) % _n(suspended),
            billing_note(SimStatus.SUSPENDED, suspended),
        ]
    return notes


def _n(count: int) -> dict[str, str]:
    return {"n": f"{count:,}"}


def _update_note(done: Sequence[_Steps]) -> str:
    changed = [steps.values for steps in done if steps.values]
    if len(changed) > 1:
        return _("%(n)s devices get back their old properties.") % _n(len(changed))
    shown = ", ".join(_shown(name, value) for name, value in changed[0].items())
    return _("1 device gets back its old properties: %(what)s.") % {"what": shown}


def _shown(name: str, value: Any) -> str:
    """Return a property as a sentence names it, with its value where people know it by that."""
    label = _LABELS[name.removesuffix("_id")]()
    if name.endswith("_id"):
        return label
    words = {True: _("on"), False: _("off"), None: _("empty"), "": _("empty")}
    return f"{label} {words[value]}" if value in words else f"{label} “{value}”"


def _release_note(count: int) -> str:
    return ngettext(
        "%(n)s device is released from its SIM, and is Disabled then.",
        "%(n)s devices are released from their SIMs, and are Disabled then.",
        count,
    ) % _n(count)


def _assign_note(count: int) -> str:
    return ngettext("%(n)s device gets its SIM back.", "%(n)s devices get their SIMs back.", count) % _n(count)


def _enable_note(count: int) -> str:
    return ngettext("%(n)s device becomes Enabled.", "%(n)s devices become Enabled.", count) % _n(count)


def _disable_note(count: int) -> str:
    return ngettext("%(n)s device becomes Disabled.", "%(n)s devices become Disabled.", count) % _n(count)


def _delete_note(count: int) -> str:
    return ngettext(
        "%(n)s device is deleted, and cannot be restored.", "%(n)s devices are deleted, and cannot be restored.", count
    ) % _n(count)


def _kept_note(count: int) -> str:
    return ngettext(
        "%(n)s SIM keeps its state: nothing leads back to Issued or Factory test.",
        "%(n)s SIMs keep their state: nothing leads back to Issued or Factory test.",
        count,
    ) % _n(count)
