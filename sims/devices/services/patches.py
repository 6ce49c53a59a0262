"""Changing devices in several ways at once: what is asked, done in the order in which its events read sensibly.

Properties first. Then the SIM and the state of the device (`docs/rules.md` sections 4 and 5):

- assigned: the device's state first, so that the new SIM's factory test is not ended by it; then the SIM's state
  and the assignment (8 or 45, 51).
- released: the SIM's state (9), the release (43, 50), then the device's state if it still differs.
- neither: enabling both writes 42 and then 8, disabling both 9 and then 43, as the portal's own actions do; the
  device's state alone moves the device alone.

Devices for which the same is to be done go through each action together, so that the number of queries depends on how
many different things are asked and not on how many devices. Releases come first: another device may want the SIM.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from accounts.selectors import workspace_with_package
from kit.action import action, retried
from kit.errors import DomainError
from kit.outcomes import Outcome, Refusal
from sims.devices.services.devices import update_devices
from sims.devices.services.status import disable_devices, enable_devices, require_settable, set_device_status
from sims.devices.services.values import Values
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.limits import activation_room
from sims.inventory.services.status import change_sim_status
from sims.locking import chunks, devices_not_found, lock_devices, lock_sims_with
from sims.signals import SimRow
from sims.states import DeviceStatus, SimStatus

Verb = Literal["release", "device", "sim", "enable", "disable", "assign"]
Step = tuple[Verb, int | None]
"""What is done, and the state it leads to."""
Program = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SimPatch:
    """What becomes of the SIM of a device.

    Args:
        sim_id: the SIM that the device is to hold; `None` for the one it holds.
        release: take the SIM off, after bringing it into `status` if one is chosen; the rest does not count then.
        status: state to bring the SIM into.
        activate: without `status`: Factory test where the workspace has it and the SIM is Issued, else Activated.
    """

    sim_id: int | None = None
    release: bool = False
    status: int | None = None
    activate: bool = False

    def choice(self, held: SimRow | None) -> SimChoice | None:
        """Return the SIM that is meant on a device that holds one, or none; `None` when there is no SIM to mean."""
        sim_id = self.sim_id if self.sim_id is not None else held.id if held is not None else None
        activate = self.activate and not self.release
        return SimChoice(sim_id, self.status, activate) if sim_id is not None else None

    @property
    def depends_on_factory_test(self) -> bool:
        """Whether the state that is meant depends on the workspace's factory test."""
        return self.activate and self.status is None and not self.release


@dataclass(frozen=True, slots=True)
class DevicePatch:
    """What is asked for a device; what is left out stays as it is.

    Args:
        values: new properties by field name, as `update_devices` takes them.
        status: Enabled or Disabled.
        sim: what becomes of its SIM.
    """

    values: Values = field(default_factory=dict)
    status: int | None = None
    sim: SimPatch | None = None

    @property
    def may_activate(self) -> bool:
        """Whether a SIM may become activated: a change of the device's state ends a factory test."""
        sim = self.sim
        return self.status is not None or (sim is not None and (sim.activate or sim.status == SimStatus.ACTIVATED))


class Refused(DomainError):
    """Something of what was asked can't be done, so nothing was.

    Args:
        refusals: what exactly, object by object.
    """

    status = 409

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(refusals[0].reason, code=refusals[0].code)
        self.refusals = refusals


@dataclass(slots=True)
class _Group:
    """Devices for which the same is to be done.

    Args:
        devices: their ids.
        sims: the SIM that each concerns, by device.
    """

    devices: list[int] = field(default_factory=list)
    sims: dict[int, int] = field(default_factory=dict)


