"""Changing the policies of many devices: the dialog, what each device becomes, its event, and the way back."""

from __future__ import annotations

import pytest

from accounts.models import DataPlan
from events.models import Event
from events.reverse.devices import reverse_devices
from kit.errors import Invalid, NotFound
from sims.devices.services.policies import change_policies, preview_policies
from sims.models import CoveragePolicy, Device, ServicePolicy
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import Desk, words


def other_policies(cast: Cast) -> tuple[ServicePolicy, CoveragePolicy]:
    """Make a second policy of each kind, the coverage one on a data plan of its own."""
    plan = DataPlan.objects.create(name="Regional Pro", included_mb=10)
    cast.acme.data_plans.add(plan)
    service = ServicePolicy.objects.create(workspace=cast.acme, name="SMS only", data=False)
    return service, CoveragePolicy.objects.create(workspace=cast.acme, name="Europe", data_plan=plan)


def held(*devices: Device) -> list[tuple[int | None, int | None]]:
    """Return the policies of devices as they are stored."""
    found = Device.objects.in_bulk([device.pk for device in devices])
    return [(found[each.pk].service_policy_id, found[each.pk].coverage_policy_id) for each in devices]


def test_the_dialog_offers_what_the_workspace_has_and_says_what_it_means(cast: Cast) -> None:
    service, coverage = other_policies(cast)
    theirs, _their_coverage = cast.policies(cast.umbra)
    ServicePolicy.objects.filter(pk=theirs.pk).update(name="Of Umbra")
    (sim,) = cast.sims(1, status=1)
    online, spare = cast.device(sim=sim), cast.device()
    desk = Desk(cast, cast.member, "devices")
    asked = words(desk.preview("policies", [online.pk, spare.pk]))
    assert "Change policies of 2 devices" in asked
    assert "SMS only" in asked
    assert "Europe" in asked
    assert "Of Umbra" not in asked
    plan = desk.plan("policies", [online.pk, spare.pk])
    told = words(desk.preview("policies", None, plan=plan, coverage_policy=coverage.pk))
    assert "Will change 2" in told
    assert "data plan “Regional Pro”" in told
    assert "lose their connection" in told
    assert "Changed policies of 2 devices" in words(desk.run("policies", plan, coverage_policy=coverage.pk))
    own, _coverage = cast.policies()
    assert held(online, spare) == [(own.pk, coverage.pk)] * 2
    assert types() == [10003, 10003]
    assert {event.sim_id for event in Event.objects.all()} == {sim.pk, None}
    assert service.pk not in {pair[0] for pair in held(online, spare)}


def test_nothing_chosen_and_a_policy_of_others_are_refused_in_the_dialog(cast: Cast) -> None:
    theirs, _coverage = cast.policies(cast.umbra)
    device = cast.device()
    desk = Desk(cast, cast.owner, "devices")
    plan = desk.plan("policies", [device.pk])
    nothing = desk.run("policies", plan)
    assert (nothing.status_code, "Choose a service policy, a coverage policy or both." in words(nothing)) == (422, True)
    foreign = desk.run("policies", plan, service_policy=theirs.pk)
    assert foreign.status_code == 422
    assert types() == []


def test_what_holds_already_leaves_no_event(cast: Cast) -> None:
    service, coverage = other_policies(cast)
    done, half = (
        cast.device(name="Done"),
        cast.device(name="Half"),
    )
    Device.objects.filter(pk=done.pk).update(service_policy=service, coverage_policy=coverage)
    Device.objects.filter(pk=half.pk).update(service_policy=service)
    foreign = cast.device(workspace=cast.umbra)
    asked = {"service_policy_id": service.pk, "coverage_policy_id": coverage.pk}
    ids = [done.pk, half.pk, foreign.pk]
    with cast.acting(cast.owner):
        shown = preview_policies(workspace_id=cast.acme.pk, device_ids=ids, **asked)
        assert types() == []
        outcome = change_policies(workspace_id=cast.acme.pk, device_ids=ids, **asked)
    for each in (shown, outcome):
        assert (each.changed, each.unchanged) == ([half.pk], [done.pk])
        assert [(refusal.id, refusal.code) for refusal in each.refused] == [(foreign.pk, "not_found")]
    (event,) = Event.objects.all()
    assert event.detail is not None
    assert set(event.detail["changes"]) == {"coverage_policy"}


def test_a_policy_that_is_not_there_changes_nothing(cast: Cast) -> None:
    theirs, _coverage = cast.policies(cast.umbra)
    device = cast.device()
    with cast.acting(cast.owner):
        with pytest.raises(NotFound):
            change_policies(workspace_id=cast.acme.pk, device_ids=[device.pk], service_policy_id=theirs.pk)
        with pytest.raises(Invalid):
            change_policies(workspace_id=cast.acme.pk, device_ids=[device.pk])
    assert types() == []


def test_an_observer_is_refused(cast: Cast) -> None:
    device = cast.device()
    assert Desk(cast, cast.observer, "devices").preview("policies", [device.pk]).status_code == 403


def test_the_log_rebuilds_and_reverses_it(cast: Cast) -> None:
    service, _coverage = other_policies(cast)
    before, _own_coverage = cast.policies()
    devices = [cast.device(), cast.device()]
    ids = [device.pk for device in devices]
    with cast.acting(cast.owner) as context:
        change_policies(workspace_id=cast.acme.pk, device_ids=ids, service_policy_id=service.pk)
    target = f"request:{context.request_id}"
    with cast.acting(cast.owner):
        assert reverse_devices(workspace_id=cast.acme.pk, device_ids=ids, reverses=target).changed == ids
    assert {pair[0] for pair in held(*devices)} == {before.pk}
    assert types() == [10003] * 4
