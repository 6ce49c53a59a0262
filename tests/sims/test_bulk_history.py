"""The history of bulk actions: who asked for what, how objects stood before and after, and what goes on now."""

from __future__ import annotations

import csv
import io
import uuid
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.people.services.erasure import erase_user
from events.models import Event
from kit import jobs
from kit.models import Job
from sims.bulk import actions
from sims.identifiers import iccid_with_luhn
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.sims.test_bulk import HTMX, Desk, plan_in, words

pytestmark = pytest.mark.sqlite_too("ids of a result are read out of JSON by each database in its own way")


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)


def csv_of(cast: Cast, job: Job) -> list[dict[str, str]]:
    response = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/results/{job.pk}/csv/")
    return list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


def listed(cast: Cast, query: str = "", user: Any = None) -> str:
    return words(cast.client(user or cast.owner).get(f"/w/{cast.acme.pk}/results/{query}"))


def test_the_history_lists_what_was_asked_and_done(cast: Cast) -> None:
    sims = cast.sims(2, status=1) + cast.sims(1)
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims])
    Desk(cast, cast.member).do("activate", [sims[0].pk])
    told = listed(cast, user=cast.observer)
    assert "Suspend 3 SIMs Done" in told
    assert f"Activate SIM {iccid_with_luhn(sims[0].iccid)} Done" in told
    assert "Olga Owner 2 1 3 Events" in told
    assert "Max Member 1 0 1 Events" in told
    for stranger in (cast.outsider, None):
        assert cast.client(stranger).get(f"/w/{cast.acme.pk}/results/").status_code in (302, 404)


@pytest.mark.parametrize(
    ("query", "found", "hidden"),
    [
        ("?action=sims/suspend", "Suspend 2 SIMs", "Change tags of device"),
        ("?action=devices/tags", "Change tags of device", "Suspend 2 SIMs"),
        ("?person={member}", "Change tags of device", "Suspend 2 SIMs"),
        ("?state=done", "Suspend 2 SIMs", "nothing"),
        ("?state=running", "No bulk actions match", "Suspend 2 SIMs"),
        ("?date=2020-01-01..2020-01-02", "No bulk actions match", "Suspend 2 SIMs"),
        ("?q=suspend", "Suspend 2 SIMs", "Change tags of device"),
    ],
)
def test_the_history_is_filtered(cast: Cast, query: str, found: str, hidden: str) -> None:
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in cast.sims(2, status=1)])
    Desk(cast, cast.member, "devices").do("tags", [cast.device().pk], add="north")
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/results/{query.format(member=cast.member.pk)}", headers=HTMX)
    told = words(page)
    assert found in told
    assert hidden not in told.replace("Connected devices: Change tags", "")


def test_staff_are_filtered_as_one(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    Desk(cast, cast.owner).do("suspend", [sim.pk])
    Job.objects.update(user_id=cast.staff.pk)
    told = listed(cast, "?person=staff")
    assert "Operator staff" in told
    assert "Stella" not in told
    assert f"Suspend SIM {iccid_with_luhn(sim.iccid)}" in told


def test_the_number_of_queries_does_not_grow_with_the_history(cast: Cast) -> None:
    client, counts = cast.client(cast.owner), []
    for count in (1, 1, 12):
        for sim in cast.sims(count, status=1):
            Desk(cast, cast.owner).do("suspend", [sim.pk])
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/w/{cast.acme.pk}/results/")
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_the_csv_says_how_each_sim_stood(cast: Cast) -> None:
    (active,), (issued,), (asleep,) = cast.sims(1, status=1), cast.sims(1), cast.sims(1, status=2)
    device = cast.device(sim=active, name="Pump 7")
    Desk(cast, cast.owner).do("suspend", [active.pk, issued.pk, asleep.pk, 999_999])
    rows = {row["id"]: row for row in csv_of(cast, Job.objects.get())}
    changed = rows[str(active.pk)]
    assert (changed["IMSI"], changed["device"]) == (active.imsi, device.name)
    assert [(row["state before"], row["state after"]) for row in rows.values()] == [
        ("Activated", "Suspended"),
        ("Suspended", "Suspended"),
        ("Issued", "Issued"),
        ("", ""),
    ]


def test_the_csv_of_devices_names_their_sims(cast: Cast) -> None:
    (sim,), lonely = cast.sims(1, status=1), cast.device(name="Lonely")
    device = cast.device(sim=sim, name="Pump")
    Desk(cast, cast.owner, "devices").do("release", [device.pk, lonely.pk], suspend="on")
    rows = {row["device"]: row for row in csv_of(cast, Job.objects.get())}
    assert (rows["Pump"]["ICCID"], rows["Pump"]["IMSI"]) == (iccid_with_luhn(sim.iccid), sim.imsi)
    states = ("state before", "state after", "SIM state before", "SIM state after")
    assert [rows["Pump"][name] for name in states] == ["Enabled", "Disabled", "Activated", "Suspended"]
    assert [rows["Lonely"][name] for name in states] == ["Enabled", "Enabled", "", ""]


def test_the_csv_of_a_transfer_keeps_the_device(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    cast.device(sim=sim, name="Pump 9")
    desk = Desk(cast, cast.owner)
    plan = plan_in(desk.preview("transfer", [sim.pk]))
    assert desk.run("transfer", plan, target=cast.bolt.pk, detach="on").status_code == 200
    (row,) = csv_of(cast, Job.objects.get())
    assert (row["device"], row["state before"], row["state after"]) == ("Pump 9", "Activated", "Suspended")


def test_no_line_tells_of_another_workspace(cast: Cast) -> None:
    ours, theirs = cast.sims(1, status=1), cast.sims(1, status=1, workspace=cast.umbra)
    Desk(cast, cast.owner).do("suspend", [ours[0].pk, theirs[0].pk])
    job = Job.objects.get()
    assert theirs[0].imsi not in str(job.result)
    assert theirs[0].imsi not in str(csv_of(cast, job))


def test_the_objects_of_a_result_are_shown_in_their_list(cast: Cast) -> None:
    sims = cast.sims(3, status=1)
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims[:2]])
    job = Job.objects.get()
    address = f"/w/{cast.acme.pk}/sims/?result={job.pk}"
    assert address in cast.client(cast.owner).get(f"/w/{cast.acme.pk}/results/{job.pk}/").content.decode()
    told = words(cast.client(cast.owner).get(address))
    assert "2 SIMs" in told
    assert "Suspend 2 SIMs" in told
    for other in (f"/w/{cast.acme.pk}/devices/?result={job.pk}", f"/w/{cast.acme.pk}/sims/?result={uuid.uuid4()}"):
        assert "match" in words(cast.client(cast.owner).get(other))
    assert cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/?result=x").status_code == 422
    # The same address in a stranger's own workspace finds nothing.
    assert "Suspend 2 SIMs" not in words(cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/sims/?result={job.pk}"))


def test_deleted_ones_are_shown_too(cast: Cast) -> None:
    device = cast.device(name="Gone soon")
    Desk(cast, cast.owner, "devices").do("delete", [device.pk], confirm="Gone soon")
    told = words(cast.client(cast.owner).get(f"/w/{cast.acme.pk}/devices/?result={Job.objects.get().pk}"))
    assert "Gone soon" in told


def test_events_lead_to_the_result(cast: Cast) -> None:
    sims = cast.sims(2, status=1)
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims])
    job, event = Job.objects.get(), Event.objects.latest("pk")
    result = f"/w/{cast.acme.pk}/results/{job.pk}/"
    client = cast.client(cast.observer)
    assert result in client.get(f"/w/{cast.acme.pk}/events/{event.pk}/").content.decode()
    assert result in client.get(f"/w/{cast.acme.pk}/events/?request={job.request_id}").content.decode()


