"""Where reversing is offered, to whom, and what the pages say about it afterwards."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.people.services.members import change_role
from events.models import Event
from kit import jobs
from kit.models import Job
from sims.devices.services.devices import NewDevice, create_devices
from sims.devices.services.status import disable_devices, enable_devices
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.events.reverse.conftest import HTMX, Door, newest, since
from tests.log import last
from tests.orders import conftest as orders

pytestmark = pytest.mark.django_db

BUTTON = "Reverse this"
WHOLE = "Reverse the whole request"


def page_of(door: Door, event: Any) -> str:
    return door.client.get(f"{door.base}/events/{event.pk}/").content.decode()


def suspended(cast: Cast, count: int = 1) -> Any:
    sims = cast.sims(count, status=SimStatus.ACTIVATED)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.SUSPENDED)
    return last()


def test_from_the_panel_to_the_state_back(cast: Cast, door: Door) -> None:
    event = suspended(cast)
    assert BUTTON in page_of(door, event)
    answer = door.ask(event)
    page = answer.content.decode()
    assert "Reverse what was done to 1 SIM" in page
    assert "charged for the whole of" in page
    done = door.confirm(answer)
    assert "Reversed for 1 SIM" in done.content.decode()
    assert Sim.objects.get(pk=event.sim_id).status == SimStatus.ACTIVATED
    (told,) = since(event)
    assert (told.type, told.detail) == (8, {"reverses": {"event": event.pk}})
    shown = page_of(door, told)
    assert f'<dt>Reverses</dt><dd><a href="{door.base}/events/{event.pk}/">event {event.pk}</a>' in shown
    assert f'<a href="{door.base}/events/{told.pk}/">event {told.pk}</a>' in page_of(door, event)
    assert "<h3>Detail</h3>" not in shown, "what it reverses stands by itself"


def test_a_whole_request(cast: Cast, door: Door) -> None:
    event = suspended(cast, 3)
    page = page_of(door, event)
    assert WHOLE in page
    answer = door.ask(event.request_id)
    assert "Reverse what was done to 3 SIMs" in answer.content.decode()
    door.confirm(answer)
    named = {"request": str(event.request_id)}
    assert [(each.type, each.detail["reverses"]) for each in since(event)] == [(8, named)] * 3
    shown = page_of(door, last())
    assert f"?request={event.request_id}" in shown
    assert "Reversed by" in page_of(door, event)


def test_the_report_of_many_offers_it(cast: Cast, door: Door) -> None:
    sims = cast.sims(2, status=SimStatus.ACTIVATED)
    base = f"{door.base}/sims/bulk/suspend/"
    asked = door.client.post(f"{base}preview/", {"scope": "ids", "ids": [sim.pk for sim in sims]}, headers=HTMX)
    report = door.confirm(asked).content.decode()
    offer = f"{door.base}/results/{Job.objects.latest('created').pk}/reversal/"
    assert offer in report
    answer = door.client.get(offer, headers=HTMX)
    assert BUTTON in answer.content.decode()
    assert BUTTON not in cast.client(cast.observer).get(offer, headers=HTMX).content.decode()
    page = door.client.get(offer.removesuffix("reversal/")).content.decode()
    assert offer in page


def test_a_report_of_what_cannot_go_back_offers_nothing(cast: Cast, door: Door) -> None:
    (sim,) = cast.sims(1, status=SimStatus.SUSPENDED)
    ids = {"scope": "ids", "ids": [sim.pk]}
    asked = door.client.post(f"{door.base}/sims/bulk/delete/preview/", ids, headers=HTMX)
    door.confirm(asked, confirm=iccid_with_luhn(sim.iccid)[-4:])
    event = last()
    answer = door.client.get(f"{door.base}/results/{Job.objects.latest('created').pk}/reversal/", headers=HTMX)
    assert (answer.status_code, answer.content) == (200, b"")
    page = page_of(door, event)
    assert "Cannot be reversed." in page
    assert "A deleted SIM can’t be restored" in page
    assert BUTTON not in page
    assert door.ask(event).status_code == 409
    assert door.ask(event.request_id).status_code == 409


@pytest.mark.parametrize("old", [SimStatus.ISSUED, SimStatus.FACTORY_TEST])
def test_an_event_of_its_kind_that_cannot_go_back_says_why(cast: Cast, door: Door, old: int) -> None:
    (sim,) = cast.sims(1, status=old)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    page = page_of(door, last())
    assert "Cannot be reversed." in page
    assert BUTTON not in page


def test_whoever_may_not_sees_no_button_and_no_dialog(cast: Cast) -> None:
    event = suspended(cast, 2)
    door = Door(cast.client(cast.observer), cast.acme.pk)
    page = page_of(door, event)
    assert BUTTON not in page
    assert WHOLE not in page
    assert door.ask(event).status_code == 403
    assert door.ask(event.request_id).status_code == 403
    path = f"{door.base}/events/{event.pk}/reverse/"
    assert door.client.post(path, headers=HTMX).status_code == 403


def test_the_right_is_that_of_the_opposite(cast: Cast) -> None:
    """A User changes SIMs and manages nobody."""
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.observer.pk, role="User")
    door = Door(cast.client(cast.member), cast.acme.pk)
    assert BUTTON not in page_of(door, last())
    assert door.ask(last()).status_code == 403
    assert BUTTON in page_of(door, suspended(cast))


def test_events_of_others_do_not_exist(cast: Cast) -> None:
    event = suspended(cast)
    door = Door(cast.client(cast.outsider), cast.umbra.pk)
    assert door.ask(event).status_code == 404
    assert door.ask(event.request_id).status_code == 404
    assert door.ask(uuid.uuid4()).status_code == 404
    foreign = Door(door.client, cast.acme.pk)
    assert foreign.ask(event).status_code == 404


def test_a_plan_for_others_events_reverses_nothing(cast: Cast, door: Door) -> None:
    """Whoever changes the field of the dialog reverses events of the own workspace, or nothing."""
    event = suspended(cast)
    (theirs,) = cast.sims(1, status=SimStatus.ACTIVATED, workspace=cast.bolt)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.bolt.pk, sim_ids=[theirs.pk], to=SimStatus.SUSPENDED)
    other = last()
    answer = door.confirm(door.ask(event), reverses=f"event:{other.pk}")
    assert "Nothing was changed" in answer.content.decode()
    assert since(other) == []


def test_pressed_twice_it_is_done_once(cast: Cast, door: Door) -> None:
    event = suspended(cast)
    answer = door.ask(event)
    door.confirm(answer)
    door.confirm(answer)
    assert len(since(event)) == 1


def test_created_devices_are_deleted_after_the_name_is_typed(cast: Cast, door: Door) -> None:
    service, coverage = cast.policies()
    new = NewDevice(name="New  pump", service_policy_id=service.pk, coverage_policy_id=coverage.pk)
    with cast.acting(cast.owner):
        (device,) = create_devices(workspace_id=cast.acme.pk, devices=[new])
    event = last()
    answer = door.ask(event)
    assert "cannot be restored" in answer.content.decode()
    assert door.confirm(answer).status_code == 422
    door.confirm(answer, confirm=device.name)
    device.refresh_from_db()
    assert device.status == DeviceStatus.DELETED


def test_more_than_one_step_is_reversed_by_a_job(cast: Cast, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    sims = cast.sims(6, status=SimStatus.SUSPENDED)
    ids = [cast.device(status=DeviceStatus.DISABLED, sim=sim).pk for sim in sims]
    with cast.acting(cast.owner):
        enable_devices(workspace_id=cast.acme.pk, device_ids=ids)
    event = last()
    monkeypatch.setattr("sims.bulk.actions.CHUNK", 4)
    door.confirm(door.ask(event.request_id))
    job = Job.objects.latest("created")
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.DONE, 6)
    assert not Sim.objects.filter(pk__in=[sim.pk for sim in sims]).exclude(status=SimStatus.SUSPENDED).exists()
    assert {str(each.detail["reverses"]) for each in since(event)} == {str({"request": str(event.request_id)})}


def test_the_wire_names_what_was_reversed(cast: Cast, door: Door) -> None:
    event = suspended(cast)
    door.confirm(door.ask(event))
    told = last()
    found = sign_in(cast.owner).call("GET", f"/sim/{event.sim_id}/event").json()
    (row,) = [each for each in found if each["id"] == told.pk]
    assert row["detail"] == {"reverses": {"event": event.pk}}


def test_without_script_the_dialog_is_a_page(cast: Cast) -> None:
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
    event = newest(10024)
    client: Client = cast.client(cast.owner)
    url = f"/w/{cast.acme.pk}/events/{event.pk}/reverse/"
    page = client.get(url).content.decode()
    assert "<!doctype html>" in page.lower()
    answer = client.post(url)
    assert (answer.status_code, answer["Location"]) == (303, f"/w/{cast.acme.pk}/events/{event.pk}/")


shop = orders.shop


def test_an_order_is_canceled(door: Door, shop: orders.Shop) -> None:
    order = shop.order()
    event = newest(38)
    door.confirm(door.ask(event))
    order.refresh_from_db()
    assert order.get_status_display() == "Canceled"
    assert newest(39).detail["reverses"] == {"event": event.pk}


def test_the_look_for_the_reversal_is_bounded(cast: Cast, door: Door) -> None:
    event = suspended(cast)
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[cast.device(sim=Sim.objects.get(pk=event.sim_id)).pk])
    assert "Reversed by" not in page_of(door, event)
    assert Event.objects.filter(sim_id=event.sim_id).count() > 1
