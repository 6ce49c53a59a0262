"""Moving SIMs to another workspace: a preview or all at once, never a part (`docs/rules.md` section 7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.models import Workspace
from accounts.permissions import Permission, actor_may, authorise
from accounts.selectors import workspace_with_package
from kit.action import action, retried
from kit.context import Actor, current_context
from kit.errors import Conflict, Invalid, NotFound
from sims import signals
from sims.charges import keep_charges
from sims.locking import DEVICE_FIELDS, SIM_FIELDS, with_devices
from sims.models import Device, Sim
from sims.signals import DeviceFact, DeviceRow, DeviceStatusChange, SimReleased, SimRow, SimStatusChange
from sims.states import DeviceStatus, SimStatus
from sims.transitions import move

MOST = 500
"""SIMs a call, as published."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why SIMs cannot be transferred; codes as on the wire.

    Args:
        code: 1502 on a device, 1503 state not allowed, 1504 no right in the source workspace.
        message: one sentence.
        sim_ids: the SIMs concerned.
    """

    code: int
    message: str
    sim_ids: list[int]


class TransferRefused(Conflict):
    """At least one SIM cannot go, so none goes."""

    def __init__(self, problems: list[Obstacle]) -> None:
        super().__init__(" ".join(problem.message for problem in problems), code="transfer_refused")
        self.problems = problems


@dataclass(slots=True)
class Transfer:
    """What was, or would be, transferred.

    Args:
        target: the receiving workspace.
        sims: the SIMs as they were before, in id order.
        sources: workspace id of each SIM before, by SIM id.
        source_names: names of those workspaces by id.
        problems: why it cannot be done; empty when it was or can be.
        suspends: SIMs that are suspended on the way.
        detaches: SIMs that are released from their device.
        done: whether it was carried out.
    """

    target: Workspace
    sims: list[SimRow]
    sources: dict[int, int]
    source_names: dict[int, str]
    problems: list[Obstacle] = field(default_factory=list)
    suspends: list[int] = field(default_factory=list)
    detaches: list[int] = field(default_factory=list)
    done: bool = False


@retried
def transfer_sims(
    *,
    target_id: int,
    sim_ids: Sequence[int],
    auto_detach: bool = False,
    allowed_statuses: Sequence[int] | None = None,
    dry_run: bool = True,
) -> Transfer:
    """Move SIMs to another workspace: activated ones are suspended, those on devices released, all or none.

    Args:
        target_id: the receiving workspace; an Enterprise one, in which the actor is Administrator.
        sim_ids: 1 to 500 SIMs of any workspaces in which the actor is Administrator.
        auto_detach: release SIMs from their devices; without it they are refused.
        allowed_statuses: move only if every SIM is in one of these states; `None` allows all.
        dry_run: only tell what would happen.

    Returns:
        What was or would be done; in a dry run `problems` says what is in the way.

    Raises:
        Forbidden: an application token acts, or the role in the target is too low.
        NotFound: the target, or a SIM, is not within the actor's reach.
        Invalid: too many SIMs, or the target is no enterprise workspace.
        Conflict: the trial of the target has ended.
        TransferRefused: a SIM cannot go; nothing was changed.
    """
    actor = authorise(target_id, Permission.SIM_TRANSFER)
    wanted = sorted(set(sim_ids))
    if not 1 <= len(wanted) <= MOST:
        raise Invalid(
            _("A transfer takes 1 to %(most)s SIMs; %(count)s were given.") % {"most": MOST, "count": len(wanted)},
            code="too_many",
            field="sims",
        )
    target = workspace_with_package(target_id)
    if target.type != Workspace.Type.ENTERPRISE:
        raise Invalid(
            _("'%(name)s' is no enterprise workspace and takes no SIMs.") % {"name": target.name},
            code="not_enterprise",
            field="target_workspace",
        )
    if target.trial_over(current_context().now()):
        raise Conflict(
            _("The trial of '%(name)s' has ended, so it takes no SIMs until its package is upgraded.")
            % {"name": target.name},
            code="trial_over",
            field="target_workspace",
        )
    if dry_run:
        transfer, _devices = _plan(actor, target, wanted, auto_detach, allowed_statuses, lock=False)
        return transfer
    with action():
        transfer, devices = _plan(actor, target, wanted, auto_detach, allowed_statuses, lock=True)
        if transfer.problems:
            raise TransferRefused(transfer.problems)
        _carry_out(transfer, devices)
    return transfer


def _plan(
    actor: Actor,
    target: Workspace,
    wanted: Sequence[int],
    auto_detach: bool,
    allowed: Sequence[int] | None,
    *,
    lock: bool,
) -> tuple[Transfer, dict[int, DeviceRow]]:
    """Read (and lock) SIMs and their devices, and decide."""
    reachable = Sim.objects.filter(pk__in=wanted, workspace__isnull=False).exclude(status=SimStatus.DELETED)
    if not actor.everywhere:
        reachable = reachable.filter(workspace_id__in=actor.open_workspaces)
    before = dict(reachable.values_list("pk", "device_id"))
    devices = Device.objects.filter(pk__in=list(filter(None, before.values()))).order_by("pk")
    if lock:
        devices = devices.select_for_update(of=("self",))
        reachable = reachable.select_for_update(of=("self",))
    held = {row[0]: DeviceRow._make(row) for row in devices.values_list(*DEVICE_FIELDS)}
    read = list(reachable.order_by("pk").values_list(*SIM_FIELDS, "workspace_id"))
    rows = with_devices(row[:-1] for row in read)
    sources = {row[0]: row[-1] for row in read}
    _check_presence(wanted, rows)
    if any(before[row.id] != row.device_id for row in rows):
        raise Conflict(_("Devices of these SIMs changed at the same moment. Try again."), code="changed_meanwhile")
    transfer = Transfer(
        target=target,
        sims=rows,
        sources=sources,
        source_names=dict(Workspace.objects.filter(pk__in=set(sources.values())).values_list("pk", "name")),
        suspends=[row.id for row in rows if row.status == SimStatus.ACTIVATED],
        detaches=[row.id for row in rows if row.device_id is not None],
    )
    transfer.problems = _problems(actor, transfer, auto_detach, allowed)
    return transfer, held


def _check_presence(wanted: Sequence[int], rows: Sequence[SimRow]) -> None:
    found = {row.id for row in rows}
    absent = [pk for pk in wanted if pk not in found]
    if absent:
        listed = ", ".join(map(str, absent[:10]))
        raise NotFound(_("SIM(s) not found: %(ids)s.") % {"ids": listed}, field="sims")


def _problems(actor: Actor, transfer: Transfer, auto_detach: bool, allowed: Sequence[int] | None) -> list[Obstacle]:
    problems = []
    forbidden = [pk for pk, source in transfer.sources.items() if not actor_may(actor, source, Permission.SIM_TRANSFER)]
    if forbidden:
        problems.append(Obstacle(1504, _("You are not Administrator of the source workspace."), forbidden))
    there = [pk for pk, source in transfer.sources.items() if source == transfer.target.pk]
    if there:
        problems.append(Obstacle(1503, _("SIMs are in the target workspace already."), there))
    if transfer.detaches and not auto_detach:
        problems.append(
            Obstacle(1502, _("SIMs are on devices. Release them first or detach them on the way."), transfer.detaches)
        )
    states = set(SimStatus.values if allowed is None else allowed)
    if not transfer.target.factory_test_allowed:
        states.discard(SimStatus.FACTORY_TEST)
    wrong = [row.id for row in transfer.sims if row.status not in states]
    if wrong:
        problems.append(Obstacle(1503, _("SIMs are in a state that may not be transferred here."), wrong))
    return problems


def _carry_out(transfer: Transfer, devices: dict[int, DeviceRow]) -> None:
    """Write everything; the rows of the source come first, then one transfer event on each side."""
    now = current_context().now()
    ids = [row.id for row in transfer.sims]
    enabled = [device.id for device in devices.values() if device.status == DeviceStatus.ENABLED]
    if enabled:
        Device.objects.filter(pk__in=enabled).update(status=DeviceStatus.DISABLED, last_updated=now)
    move([row for row in transfer.sims if row.status == SimStatus.ACTIVATED], SimStatus.SUSPENDED)
    Sim.objects.filter(pk__in=ids).update(
        workspace=transfer.target, device=None, note="", noted_at=None, noted_by=None, last_updated=now
    )
    keep_charges(transfer.sims, transfer.sources, transfer.target.pk, now)
    suspended = set(transfer.suspends)
    by_source: dict[int, list[SimRow]] = defaultdict(list)
    for row in transfer.sims:
        by_source[transfer.sources[row.id]].append(row)
    sources = Workspace.objects.in_bulk(list(by_source))
    for source_id, rows in by_source.items():
        steps = [step for row in rows for step in _steps(row, devices)]
        if steps:
            signals.devices_changed.send(sender=Sim, workspace_id=source_id, steps=steps)
        arrived = [row._replace(status=SimStatus.SUSPENDED) if row.id in suspended else row for row in rows]
        signals.sims_transferred.send(sender=Sim, source=sources[source_id], target=transfer.target, sims=arrived)
    transfer.done = True


def _steps(row: SimRow, devices: dict[int, DeviceRow]) -> list[DeviceFact]:
    steps: list[DeviceFact] = []
    device = devices.get(row.device_id) if row.device_id is not None else None
    if device is not None:
        if device.status == DeviceStatus.ENABLED:
            steps.append(DeviceStatusChange(device=device, sim=row, new=DeviceStatus.DISABLED))
        steps.append(SimReleased(sim=row, device=device))
    if row.status == SimStatus.ACTIVATED:
        steps.append(SimStatusChange(sim=row.without_device(), old=row.status, new=SimStatus.SUSPENDED))
    return steps
