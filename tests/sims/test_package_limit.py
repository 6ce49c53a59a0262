"""The most SIMs that a package lets be activated: wherever a person activates, together and one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, PlatformPackage, Workspace
from accounts.packages.services.subscriptions import set_package
from accounts.permissions import Role
from kit.context import SYSTEM, acting_as
from kit.errors import Conflict
from sims.devices.services.devices import NewDevice, create_devices
from sims.devices.services.status import (
    disable_devices,
    enable_devices,
    preview_device_action,
    reset_connectivity,
    set_device_status,
)
from sims.inventory.services.assignment import SimChoice, assign_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from sims.usage.services.factory_test import settle
from tests.cast import Cast
from tests.log import rows, types

ACTIVATED, SUSPENDED, TEST = SimStatus.ACTIVATED, SimStatus.SUSPENDED, SimStatus.FACTORY_TEST


@pytest.fixture
def limited(cast: Cast) -> Cast:
    """The cast, with room for five activated SIMs in Acme, of which three are used."""
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=5)
    cast.sims(3, status=ACTIVATED)
    return cast


def active(cast: Cast) -> int:
    return Sim.objects.filter(workspace=cast.acme, status=ACTIVATED).count()


def test_those_that_fit_are_activated_in_id_order_and_the_others_named(limited: Cast) -> None:
    sims = limited.sims(4, status=SimStatus.ISSUED)
    ids = [sim.pk for sim in reversed(sims)]
    with limited.acting(limited.member):
        foreseen = preview_sim_status(workspace_id=limited.acme.pk, sim_ids=ids, to=ACTIVATED)
        outcome = change_sim_status(workspace_id=limited.acme.pk, sim_ids=ids, to=ACTIVATED)
    assert outcome.changed == foreseen.changed == [sims[0].pk, sims[1].pk]
    assert [refusal.label for refusal in outcome.refused] == [sims[2].iccid, sims[3].iccid]
    assert outcome.refused == foreseen.refused
    assert (outcome.refused[0].code, outcome.refused[0].reason) == (
        "limit_reached",
        "The package Plus EUR allows 5 activated SIMs, and there is no room for more. "
        "Suspend other SIMs or choose a larger package.",
    )
    assert foreseen.notes[-1] == "The package Plus EUR allows 5 activated SIMs; 2 more can be activated."
    assert (active(limited), types()) == (5, [8, 8])


def test_a_limit_leaves_everything_else_alone(limited: Cast) -> None:
    more = limited.sims(2, status=ACTIVATED)
    tested = limited.sims(1, status=TEST)
    with limited.acting(limited.owner):
        suspended = change_sim_status(workspace_id=limited.acme.pk, sim_ids=[*(sim.pk for sim in more)], to=SUSPENDED)
        again = change_sim_status(workspace_id=limited.acme.pk, sim_ids=[more[0].pk, more[1].pk], to=ACTIVATED)
        full = change_sim_status(workspace_id=limited.acme.pk, sim_ids=[more[0].pk, tested[0].pk], to=ACTIVATED)
    assert (len(suspended.changed), len(again.changed)) == (2, 2)
    assert (full.unchanged, [refusal.id for refusal in full.refused]) == ([more[0].pk], [tested[0].pk])


def test_the_end_of_a_factory_test_is_not_refused(limited: Cast) -> None:
    Workspace.objects.filter(pk=limited.acme.pk).update(factory_test_bytes=10)
    sims = limited.sims(4, status=TEST)
    Sim.objects.filter(pk__in=[sim.pk for sim in sims]).update(tested_bytes=11)
    with acting_as(SYSTEM):
        assert settle(number=0) == 4
    assert active(limited) == 7


def test_enabling_devices_takes_room_and_names_those_without(limited: Cast) -> None:
    sims = limited.sims(4, status=SUSPENDED)
    devices = [limited.device(sim=sim, status=DeviceStatus.DISABLED) for sim in sims]
    ids = [device.pk for device in devices]
    with limited.acting(limited.member):
        foreseen = preview_device_action(workspace_id=limited.acme.pk, device_ids=ids, what="enable")
        outcome = enable_devices(workspace_id=limited.acme.pk, device_ids=ids)
    assert outcome.changed == foreseen.changed == ids[:2]
    assert [(refusal.id, refusal.code) for refusal in outcome.refused] == [(pk, "limit_reached") for pk in ids[2:]]
    assert "2 more can be activated" in foreseen.notes[-1]
    assert active(limited) == 5
    assert set(Device.objects.filter(pk__in=ids[2:]).values_list("status", flat=True)) == {DeviceStatus.DISABLED}


def test_a_reset_and_disabling_need_no_room(limited: Cast) -> None:
    sims = limited.sims(2, status=ACTIVATED)
    devices = [limited.device(sim=sim).pk for sim in sims]
    tested = limited.device(sim=limited.sims(1, status=TEST)[0]).pk
    with limited.acting(limited.member):
        assert reset_connectivity(workspace_id=limited.acme.pk, device_ids=devices).changed == devices
        # This one would end a factory test, and with it activate the SIM.
        assert reset_connectivity(workspace_id=limited.acme.pk, device_ids=[tested]).refused[0].code == "limit_reached"
        alone = set_device_status(workspace_id=limited.acme.pk, device_ids=[tested], to=DeviceStatus.DISABLED)
        assert alone.refused[0].code == "limit_reached"
        assert disable_devices(workspace_id=limited.acme.pk, device_ids=[tested]).changed == [tested]
    assert active(limited) == 5


def test_a_batch_is_registered_whole_or_not(limited: Cast) -> None:
    batch = limited.batch(count=3)
    with limited.acting(limited.member):
        with pytest.raises(Conflict) as caught:
            register_batch(workspace_id=limited.acme.pk, bic=batch.bic, status=ACTIVATED)
        assert rows() == []
        register_batch(workspace_id=limited.acme.pk, bic=batch.bic)
        two = limited.batch(count=2)
        register_batch(workspace_id=limited.acme.pk, bic=two.bic, status=ACTIVATED)
    assert (caught.value.code, caught.value.field) == ("limit_reached", "sim_status")
    assert "room for 2 more, not for 3" in caught.value.message
    assert active(limited) == 5


def _assign(cast: Cast, sim: Sim) -> Any:
    device = cast.device()
    choices = {device.pk: SimChoice(sim.pk, ACTIVATED)}
    assign_sims(workspace_id=cast.acme.pk, choices=choices).raise_if_refused()


def _create(cast: Cast, sim: Sim) -> Any:
    service, coverage = cast.policies()
    new = NewDevice("Well", service.pk, coverage.pk, sim=SimChoice(sim.pk, status=ACTIVATED))
    create_devices(workspace_id=cast.acme.pk, devices=[new])


@pytest.mark.parametrize("act", [_assign, _create])
def test_a_sim_activated_along_with_something_else(limited: Cast, act: Callable[[Cast, Sim], Any]) -> None:
    sims = limited.sims(3, status=SUSPENDED)
    with limited.acting(limited.member):
        act(limited, sims[0])
        act(limited, sims[1])
        before = (rows(), Device.objects.count())
        with pytest.raises(Conflict, match="no room for more") as caught:
            act(limited, sims[2])
    assert (caught.value.code, caught.value.field) == ("limit_reached", "sim.status")
    assert active(limited) == 5
    # The device that `_assign` makes for itself is not the service's.
    assert (rows(), Device.objects.count() - (act is _assign)) == before


def test_the_bulk_dialog_says_it(limited: Cast) -> None:
    sims = limited.sims(4, status=SUSPENDED)
    client = limited.client(limited.owner)
    url = f"/w/{limited.acme.pk}/sims/bulk/activate/"
    page = client.post(url, {"ids": [sim.pk for sim in sims]}, headers={"HX-Request": "true"})
    text = page.content.decode()
    assert page.status_code == 200, text[:400]
    assert "The package Plus EUR allows 5 activated SIMs" in text
    assert sims[3].iccid in text


def test_without_a_limit_it_costs_no_query_and_with_one_three(cast: Cast) -> None:
    def statements(count: int) -> int:
        ids = [sim.pk for sim in cast.sims(count, status=SUSPENDED)]
        with cast.acting(cast.owner), CaptureQueriesContext(connection) as queries:
            assert len(change_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=ACTIVATED).changed) == count
        return sum("SAVEPOINT" not in query["sql"] for query in queries)

    statements(1)
    assert statements(1) == statements(300)
    without = statements(1)
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=5_000)
    assert statements(1) == statements(300) == without + 3


def test_a_smaller_package_is_refused_while_more_is_in_use(limited: Cast) -> None:
    small = PlatformPackage.objects.create(name="Small", factory_test_allowed=True, max_active_sims=2)
    untested = PlatformPackage.objects.create(name="Untested", max_active_sims=4, max_workspaces=3)
    PlatformPackage.objects.update(workspaces_allowed=True, max_workspaces=3)
    limited.sims(2, status=TEST)
    with limited.staffing():
        with pytest.raises(Conflict, match=r"Small allows 2 activated SIMs, and there would be 3"):
            set_package(workspace_id=limited.acme.pk, package_id=small.pk)
        # Without factory test two more would be activated.
        with pytest.raises(Conflict, match=r"Untested allows 4 activated SIMs, and there would be 5"):
            set_package(workspace_id=limited.acme.pk, package_id=untested.pk)
    limited.acme.refresh_from_db()
    assert (limited.acme.package.name, active(limited), rows()) == ("Plus EUR", 3, [])


def test_members_limit_and_workspaces_limit(cast: Cast) -> None:
    small = PlatformPackage.objects.create(name="Small", max_users=2, max_data_plans=1)
    with cast.staffing(), pytest.raises(Conflict, match="Small allows 2 users and open invitations, and there are 3"):
        set_package(workspace_id=cast.acme.pk, package_id=small.pk)
    Membership.objects.filter(workspace=cast.acme, role=Role.OBSERVER).delete()
    with cast.staffing(), pytest.raises(Conflict, match="Small allows 1 workspaces, and there are 2"):
        set_package(workspace_id=cast.acme.pk, package_id=small.pk)
