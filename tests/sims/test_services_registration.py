"""Registration by BIC and what staff do before it (`docs/rules.md` section 3)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from sims.identifiers import iccid_with_luhn
from sims.inventory.services import imports
from sims.inventory.services.allotment import assign_batch, assign_sims, reserve_batch
from sims.inventory.services.imports import import_sims
from sims.inventory.services.registration import find_batch, register_batch
from sims.inventory.services.stock import ImportRefused, SimRecord, create_batch, read_sim_csv
from sims.models import Sim, SimBatch
from tests.cast import Cast
from tests.log import last, rows, told, types
from tests.sims.test_concurrency import at_once


@pytest.mark.parametrize(("status", "follow_up"), [(0, []), (1, [8, 8, 8]), (4, [45, 45, 45])])
def test_a_batch_is_registered_with_one_row_and_one_more_per_sim(cast: Cast, status: int, follow_up: list[int]) -> None:
    batch = cast.batch(count=3)
    spaced = f"{batch.bic[:4]} {batch.bic[4:]}"
    with cast.acting(cast.member):
        found = find_batch(workspace_id=cast.acme.pk, bic=spaced)
        done = register_batch(workspace_id=cast.acme.pk, bic=spaced, status=status)
    assert found.pk == batch.pk
    assert types() == [48, *follow_up]
    assert rows()[0][1] == "Batch of 3 SIM(s) registered."
    first: Any = Event.objects.order_by("id")[0]
    assert first.detail["covers"] == {"sim": [row.id for row in done.sims], "batch": [batch.pk]}
    assert told(first) == {
        "sim_batch": {
            "id": batch.pk,
            "sim_model": {"id": cast.model.pk},
            "batch_size": 3,
            "first_iccid": iccid_with_luhn(done.sims[0].iccid),
            "last_iccid": iccid_with_luhn(done.sims[-1].iccid),
        },
    }
    assert first.sim_id is None
    assert set(Sim.objects.values_list("workspace_id", "status")) == {(cast.acme.pk, status)}
    assert len(set(Event.objects.values_list("request_id", flat=True))) == 1


def test_a_single_sim_shows_its_registration_in_its_own_log(cast: Cast) -> None:
    batch = cast.batch(count=1)
    with cast.acting(cast.member):
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
    event = last()
    assert (event.type, event.sim_id, event.imsi) == (48, batch.sims.get().pk, None)


def test_a_batch_is_registered_once_and_only_by_its_workspace(cast: Cast) -> None:
    batch, foreign = cast.batch(), cast.batch(cast.umbra)
    with cast.acting(cast.owner):
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
        with pytest.raises(Conflict) as again:
            register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
        with pytest.raises(Invalid) as other:
            register_batch(workspace_id=cast.acme.pk, bic=foreign.bic)
        with pytest.raises(NotFound) as unknown:
            register_batch(workspace_id=cast.acme.pk, bic="9" * 16)
        with pytest.raises(Invalid) as malformed:
            register_batch(workspace_id=cast.acme.pk, bic="12345")
    assert again.value.code == "already_registered"
    assert (other.value.code, unknown.value.code) == ("foreign_sims", "not_found")
    assert (malformed.value.field, types()) == ("bic", [48])


def test_factory_test_needs_the_package_and_observers_register_nothing(cast: Cast) -> None:
    batch = cast.batch(cast.umbra)
    with cast.acting(cast.outsider), pytest.raises(Invalid) as caught:
        register_batch(workspace_id=cast.umbra.pk, bic=batch.bic, status=4)
    assert caught.value.code == "factory_test_not_allowed"
    with cast.acting(cast.outsider), pytest.raises(Invalid):
        register_batch(workspace_id=cast.umbra.pk, bic=batch.bic, status=2)
    with cast.acting(cast.observer), pytest.raises(Forbidden):
        register_batch(workspace_id=cast.acme.pk, bic=cast.batch().bic)
    assert rows() == []


def test_what_staff_do_is_in_the_operators_log_only(cast: Cast) -> None:
    with cast.staffing():
        batch = create_batch(bic="4000 0000 0000 0001", model=cast.model)
        import_sims(batch_id=batch.pk, records=read_sim_csv(CSV).records)
        reserve_batch(batch_id=batch.pk, workspace_id=cast.acme.pk)
        reserve_batch(batch_id=batch.pk, workspace_id=cast.acme.pk)
    assert types(cast.operator) == [10074, 10060, 10001]
    assert types(cast.acme) == []
    assert rows(cast.operator)[-1][1] == "Batch 4000000000000001 of 2 SIM(s) reserved for workspace Acme."
    event = last()
    assert (event.user_id, event.actor.name, event.actor_label) == (cast.staff.pk, "Stella Staff", "Operator staff")
    with cast.acting(cast.owner):
        register_batch(workspace_id=cast.acme.pk, bic="4000000000000001")
    assert types(cast.acme) == [48]
    with cast.staffing(), pytest.raises(Conflict):
        reserve_batch(batch_id=batch.pk, workspace_id=cast.umbra.pk)


def test_free_stock_goes_to_whoever_holds_the_code(cast: Cast) -> None:
    batch = cast.batch()
    SimBatch.objects.filter(pk=batch.pk).update(workspace=None)
    with cast.acting(cast.owner):
        assert find_batch(workspace_id=cast.acme.pk, bic=batch.bic) == batch
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
    batch.refresh_from_db()
    assert (batch.workspace, batch.sims.filter(workspace=cast.acme).count()) == (cast.acme, batch.quantity)
    assert types(cast.acme) == [48]
    with cast.acting(cast.outsider), pytest.raises(Invalid) as caught:
        register_batch(workspace_id=cast.umbra.pk, bic=batch.bic)
    assert caught.value.code == "foreign_sims"


@pytest.mark.parametrize(("status", "told"), [(0, []), (1, [8, 8]), (4, [45, 45])])
def test_a_batch_that_staff_put_into_an_inventory_is_there_at_once(cast: Cast, status: int, told: list[int]) -> None:
    with cast.staffing():
        batch = create_batch(bic="4000000000000001", model=cast.model)
        import_sims(batch_id=batch.pk, records=read_sim_csv(CSV).records)
        assign_batch(batch_id=batch.pk, workspace_id=cast.acme.pk, status=status)
    assert set(Sim.objects.of(cast.acme.pk).values_list("status", flat=True)) == {status}
    assert types(cast.acme) == told
    row = Event.objects.get(type=10001)
    assert row.workspace_id == cast.operator.pk
    assert row.description == "2 SIM(s) of batch 4000000000000001 assigned to workspace Acme."
    assert sorted(dict(row.detail or {})["covers"]["sim"]) == sorted(Sim.objects.values_list("pk", flat=True))
    with cast.acting(cast.owner), pytest.raises(Conflict) as caught:
        register_batch(workspace_id=cast.acme.pk, bic="4000000000000001")
    assert caught.value.code == "already_registered"


def test_single_sims_go_from_stock_into_an_inventory(cast: Cast) -> None:
    with cast.staffing():
        batch = create_batch(bic="4000000000000001", model=cast.model)
        import_sims(batch_id=batch.pk, records=read_sim_csv(CSV).records)
        first, second = Sim.objects.filter(batch=batch).order_by("pk").values_list("pk", flat=True)
        (foreign,) = cast.sims(1, workspace=cast.umbra)
        outcome = assign_sims(sim_ids=[first, foreign.pk, 999_999], workspace_id=cast.acme.pk)
        assert outcome.changed == [first]
        assert [refusal.code for refusal in outcome.refused] == ["not_in_stock", "not_found"]
        with pytest.raises(Conflict) as caught:
            assign_batch(batch_id=batch.pk, workspace_id=cast.acme.pk)
        assert caught.value.code == "foreign_sims"
    assert list(Sim.objects.of(cast.acme.pk).values_list("pk", flat=True)) == [first]
    foreign.refresh_from_db()
    assert foreign.workspace_id == cast.umbra.pk
    with cast.acting(cast.owner), pytest.raises(Invalid):
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic)
    with cast.staffing():
        assign_sims(sim_ids=[second], workspace_id=cast.bolt.pk)
    batch.refresh_from_db()
    assert batch.registered_at is not None
    assert types(cast.acme) == types(cast.bolt) == []
    assert types(cast.operator)[-2:] == [10001, 10001]


def test_a_batch_of_which_nothing_is_given_stays_as_it_is(cast: Cast) -> None:
    batch = cast.batch(cast.umbra, count=1, registered=True)
    batch.registered_at = None
    batch.save()
    with cast.staffing():
        outcome = assign_sims(sim_ids=[batch.sims.get().pk], workspace_id=cast.acme.pk)
    assert [refusal.code for refusal in outcome.refused] == ["not_in_stock"]
    batch.refresh_from_db()
    assert (batch.workspace, batch.registered_at) == (cast.umbra, None)
    assert types() == []


def test_an_inventory_takes_no_more_activated_sims_than_its_package_allows(cast: Cast) -> None:
    cast.acme.package.max_active_sims = 1
    cast.acme.package.save()
    with cast.staffing():
        batch = create_batch(bic="4000000000000001", model=cast.model)
        import_sims(batch_id=batch.pk, records=read_sim_csv(CSV).records)
        ids = list(Sim.objects.filter(batch=batch).values_list("pk", flat=True))
        with pytest.raises(Conflict):
            assign_batch(batch_id=batch.pk, workspace_id=cast.acme.pk, status=1)
        with pytest.raises(Conflict):
            assign_sims(sim_ids=ids, workspace_id=cast.acme.pk, status=1)
        with pytest.raises(Invalid):
            assign_sims(sim_ids=ids, workspace_id=cast.acme.pk, status=2)
        with pytest.raises(NotFound):
            assign_sims(sim_ids=ids, workspace_id=999_999)
    assert not Sim.objects.filter(pk__in=ids, workspace__isnull=False).exists()


def test_assigning_takes_as_many_queries_for_many(cast: Cast) -> None:
    counts = []
    for count in (2, 2, 300):
        batch = cast.batch(count=count)
        SimBatch.objects.filter(pk=batch.pk).update(workspace=None)
        ids = list(batch.sims.order_by("pk").values_list("pk", flat=True))
        with cast.staffing(), CaptureQueriesContext(connection) as captured:
            assert assign_sims(sim_ids=ids, workspace_id=cast.acme.pk, status=1).changed == ids
        counts.append(len(captured))
    assert counts[1] == counts[2]


def test_customers_do_not_touch_the_stock(cast: Cast) -> None:
    with cast.acting(cast.owner):
        with pytest.raises(Forbidden):
            create_batch(bic="4000000000000001", model=cast.model)
        with pytest.raises(Forbidden):
            import_sims(batch_id=1, records=[])
        with pytest.raises(Forbidden):
            assign_batch(batch_id=1, workspace_id=cast.acme.pk)
        with pytest.raises(Forbidden):
            assign_sims(sim_ids=[1], workspace_id=cast.acme.pk)
        with pytest.raises(Forbidden):
            reserve_batch(batch_id=1, workspace_id=cast.acme.pk)
    assert SimBatch.objects.count() == 0


CSV = (
    b"\xef\xbb\xbfICCID;IMSI;production_date\n"
    b"8988303000000000012;901430000000012;2026-01-02\n"
    b"89883030000000000247;901430000000024;\n"
)


def test_a_file_is_read_whatever_its_separator(cast: Cast) -> None:
    first, second = read_sim_csv(CSV).records
    assert (first.iccid, second.iccid) == ("8988303000000000012", "8988303000000000024")
    assert first.production_date is not None


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("imsi\n901430000000012\n", 1, "iccid"),
        ("iccid,imsi,colour\n", 1, "colour"),
        ("iccid,imsi\n123,901430000000012\n", 2, "iccid"),
        ("iccid,imsi\n8988303000000000012,12\n", 2, "imsi"),
        ("iccid,imsi\n8988303000000000012,901430000000012\n8988303000000000012,901430000000013\n", 3, "iccid"),
        ("iccid,imsi,eid\n8988303000000000012,901430000000012,77\n", 2, "eid"),
        ("iccid,imsi,production_date\n8988303000000000012,901430000000012,yesterday\n", 2, "production_date"),
        ("iccid,imsi\n8988303000000000012,901430000000012,extra\n", 2, ""),
        ("iccid,imsi\n", 1, ""),
        ("", 1, "iccid"),
    ],
)
def test_every_error_of_a_file_names_its_line_and_column(text: str, line: int, column: str) -> None:
    with pytest.raises(ImportRefused) as caught:
        read_sim_csv(text.encode())
    assert (caught.value.errors[0].line, caught.value.errors[0].column) == (line, column)
    assert caught.value.message == "1 line of the file has errors; nothing was imported."


def test_an_import_with_a_known_sim_imports_nothing(cast: Cast) -> None:
    known = cast.sims(1)[0]
    with cast.staffing():
        batch = create_batch(bic="4000000000000001", model=cast.model)
        records = [SimRecord("8988303000000000012", "901430000000012"), SimRecord(known.iccid, "901430000000013")]
        with pytest.raises(ImportRefused) as caught:
            import_sims(batch_id=batch.pk, records=records)
    assert [(error.line, error.column) for error in caught.value.errors] == [(3, "iccid")]
    assert (batch.sims.count(), types()) == (0, [10074])


def test_what_exists_already_is_told_by_the_line_of_the_file(cast: Cast) -> None:
    known = cast.sims(1)[0]
    text = f"iccid,imsi\n\n8988303000000000012,901430000000012\n\n\n{known.iccid},901430000000013\n"
    with cast.staffing():
        batch = create_batch(bic="4000000000000001", model=cast.model)
        with pytest.raises(ImportRefused) as caught:
            import_sims(batch_id=batch.pk, records=read_sim_csv(text.encode()).records)
    assert [error.line for error in caught.value.errors] == [6]


def test_a_sim_that_another_import_stores_meanwhile_is_refused_by_name(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes between looking for the numbers and storing them."""
    record = SimRecord("8988303000000000012", "901430000000012")
    looked: list[int] = []
    original = imports.refuse_known

    def look(records: Any, **options: Any) -> None:
        original(records, **options)
        if not looked:
            looked.append(1)
            import_sims(batch_id=second.pk, records=[record])

    monkeypatch.setattr(imports, "refuse_known", look)
    with cast.staffing():
        first = create_batch(bic="4000000000000001", model=cast.model)
        second = create_batch(bic="4000000000000002", model=cast.model)
        with pytest.raises(ImportRefused) as caught:
            import_sims(batch_id=first.pk, records=[SimRecord("8988303000000000011", "901430000000011"), record])
    assert [(error.line, error.column) for error in caught.value.errors] == [(3, "iccid"), (3, "imsi")]


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_at_once_one_is_refused(cast: Cast) -> None:
    with cast.staffing():
        batches = [create_batch(bic=f"400000000000000{n}", model=cast.model) for n in (1, 2)]
    records = [SimRecord(f"89883030000000000{n}", f"9014300000000{n}") for n in range(10, 60)]

    def importing(batch_id: int, chosen: list[SimRecord]) -> Any:
        def run() -> object:
            with cast.staffing():
                return import_sims(batch_id=batch_id, records=chosen)

        return run

    results = at_once(importing(batches[0].pk, records), importing(batches[1].pk, records[::-1]))
    assert sorted(isinstance(result, ImportRefused) for result in results) == [False, True]
    assert Sim.objects.filter(iccid__in=[record.iccid for record in records]).count() == 50
