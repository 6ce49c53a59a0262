"""PATCHes of endpoints as the actions they ask for, in the order in which their events read sensibly.

Properties first. Then the SIM and the status:

- assigned: status of the endpoint first, so that the new SIM's factory test is not ended by it; then the SIM's state
  and the assignment (8 or 45, 51).
- released: the SIM's state (9), the release (43, 50), then the status if it still differs.
- neither: enabling both writes 42 and then 8, disabling both 9 and then 43, as the portal's own actions do
  (`docs/rules.md` section 5); `status` alone moves the endpoint alone.

Endpoints for which the same is to be done go through each action together, so that the number of queries depends on how
many different things are asked and not on how many endpoints. Releases come first: another endpoint may want the SIM.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _

from accounts.models import Workspace
from kit.action import action
from kit.errors import Conflict, DomainError, Invalid, NotFound
from kit.outcomes import Outcome, Refusal
from sims.devices.bodies import EndpointPatch, SimOfEndpoint
from sims.devices.services.devices import update_device
from sims.devices.services.status import disable_devices, enable_devices, set_device_status
from sims.devices.services.updates import assign_sims, update_devices
from sims.inventory.services.assignment import release_sims
from sims.inventory.services.limits import activation_room
from sims.inventory.services.status import change_sim_status
from sims.locking import lock_devices, lock_sims
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus

_PROPERTIES = ("name", "tags", "imei", "imei_lock", "ip_address")
_REFERENCES = {"service_profile": "service_policy_id", "tariff_profile": "coverage_policy_id"}

Verb = Literal["release", "device", "sim", "enable", "disable", "assign"]
Step = tuple[Verb, int | None]
"""What is done, and the state it leads to."""
Program = tuple[Step, ...]


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
class _Held:
    """A SIM as it is before anything is done."""

    id: int
    status: int


@dataclass(slots=True)
class _Group:
    """Endpoints for which the same is to be done.

    Args:
        devices: their ids.
        sims: the SIM that each concerns, by endpoint.
    """

    devices: list[int] = field(default_factory=list)
    sims: dict[int, int] = field(default_factory=dict)


def apply_patch(*, workspace: Workspace, device_id: int, body: EndpointPatch) -> None:
    """Do what one PATCH asks for, in one action: all or nothing.

    Args:
        workspace: the token's workspace, with its package.
        device_id: the device; it exists.
        body: what was sent; `model_fields_set` tells which keys.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, where one is concerned) here.
        Invalid, NotFound, Conflict: something in it cannot be done, so nothing was.
    """
    try:
        apply_patches(workspace=workspace, patches={device_id: body})
    except Refused as refused:
        first = refused.refusals[0]
        if first.code == "not_found":
            raise NotFound(first.reason) from refused
        raise Conflict(f"{first.label}: {first.reason}", code=first.code) from refused


def apply_patches(*, workspace: Workspace, patches: Mapping[int, EndpointPatch]) -> None:
    """Do what several PATCHes ask for, in one action: all of it or nothing.

    Args:
        workspace: the token's workspace, with its package.
        patches: by device; the devices exist.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, where one is concerned) here.
        Invalid, NotFound, Conflict: something is wrong with all that is asked.
        Refused: something cannot be done with some of them.
    """
    with action():
        _lock(workspace.pk, patches)
        refusals = _update(workspace.pk, {pk: made for pk, body in patches.items() if (made := _changes(body))})
        for body in patches.values():
            if "status" in body.model_fields_set and body.status.id not in _SETTABLE:
                raise Invalid(_("Choose Enabled (0) or Disabled (1)."), field="status")
        groups = _groups(workspace, patches, refusals)
        for program in sorted(groups, key=lambda steps: not any(verb == "release" for verb, _to in steps)):
            refusals += _run(workspace.pk, program, groups[program])
        if refusals:
            raise Refused(refusals)


def _lock(workspace_id: int, patches: Mapping[int, EndpointPatch]) -> None:
    """Lock what several steps are about to lock, in the one order: workspace, devices, SIMs, each by id."""
    if any(map(_may_activate, patches.values())):
        activation_room(workspace_id, lock=True)
    concerned = [pk for pk, body in patches.items() if body.sim is not None]
    if len(patches) > 1 and concerned:
        lock_devices(workspace_id, sorted(patches))
        sims = Sim.objects.of(workspace_id)
        held = sims.filter(device_id__in=concerned).values_list("pk", flat=True)
        named = {body.sim.id for body in patches.values() if body.sim is not None and body.sim.id is not None}
        lock_sims(workspace_id, sorted({*held, *named}))


def _may_activate(body: EndpointPatch) -> bool:
    """Tell whether a SIM may become activated: a change of the endpoint's status ends a factory test."""
    if "status" in body.model_fields_set:
        return True
    sim = body.sim
    return sim is not None and (sim.activate or (sim.status is not None and sim.status.id == SimStatus.ACTIVATED))


_SETTABLE = (DeviceStatus.ENABLED, DeviceStatus.DISABLED)


def _update(workspace_id: int, changes: Mapping[int, dict[str, Any]]) -> list[Refusal]:
    if len(changes) == 1:
        # One endpoint: what is wrong is told with the field's own error.
        ((device_id, values),) = changes.items()
        return update_device(workspace_id=workspace_id, device_id=device_id, changes=values).refused
    return update_devices(workspace_id=workspace_id, changes=changes).refused if changes else []


