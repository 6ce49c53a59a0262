"""Jobs of the bulk engine, its reports, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from kit import jobs
from kit.context import current_context
from kit.models import Job
from sims.bulk import actions
from sims.bulk.selection import Selection
from sims.signals import sim_status_changed
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import HTMX, Desk, plan_in, words

pytestmark = pytest.mark.sqlite_too("jobs are claimed and resumed without locks of single rows")

# --- jobs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)


def test_more_than_a_chunk_becomes_a_job(cast: Cast, small_chunks: None) -> None:
    sims = cast.sims(5, status=1) + cast.sims(1, status=0)
    desk = Desk(cast, cast.owner)
    plan = desk.plan("suspend", [sim.pk for sim in sims])
    response = desk.run("suspend", plan)
    job = Job.objects.get()
    assert (job.state, job.title, types()) == ("queued", "Suspend 6 SIMs", [])
    assert "Waiting for a worker" in words(response)
    poll = f"/w/{cast.acme.pk}/results/{job.pk}/progress/"
    assert poll in response.content.decode()
    assert "0 / 6" in words(desk.client.get(poll, headers=HTMX))
    # Pressed again while it waits: the same job.
    desk.run("suspend", plan)
    assert Job.objects.count() == 1
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.done, len(job.result["changed"])) == ("done", 6, 5)
    assert types() == [9] * 5
    assert {event.request_id for event in Event.objects.all()} == {job.request_id}
    assert {event.user_id for event in Event.objects.all()} == {cast.owner.pk}
    ended = desk.client.get(poll, headers=HTMX)
    assert ended["HX-Retarget"] == "#dialog-body"
    assert "Changed 5 Skipped 1 Failed 0" in words(ended)
    page = desk.client.get(f"/w/{cast.acme.pk}/results/{job.pk}/")
    assert "Suspended 5 SIMs" in words(page)
    assert desk.client.get(f"{poll}?page=1", headers=HTMX)["HX-Redirect"] == f"/w/{cast.acme.pk}/results/{job.pk}/"


def test_a_job_that_fails_half_way_says_so(cast: Cast, small_chunks: None) -> None:
    sims = cast.sims(5, status=1)
    desk = Desk(cast, cast.owner)
    desk.do("suspend", [sim.pk for sim in sims])
    job = Job.objects.get()
    told_before: list[int] = []

    def fails_later(**_facts: Any) -> None:
        told_before.append(1)
        if len(told_before) == 2:
            raise RuntimeError("the disk is full")

    sim_status_changed.connect(fails_later)
    try:
        jobs.run(str(job.pk))
    finally:
        sim_status_changed.disconnect(fails_later)
    told = words(desk.client.get(f"/w/{cast.acme.pk}/results/{job.pk}/"))
    assert "Changed 2 Skipped 0 Failed 3" in told
    assert "3 were not reached" in told
    assert str(job.request_id) in told
    assert types() == [9, 9]


def test_no_job_is_queued_for_who_may_not(cast: Cast, small_chunks: None) -> None:
    sims = cast.sims(3, status=1)
    plan = Selection(cast.acme.pk, cast.observer.pk, "sims/suspend", tuple(sim.pk for sim in sims)).signed()
    assert Desk(cast, cast.observer).run("suspend", plan).status_code == 403
    assert Job.objects.count() == 0


# --- results ------------------------------------------------------------------------------------------------------


def test_a_result_stays_for_the_members_of_its_workspace(cast: Cast) -> None:
    sims = cast.sims(2, status=1) + cast.sims(1, status=0)
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims])
    job = Job.objects.get()
    address = f"/w/{cast.acme.pk}/results/{job.pk}/"
    page = cast.client(cast.observer).get(address)
    assert "Suspended 2 SIMs" in words(page)
    assert "Olga Owner, olga.owner@example.com" in words(page)
    assert f"/w/{cast.acme.pk}/events/?request={job.request_id}" in page.content.decode()
    assert cast.client(cast.outsider).get(address).status_code == 404
    for elsewhere in ("", "csv/", "progress/"):
        assert cast.client(cast.outsider).get(address + elsewhere).status_code == 404
        moved = f"/w/{cast.umbra.pk}/results/{job.pk}/{elsewhere}"
        assert cast.client(cast.outsider).get(moved).status_code == 404


def test_the_csv_names_every_object(cast: Cast) -> None:
    sims = cast.sims(2, status=1) + cast.sims(1, status=0) + cast.sims(1, status=2)
    ids = [sim.pk for sim in sims]
    Desk(cast, cast.owner).do("suspend", [*ids, 999_999])
    response = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/results/{Job.objects.get().pk}/csv/")
    lines = [line.split(",") for line in b"".join(response).decode("utf-8-sig").splitlines()]
    assert lines[0] == ["id", "iccid", "IMSI", "device", "state before", "state after", "result", "reason"]
    assert [(line[0], line[6]) for line in lines[1:]] == [
        (str(ids[0]), "changed"),
        (str(ids[1]), "changed"),
        (str(ids[3]), "unchanged"),
        (str(ids[2]), "skipped"),
        ("999999", "failed"),
    ]
    assert len(lines[1][1]) == 20


def test_without_script_the_result_has_its_page(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    desk = Desk(cast, cast.owner)
    page = desk.client.post(f"{desk.base}suspend/preview/", {"scope": "ids", "ids": [sim.pk]})
    assert "<!doctype html>" in page.content.decode()
    done = desk.client.post(f"{desk.base}suspend/run/", {"plan": plan_in(page)})
    assert (done.status_code, done["Location"]) == (303, f"/w/{cast.acme.pk}/results/{Job.objects.get().pk}/")


def test_from_a_sims_page_one_goes_back_to_it(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    desk = Desk(cast, cast.owner)
    here = f"/w/{cast.acme.pk}/sims/{sim.pk}/"
    plan = desk.plan("suspend", [sim.pk])
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{here}"}
    response = desk.client.post(f"{desk.base}suspend/run/", {"plan": plan}, headers=headers)
    assert (response.status_code, response["HX-Redirect"]) == (200, here)
    assert "Suspended 1 SIM" in words(desk.client.get(here))


# --- cost ---------------------------------------------------------------------------------------------------------


def queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()
    return len([q for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    desk = Desk(cast, cast.owner)
    counts = []
    desk.do("suspend", [sim.pk for sim in cast.sims(2, status=1)])
    for size in (2, 200):
        ids = [sim.pk for sim in cast.sims(size, status=1)]
        plans: list[str] = []
        previewing = queries(lambda ids=ids, plans=plans: plans.append(desk.plan("suspend", ids)))  # type: ignore[misc]
        running = queries(lambda plans=plans: desk.run("suspend", plans[0]))  # type: ignore[misc]
        counts.append((previewing, running))
    assert counts[0] == counts[1]
    assert counts[0][0] <= 10
    assert counts[0][1] <= 15


def test_no_context_leaks_between_requests() -> None:
    with pytest.raises(RuntimeError):
        current_context()
