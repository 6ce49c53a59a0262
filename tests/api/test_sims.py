"""SIMs and batches: `docs/api.md` section 4."""

from __future__ import annotations

from typing import Any

import pytest

from kit.context import acting_as
from sims.inventory.services.registration import register_batch
from sims.models import Sim, SimBatch
from sims.states import SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast
from tests.log import last, rows, types

WIRE_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}\+0000"


def test_a_sim_on_the_wire(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1)
    answer = owner.get(f"/sim/{sim.pk}")
    assert answer.status_code == 200
    body = answer.json()
    assert body == owner.get("/sim").json()[0]
    assert list(body) == [
        "id",
        "iccid",
        "iccid_with_luhn",
        "imsi",
        "production_date",
        "status",
        "customer_org",
        "issuer_org",
        "reseller_org",
        "model",
    ]
    assert (len(body["iccid"]), len(body["iccid_with_luhn"])) == (19, 20)
    assert body["status"] == {"id": 0, "description": "Issued"}
    assert body["customer_org"] == {"id": cast.acme.pk, "name": "Acme"}
    assert body["issuer_org"] == {"id": cast.operator.pk, "name": "Test Operator"}
    assert body["model"]["formfactor"]["name"] == "4FF"


def test_what_applies_is_there_and_what_does_not_is_left_out(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1)
    Sim.objects.filter(pk=sim.pk).update(msisdn="491512345678", eid="8" * 32)
    device = cast.device(sim=sim, tags="a,b", imei="35209900176148", ip_address="10.0.0.7")
    assert owner.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}).status_code == 204
    body = owner.get(f"/sim/{sim.pk}").json()
    assert (body["msisdn"], body["eid"]) == ("491512345678", "8" * 32)
    assert_time(body["activation_date"])
    assert_time(body["production_date"])
    endpoint = body["endpoint"]
    assert_time(endpoint.pop("created"))
    assert_time(endpoint.pop("last_updated"))
    assert endpoint == {
        "id": device.pk,
        "name": device.name,
        "organisation_id": cast.acme.pk,
        "service_profile_id": device.service_policy_id,
        "tariff_profile_id": device.coverage_policy_id,
        "imei": "35209900176148",
        "tags": "a,b",
        "ip_address": "10.0.0.7",
        "ip_address_space_id": 1,
    }


def assert_time(text: str) -> None:
    import re

    assert re.fullmatch(WIRE_TIME, text), text


def test_states_lookup(cast: Cast, owner: Program) -> None:
    assert owner.get("/sim/status").json() == [
        {"id": 0, "description": "Issued"},
        {"id": 1, "description": "Activated"},
        {"id": 2, "description": "Suspended"},
        {"id": 3, "description": "Deleted"},
        {"id": 4, "description": "Factory Test"},
    ]


@pytest.mark.parametrize("id_", [1, 1.0, "1"])
def test_patch_answers_204_with_a_content_type(cast: Cast, owner: Program, id_: Any) -> None:
    (sim,) = cast.sims(1)
    body = {"status": {"id": id_, "description": "Activated"}, "description": "sent along by clients"}
    answer = owner.patch(f"/sim/{sim.pk}", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Content-Type"] == "application/json"
    assert Sim.objects.get().status == SimStatus.ACTIVATED


def test_a_state_that_holds_writes_nothing(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    before = types()
    assert owner.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}).status_code == 204
    assert types() == before


@pytest.mark.parametrize(
    ("old", "new"), [(0, 2), (1, 4), (1, 0), (2, 4), (2, 0), (4, 2), (4, 0), (0, 3), (1, 3), (1, 77), (1, -1)]
)
def test_forbidden_moves_are_400_and_write_nothing(cast: Cast, owner: Program, old: int, new: int) -> None:
    (sim,) = cast.sims(1, status=old)
    before = types()
    body = error(owner.patch(f"/sim/{sim.pk}", {"status": {"id": new}}), 400, 1406, "NotAllowed")
    assert set(body) == {"error_code", "error_token", "message"}
    assert (types(), Sim.objects.get().status) == (before, old)


@pytest.mark.parametrize("key", ["iccid", "customer_org", "endpoint", "imsi"])
def test_what_customers_cannot_change_is_refused(cast: Cast, owner: Program, key: str) -> None:
    (sim,) = cast.sims(1)
    error(owner.patch(f"/sim/{sim.pk}", {"status": {"id": 1}, key: "x"}), 400, 1406, "NotAllowed")
    assert Sim.objects.get().status == SimStatus.ISSUED


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1402),
        ({"status": None}, 1403),
        ({"status": 1}, 1403),
        ({"status": {}}, 1402),
        ({"status": {"id": "x"}}, 1403),
        ({"status": {"id": True}}, 1403),
        ({"status": {"id": 1.5}}, 1403),
        ({"status": {"id": 10**30}}, 1403),
        ({"status": {"id": None}}, 1403),
    ],
)
def test_wrong_types_are_400_and_named(cast: Cast, owner: Program, body: dict[str, Any], code: int) -> None:
    (sim,) = cast.sims(1)
    answer = error(owner.patch(f"/sim/{sim.pk}", body), 400, 1000, "BadRequest")
    assert [each["error_code"] for each in answer["errors"]] == [code]
    assert answer["errors"][0]["message"].startswith("SIM - status")


