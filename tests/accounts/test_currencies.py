"""Workspace, package and data plans are in one currency, whoever changes which of them (`docs/rules.md` section 16)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.packages.services.catalogue import update_data_plan, update_package
from accounts.packages.services.subscriptions import add_data_plan, set_data_plans, set_package, set_subscription
from accounts.workspaces.services.staff_changes import change_workspace
from accounts.workspaces.services.workspaces import create_workspace
from kit.errors import Conflict, Forbidden
from tests.admin.test_workspaces import form_of
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import rows, types


@pytest.fixture
def dollars(cast: Cast) -> tuple[PlatformPackage, DataPlan]:
    """A package and a data plan in dollars; Umbra is in trial, in euros."""
    trial = PlatformPackage.objects.create(name="Trial EUR", evaluation=True, trial_days=60)
    Workspace.objects.filter(pk=cast.umbra.pk).update(package=trial)
    cast.umbra.refresh_from_db()
    package = PlatformPackage.objects.create(
        name="Trial USD", currency="USD", evaluation=True, trial_days=60, workspaces_allowed=True, max_workspaces=3
    )
    return package, DataPlan.objects.create(name="Global USD", currency="USD", included_mb=20)


def currencies(workspace: Workspace) -> set[str]:
    found = Workspace.objects.select_related("package").get(pk=workspace.pk)
    return {found.currency, found.package.currency, *found.data_plans.values_list("currency", flat=True)}


def test_a_trial_in_euros_becomes_one_in_dollars(cast: Cast, dollars: tuple[PlatformPackage, DataPlan]) -> None:
    package, plan = dollars
    with cast.staffing():
        set_subscription(workspace_id=cast.umbra.pk, package_id=package.pk, data_plan_ids=[plan.pk], currency="USD")
    assert currencies(cast.umbra) == {"USD"}
    assert rows(cast.umbra) == [
        (10040, "Setting 'Currency' changed from Euro to US dollar"),
        (33, "Tariff plan 'Trial USD' has been assigned."),
        (34, "A new inclusive volume has been booked in ratezone 'Global USD'."),
        (34, "Data plan 'Global Basic' has been removed."),
    ]


def test_so_it_does_by_the_form_of_staff(cast: Cast, dollars: tuple[PlatformPackage, DataPlan]) -> None:
    package, plan = dollars
    staff: Client = cast.client(cast.staff)
    url = f"/admin/accounts/workspace/{cast.umbra.pk}/change/"
    refused = staff.post(url, form_of(cast.umbra, package=package.pk))
    assert refused.status_code == 422
    assert "The package Trial USD is in USD and the workspace in EUR." in refused.content.decode()
    refused = staff.post(url, form_of(cast.umbra, package=package.pk, currency="USD"))
    assert "The data plan Global Basic is in EUR and the workspace in USD." in refused.content.decode()
    assert types() == []
    done = staff.post(url, form_of(cast.umbra, package=package.pk, currency="USD", data_plans=[plan.pk]))
    assert done.status_code == 302
    assert currencies(cast.umbra) == {"USD"}


def test_no_service_mixes_them(cast: Cast, dollars: tuple[PlatformPackage, DataPlan]) -> None:
    package, plan = dollars
    umbra = cast.umbra.pk
    ways: list[tuple[Any, dict[str, Any], str]] = [
        (set_package, {"package_id": package.pk}, "package"),
        (set_data_plans, {"data_plan_ids": [cast.plan.pk, plan.pk]}, "data_plans"),
        (set_data_plans, {"data_plan_ids": [plan.pk]}, "data_plans"),
        (add_data_plan, {"data_plan_id": plan.pk}, "data_plans"),
        (set_subscription, {"currency": "USD"}, "package"),
        (set_subscription, {"package_id": package.pk, "currency": "USD"}, "data_plans"),
        (change_workspace, {"changes": {"currency": "USD"}}, "package"),
        (change_workspace, {"changes": {"package_id": package.pk, "data_plan_ids": [plan.pk]}}, "package"),
    ]
    PlatformPackage.objects.filter(name="Trial EUR").update(max_data_plans=3)
    with cast.staffing():
        for service, arguments, field in ways:
            with pytest.raises(Conflict) as caught:
                service(workspace_id=umbra, **arguments)
            assert (caught.value.code, caught.value.field) == ("currency", field)
        mixed: list[tuple[dict[str, Any], str]] = [
            ({"package_id": package.pk, "currency": "EUR"}, "package"),
            ({"data_plan_ids": [plan.pk]}, "data_plans"),
        ]
        for values, field in mixed:
            with pytest.raises(Conflict) as caught:
                create_workspace(**{"name": "New", "package_id": cast.umbra.package_id, **values})
            assert (caught.value.code, caught.value.field) == ("currency", field)
        made = create_workspace(name="New", package_id=package.pk, data_plan_ids=[plan.pk], currency="USD")
    assert currencies(made) == {"USD"}
    assert currencies(cast.umbra) == {"EUR"}
    assert types(cast.umbra) == []


def test_what_workspaces_have_keeps_its_currency(cast: Cast, dollars: tuple[PlatformPackage, DataPlan]) -> None:
    package, plan = dollars
    with cast.staffing():
        with pytest.raises(Conflict):
            update_package(package_id=cast.acme.package_id, changes={"currency": "USD"})
        with pytest.raises(Conflict):
            update_data_plan(data_plan_id=cast.plan.pk, changes={"currency": "USD"})
        update_package(package_id=package.pk, changes={"currency": "EUR"})
        update_data_plan(data_plan_id=plan.pk, changes={"currency": "EUR"})
    assert types() == [10073, 10073]


def test_customers_neither_see_nor_book_another_currency(cast: Cast, dollars: tuple[PlatformPackage, DataPlan]) -> None:
    plan = dollars[1]
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/settings/package/").content.decode()
    assert "Global USD" not in page
    program = sign_in(cast.owner)
    for sent in (
        program.patch(f"/organisation/{cast.acme.pk}/tariff", {"id": plan.pk}),
        program.call("PUT", f"/organisation/{cast.acme.pk}/inclusive_volume/{plan.pk}", {}),
    ):
        assert sent.status_code == 409
        assert "is in USD and the workspace in EUR" in sent.content.decode()
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        set_subscription(workspace_id=cast.acme.pk, currency="USD")
    assert types() == [10020], "the program has signed in"


def test_the_package_page_tells_what_plans_cost(cast: Cast) -> None:
    DataPlan.objects.filter(pk=cast.plan.pk).update(monthly_rate="0.3", excess_rate="0.0125")
    DataPlan.objects.create(name="By the MB", excess_rate="0.08")
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/settings/package/").content.decode()
    assert "0.30 EUR a month and activated SIM. 0.0125 EUR a MB beyond it." in page
    assert "0.08 EUR a MB." in page
