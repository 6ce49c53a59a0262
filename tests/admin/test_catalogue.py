"""Platform packages and data plans."""

from __future__ import annotations

import html
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.test import Client

from accounts.models import DataPlan, PlatformPackage
from accounts.packages.services.catalogue import create_package, update_package
from kit.errors import Invalid
from tests.admin.conftest import text_of
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import rows, types

PACKAGE = {
    "name": "Large EUR",
    "status": 1,
    "currency": "EUR",
    "monthly_rate_cents": "99.00",
    "sim_rates-start": ["1", ""],
    "sim_rates-rate": ["0.75", ""],
    "trial_days": 0,
    "max_workspaces": 5,
    "max_data_plans": 2,
    "factory_test_allowed": "on",
}


def package_form(package: PlatformPackage, **changes: Any) -> dict[str, Any]:
    return {
        **PACKAGE,
        "name": package.name,
        "monthly_rate_cents": f"{package.monthly_rate_cents / 100:.2f}",
        "sim_rates-start": [step.scale_start for step in package.rate_steps],
        "sim_rates-rate": [step.rate for step in package.rate_steps],
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
    staff.post(url, package_form(package, max_users=20))
    staff.post(url, package_form(package, max_users=20, status=2))
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
    ('[{"scale_start": 1, "rate": "0.75"}]', "Step 1 of the scale: the price is no number"),
    ('[{"rate": 0.75}]', "Step 1 of the scale: it needs scale_start and rate"),
    ('[{"scale_start": 1}]', "Step 1 of the scale: it needs scale_start and rate"),
    (
        '[{"scale_start": 10, "rate": 0.75}, {"scale_start": 1, "rate": 0.5}]',
        "Step 2 of the scale: it has to start above the step before, which starts at 10 SIMs.",
    ),
    ('[{"scale_start": true, "rate": 0.75}]', "Step 1 of the scale: the number of SIMs is no whole number"),
    ('[{"scale_start": 1, "rate": -1}]', "Step 1 of the scale: the price is no number"),
    ('["0.75"]', "Step 1 of the scale: it needs"),
    ('{"scale_start": 1, "rate": 0.75}', "is a list of steps"),
    ('"0.75"', "is a list of steps"),
]


@pytest.mark.parametrize(("scale", "why"), NO_SCALES)
def test_what_is_no_scale_of_prices_is_refused(cast: Cast, scale: str, why: str) -> None:
    rates = {"sim_rates": json.loads(scale)}
    with cast.staffing():
        with pytest.raises(Invalid, match=re.escape(why)) as refused:
            update_package(package_id=cast.acme.package_id, changes=rates)
        assert refused.value.field == "sim_rates"
        with pytest.raises(Invalid, match=re.escape(why)) as refused:
            create_package(values={"name": "Large EUR", **rates})
        assert refused.value.field == "sim_rates"
    assert types(cast.operator) == []


@pytest.mark.parametrize("scale", [scale for scale, _why in NO_SCALES])
def test_a_scale_that_was_stored_before_hinders_no_page(staff: Client, cast: Cast, scale: str) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(sim_rates=json.loads(scale))
    client = cast.client(cast.owner)
    for page in ("sims/register/", "settings/package/"):
        assert client.get(f"/w/{cast.acme.pk}/{page}").status_code == 200
    assert sign_in(cast.owner).get("/tariff_plan/active").status_code == 200
    assert staff.get(f"/admin/accounts/platformpackage/{cast.acme.package_id}/change/").status_code == 200


def rates_of(response: Any) -> list[tuple[str, str]]:
    """Return the rows of the scale that a page shows, the empty ones too."""
    page = response.content.decode()
    starts, rates = (re.findall(f'name="sim_rates-{part}" value="([^"]*)"', page) for part in ("start", "rate"))
    return list(zip(starts, rates, strict=True))


