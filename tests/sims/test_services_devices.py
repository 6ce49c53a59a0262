"""The table of `docs/rules.md` section 5, row by row, and sections 4 and 6."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from sims.devices.services.devices import NewDevice, create_devices, delete_devices, update_devices
from sims.devices.services.status import (
    disable_devices,
    enable_devices,
    preview_device_action,
    reset_connectivity,
    set_device_status,
)
from sims.devices.services.tags import change_tags
from sims.inventory.services.assignment import SimChoice, assign_sims, preview_release, release_sims
from sims.models import Device, Sim
from sims.policies.services.policies import create_coverage_policy, create_service_policy, update_service_policy
from tests.cast import Cast
from tests.log import last, rows, types

ISSUED, ACTIVATED, SUSPENDED, TEST = 0, 1, 2, 4
ENABLED, DISABLED = 0, 1


@pytest.mark.parametrize(
    ("device", "sim", "expected", "sim_after"),
    [
        (DISABLED, ISSUED, [42, 8], ACTIVATED),
        (DISABLED, SUSPENDED, [42, 8], ACTIVATED),
        (DISABLED, TEST, [42, 8], ACTIVATED),
        (DISABLED, ACTIVATED, [42], ACTIVATED),
        (ENABLED, ACTIVATED, [], ACTIVATED),
        (ENABLED, SUSPENDED, [8], ACTIVATED),
        (ENABLED, TEST, [], TEST),
    ],
)
def test_enable(cast: Cast, device: int, sim: int, expected: list[int], sim_after: int) -> None:
    (card,) = cast.sims(status=sim)
    machine = cast.device(status=device, sim=card)
    with cast.acting(cast.owner):
        enable_devices(workspace_id=cast.acme.pk, device_ids=[machine.pk])
    card.refresh_from_db()
    machine.refresh_from_db()
    assert (types(), card.status, machine.status) == (expected, sim_after, ENABLED)


def test_enable_needs_a_sim(cast: Cast) -> None:
    machine = cast.device(status=DISABLED, name="Bare")
    with cast.acting(cast.owner):
        outcome = enable_devices(workspace_id=cast.acme.pk, device_ids=[machine.pk])
    assert (outcome.refused[0].label, outcome.refused[0].code, rows()) == ("Bare", "no_sim", [])


@pytest.mark.parametrize(
    ("device", "sim", "expected", "sim_after"),
    [
        (ENABLED, ACTIVATED, [9, 43], SUSPENDED),
        (ENABLED, ISSUED, [43], ISSUED),
        (ENABLED, SUSPENDED, [43], SUSPENDED),
        (ENABLED, TEST, [8, 9, 43], SUSPENDED),
        (ENABLED, None, [43], None),
        (DISABLED, ACTIVATED, [9], SUSPENDED),
        (DISABLED, SUSPENDED, [], SUSPENDED),
    ],
)
def test_disable(cast: Cast, device: int, sim: int | None, expected: list[int], sim_after: int | None) -> None:
    card = cast.sims(status=sim)[0] if sim is not None else None
    machine = cast.device(status=device, sim=card)
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[machine.pk])
    machine.refresh_from_db()
    assert (types(), machine.status) == (expected, DISABLED)
    if card is not None:
        card.refresh_from_db()
        assert card.status == sim_after
        # A SIM that left its test was activated on the way, and that is the date that counts.
        assert (card.activation_date is not None) == (sim == TEST)


@pytest.mark.parametrize(("sim", "expected"), [(ACTIVATED, [68, 9, 43, 42, 8]), (TEST, [68, 8])])
def test_reset(cast: Cast, sim: int, expected: list[int]) -> None:
    (card,) = cast.sims(status=sim)
    machine = cast.device(sim=card)
    with cast.acting(cast.owner):
        reset_connectivity(workspace_id=cast.acme.pk, device_ids=[machine.pk])
    card.refresh_from_db()
    machine.refresh_from_db()
    assert (types(), card.status, machine.status) == (expected, ACTIVATED, ENABLED)
    assert rows()[0][1] == f"Reset connectivity triggered for endpoint {machine.pk}"
    assert len(set(Event.objects.values_list("request_id", flat=True))) == 1


@pytest.mark.parametrize(
    ("device", "sim", "code"),
    [(DISABLED, ACTIVATED, "disabled"), (ENABLED, SUSPENDED, "sim_inactive"), (0, None, "no_sim")],
)
def test_reset_is_for_enabled_devices_with_a_working_sim(cast: Cast, device: int, sim: int | None, code: str) -> None:
    card = cast.sims(status=sim)[0] if sim is not None else None
    machine = cast.device(status=device, sim=card)
    with cast.acting(cast.owner):
        outcome = reset_connectivity(workspace_id=cast.acme.pk, device_ids=[machine.pk])
    assert (outcome.refused[0].code, rows()) == (code, [])


@pytest.mark.parametrize(("to", "first"), [(ENABLED, 42), (DISABLED, 43)])
def test_the_wires_status_moves_the_device_alone_and_ends_a_test(cast: Cast, to: int, first: int) -> None:
    (card,) = cast.sims(status=TEST)
    (other,) = cast.sims(status=SUSPENDED)
    testing = cast.device(status=1 - to, sim=card)
    plain = cast.device(status=1 - to, sim=other)
    with cast.acting(cast.owner):
        set_device_status(workspace_id=cast.acme.pk, device_ids=[testing.pk, plain.pk], to=to)
        set_device_status(workspace_id=cast.acme.pk, device_ids=[testing.pk, plain.pk], to=to)
    assert types() == [first, 8, first]
    other.refresh_from_db()
    assert other.status == SUSPENDED


def test_the_rows_of_many_devices_stand_device_by_device(cast: Cast) -> None:
    sims = cast.sims(3, status=ACTIVATED)
    devices = [cast.device(sim=sim) for sim in sims]
    with cast.acting(cast.owner):
        disable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk for device in devices])
    assert list(Event.objects.order_by("id").values_list("type", "device_id")) == [
        (type_, device.pk) for device in devices for type_ in (9, 43)
    ]


def test_the_preview_of_disabling_speaks_of_money(cast: Cast) -> None:
    (card,) = cast.sims(status=ACTIVATED)
    machine = cast.device(sim=card)
    with cast.acting(cast.owner):
        outcome = preview_device_action(workspace_id=cast.acme.pk, device_ids=[machine.pk], what="disable")
    assert outcome.changed == [machine.pk]
    assert "Charging stops" in outcome.notes[0]
    assert rows() == []


@pytest.mark.parametrize(("status", "expected"), [(None, [51]), (ACTIVATED, [8, 51]), (TEST, [45, 51])])
def test_assign(cast: Cast, status: int | None, expected: list[int]) -> None:
    (card,) = cast.sims()
    machine = cast.device(status=DISABLED, imei="490154203237518")
    with cast.acting(cast.owner):
        assign_sims(workspace_id=cast.acme.pk, choices={machine.pk: SimChoice(card.pk, status)}).raise_if_refused()
    card.refresh_from_db()
    assert (types(), card.device_id) == (expected, machine.pk)
    event = last()
    assert (event.description, event.detail) == (
        f"SIM {card.pk} assigned to endpoint {machine.pk}",
        {"imei": "490154203237518"},
    )


def test_assign_refuses_what_is_taken_or_foreign(cast: Cast) -> None:
    taken, free = cast.sims(2)
    (foreign,) = cast.sims(workspace=cast.umbra)
    full, empty = cast.device(sim=taken), cast.device()

    def assign(device: Device, sim: Sim) -> None:
        assign_sims(workspace_id=cast.acme.pk, choices={device.pk: SimChoice(sim.pk)}).raise_if_refused()

    with cast.acting(cast.owner):
        with pytest.raises(Conflict, match="has a SIM"):
            assign(full, free)
        with pytest.raises(Conflict, match="is on device"):
            assign(empty, taken)
        with pytest.raises(NotFound, match="SIM with Id"):
            assign(empty, foreign)
        with pytest.raises(NotFound, match="Device with Id"):
            assign(cast.device(workspace=cast.umbra), free)
    assert rows() == []


@pytest.mark.parametrize(
    ("device", "sim", "suspend", "expected", "sim_after"),
    [
        (ENABLED, ACTIVATED, True, [9, 43, 50], SUSPENDED),
        (ENABLED, ACTIVATED, False, [43, 50], ACTIVATED),
        (DISABLED, SUSPENDED, True, [50], SUSPENDED),
        (ENABLED, TEST, True, [43, 50], TEST),
    ],
)
def test_release(cast: Cast, device: int, sim: int, suspend: bool, expected: list[int], sim_after: int) -> None:
    (card,) = cast.sims(status=sim)
    machine = cast.device(status=device, sim=card)
    with cast.acting(cast.owner):
        preview_release(workspace_id=cast.acme.pk, device_ids=[machine.pk], suspend=suspend)
        release_sims(workspace_id=cast.acme.pk, device_ids=[machine.pk], suspend=suspend)
    card.refresh_from_db()
    machine.refresh_from_db()
    assert (types(), card.status, card.device_id, machine.status) == (expected, sim_after, None, DISABLED)
    assert rows()[-1][1] == f"SIM {card.pk} released from endpoint {machine.pk}"


def test_a_new_device_takes_its_sim_along_or_nothing_happens(cast: Cast) -> None:
    (card,) = cast.sims()
    service, coverage = cast.policies()
    first = NewDevice("Pump", service.pk, coverage.pk, sim=SimChoice(card.pk, activate=True), tags="a, b,a")
    second = NewDevice("Second", service.pk, coverage.pk, sim=SimChoice(card.pk))
    with cast.acting(cast.owner):
        (device,) = create_devices(workspace_id=cast.acme.pk, devices=[first])
        with pytest.raises(Conflict):
            create_devices(workspace_id=cast.acme.pk, devices=[second])
    assert types() == [10002, 45, 51]
    assert Device.objects.get().tags == "a,b"
    assert device.status == ENABLED
    card.refresh_from_db()
    assert card.status == TEST


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"imei": "123"}, "imei"),
        ({"imei": "490154203237519"}, "imei"),
        ({"imei_lock": True}, "imei"),
        ({"ip_address": "10.0.0.300"}, "ip_address"),
        ({"service_policy_id": 0}, "service_profile"),
        ({"coverage_policy_id": 0}, "tariff_profile"),
        ({"status": 2}, "status"),
    ],
)
def test_a_wrong_input_is_named(cast: Cast, values: dict[str, Any], field: str) -> None:
    service, coverage = cast.policies()
    good = NewDevice("Pump", service.pk, coverage.pk)
    with cast.acting(cast.owner), pytest.raises((Invalid, NotFound)) as caught:
        create_devices(workspace_id=cast.acme.pk, devices=[good, replace(good, **values)])
    assert caught.value.field == field
    assert (rows(), Device.objects.count()) == ([], 0)


def test_a_foreign_policy_does_not_exist(cast: Cast) -> None:
    service, coverage = cast.policies(cast.umbra)
    own, _coverage = cast.policies()
    with cast.acting(cast.owner), pytest.raises(NotFound, match="Tariff profile with Id"):
        create_devices(workspace_id=cast.acme.pk, devices=[NewDevice("P", own.pk, coverage.pk)])
    assert service.workspace_id == cast.umbra.pk


def test_an_update_tells_what_changed_and_nothing_when_nothing_did(cast: Cast) -> None:
    machine = cast.device(name="Old", imei="490154203237518")
    with cast.acting(cast.owner):
        for values in ({"name": "New", "imei": "490154203237518"}, {"name": "New"}, {"tags": "x"}):
            update_devices(workspace_id=cast.acme.pk, changes={machine.pk: values})
    assert types() == [10003, 10011]
    first = Event.objects.order_by("id")[0]
    assert first.detail == {"changes": {"name": {"from": "Old", "to": "New"}}}
    assert last().detail == {"added": ["x"], "removed": []}


def test_a_device_with_a_sim_is_not_deleted(cast: Cast) -> None:
    (card,) = cast.sims()
    full, bare = cast.device(sim=card), cast.device()
    with cast.acting(cast.owner):
        outcome = delete_devices(workspace_id=cast.acme.pk, device_ids=[full.pk, bare.pk])
    assert (outcome.changed, outcome.refused[0].code) == ([bare.pk], "has_sim")
    assert types() == [10004]
    bare.refresh_from_db()
    assert (bare.status, bare.service_policy_id) == (2, None)


def test_tags_of_many_are_one_event_for_each_way_they_changed(cast: Cast) -> None:
    devices = [cast.device(tags=tags) for tags in ("", "a", "a,b", "c")]
    ids = [device.pk for device in devices]
    with cast.acting(cast.owner):
        outcome = change_tags(workspace_id=cast.acme.pk, device_ids=ids, add=["c"], remove=["a"])
    assert [Device.objects.get(pk=pk).tags for pk in ids] == ["c", "c", "b,c", "c"]
    assert outcome.unchanged == [ids[3]]
    assert rows() == [(10011, "Tags changed on 1 device(s)"), (10011, "Tags changed on 2 device(s)")]
    details = Event.objects.order_by("id").values_list("detail__added", "detail__removed")
    assert list(details) == [(["c"], []), (["c"], ["a"])], "the third device had nothing of “c” before, and lost “a”"


@pytest.mark.parametrize("service", [enable_devices, disable_devices, reset_connectivity, delete_devices, release_sims])
def test_an_observer_may_nothing(cast: Cast, service: object) -> None:
    with cast.acting(cast.observer), pytest.raises(Forbidden):
        service(workspace_id=cast.acme.pk, device_ids=[cast.device().pk])  # type: ignore[operator]
    assert rows() == []


def test_queries_do_not_grow_with_the_devices(cast: Cast) -> None:
    counts = []
    for count in (2, 40):
        devices = [cast.device(status=DISABLED, sim=sim) for sim in cast.sims(count, status=SUSPENDED)]
        with cast.acting(cast.owner), CaptureQueriesContext(connection) as queries:
            enable_devices(workspace_id=cast.acme.pk, device_ids=[device.pk for device in devices])
        counts.append(len(queries))
        Sim.objects.update(device=None)
    # The first run also stores the actor's person: one look, one insert.
    assert counts[1] <= counts[0]


def test_the_name_of_a_policy_is_unique_whatever_its_case(cast: Cast) -> None:
    service, coverage = cast.policies()
    with cast.acting(cast.owner):
        with pytest.raises(Invalid) as twice:
            create_service_policy(workspace_id=cast.acme.pk, values={"name": service.name.upper()})
        with pytest.raises(Invalid):
            create_coverage_policy(
                workspace_id=cast.acme.pk, values={"name": coverage.name, "data_plan_id": cast.plan.pk}
            )
        update_service_policy(workspace_id=cast.acme.pk, policy_id=service.pk, values={"name": service.name.upper()})
    assert twice.value.field == "name"
    assert types() == [10006]
