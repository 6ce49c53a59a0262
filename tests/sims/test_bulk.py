"""The bulk engine: what the dialog says is what happens, once, to what was shown, and the result tells the truth."""

from __future__ import annotations

import html
import re
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from accounts.models import User
from events.models import Event
from kit.models import Job
from kit.outcomes import Outcome
from sims.bulk import selection
from sims.bulk.actions import SPECS, BulkSpec, bulk_spec, register, specs_of
from sims.bulk.selection import Selection
from sims.inventory.services.status import change_sim_status
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import types

pytestmark = pytest.mark.sqlite_too("jobs are claimed and resumed without locks of single rows")

HTMX = {"HX-Request": "true"}


class Desk:
    """Somebody in front of a list of one workspace."""

    def __init__(self, cast: Cast, user: User, kind: str = "sims") -> None:
        self.cast = cast
        self.client: Client = cast.client(user)
        self.base = f"/w/{cast.acme.pk}/{kind}/bulk/"

    def preview(self, action: str, ids: list[int] | None = None, /, **data: Any) -> Any:
        if ids is not None:
            data |= {"scope": "ids", "ids": ids}
        return self.client.post(f"{self.base}{action}/preview/", data, headers=HTMX)

    def plan(self, action: str, ids: list[int] | None = None, /, **data: Any) -> str:
        response = self.preview(action, ids, **data)
        assert response.status_code == 200, response.content
        return plan_in(response)

    def run(self, action: str, plan: str, **data: Any) -> Any:
        return self.client.post(f"{self.base}{action}/run/", {"plan": plan, **data}, headers=HTMX)

    def do(self, action: str, ids: list[int], **data: Any) -> Any:
        return self.run(action, self.plan(action, ids), **data)