def test_the_scale_is_rows_that_come_and_go(staff: Client, cast: Cast) -> None:
    package = cast.acme.package
    url = f"/admin/accounts/platformpackage/{package.pk}/change/"
    assert rates_of(staff.get(url)) == [("", ""), ("", "")]
    form = package_form(package)
    rows_typed = {"sim_rates-start": ["1", "5,000", "", "500"], "sim_rates-rate": ["0,8", "0.5", "", "0.655"]}
    assert staff.post(url, {**form, **rows_typed}).status_code == 302
    package.refresh_from_db()
    assert package.sim_rates == [
        {"scale_start": 1, "rate": 0.8},
        {"scale_start": 500, "rate": 0.655},
        {"scale_start": 5000, "rate": 0.5},
    ]
    shown = [("1", "0.80"), ("500", "0.655"), ("5000", "0.50"), ("", ""), ("", "")]
    assert rates_of(staff.get(url)) == shown
    before = types(cast.operator)
    unchanged = {"sim_rates-start": [row[0] for row in shown], "sim_rates-rate": [row[1] for row in shown]}
    assert staff.post(url, {**form, **unchanged}).status_code == 302
    assert types(cast.operator) == before, "what was shown and saved again is no change"
    emptied = {"sim_rates-start": ["1", "", "5000"], "sim_rates-rate": ["0.80", "", "0.50"]}
    assert staff.post(url, {**form, **emptied}).status_code == 302
    package.refresh_from_db()
    assert [step.scale_start for step in package.rate_steps] == [1, 5000]
    assert types(cast.operator) == [*before, 10073]


@pytest.mark.parametrize(
    ("start", "rate", "why"),
    [
        ("many", "0.5", "Row 2: “many” is no number of SIMs like 500."),
        ("500", "cheap", "Row 2: “cheap” is no price like 0.75."),
        ("500", "", "Row 2: “” is no price like 0.75."),
        ("", "0.5", "Row 2: “” is no number of SIMs like 500."),
        ("500", "-1", "Row 2: “-1” is no price like 0.75."),
        ("500", "nan", "Row 2: “nan” is no price like 0.75."),
        ("500", "0.1234567", "Row 2: a price has at most 6 decimals."),
        ("1", "0.5", "Step 2 of the scale: it has to start above the step before"),
        ("999999999", "0.5", "the number of SIMs is no whole number from 0 to 100,000,000"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_lost(staff: Client, cast: Cast, start: str, rate: str, why: str) -> None:
    data = {**PACKAGE, "sim_rates-start": ["1", start], "sim_rates-rate": ["0.75", rate]}
    answer = staff.post("/admin/accounts/platformpackage/add/", data)
    assert answer.status_code == 422
    assert why in html.unescape(answer.content.decode())
    assert rates_of(answer)[:2] == [("1", "0.75"), (start, rate)]
    assert not PlatformPackage.objects.filter(name="Large EUR").exists()


def test_the_fee_is_money(staff: Client, cast: Cast) -> None:
    package = cast.acme.package
    url = f"/admin/accounts/platformpackage/{package.pk}/change/"
    form = package_form(package)
    for typed, cents in (("209,90", 20_990), ("209", 20_900), ("", 0)):
        assert staff.post(url, {**form, "monthly_rate_cents": typed}).status_code == 302
        package.refresh_from_db()
        assert package.monthly_rate_cents == cents
    assert staff.post(url, {**form, "monthly_rate_cents": "dear"}).status_code == 422
    assert 'value="0.00"' in staff.get(url).content.decode()


def test_no_form_of_the_admin_site_asks_for_json(staff: Client, cast: Cast, rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = cast.staff
    asked = 0
    pages: list[Any] = list(admin.site._registry.values())
    for page in pages:
        if not (page.creates or page.changes):
            continue
        for obj in (None, page.model._default_manager.first()):
            for field in page.get_form(request, obj).base_fields.values():
                asked += 1
                assert not isinstance(field, forms.JSONField), f"{page}: {field.label}"
    assert asked > 20
