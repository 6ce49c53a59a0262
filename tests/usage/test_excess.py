"""Ends of tests that bring a workspace above its package's limit are told once, to the customer and to staff."""

from __future__ import annotations

from accounts.models import PlatformPackage
from accounts.workspaces.services.workspaces import update_workspace
from events.models import Event
from tests.cast import Cast
from tests.log import rows, types
from tests.usage.records import check, deliver, in_test, record


def _limit(cast: Cast, most: int) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=most)


def _cross(cast: Cast, count: int) -> None:
    sims = in_test(cast, count)
    deliver(*(record(sim, sms=10) for sim in sims))
    assert check() == count


def test_it_is_told_when_the_limit_is_crossed_and_not_again(cast: Cast) -> None:
    _limit(cast, 3)
    _cross(cast, 3)
    assert 10096 not in types()
    _cross(cast, 2)
    assert rows(cast.acme)[-1] == (10096, "5 SIMs are activated; the package 'Plus EUR' allows 3.")
    assert rows(cast.operator) == [
        (10096, "5 SIMs of workspace Acme are activated; the package 'Plus EUR' allows 3."),
    ]
    _cross(cast, 1)
    assert types().count(10096) == 2


def test_a_setting_that_ends_tests_tells_it_too(cast: Cast) -> None:
    _limit(cast, 1)
    in_test(cast, 2)
    with cast.staffing():
        update_workspace(workspace_id=cast.acme.pk, changes={"factory_test_override": False})
    assert [event.severity for event in Event.objects.filter(type=10096)] == [1, 1]


def test_without_a_limit_nothing_is_told(cast: Cast) -> None:
    _cross(cast, 2)
    assert 10096 not in types()
