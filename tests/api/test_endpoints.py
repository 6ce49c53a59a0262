"""Endpoints: `docs/api.md` section 5, with the rows of `docs/rules.md` sections 4 to 6."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import Event
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast
from tests.log import types

ISSUED, ACTIVATED, SUSPENDED, TESTING = 0, 1, 2, 4
ENABLED, DISABLED = 0, 1


def written(program: Any) -> list[int]:
    """Return the types of the events of an answer's request."""
    events = Event.objects.filter(request_id=program["X-Request-ID"]).order_by("id")
    return list(events.values_list("type", flat=True))


def creation(cast: Cast, **values: Any) -> dict[str, Any]:
    service, coverage = cast.policies()
    return {
        "name": "Pump",
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": float(coverage.pk)},
        "status": {"id": 0},
        **values,
    }


def only_error(answer: Any) -> tuple[int, str]:
    body = error(answer, 422, 1400, "InputValidationFailed")
    (nested,) = body["errors"]
    return nested["error_code"], nested["message"]


def test_created_with_location_and_body(cast: Cast, owner: Program) -> None:
    answer = owner.post("/endpoint", creation(cast, tags="a, b", imei="352099001761481", imei_lock=True))
    assert answer.status_code == 201
    body = answer.json()
    assert answer["Location"] == f"http://testserver/api/v1/endpoint/{body['id']}"
    assert body == owner.get(f"/endpoint/{body['id']}").json() == owner.get("/endpoint").json()[0]
    assert list(body) == [
        "id",
        "name",
        "created",
        "last_updated",
        "status",
        "organisation",
        "service_profile",
        "tariff_profile",
        "imei_lock",
        "tags",
        "imei",
        "imei_with_luhn",
    ]
    assert body["status"] == {"id": 0, "description": "Enabled"}
    assert body["tags"] == "a,b"
    assert body["created"].endswith("+0000")
    assert body["service_profile"]["name"] == "Standard"
    assert written(answer) == [10002]


def test_created_with_a_sim(cast: Cast, erp: Program) -> None:
    (sim,) = cast.sims(1)
    answer = erp.post("/endpoint", creation(cast, sim={"id": sim.pk, "status": {"id": 1}}))
    assert answer.status_code == 201
    found = answer.json()["sim"]
    assert found["id"] == sim.pk
    assert found["status"] == {"id": 1, "description": "Activated"}
    assert written(answer) == [10002, 8, 51]
    recorded = erp.get(f"/sim/{sim.pk}/event", q="type:8").json()[0]
    assert set(recorded) == {
        "timestamp", "alert", "description", "id", "event_type", "event_source", "event_severity", "organisation",
        "sim", "imsi",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "sim", "wire", "rows"),
    [
        (ISSUED, {}, ISSUED, [10002, 51]),
        (ISSUED, {"activate": True}, TESTING, [10002, 45, 51]),
        (SUSPENDED, {"activate": True}, ACTIVATED, [10002, 8, 51]),
        (ISSUED, {"activate": True, "status": {"id": 1}}, ACTIVATED, [10002, 8, 51]),
        (ISSUED, {"status": {"id": 4}}, TESTING, [10002, 45, 51]),
    ],
)
def test_the_sim_of_a_new_endpoint(
    cast: Cast, owner: Program, old: int, sim: dict[str, Any], wire: int, rows: list[int]
) -> None:
    (card,) = cast.sims(1, status=old)
    answer = owner.post("/endpoint", creation(cast, sim={"id": card.pk, **sim}))
    assert answer.json()["sim"]["status"]["id"] == wire
    assert written(answer) == rows


