"""Workspaces, their packages and data plans, and the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actors import staff_actor
from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.packages.services.catalogue import create_data_plan, create_package, update_data_plan, update_package
from accounts.packages.services.subscriptions import set_data_plans, set_package
from accounts.signals import SettingChange
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.errors import Conflict, DomainError, Invalid, NotFound
from tests.accounts.conftest import Facts, Firm, by, by_system

# --- workspaces ---


def test_a_workspace_is_made(firm: Firm, facts: Facts) -> None:
    plan = DataPlan.objects.create(name="Regional")
    with by(staff_actor(firm.staff)):
        made = create_workspace(
            name="Third", package_id=firm.acme.package.pk, country="de", main_id=firm.acme.pk, data_plan_ids=[plan.pk]
        )
    assert (made.country, made.main, list(made.data_plans.all())) == ("DE", firm.acme, [plan])
    assert facts.seen == [("workspace_created", {"workspace": made})]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": " "}, Invalid),
        ({"package_id": 999_999}, NotFound),
        ({"data_plan_ids": [999_999]}, NotFound),
        ({"main_id": 999_999}, NotFound),
        ({"type": Workspace.Type.OPERATOR}, Conflict),
        ({"currency": "GBP"}, Invalid),
        ({"type": 9}, Invalid),
    ],
)
def test_bad_workspaces_are_refused(firm: Firm, facts: Facts, values: dict[str, Any], error: type[DomainError]) -> None:
    before = Workspace.objects.count()
    with by_system(), pytest.raises(error):
        create_workspace(**{"name": "New", "package_id": firm.acme.package.pk, **values})
    assert (facts.names, Workspace.objects.count()) == ([], before)


def test_name_and_country_are_the_organisation_the_rest_are_settings(firm: Firm, facts: Facts) -> None:
    changes = {
        "name": "Acme Ltd.",
        "country": "DE",
        "factory_test_days": 90,
        "factory_test_override": False,
        "status": Workspace.Status.SUSPENDED,
        "event_days": 400,
    }
    with by(staff_actor(firm.staff)):
        update_workspace(workspace_id=firm.acme.pk, changes=changes)
        update_workspace(workspace_id=firm.acme.pk, changes=changes)
    assert facts.names == ["organisation_updated", "workspace_settings_changed"]
    assert facts.one("organisation_updated") == {
        "workspace_id": firm.acme.pk,
        "changes": {"name": {"from": "Acme", "to": "Acme Ltd."}, "country": {"from": "", "to": "DE"}},
    }
    assert facts.one("workspace_settings_changed")["changes"] == [
        SettingChange("factory_test_days", "Factory test period in days", "180", "90"),
        SettingChange("factory_test_override", "Factory test", "as the package says", "off"),
        SettingChange("status", "Status", "Enabled", "Suspended"),
    ]


def test_links_form_no_chains(firm: Firm, facts: Facts) -> None:
    with by_system():
        update_workspace(workspace_id=firm.umbra.pk, changes={"main_id": firm.acme.pk})
        assert facts.one("workspace_settings_changed")["changes"] == [
            SettingChange("main_id", "Main organisation", "none", "Acme")
        ]
        for child, main in ((firm.acme, firm.umbra), (firm.umbra, firm.umbra), (firm.operator, firm.bolt)):
            with pytest.raises((Conflict, Invalid)):
                update_workspace(workspace_id=child.pk, changes={"main_id": main.pk})
        with pytest.raises(Invalid):
            update_workspace(workspace_id=firm.operator.pk, changes={"main_id": 999_999})
        with pytest.raises(Invalid):
            update_workspace(workspace_id=firm.operator.pk, changes={"event_days": 5})


def test_another_package(firm: Firm, facts: Facts) -> None:
    basic = PlatformPackage.objects.create(name="Small EUR", workspaces_allowed=True, max_workspaces=2)
    gone = PlatformPackage.objects.create(name="Gone EUR", status=PlatformPackage.Status.DEPRECATED)
    with by(staff_actor(firm.staff)):
        set_package(workspace_id=firm.acme.pk, package_id=firm.acme.package.pk)
        set_package(workspace_id=firm.acme.pk, package_id=basic.pk)
        for wrong, error in ((gone.pk, Conflict), (999_999, NotFound)):
            with pytest.raises(error):
                set_package(workspace_id=firm.acme.pk, package_id=wrong)
    fact = facts.one("package_changed")
    assert (fact["workspace"], fact["old"], fact["new"]) == (firm.acme, firm.acme.package, basic)
    firm.acme.refresh_from_db()
    assert firm.acme.package == basic


def test_data_plans_come_and_go_within_the_package(firm: Firm, facts: Facts) -> None:
    first, second, third = (DataPlan.objects.create(name=name) for name in ("A", "B", "C"))
    old = DataPlan.objects.create(name="D", active=False)
    firm.acme.data_plans.clear()
    PlatformPackage.objects.filter(pk=firm.acme.package.pk).update(max_data_plans=2)

    def choose(*plans: DataPlan) -> None:
        set_data_plans(workspace_id=firm.acme.pk, data_plan_ids=[plan.pk for plan in plans])

    with by(staff_actor(firm.staff)):
        choose(first, second)
        choose(second, first)
        choose(second, third)
        for wrong in ((first, second, third), (old,)):
            with pytest.raises(Conflict):
                choose(*wrong)
    assert [(fact["added"], fact["removed"]) for _name, fact in facts.seen] == [
        ([first, second], []),
        ([third], [first]),
    ]
    assert set(firm.acme.data_plans.all()) == {second, third}


# --- the catalogue ---


def test_the_catalogue_is_told_to_the_operator(firm: Firm, facts: Facts) -> None:
    with by(staff_actor(firm.staff)):
        package = create_package(values={"name": "Plus USD", "currency": "USD"})
        update_package(package_id=package.pk, changes={"max_users": 5, "currency": "USD"})
        update_package(package_id=package.pk, changes={"status": PlatformPackage.Status.DEPRECATED})
        plan = create_data_plan(values={"name": "Regional"})
        update_data_plan(data_plan_id=plan.pk, changes={"included_mb": 100})
        update_data_plan(data_plan_id=plan.pk, changes={"included_mb": 100})
        update_data_plan(data_plan_id=plan.pk, changes={"active": False})
    assert {fact["workspace_id"] for _name, fact in facts.seen} == {firm.operator.pk}
    assert [(fact["kind"], fact["what"], fact["changes"]) for _name, fact in facts.seen] == [
        ("package", "created", {"name": {"from": None, "to": "Plus USD"}, "currency": {"from": None, "to": "USD"}}),
        ("package", "updated", {"max_users": {"from": None, "to": 5}}),
        ("package", "withdrawn", {"status": {"from": 1, "to": 2}}),
        ("data_plan", "created", {"name": {"from": None, "to": "Regional"}}),
        ("data_plan", "updated", {"included_mb": {"from": 0, "to": 100}}),
        ("data_plan", "withdrawn", {"active": {"from": True, "to": False}}),
    ]


def test_a_catalogue_without_sense_is_refused(firm: Firm, facts: Facts) -> None:
    with by_system():
        for values in ({"name": "Plus EUR"}, {"name": ""}, {"name": "X", "currency": "GBP"}):
            with pytest.raises(Invalid):
                create_package(values=values)
        with pytest.raises(NotFound):
            update_data_plan(data_plan_id=999_999, changes={"name": "X"})
    assert facts.names == []
