"""Ending the factory test of SIMs that have used it up or may no longer be in it (`docs/rules.md` section 2).

The row of the SIM decides, under its lock: a SIM that is not in test any more is left alone, whoever comes second. So
a check may be run twice, by two workers at once, or be killed anywhere: the state and its event are one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import F, Q

from accounts.models import Workspace
from kit.action import action, retried
from kit.context import Actor, ActorKind, acting_within, current_context
from sims import signals
from sims.locking import SIM_FIELDS, chunks, lock_sims, with_devices
from sims.models import Sim, UsageRecord
from sims.models.usage import TrafficType
from sims.signals import Cause, Evidence, SimRow, SimStatusChange
from sims.states import SimStatus
from sims.transitions import move
from sims.usage.services.ingest_sql import SPAN

CHECK: Final = Actor(kind=ActorKind.SCHEDULE, id=0, label="Factory test check", everywhere=True)
"""Who activates SIMs whose test is over."""

_EXTRA: Final = ("workspace_id", "tested_bytes", "tested_sms", "factory_test_since")


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
    return len(changes)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a workspace allows in factory test."""

    allowed: bool
    bytes: int
    sms: int
    days: int


@dataclass(frozen=True, slots=True)
class _Tested:
    """A SIM in test, locked, with what it has used."""

    row: SimRow
    workspace_id: int
    bytes: int
    sms: int
    since: datetime | None


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
    return list(testing.filter(over | elapsed | not_allowed).order_by("pk").values_list("pk", flat=True))


def _settle(ids: Sequence[int]) -> int:
    with action():
        tested = _lock(ids)
        limits = _limits({each.workspace_id for each in tested})
        now = current_context().now()
        decided = [(each, cause) for each in tested if (cause := _cause(each, limits[each.workspace_id], now))]
        crossings = _crossings([each.row.id for each, cause in decided if cause is Cause.FACTORY_TEST_VOLUME])
        moved = move([each.row for each, _cause in decided], SimStatus.ACTIVATED)
        by_workspace: dict[int, list[SimStatusChange]] = defaultdict(list)
        for change, (each, cause) in zip(moved, decided, strict=True):
            change.cause = cause
            change.evidence = _evidence(each, cause, limits[each.workspace_id], crossings.get(each.row.id), now)
            by_workspace[each.workspace_id].append(change)
        for workspace_id, changes in by_workspace.items():
            signals.sim_status_changed.send(sender=Sim, workspace_id=workspace_id, changes=changes)
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


def _limits(workspace_ids: Iterable[int]) -> dict[int, _Limits]:
    workspaces = Workspace.objects.select_related("package").filter(pk__in=workspace_ids)
    return {
        each.pk: _Limits(
            each.factory_test_allowed, each.factory_test_bytes, each.factory_test_sms, each.factory_test_days
        )
        for each in workspaces
    }


def _cause(tested: _Tested, limits: _Limits, now: datetime) -> Cause | None:
    """Decide under the lock. A limit wins over the period, the period over the package."""
    if tested.bytes >= limits.bytes or tested.sms >= limits.sms:
        return Cause.FACTORY_TEST_VOLUME
    if tested.since is not None and tested.since + timedelta(days=limits.days) <= now:
        return Cause.FACTORY_TEST_PERIOD
    return None if limits.allowed else Cause.FACTORY_TEST_PACKAGE


@dataclass(frozen=True, slots=True)
class _Crossing:
    """The record by which a SIM reached a limit."""

    kind: int
    limit: int
    counted: int
    record_id: str
    ended: datetime
    received: datetime


# A record crosses when the sum reaches the limit with it and did not before. Records are added up in the order in
# which they ended, those of one moment by their id: the order of arrival decides nothing. Where both limits are
# crossed, the earlier crossing counts.
_CROSSING: Final = f"""
WITH running AS (
    SELECT u.sim_id, u.traffic_type, u.record_id, u.ended, u.received, u.total,
        CASE u.traffic_type WHEN {int(TrafficType.DATA)} THEN w.factory_test_bytes ELSE w.factory_test_sms END AS most,
        SUM(u.total) OVER (PARTITION BY u.sim_id, u.traffic_type ORDER BY u.ended, u.record_id
                           ROWS UNBOUNDED PRECEDING) AS counted
    FROM {UsageRecord._meta.db_table} u
    JOIN {Sim._meta.db_table} s ON s.id = u.sim_id
    JOIN {Workspace._meta.db_table} w ON w.id = s.workspace_id
    WHERE u.sim_id {{chosen}} AND u.ended > s.factory_test_since
)
SELECT sim_id, traffic_type, most, counted, record_id, ended, received FROM running
WHERE counted >= most AND counted - total < most ORDER BY ended DESC, record_id DESC
"""  # noqa: S608 - constants


def _crossings(ids: Sequence[int]) -> dict[int, _Crossing]:
    """Return the crossing records of SIMs that have reached a limit, by SIM. One query; before they are moved."""
    if not ids:
        return {}
    postgresql = connection.vendor == "postgresql"
    # Numbers from our own table, and more of them than SQLite takes placeholders.
    chosen = "= ANY(%s)" if postgresql else f"IN ({', '.join(map(str, ids))})"
    with connection.cursor() as cursor:
        cursor.execute(_CROSSING.format(chosen=chosen), [list(ids)] if postgresql else [])
        # Sorted backwards: the first crossing of a SIM is what stays.
        return {row[0]: _crossing(*row[1:]) for row in cursor.fetchall()}


def _crossing(kind: int, limit: int, counted: Any, record_id: str, ended: Any, received: Any) -> _Crossing:
    return _Crossing(kind, limit, int(counted), record_id, _moment(ended), _moment(received))


def _moment(value: datetime) -> datetime:
    """Return a moment that raw SQL has read: SQLite gives it without its zone, which is UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _evidence(tested: _Tested, cause: Cause, limits: _Limits, crossing: _Crossing | None, now: datetime) -> Evidence:
    """Return the numbers that decided."""
    if cause is Cause.FACTORY_TEST_PACKAGE:
        return Evidence(kind="package")
    if cause is Cause.FACTORY_TEST_PERIOD:
        over = tested.since + timedelta(days=limits.days) if tested.since else now
        counted = (now - tested.since).days if tested.since else limits.days
        return Evidence("period", limits.days, counted, crossed=over, lag=(now - over).total_seconds())
    if crossing is None:
        # The records were removed, or came from before records were kept; the counters decide.
        data = tested.bytes >= limits.bytes
        kind, limit, counted = ("data", limits.bytes, tested.bytes) if data else ("sms", limits.sms, tested.sms)
        return Evidence(kind, limit, counted)
    return Evidence(
        kind="data" if crossing.kind == TrafficType.DATA else "sms",
        limit=crossing.limit,
        counted=crossing.counted,
        record_id=crossing.record_id,
        crossed=crossing.ended,
        received=crossing.received,
        lag=(now - crossing.ended).total_seconds(),
    )
