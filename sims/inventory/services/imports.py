"""Imports of SIMs into a batch: all or nothing, and nobody waits for them.

SIMs are written in pieces under a `SimImport`, and nobody sees them (`SimManager`) until one short transaction says
that it is done, with its event. A small file goes through the same in one transaction, a large one in a job. What is
refused, canceled or given up takes its SIMs away again (`docs/rules.md` section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.permissions import authorise_staff
from kit import jobs
from kit.action import action, retried
from kit.context import Actor, ActorKind, acting_within, current_context
from kit.delimited import LineError
from kit.errors import Conflict, DomainError, NotFound
from kit.models import Job
from sims import signals
from sims.inventory.numbers import note_numbers
from sims.inventory.services.stock import ImportRefused, SimRecord, locked_batch, read_sim_csv
from sims.models import Sim, SimBatch, SimImport, SimNumbers

RIGHT: Final = "sims.change_simbatch"
KIND: Final = "sims.import"
PIECE: Final = 1_000
"""SIMs that are written, or removed again, in one transaction: others write between them."""
AT_ONCE: Final = 2_000
"""Lines of a file that is imported within the request."""
LOOKED_UP: Final = 5_000
"""Numbers that are looked for in one query."""
MOST_ERRORS: Final = 10_000
"""Errors of a file that are kept."""
SWEEP: Final = Actor(kind=ActorKind.SCHEDULE, id=0, label="Sweep of imports", everywhere=True)
"""Who removes what an import left that nobody goes on with."""

_State = SimImport.State
_RUNNING: Final = (Job.State.QUEUED, Job.State.RUNNING)


@retried
def import_sims(*, batch_id: int, records: Sequence[SimRecord]) -> int:
    """Put checked SIMs into a batch that nobody has registered: all or none, in one transaction.

    Args:
        batch_id: the batch.
        records: from `read_sim_csv`, or made by a program.

    Returns:
        Number of SIMs imported.

    Raises:
        Forbidden: not staff.
        NotFound: no such batch.
        Conflict: the batch is registered.
        ImportRefused: an ICCID or IMSI exists already, also one that another import stores at the same moment; the
            error's line is the record's, else its place below a header.
    """
    authorise_staff(RIGHT)
    with action():
        batch = locked_batch(batch_id)
        refuse_known(records)
        now = current_context().now()
        made = SimImport.objects.create(batch=batch, state=_State.WRITING, total=len(records), created=now)
        try:
            for piece in _pieces(records):
                _write(made, piece)
        except IntegrityError:
            # Another import stored one of them after the look above; it is committed now, or this would still wait.
            refuse_known(records)
            raise
        _finish(made, batch)
    return len(records)


@retried
def start_import(*, batch_id: int, content: bytes, file_name: str = "", ignore_unknown: bool = False) -> SimImport:
    """Have a file of SIMs imported by a worker; its page tells how far it is.

    Args:
        batch_id: the batch, which nobody has registered.
        content: the file, as `read_sim_csv` takes it.
        file_name: as the sender calls it.
        ignore_unknown: as there.

    Raises:
        Forbidden: not staff.
        NotFound: no such batch.
        Conflict: the batch is registered.
    """
    authorise_staff(RIGHT)
    with action():
        batch = locked_batch(batch_id)
        made = SimImport.objects.create(
            batch=batch,
            file=content,
            file_name=file_name[:200],
            ignore_unknown=ignore_unknown,
            created=current_context().now(),
        )
        title = _("Import SIMs into batch %(bic)s") % {"bic": batch.bic}
        made.job_id = jobs.start(kind=KIND, workspace_id=None, title=title, arguments={"import": made.pk}, total=0).pk
        made.save(update_fields=["job_id"])
        signals.sim_import_started.send(sender=SimImport, batch=batch, import_id=made.pk, file_name=made.file_name)
    return made


@retried
def cancel_import(*, import_id: int) -> None:
    """End an import that is under way; what was written for it goes. One that ends already stays as it is.

    Raises:
        Forbidden: not staff.
        NotFound: there is no such import.
        Conflict: it has ended.
    """
    authorise_staff(RIGHT)
    with action():
        made = _locked(import_id)
        if made is None:
            raise NotFound(_("There is no import %(id)s.") % {"id": import_id})
        if made.ended is not None:
            raise Conflict(_("The import has ended: %(state)s.") % {"state": made.get_state_display()})
        if made.state != _State.UNDOING:
            _begin_undoing(made, _State.CANCELED)


def refuse_known(records: Sequence[SimRecord], *, but: int | None = None) -> None:
    """Refuse records whose ICCID or IMSI a SIM has, also one that an import has written and nobody sees yet.

    Args:
        records: to be looked for.
        but: an import whose own SIMs do not count.

    Raises:
        ImportRefused: with every such number, by its line.
    """
    if errors := _known(records, but=but):
        raise ImportRefused(sorted(errors, key=lambda error: error.line))


def _known(records: Sequence[SimRecord], *, but: int | None) -> list[LineError]:
    errors: list[LineError] = []
    for column in ("iccid", "imsi"):
        lines = {getattr(record, column): record.line or place for place, record in enumerate(records, start=2)}
        numbers = list(lines)
        for start in range(0, len(numbers), LOOKED_UP):
            held = Sim.written.filter(**{f"{column}__in": numbers[start : start + LOOKED_UP]})
            if but is not None:
                held = held.exclude(incoming_id=but)
            errors += [
                LineError(lines[number], column, _("%(number)s exists already.") % {"number": number})
                for number in held.values_list(column, flat=True)
            ]
    return errors


# --- writing ---


def _pieces(records: Sequence[SimRecord]) -> Iterator[Sequence[SimRecord]]:
    """Cut records in one order, so that two imports of the same numbers wait for each other and never in a circle."""
    ordered = sorted(records, key=lambda record: record.iccid)
    for start in range(0, len(ordered), PIECE):
        yield ordered[start : start + PIECE]


def _write(made: SimImport, piece: Sequence[SimRecord]) -> None:
    """Write SIMs that nobody sees; on a number that another has nothing of the piece is written."""
    with transaction.atomic():
        rows = Sim.written.bulk_create(
            Sim(
                iccid=record.iccid,
                imsi=record.imsi,
                msisdn=record.msisdn,
                eid=record.eid,
                batch_id=made.batch_id,
                production_date=record.production_date or made.created,
                imported=made.created,
                last_updated=made.created,
                incoming_id=made.pk,
            )
            for record in piece
        )
        note_numbers(rows)
    made.written += len(piece)
    made.save(update_fields=["written"])


def _finish(made: SimImport, batch: SimBatch) -> None:
    """Let everybody see the SIMs of an import, at once and with its event: the only moment at which others wait."""
    ids = list(made.sims(manager="written").order_by("pk").values_list("pk", flat=True))
    SimBatch.objects.filter(pk=batch.pk).update(quantity=F("quantity") + len(ids))
    batch.quantity += len(ids)
    made.done = made.ended = current_context().now()
    made.state, made.file = _State.DONE, b""
    made.save(update_fields=["done", "ended", "state", "file"])
    signals.sims_imported.send(sender=SimBatch, batch=batch, sim_ids=ids, import_id=made.pk)


# --- the job ---


@dataclass(frozen=True, slots=True)
class _File:
    """What a worker has read: the SIMs in the pieces in which they are written, or what is wrong."""

    pieces: Sequence[Sequence[SimRecord]] = ()
    total: int = 0
    errors: Sequence[LineError] = ()
    notices: Sequence[LineError] = ()


def _read(job: Job) -> _File:
    """Read and check the whole file, and look for its numbers; nothing is written and nobody waits for it."""
    made = SimImport.objects.get(pk=job.arguments["import"])
    if made.state not in (_State.CHECKING, _State.WRITING):
        return _File()
    try:
        file = read_sim_csv(bytes(made.file), ignore_unknown=made.ignore_unknown)
        refuse_known(file.records, but=made.pk)
    except ImportRefused as refused:
        return _File(errors=refused.errors)
    ignored = [LineError(1, name, _("The column is not stored.")) for name in file.ignored]
    return _File(list(_pieces(file.records)), len(file.records), notices=[*ignored, *file.notices])


@jobs.job_kind(KIND, prepare=_read)
@retried
def import_step(job: Job, file: _File) -> bool:
    """Do the next piece of an import: write it, let everybody see all of them, or take a piece away again."""
    authorise_staff(RIGHT)
    made = _locked(job.arguments["import"])
    if made is None or made.ended is not None:
        return False
    if made.state == _State.UNDOING:
        return _undo(made)
    with action():
        if file.errors:
            _refuse(made, file.errors)
            return True
        if made.state == _State.CHECKING:
            made.state, made.total = _State.WRITING, file.total
            made.notices = _as_json(file.notices)
            made.save(update_fields=["state", "total", "notices"])
        job.total = made.total
        if made.written < made.total:
            _write_next(made, file)
            job.done = made.written
            return True
        try:
            _finish(made, locked_batch(made.batch_id))
        except DomainError as error:
            _refuse(made, [LineError(0, "", error.message)])
            return True
    return False


def _write_next(made: SimImport, file: _File) -> None:
    try:
        _write(made, file.pieces[made.written // PIECE])
    except IntegrityError:
        # Somebody else stored one of the numbers since they were looked for.
        records = [record for piece in file.pieces for record in piece]
        errors = _known(records, but=made.pk)
        if not errors:
            raise
        _refuse(made, errors)


def _refuse(made: SimImport, errors: Sequence[LineError]) -> None:
    made.errors = _as_json(sorted(errors, key=lambda error: error.line))
    made.save(update_fields=["errors"])
    _begin_undoing(made, _State.REFUSED, count=len(errors))


def _as_json(errors: Sequence[LineError]) -> list[list[Any]]:
    return [[error.line, error.column, error.message] for error in errors[:MOST_ERRORS]]


def _begin_undoing(made: SimImport, ends_as: str, *, count: int = 0) -> None:
    made.state, made.ends_as = _State.UNDOING, ends_as
    made.save(update_fields=["state", "ends_as"])
    signals.sim_import_ended.send(sender=SimImport, batch=made.batch, import_id=made.pk, why=str(ends_as), count=count)


def _undo(made: SimImport) -> bool:
    """Remove a piece of what was written; return whether there may be more."""
    ids = list(made.sims(manager="written").values_list("pk", flat=True)[:PIECE])
    if ids:
        SimNumbers.objects.filter(pk__in=ids).delete()
        Sim.written.filter(pk__in=ids, incoming_id=made.pk).delete()
        made.written = max(0, made.written - len(ids))
        made.save(update_fields=["written"])
        return True
    made.state, made.ended, made.file = made.ends_as, current_context().now(), b""
    made.save(update_fields=["state", "ended", "file"])
    return False


def _locked(import_id: int) -> SimImport | None:
    """Lock an import; the file, which is large, is left where it is."""
    rows = SimImport.objects.defer("file").select_for_update(of=("self",))
    return rows.filter(pk=import_id).first()


def sweep_imports() -> int:
    """Undo imports whose job has ended before them: their workers were lost, or whoever asked may not act any more.

    Returns:
        How many there were.
    """
    left = 0
    for made in SimImport.objects.filter(ended__isnull=True).defer("file"):
        if made.job_id is not None and Job.objects.filter(pk=made.job_id, state__in=_RUNNING).exists():
            continue
        left += 1
        with acting_within(SWEEP):
            _give_up(made.pk)
    return left


def _give_up(import_id: int) -> None:
    more = True
    while more:
        with action():
            made = _locked(import_id)
            if made is None or made.ended is not None:
                return
            if made.state != _State.UNDOING:
                _begin_undoing(made, _State.FAILED)
            more = _undo(made)
