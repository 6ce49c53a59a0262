"""How SIMs come into stock: batches, and imports into them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import authorise_staff
from kit.action import action, retried
from kit.clock import parse_moment
from kit.context import current_context
from kit.delimited import FileRefused, LineError, Row, read_table
from kit.errors import Conflict, DomainError, Invalid, NotFound
from sims import signals
from sims.identifiers import normalise_bic, normalise_eid, normalise_iccid, normalise_imsi, normalise_msisdn
from sims.models import SimBatch, SimModel

HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "iccid": ("ICCID with check digit", "SIM"),
    "imsi": (),
    "msisdn": ("phone number",),
    "eid": (),
    "production_date": ("produced",),
}
"""Columns of an import, with the other headings that they are known by."""
COLUMNS: Final = tuple(HEADINGS)
MAY_REPEAT: Final = ("eid", "msisdn")
"""Numbers that two SIMs may share (profiles of one eUICC, twin cards); whoever imports is told."""
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class SimRecord:
    """One SIM of an import, checked.

    Args:
        line: where it stands in a file; 0 for one that a program made.
    """

    iccid: str
    imsi: str
    msisdn: str = ""
    eid: str = ""
    production_date: datetime | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class SimFile:
    """What an import file holds, checked.

    Args:
        records: its SIMs.
        ignored: headings of columns that were left out.
        notices: what whoever imports should know of single lines; it is no error.
    """

    records: list[SimRecord]
    ignored: list[str]
    notices: list[LineError]


class ImportRefused(FileRefused):
    """The file has errors, so nothing of it was imported."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        count = len({error.line for error in errors})
        text = ngettext(
            "%(count)s line of the file has errors; nothing was imported.",
            "%(count)s lines of the file have errors; nothing was imported.",
            count,
        ) % {"count": f"{count:,}"}
        super().__init__(errors, message=text)


@retried
def create_batch(*, bic: str, model: SimModel) -> SimBatch:
    """Make an empty batch in stock.

    Args:
        bic: 16 digits, not used before.
        model: what kind of SIMs it will hold.

    Raises:
        Forbidden: not staff.
        Invalid: no BIC, or used before.
    """
    authorise_staff("sims.add_simbatch")
    code = normalise_bic(bic)
    with action():
        if SimBatch.objects.filter(bic=code).exists():
            raise Invalid(_("A batch with BIC %(bic)s exists.") % {"bic": code}, code="duplicate", field="bic")
        batch = SimBatch.objects.create(bic=code, model=model, created=current_context().now())
        signals.sim_batch_created.send(sender=SimBatch, batch=batch)
    return batch


def read_sim_csv(content: bytes, *, ignore_unknown: bool = False) -> SimFile:
    """Read and check a file of SIMs as a whole.

    Args:
        content: delimited text as `kit.delimited` reads it, with a heading line that names `iccid` and `imsi` at least.
        ignore_unknown: whether columns that mean nothing here are left out.

    Raises:
        ImportRefused: with every error found, line by line.
    """
    try:
        table = read_table(content, columns=HEADINGS, required=("iccid", "imsi"), ignore_unknown=ignore_unknown)
    except FileRefused as refused:
        raise ImportRefused(refused.errors) from refused
    records: list[SimRecord] = []
    errors: list[LineError] = []
    notices: list[LineError] = []
    seen: dict[str, int] = {}
    for row in table:
        record, wrong = _read_row(row)
        for column in ("iccid", "imsi", "eid", "msisdn") if record else ():
            number = getattr(record, column)
            first = seen.setdefault(f"{column} {number}", row.line_of(column)) if number else row.line_of(column)
            if first != row.line_of(column):
                twice = LineError(row.line_of(column), column, _("Stands in line %(line)s too.") % {"line": first})
                (notices if column in MAY_REPEAT else wrong).append(twice)
        errors += wrong
        if record is not None and not wrong:
            records.append(record)
        if len(records) > MOST_ROWS:
            raise ImportRefused([LineError(row.line, "", _("A file has at most %(n)s SIMs.") % {"n": MOST_ROWS})])
    errors += table.errors
    if not records and not errors:
        errors.append(LineError(1, "", _("The file holds no SIMs.")))
    if errors:
        raise ImportRefused(errors)
    return SimFile(records, table.ignored, notices)


def _read_row(row: Row) -> tuple[SimRecord | None, list[LineError]]:
    errors: list[LineError] = []

    def checked(column: str, check: Callable[[str], str]) -> str:
        try:
            return check(row.values.get(column, ""))
        except DomainError as error:
            errors.append(LineError(row.line_of(column), column, error.message))
            return ""

    iccid = checked("iccid", normalise_iccid)
    imsi = checked("imsi", normalise_imsi)
    eid = checked("eid", normalise_eid)
    msisdn = checked("msisdn", normalise_msisdn)
    produced = None
    if text := row.values.get("production_date"):
        try:
            produced = parse_moment(text)
        except (ValueError, OverflowError):
            message = _("“%(value)s” is no ISO date like 2026-11-22.") % {"value": text[:40]}
            errors.append(LineError(row.line_of("production_date"), "production_date", message))
    if errors:
        return None, errors
    return SimRecord(iccid, imsi, msisdn, eid, produced, row.line), []


def locked_batch(batch_id: int) -> SimBatch:
    """Return a batch of the stock, locked.

    Raises:
        NotFound: there is no such batch.
        Conflict: it is registered.
    """
    batch = SimBatch.objects.select_for_update(of=("self",)).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(_("Batch %(id)s does not exist.") % {"id": batch_id}, field="batch")
    if batch.registered_at is not None:
        raise Conflict(
            _("Batch %(bic)s is registered; its SIMs belong to the customer now.") % {"bic": batch.bic},
            code="already_registered",
            field="batch",
        )
    return batch
