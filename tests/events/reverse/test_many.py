"""Reversing what was done to SIMs and devices: the state comes back, and the new events name the reversed ones."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from events.reverse.devices import preview_reverse_devices, reverse_devices
from events.reverse.sims import preview_reverse_sims, reverse_sims
from kit.errors import Forbidden, Invalid
from sims.devices.services.devices import NewDevice, create_devices, delete_devices, update_devices
from sims.devices.services.status import disable_devices, enable_devices, reset_connectivity, set_device_status
from sims.devices.services.tags import change_tags
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.reverse.conftest import newest, since
from tests.log import last

pytestmark = pytest.mark.django_db

ACTIVATED, SUSPENDED, ISSUED = SimStatus.ACTIVATED, SimStatus.SUSPENDED, SimStatus.ISSUED
ENABLED, DISABLED = DeviceStatus.ENABLED, DeviceStatus.DISABLED


def request_of(event: Event) -> str:
    return f"request:{event.request_id}"


def told(events: list[Any]) -> list[tuple[int, Any]]:
    return [(event.type, (event.detail or {}).get("reverses")) for event in events]


def states(*rows: Any) -> list[int]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]


@pytest.mark.parametrize(("old", "new", "back"), [(ACTIVATED, SUSPENDED, 8), (SUSPENDED, ACTIVATED, 9)])
def test_a_state_of_a_sim_goes_back(cast: Cast, old: SimStatus, new: SimStatus, back: int) -> None:
    (sim,) = cast.sims(1, status=old)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=new)
    event = last()
    with cast.acting(cast.member):
        outcome = reverse_sims(workspace_id=cast.acme.pk, sim_ids=[sim.pk], reverses=f"event:{event.pk}")
    assert outcome.changed == [sim.pk]
    assert states(sim) == [old]
    assert told(since(event)) == [(back, {"event": event.pk})]


def test_of_many_those_go_back_that_can(cast: Cast) -> None:
    suspended, spare = cast.sims(2, status=SUSPENDED)
    (issued,) = cast.sims(1, status=ISSUED)
    (tested,) = cast.sims(1, status=SimStatus.FACTORY_TEST)
    (leaving,) = cast.sims(1, status=SUSPENDED)
    ids = [suspended.pk, spare.pk, issued.pk, tested.pk, leaving.pk]
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=ACTIVATED)
        event = last()
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[spare.pk], to=SUSPENDED)
    with cast.acting(cast.owner):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[leaving.pk], dry_run=False)
    marker = last()
    with cast.acting(cast.owner):
        reverses = request_of(event)
        foreseen = preview_reverse_sims(workspace_id=cast.acme.pk, sim_ids=ids, reverses=reverses)
        outcome = reverse_sims(workspace_id=cast.acme.pk, sim_ids=ids, reverses=reverses)
    for each in (foreseen, outcome):
        assert each.changed == [suspended.pk]
        assert each.unchanged == [spare.pk]
        reasons = {refusal.id: refusal.reason for refusal in each.refused}
        assert "never goes back to Issued" in reasons[issued.pk]
        assert "only an Issued SIM" in reasons[tested.pk]
        assert "not in this workspace" in reasons[leaving.pk]
    assert any("Charging stops" in note for note in foreseen.notes)
    assert states(suspended, issued) == [SUSPENDED, ACTIVATED]
    assert told(since(marker)) == [(9, {"request": str(event.request_id)})]


def test_a_bulk_enabling_is_undone_exactly(cast: Cast) -> None:
    """A device that was Enabled before stays so: only what was changed goes back."""
    one, two, three = cast.sims(3, status=SUSPENDED)
    off = cast.device(status=DISABLED, sim=one)
    on = cast.device(status=ENABLED, sim=two)
    other = cast.device(status=DISABLED, sim=three)
    ids = [off.pk, on.pk, other.pk]
    with cast.acting(cast.owner):
        enable_devices(workspace_id=cast.acme.pk, device_ids=ids)
        event = last()
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[other.pk])
        marker = last()
    with cast.acting(cast.owner):
        foreseen = preview_reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(event))
        outcome = reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(event))
    assert foreseen.changed == outcome.changed == [off.pk, on.pk]
    assert outcome.unchanged == [other.pk]
    assert states(off, on, other) == [DISABLED, ENABLED, DISABLED]
    assert states(one, two, three) == [SUSPENDED] * 3
    named = {"request": str(event.request_id)}
    assert told(since(marker)) == [(9, named), (9, named), (43, named)]


def test_a_release_is_undone_with_its_suspension(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=ACTIVATED)
    device = cast.device(sim=sim)
    with cast.acting(cast.owner):
        release_sims(workspace_id=cast.acme.pk, device_ids=[device.pk], suspend=True)
        event = last()
    assert states(sim, device) == [SUSPENDED, DISABLED]
    with cast.acting(cast.owner):
        foreseen = preview_reverse_devices(
            workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=request_of(event)
        )
        reverse_devices(workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=request_of(event))
    assert foreseen.changed == [device.pk]
    assert states(sim, device) == [ACTIVATED, ENABLED]
    assert sim.device_id == device.pk
    assert [type_id for type_id, _named in told(since(event))] == [42, 51, 8]


def test_an_assignment_is_undone_and_an_issued_sim_stays_activated(cast: Cast) -> None:
    issued, suspended = cast.sims(1, status=ISSUED)[0], cast.sims(1, status=SUSPENDED)[0]
    one, two = cast.device(status=DISABLED), cast.device(status=DISABLED)
    choices = {one.pk: SimChoice(issued.pk, ACTIVATED), two.pk: SimChoice(suspended.pk, ACTIVATED)}
    with cast.acting(cast.owner):
        assign_sims(workspace_id=cast.acme.pk, choices=choices)
        event = last()
    with cast.acting(cast.owner):
        foreseen = preview_reverse_devices(
            workspace_id=cast.acme.pk, device_ids=list(choices), reverses=request_of(event)
        )
        reverse_devices(workspace_id=cast.acme.pk, device_ids=list(choices), reverses=request_of(event))
    assert any("1 SIM keeps its state" in note for note in foreseen.notes)
    assert states(issued, suspended) == [ACTIVATED, SUSPENDED]
    assert issued.device_id is None
    assert suspended.device_id is None


def test_one_event_of_an_assignment_is_reversed_by_itself(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SUSPENDED)
    device = cast.device(status=DISABLED)
    with cast.acting(cast.owner):
        assign_sims(workspace_id=cast.acme.pk, choices={device.pk: SimChoice(sim.pk, ACTIVATED)})
    event = newest(51)
    with cast.acting(cast.owner):
        reverse_devices(workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=f"event:{event.pk}")
    sim.refresh_from_db()
    assert (sim.device_id, sim.status) == (None, ACTIVATED)
    assert told(since(event)) == [(50, {"event": event.pk})]


@pytest.mark.parametrize(("old", "new"), [(ENABLED, DISABLED), (DISABLED, ENABLED)])
def test_the_state_of_a_device_goes_back_alone(cast: Cast, old: int, new: int) -> None:
    device = cast.device(status=old)
    with cast.acting(cast.owner):
        set_device_status(workspace_id=cast.acme.pk, device_ids=[device.pk], to=new)
        event = last()
        reverse_devices(workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=f"event:{event.pk}")
    assert states(device) == [old]
    assert told(since(event)) == [(42 if old == ENABLED else 43, {"event": event.pk})]


def test_properties_and_policies_go_back(cast: Cast) -> None:
    device = cast.device(name="Pump", tags="a,b")
    service, _coverage = cast.policies()
    other = type(service).objects.create(workspace=cast.acme, name="Other")
    values = {"name": "Valve", "imei": "490154203237518", "imei_lock": True, "ip_address": "10.0.0.7", "tags": "b,c"}
    with cast.acting(cast.owner):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {**values, "service_policy_id": other.pk}})
        event = last()
        call: dict[str, Any] = {
            "workspace_id": cast.acme.pk,
            "device_ids": [device.pk],
            "reverses": f"event:{event.pk}",
        }
        (note,) = preview_reverse_devices(**call).notes
        reverse_devices(**call)
    for told_so in (
        "the name “Pump”",
        "the IMEI empty",
        "the IMEI lock off",
        "the IP address empty",
        "the service policy",
    ):
        assert told_so in note
    device.refresh_from_db()
    assert (device.name, device.imei, device.imei_lock, device.ip_address) == ("Pump", "", False, None)
    assert device.service_policy_id == service.pk
    assert set(device.tags.split(",")) == {"a", "b"}
    assert told(since(event)) == [(10003, {"event": event.pk})]


def test_what_was_changed_since_is_not_overwritten(cast: Cast) -> None:
    device, gone = cast.device(name="Pump"), cast.device(name="Fan")
    service, _coverage = cast.policies()
    other = type(service).objects.create(workspace=cast.acme, name="Other")
    with cast.acting(cast.owner):
        changes: dict[int, dict[str, Any]] = {device.pk: {"name": "Valve"}, gone.pk: {"service_policy_id": other.pk}}
        update_devices(workspace_id=cast.acme.pk, changes=changes)
        event = last()
    with cast.acting(cast.owner):
        update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"name": "Third"}})
    moved = Device.objects.filter(service_policy=service)
    moved.update(service_policy=other)
    service.delete()
    marker = last()
    with cast.acting(cast.owner):
        outcome = reverse_devices(
            workspace_id=cast.acme.pk, device_ids=[device.pk, gone.pk], reverses=request_of(event)
        )
    reasons = {refusal.id: refusal.reason for refusal in outcome.refused}
    assert "the name is another one now" in reasons[device.pk]
    assert "not found" in reasons[gone.pk]
    assert since(marker) == []


def test_tags_go_back_device_by_device(cast: Cast) -> None:
    """A device that had the tag before keeps it: the log tells it apart."""
    bare, tagged, both = cast.device(tags=""), cast.device(tags="new,old"), cast.device(tags="old")
    ids = [bare.pk, tagged.pk, both.pk]
    with cast.acting(cast.owner):
        change_tags(workspace_id=cast.acme.pk, device_ids=ids, add=["new"], remove=["old"])
        event = last()
    with cast.acting(cast.owner):
        reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(event))
    tags = [set(filter(None, Device.objects.get(pk=pk).tags.split(","))) for pk in ids]
    assert tags == [set(), {"new", "old"}, {"old"}]
    assert {type_id for type_id, _named in told(since(event))} == {10011}


def test_one_event_of_tags_speaks_of_many_devices(cast: Cast) -> None:
    ids = [cast.device(tags="").pk for _ in range(3)]
    with cast.acting(cast.owner):
        change_tags(workspace_id=cast.acme.pk, device_ids=ids, add=["new"])
        event = last()
    with cast.acting(cast.owner):
        reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=f"event:{event.pk}")
    assert set(Device.objects.filter(pk__in=ids).values_list("tags", flat=True)) == {""}
    assert told(since(event)) == [(10011, {"event": event.pk})]


def test_a_created_device_is_deleted_with_its_sim_released(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SUSPENDED)
    service, coverage = cast.policies()
    new = NewDevice(name="New", service_policy_id=service.pk, coverage_policy_id=coverage.pk)
    with cast.acting(cast.owner):
        with_sim = NewDevice(
            name="With SIM",
            service_policy_id=service.pk,
            coverage_policy_id=coverage.pk,
            sim=SimChoice(sim.pk, ACTIVATED),
        )
        first, second = create_devices(workspace_id=cast.acme.pk, devices=[new, with_sim])
        event = last()
    with cast.acting(cast.owner):
        ids = [first.pk, second.pk]
        reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(event))
    assert states(first, second, sim) == [DeviceStatus.DELETED, DeviceStatus.DELETED, SUSPENDED]
    assert sim.device_id is None


def test_a_created_device_with_a_sim_of_later_stays(cast: Cast) -> None:
    service, coverage = cast.policies()
    new = NewDevice(name="New", service_policy_id=service.pk, coverage_policy_id=coverage.pk)
    with cast.acting(cast.owner):
        (device,) = create_devices(workspace_id=cast.acme.pk, devices=[new])
        event = last()
        Sim.objects.filter(pk=cast.sims(1)[0].pk).update(device=device)
        outcome = reverse_devices(workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=f"event:{event.pk}")
    assert [refusal.code for refusal in outcome.refused] == ["has_sim"]


def test_what_is_deleted_or_reset_has_no_way_back(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=ACTIVATED)
    reset, deleted = cast.device(sim=sim), cast.device(status=DISABLED)
    with cast.acting(cast.owner):
        reset_connectivity(workspace_id=cast.acme.pk, device_ids=[reset.pk])
        delete_devices(workspace_id=cast.acme.pk, device_ids=[deleted.pk])
        event = last()
    ids = [reset.pk, deleted.pk]
    with cast.acting(cast.owner):
        outcome = reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(event))
    assert outcome.unchanged == [reset.pk]
    assert "can’t be restored" in outcome.refused[0].reason
    assert since(event) == []


def test_a_sim_on_another_device_since_or_gone_is_named(cast: Cast) -> None:
    one, two, three = cast.sims(3, status=ACTIVATED)
    first, second, third = (cast.device(sim=sim) for sim in (one, two, three))
    ids = [first.pk, second.pk, third.pk]
    with cast.acting(cast.owner):
        release_sims(workspace_id=cast.acme.pk, device_ids=ids)
        event = last()
    taken = cast.device()
    Sim.objects.filter(pk=one.pk).update(device=taken)
    Sim.objects.filter(pk=two.pk).update(workspace=cast.bolt)
    with cast.acting(cast.owner):
        outcome = reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(event))
    assert outcome.changed == [third.pk]
    assert {refusal.id: refusal.code for refusal in outcome.refused} == {first.pk: "sim_in_use", second.pk: "sim_gone"}


def test_a_limit_of_the_package_holds(cast: Cast) -> None:
    sims = cast.sims(3, status=ACTIVATED)
    ids = [sim.pk for sim in sims]
    devices = [cast.device(sim=sim) for sim in sims]
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk for device in devices])
        event = last()
    package = cast.acme.package
    package.max_active_sims = 2
    package.save()
    with cast.acting(cast.owner):
        call: dict[str, Any] = {
            "workspace_id": cast.acme.pk,
            "device_ids": [device.pk for device in devices],
            "reverses": request_of(event),
        }
        foreseen, outcome = preview_reverse_devices(**call), reverse_devices(**call)
    assert len(foreseen.changed) == len(outcome.changed) == 2
    assert Sim.objects.filter(pk__in=ids, status=ACTIVATED).count() == 2


def test_the_reversal_of_a_reversal_does_it_again(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=ACTIVATED)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=SUSPENDED)
        reverse_sims(workspace_id=cast.acme.pk, sim_ids=[sim.pk], reverses=f"event:{last().pk}")
        reverse_sims(workspace_id=cast.acme.pk, sim_ids=[sim.pk], reverses=f"event:{last().pk}")
    assert states(sim) == [SUSPENDED]


def test_whoever_may_not_act_may_not_reverse(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=ACTIVATED)
    device = cast.device(sim=sim)
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk])
    event = last()
    with cast.acting(cast.observer):
        for service, ids in ((reverse_sims, {"sim_ids": [sim.pk]}), (reverse_devices, {"device_ids": [device.pk]})):
            with pytest.raises(Forbidden):
                service(workspace_id=cast.acme.pk, reverses=request_of(event), **ids)
    assert since(event) == []


def test_events_of_another_workspace_reverse_nothing(cast: Cast) -> None:
    (sim,) = cast.sims(1, status=SUSPENDED)
    (theirs,) = cast.sims(1, status=ACTIVATED, workspace=cast.bolt)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.bolt.pk, sim_ids=[theirs.pk], to=SUSPENDED)
        event = last()
        outcome = reverse_sims(workspace_id=cast.acme.pk, sim_ids=[sim.pk, theirs.pk], reverses=f"event:{event.pk}")
    assert (outcome.changed, outcome.unchanged) == ([], [])
    assert {refusal.id: refusal.code for refusal in outcome.refused} == {sim.pk: "untold", theirs.pk: "not_found"}
    assert since(event) == []


@pytest.mark.parametrize("text", ["", "event:", "event:x", "event:²", "request:1", "both:1", "event:" + "9" * 30])
def test_what_names_no_events_is_refused(cast: Cast, text: str) -> None:
    with cast.acting(cast.owner), pytest.raises(Invalid):
        preview_reverse_sims(workspace_id=cast.acme.pk, sim_ids=[1], reverses=text)


def test_an_unknown_request_changes_nothing(cast: Cast) -> None:
    device = cast.device()
    with cast.acting(cast.owner):
        outcome = reverse_devices(workspace_id=cast.acme.pk, device_ids=[device.pk], reverses=f"request:{uuid.uuid4()}")
    assert [refusal.code for refusal in outcome.refused] == ["untold"]


def test_queries_do_not_grow_with_the_objects(cast: Cast) -> None:
    counts = []
    for count in (2, 30):
        devices = [cast.device(sim=sim) for sim in cast.sims(count, status=ACTIVATED)]
        ids = [device.pk for device in devices]
        with cast.acting(cast.owner):
            release_sims(workspace_id=cast.acme.pk, device_ids=ids, suspend=True)
        with cast.acting(cast.owner), CaptureQueriesContext(connection) as queries:
            reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=request_of(last()))
        counts.append(len(queries))
    assert counts[1] <= counts[0]