def plan_in(response: Any) -> str:
    found = re.search(r'name="plan" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    return html.unescape(found[1])


def words(response: Any) -> str:
    """The text of a page without its tags, in single spaces."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))


def statuses(sims: list[Sim]) -> list[int]:
    return [Sim.objects.get(pk=sim.pk).status for sim in sims]


# --- SIMs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "before", "after", "type_"),
    [("activate", 0, 1, 8), ("suspend", 1, 2, 9), ("factory-test", 0, 4, 45), ("activate", 4, 1, 8)],
)
def test_each_button_does_what_it_says(cast: Cast, action: str, before: int, after: int, type_: int) -> None:
    sims = cast.sims(3, status=before)
    response = Desk(cast, cast.member).do(action, [sim.pk for sim in sims])
    assert response.status_code == 200
    assert statuses(sims) == [after] * 3
    assert types() == [type_] * 3
    assert {event.request_id for event in Event.objects.all()} == {Job.objects.get().request_id}
    assert {event.actor_ref for event in Event.objects.all()} == {cast.member.pk}


def test_delete_asks_for_the_number(cast: Cast) -> None:
    desk, sims = Desk(cast, cast.owner), cast.sims(2, status=2)
    plan = desk.plan("delete", [sim.pk for sim in sims])
    for typed in ("", "3", "two"):
        assert desk.run("delete", plan, confirm=typed).status_code == 422
    assert (statuses(sims), types()) == ([2, 2], [])
    assert desk.run("delete", plan, confirm=" 2 ").status_code == 200
    assert (statuses(sims), types()) == ([3, 3], [10, 10])


def test_deleting_one_sim_asks_for_the_end_of_its_number(cast: Cast) -> None:
    desk, (sim,) = Desk(cast, cast.owner), cast.sims(1, status=2)
    response = desk.preview("delete", [sim.pk])
    end = re.search(r'data-confirm-match="(\d{4})"', response.content.decode())
    assert end
    assert desk.run("delete", plan_in(response), confirm=end[1]).status_code == 200
    assert statuses([sim]) == [3]


def test_the_dialog_says_what_the_run_does(cast: Cast) -> None:
    active, issued, tested = cast.sims(3, status=1), cast.sims(2, status=0), cast.sims(1, status=4)
    asleep = cast.sims(1, status=2)
    ids = [sim.pk for sim in [*active, *issued, *tested, *asleep]]
    desk = Desk(cast, cast.owner)
    asked = words(response := desk.preview("suspend", ids))
    assert "Suspend 3 SIMs" in asked
    assert "Will change 3 Cannot 4 Selected 7" in asked
    assert "2 are Issued" in asked
    assert "1 is Factory test" in asked
    assert "1 is Suspended already" in asked
    assert "Charging stops on 1 " in asked
    told = words(desk.run("suspend", plan_in(response)))
    assert "Suspended 3 SIMs" in told
    assert "Changed 3 Skipped 4 Failed 0" in told
    assert "2 are Issued" in told
    assert types() == [9, 9, 9]


@pytest.mark.parametrize(
    "action",
    # Devices for SIMs leave more events than one for each: `test_devices_for_sims.py` has them.
    [spec.name for spec in specs_of("sims") if isinstance(spec, BulkSpec) and spec.button and spec.name != "devices"],
)
def test_preview_and_run_agree_for_sims(cast: Cast, action: str) -> None:
    sims = [sim for status in (0, 1, 2, 4) for sim in cast.sims(2, status=status)]
    cast.device(sim=sims[2])
    desk = Desk(cast, cast.owner)
    response = desk.preview(action, [sim.pk for sim in sims])
    shown = re.search(r"Will change (\d+) Cannot (\d+)", words(response))
    assert shown
    desk.run(action, plan_in(response), confirm=shown[1], note="Typed by then")
    result = Job.objects.get().result
    assert len(result["changed"]) == int(shown[1])
    assert len(result["unchanged"]) + len(result["refused"]) == int(shown[2])
    assert Event.objects.count() == int(shown[1])


def test_the_result_tells_what_happened_when_somebody_was_quicker(cast: Cast) -> None:
    sims = cast.sims(3, status=1)
    desk = Desk(cast, cast.member)
    plan = desk.plan("suspend", [sim.pk for sim in sims])
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sims[0].pk], to=SimStatus.SUSPENDED)
    told = words(desk.run("suspend", plan))
    assert "Suspended 2 SIMs" in told
    assert "Changed 2 Skipped 1" in told
    assert types() == [9, 9, 9]


def test_pressed_twice_it_runs_once(cast: Cast) -> None:
    sims = cast.sims(2, status=1)
    desk = Desk(cast, cast.owner)
    plan = desk.plan("suspend", [sim.pk for sim in sims])
    first, second = desk.run("suspend", plan), desk.run("suspend", plan)
    assert words(first) == words(second)
    assert (Job.objects.count(), types()) == (1, [9, 9])


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_the_same_moment_run_once(cast: Cast) -> None:
    sims = cast.sims(2, status=1)
    desk = Desk(cast, cast.owner)
    plan = desk.plan("suspend", [sim.pk for sim in sims])
    answers: list[int] = []

    def press() -> None:
        client = Client()
        client.cookies = desk.client.cookies
        try:
            answers.append(client.post(f"{desk.base}suspend/run/", {"plan": plan}, headers=HTMX).status_code)
        finally:
            connections.close_all()

    pressing = [threading.Thread(target=press) for _ in range(3)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()
    assert answers == [200, 200, 200]
    assert (Job.objects.count(), types()) == (1, [9, 9])


def test_roles(cast: Cast) -> None:
    sims = cast.sims(1, status=1)
    for user, code in ((cast.observer, 403), (cast.outsider, 404)):
        response = Desk(cast, user).preview("suspend", [sims[0].pk])
        assert response.status_code == code
    assert "may not change SIMs" in Desk(cast, cast.observer).preview("suspend", [sims[0].pk]).content.decode()
    plan = Selection(cast.acme.pk, cast.observer.pk, "sims/suspend", (sims[0].pk,)).signed()
    assert Desk(cast, cast.observer).run("suspend", plan).status_code == 403
    assert (statuses(sims), types(), Job.objects.count()) == ([1], [], 0)


def test_a_plan_is_for_one_person_one_place_and_one_action(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=1)
    plan = Desk(cast, cast.owner).plan("suspend", [sim.pk])
    assert Desk(cast, cast.member).run("suspend", plan).status_code == 422
    assert Desk(cast, cast.owner).run("delete", plan).status_code == 422
    assert Desk(cast, cast.owner).run("suspend", plan[:-2] + "xx").status_code == 422
    elsewhere = Selection(cast.bolt.pk, cast.owner.pk, "sims/suspend", (sim.pk,)).signed()
    assert Desk(cast, cast.owner).run("suspend", elsewhere).status_code == 422
    assert types() == []


def test_a_plan_gets_old(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    (sim,) = cast.sims(1, status=1)
    plan = Desk(cast, cast.owner).plan("suspend", [sim.pk])
    later = time.time() + 3_700
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    response = Desk(cast, cast.owner).run("suspend", plan)
    assert (response.status_code, types()) == (422, [])


def test_sims_of_another_workspace_are_refused_by_name(cast: Cast) -> None:
    (own,), (foreign,) = cast.sims(1, status=1), cast.sims(1, status=1, workspace=cast.umbra)
    desk = Desk(cast, cast.owner)
    response = desk.preview("suspend", [own.pk, foreign.pk])
    assert "1 is not in this workspace" in words(response)
    assert foreign.iccid not in response.content.decode()
    told = desk.run("suspend", plan_in(response))
    assert "Changed 1 Skipped 0 Failed 1" in words(told)
    assert statuses([own, foreign]) == [2, 1]


def test_a_filter_is_evaluated_again_inside_the_workspace(cast: Cast) -> None:
    own = cast.sims(4, status=1)
    cast.sims(2, status=2)
    foreign = cast.sims(3, status=1, workspace=cast.umbra)
    desk = Desk(cast, cast.owner)
    response = desk.preview("suspend", scope="filter", filter="status=1", seen="3")
    asked = words(response)
    assert "Suspend 4 SIMs" in asked
    assert "The list showed 3; meanwhile 4 match." in asked
    late = cast.sims(1, status=1)
    desk.run("suspend", plan_in(response))
    # What came after the dialog was opened is not touched: nobody was asked about it.
    assert statuses([*own, *foreign, *late]) == [2] * 4 + [1] * 4


@pytest.mark.parametrize(
    "data",
    [
        {"scope": "ids"},
        {"scope": "ids", "ids": ["x"]},
        {"scope": "ids", "ids": ["-1"]},
        {"scope": "ids", "ids": ["9" * 25]},
        {"scope": "filter", "filter": "nonsense=1", "seen": "1"},
        {"scope": "filter", "filter": "status=9", "seen": "1"},
        {"scope": "filter", "filter": "status=1", "seen": "x"},
        {"scope": "filter", "filter": "status=1"},
        {"scope": "filter", "filter": "status=3", "seen": "1"},
        {},
    ],
)
def test_a_selection_that_cannot_be_read_does_nothing(cast: Cast, data: dict[str, Any]) -> None:
    cast.sims(1, status=1)
    response = Desk(cast, cast.owner).preview("suspend", **data)
    assert response.status_code == 422
    assert response["Content-Type"].startswith("text/plain")


def test_too_many_are_refused_in_words(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.sims(3, status=1)
    monkeypatch.setattr(selection, "MOST_OBJECTS", 2)
    response = Desk(cast, cast.owner).preview("suspend", scope="filter", filter="status=1", seen="3")
    assert (response.status_code, "at most 2" in response.content.decode()) == (422, True)


def test_none_and_too_many_ticked_rows_are_told_apart(cast: Cast) -> None:
    desk = Desk(cast, cast.owner)
    none = desk.preview("suspend", [])
    assert (none.status_code, none.content.decode()) == (422, "Select at least one row.")
    many = desk.preview("suspend", list(range(1, 10_002)))
    assert many.status_code == 422
    assert "10,001 rows are selected" in many.content.decode()
    assert "at most 10,000 rows; use the filter instead" in many.content.decode()
    # A row that is ticked twice is one row.
    assert desk.preview("suspend", [*range(1, 10_001), 1]).status_code == 200


def test_unknown_actions_and_methods(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    assert Desk(cast, cast.owner).preview("explode", [sim.pk]).status_code == 404
    assert Desk(cast, cast.owner).preview("enable", [sim.pk]).status_code == 404
    assert cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/bulk/suspend/run/").status_code == 405


# --- devices ------------------------------------------------------------------------------------------------------


def test_device_actions(cast: Cast) -> None:
    desk = Desk(cast, cast.member, "devices")
    (sim,) = cast.sims(1, status=1)
    device, bare = cast.device(sim=sim), cast.device(status=DeviceStatus.DISABLED)
    ids = [device.pk, bare.pk]
    desk.do("disable", ids)
    desk.do("enable", ids)
    desk.do("reset", ids)
    assert types() == [9, 43, 42, 8, 68, 9, 43, 42, 8]
    told = words(desk.do("delete", [bare.pk], confirm=bare.name))
    assert "Deleted 1 device" in told
    assert Device.objects.get(pk=bare.pk).status == DeviceStatus.DELETED


@pytest.mark.parametrize(("box", "expected"), [({"suspend": "on"}, [9, 43, 50]), ({}, [43, 50])])
def test_release_asks_whether_to_suspend_too(cast: Cast, box: dict[str, str], expected: list[int]) -> None:
    desk = Desk(cast, cast.owner, "devices")
    (sim,) = cast.sims(1, status=1)
    device = cast.device(sim=sim)
    response = desk.preview("release", [device.pk])
    assert re.search(r'name="suspend"[^>]*checked', response.content.decode())
    assert "Charging stops on" in words(response)
    # Unticking asks for the preview anew, with the plan instead of the rows.
    again = desk.preview("release", None, plan=plan_in(response), **box)
    assert ("Charging stops on" in words(again)) == bool(box)
    desk.run("release", plan_in(again), **box)
    assert types() == expected


def test_tags(cast: Cast) -> None:
    desk = Desk(cast, cast.owner, "devices")
    pump, lamp = cast.device(tags="south"), cast.device(tags="north")
    plan = desk.plan("tags", [pump.pk, lamp.pk])
    wrong = desk.run("tags", plan, add="", remove="")
    assert (wrong.status_code, "Name at least one tag" in words(wrong)) == (422, True)
    both = desk.run("tags", plan, add="a", remove="a")
    assert (both.status_code, 'value="a"' in both.content.decode()) == (422, True)
    told = words(desk.run("tags", plan, add="south", remove="north"))
    assert "Changed tags of 1 device" in told
    assert "1 has these tags already" in told
    assert [device.tags for device in Device.objects.order_by("pk")] == ["south", "south"]
    assert types() == [10011]


def test_deleting_one_device_asks_for_its_name(cast: Cast) -> None:
    desk, device = Desk(cast, cast.owner, "devices"), cast.device(name="Pump =1")
    response = desk.preview("delete", [device.pk])
    assert 'data-confirm-match="Pump =1"' in response.content.decode()
    assert desk.run("delete", plan_in(response), confirm="Pump").status_code == 422
    assert desk.run("delete", plan_in(response), confirm="Pump =1").status_code == 200


def test_a_name_is_typed_as_the_page_shows_it(cast: Cast) -> None:
    # Browsers show several spaces as one.
    desk, device = Desk(cast, cast.owner, "devices"), cast.device(name="Pump  7\u00a0 North")
    response = desk.preview("delete", [device.pk])
    assert 'data-confirm-match="Pump 7 North"' in response.content.decode()
    assert "Type the name of the device, Pump 7 North, to confirm" in words(response)
    assert desk.run("delete", plan_in(response), confirm="Pump 7").status_code == 422
    assert desk.run("delete", plan_in(response), confirm=" Pump 7  North").status_code == 200
    assert Device.objects.get(pk=device.pk).status == DeviceStatus.DELETED


@pytest.mark.parametrize("noun", ["sims", "devices"])
def test_what_is_gone_before_it_can_be_named_is_asked_for_by_its_id(
    cast: Cast, noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = cast.sims(1, status=2)[0].pk if noun == "sims" else cast.device().pk
    model = Sim if noun == "sims" else Device

    def gone_meanwhile(**_arguments: Any) -> Outcome:
        model.objects.filter(pk=pk).delete()
        return Outcome(changed=[pk])

    vanishing = replace(bulk_spec(noun, "delete"), name="vanish", preview=gone_meanwhile)
    monkeypatch.setitem(SPECS, vanishing.path, vanishing)
    response = Desk(cast, cast.owner, noun).preview("vanish", [pk])
    assert response.status_code == 200
    assert f'data-confirm-match="{str(pk)[-4:]}"' in response.content.decode()


# --- what can be done ---------------------------------------------------------------------------------------------


def test_no_action_has_two_entries() -> None:
    with pytest.raises(ValueError, match="sims/suspend"):
        register(bulk_spec("sims", "suspend"))


@pytest.mark.parametrize("noun", ["sims", "devices"])
def test_observers_are_asked_nothing(cast: Cast, noun: str) -> None:
    pk = cast.sims(1)[0].pk if noun == "sims" else cast.device().pk
    for spec in specs_of(noun):
        if spec.button:
            assert Desk(cast, cast.observer, noun).preview(spec.name, [pk]).status_code == 403, spec.name
