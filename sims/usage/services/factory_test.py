"""Ending the factory test of SIMs that have used it up or may no longer be in it (`docs/rules.md` section 2).

The row of the SIM decides, under its lock: a SIM that is not in test any more is left alone, whoever comes second. So
a check may be run twice, by two workers at once, or be killed anywhere: the state and its event are one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import Workspace
from kit.action import action, retried
from kit.context import Actor, ActorKind, acting_within, current_context
from sims import signals
from sims.factory_tests import EndOfTest, ends_of_tests
from sims.locking import SIM_FIELDS, chunks, lock_sims, with_devices
from sims.models import PastTestLimits, Sim, SimTenure
from sims.signals import ActivationDated, Cause, Evidence, SimRow, SimStatusChange
from sims.states import SimStatus
from sims.transitions import date_activations, move
from sims.usage.services.factory_test_excess import tell_excess
from sims.usage.services.ingest_sql import SPAN

CHECK: Final = Actor(kind=ActorKind.SCHEDULE, id=0, label="Factory test check", everywhere=True)
"""Who activates SIMs whose test is over."""

_EXTRA: Final = ("workspace_id", "tested_bytes", "tested_sms")


@retried
def end_factory_tests(*, workspace: Workspace) -> int:
    """Activate every SIM in factory test of a workspace that no longer has it; a part of what took it away.

    The actor is whoever changed the package or the setting, and has been authorised for that.

    Args:
        workspace: as it is now.

    Returns:
        Number of SIMs activated; 0 where factory test is still allowed.
    """
    if workspace.factory_test_allowed:
        return 0
    with action():
        testing = Sim.objects.filter(workspace_id=workspace.pk, status=SimStatus.FACTORY_TEST)
        changes: list[SimStatusChange] = []
        for ids in chunks(testing.values_list("pk", flat=True)):
            rows = [row for row in lock_sims(workspace.pk, ids) if row.status == SimStatus.FACTORY_TEST]
            changes += move(rows, SimStatus.ACTIVATED)
        if changes:
            signals.sim_status_changed.send(sender=Sim, workspace_id=workspace.pk, changes=changes)
            tell_excess({workspace.pk: workspace}, {workspace.pk: len(changes)})
    return len(changes)


def remember_test_limits(workspace: Workspace, former: Mapping[str, Any]) -> None:
    """Remember what a workspace allowed in factory test until now: usage of that time is judged by it.

    Args:
        workspace: as it is now.
        former: values that have changed, by field name, as they were.
    """
    now = current_context().now()
    days = former.get("factory_test_days", workspace.factory_test_days)
    PastTestLimits.objects.create(
        workspace_id=workspace.pk,
        until=now,
        bytes=former.get("factory_test_bytes", workspace.factory_test_bytes),
        sms=former.get("factory_test_sms", workspace.factory_test_sms),
        days=days,
        begun_before=now - timedelta(days=days),
    )


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a workspace allows in factory test now."""

    allowed: bool
    bytes: int
    sms: int


@dataclass(frozen=True, slots=True)
class _Tested:
    """A SIM in test, locked, with what it has used."""

    row: SimRow
    workspace_id: int
    bytes: int
    sms: int


def settle(*, number: int) -> int:
    """Activate the SIMs of a range whose factory test is over: limit reached, period elapsed, or not allowed any more.

    Each 5,000 SIMs that are due are one transaction with their events. Acts as the schedule, whoever calls.

    Args:
        number: of the range; it holds the ids from `number * 50,000 + 1` on.

    Returns:
        Number of SIMs activated.
    """
    with acting_within(CHECK):
        due = _due(number * SPAN + 1, (number + 1) * SPAN, current_context().now())
        return sum(_settle(ids) for ids in chunks(due))


def _due(first: int, last: int, now: datetime) -> list[int]:
    """Return the SIMs of a range that look due, without locking them."""
    elapsed = Q()
    for days in Workspace.objects.order_by().values_list("factory_test_days", flat=True).distinct():
        elapsed |= Q(workspace__factory_test_days=days, factory_test_since__lte=now - timedelta(days=days))
    over = Q(tested_bytes__gte=F("workspace__factory_test_bytes")) | Q(tested_sms__gte=F("workspace__factory_test_sms"))
    not_allowed = Q(workspace__factory_test_override=False) | Q(
        workspace__factory_test_override=None, workspace__package__factory_test_allowed=False
    )
    testing = Sim.objects.filter(pk__range=(first, last), status=SimStatus.FACTORY_TEST, workspace__isnull=False)
    due = testing.filter(over | elapsed | not_allowed | Q(Exists(_over_before())))
    return list(due.order_by("pk").values_list("pk", flat=True))


