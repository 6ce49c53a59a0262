"""Devices from a file: every error by its place, what will be created, doing it once, and the worker of a large one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from kit import jobs
from kit.delimited import FileRefused
from kit.models import Job
from sims.devices.services import files
from sims.devices.services.files import check_file
from sims.identifiers import iccid_with_luhn
from sims.models import Device, DeviceFile, Sim
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import words

pytestmark = pytest.mark.sqlite_too("jobs are claimed and resumed without locks of single rows")
IMEI = "490154203237518"


def upload(cast: Cast, content: str, **more: Any) -> Any:
    """Send a file as the owner does, with the policies that are preselected."""
    service, coverage = cast.policies()
    form = {"service_policy": service.pk, "coverage_policy": coverage.pk, "status": "1", **more}
    file = SimpleUploadedFile("pumps.csv", content.encode())
    return cast.client(cast.owner).post(f"/w/{cast.acme.pk}/devices/file/", {**form, "file": file})


def test_a_file_is_shown_first_and_created_once(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    text = (
        "Name;IMEI;IMEI lock;SIM;Service policy;Tags;Comment\n"
        f"Pump 1;{IMEI};yes;{iccid_with_luhn(sim.iccid)};standard;north, roof;By the gate\n"
        "Pump 2;;;;;;\n"
    )
    response = upload(cast, text)
    assert response.status_code == 303
    page = cast.client(cast.owner).get(response["Location"])
    shown = words(page)
    assert "Devices to create 2" in shown
    assert "With a SIM 1" in shown
    assert "1 SIM becomes Activated." in shown
    assert "charged" in shown
    assert (Device.objects.count(), types()) == (0, [])
    for _ in range(2):
        assert cast.client(cast.owner).post(response["Location"]).status_code == 303
    first, second = Device.objects.order_by("pk")
    assert (first.name, first.imei, first.imei_lock, first.tags, first.note) == (
        "Pump 1",
        IMEI,
        True,
        "north,roof",
        "By the gate",
    )
    assert second.name == "Pump 2"
    assert Sim.objects.get(pk=sim.pk).device_id == first.pk
    assert types() == [10002, 8, 51, 10002]
    assert "Created 2 devices." in words(cast.client(cast.owner).get(response["Location"]))
    assert bytes(DeviceFile.objects.get().content) == b""


def test_every_error_is_named_by_line_and_column(cast: Cast) -> None:
    free, used = cast.sims(2)
    cast.device(sim=used)
    (foreign,) = cast.sims(1, workspace=cast.umbra)
    lines = [
        "name,imei,imei_lock,iccid,coverage_policy,ip_address",
        f",12,,{free.iccid},,",
        f"A,,yes,{foreign.iccid},,",
        f"B,,maybe,{used.iccid},Nowhere,10.0.0.300",
        f"C,,,{free.iccid},,",
        f"D,,,{free.iccid},,",
    ]
    response = upload(cast, "\n".join(lines))
    assert response.status_code == 422
    found = {(error.line, error.column) for error in response.context["line_errors"]}
    assert found == {
        *((2, "name"), (2, "imei")),
        (3, "iccid"),
        *((4, "imei_lock"), (4, "iccid"), (4, "coverage_policy"), (4, "ip_address")),
        *((5, "iccid"), (6, "iccid")),
    }
    assert not DeviceFile.objects.exists()
    assert not Device.objects.filter(name__in="ABCD").exists()


def test_an_address_that_a_device_has_is_known_however_it_is_written(cast: Cast) -> None:
    Device.objects.filter(pk=cast.device(name="Gate").pk).update(ip_address="10.0.0.7", status=0)
    response = upload(cast, "name,ip_address\nA,10.0.0.7/32\nB,10.0.0.8\nC,::ffff:10.0.0.8\n")
    assert [(error.line, error.column) for error in response.context["line_errors"]] == [
        (2, "ip_address"),
        (4, "ip_address"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The column is missing"),
        ("name\n", "The file holds no devices."),
        ("imei\n1\n", "The column is missing"),
        ("name,colour\nA,red\n", "Unknown column"),
    ],
)
def test_a_file_that_cannot_be_read(cast: Cast, text: str, told: str) -> None:
    response = upload(cast, text or " ")
    assert (response.status_code, told in words(response)) == (422, True)


def test_without_a_policy_each_line_needs_its_own(cast: Cast) -> None:
    response = upload(cast, "name\nA\n", service_policy="", coverage_policy="")
    assert {error.column for error in response.context["line_errors"]} == {"service_policy", "coverage_policy"}


def test_what_has_changed_since_is_refused_when_it_is_confirmed(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    response = upload(cast, f"name,iccid\nA,{sim.iccid}\nB,\n")
    cast.device(sim=sim, name="Quicker")
    confirmed = cast.client(cast.owner).post(response["Location"])
    assert (confirmed.status_code, "Release it first" in words(confirmed)) == (422, True)
    assert not Device.objects.filter(name__in=("A", "B")).exists()
    assert types() == []


def test_a_large_file_is_created_by_a_worker_that_may_be_killed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 1)
    monkeypatch.setattr(files, "PIECE", 2)
    monkeypatch.setattr(jobs, "BREATH", 0)
    sims = cast.sims(5)
    response = upload(cast, "name,iccid\n" + "".join(f"P{n},{sim.iccid}\n" for n, sim in enumerate(sims)))
    client = cast.client(cast.owner)
    assert client.post(response["Location"]).status_code == 303
    assert "Creating devices" in words(client.get(response["Location"]))
    cast.device(sim=sims[3], name="Quicker")
    job = Job.objects.get()
    original = files._create

    class Killed(BaseException):
        pass

    def die(workspace_id: int, rows: Any) -> Any:
        if rows and rows[0].line == 4:
            raise Killed
        return original(workspace_id, rows)

    monkeypatch.setattr(files, "_create", die)
    with pytest.raises(Killed):
        jobs.run(str(job.pk))
    assert Device.objects.filter(name__startswith="P").count() == 2
    monkeypatch.setattr(files, "_create", original)
    Job.objects.update(beat=timezone.now() - timedelta(hours=1))
    jobs.run(str(job.pk))
    made = DeviceFile.objects.get()
    assert (made.state, len(made.made)) == ("done", 4)
    assert [(line, column) for line, column, _reason in made.refused] == [(5, "iccid")]
    assert sorted(Device.objects.filter(name__startswith="P").values_list("name", flat=True)) == [
        "P0",
        "P1",
        "P2",
        "P4",
    ]
    assert types().count(10002) == 4
    page = words(client.get(response["Location"]))
    assert "Created 4 devices. 1 line was refused." in page
    lines = b"".join(client.get(f"{response['Location']}csv/")).decode("utf-8-sig").splitlines()
    assert lines[1].startswith("5,iccid,")


def test_rights_that_end_meanwhile_end_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 1)
    response = upload(cast, "name\nA\nB\n")
    cast.client(cast.owner).post(response["Location"])
    Membership.objects.filter(user=cast.owner, workspace=cast.acme).delete()
    jobs.run(str(Job.objects.get().pk))
    assert Job.objects.get().state == Job.State.FAILED
    assert not Device.objects.exists()
    assert bytes(DeviceFile.objects.get().content) == b""
    page = words(cast.client(cast.member).get(response["Location"]))
    assert "0 of 2 devices were created." in page
    assert "Upload another file" in page


def test_it_is_of_one_workspace_and_of_those_who_may(cast: Cast) -> None:
    response = upload(cast, "name\nA\n")
    assert cast.client(cast.outsider).get(response["Location"]).status_code == 404
    assert cast.client(cast.observer).get(response["Location"]).status_code == 403
    elsewhere = response["Location"].replace(f"/w/{cast.acme.pk}/", f"/w/{cast.bolt.pk}/")
    assert cast.client(cast.owner).get(elsewhere).status_code == 404
    assert cast.client(cast.observer).get(f"/w/{cast.acme.pk}/devices/file/").status_code == 403


def test_files_that_nobody_confirms_go(cast: Cast) -> None:
    upload(cast, "name\nA\n")
    DeviceFile.objects.update(created=timezone.now() - timedelta(days=2))
    upload(cast, "name\nB\n")
    assert DeviceFile.objects.count() == 1


def test_of_one_person_only_so_many_files_wait(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_KEPT", 3)
    urls = [upload(cast, f"name\nPump {number}\n")["Location"] for number in range(4)]
    client = cast.client(cast.owner)
    assert [client.get(url).status_code for url in urls] == [404, 200, 200, 200]
    assert client.post(urls[1]).status_code == 303
    upload(cast, "name\nPump 5\n")
    assert DeviceFile.objects.filter(state=DeviceFile.State.DONE).count() == 1, "what was confirmed stays"


def test_checking_takes_as_many_queries_for_300_lines(cast: Cast) -> None:
    service, coverage = cast.policies()
    options = {"service_policy_id": service.pk, "coverage_policy_id": coverage.pk, "status": 1}

    def counted(count: int) -> int:
        content = "name,iccid\n" + "".join(f"P,{sim.iccid}\n" for sim in cast.sims(count))
        with CaptureQueriesContext(connection) as captured:
            check_file(workspace_id=cast.acme.pk, content=content.encode(), options=options)
        return len(captured)

    with cast.acting(cast.owner):
        counted(1)
        assert counted(300) == counted(1)
        with pytest.raises(FileRefused):
            check_file(workspace_id=cast.acme.pk, content=b"name\n\x00\n", options=options)


def test_the_template_can_be_uploaded(cast: Cast) -> None:
    text = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/devices/file/template.csv").content.decode("utf-8-sig")
    assert upload(cast, text).status_code == 303
