"""When factory tests were over, out of what is known now (`docs/rules.md` section 2).

A test is over by the first of these: a record with which a limit is reached, a change of the limits or a transfer that
puts the limit below what has been used, the end of the period. All of them have a moment of their own, so the answer
does not depend on when records arrive or when somebody looks; a record that arrives late can only bring it forward.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import OuterRef, Subquery

from accounts.models import Workspace
from sims.models import PastTestLimits, SimTenure, UsageRecord
from sims.models.usage import TrafficType
from sims.signals import Cause, Evidence
from sims.states import SimStatus


class Limits(NamedTuple):
    """What a workspace allows in factory test."""

    bytes: int
    sms: int
    days: int


@dataclass(frozen=True, slots=True)
class EndOfTest:
    """A factory test that is over.

    Args:
        moment: when it was over; the SIM counts as activated since then.
        cause: a limit or the period.
        evidence: the numbers that decided.
    """

    moment: datetime
    cause: Cause
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a test in which the same limits held."""

    start: datetime
    end: datetime | None
    limits: Limits


class _Record(NamedTuple):
    """A record that ended in a test."""

    ended: datetime
    record_id: str
    traffic_type: int
    total: int
    received: datetime


def ends_of_tests(sim_ids: Collection[int], now: datetime) -> dict[int, EndOfTest]:
    """Return for each of these SIMs when its factory test was over by usage or by its period.

    Four queries, however many SIMs there are. A SIM that is in test still, or whose test ended before by anything
    else, is left out.

    Args:
        sim_ids: SIMs that are or were in test, locked.
        now: up to when periods are looked at.
    """
    if not sim_ids:
        return {}
    tests = _tests(sim_ids)
    past = _past_limits({workspace_id for parts in tests.values() for _start, _end, workspace_id in parts})
    stretches = {sim_id: _stretches(parts, past) for sim_id, parts in tests.items()}
    records = _records(stretches)
    found = {}
    for sim_id, parts in stretches.items():
        end = _end_of(parts, records.get(sim_id, ()), now)
        if end is not None:
            found[sim_id] = end
    return found


def _tests(sim_ids: Collection[int]) -> dict[int, list[tuple[datetime, datetime | None, int]]]:
    """Return the parts of each SIM's test, in their order: begin, end and workspace."""
    later = SimTenure.objects.filter(sim_id=OuterRef("sim_id"), since__gt=OuterRef("since")).order_by("since")
    tenures = (
        SimTenure.objects.filter(sim_id__in=sim_ids, status=SimStatus.FACTORY_TEST)
        .annotate(until=Subquery(later.values("since")[:1]))
        .order_by("sim_id", "since")
    )
    found: dict[int, list[tuple[datetime, datetime | None, int]]] = defaultdict(list)
    for sim_id, since, until, workspace_id in tenures.values_list("sim_id", "since", "until", "workspace_id"):
        found[sim_id].append((since, until, workspace_id))
    return found


def _past_limits(workspace_ids: Collection[int]) -> dict[int, list[tuple[datetime | None, Limits]]]:
    """Return what workspaces allowed until when, in this order; what holds now has no end."""
    names = ("factory_test_bytes", "factory_test_sms", "factory_test_days")
    found: dict[int, list[tuple[datetime | None, Limits]]] = defaultdict(list)
    past = PastTestLimits.objects.filter(workspace_id__in=workspace_ids).order_by("until", "pk")
    for workspace_id, until, *limits in past.values_list("workspace_id", "until", "bytes", "sms", "days"):
        found[workspace_id].append((until, Limits(*limits)))
    for workspace_id, *limits in Workspace.objects.filter(pk__in=workspace_ids).values_list("pk", *names):
        found[workspace_id].append((None, Limits(*limits)))
    return found


def _stretches(
    parts: Iterable[tuple[datetime, datetime | None, int]], past: Mapping[int, list[tuple[datetime | None, Limits]]]
) -> list[_Stretch]:
    """Cut a test where its workspace or the limits changed."""
    found = []
    for start, end, workspace_id in parts:
        for until, limits in past[workspace_id]:
            if until is not None and until <= start:
                continue
            last = until is None or (end is not None and end <= until)
            found.append(_Stretch(start, end if last else until, limits))
            if last or until is None:
                break
            start = until
    return found


