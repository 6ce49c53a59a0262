"""Large imports of SIMs: nobody sees a piece of one, all of it comes at once, and what fails leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from events.covered import covering
from events.models import Event
from kit import jobs
from kit.errors import Conflict, DomainError
from kit.models import Job
from sims.inventory.services import imports
from sims.inventory.services.allotment import assign_sims
from sims.inventory.services.imports import cancel_import, import_sims, start_import, sweep_imports
from sims.inventory.services.registration import register_batch
from sims.inventory.services.stock import ImportRefused, SimRecord, create_batch
from sims.inventory.tasks import sweep_lost_imports
from sims.models import Sim, SimBatch, SimImport, SimNumbers
from tests.cast import Cast
from tests.log import last, rows, types
from tests.silence import be_strict, refused

pytestmark = pytest.mark.sqlite_too("imports are visible at once, and refused in silence, on each database in its way")

BIC = "4000000000000077"


def number(place: int) -> tuple[str, str]:
    """Return ICCID and IMSI of a SIM of the file."""
    return f"898830300000007{place:04d}", f"90143000007{place:04d}"


def file(count: int, *, wrong: int = -1) -> bytes:
    """Return a file of SIMs, one of them without an ICCID if asked."""
    lines = [",".join(number(place)) if place != wrong else f"12,{number(place)[1]}" for place in range(count)]
    return "\n".join(["iccid,imsi", *lines]).encode()


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut into pieces of two, and let nobody wait."""
    monkeypatch.setattr(imports, "PIECE", 2)
    monkeypatch.setattr(jobs, "BREATH", 0)


@pytest.fixture
def batch(cast: Cast) -> SimBatch:
    with cast.staffing():
        return create_batch(bic=BIC, model=cast.model)


@pytest.fixture
def begun(cast: Cast, batch: SimBatch) -> SimImport:
    """An import of five SIMs that waits for a worker."""
    with cast.staffing():
        return start_import(batch_id=batch.pk, content=file(5), file_name="sims.csv")


def work(made: SimImport) -> SimImport:
    """Let a worker do what it can, and return the import as it is then."""
    jobs.run(str(made.job_id))
    return SimImport.objects.get(pk=made.pk)


def after_piece(monkeypatch: pytest.MonkeyPatch, number_: int, act: Callable[[], object]) -> None:
    """Do something once when a piece has been written."""
    original, pieces = imports._write, [0]

    def write(made: SimImport, piece: Any) -> None:
        original(made, piece)
        pieces[0] += 1
        if pieces[0] == number_:
            act()

    monkeypatch.setattr(imports, "_write", write)


def test_all_come_at_once_with_one_event(cast: Cast, batch: SimBatch, begun: SimImport) -> None:
    made = work(begun)
    assert (made.state, made.written, made.total, bytes(made.file)) == ("done", 5, 5, b"")
    assert Job.objects.get().state == Job.State.DONE
    assert sorted(Sim.objects.values_list("iccid", "imsi")) == [number(place) for place in range(5)]
    batch.refresh_from_db()
    assert batch.quantity == 5
    assert rows(cast.operator)[1:] == [
        (10105, f"Import of SIMs into batch {BIC} started"),
        (10060, f"5 SIMs imported into batch {BIC}"),
    ]
    told = last()
    assert all(covering("sim", [pk]) == [told.pk] for pk in Sim.objects.values_list("pk", flat=True))
    assert {event.actor_ref for event in Event.objects.all()} == {cast.staff.pk}