def test_what_is_wrong_with_a_new_endpoint_is_named(cast: Cast, owner: Program, outsider: Program) -> None:
    (used,), (foreign,) = cast.sims(1), cast.sims(1, workspace=cast.umbra)
    cast.device(sim=used, name="Holder")
    theirs, _coverage = cast.policies(cast.umbra)
    before = types()

    empty = error(owner.post("/endpoint", {}), 422, 1400, "InputValidationFailed")
    assert empty["status_code"] == 422
    assert [(each["error_code"], each["message"]) for each in empty["errors"]] == [
        (1402, f"Endpoint - {name} is required") for name in ("name", "service_profile", "tariff_profile", "status")
    ]

    def wrong(**values: Any) -> tuple[int, str]:
        return only_error(owner.post("/endpoint", creation(cast, **values)))

    assert wrong(service_profile={"id": -1}) == (1401, "Service profile with Id '-1' not found.")
    assert wrong(service_profile={"id": theirs.pk})[0] == 1401
    assert wrong(tariff_profile={"id": 999})[0] == 1401
    assert wrong(sim={"id": foreign.pk}) == (1401, f"SIM with Id '{foreign.pk}' not found.")
    assert wrong(sim={"id": 4711}) == (1401, "SIM with Id '4711' not found.")
    assert wrong(sim={"id": used.pk})[0] == 1406
    assert wrong(organisation={"id": cast.umbra.pk})[0] == 1401
    assert wrong(ip_address="10.0.0.1") == (1402, "Endpoint - ip_address_space is required")
    assert wrong(ip_address="10.0.0.", ip_address_space={"id": 1})[0] == 1403
    assert wrong(name="")[0] == 1402
    assert wrong(name=5)[0] == 1403
    assert wrong(name="x" * 201)[0] == 1403
    assert wrong(imei="12")[0] == 1403
    assert wrong(imei_lock=True)[0] == 1402
    assert wrong(status={"id": 2})[0] == 1406
    assert Device.objects.count() == 1
    assert types() == before


def test_properties_are_patched(cast: Cast, owner: Program) -> None:
    device = cast.device(tags="a", imei="35209900176148", ip_address="10.0.0.1")
    answer = owner.patch(f"/endpoint/{device.pk}", {"name": "Renamed", "unknown": 1})
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (204, b"", "application/json")
    assert written(answer) == [10003]
    assert written(owner.patch(f"/endpoint/{device.pk}", {"tags": "b, c"})) == [10011]
    assert written(owner.patch(f"/endpoint/{device.pk}", {"tags": "b,c", "name": "Renamed"})) == []
    owner.patch(f"/endpoint/{device.pk}", {"tags": None, "imei": None, "ip_address": None})
    body = owner.get(f"/endpoint/{device.pk}").json()
    assert body["name"] == "Renamed"
    assert not {"tags", "imei", "imei_with_luhn", "ip_address", "ip_address_space"} & set(body)


def test_the_whole_object_can_be_sent_back(cast: Cast, owner: Program) -> None:
    device = cast.device(sim=cast.sims(1, status=ACTIVATED)[0], tags="a", ip_address="10.0.0.1")
    body = owner.get(f"/endpoint/{device.pk}").json()
    answer = owner.patch(f"/endpoint/{device.pk}", body)
    assert (answer.status_code, written(answer)) == (204, [])