def _changes(body: EndpointPatch) -> dict[str, Any]:
    sent = body.model_fields_set
    changes: dict[str, Any] = {key: getattr(body, key) for key in _PROPERTIES if key in sent}
    if "imei_lock" in changes:
        changes["imei_lock"] = bool(changes["imei_lock"])
    changes |= {field: getattr(body, key).id for key, field in _REFERENCES.items() if key in sent}
    return changes


def _groups(
    workspace: Workspace, patches: Mapping[int, EndpointPatch], refusals: list[Refusal]
) -> dict[Program, _Group]:
    """Sort the endpoints by what is to be done with them. Two queries at most."""
    held, chosen = _sims(workspace.pk, patches)
    groups: dict[Program, _Group] = defaultdict(_Group)
    for device_id, body in patches.items():
        status = body.status.id if "status" in body.model_fields_set else None
        sim = held.get(device_id)
        program, sim_id = _program(workspace, status, body.sim, sim, chosen)
        if program is None:
            reason = _("The endpoint has no SIM. Assign one first.")
            refusals.append(Refusal(device_id, str(device_id), "no_sim", reason))
        elif program:
            group = groups[program]
            group.devices.append(device_id)
            if sim_id is not None:
                group.sims[device_id] = sim_id
    return groups


def _sims(workspace_id: int, patches: Mapping[int, EndpointPatch]) -> tuple[dict[int, _Held], dict[int, int]]:
    """Return the SIM on each endpoint that is asked for one, and the states of the SIMs that are named."""
    concerned = [pk for pk, body in patches.items() if body.sim is not None]
    named = {body.sim.id for body in patches.values() if body.sim is not None and body.sim.id is not None}
    if not concerned:
        return {}, {}
    sims = Sim.objects.of(workspace_id)
    on_them: Any = sims.filter(device_id__in=concerned).values_list("pk", "status", "device_id")
    held = {device_id: _Held(pk, status) for pk, status, device_id in on_them}
    chosen = dict(sims.filter(pk__in=named).values_list("pk", "status")) if named else {}
    return held, chosen


def _program(
    workspace: Workspace,
    status: int | None,
    asked: SimOfEndpoint | None,
    held: _Held | None,
    chosen: Mapping[int, int],
) -> tuple[Program | None, int | None]:
    """Return the steps for one endpoint and the SIM they concern; `None` when it has no SIM to bring into a state."""
    alone: Program = (("device", status),) if status is not None else ()
    if asked is None:
        return alone, None
    if "id" in asked.model_fields_set and asked.id is None:
        if held is None:
            return alone, None
        before: Program = (("sim", asked.status.id),) if asked.status is not None else ()
        return (*before, ("release", None), *alone), held.id
    sim_id = asked.id if asked.id is not None else held.id if held is not None else None
    wanted = asked.status.id if asked.status is not None else None
    if wanted is None and asked.activate and sim_id is not None:
        now = held.status if held is not None and held.id == sim_id else chosen.get(sim_id)
        tests = now == SimStatus.ISSUED and workspace.factory_test_allowed
        wanted = int(SimStatus.FACTORY_TEST if tests else SimStatus.ACTIVATED)
    if sim_id is None:
        return (None if wanted is not None else alone), None
    if held is None or sim_id != held.id:
        return (*alone, ("assign", wanted)), sim_id
    return _both(status, wanted), sim_id


def _both(status: int | None, wanted: int | None) -> Program:
    """Return the steps that move an endpoint and the SIM it holds."""
    if (status, wanted) == (DeviceStatus.ENABLED, SimStatus.ACTIVATED):
        # Enabling leaves a test of an enabled endpoint alone; to ask for Activated ends it.
        return ("enable", None), ("sim", int(SimStatus.ACTIVATED))
    if (status, wanted) == (DeviceStatus.DISABLED, SimStatus.SUSPENDED):
        return (("disable", None),)
    device: Program = (("device", status),) if status is not None else ()
    sim: Program = (("sim", wanted),) if wanted is not None else ()
    return (*device, *sim) if status == DeviceStatus.ENABLED else (*sim, *device)


def _run(workspace_id: int, program: Program, group: _Group) -> list[Refusal]:
    """Carry out the steps for all endpoints of a group; ends at the first step that is refused for some of them."""
    for verb, to in program:
        outcome = _STEPS[verb](workspace_id, group, to)
        if outcome.refused:
            return outcome.refused
    return []


def _sim_status(workspace_id: int, group: _Group, to: int | None) -> Outcome:
    return change_sim_status(workspace_id=workspace_id, sim_ids=list(group.sims.values()), to=to or 0)


_STEPS: Mapping[Verb, Callable[[int, _Group, int | None], Outcome]] = {
    "release": lambda workspace_id, group, _to: release_sims(workspace_id=workspace_id, device_ids=group.devices),
    "device": lambda workspace_id, group, to: set_device_status(
        workspace_id=workspace_id, device_ids=group.devices, to=to or 0
    ),
    "sim": _sim_status,
    "enable": lambda workspace_id, group, _to: enable_devices(workspace_id=workspace_id, device_ids=group.devices),
    "disable": lambda workspace_id, group, _to: disable_devices(workspace_id=workspace_id, device_ids=group.devices),
    "assign": lambda workspace_id, group, to: assign_sims(workspace_id=workspace_id, sims=group.sims, status=to),
}
