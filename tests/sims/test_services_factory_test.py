"""A package without factory test ends the tests that run, and the log says what came first."""

from __future__ import annotations

from accounts.models import PlatformPackage
from accounts.packages.services.subscriptions import set_package
from accounts.workspaces.services.workspaces import update_workspace
from sims.models import Sim
from tests.cast import Cast
from tests.log import last, types


def test_a_package_without_it_activates_the_sims_in_test(cast: Cast) -> None:
    cast.sims(2, status=4)
    cast.sims(1, status=0)
    basic = PlatformPackage.objects.create(name="Untested EUR", workspaces_allowed=True, max_workspaces=3)
    with cast.staffing():
        set_package(workspace_id=cast.acme.pk, package_id=basic.pk)
    assert types(cast.acme) == [33, 8, 8]
    assert sorted(Sim.objects.values_list("status", flat=True)) == [0, 1, 1]
    assert last().actor.name == "Stella Staff"


def test_so_does_the_workspaces_own_setting(cast: Cast) -> None:
    cast.sims(1, status=4)
    with cast.staffing():
        update_workspace(workspace_id=cast.acme.pk, changes={"factory_test_override": False})
    assert types(cast.acme) == [10040, 8]


def test_a_setting_that_keeps_it_changes_nothing(cast: Cast) -> None:
    cast.sims(1, status=4)
    with cast.staffing():
        update_workspace(workspace_id=cast.acme.pk, changes={"factory_test_override": True})
    assert types(cast.acme) == [10040]