def test_nobody_sees_a_piece(cast: Cast, begun: SimImport, batch: SimBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    staff, program = cast.client(cast.staff), cast.client(cast.owner)
    seen: list[Any] = []

    def look() -> None:
        hidden = list(Sim.written.filter(incoming=begun))
        assert len(hidden) == 2
        ids, iccid = [sim.pk for sim in hidden], hidden[0].iccid
        seen.append(Sim.objects.filter(pk__in=ids).exists())
        seen.append(batch.sims.exists())
        paths = (
            "/admin/sims/sim/",
            f"/admin/sims/sim/?q={iccid[:15]}",
            f"/admin/sims/sim/{ids[0]}/change/",
            f"/admin/sims/simbatch/{batch.pk}/change/",
        )
        seen.extend(iccid in staff.get(path, follow=True).content.decode() for path in paths)
        found = program.get(f"/w/{cast.acme.pk}/sims/?iccid={iccid[:15]}*").content.decode()
        seen.append(iccid in found)
        with cast.staffing():
            outcome = assign_sims(sim_ids=ids, workspace_id=cast.acme.pk)
            assert {refusal.code for refusal in outcome.refused} == {"not_found"}
        with cast.acting(cast.owner), pytest.raises(Conflict, match="has no SIMs yet"):
            register_batch(workspace_id=cast.acme.pk, bic=BIC)

    after_piece(monkeypatch, 1, look)
    assert work(begun).state == "done"
    assert seen
    assert not any(seen)
    assert Sim.objects.count() == 5


def test_every_error_is_named_and_nothing_written(cast: Cast, batch: SimBatch) -> None:
    (known,) = cast.sims(1)
    content = file(4, wrong=2) + f"\n{known.iccid},901430000009999".encode()
    with cast.staffing():
        begun = start_import(batch_id=batch.pk, content=content)
    made = work(begun)
    assert (made.state, made.written, bytes(made.file)) == ("refused", 0, b"")
    assert [(line, column) for line, column, _message in made.errors] == [(4, "iccid")]
    assert Sim.written.filter(batch=batch).count() == 0
    assert types(cast.operator)[1:] == [10105, 10106]
    assert last().description == f"Import of SIMs into batch {BIC} refused: 1 error(s) in the file"


def test_numbers_that_are_taken_are_named_too(cast: Cast, batch: SimBatch) -> None:
    (known,) = cast.sims(1)
    with cast.staffing():
        begun = start_import(batch_id=batch.pk, content=file(2) + f"\n{known.iccid},{known.imsi}".encode())
    made = work(begun)
    assert [(line, column) for line, column, _message in made.errors] == [(4, "iccid"), (4, "imsi")]
    assert made.state == "refused"


def test_canceled_it_leaves_nothing(cast: Cast, begun: SimImport, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel() -> None:
        with cast.staffing():
            cancel_import(import_id=begun.pk)

    original = imports.import_step

    def step(job: Job, prepared: Any) -> bool:
        more = original(job, prepared)
        if SimImport.objects.get(pk=begun.pk).written == 4:
            cancel()
        return more

    monkeypatch.setitem(jobs._kinds, imports.KIND, step)
    made = work(begun)
    assert (made.state, made.written) == ("canceled", 0)
    assert not Sim.written.exists()
    assert not SimNumbers.objects.exists()
    assert types(cast.operator)[1:] == [10105, 10106]
    with cast.staffing(), pytest.raises(Conflict, match="has ended"):
        cancel_import(import_id=begun.pk)


def test_a_killed_worker_is_followed_by_another(cast: Cast, begun: SimImport, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    after_piece(monkeypatch, 2, die)
    with pytest.raises(Killed):
        work(begun)
    assert Sim.written.filter(incoming=begun).count() == 2
    assert not Sim.objects.exists()
    Job.objects.update(beat=timezone.now() - timedelta(hours=1))
    assert work(begun).state == "done"
    assert Sim.objects.count() == 5
    assert types(cast.operator)[1:] == [10105, 10060]


def test_what_nobody_goes_on_with_is_removed(cast: Cast, begun: SimImport, monkeypatch: pytest.MonkeyPatch) -> None:
    original = imports.import_step

    def step(job: Job, prepared: Any) -> bool:
        more = original(job, prepared)
        User.objects.filter(pk=cast.staff.pk).update(status=User.Status.SUSPENDED)
        return more

    monkeypatch.setitem(jobs._kinds, imports.KIND, step)
    assert work(begun).state == "writing"
    assert Job.objects.get().state == Job.State.FAILED
    assert Sim.written.filter(incoming=begun).count() == 2
    assert sweep_lost_imports() == 1
    made = SimImport.objects.get(pk=begun.pk)
    assert (made.state, made.written) == ("failed", 0)
    assert not Sim.written.exists()
    assert types(cast.operator)[1:] == [10105, 10106]
    assert sweep_imports() == 0


def test_one_that_works_is_not_swept(begun: SimImport) -> None:
    assert sweep_lost_imports() == 0
    assert SimImport.objects.get(pk=begun.pk).state == "checking"


def test_a_number_that_another_import_stores_meanwhile(
    cast: Cast, begun: SimImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    iccid, imsi = number(4)

    def other() -> None:
        with cast.staffing():
            second = create_batch(bic="4000000000000078", model=cast.model)
            import_sims(batch_id=second.pk, records=[SimRecord(iccid, imsi)])

    original = imports.import_step

    def step(job: Job, prepared: Any) -> bool:
        more = original(job, prepared)
        if SimImport.objects.get(pk=begun.pk).written == 2 and SimBatch.objects.count() == 1:
            other()
        return more

    monkeypatch.setitem(jobs._kinds, imports.KIND, step)
    made = work(begun)
    assert made.state == "refused"
    assert [(line, column) for line, column, _message in made.errors] == [(6, "iccid"), (6, "imsi")]
    assert list(Sim.written.values_list("iccid", flat=True)) == [iccid]


def test_numbers_of_an_import_under_way_are_taken(
    cast: Cast, begun: SimImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    iccid, imsi = number(0)
    refusals: list[ImportRefused] = []

    def other() -> None:
        with cast.staffing():
            second = create_batch(bic="4000000000000078", model=cast.model)
            with pytest.raises(ImportRefused) as caught:
                import_sims(batch_id=second.pk, records=[SimRecord(iccid, imsi)])
            refusals.append(caught.value)

    after_piece(monkeypatch, 1, other)
    assert work(begun).state == "done"
    assert [error.column for error in refusals[0].errors] == ["iccid", "imsi"]


def test_a_batch_that_is_registered_meanwhile_refuses_it(
    cast: Cast, batch: SimBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cast.staffing():
        import_sims(batch_id=batch.pk, records=[SimRecord("8988303000000990011", "901430000990011")])
        begun = start_import(batch_id=batch.pk, content=file(3))

    def register() -> None:
        with cast.acting(cast.owner):
            assert len(register_batch(workspace_id=cast.acme.pk, bic=BIC).sims) == 1

    after_piece(monkeypatch, 1, register)
    made = work(begun)
    assert made.state == "refused"
    assert "belong to the customer now" in made.errors[0][2]
    assert Sim.written.count() == 1


def test_a_registered_batch_is_refused_at_once(cast: Cast) -> None:
    full = cast.batch(registered=True)
    with cast.staffing(), pytest.raises(DomainError):
        start_import(batch_id=full.pk, content=file(1))
    assert not SimImport.objects.exists()


# --- silence ------------------------------------------------------------------------------------------------------


def _row(batch: SimBatch, made: SimImport | None) -> Sim:
    iccid, imsi = number(1)
    return Sim(iccid=iccid, imsi=imsi, batch=batch, incoming=made)


@pytest.fixture
def guarded(transactional_db: None, cast: Cast) -> Cast:
    """The cast, in a database that refuses as in production."""
    be_strict()
    return cast


def test_only_what_nobody_sees_is_written_in_silence(guarded: Cast, batch: SimBatch, begun: SimImport) -> None:
    assert refused(lambda: _row(batch, None).save(force_insert=True))
    with transaction.atomic():
        _row(batch, begun).save(force_insert=True)
    sim = Sim.written.get(incoming=begun)
    assert refused(lambda: Sim.written.filter(pk=sim.pk).update(workspace=guarded.acme))
    assert refused(lambda: Sim.written.filter(pk=sim.pk).update(incoming=None))
    assert refused(lambda: SimImport.objects.filter(pk=begun.pk).update(done=timezone.now()))
    with transaction.atomic():
        Sim.written.filter(pk=sim.pk).delete()
    made = work(begun)
    assert made.state == "done"
    assert refused(lambda: Sim(iccid="8988303000000990011", imsi="9", batch=batch, incoming=made).save())
    assert refused(lambda: Sim.objects.filter(incoming=made).delete())
    assert refused(lambda: SimImport.objects.filter(pk=made.pk).update(done=None))
