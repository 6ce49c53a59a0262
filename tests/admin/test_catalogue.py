"""Platform packages and data plans."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import DataPlan, PlatformPackage
from accounts.packages.services.catalogue import update_package
from kit.errors import Invalid
from tests.admin.conftest import text_of
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import rows, types

PACKAGE = {
    "name": "Large EUR",
    "status": 1,
    "currency": "EUR",
    "monthly_rate_cents": 9900,
    "sim_rates": '[{"scale_start": 1, "rate": 0.75}]',
    "trial_days": 0,
    "max_workspaces": 5,
    "max_data_plans": 2,
    "factory_test_allowed": "on",
}


def package_form(package: PlatformPackage, **changes: Any) -> dict[str, Any]:
    return {
        **PACKAGE,
        "name": package.name,
        "monthly_rate_cents": package.monthly_rate_cents,
        "sim_rates": "[]",
        "max_workspaces": package.max_workspaces,
        "max_data_plans": package.max_data_plans,
        "factory_test_allowed": "on" if package.factory_test_allowed else "",
        **changes,
    }


def test_create_and_edit_a_package(staff: Client, cast: Cast) -> None:
    staff.post("/admin/accounts/platformpackage/add/", PACKAGE)
    package = PlatformPackage.objects.get(name="Large EUR")
    assert package.sim_rates == [{"scale_start": 1, "rate": 0.75}]
    url = f"/admin/accounts/platformpackage/{package.pk}/change/"
    staff.post(url, package_form(package, sim_rates=PACKAGE["sim_rates"], max_users=20))
    staff.post(url, package_form(package, sim_rates=PACKAGE["sim_rates"], max_users=20, status=2))
    assert rows(cast.operator) == [
        (10073, "Platform package 'Large EUR' created"),
        (10073, "Platform package 'Large EUR' updated"),
        (10073, "Platform package 'Large EUR' withdrawn"),
    ]
    assert types(cast.acme) == []


def test_create_and_withdraw_a_data_plan(staff: Client, cast: Cast) -> None:
    plan = {"name": "Regional", "category": "pooled", "currency": "EUR", "included_mb": 50}
    plan |= {"monthly_rate": "0.35", "excess_rate": "0.05"}
    staff.post("/admin/accounts/dataplan/add/", {**plan, "active": "on"})
    made = DataPlan.objects.get(name="Regional")
    assert (made.monthly_rate, made.excess_rate) == (Decimal("0.35"), Decimal("0.05"))
    staff.post(f"/admin/accounts/dataplan/{made.pk}/change/", plan)
    assert rows(cast.operator) == [
        (10073, "Data plan 'Regional' created"),
        (10073, "Data plan 'Regional' withdrawn"),
    ]


def test_a_name_that_is_taken(staff: Client, cast: Cast) -> None:
    response = staff.post("/admin/accounts/platformpackage/add/", {**PACKAGE, "name": "Plus EUR"})
    assert response.status_code == 422
    assert "name" in response.context["adminform"].form.errors
    assert "Nothing was saved" in text_of(response)
    assert types() == []


def test_the_right_to_see_is_not_the_right_to_change(granted: Any, cast: Cast) -> None:
    client = granted("accounts.view_platformpackage")
    package = cast.acme.package
    url = f"/admin/accounts/platformpackage/{package.pk}/change/"
    page = client.get(url)
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert 'name="monthly_rate_cents"' not in page.content.decode()
    assert client.post(url, package_form(package, name="X")).status_code == 403
    assert client.get("/admin/accounts/platformpackage/add/").status_code == 403


@pytest.mark.parametrize("model", ["platformpackage", "dataplan"])
def test_the_lists_cost_the_same_for_any_number(staff: Client, cast: Cast, queries: Any, model: str) -> None:
    few = queries(lambda: staff.get(f"/admin/accounts/{model}/"))
    for number in range(30):
        PlatformPackage.objects.create(name=f"P {number}")
        DataPlan.objects.create(name=f"D {number}").workspaces.add(cast.acme)
    many = queries(lambda: staff.get(f"/admin/accounts/{model}/"))
    assert len(many) == len(few) <= 5, "\n".join(many)


NO_SCALES = [
    '[{"scale_start": 1, "rate": "0.75"}]',
    '[{"rate": 0.75}]',
    '[{"scale_start": 1}]',
    '[{"scale_start": 10, "rate": 0.75}, {"scale_start": 1, "rate": 0.5}]',
    '[{"scale_start": true, "rate": 0.75}]',
    '[{"scale_start": 1, "rate": -1}]',
    '["0.75"]',
    '{"scale_start": 1, "rate": 0.75}',
    '"0.75"',
]


@pytest.mark.parametrize("scale", NO_SCALES)
def test_what_is_no_scale_of_prices_is_refused(staff: Client, cast: Cast, scale: str) -> None:
    answer = staff.post("/admin/accounts/platformpackage/add/", {**PACKAGE, "sim_rates": scale})
    assert "This is no scale of prices" in answer.content.decode()
    assert not PlatformPackage.objects.filter(name="Large EUR").exists()
    with cast.staffing(), pytest.raises(Invalid) as refused:
        update_package(package_id=cast.acme.package_id, changes={"sim_rates": json.loads(scale)})
    assert refused.value.field == "sim_rates"


@pytest.mark.parametrize("scale", NO_SCALES)
def test_a_scale_that_was_stored_before_hinders_no_page(cast: Cast, scale: str) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(sim_rates=json.loads(scale))
    client = cast.client(cast.owner)
    for page in ("sims/register/", "settings/package/"):
        assert client.get(f"/w/{cast.acme.pk}/{page}").status_code == 200
    assert sign_in(cast.owner).get("/tariff_plan/active").status_code == 200
