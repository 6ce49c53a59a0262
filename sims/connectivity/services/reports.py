"""Taking in what the network reports of SIMs: each report counts once, enters the log, and says how the SIM is
connected (`docs/rules.md` section 19)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from kit.action import action, retried
from kit.context import current_context
from kit.querysets import CHUNK
from sims import signals
from sims.connectivity.reports import Kind, Report, read
from sims.locking import DEVICE_FIELDS, SIM_FIELDS, with_devices
from sims.models import Attachment, Device, NetworkReport, Sim, SimTenure
from sims.signals import DeviceRow, NetworkFact, SimRow
from sims.usage.records import FUTURE, BadRecord
from sims.usage.services.ingest import IngestResult, closing_date

_COLUMNS: Final = tuple(column.name for column in Attachment._meta.concrete_fields if not column.primary_key)


@dataclass(slots=True)
class _Placed:
    """A report whose SIM is known, and where the SIM was then."""

    index: int
    report: Report
    sim: SimRow
    tenure: SimTenure


@dataclass(slots=True)
class _Cards:
    """The SIMs that reports name."""

    by_iccid: dict[str, SimRow] = field(default_factory=dict)
    by_id: dict[int, SimRow] = field(default_factory=dict)
    by_imsi: dict[str, SimRow] = field(default_factory=dict)

    def of(self, report: Report) -> SimRow | None:
        if report.iccid is not None:
            return self.by_iccid.get(report.iccid)
        if report.sim_id is not None:
            return self.by_id.get(report.sim_id)
        return self.by_imsi.get(report.imsi or "")


@retried
def take_in_reports(records: Sequence[Any]) -> IngestResult:
    """Store what the network reports. Idempotent by the reports' ids; one transaction for each 5,000.

    A report belongs to the workspace and the device that the SIM was with when it happened. It enters that log under
    its own moment, and changes what is known of the connection unless something newer is known.

    Args:
        records: as parsed by `kit.api.parsing.exact_json`.

    Returns:
        How many were taken in now, how many before, and which cannot be and why.
    """
    result = IngestResult()
    for start in range(0, len(records), CHUNK):
        _take_in(records, range(start, min(start + CHUNK, len(records))), result)
    return result


def _take_in(records: Sequence[Any], indexes: Iterable[int], result: IngestResult) -> None:
    now = current_context().now()
    found: dict[int, Report] = {}
    for index in indexes:
        try:
            found[index] = read(records[index], now)
        except BadRecord as error:
            result.reject(index, records[index], str(error))
    if not found:
        return
    with action():
        # The ids are claimed before anything else is done: of two deliveries at once the second waits for the first.
        fresh = _claimed(found.values())
        placed: list[_Placed] = []
        cards = _cards(found.values())
        tenures = _tenures({sim.id for report in found.values() if (sim := cards.of(report)) is not None})
        refused: list[str] = []
        duplicates = 0
        for index, report in found.items():
            if report.report_id not in fresh:
                duplicates += 1
                continue
            sim = cards.of(report)
            tenure = _tenure_at(tenures.get(sim.id, ()), report.moment) if sim is not None else None
            if sim is None or tenure is None:
                refused.append(report.report_id)
                text = (
                    _("sim is not known here. Import it first.")
                    if sim is None
                    else _("sim was in no workspace at timestamp. What was before it was registered is nobody's.")
                )
                result.reject(index, records[index], text)
                continue
            fresh.discard(report.report_id)
            placed.append(_Placed(index, report, sim, tenure))
        # What is refused may come again, once the SIM is known; an id that was taken in as well has had its turn.
        NetworkReport.objects.filter(pk__in=set(refused) - {each.report.report_id for each in placed}).delete()
        placed.sort(key=lambda each: (each.report.moment, each.report.kind))
        _attach(placed)
        if placed:
            signals.network_reported.send(sender=NetworkReport, facts=_facts(placed))
    result.accepted += len(placed)
    result.duplicates += duplicates


def _claimed(reports: Iterable[Report]) -> set[str]:
    """Note the ids of reports and return those that are new."""
    wanted = sorted({report.report_id for report in reports})
    with connection.cursor() as cursor:
        found: set[str] = set()
        for start in range(0, len(wanted), 500):
            ids = wanted[start : start + 500]
            marks = ", ".join(["(%s, %s)"] * len(ids))
            received = connection.ops.adapt_datetimefield_value(current_context().now())
            cursor.execute(
                f"INSERT INTO sims_networkreport (report_id, received) VALUES {marks}"  # noqa: S608 - marks alone
                " ON CONFLICT (report_id) DO NOTHING RETURNING report_id",
                [value for id_ in ids for value in (id_, received)],
            )
            found.update(row[0] for row in cursor.fetchall())
    return found


def _cards(reports: Iterable[Report]) -> _Cards:
    iccids = {report.iccid for report in reports if report.iccid is not None}
    ids = {report.sim_id for report in reports if report.sim_id is not None}
    imsis = {report.imsi for report in reports if report.imsi is not None}
    cards = _Cards()
    for name, values in (("iccid__in", iccids), ("pk__in", ids), ("imsi__in", imsis)):
        if not values:
            continue
        for row in with_devices(Sim.objects.filter(**{name: values}).order_by("pk").values_list(*SIM_FIELDS)):
            cards.by_iccid[row.iccid] = cards.by_id[row.id] = cards.by_imsi[row.imsi] = row
    return cards


def _tenures(sim_ids: set[int]) -> Mapping[int, list[SimTenure]]:
    found: dict[int, list[SimTenure]] = {}
    for tenure in SimTenure.objects.filter(sim_id__in=sim_ids).order_by("sim_id", "since"):
        found.setdefault(tenure.sim_id, []).append(tenure)
    return found


def _tenure_at(tenures: Sequence[SimTenure], moment: datetime) -> SimTenure | None:
    # The network's moments have whole seconds: a SIM that came in a second belongs to that whole second.
    place = bisect_right([each.since.replace(microsecond=0) for each in tenures], moment)
    return tenures[place - 1] if place else None


def _facts(placed: Sequence[_Placed]) -> list[NetworkFact]:
    ids = {each.tenure.device_id for each in placed if each.tenure.device_id is not None}
    rows = map(DeviceRow._make, Device.objects.filter(pk__in=ids).order_by("pk").values_list(*DEVICE_FIELDS))
    devices = {row.id: row for row in rows}
    return [
        NetworkFact(
            int(each.report.kind),
            each.report.said,
            each.report.moment,
            each.tenure.workspace_id,
            each.sim.without_device(),
            devices.get(each.tenure.device_id or 0),
            each.report.detail,
        )
        for each in placed
    ]


def forget_reports() -> int:
    """Forget the ids of reports that would be refused by now, were they sent again; return how many."""
    gone, _of_models = NetworkReport.objects.filter(received__lt=closing_date(timezone.now()) - FUTURE).delete()
    return gone


# --- how SIMs are connected ---


def _attach(placed: Sequence[_Placed]) -> None:
    """Change what is known of the connections of SIMs; three statements."""
    news: dict[int, list[_Placed]] = {}
    for each in placed:
        news.setdefault(each.sim.id, []).append(each)
    Attachment.objects.bulk_create(
        [_begun(entries[0], sim_id) for sim_id, entries in sorted(news.items())], ignore_conflicts=True
    )
    rows = list(Attachment.objects.filter(pk__in=news).order_by("pk").select_for_update(of=("self",)))
    for row in rows:
        for each in news[row.sim_id]:
            _apply(row, each)
    _store(rows)


def _store(rows: list[Attachment]) -> None:
    """Write rows that are locked, in one statement."""
    Attachment.objects.bulk_create(rows, update_conflicts=True, unique_fields=["sim"], update_fields=_COLUMNS)


def _begun(first: _Placed, sim_id: int) -> Attachment:
    tenure = first.tenure
    return Attachment(
        sim_id=sim_id, workspace_id=tenure.workspace_id, device_id=tenure.device_id, seen=first.report.moment
    )


def _apply(row: Attachment, placed: _Placed) -> None:
    report, tenure = placed.report, placed.tenure
    if report.refused:
        return
    if (row.workspace_id, row.device_id) != (tenure.workspace_id, tenure.device_id):
        if report.moment < row.seen:
            return
        # Somebody else's SIM by now, or on another device: what was before is no longer true of it.
        _clear(row, report.moment)
        row.workspace_id, row.device_id = tenure.workspace_id, tenure.device_id
        row.operator, row.network_id, row.operator_at = None, None, None
    row.seen = max(row.seen, report.moment)
    if report.operator is not None and _newer(report.moment, row.operator_at):
        row.operator, row.network_id, row.operator_at = report.operator, report.network_id, report.moment
    if report.kind in (Kind.LOCATION, Kind.LOCATION_PURGED) and _newer(report.moment, row.vlr_at):
        row.vlr_at, row.vlr = report.moment, report.vlr if report.kind is Kind.LOCATION else ""
    if report.kind in (Kind.GPRS_LOCATION, Kind.GPRS_LOCATION_PURGED) and _newer(report.moment, row.sgsn_at):
        located = report.kind is Kind.GPRS_LOCATION
        row.sgsn_at = report.moment
        row.sgsn, row.sgsn_ip = (report.sgsn, report.sgsn_ip) if located else ("", "")
    if report.kind is Kind.SESSION_CREATED and _newer(report.moment, row.session_at):
        row.session_at, row.session_id, row.session = report.moment, report.session_id, report.session
    # The end of a session before this one says nothing of this one.
    of_this = row.session is None or report.session_id in ("", row.session_id)
    if report.kind is Kind.SESSION_DELETED and of_this and _newer(report.moment, row.session_at):
        row.session_at, row.session = report.moment, None


def _newer(moment: datetime, known: datetime | None) -> bool:
    return known is None or moment >= known


def _clear(row: Attachment, moment: datetime) -> None:
    row.vlr = row.sgsn = row.sgsn_ip = row.session_id = ""
    row.session = None
    row.vlr_at = row.sgsn_at = row.session_at = moment


def forget_connections(sim_ids: Iterable[int]) -> None:
    """Take it that SIMs are not connected from now on, until the network reports otherwise.

    Args:
        sim_ids: SIMs whose connection was reset in this action.
    """
    rows = list(Attachment.objects.filter(pk__in=set(sim_ids)).order_by("pk").select_for_update(of=("self",)))
    for row in rows:
        _clear(row, current_context().now())
    _store(rows)
