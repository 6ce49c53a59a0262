"""Many endpoints in one call: a number of queries that does not grow with them, and refusals by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast
from tests.log import types

pytestmark = pytest.mark.sqlite_too("SQLite takes fewer parameters in a statement")

Make = Callable[[Cast, int], list[dict[str, Any]]]


def statements(program: Program, method: str, body: Any) -> int:
    """Send a call that works and return its number of statements, without the savepoints of a test."""
    with CaptureQueriesContext(connection) as captured:
        answer = program.call(method, "/endpoint/multi", body, version=2)
    assert answer.status_code in (201, 204), answer.content
    return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])


def names(cast: Cast, count: int) -> list[dict[str, Any]]:
    devices = [cast.device() for _ in range(count)]
    return [{"id": device.pk, "name": f"New {device.pk}"} for device in devices]


def tags(cast: Cast, count: int) -> list[dict[str, Any]]:
    return [{"id": cast.device().pk, "tags": "north"} for _ in range(count)]


def different_tags(cast: Cast, count: int) -> list[dict[str, Any]]:
    return [{"id": (made := cast.device(tags="old")).pk, "tags": f"old,site {made.pk}"} for _ in range(count)]


def policies(cast: Cast, count: int) -> list[dict[str, Any]]:
    service, coverage = cast.policies()
    changed = {"service_profile": {"id": service.pk}, "tariff_profile": {"id": coverage.pk}, "imei": "490154203237518"}
    return [{"id": cast.device().pk, **changed} for _ in range(count)]


def both(cast: Cast, count: int) -> list[dict[str, Any]]:
    sims = cast.sims(count)
    devices = [cast.device(sim=sim, status=DeviceStatus.DISABLED) for sim in sims]
    return [{"id": device.pk, "status": {"id": 0}, "sim": {"status": {"id": 1}}} for device in devices]


def assign(cast: Cast, count: int) -> list[dict[str, Any]]:
    return [{"id": cast.device().pk, "sim": {"id": sim.pk, "activate": True}} for sim in cast.sims(count)]


def release(cast: Cast, count: int) -> list[dict[str, Any]]:
    devices = [cast.device(sim=sim) for sim in cast.sims(count, status=SimStatus.ACTIVATED)]
    return [{"id": device.pk, "sim": {"id": None, "status": {"id": 2}}} for device in devices]


@pytest.mark.parametrize("make", [names, tags, different_tags, policies, both, assign, release])
def test_changing_takes_as_many_queries_for_2_as_for_200(cast: Cast, owner: Program, make: Make) -> None:
    two = statements(owner, "PATCH", make(cast, 2))
    assert statements(owner, "PATCH", make(cast, 200)) <= two + 1
    assert two < 30


def test_different_tags_leave_a_row_for_each_way(cast: Cast, owner: Program) -> None:
    first, second, third = (cast.device(tags="old") for _ in range(3))
    wanted = {first.pk: "old,north", second.pk: "old,north", third.pk: "south"}
    patches = [{"id": pk, "tags": tags} for pk, tags in wanted.items()]
    assert owner.call("PATCH", "/endpoint/multi", patches, version=2).status_code == 204
    assert types()[-2:] == [10011, 10011]
    both, alone = Event.objects.filter(type=10011).order_by("id")
    told: list[Any] = [both.detail, alone.detail]
    assert (told[0]["added"], told[0]["removed"]) == (["north"], [])
    assert [each["id"] for each in told[0]["devices"]] == [first.pk, second.pk]
    assert (told[1]["added"], told[1]["removed"]) == (["south"], ["old"])
    assert (both.device_id, alone.device_id) == (None, third.pk)


@pytest.mark.parametrize("sim", [{"activate": True}, {"status": {"id": 4}}, {"status": {"id": 1}}, {}])
def test_creating_takes_as_many_queries_for_2_as_for_200(cast: Cast, owner: Program, sim: dict[str, Any]) -> None:
    service, coverage = cast.policies()

    def body(count: int) -> dict[str, Any]:
        made = [{"name": f"N {card.pk}", "sim": {"id": card.pk, **sim}} for card in cast.sims(count)]
        common = {"service_profile": {"id": service.pk}, "tariff_profile": {"id": coverage.pk}, "status": {"id": 0}}
        return {**common, "endpoints": made}

    # SQLite takes 999 values in an INSERT, which are 60 devices.
    assert statements(owner, "POST", body(200)) <= statements(owner, "POST", body(2)) + 3


def test_each_gets_what_was_asked_for_it(cast: Cast, owner: Program) -> None:
    held, free, spare = cast.sims(3, status=SimStatus.ACTIVATED)
    first, second, third = cast.device(sim=held), cast.device(), cast.device(tags="a")
    answer = owner.call(
        "PATCH",
        "/endpoint/multi",
        [
            {"id": second.pk, "sim": {"id": held.pk}},  # it is released below, which comes first
            {"id": first.pk, "name": "Renamed", "sim": {"id": None}},
            {"id": third.pk, "tags": "b", "status": {"id": 1}},
        ],
        version=2,
    )
    assert answer.status_code == 204, answer.content
    assert types(cast.acme)[1:] == [10003, 10011, 43, 50, 51, 43]
    first.refresh_from_db()
    third.refresh_from_db()
    assert (first.name, third.tags, third.status) == ("Renamed", "b", DeviceStatus.DISABLED)
    assert Sim.objects.get(pk=held.pk).device_id == second.pk
    assert {Sim.objects.get(pk=each.pk).device_id for each in (free, spare)} == {None}


def test_refusals_are_named_and_nothing_is_done(cast: Cast, owner: Program) -> None:
    used, free = cast.sims(2)
    cast.device(sim=used)
    one, two, three, four = (cast.device(name=f"Pump {n}") for n in range(4))
    before = types()
    answer = owner.call(
        "PATCH",
        "/endpoint/multi",
        [
            {"id": one.pk, "name": "After"},
            {"id": two.pk, "imei": "12"},
            {"id": three.pk, "sim": {"id": used.pk}},
            {"id": four.pk, "sim": {"status": {"id": 1}}},
        ],
        version=2,
    )
    found = error(answer, 422, 1400, "InputValidationFailed")["errors"]
    assert [each["message"].split(":")[0] for each in found] == [
        "Endpoint Pump 1",
        f"Endpoint {four.pk}",
        "Endpoint Pump 2",
    ]
    assert found[0]["error_code"] == 1403
    assert not Device.objects.filter(name="After").exists()
    assert types() == before
    assert Sim.objects.get(pk=free.pk).device_id is None


def test_a_list_of_one_and_a_sim_named_twice_are_named_alike(cast: Cast, owner: Program) -> None:
    one, two = cast.device(name="Pump 1"), cast.device(name="Pump 2")
    (sim,) = cast.sims(1)
    before = types()

    def faults(patches: list[dict[str, Any]]) -> list[tuple[int, str]]:
        answer = owner.call("PATCH", "/endpoint/multi", patches, version=2)
        found = error(answer, 422, 1400, "InputValidationFailed")["errors"]
        return [(each["error_code"], each["message"]) for each in found]

    ((code, text),) = faults([{"id": one.pk, "imei_lock": True}])
    assert (code, text) == (1402, "Endpoint Pump 1: An IMEI lock needs an IMEI.")
    ((code, text),) = faults([{"id": each.pk, "sim": {"id": sim.pk}} for each in (one, two)])
    assert code == 1406
    assert text == f"Endpoint Pump 2: SIM {sim.iccid} is named twice. It goes onto one device only."
    assert types() == before


def test_what_cannot_be_asked(cast: Cast, owner: Program, outsider: Program, observer: Program) -> None:
    device = cast.device()
    change = {"id": device.pk, "name": "X"}
    error(owner.call("PATCH", "/endpoint/multi", [change, change], version=2), 400, 1000, "BadRequest")
    error(owner.call("PATCH", "/endpoint/multi", [], version=2), 400, 1000, "BadRequest")
    many = [{"id": n, "name": "X"} for n in range(1, 2_002)]
    error(owner.call("PATCH", "/endpoint/multi", many, version=2), 400, 1000, "BadRequest")
    error(outsider.call("PATCH", "/endpoint/multi", [change], version=2), 404, 1401, "InvalidReference")
    error(observer.call("PATCH", "/endpoint/multi", [change], version=2), 403, 1104, "Forbidden")
    wrong = [{"id": device.pk, "status": {"id": 9}}]
    error(owner.call("PATCH", "/endpoint/multi", wrong, version=2), 422, 1400, "InputValidationFailed")
