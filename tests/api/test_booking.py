"""Booking data plans over the API: the same rights and rows as in the portal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from accounts.models import DataPlan
from accounts.packages.services.subscriptions import add_data_plan
from tests.api.conftest import Program, error, sign_in
from tests.cast import Cast
from tests.log import last, types
from tests.sims.test_concurrency import at_once


@pytest.fixture
def regional(db: None) -> DataPlan:
    return DataPlan.objects.create(name="Regional", included_mb=50)


def test_a_data_plan(cast: Cast, owner: Program, regional: DataPlan) -> None:
    assert owner.patch("/organisation/my/tariff", {"id": float(regional.pk)}).status_code == 204
    assert (last().type, last().detail["inclusive_volume"]["id"]) == (34, regional.pk)
    assert [each["id"] for each in owner.get("/tariff").json()] == [cast.plan.pk, regional.pk]
    before = types()
    assert owner.patch(f"/organisation/{cast.acme.pk}/tariff", {"id": regional.pk}).status_code == 204
    assert types() == before


def test_an_inclusive_volume(cast: Cast, owner: Program, regional: DataPlan) -> None:
    path = f"/organisation/my/inclusive_volume/{regional.pk}"
    body = {"start_date": datetime.now(UTC).date().isoformat(), "pooled": True}
    answer = owner.call("PUT", path, body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["ratezone"] == {"id": regional.pk, "name": "Regional"}
    assert owner.get("/organisation/my/inclusive_volume").json()[-1] == answer.json()
    assert last().description == "A new inclusive volume has been booked in ratezone 'Regional'."
    error(owner.call("PUT", path, {}), 409, 1405, "Duplicated")


def test_what_cannot_be_booked(cast: Cast, owner: Program, regional: DataPlan) -> None:
    path = f"/organisation/my/inclusive_volume/{regional.pk}"
    for wrong in (
        {"start_date": "2099-01-01"},
        {"start_date": "2020-01-01"},
        {"start_date": "soon"},
        {"end_date": "2099-01-01"},
        {"pooled": False},
        {"pooled": "yes"},
    ):
        error(owner.call("PUT", path, wrong), 422, 1400, "InputValidationFailed")
    past = owner.call("PUT", path, {"start_date": "2020-01-01"}).content.decode()
    assert "start_date is past. Send today's, or leave it out." in past
    error(owner.call("PUT", "/organisation/my/inclusive_volume/987654", {}), 404, 1401, "InvalidReference")
    error(owner.patch("/organisation/my/tariff", {"id": 987654}), 422, 1401, "InvalidReference")
    withdrawn = DataPlan.objects.create(name="Old", included_mb=1, active=False)
    error(owner.patch("/organisation/my/tariff", {"id": withdrawn.pk}), 409, 1406, "NotAllowed")
    for number in range(3):
        plan = DataPlan.objects.create(name=f"Plan {number}", included_mb=1)
        assert owner.patch("/organisation/my/tariff", {"id": plan.pk}).status_code == 204
    error(owner.call("PUT", path, {}), 409, 1406, "NotAllowed")
    assert not cast.acme.data_plans.filter(pk=regional.pk).exists()


def test_who_may_not(cast: Cast, observer: Program, erp: Program, outsider: Program, regional: DataPlan) -> None:
    for program in (observer, erp, sign_in(cast.member)):
        error(program.patch("/organisation/my/tariff", {"id": regional.pk}), 403, 1104, "Forbidden")
        path = f"/organisation/my/inclusive_volume/{regional.pk}"
        error(program.call("PUT", path, {}), 403, 1104, "Forbidden")
    own = f"/organisation/{cast.acme.pk}"
    error(outsider.patch(f"{own}/tariff", {"id": regional.pk}), 404, 1201, "NotFound")
    error(outsider.call("PUT", f"{own}/inclusive_volume/{regional.pk}", {}), 404, 1201, "NotFound")


@pytest.mark.sqlite_too("writers wait for each other as SQLite lets them")
@pytest.mark.django_db(transaction=True)
def test_two_bookings_at_once_both_hold(cast: Cast, regional: DataPlan) -> None:
    other = DataPlan.objects.create(name="Local", included_mb=10)

    def book(plan: DataPlan) -> Callable[[], object]:
        def act() -> object:
            with cast.acting(cast.owner):
                return add_data_plan(workspace_id=cast.acme.pk, data_plan_id=plan.pk)

        return act

    assert at_once(book(regional), book(other), book(regional)).count(True) == 2
    assert set(cast.acme.data_plans.all()) == {cast.plan, regional, other}
    assert types(cast.acme) == [34, 34]
