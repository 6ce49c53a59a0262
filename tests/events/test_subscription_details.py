"""Events 33 and 34 of real actions carry the published keys, with what is true of the package and the plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import DataPlan, DataPlanBooking, PlatformPackage
from accounts.packages.services.subscriptions import set_data_plans, set_package
from events.models import Event
from kit.context import Surface
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import told

# The keys of the published examples of both events.
TARIFF_PLAN = {
    *("id", "name", "start_date", "end_date", "evaluation", "expiry_time", "price", "rate", "yearly_rate", "currency"),
    "service_level",
}
INCLUSIVE_VOLUME = {
    *("ratezone_inclusive_volume_id", "volume", "cost", "excess_traffic", "pooled", "rate", "id", "start_date"),
    *("end_date", "currency_id", "ratezone"),
}
MOMENT = datetime(2026, 11, 20, 8, 30, 5, tzinfo=UTC)
LATER = MOMENT + timedelta(days=12)


def detail(type_id: int) -> Any:
    event: Any = Event.objects.filter(type=type_id).order_by("-id")[0]
    (found,) = told(event).values()
    return found


@pytest.fixture
def plan(cast: Cast) -> DataPlan:
    return DataPlan.objects.create(
        name="Regional", included_mb=100, monthly_rate=Decimal("0.35"), excess_rate=Decimal("0.05")
    )


def test_a_package(cast: Cast) -> None:
    rates = [{"scale_start": 1, "rate": 0.8}]
    new = PlatformPackage.objects.create(name="Dear EUR", monthly_rate_cents=19_900, sim_rates=rates)
    with cast.staffing(moment=MOMENT):
        set_package(workspace_id=cast.umbra.pk, package_id=new.pk)
    found = detail(33)
    assert set(found) == TARIFF_PLAN
    assert found == {
        "id": new.pk,
        "name": "Dear EUR",
        "start_date": "2026-11-20 08:30:05",
        "end_date": None,
        "evaluation": False,
        "expiry_time": 0,
        "price": {"sim_activated_rate": rates},
        "rate": 199.0,
        "yearly_rate": 2388.0,
        "currency": {"id": 1},
        "service_level": {"id": 1},
    }
    answer = sign_in(cast.outsider).get("/organisation/my/tariff_plan/active").json()["tariff_plan"]
    assert {key: answer[key] for key in ("rate", "yearly_rate", "price")} == {
        key: found[key] for key in ("rate", "yearly_rate", "price")
    }


def test_a_trial_has_an_end(cast: Cast) -> None:
    trial = PlatformPackage.objects.create(name="Trial EUR", evaluation=True, trial_days=60)
    with cast.staffing(moment=MOMENT):
        set_package(workspace_id=cast.umbra.pk, package_id=trial.pk)
    found = detail(33)
    assert (found["evaluation"], found["expiry_time"]) == (True, 60)
    assert (found["start_date"], found["end_date"]) == ("2026-11-20 08:30:05", "2027-01-19 08:30:05")


def test_a_booking_and_its_end(cast: Cast, plan: DataPlan) -> None:
    acme = cast.acme.pk
    with cast.acting(cast.owner, moment=MOMENT, surface=Surface.API):
        set_data_plans(workspace_id=acme, data_plan_ids=[cast.plan.pk, plan.pk])
    booked = detail(34)
    assert set(booked) == INCLUSIVE_VOLUME
    assert booked == {
        "ratezone_inclusive_volume_id": str(plan.pk),
        "volume": 100,
        "cost": "0.350000",
        "excess_traffic": 0.05,
        "pooled": True,
        "rate": 0.35,
        "id": plan.pk,
        "start_date": "2026-11-20 08:30:05",
        "end_date": None,
        "currency_id": 1,
        "ratezone": {"id": plan.pk, "name": "Regional"},
    }
    with cast.staffing(moment=LATER):
        set_data_plans(workspace_id=acme, data_plan_ids=[cast.plan.pk])
    assert detail(34) == {**booked, "end_date": "2026-12-02 08:30:05"}
    assert Event.objects.filter(type=34).order_by("-id")[0].description == "Data plan 'Regional' has been removed."


def test_a_plan_that_was_booked_before_it_was_kept_has_no_begin(cast: Cast) -> None:
    DataPlanBooking.objects.filter(workspace=cast.acme).update(since=None)
    with cast.staffing(moment=LATER):
        set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[])
    assert (detail(34)["start_date"], detail(34)["end_date"]) == (None, "2026-12-02 08:30:05")


def test_a_plan_without_a_volume_is_no_inclusive_volume(cast: Cast) -> None:
    plan = DataPlan.objects.create(
        name="By the MB", category=DataPlan.Category.PAY_PER_USE, excess_rate=Decimal("0.08")
    )
    with cast.staffing():
        set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[cast.plan.pk, plan.pk])
    assert Event.objects.order_by("-id")[0].description == "Data plan 'By the MB' has been booked."
    assert set(detail(34)) == INCLUSIVE_VOLUME
    assert (detail(34)["volume"], detail(34)["excess_traffic"], detail(34)["pooled"]) == (0, 0.08, False)
