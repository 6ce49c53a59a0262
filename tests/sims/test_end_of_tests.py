"""Whoever ends a factory test is told so first; a SIM that could not test on its device is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import PlatformPackage
from kit.outcomes import Outcome
from sims.devices.services.status import preview_device_action
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import types

ENDS = "This ends the factory test of 2 SIMs; a test cannot begin again."


def _tested_devices(cast: Cast, status: int) -> list[Device]:
    tested = cast.sims(2, status=SimStatus.FACTORY_TEST)
    (asleep,) = cast.sims(status=SimStatus.SUSPENDED)
    return [cast.device(sim=sim, status=status) for sim in (*tested, asleep)]


def _preview(cast: Cast, what: str, devices: list[Device]) -> Outcome:
    with cast.acting(cast.owner):
        ids = [device.pk for device in devices]
        return preview_device_action(workspace_id=cast.acme.pk, device_ids=ids, what=what)


def test_enabling_and_resetting_say_that_a_test_ends(cast: Cast) -> None:
    assert ENDS in _preview(cast, "enable", _tested_devices(cast, DeviceStatus.DISABLED)).notes
    on = _tested_devices(cast, DeviceStatus.ENABLED)
    assert ENDS in _preview(cast, "reset", on).notes
    disabling = " ".join(_preview(cast, "disable", on).notes)
    assert "SIMs in factory test are activated on the way, which ends their test." in disabling


def test_activating_says_that_a_test_ends_and_what_it_costs(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(
        sim_rates=[{"scale_start": 1, "rate": 0.8}, {"scale_start": 4, "rate": 0.5}]
    )
    tested, asleep = cast.sims(2, status=SimStatus.FACTORY_TEST), cast.sims(1, status=SimStatus.ACTIVATED)
    cast.sims(1, status=SimStatus.ACTIVATED)
    ids = [sim.pk for sim in (*tested, *asleep)]
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[asleep[0].pk], to=SimStatus.SUSPENDED)
        notes = preview_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=SimStatus.ACTIVATED).notes
        again = preview_sim_status(workspace_id=cast.acme.pk, sim_ids=[asleep[0].pk], to=SimStatus.ACTIVATED).notes
    assert notes[0] == ENDS
    # Two are new among four that are charged then; the third is charged this month already.
    assert notes[1].endswith(" That is 1.00 EUR a month, at 0.50 EUR a SIM.")
    assert len(again) == 1
    assert again[0].endswith("once, however often it is reactivated.")


def _fields(cast: Cast, **values: Any) -> dict[str, Any]:
    service, coverage = cast.policies()
    return {"name": "Pump", "service_policy": service.pk, "coverage_policy": coverage.pk, **values}


@pytest.mark.parametrize("state", ["", "4"])
@pytest.mark.parametrize("answer", ["enable", "leave"])
def test_a_new_disabled_device_with_a_sim_in_test_asks_first(cast: Cast, state: str, answer: str) -> None:
    (sim,) = cast.sims(status=SimStatus.ISSUED if state else SimStatus.FACTORY_TEST)
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/devices/create/"
    sent = _fields(cast, status=1, sim=sim.pk, sim_status=state)
    asked = client.post(url, sent)
    assert asked.status_code == 422
    assert "enabling the device later ends its test" in asked.content.decode()
    assert types() == []
    assert client.post(url, {**sent, "disabled_test": answer}).status_code == 303
    device, sim = Device.objects.get(), Sim.objects.get(pk=sim.pk)
    assert device.status == (DeviceStatus.ENABLED if answer == "enable" else DeviceStatus.DISABLED)
    assert (sim.status, sim.device_id) == (SimStatus.FACTORY_TEST, device.pk)
    assert types() == [10002, *([45] if state else []), 51]


@pytest.mark.parametrize(("status", "state"), [(0, "4"), (1, "1"), (1, "")])
def test_it_asks_nothing_where_nothing_can_go_wrong(cast: Cast, status: int, state: str) -> None:
    (sim,) = cast.sims()
    sent = _fields(cast, status=status, sim=sim.pk, sim_status=state)
    assert cast.client(cast.owner).post(f"/w/{cast.acme.pk}/devices/create/", sent).status_code == 303


@pytest.mark.parametrize("door", ["device", "sim"])
@pytest.mark.parametrize(("answer", "told"), [("enable", [42, 45, 51]), ("leave", [45, 51])])
def test_so_does_an_assignment(cast: Cast, door: str, answer: str, told: list[int]) -> None:
    (sim,) = cast.sims()
    device = cast.device(status=DeviceStatus.DISABLED)
    if door == "device":
        url, sent = f"/w/{cast.acme.pk}/devices/{device.pk}/assign/", {"sim": sim.pk, "sim_status": "4"}
    else:
        url, sent = f"/w/{cast.acme.pk}/sims/{sim.pk}/assign/", {"device": device.pk, "status": "4"}
    client = cast.client(cast.owner)
    asked = client.post(url, sent)
    assert asked.status_code == 422
    assert "Enable the device first" in asked.content.decode()
    assert types() == []
    assert client.post(url, {**sent, "disabled_test": answer}).status_code in (204, 302, 303)
    assert types() == told
    device.refresh_from_db()
    assert device.status == (DeviceStatus.ENABLED if answer == "enable" else DeviceStatus.DISABLED)


def test_the_page_of_such_a_device_says_what_ends_the_test(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.FACTORY_TEST)
    device = cast.device(sim=sim, status=DeviceStatus.DISABLED)
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/devices/{device.pk}/").content.decode()
    assert "Enabling the device ends the test" in page


def test_the_check_of_a_registration_promises_what_the_limit_allows(cast: Cast) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_active_sims=5)
    cast.sims(1, status=SimStatus.ACTIVATED)
    first, large, last = (cast.batch(count=count) for count in (2, 27, 2))
    client, url = cast.client(cast.owner), f"/w/{cast.acme.pk}/sims/register/"
    codes = "\n".join(batch.bic for batch in (first, large, last))
    page = client.post(url, {"bics": codes, "status": 1})
    text = page.content.decode()
    assert "Register 4 SIMs" in text
    assert "1 code cannot be registered and is left out." in text
    assert "has room for 2 more, not for 27" in text
    assert large.bic not in page.context["bics"]
    sent = {name: page.context[name] for name in ("bics", "plan")} | {"status": 1, "step": "register"}
    client.post(url, sent)
    assert Sim.objects.filter(workspace=cast.acme, status=SimStatus.ACTIVATED).count() == 5
    # As Issued all of them fit.
    assert "Register 27 SIMs" in client.post(url, {"bics": large.bic, "status": 0}).content.decode()
