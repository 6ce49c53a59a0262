"""Ids and numbers in the types and forms in which they are published or recorded."""

from __future__ import annotations

import pytest

from accounts.operator import OPERATOR_ID
from sims.identifiers import iccid_with_luhn
from sims.models import SimBatch
from tests.api.conftest import Program, error
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_a_batch_as_it_is_checked(cast: Cast, owner: Program) -> None:
    batch = cast.batch(count=2)
    found = owner.get(f"/sim_batch/bic/{batch.bic}").json()
    model = found.pop("model")
    assert (model["id"], model["description"]) == (cast.model.pk, cast.model.description)
    assert found == {
        "id": batch.pk,
        "sim_batch_status_id": "0",
        "bsn": None,
        "bic": batch.bic,
        "quantity": "2",
        "sim_model_id": str(cast.model.pk),
        "issuer_org_id": str(OPERATOR_ID),
        "customer_org_id": cast.acme.pk,
        "reseller_org_id": OPERATOR_ID,
        "activated": "0",
        "logistic_center_id": None,
        "article_id": None,
        "status": {"id": 0, "description": "Not registered"},
    }


def test_a_number_sign_before_a_bic_does_not_count(cast: Cast, owner: Program) -> None:
    batch = cast.batch(count=1)
    assert owner.get(f"/sim_batch/bic/%23{batch.bic}").json()["id"] == batch.pk
    assert owner.patch(f"/sim_batch/bic/%23{batch.bic}", {"sim_status": {"id": 0}}).status_code == 200
    assert SimBatch.objects.get(pk=batch.pk).registered_at is not None
    assert owner.get("/sim_batch/bic/%23123").status_code == 400


def test_the_numbers_of_a_registration_can_be_joined(cast: Cast, owner: Program) -> None:
    """Event 48 has the number with its check digit wherever it names one; other events have it without."""
    batch = cast.batch(count=1)
    owner.patch(f"/sim_batch/bic/{batch.bic}", {"sim_status": {"id": 1}})
    registered, activated = owner.get("/event", q="type:48|8").json()
    sim = batch.sims.get()
    wanted = iccid_with_luhn(sim.iccid)
    numbers = registered["detail"]["sim_batch"]
    assert (registered["sim"]["iccid"], numbers["first_iccid"], numbers["last_iccid"]) == (wanted, wanted, wanted)
    assert activated["sim"] == {**registered["sim"], "iccid": sim.iccid}


def test_the_own_organisation(cast: Cast, owner: Program) -> None:
    found = owner.get("/organisation/my").json()
    whole = {"id", "currency_id", "organisation_class_id"}
    assert {name for name, value in found.items() if isinstance(value, int)} == whole
    assert found["id"] == cast.acme.pk
    assert owner.get(f"/organisation/{cast.acme.pk}").json() == found
    # Nothing is called 0: `my` has no number.
    for number in (0, -1, -(2**63), 2**63):
        assert owner.get(f"/organisation/{number}").status_code in (400, 404)
    error(owner.get("/organisation/0/tariff_plan/active"), 404, 1201, "NotFound")
    error(owner.get("/organisation/0/event"), 404, 1201, "NotFound")


def test_the_active_package_is_ones_own(cast: Cast, owner: Program) -> None:
    plan = owner.get("/tariff_plan/active").json()
    assert plan == owner.get("/organisation/my/tariff_plan/active").json()
    assert plan["tariff_plan"]["id"] == cast.acme.package_id
    assert (plan["organisation_id"], plan["active"]) == (cast.acme.pk, True)
    assert (plan["applied_rate"], plan["applied_price"]) == (plan["tariff_plan"]["rate"], plan["tariff_plan"]["price"])


def test_a_refusal_names_states_as_the_wire_does(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1, status=4)
    refused = error(owner.patch(f"/sim/{sim.pk}", {"status": {"id": 2}}), 400, 1406, "NotAllowed")
    assert "It is Factory Test. Only Activated SIMs can become Suspended." in refused["message"]
