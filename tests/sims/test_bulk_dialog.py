"""What a dialog says before an action: which objects, what it means for them, what must be typed, and how to go on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sims.bulk import reports, selection
from sims.bulk.actions import SPECS, BulkSpec
from sims.identifiers import iccid_with_luhn
from sims.inventory.views import transfer
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import HTMX, Desk, plan_in, statuses, words

pytestmark = pytest.mark.sqlite_too("the dialog reads devices of SIMs that are in JSON and in lists")


def heading(response: Any) -> str:
    found = re.search(r'<h2 id="dialog-title"[^>]*>(.*?)</h2>', response.content.decode(), re.DOTALL)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def verb(response: Any) -> str:
    found = re.search(r"<button[^>]*data-dialog-verb[^>]*>(.*?)</button>", response.content.decode(), re.DOTALL)
    return found[1].strip() if found else ""


def test_one_object_is_named(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SimStatus.SUSPENDED)
    device = cast.device(name="Pump 12")
    assert heading(Desk(cast, cast.owner).preview("delete", [sim.pk])) == f"Delete SIM {iccid_with_luhn(sim.iccid)}"
    devices = Desk(cast, cast.owner, "devices")
    assert heading(devices.preview("delete", [device.pk])) == "Delete device “Pump 12”"
    assert heading(devices.preview("disable", [device.pk])) == "Disable device “Pump 12”"


def test_no_heading_names_an_object_of_another_workspace(cast: Cast) -> None:
    (theirs,) = cast.sims(1, status=SimStatus.ACTIVATED, workspace=cast.umbra)
    response = Desk(cast, cast.owner).preview("suspend", [theirs.pk])
    assert heading(response) == f"Suspend SIM {theirs.pk}"
    assert theirs.iccid not in response.content.decode()


@pytest.mark.parametrize("path", [path for path, spec in SPECS.items() if isinstance(spec, BulkSpec)])
def test_every_action_names_its_single_object(path: str) -> None:
    spec = SPECS[path]
    assert isinstance(spec, BulkSpec)
    assert "%(name)s" in str(spec.asked_one)


def test_heading_and_button_say_how_many_change(cast: Cast) -> None:
    sims = cast.sims(3, status=SimStatus.ACTIVATED) + cast.sims(2)
    response = Desk(cast, cast.owner).preview("suspend", [sim.pk for sim in sims])
    assert heading(response) == verb(response) == "Suspend 3 SIMs"
    nothing = Desk(cast, cast.owner).preview("suspend", [sim.pk for sim in cast.sims(2)])
    assert (heading(nothing), verb(nothing)) == ("Suspend: nothing would change", "")


def test_suspending_lists_the_devices_that_go_offline(cast: Cast) -> None:
    live, off, loose = cast.sims(3, status=SimStatus.ACTIVATED)
    cast.device(sim=live)
    cast.device(sim=off, status=DeviceStatus.DISABLED)
    told = words(Desk(cast, cast.owner).preview("suspend", [live.pk, off.pk, loose.pk]))
    assert f"1 is on an enabled device, which loses its connection {iccid_with_luhn(live.iccid)}" in told
    assert "Suspend 3 SIMs" in told


def test_a_reset_lists_whose_test_ends_and_who_is_charged(cast: Cast) -> None:
    tested, active = cast.sims(1, status=SimStatus.FACTORY_TEST)[0], cast.sims(1, status=SimStatus.ACTIVATED)[0]
    devices = [cast.device(sim=tested, name="Tested"), cast.device(sim=active, name="Running")]
    told = words(Desk(cast, cast.owner, "devices").preview("reset", [device.pk for device in devices]))
    assert "2 lose their connection and connect anew" in told
    assert "1 has a SIM whose factory test ends and cannot begin again Tested" in told
    assert "1 has a SIM that begins to be charged Tested" in told


def test_disabling_and_releasing_say_what_goes_offline(cast: Cast) -> None:
    device = cast.device(sim=cast.sims(1, status=SimStatus.ACTIVATED)[0], name="Pump")
    desk = Desk(cast, cast.owner, "devices")
    assert "1 loses its connection Pump" in words(desk.preview("disable", [device.pk]))
    told = words(desk.preview("release", [device.pk]))
    assert "1 loses its connection Pump" in told
    plan = plan_in(desk.preview("release", [device.pk]))
    kept = words(desk.preview("release", plan=plan))
    assert "1 gives up a SIM that goes on being charged Pump" in kept
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/devices/{device.pk}/release/", headers=HTMX)
    assert "The device loses its connection." in words(page)
    assert "Release the SIM of “Pump”" in words(page)


def test_many_devices_offline_want_the_number_typed(cast: Cast, settings: Any) -> None:
    settings.CONFIRM_OFFLINE_DEVICES = 1
    sims = cast.sims(3, status=SimStatus.ACTIVATED)
    desk = Desk(cast, cast.owner)
    assert "Type" not in words(desk.preview("suspend", [sim.pk for sim in sims]))
    for sim in sims[:2]:
        cast.device(sim=sim)
    response = desk.preview("suspend", [sim.pk for sim in sims])
    assert "2 devices lose their connection. Type 3, the number that will change, to confirm" in words(response)
    plan = plan_in(response)
    assert desk.run("suspend", plan).status_code == 422
    assert desk.run("suspend", plan, confirm="2").status_code == 422
    assert (statuses(sims), types()) == ([1, 1, 1], [])
    assert desk.run("suspend", plan, confirm="3").status_code == 200
    assert statuses(sims) == [2, 2, 2]


def test_a_number_is_typed_with_or_without_separators(cast: Cast, settings: Any) -> None:
    sims = cast.sims(1_030, status=SimStatus.SUSPENDED)
    desk = Desk(cast, cast.owner)
    response = desk.preview("delete", [sim.pk for sim in sims])
    assert "Type 1,030, the number that will change, to confirm" in words(response)
    assert verb(response) == "Delete 1,030 SIMs"
    assert desk.run("delete", plan_in(response), confirm="1030").status_code == 200
    assert Sim.objects.filter(status=SimStatus.DELETED).count() == 1_030


def test_the_rest_of_a_list_is_asked_for(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    sims = cast.sims(60, status=SimStatus.ACTIVATED)
    for sim in sims:
        cast.device(sim=sim)
    desk = Desk(cast, cast.owner)
    response = desk.preview("suspend", [sim.pk for sim in sims])
    assert "Show more: 10 are left" in words(response)
    plan = plan_in(response)
    url = f"{desk.base}suspend/listed/?group=effect:offline&from={reports.SHOWN_ITEMS}"
    more = words(desk.client.post(url, {"plan": plan}, headers=HTMX))
    assert more.split() == [iccid_with_luhn(sim.iccid) for sim in sims[50:]]
    for wrong in ("group=effect:offline&from=x", "group=nothing&from=50"):
        assert desk.client.post(f"{desk.base}suspend/listed/?{wrong}", {"plan": plan}, headers=HTMX).status_code == 422
    assert cast.client(cast.outsider).post(url, {"plan": plan}, headers=HTMX).status_code == 404
    assert cast.client(cast.observer).post(url, {"plan": plan}, headers=HTMX).status_code == 403


def test_a_selection_that_is_too_large_goes_on_with_the_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_OBJECTS", 2)
    sims = cast.sims(3, status=SimStatus.ACTIVATED)
    desk = Desk(cast, cast.owner)
    response = desk.preview("suspend", scope="filter", filter="status=1", seen="3")
    assert response.status_code == 422
    assert "Continue with the first 2" in words(response)
    assert heading(part := desk.preview("suspend", plan=plan_in(response))) == "Suspend 2 SIMs"
    assert desk.run("suspend", plan_in(part)).status_code == 200
    assert statuses(sims) == [2, 2, 1]


def test_a_transfer_of_too_many_goes_on_with_the_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MOST", 2)
    sims = cast.sims(3, status=SimStatus.SUSPENDED)
    desk = Desk(cast, cast.owner)
    response = desk.preview("transfer", [sim.pk for sim in sims])
    assert response.status_code == 422
    assert "3 SIMs are selected; a transfer takes at most 2" in words(response)
    assert heading(desk.preview("transfer", plan=plan_in(response))) == "Transfer 2 SIMs"


def test_a_transfer_that_takes_devices_offline_wants_the_number(cast: Cast, settings: Any) -> None:
    settings.CONFIRM_OFFLINE_DEVICES = 0
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    cast.device(sim=sim)
    desk = Desk(cast, cast.owner)
    plan = plan_in(desk.preview("transfer", [sim.pk]))
    data = {"target": cast.bolt.pk, "detach": "on"}
    asked = desk.preview("transfer", plan=plan, **data)
    assert heading(asked) == f"Transfer SIM {iccid_with_luhn(sim.iccid)}"
    assert "1 device loses its connection. Type 1" in words(asked)
    assert desk.run("transfer", plan_in(asked), **data).status_code == 422
    assert Sim.objects.get(pk=sim.pk).workspace_id == cast.acme.pk
    assert desk.run("transfer", plan_in(asked), confirm="1", **data).status_code == 200
    assert Sim.objects.get(pk=sim.pk).workspace_id == cast.bolt.pk


def test_a_dialog_of_one_or_many_takes_the_same_number_of_queries(cast: Cast) -> None:
    desk, counts = Desk(cast, cast.owner), []
    for count in (1, 2, 120):
        sims = cast.sims(count, status=SimStatus.ACTIVATED)
        for sim in sims:
            cast.device(sim=sim)
        with CaptureQueriesContext(connection) as queries:
            assert desk.preview("suspend", [sim.pk for sim in sims]).status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2]
