"""Taking in usage records: each counts once, by the thousand in a few statements (`docs/rules.md` section 2).

Records, sums and counters are what the network reported and no actions of anybody, so they leave no events. What
follows from them does: see `services.factory_test`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.action import action, retried
from kit.clock import shared_now
from kit.context import current_context
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus
from sims.usage.records import BadRecord, UsageReading, read
from sims.usage.services import ingest_sql as usage_sql
from sims.usage.services.deliveries import note_deliveries
from sims.usage.services.factory_test import date_back
from sims.usage.services.factory_test_watch import note_ranges, tell_lateness, wake
from sims.usage.services.ingest_sql import Barred

_BARRED: Final = {
    Barred.DEVICE: gettext_lazy("operator is blocked on the device of sim. Take it off the device's blocklist."),
    Barred.POLICY: gettext_lazy("operator is blocked by the coverage policy. Take it off the policy's blocklist."),
    Barred.ZONE: gettext_lazy("operator is in a rate zone that the coverage policy leaves out. Choose the zone there."),
}
"""Why a record of a network that the device may not use is refused."""
CHUNK: Final = 10_000
"""Records of one transaction: locks are held for a part of a second."""


@dataclass(slots=True)
class IngestResult:
    """What became of records.

    Args:
        accepted: counted now.
        duplicates: counted before, by their id.
        rejected: `{"index", "id", "error"}` of each that cannot be counted.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, index: int, record: Any, error: str) -> None:
        """Note a record that cannot be counted."""
        sent = record.get("id") if isinstance(record, dict) else None
        self.rejected.append({"index": index, "id": _echo(sent), "error": error})

    def as_json(self) -> dict[str, Any]:
        """Return the answer to the sender."""
        return {"accepted": self.accepted, "duplicates": self.duplicates, "rejected": self.rejected}


@retried
def ingest(records: Iterable[Any], *, reported: bool = True) -> IngestResult:
    """Store usage records and count them: by day, and towards the limits of SIMs in factory test.

    Idempotent by record id. One transaction for each 10,000 records, so a killed run keeps what it committed and the
    sender's repetition adds the rest. A check is started once records have been committed that reach a limit.

    Args:
        records: as parsed by `kit.api.parsing.exact_json`.
        reported: whether the network reports them. A message that it reports has arrived, whether its usage was
            counted before or not.

    Returns:
        What became of them; a record that cannot be counted stands there by index and id, and hinders no other.

    Raises:
        NoActor: nobody acts; the network does, or whoever runs the command.
    """
    report = IngestResult()
    crossed: set[int] = set()
    for first, chunk in _chunks(records):
        now = current_context().now()
        usages, places = _read(chunk, first, now, report)
        if usages:
            with action():
                refused, stored = _store(usages, now)
                if reported:
                    lost = {position for position, _found in refused}
                    note_deliveries(usage for position, usage in enumerate(usages) if position not in lost)
            for position, found in refused:
                index = places[position]
                report.reject(index, chunk[index - first], _refusal(found))
            report.accepted += stored.records
            report.duplicates += len(usages) - len(refused) - stored.records
            crossed |= stored.crossed
    report.rejected.sort(key=lambda rejection: rejection["index"])
    if report.accepted and current_context().moment is None:
        # Where nobody checks any more, nobody else would notice. A fixed moment tells nothing about workers.
        tell_lateness()
    if crossed:
        # Outside any transaction this runs at once; the check finds what has been committed.
        transaction.on_commit(lambda: wake(sorted(crossed)), robust=True)
    return report


def _chunks(records: Iterable[Any]) -> Iterator[tuple[int, list[Any]]]:
    source = iter(records)
    first = 0
    while chunk := list(islice(source, CHUNK)):
        yield first, chunk
        first += len(chunk)


def _read(
    chunk: Sequence[Any], first: int, now: datetime, report: IngestResult
) -> tuple[list[UsageReading], list[int]]:
    """Return the readable records and the index of each; the others are noted as rejected."""
    usages: list[UsageReading] = []
    places: list[int] = []
    for index, record in enumerate(chunk, first):
        try:
            usages.append(read(record, now))
        except BadRecord as error:
            report.reject(index, record, str(error))
        else:
            places.append(index)
    return usages, places


def _echo(sent: Any) -> int | str | None:
    """Return an id fit for the answer, whatever was sent."""
    if sent is None or (isinstance(sent, int) and not isinstance(sent, bool) and abs(sent) < 2**63):
        return sent
    return str(sent)[:100].encode(errors="replace").decode()


def _store(usages: Sequence[UsageReading], now: datetime) -> tuple[list[tuple[int, usage_sql.Place]], usage_sql.Stored]:
    """Store what can be counted; return the positions that cannot, and what was stored."""
    statements = usage_sql.for_vendor(connection.vendor)
    closing = closing_date(now)
    with connection.cursor() as cursor:
        statements.stage(cursor, _with_iccids(usages))
        locked = statements.lock(cursor)
        statements.place(cursor)
        refused = statements.refused(cursor, closing)
        off = [position for position, found in refused if found.known and not found.usable]
        if off and statements.place_within_second(cursor, off):
            refused = statements.refused(cursor, closing)
        barred = [position for position, found in refused if found.barred]
        if barred:
            statements.drop(cursor, barred)
        stored = statements.count(cursor, now, closing, locked)
    if stored.late:
        date_back(sorted(stored.late))
    note_ranges(stored.ranges, shared_now())
    return refused, stored


def closing_date(now: datetime) -> datetime:
    """Return the moment before which usage is closed: what ended earlier is not taken in any more."""
    return now - timedelta(days=settings.USAGE_CLOSES_AFTER_DAYS)


def _with_iccids(usages: Sequence[UsageReading]) -> Sequence[UsageReading]:
    """Name the SIMs of records without ICCID by theirs; an unknown id gets one that no SIM has."""
    ids = {usage.sim_id for usage in usages if usage.sim_id is not None}
    if not ids:
        return usages
    iccids = dict(Sim.objects.filter(pk__in=ids).values_list("pk", "iccid"))
    return [usage if usage.sim_id is None else usage._replace(iccid=iccids.get(usage.sim_id, "")) for usage in usages]


def _refusal(found: usage_sql.Place) -> str:
    """Say why a SIM's record is not counted, and what to do."""
    if not found.known:
        return str(_("sim is unknown. Check iccid; import or register the SIM if it is new."))
    if found.closed:
        return _(
            "The record ended more than %(days)s days ago, and usage of that time is closed. Settle it with the"
            " operator of the portal."
        ) % {"days": settings.USAGE_CLOSES_AFTER_DAYS}
    if found.status is None:
        return str(
            _(
                "sim was in no workspace when the record ended, so the usage is nobody's. Register the SIM if it is"
                " not; check end_timestamp if it is."
            )
        )
    if found.status not in usage_sql.USABLE:
        return _(
            "sim was %(state)s when the record ended, and could not use the network. Activate it or put it into factory"
            " test; check end_timestamp if it is."
        ) % {"state": SimStatus(found.status).label}
    if found.device_status is None:
        return str(_("sim was on no device when the record ended. Assign it to a device."))
    if not found.has_policies:
        return str(_("The device of sim had no policies when the record ended. Give it both policies."))
    if found.device_status == DeviceStatus.ENABLED:
        return str(_BARRED[found.barred])
    return str(_("The device of sim was disabled when the record ended. Enable it."))