def test_everybody_sees_what_goes_on(cast: Cast, small_chunks: None) -> None:
    sims = cast.sims(4, status=1)
    device, other = cast.device(sim=sims[0]), cast.device()
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims[:3]])
    job = Job.objects.get()
    base = f"/w/{cast.acme.pk}"
    told = "Suspending 3 SIMs : 0 done, by Olga Owner"
    client = cast.client(cast.observer)
    for path in ("sims/", "devices/", f"sims/{sims[0].pk}/", f"devices/{device.pk}/", "results/running/"):
        assert told in words(client.get(f"{base}/{path}")), path
    for path in (f"sims/{sims[3].pk}/", f"devices/{other.pk}/"):
        assert told not in words(client.get(f"{base}/{path}")), path
    jobs.run(str(job.pk))
    ended = client.get(f"{base}/results/running/?was={job.pk}")
    assert "Suspend 3 SIMs : Done. Show the result" in words(ended)
    assert "Suspend" not in words(client.get(f"{base}/results/running/"))
    assert client.get(f"{base}/results/running/?sim=x").status_code == 422
    elsewhere = cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/results/running/?was={job.pk}")
    assert "Suspend" not in words(elsewhere)


def test_a_job_keeps_its_numbers_as_it_goes_on(cast: Cast, small_chunks: None) -> None:
    sims = cast.sims(3, status=1) + cast.sims(2)
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims])
    job = Job.objects.get()
    assert (job.name, job.counts) == ("sims/suspend", {})
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert job.counts == {"changed": 3, "unchanged": 0, "refused": 2}
    assert [row[0] for row in job.result["trace"]] == sorted(sim.pk for sim in sims)


def test_a_reset_ends_as_it_began(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    device = cast.device(sim=sim)
    Desk(cast, cast.owner, "devices").do("reset", [device.pk])
    assert Job.objects.get().result["trace"] == [
        [
            device.pk,
            iccid_with_luhn(sim.iccid),
            sim.imsi,
            *[int(DeviceStatus.ENABLED)] * 2,
            *[int(SimStatus.ACTIVATED)] * 2,
        ]
    ]
    assert Sim.objects.get(pk=sim.pk).status == SimStatus.ACTIVATED


def test_a_person_who_is_erased_leaves_the_history(cast: Cast) -> None:
    Desk(cast, cast.member).do("suspend", [sim.pk for sim in cast.sims(2, status=1)])
    with cast.staffing():
        erase_user(user_id=cast.member.pk)
    told = listed(cast)
    assert "Suspend 2 SIMs" in told
    assert "Max Member" not in told


def test_results_of_earlier_versions_get_their_name_and_numbers(cast: Cast) -> None:
    sims = cast.sims(2, status=1) + cast.sims(1)
    Desk(cast, cast.owner).do("suspend", [sim.pk for sim in sims])
    Job.objects.update(name="", counts={})
    # What the migration reads stands in the arguments and results, which are as they were.
    import_module("kit.migrations.0005_job_indexes").fill(apps, None)
    job = Job.objects.get()
    assert (job.name, job.counts) == ("sims/suspend", {"changed": 2, "unchanged": 0, "refused": 1})
