"""How SIMs come into stock: batches, and imports into them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.permissions import authorise_staff
from kit.action import action, retried
from kit.clock import parse_moment
from kit.context import current_context
from kit.errors import Conflict, DomainError, Invalid, NotFound
from sims import signals
from sims.identifiers import normalise_bic, normalise_eid, normalise_iccid, normalise_imsi, plain
from sims.models import SimBatch, SimModel

COLUMNS = ("iccid", "imsi", "msisdn", "eid", "production_date")
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
class LineError:
    """What is wrong with one line of an import file.

    Args:
        line: number as an editor shows it, the header is line 1.
        column: name of the column, empty when the whole line is meant.
        message: what is wrong and what to do.
    """

    line: int
    column: str
    message: str


class ImportRefused(Invalid):
    """The file has errors, so nothing of it was imported."""

    def __init__(self, errors: list[LineError]) -> None:
        super().__init__(
            _("%(count)s line(s) have errors; nothing was imported.") % {"count": len({e.line for e in errors})},
            code="import_refused",
            field="file",
        )
        self.errors = errors


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


def read_sim_csv(content: bytes) -> list[SimRecord]:
    """Read and check a CSV file of SIMs as a whole.

    Args:
        content: UTF-8, with a header naming at least `iccid` and `imsi`; commas or semicolons. Dates are ISO.

    Raises:
        ImportRefused: with every error found, line by line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefused([LineError(1, "", _("The file is not UTF-8 text. Save it as CSV UTF-8."))]) from error
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ",")
    header = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    problems = [name for name in ("iccid", "imsi") if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if problems or unknown:
        raise ImportRefused(
            [LineError(1, name, _("The column is missing.")) for name in problems]
            + [
                LineError(1, name, _("Unknown column; known are %(all)s.") % {"all": ", ".join(COLUMNS)})
                for name in unknown
            ]
        )
    reader.fieldnames = header
    return _read_lines(reader)


def _read_lines(reader: csv.DictReader[str]) -> list[SimRecord]:
    records: list[SimRecord] = []
    errors: list[LineError] = []
    seen: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        if None in row:
            errors.append(LineError(line, "", _("The line has more cells than the header.")))
            continue
        values = {name: (value or "").strip() for name, value in row.items()}
        if not any(values.values()):
            continue
        record, wrong = _read_line(line, values)
        for number in (record.iccid, "imsi " + record.imsi) if record else ():
            if number in seen:
                column = "imsi" if number.startswith("imsi") else "iccid"
                wrong.append(LineError(line, column, _("Stands in line %(line)s too.") % {"line": seen[number]}))
            seen.setdefault(number, line)
        errors += wrong
        if record is not None and not wrong:
            records.append(record)
        if len(records) > MOST_ROWS:
            raise ImportRefused([LineError(line, "", _("A file has at most %(n)s SIMs.") % {"n": MOST_ROWS})])
    if not records and not errors:
        errors.append(LineError(1, "", _("The file holds no SIMs.")))
    if errors:
        raise ImportRefused(sorted(errors, key=lambda error: error.line))
    return records


def _read_line(line: int, values: dict[str, str]) -> tuple[SimRecord | None, list[LineError]]:
    errors: list[LineError] = []

    def checked(column: str, check: Callable[[str], str]) -> str:
        try:
            return check(values.get(column, ""))
        except DomainError as error:
            errors.append(LineError(line, column, error.message))
            return ""

    iccid = checked("iccid", normalise_iccid)
    imsi = checked("imsi", normalise_imsi)
    eid = checked("eid", normalise_eid)
    msisdn = plain(values.get("msisdn", "")).lstrip("+")
    if msisdn and not (msisdn.isascii() and msisdn.isdigit() and len(msisdn) <= 15):
        errors.append(LineError(line, "msisdn", _("An MSISDN has at most 15 digits.")))
    produced = None
    if values.get("production_date"):
        try:
            produced = parse_moment(values["production_date"])
        except (ValueError, OverflowError):
            errors.append(LineError(line, "production_date", _("Not an ISO date, e.g. 2026-11-22.")))
    if errors:
        return None, errors
    return SimRecord(iccid, imsi, msisdn, eid, produced, line), []


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
