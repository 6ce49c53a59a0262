"""SIM batches: created, filled from a file, handed to workspaces. Nothing of it enters a customer's log."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events.models import Event
from kit import jobs
from sims.inventory.admin import imports
from sims.models import Sim, SimBatch, SimImport
from tests.admin.conftest import messages_of, text_of
from tests.cast import Cast
from tests.log import rows, types

BIC = "9876543210987654"
GOOD = "iccid;imsi;msisdn\n8988303000000000011;901430000000011;+883130000011\n8988303000000000029;901430000000012;\n"


@pytest.fixture
def batch(cast: Cast) -> SimBatch:
    return SimBatch.objects.create(bic=BIC, model=cast.model)


def upload(staff: Client, batch: SimBatch, content: str | bytes) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return staff.post(f"/admin/sims/simbatch/{batch.pk}/import/", {"file": SimpleUploadedFile("sims.csv", data)})


def test_create(staff: Client, cast: Cast) -> None:
    response = staff.post("/admin/sims/simbatch/add/", {"bic": BIC, "model": cast.model.pk})
    batch = SimBatch.objects.get()
    assert response["Location"] == f"/admin/sims/simbatch/{batch.pk}/change/"
    assert rows(cast.operator) == [(10074, f"Batch {BIC} of 0 SIM(s) created")]
    again = staff.post("/admin/sims/simbatch/add/", {"bic": BIC, "model": cast.model.pk})
    assert "bic" in again.context["adminform"].form.errors
    assert types() == [10074]


def test_import(staff: Client, cast: Cast, batch: SimBatch) -> None:
    assert upload(staff, batch, GOOD).status_code == 302
    batch.refresh_from_db()
    assert batch.quantity == 2
    assert rows() == [(10060, f"2 SIMs imported into batch {BIC}")]
    assert Event.objects.get().workspace_id == cast.operator.pk
    page = text_of(staff.get(f"/admin/sims/simbatch/{batch.pk}/change/"))
    assert "In stock" in page
    assert "8988 3030 0000 0000 011" in page.replace("  ", " ") or "8988" in page


def test_import_tells_every_wrong_line_and_imports_nothing(staff: Client, cast: Cast, batch: SimBatch) -> None:
    content = (
        "iccid,imsi,production_date\n"
        "8988303000000000011,901430000000011,2026-11-22\n"
        "123,901430000000012,\n"
        "8988303000000000029,nine,22.11.2026\n"
        "8988303000000000011,901430000000014,\n"
    )
    response = upload(staff, batch, content)
    assert response.status_code == 422
    errors = [(error.line, error.column) for error in response.context["line_errors"]]
    assert errors == [(3, "iccid"), (4, "imsi"), (4, "production_date"), (5, "iccid")]
    text = text_of(response)
    assert "Stands in line 2 too." in text
    assert "nothing was imported" in text
    assert not Sim.objects.exists()
    assert types() == []


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ("imsi\n901430000000011\n", 1, "iccid"),
        ("iccid,imsi,colour\n8988303000000000011,901430000000011,red\n", 1, "colour"),
        ("iccid,imsi\n", 1, ""),
        (b"iccid,imsi\n\x81\x8d,1\n", 2, ""),
        (b"PK\x03\x04iccid,imsi\n", 1, ""),
        ("iccid,imsi\n8988303000000000011,901430000000011,1,2\n", 2, ""),
    ],
)
def test_files_that_are_wrong_as_a_whole(staff: Client, batch: SimBatch, content: Any, line: int, column: str) -> None:
    response = upload(staff, batch, content)
    assert [(error.line, error.column) for error in response.context["line_errors"]] == [(line, column)]
    assert not Sim.objects.exists()


def test_import_of_known_numbers(staff: Client, cast: Cast, batch: SimBatch) -> None:
    known = cast.sims()[0]
    response = upload(staff, batch, f"iccid,imsi\n8988303000000000011,901430000000011\n{known.iccid},901430000000012\n")
    assert [(error.line, error.column) for error in response.context["line_errors"]] == [(3, "iccid")]
    assert not batch.sims.exists()


def test_import_without_a_file(staff: Client, batch: SimBatch) -> None:
    assert staff.post(f"/admin/sims/simbatch/{batch.pk}/import/", {}).status_code == 422


def test_import_into_a_registered_batch(staff: Client, cast: Cast) -> None:
    batch = cast.batch(registered=True)
    response = upload(staff, batch, GOOD)
    assert "is registered" in text_of(response)
    assert types() == []


def test_template(staff: Client, batch: SimBatch) -> None:
    response = staff.get("/admin/sims/simbatch/template.csv")
    assert response["Content-Disposition"] == 'attachment; filename="sims.csv"'
    assert upload(staff, batch, response.content).status_code == 302, "the template itself can be imported"


def test_assign(staff: Client, cast: Cast, batch: SimBatch) -> None:
    url = f"/admin/sims/simbatch/{batch.pk}/assign/"
    empty = staff.post(url, {"workspace": cast.acme.pk, "status": "0"})
    assert "Import its SIMs first" in text_of(empty)
    upload(staff, batch, GOOD)
    assert staff.post(url, {"workspace": cast.acme.pk, "status": "7"}).status_code == 422
    assert staff.post(url, {"workspace": cast.acme.pk, "status": "0"}).status_code == 302
    batch.refresh_from_db()
    assert batch.workspace_id == cast.acme.pk
    assert types(cast.operator) == [10060, 10001]
    assert types(cast.acme) == [], "nothing of it stands in the customer's log"
    assert set(Sim.objects.values_list("workspace", flat=True)) == {cast.acme.pk}


def test_reserve(staff: Client, cast: Cast, batch: SimBatch) -> None:
    upload(staff, batch, GOOD)
    url = f"/admin/sims/simbatch/{batch.pk}/reserve/"
    assert staff.post(url, {"workspace": cast.acme.pk}).status_code == 302
    batch.refresh_from_db()
    assert (batch.workspace_id, batch.registered_at) == (cast.acme.pk, None)
    assert types(cast.operator) == [10060, 10001]
    assert types(cast.acme) == []
    assert not Sim.objects.filter(workspace__isnull=False).exists()


@pytest.mark.parametrize("status", [0, 1])
def test_single_sims_go_into_an_inventory(staff: Client, cast: Cast, batch: SimBatch, status: int) -> None:
    upload(staff, batch, GOOD)
    ids = list(batch.sims.values_list("pk", flat=True))
    (taken,) = cast.sims(1, workspace=cast.umbra)
    chosen = {"action": "assign", "index": 0, "_selected_action": [*ids, taken.pk]}
    preview = staff.post("/admin/sims/sim/", chosen)
    assert "1 more is in a workspace already" in text_of(preview)
    assert types(cast.operator) == [10060]
    sent = {**chosen, "confirm": "yes", "workspace": cast.acme.pk, "status": status}
    if status:
        asked = staff.post("/admin/sims/sim/", sent)
        assert asked.status_code == 422
        assert f"Activate {len(ids)} SIMs of Acme" in text_of(asked)
        assert types(cast.operator) == [10060]
        assert staff.post("/admin/sims/sim/", {**sent, f"charge_{cast.acme.pk}_99": "on"}).status_code == 422
        sent[f"charge_{cast.acme.pk}_{len(ids)}"] = "on"
    done = staff.post("/admin/sims/sim/", sent, follow=True)
    assert any("in the inventory of Acme" in text for text in messages_of(done))
    assert any("in a workspace already" in text for text in messages_of(done))
    assert set(batch.sims.values_list("workspace", "status")) == {(cast.acme.pk, status)}
    assert types(cast.acme) == ([8] * len(ids) if status else [])


def test_assign_many(staff: Client, cast: Cast) -> None:
    batches = [cast.batch() for _number in range(3)]
    SimBatch.objects.update(workspace=None)
    registered = cast.batch(registered=True)
    ids = [each.pk for each in (*batches, registered)]
    preview = staff.post("/admin/sims/simbatch/", {"action": "assign_selected", "index": 0, "_selected_action": ids})
    assert "in an inventory already" in text_of(preview)
    assert types() == []
    done = staff.post(
        "/admin/sims/simbatch/",
        {
            "action": "assign_selected",
            "confirm": "yes",
            "workspace": cast.bolt.pk,
            "status": 0,
            "_selected_action": ids,
        },
        follow=True,
    )
    assert "3 batches with 9 SIMs are in the inventory of Bolt." in messages_of(done)
    assert any("is registered" in text for text in messages_of(done))
    assert types(cast.operator) == [10001, 10001, 10001]
    assert types(cast.bolt) == []
    assert len(set(Event.objects.values_list("request_id", flat=True))) == 1


def test_rights(granted: Any, cast: Cast, batch: SimBatch) -> None:
    client = granted("sims.view_simbatch")
    assert client.get(f"/admin/sims/simbatch/{batch.pk}/change/").status_code == 200
    for page in ("import", "assign", "reserve"):
        assert client.get(f"/admin/sims/simbatch/{batch.pk}/{page}/").status_code == 403
    assert client.get("/admin/sims/simbatch/add/").status_code == 403
    assert "assign_selected" not in client.get("/admin/sims/simbatch/").content.decode()
    response = client.post(
        "/admin/sims/simbatch/",
        {"action": "assign_selected", "confirm": "yes", "workspace": cast.bolt.pk, "_selected_action": [batch.pk]},
    )
    assert response.status_code == 200
    assert types() == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("place=empty", {"empty"}),
        ("place=stock", {"stock"}),
        ("place=reserved", {"reserved"}),
        ("place=registered", {"registered"}),
        ("q=98765", {"empty"}),
        ("q=9876 5432 1098 7654", {"empty"}),
        ("q=odd", set()),
    ],
)
def test_filters_and_search(staff: Client, cast: Cast, batch: SimBatch, query: str, expected: set[str]) -> None:
    stock = cast.batch()
    SimBatch.objects.filter(pk=stock.pk).update(workspace=None)
    named = {
        batch.pk: "empty",
        stock.pk: "stock",
        cast.batch().pk: "reserved",
        cast.batch(registered=True).pk: "registered",
    }
    found = staff.get(f"/admin/sims/simbatch/?{query}").context["cl"].result_list
    assert {named[each.pk] for each in found} == expected


def test_filter_by_workspace(staff: Client, cast: Cast) -> None:
    mine, _other = cast.batch(), cast.batch(cast.bolt)
    page = staff.get(f"/admin/sims/simbatch/?workspace={cast.acme.pk}")
    assert [each.pk for each in page.context["cl"].result_list] == [mine.pk]
    assert "Acme" in page.content.decode()
    assert list(staff.get("/admin/sims/simbatch/?workspace=odd").context["cl"].result_list) == []


def test_the_list_costs_the_same_for_any_number(staff: Client, cast: Cast, queries: Any) -> None:
    cast.batch()
    few = queries(lambda: staff.get("/admin/sims/simbatch/"))
    for number in range(40):
        cast.batch(cast.acme if number % 2 else cast.bolt)
    many = queries(lambda: staff.get("/admin/sims/simbatch/"))
    assert len(many) == len(few) <= 6, "\n".join(many)


def test_pages_cost_the_same_for_any_number(staff: Client, cast: Cast, queries: Any) -> None:
    small, large = cast.batch(count=1), cast.batch(count=200)
    first, second = (
        queries(lambda each=each: staff.get(f"/admin/sims/simbatch/{each.pk}/change/")) for each in (small, large)
    )
    assert len(first) == len(second) <= 7


def test_a_large_file_is_imported_by_a_worker(staff: Client, batch: SimBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 1)
    response = upload(staff, batch, GOOD)
    made = SimImport.objects.get()
    page = f"/admin/sims/simbatch/{batch.pk}/import/{made.pk}/"
    assert response["Location"] == page
    assert "Checking the file" in text_of(staff.get(page))
    assert "An import is under way." in text_of(staff.get(f"/admin/sims/simbatch/{batch.pk}/change/"))
    part = staff.get(page, headers={"HX-Request": "true"})
    assert "<h1" not in part.content.decode()
    jobs.run(str(made.job_id))
    assert staff.get(page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "2 SIMs imported." in text_of(staff.get(page))
    assert Sim.objects.count() == 2


def test_a_large_file_is_known_by_its_lines_whatever_ends_them(
    staff: Client, batch: SimBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 1)
    text = "iccid,imsi\r8988303000000000501,901430000000501\r8988303000000000502,901430000000502\r"
    response = upload(staff, batch, text)
    assert response["Location"].startswith(f"/admin/sims/simbatch/{batch.pk}/import/")
    assert not batch.sims.exists()


def test_the_page_of_a_refused_import_lists_and_exports_its_errors(
    staff: Client, batch: SimBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 1)
    upload(staff, batch, GOOD.replace("8988303000000000029", "12"))
    made = SimImport.objects.get()
    jobs.run(str(made.job_id))
    page = f"/admin/sims/simbatch/{batch.pk}/import/{made.pk}/"
    assert "The file was refused; nothing was imported." in text_of(staff.get(page))
    lines = b"".join(staff.get(f"{page}csv/")).decode("utf-8-sig").splitlines()
    assert lines[0] == "line,column,What is wrong"
    assert lines[1].startswith("3,iccid,")


def test_an_import_is_canceled_on_its_page(staff: Client, batch: SimBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 1)
    upload(staff, batch, GOOD)
    made = SimImport.objects.get()
    page = f"/admin/sims/simbatch/{batch.pk}/import/{made.pk}/"
    assert staff.get(f"{page}cancel/").status_code == 403
    assert staff.post(f"{page}cancel/")["Location"] == page
    jobs.run(str(made.job_id))
    assert "The import was canceled; nothing was imported." in text_of(staff.get(page))
    assert "has ended" in " ".join(messages_of(staff.post(f"{page}cancel/", follow=True)))
    assert types()[-2:] == [10105, 10106]


def test_an_import_is_found_under_its_own_batch_alone(staff: Client, cast: Cast, batch: SimBatch) -> None:
    made = SimImport.objects.create(batch=batch)
    other = cast.batch()
    for path in ("", "csv/"):
        assert staff.get(f"/admin/sims/simbatch/{other.pk}/import/{made.pk}/{path}").status_code == 404
