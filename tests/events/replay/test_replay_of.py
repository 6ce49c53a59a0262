"""Reading a log for a replay: whole, of one object, up to a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from events.replay import one_object, reading
from events.replay.one_object import replay_of_one
from events.replay.reading import replay_of
from events.replay.state import Replay
from sims.devices.services.devices import update_devices
from sims.devices.services.tags import change_tags
from sims.inventory.services.allotment import assign_batch
from sims.inventory.services.assignment import SimChoice, assign_sims
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.replay.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("JSON is searched by other functions there")]


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def story(world: World) -> tuple[list[int], list[int]]:
    """SIMs and devices with a bit of everything; returns their ids."""
    sims = [sim.pk for sim in world.sims(4, status=SimStatus.ACTIVATED)]
    devices = [device.pk for device in world.devices("Pump", "Kiosk", "Mast", tags="north")]
    home = world.home.pk
    with world.acting():
        assign_sims(workspace_id=home, choices={devices[0]: SimChoice(sims[0]), devices[1]: SimChoice(sims[1])})
        change_tags(workspace_id=home, device_ids=devices[:2], add=["east"])
        update_devices(workspace_id=home, changes={devices[0]: {"name": "Pump 2", "ip_address": "10.0.0.7"}})
        transfer_sims(target_id=world.away.pk, sim_ids=sims[1:3], auto_detach=True, dry_run=False)
        change_sim_status(workspace_id=world.away.pk, sim_ids=sims[1:2], to=SimStatus.ACTIVATED)
    return sims, devices


def test_the_whole_log_tells_what_the_services_did(world: World) -> None:
    sims, devices = story(world)
    replay = replay_of(world.home.pk)
    assert [replay.sims[pk].workspace.value for pk in sims] == [world.home.pk, *[world.away.pk] * 2, world.home.pk]
    assert replay.sims[sims[0]].device.value == devices[0]
    pump = replay.devices[devices[0]]
    assert (pump.name.value, pump.ip_address.value, pump.tags.value) == ("Pump 2", "10.0.0.7", "north,east")
    assert (pump.service_policy.value, pump.coverage_policy.value) == (world.service.pk, world.coverage.pk)
    assert replay.devices[devices[2]].status.value == DeviceStatus.ENABLED
    assert replay.devices[devices[1]].sim.value is None
    away = replay_of(world.away.pk)
    assert set(away.sims) == set(sims[1:3]), "the new owner sees only the new part"
    assert [away.sims[pk].status.value for pk in sims[1:3]] == [SimStatus.ACTIVATED, SimStatus.SUSPENDED]
    assert replay.breaks == away.breaks == []


def test_one_object_is_told_as_in_the_whole_and_reads_its_own_events_alone(world: World) -> None:
    sims, devices = story(world)
    for workspace in (world.home, world.away):
        whole = replay_of(workspace.pk)
        for pk in sims:
            assert replay_of_one("sim", workspace.pk, pk).sims.get(pk) == whole.sims.get(pk)
        for pk in devices:
            assert replay_of_one("device", workspace.pk, pk).devices.get(pk) == whole.devices.get(pk)
    with CaptureQueriesContext(connection) as queries:
        one = replay_of_one("sim", world.home.pk, sims[0])
    assert len(queries) == 8
    assert (set(one.sims), one.devices) == ({sims[0]}, {})
    with CaptureQueriesContext(connection) as queries:
        one = replay_of_one("device", world.home.pk, devices[0])
    assert len(queries) == 6
    assert (set(one.devices), one.sims) == ({devices[0]}, {})


def test_of_many_events_the_few_are_read_that_decide(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_object, "FEW", 2)
    sims, devices = story(world)
    for turn in range(6):
        with world.acting():
            for status in (SimStatus.SUSPENDED, SimStatus.ACTIVATED):
                change_sim_status(workspace_id=world.home.pk, sim_ids=sims[:1], to=status)
            change = {"name": f"Pump {turn}"} if turn < 3 else {"tags": [f"t{turn}"]}
            update_devices(workspace_id=world.home.pk, changes={devices[0]: change})
            change_tags(workspace_id=world.home.pk, device_ids=devices[:2], add=[f"many {turn}"])
    moments = list(Event.objects.of(world.home.pk).order_by("id").values_list("timestamp", flat=True))
    for until in (None, *moments[:: len(moments) // 12]):
        whole = replay_of(world.home.pk, until=until)
        for pk in sims:
            assert replay_of_one("sim", world.home.pk, pk, until=until).sims.get(pk) == whole.sims.get(pk)
        for pk in devices:
            assert replay_of_one("device", world.home.pk, pk, until=until).devices.get(pk) == whole.devices.get(pk)
    own = Event.objects.of(world.home.pk).filter(sim_id=sims[0])
    assert own.count() > 12
    rows = list(one_object.deciding_rows("sim", world.home.pk, sims[0], until=None))
    assert len([row for row in rows if row.type in (8, 9)]) == 4


def test_pieces_are_put_together_in_the_order_of_ids(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sims, devices = story(world)

    def all_of() -> list[Replay]:
        return [
            replay_of(world.home.pk),
            *(replay_of_one("sim", world.home.pk, pk) for pk in sims),
            *(replay_of_one("device", world.home.pk, pk) for pk in devices),
        ]

    whole = all_of()
    monkeypatch.setattr(reading, "CHUNK", 2)
    monkeypatch.setattr(reading, "_BATCHES", 1)
    for before, now in zip(whole, all_of(), strict=True):
        assert (before.sims, before.devices, before.members) == (now.sims, now.devices, now.members)


def test_up_to_a_moment_it_is_told_as_it_was_then(world: World) -> None:
    sims, devices = story(world)

    def moment_of(**where: Any) -> Any:
        return Event.objects.of(world.home.pk).filter(**where).order_by("id")[0].timestamp

    renamed = moment_of(type=10003)
    before = Event.objects.of(world.home.pk).filter(timestamp__lt=renamed).order_by("-timestamp")[0].timestamp
    assert replay_of_one("device", world.home.pk, devices[0], until=before).devices[devices[0]].name.value == "Pump"
    after = replay_of_one("device", world.home.pk, devices[0], until=renamed).devices[devices[0]]
    assert after.name.value == "Pump 2"
    assert after.name.moment == renamed
    assert replay_of(world.home.pk, until=before).sims[sims[1]].workspace.value == world.home.pk
    assert replay_of(world.home.pk, until=moment_of(type=48).replace(year=2020)).sims == {}


def test_events_taken_in_from_outside_speak_of_other_objects(world: World, forged: Callable[..., None]) -> None:
    sims, _devices = story(world)
    told = replay_of(world.home.pk).sims
    forged(workspace_id=world.home.pk, type=9, sim_id=sims[0], new_state=2, external_id=99)
    assert replay_of(world.home.pk).sims == told


def test_sims_that_staff_put_into_an_inventory_are_told_by_the_operators_log(world: World) -> None:
    batch = world.stock(2)
    with world.cast.staffing():
        assign_batch(batch_id=batch.pk, workspace_id=world.home.pk, status=SimStatus.ACTIVATED)
    first, second = batch.sims.order_by("pk").values_list("pk", flat=True)
    for sims in (replay_of(world.home.pk).sims, replay_of_one("sim", world.home.pk, first).sims):
        assert sims[first].workspace.value == world.home.pk
        assert sims[first].workspace.log == world.cast.operator.pk, "the customer's own log has no row of it"
        assert (sims[first].status.value, sims[first].status.log) == (SimStatus.ACTIVATED, world.home.pk)
    assert replay_of(world.cast.operator.pk).sims[second].workspace.value == world.home.pk
    assert replay_of(world.away.pk).sims == {}