def _over_before() -> QuerySet[PastTestLimits]:
    """Return limits of before by which a SIM's test may have been over while they held."""
    past = PastTestLimits.objects.filter(
        workspace_id=OuterRef("workspace_id"), until__gt=OuterRef("factory_test_since")
    )
    return past.filter(
        Q(bytes__lte=OuterRef("tested_bytes"))
        | Q(sms__lte=OuterRef("tested_sms"))
        | Q(begun_before__gt=OuterRef("factory_test_since"))
    )


def _settle(ids: Sequence[int]) -> int:
    with action():
        tested = _lock(ids)
        workspaces = Workspace.objects.select_related("package").in_bulk({each.workspace_id for each in tested})
        limits = _limits(workspaces.values())
        now = current_context().now()
        ends = ends_of_tests([each.row.id for each in tested], now)
        decided = []
        for each in tested:
            end = ends.get(each.row.id) or _end(each, limits[each.workspace_id], now)
            if end is not None:
                decided.append((each, end))
        moved = move(
            [each.row for each, _end in decided], SimStatus.ACTIVATED, ends={each.row.id: end for each, end in decided}
        )
        by_workspace: dict[int, list[SimStatusChange]] = defaultdict(list)
        for change, (each, end) in zip(moved, decided, strict=True):
            change.cause = end.cause
            by_workspace[each.workspace_id].append(change)
        for workspace_id, changes in by_workspace.items():
            signals.sim_status_changed.send(sender=Sim, workspace_id=workspace_id, changes=changes)
        tell_excess(workspaces, {workspace_id: len(changes) for workspace_id, changes in by_workspace.items()})
    return len(moved)


def _lock(ids: Sequence[int]) -> list[_Tested]:
    """Lock SIMs in id order and return those that still are in test."""
    rows = (
        Sim.objects.filter(pk__in=ids, status=SimStatus.FACTORY_TEST)
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list(*SIM_FIELDS, *_EXTRA)
    )
    read, width = list(rows), len(SIM_FIELDS)
    sims = with_devices(values[:width] for values in read)
    return [_Tested(sim, *values[width:]) for sim, values in zip(sims, read, strict=True)]


def _limits(workspaces: Iterable[Workspace]) -> dict[int, _Limits]:
    return {
        each.pk: _Limits(each.factory_test_allowed, each.factory_test_bytes, each.factory_test_sms)
        for each in workspaces
    }


def _end(tested: _Tested, limits: _Limits, now: datetime) -> EndOfTest | None:
    """Return the end of a test that neither records nor the period explain: it is over now, or not at all."""
    if tested.bytes >= limits.bytes or tested.sms >= limits.sms:
        # The records were removed, or came from before records were kept; the counters decide.
        data = tested.bytes >= limits.bytes
        kind, limit, counted = ("data", limits.bytes, tested.bytes) if data else ("sms", limits.sms, tested.sms)
        return EndOfTest(now, Cause.FACTORY_TEST_VOLUME, Evidence(kind, limit, counted))
    return None if limits.allowed else EndOfTest(now, Cause.FACTORY_TEST_PACKAGE, Evidence(kind="package"))


def date_back(sim_ids: Collection[int]) -> None:
    """Let SIMs be activated earlier, where records that came late reached a limit of a test that has ended since.

    It happens inside the action that takes in the records, which has locked the SIMs. Six statements, and none but
    the reading ones where nothing changes.

    Args:
        sim_ids: SIMs that are not in test any more, of which records have been counted that ended in their test.
    """
    ends = ends_of_tests(sim_ids, current_context().now())
    if not ends:
        return
    read = list(Sim.objects.filter(pk__in=ends).order_by("pk").values_list(*SIM_FIELDS, "workspace_id"))
    rows = with_devices(values[:-1] for values in read)
    sims = {row.id: (row, values[-1]) for row, values in zip(rows, read, strict=True)}
    date_activations(ends)
    holders = _holders(ends)
    by_workspace: dict[int, list[ActivationDated]] = defaultdict(list)
    for sim_id, (row, workspace_id) in sims.items():
        # It concerns who is charged for it, and who sees the SIM now.
        for concerned in sorted({workspace_id, holders[sim_id]}):
            by_workspace[concerned].append(ActivationDated(row, ends[sim_id].moment, ends[sim_id].evidence))
    for workspace_id, changes in by_workspace.items():
        signals.activations_dated.send(sender=Sim, workspace_id=workspace_id, changes=changes)


def _holders(ends: Mapping[int, EndOfTest]) -> dict[int, int]:
    """Return the workspace that held each SIM when its test was over."""
    tenures = SimTenure.objects.filter(sim_id__in=ends).order_by("sim_id", "since")
    read = tenures.values_list("sim_id", "since", "workspace_id")
    return {sim_id: workspace_id for sim_id, since, workspace_id in read if since <= ends[sim_id].moment}