# Records are added up in the order in which they ended, those of one moment by their id: the order of arrival decides
# nothing. What came after the greatest limit was reached is not read.
_SQL: Final = f"""
WITH running AS (
    SELECT u.sim_id, u.ended, u.record_id, u.traffic_type, u.total, u.received,
        CASE u.traffic_type WHEN {int(TrafficType.DATA)} THEN %s ELSE %s END AS most,
        SUM(u.total) OVER (PARTITION BY u.sim_id, u.traffic_type ORDER BY u.ended, u.record_id
                           ROWS UNBOUNDED PRECEDING) AS counted
    FROM {UsageRecord._meta.db_table} u WHERE u.sim_id {{chosen}} AND u.tested
)
SELECT sim_id, ended, record_id, traffic_type, total, received FROM running WHERE counted - total < most
ORDER BY sim_id, ended, record_id
"""  # noqa: S608 - constants


def _records(stretches: Mapping[int, Sequence[_Stretch]]) -> dict[int, list[_Record]]:
    """Return the records that ended in tests, up to the one that reaches the greatest limit. One query."""
    limits = {stretch.limits for parts in stretches.values() for stretch in parts}
    if not limits:
        return {}
    postgresql = connection.vendor == "postgresql"
    ids = list(stretches)
    chosen = "= ANY(%s)" if postgresql else "IN (SELECT value FROM json_each(%s))"
    most = max(each.bytes for each in limits), max(each.sms for each in limits)
    found: dict[int, list[_Record]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(chosen=chosen), [*most, ids if postgresql else f"[{', '.join(map(str, ids))}]"])
        for sim_id, ended, record_id, traffic_type, total, received in cursor.fetchall():
            found[sim_id].append(_Record(_moment(ended), record_id, traffic_type, total, _moment(received)))
    return found


def _moment(value: Any) -> datetime:
    """Return a moment that raw SQL has read: SQLite gives it without its zone, which is UTC."""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment: datetime = read.replace(tzinfo=UTC) if read.tzinfo is None else read
    return moment


def _end_of(parts: Sequence[_Stretch], records: Sequence[_Record], now: datetime) -> EndOfTest | None:
    """Walk through a test; where a limit and the period are reached at the same moment, the limit is the reason."""
    begin = parts[0].start
    used = dict.fromkeys(TrafficType, 0)
    left = iter(records)
    following = next(left, None)
    for part in parts:
        if (kind := _reached(used, part.limits)) is not None:
            return _by_volume(part.start, kind, used[kind], part.limits, None, now)
        over = max(begin + timedelta(days=part.limits.days), part.start)
        while following is not None:
            # Of the second in which the test began: it counts as used at the beginning.
            moment = max(following.ended, begin)
            if moment > over or (part.end is not None and moment >= part.end):
                break
            kind = TrafficType(following.traffic_type)
            used[kind] += following.total
            if _reached(used, part.limits) is kind:
                return _by_volume(moment, kind, used[kind], part.limits, following, now)
            following = next(left, None)
        if over <= now and (part.end is None or over < part.end):
            return _by_period(over, begin, part.limits, now)
    return None


def _reached(used: Mapping[TrafficType, int], limits: Limits) -> TrafficType | None:
    if used[TrafficType.DATA] >= limits.bytes:
        return TrafficType.DATA
    return TrafficType.SMS if used[TrafficType.SMS] >= limits.sms else None


def _by_volume(
    moment: datetime, kind: TrafficType, counted: int, limits: Limits, record: _Record | None, now: datetime
) -> EndOfTest:
    data = kind is TrafficType.DATA
    evidence = Evidence(
        kind="data" if data else "sms",
        limit=limits.bytes if data else limits.sms,
        counted=counted,
        record_id=record.record_id if record is not None else "",
        crossed=moment,
        received=record.received if record is not None else None,
        lag=(now - moment).total_seconds(),
    )
    return EndOfTest(moment, Cause.FACTORY_TEST_VOLUME, evidence)


def _by_period(over: datetime, begin: datetime, limits: Limits, now: datetime) -> EndOfTest:
    evidence = Evidence("period", limits.days, (now - begin).days, crossed=over, lag=(now - over).total_seconds())
    return EndOfTest(over, Cause.FACTORY_TEST_PERIOD, evidence)
