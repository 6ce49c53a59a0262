"""Fixed addresses: such as a device can have, one enabled device each, at every door and in the database itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kit.errors import Conflict, Invalid
from sims.devices.services.devices import NewDevice, create_devices, update_devices
from sims.devices.services.patches import DevicePatch, Refused, patch_devices
from sims.devices.services.status import enable_devices, preview_device_action, set_device_status
from sims.models import Device
from sims.states import DeviceStatus
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.log import types
from tests.sims.test_concurrency import at_once

pytestmark = pytest.mark.sqlite_too("a constraint with a condition, and addresses as texts")
ADDRESS = "10.192.0.7"
SIGNED_IN = 10020


def new(cast: Cast, **values: Any) -> NewDevice:
    service, coverage = cast.policies()
    return NewDevice(**{"name": "Pump", "service_policy_id": service.pk, "coverage_policy_id": coverage.pk, **values})


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("10.192.0.7", ADDRESS),
        (" 10.192.0.7\u200b", ADDRESS),
        ("10.192.0.7/32", ADDRESS),
        ("::ffff:10.192.0.7", ADDRESS),
        ("'10.192.0.7", ADDRESS),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("", None),
    ],
)
def test_an_address_is_read_as_it_is_written(cast: Cast, typed: str, stored: str | None) -> None:
    with cast.acting(cast.owner):
        (device,) = create_devices(workspace_id=cast.acme.pk, devices=[new(cast, ip_address=typed)])
    device.refresh_from_db()
    assert device.ip_address == stored


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("0.0.0.0", "no address at all"),
        ("255.255.255.255", "broadcast"),
        ("127.0.0.1", "the machine itself"),
        ("224.0.0.1", "multicast"),
        ("169.254.1.1", "link-local"),
        ("240.0.0.1", "reserved"),
        ("0.1.2.3", "reserved"),
        ("::1", "the machine itself"),
        ("::", "no address at all"),
        ("fe80::1", "link-local"),
        ("ff02::1", "multicast"),
        ("::ffff:127.0.0.1", "the machine itself"),
        ("fe80::1%eth0", "is not an IP address"),
        ("10.0.0.0/24", "is not an IP address"),
        ("10.0.0", "is not an IP address"),
    ],
)
def test_no_device_has_another(cast: Cast, typed: str, why: str) -> None:
    device = cast.device()
    with cast.acting(cast.owner):
        with pytest.raises(Invalid, match=why):
            create_devices(workspace_id=cast.acme.pk, devices=[new(cast, ip_address=typed)])
        outcome = update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"ip_address": typed}})
    assert why in outcome.refused[0].reason
    answer = sign_in(cast.owner).patch(f"/endpoint/{device.pk}", {"ip_address": typed, "ip_address_space": {"id": 1}})
    assert answer.status_code == 422
    assert set(types()) <= {SIGNED_IN}


def test_one_enabled_device_has_it(cast: Cast) -> None:
    holder = cast.device(name="First", ip_address=ADDRESS, sim=cast.sims(1, status=1)[0])
    other = cast.device(name="Second", sim=cast.sims(1, status=1)[0])
    asleep = cast.device(name="Third", status=DeviceStatus.DISABLED, ip_address=ADDRESS, sim=cast.sims(1, status=1)[0])
    acme = cast.acme.pk
    with cast.acting(cast.owner):
        with pytest.raises(Conflict, match="“First” has the IP address"):
            create_devices(workspace_id=acme, devices=[new(cast, ip_address=ADDRESS)])
        with pytest.raises(Conflict, match="“Pump” has the IP address"):
            create_devices(
                workspace_id=acme, devices=[new(cast, ip_address="10.1.1.1"), new(cast, ip_address="10.1.1.1")]
            )
        assert (
            "“First”"
            in update_devices(workspace_id=acme, changes={other.pk: {"ip_address": ADDRESS}}).refused[0].reason
        )
        assert enable_devices(workspace_id=acme, device_ids=[asleep.pk]).refused[0].code == "address_taken"
        assert set_device_status(workspace_id=acme, device_ids=[asleep.pk], to=0).refused[0].code == "address_taken"
        preview = preview_device_action(workspace_id=acme, device_ids=[asleep.pk], what="enable")
        assert preview.refused[0].code == "address_taken"
        with pytest.raises(Refused, match="“First”"):
            patch_devices(workspace_id=acme, patches={other.pk: DevicePatch(values={"ip_address": ADDRESS})})
    program = sign_in(cast.owner)
    answer = program.patch(f"/endpoint/{other.pk}", {"ip_address": ADDRESS, "ip_address_space": {"id": 1}})
    assert answer.status_code == 422
    page = cast.client(cast.owner).post(
        f"/w/{acme}/devices/create/",
        {"name": "P", "ip_address": ADDRESS, "service_policy": holder.service_policy_id}
        | {"coverage_policy": holder.coverage_policy_id, "status": "0"},
    )
    assert page.status_code in (409, 422)
    assert "has the IP address" in page.content.decode()
    assert set(types()) <= {SIGNED_IN}


def test_disabled_devices_and_other_workspaces_may_have_it_too(cast: Cast) -> None:
    holder = cast.device(ip_address=ADDRESS, sim=cast.sims(1, status=1)[0])
    Device.objects.filter(pk=cast.device(workspace=cast.umbra).pk).update(ip_address=ADDRESS)
    with cast.acting(cast.owner):
        create_devices(workspace_id=cast.acme.pk, devices=[new(cast, ip_address=ADDRESS, status=DeviceStatus.DISABLED)])
        assert update_devices(workspace_id=cast.acme.pk, changes={holder.pk: {"ip_address": ADDRESS}}).unchanged
        set_device_status(workspace_id=cast.acme.pk, device_ids=[holder.pk], to=DeviceStatus.DISABLED)
        create_devices(workspace_id=cast.acme.pk, devices=[new(cast, ip_address=ADDRESS)])
    assert Device.objects.of(cast.acme.pk).filter(ip_address=ADDRESS, status=DeviceStatus.ENABLED).count() == 1


def test_the_database_holds_it_too(cast: Cast) -> None:
    cast.device(ip_address=ADDRESS)
    other = cast.device()
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.filter(pk=other.pk).update(ip_address=ADDRESS)


def test_what_was_shared_before_stays_until_it_is_changed(cast: Cast) -> None:
    first = cast.device(name="First", ip_address=ADDRESS)
    shared = cast.device(name="Old", ip_address=ADDRESS, address_shared=True)
    with cast.acting(cast.owner):
        assert update_devices(workspace_id=cast.acme.pk, changes={shared.pk: {"name": "New"}}).changed
        assert update_devices(workspace_id=cast.acme.pk, changes={shared.pk: {"ip_address": "10.192.0.8"}}).changed
        assert update_devices(workspace_id=cast.acme.pk, changes={shared.pk: {"ip_address": ADDRESS}}).refused
    shared.refresh_from_db()
    assert (shared.address_shared, shared.ip_address) == (False, "10.192.0.8")
    assert first.ip_address == ADDRESS


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_refused(cast: Cast) -> None:
    devices = [cast.device(name=f"Pump {n}") for n in range(2)]

    def giving(device: Device) -> Any:
        def run() -> object:
            with cast.acting(cast.owner):
                return update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"ip_address": ADDRESS}})

        return run

    results: list[Any] = at_once(*map(giving, devices))
    assert sorted(len(outcome.refused) for outcome in results) == [0, 1]
