"""A data plan that a coverage policy uses is not taken away, whoever asks and by whatever door."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import DataPlan, DataPlanBooking, Workspace
from accounts.packages.services.subscriptions import set_data_plans, set_subscription
from accounts.workspaces.services.staff_changes import change_workspace
from kit.errors import Conflict
from sims.models import CoveragePolicy
from tests.admin.conftest import text_of
from tests.admin.test_workspaces import form_of
from tests.cast import Cast
from tests.log import types

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(cast: Cast) -> CoveragePolicy:
    DataPlanBooking.objects.get_or_create(workspace=cast.acme, data_plan=cast.plan)
    return cast.policies()[1]


def plans(cast: Cast) -> list[int]:
    return list(Workspace.objects.get(pk=cast.acme.pk).data_plans.values_list("pk", flat=True))


DOORS: dict[str, Callable[[Cast], object]] = {
    "set_data_plans": lambda cast: set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[]),
    "set_subscription": lambda cast: set_subscription(workspace_id=cast.acme.pk, data_plan_ids=[]),
    "change_workspace": lambda cast: change_workspace(workspace_id=cast.acme.pk, changes={"data_plan_ids": []}),
}


@pytest.mark.parametrize("door", DOORS)
def test_services_refuse_it_by_name(cast: Cast, policy: CoveragePolicy, door: str) -> None:
    with cast.staffing(), pytest.raises(Conflict) as refused:
        DOORS[door](cast)
    assert (refused.value.code, refused.value.field) == ("in_use", "data_plans")
    assert refused.value.message == (
        f"The coverage policy '{policy.name}' (ID {policy.pk}) of this workspace uses the data plan {cast.plan.name}. "
        "Give it another plan, or delete it, first."
    )
    assert (plans(cast), types()) == ([cast.plan.pk], [])


def test_the_admin_site_refuses_it_too(cast: Cast, policy: CoveragePolicy) -> None:
    answer = cast.client(cast.staff).post(
        f"/admin/accounts/workspace/{cast.acme.pk}/change/", form_of(cast.acme, data_plans=[])
    )
    assert f"uses the data plan {cast.plan.name}" in text_of(answer)
    assert (plans(cast), types()) == ([cast.plan.pk], [])


def test_one_that_no_policy_of_this_workspace_uses_goes(cast: Cast, policy: CoveragePolicy) -> None:
    policy.delete()
    cast.policies(cast.bolt)
    with cast.staffing():
        set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[])
    assert (plans(cast), types(cast.acme)) == ([], [34])


def test_a_policy_without_devices_takes_the_plan_that_comes(cast: Cast, policy: CoveragePolicy) -> None:
    other = DataPlan.objects.create(name="Other", currency=cast.plan.currency)
    with cast.staffing():
        set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[other.pk])
    policy.refresh_from_db()
    assert (policy.data_plan_id, plans(cast)) == (other.pk, [other.pk])
    assert 10009 in types()


def test_one_with_devices_does_not(cast: Cast, policy: CoveragePolicy) -> None:
    cast.device()
    other = DataPlan.objects.create(name="Other", currency=cast.plan.currency)
    with cast.staffing(), pytest.raises(Conflict, match="uses the data plan"):
        set_data_plans(workspace_id=cast.acme.pk, data_plan_ids=[other.pk])
    policy.refresh_from_db()
    assert (policy.data_plan_id, plans(cast), types()) == (cast.plan.pk, [cast.plan.pk], [])