def test_unknown_ids(cast: Cast, owner: Program) -> None:
    for id_ in (-1, 0, 4711, 2**63 - 1):
        for answer in (
            owner.get(f"/sim/{id_}"),
            owner.patch(f"/sim/{id_}", {"status": {"id": 1}}),
            owner.delete(f"/sim/{id_}"),
        ):
            assert error(answer, 404, 1401, "InvalidReference")["message"] == f"SIM with Id '{id_}' not found."
    assert error(owner.get("/sim/None"), 400, 1000, "BadRequest")["message"] == (
        'Cannot parse parameter id as Long: For input string: "None"'
    )
    error(owner.get(f"/sim/{2**63}"), 400, 1000, "BadRequest")


def test_an_id_may_be_a_float(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1)
    assert owner.get(f"/sim/{sim.pk}.0").json()["id"] == sim.pk


def test_delete(cast: Cast, owner: Program) -> None:
    free, used = cast.sims(2, status=SimStatus.ACTIVATED)
    cast.device(sim=used)
    error(owner.delete(f"/sim/{used.pk}"), 409, 1406, "NotAllowed")
    answer = owner.delete(f"/sim/{free.pk}")
    assert (answer.status_code, answer.content) == (204, b"")
    error(owner.get(f"/sim/{free.pk}"), 404, 1401, "InvalidReference")
    error(owner.patch(f"/sim/{free.pk}", {"status": {"id": 1}}), 404, 1401, "InvalidReference")
    assert [each["id"] for each in owner.get("/sim").json()] == [used.pk]
    assert last().type == 10


def test_factory_test_needs_the_package(cast: Cast, outsider: Program, owner: Program) -> None:
    (ours,), (theirs,) = cast.sims(1), cast.sims(1, workspace=cast.umbra)
    assert owner.patch(f"/sim/{ours.pk}", {"status": {"id": 4}}).status_code == 204
    assert last().type == 45
    error(outsider.patch(f"/sim/{theirs.pk}", {"status": {"id": 4}}), 400, 1406, "NotAllowed")


# --- batches ---


def test_a_batch_is_checked(cast: Cast, owner: Program) -> None:
    batch = cast.batch(count=2)
    body = owner.get(f"/sim_batch/bic/{batch.bic}").json()
    assert (body["id"], body["bic"], body["quantity"]) == (batch.pk, batch.bic, "2")
    assert (body["sim_model_id"], body["customer_org_id"]) == (str(cast.model.pk), cast.acme.pk)
    assert body["model"]["description"] == "Industrial nano"


def test_a_batch_is_registered(cast: Cast, erp: Program) -> None:
    batch = cast.batch(count=2)
    answer = erp.patch(f"/sim_batch/bic/{batch.bic}", {"sim_status": {"id": 1.0}})
    assert answer.status_code == 200
    sims = list(Sim.objects.order_by("iccid"))
    assert answer.json() == {"sim": [{"id": sim.pk, "iccid": sim.iccid} for sim in sims]}
    assert {(sim.workspace_id, sim.status) for sim in sims} == {(cast.acme.pk, SimStatus.ACTIVATED)}
    assert [row for row in rows(cast.acme) if row[0] < 10_000] == [
        (48, "Batch of 2 SIM(s) registered."),
        (8, "Status of SIM changed from 'Issued' to 'Activated'"),
        (8, "Status of SIM changed from 'Issued' to 'Activated'"),
    ]


def test_a_batch_that_cannot_be_registered(cast: Cast, owner: Program, outsider: Program) -> None:
    done = cast.batch(count=1)
    with acting_as(cast.token()):
        register_batch(workspace_id=cast.acme.pk, bic=done.bic)
    mixed = cast.batch(count=1)
    Sim.objects.filter(batch=mixed).update(workspace=cast.umbra)
    foreign = cast.batch(cast.umbra)
    body = {"sim_status": {"id": 1}}
    before = types()

    error(owner.get(f"/sim_batch/bic/{done.bic}"), 400, 1406, "NotAllowed")
    assert owner.get(f"/sim_batch/bic/{foreign.bic}").status_code == 422
    error(owner.get("/sim_batch/bic/9999999999999999"), 404, 1201, "NotFound")
    assert owner.get(f"/sim_batch/bic/{mixed.bic}").status_code == 422
    assert owner.get("/sim_batch/bic/12").status_code == 400

    for bic in (done.bic, foreign.bic, mixed.bic, "9999999999999999", "12", "x y"):
        answer = owner.patch(f"/sim_batch/bic/{bic}", body)
        assert answer.status_code == 422, bic
        assert answer.json()["error_code"]
    fresh = cast.batch()
    for status in (2, 3, 9):
        assert owner.patch(f"/sim_batch/bic/{fresh.bic}", {"sim_status": {"id": status}}).status_code == 422
    assert outsider.patch(f"/sim_batch/bic/{foreign.bic}", {"sim_status": {"id": 4}}).status_code == 422
    error(owner.patch(f"/sim_batch/bic/{fresh.bic}", {"sim_status": 1}), 422, 1400, "InputValidationFailed")
    assert types() == before
    assert SimBatch.objects.filter(registered_at=None).count() == 3