STATES: list[tuple[str, int | None, int, dict[str, Any], list[int]]] = [
    # what, state of the SIM (None: no SIM), of the device, the PATCH, the rows
    ("status alone moves the device", SUSPENDED, DISABLED, {"status": {"id": 0}}, [42]),
    ("also without a SIM", None, DISABLED, {"status": {"id": 0}}, [42]),
    ("off alone", ACTIVATED, ENABLED, {"status": {"id": 1}}, [43]),
    ("it ends a factory test", TESTING, DISABLED, {"status": {"id": 0}}, [42, 8]),
    ("off ends it too", TESTING, ENABLED, {"status": {"id": 1}}, [43, 8]),
    ("what holds writes nothing", ACTIVATED, ENABLED, {"status": {"id": 0}}, []),
    ("enable both", SUSPENDED, DISABLED, {"status": {"id": 0}, "sim": {"status": {"id": 1}}}, [42, 8]),
    ("enable both, by id", ISSUED, DISABLED, {"sim": {"id": "OWN", "status": {"id": 1}}, "status": {"id": 0}}, [42, 8]),
    ("enable both in test", TESTING, DISABLED, {"status": {"id": 0}, "sim": {"status": {"id": 1}}}, [42, 8]),
    ("activate in test", TESTING, ENABLED, {"status": {"id": 0}, "sim": {"status": {"id": 1}}}, [8]),
    ("disable both", ACTIVATED, ENABLED, {"status": {"id": 1}, "sim": {"status": {"id": 2}}}, [9, 43]),
    ("disable both, issued", ISSUED, ENABLED, {"status": {"id": 1}, "sim": {"status": {"id": 2}}}, [43]),
    ("disable both in test", TESTING, ENABLED, {"status": {"id": 1}, "sim": {"status": {"id": 2}}}, [8, 9, 43]),
    ("disabled device, activated SIM", ISSUED, ENABLED, {"status": {"id": 1}, "sim": {"status": {"id": 1}}}, [8, 43]),
    ("the SIM alone", ACTIVATED, ENABLED, {"sim": {"status": {"id": 2}}}, [9]),
    ("the same SIM again", ACTIVATED, ENABLED, {"sim": {"id": "OWN"}}, []),
    ("an absent SIM is no change", ACTIVATED, ENABLED, {"sim": None}, []),
    ("release", ACTIVATED, ENABLED, {"sim": {"id": None}}, [43, 50]),
    ("release from a disabled device", ACTIVATED, DISABLED, {"sim": {"id": None}}, [50]),
    ("release and disable", ACTIVATED, ENABLED, {"status": {"id": 1}, "sim": {"id": None}}, [43, 50]),
    ("suspend and release", ACTIVATED, ENABLED, {"sim": {"id": None, "status": {"id": 2}}}, [9, 43, 50]),
    ("nothing to release", None, ENABLED, {"sim": {"id": None}}, []),
    ("assign", None, ENABLED, {"sim": {"id": "FREE"}}, [51]),
    ("assign and activate", None, ENABLED, {"sim": {"id": "FREE", "status": {"id": 1}}}, [8, 51]),
    ("assign and test", None, ENABLED, {"sim": {"id": "FREE", "activate": True}}, [45, 51]),
    ("enable and assign", None, DISABLED, {"status": {"id": 0}, "sim": {"id": "FREE", "activate": True}}, [42, 45, 51]),
    ("rename and enable", None, DISABLED, {"name": "New", "status": {"id": 0}}, [10003, 42]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sim", "device", "body", "expected"), STATES, ids=[case[0] for case in STATES])
def test_what_a_patch_writes(
    cast: Cast, owner: Program, what: str, sim: int | None, device: int, body: dict[str, Any], expected: list[int]
) -> None:
    own = cast.sims(1, status=sim)[0] if sim is not None else None
    (free,) = cast.sims(1)
    row = cast.device(status=device, sim=own)
    ids = {"OWN": own.pk if own else 0, "FREE": free.pk}
    sent = dict(body)
    if sent.get("sim"):
        sent["sim"] = {key: ids[value] if value in ("OWN", "FREE") else value for key, value in body["sim"].items()}
    answer = owner.patch(f"/endpoint/{row.pk}", sent)
    assert answer.status_code == 204, answer.content
    assert written(answer) == expected


def test_all_or_nothing(cast: Cast, owner: Program) -> None:
    (used,) = cast.sims(1)
    cast.device(sim=used)
    (card,) = cast.sims(1)
    device = cast.device(status=DISABLED, sim=card, name="Before")
    before = types()
    answer = owner.patch(f"/endpoint/{device.pk}", {"name": "After", "status": {"id": 0}, "sim": {"id": used.pk}})
    assert only_error(answer)[0] == 1406
    device.refresh_from_db()
    assert (device.name, device.status) == ("Before", DeviceStatus.DISABLED)
    assert types() == before

    assert only_error(owner.patch(f"/endpoint/{device.pk}", {"name": "After", "sim": {"status": {"id": 2}}}))[0] == 1406
    device.refresh_from_db()
    assert device.name == "Before"


def test_what_is_wrong_with_a_patch_is_named(cast: Cast, owner: Program) -> None:
    device = cast.device()
    path = f"/endpoint/{device.pk}"
    body = error(owner.patch(path, {"service_profile": {"id": -1}}), 422, 1400, "InputValidationFailed")
    assert body["message"] == "Update endpoint validation error"
    assert body["errors"] == [
        {"error_code": 1401, "error_token": "InvalidReference", "message": "Service profile with Id '-1' not found."}
    ]
    assert only_error(owner.patch(path, {"sim": {"id": 4711}}))[0] == 1401
    assert only_error(owner.patch(path, {"sim": {"status": {"id": 1}}}))[0] == 1406
    assert only_error(owner.patch(path, {"status": {"id": 2}}))[0] == 1406
    assert only_error(owner.patch(path, {"name": None}))[0] == 1403
    assert only_error(owner.patch(path, {"service_profile": None}))[0] == 1403
    assert only_error(owner.patch(path, {"sim": 5}))[0] == 1403
    error(owner.patch(path, []), 400, 1000, "BadRequest")


def test_unknown_ids(cast: Cast, owner: Program) -> None:
    for answer in (
        owner.get("/endpoint/-1"),
        owner.patch("/endpoint/-1", {"name": "x"}),
        owner.delete("/endpoint/-1"),
        owner.patch("/endpoint/-1/connectivity", {"location": None}),
    ):
        assert error(answer, 404, 1401, "InvalidReference")["message"] == "Endpoint with Id '-1' not found."
    error(owner.get("/endpoint/x"), 400, 1000, "BadRequest")


def test_delete(cast: Cast, owner: Program) -> None:
    holder, empty = cast.device(sim=cast.sims(1)[0]), cast.device()
    error(owner.delete(f"/endpoint/{holder.pk}"), 409, 1406, "NotAllowed")
    assert owner.delete(f"/endpoint/{empty.pk}").status_code == 204
    error(owner.get(f"/endpoint/{empty.pk}"), 404, 1401, "InvalidReference")
    error(owner.delete(f"/endpoint/{empty.pk}"), 404, 1401, "InvalidReference")
    assert [each["id"] for each in owner.get("/endpoint").json()] == [holder.pk]


@pytest.mark.parametrize(
    "body", [{"pdp_context": None}, {"location": None}, {"pdp_context": None, "location": None, "other": 1}]
)
def test_reset(cast: Cast, owner: Program, body: dict[str, Any]) -> None:
    device = cast.device(sim=cast.sims(1, status=ACTIVATED)[0])
    answer = owner.patch(f"/endpoint/{device.pk}/connectivity", body)
    assert answer.status_code == 204
    assert written(answer) == [68, 9, 43, 42, 8]
    assert Sim.objects.get().status == SimStatus.ACTIVATED


def test_what_cannot_be_reset(cast: Cast, owner: Program) -> None:
    device = cast.device()
    path = f"/endpoint/{device.pk}/connectivity"
    error(owner.patch(path, {"location": None}), 409, 1406, "NotAllowed")
    bodies: list[dict[str, Any]] = [{}, {"other": None}, {"location": 1}, {"location": {}}]
    for body in bodies:
        error(owner.patch(path, body), 400, 1000, "BadRequest")


def test_lookups(cast: Cast, owner: Program) -> None:
    service, coverage = cast.policies()
    cast.device()
    assert owner.get("/endpoint/status").json() == [
        {"id": 0, "description": "Enabled"},
        {"id": 1, "description": "Disabled"},
        {"id": 2, "description": "Deleted"},
    ]
    (profile,) = owner.get("/service_profile").json()
    assert (profile["id"], profile["name"], profile["used_count"]) == (service.pk, "Standard", 1)
    assert {"allowed_3g", "allowed_4g", "allowed_nb_iot", "apply_sms_quota", "apply_data_quota"} <= set(profile)
    (tariff,) = owner.get("/tariff_profile").json()
    assert (tariff["id"], tariff["tariff"]) == (coverage.pk, {"id": cast.plan.pk, "name": "Global Basic"})