@retried
def patch_devices(*, workspace_id: int, patches: Mapping[int, DevicePatch]) -> None:
    """Do what is asked for devices, in one action: all of it or nothing.

    Args:
        workspace_id: owner.
        patches: what is asked, by device id.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, where one is concerned) here.
        Invalid: nobody can be brought into a state that is asked for.
        Refused: something cannot be done with some of them; each is named with its reason.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    with action():
        sims = _lock(workspace_id, patches)
        changes = {pk: patch.values for pk, patch in patches.items() if patch.values}
        refusals = update_devices(workspace_id=workspace_id, changes=changes).refused if changes else []
        for patch in patches.values():
            if patch.status is not None:
                require_settable(patch.status)
        groups = _groups(workspace_id, patches, sims, refusals)
        for program in sorted(groups, key=lambda steps: not any(verb == "release" for verb, _to in steps)):
            refusals += _run(workspace_id, program, groups[program])
        if refusals:
            raise Refused(refusals)


def _lock(workspace_id: int, patches: Mapping[int, DevicePatch]) -> list[SimRow]:
    """Lock what the steps are about to lock, in the one order: workspace, devices, SIMs, each by id.

    Returns:
        The SIMs that are named, and those on devices whose SIM is concerned.

    Raises:
        Refused: a device whose SIM is concerned is not there.
    """
    if any(patch.may_activate for patch in patches.values()):
        activation_room(workspace_id, lock=True)
    if all(patch.sim is None for patch in patches.values()):
        return []
    devices = [row for ids in chunks(patches) for row in lock_devices(workspace_id, ids)]
    if refusals := devices_not_found(patches, devices):
        raise Refused(refusals)
    named = {sim.sim_id for patch in patches.values() if (sim := patch.sim) is not None and sim.sim_id is not None}
    concerned = [pk for pk, patch in patches.items() if patch.sim is not None]
    return lock_sims_with(workspace_id, sorted(named), on=concerned)


def _groups(
    workspace_id: int, patches: Mapping[int, DevicePatch], sims: Sequence[SimRow], refusals: list[Refusal]
) -> dict[Program, _Group]:
    """Sort the devices by what is to be done with them; note as refused what has no SIM to bring into a state."""
    by_id = {sim.id: sim for sim in sims}
    held = {sim.device_id: sim for sim in sims}
    depends = any(patch.sim is not None and patch.sim.depends_on_factory_test for patch in patches.values())
    factory_test = depends and workspace_with_package(workspace_id).factory_test_allowed
    groups: dict[Program, _Group] = defaultdict(_Group)
    for device_id, patch in patches.items():
        own = held.get(device_id)
        choice = patch.sim.choice(own) if patch.sim is not None else None
        wanted = None
        if choice is not None:
            sim = by_id.get(choice.sim_id)
            wanted = choice.state_for(sim.status if sim is not None else None, factory_test=factory_test)
        elif patch.sim is not None and patch.sim.status is not None and not patch.sim.release:
            reason = _("The endpoint has no SIM. Assign one first.")
            refusals.append(Refusal(device_id, str(device_id), "no_sim", reason))
            continue
        program = _program(patch, own, choice, wanted)
        if program:
            groups[program].devices.append(device_id)
            if choice is not None:
                groups[program].sims[device_id] = choice.sim_id
    return groups


def _program(patch: DevicePatch, held: SimRow | None, choice: SimChoice | None, wanted: int | None) -> Program:
    """Return the steps for one device.

    Args:
        patch: what is asked.
        held: the SIM it holds.
        choice: the SIM that is concerned.
        wanted: the state which that is to be brought into, `None` for its own.
    """
    alone: Program = (("device", patch.status),) if patch.status is not None else ()
    if patch.sim is None or choice is None:
        return alone
    if patch.sim.release:
        before: Program = (("sim", wanted),) if wanted is not None else ()
        return (*before, ("release", None), *alone)
    if held is None or choice.sim_id != held.id:
        return (*alone, ("assign", wanted))
    return _both(patch.status, wanted)


def _both(status: int | None, wanted: int | None) -> Program:
    """Return the steps that move a device and the SIM it holds."""
    if (status, wanted) == (DeviceStatus.ENABLED, SimStatus.ACTIVATED):
        # Enabling leaves a test of an enabled device alone; to ask for Activated ends it.
        return ("enable", None), ("sim", int(SimStatus.ACTIVATED))
    if (status, wanted) == (DeviceStatus.DISABLED, SimStatus.SUSPENDED):
        return (("disable", None),)
    device: Program = (("device", status),) if status is not None else ()
    sim: Program = (("sim", wanted),) if wanted is not None else ()
    return (*device, *sim) if status == DeviceStatus.ENABLED else (*sim, *device)


def _run(workspace_id: int, program: Program, group: _Group) -> list[Refusal]:
    """Carry out the steps for all devices of a group; ends at the first step that is refused for some of them."""
    for verb, to in program:
        refused = _do(workspace_id, group, verb, to).refused
        if refused:
            return refused
    return []


_WITHOUT_STATE: Mapping[Verb, Callable[..., Outcome]] = {
    "release": release_sims,
    "enable": enable_devices,
    "disable": disable_devices,
}


def _do(workspace_id: int, group: _Group, verb: Verb, to: int | None) -> Outcome:
    if verb == "assign":
        choices = {device_id: SimChoice(sim_id, to) for device_id, sim_id in group.sims.items()}
        return assign_sims(workspace_id=workspace_id, choices=choices)
    if to is None:
        return _WITHOUT_STATE[verb](workspace_id=workspace_id, device_ids=group.devices)
    if verb == "sim":
        return change_sim_status(workspace_id=workspace_id, sim_ids=list(group.sims.values()), to=to)
    return set_device_status(workspace_id=workspace_id, device_ids=group.devices, to=to)
