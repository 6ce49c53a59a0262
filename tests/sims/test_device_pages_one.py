"""The page of one device, and what can be done to it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import last, types

HTMX = {"HX-Request": "true"}


def url(cast: Cast, device: Device, part: str = "") -> str:
    return f"/w/{cast.acme.pk}/devices/{device.pk}/{part}"


def confirm(client: Client, cast: Cast, device: Device, action: str, **typed: str) -> None:
    """Press a button of the device page and confirm its dialog."""
    base = f"/w/{cast.acme.pk}/devices/bulk/{action}/"
    asked = client.post(f"{base}preview/", {"scope": "ids", "ids": str(device.pk)}, headers=HTMX)
    assert asked.status_code == 200
    plan = asked.context["dialog"]["plan"]
    done = client.post(f"{base}run/", {"plan": plan, **typed}, headers=HTMX)
    assert done.status_code in (200, 204), done.content


def test_details_show_the_device_its_sim_and_its_policies(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    device = cast.device(name="Pump <7>", sim=sim, imei="490154203237518", tags="north,south", ip_address="10.0.0.9")
    page = cast.client(cast.observer).get(url(cast, device)).content.decode()
    for text in (
        "Pump &lt;7&gt;",
        "Enabled",
        "Activated",
        "10.0.0.9",
        "north",
        "Standard",
        "Worldwide",
        "Global Basic",
    ):
        assert text in page
    assert iccid_with_luhn(sim.iccid) in page
    assert f"/w/{cast.acme.pk}/sims/{sim.pk}/" in page
    assert f'hx-get="/w/{cast.acme.pk}/devices/{device.pk}/connection/line/"' in page


@pytest.mark.parametrize(
    ("status", "sim_status", "offered"),
    [
        (DeviceStatus.ENABLED, SimStatus.ACTIVATED, {"disable", "reset"}),
        (DeviceStatus.ENABLED, SimStatus.FACTORY_TEST, {"disable", "reset"}),
        (DeviceStatus.ENABLED, SimStatus.SUSPENDED, {"enable", "disable"}),
        (DeviceStatus.DISABLED, SimStatus.SUSPENDED, {"enable"}),
        (DeviceStatus.DISABLED, SimStatus.ACTIVATED, {"enable", "disable"}),
        (DeviceStatus.DISABLED, None, {"delete"}),
        (DeviceStatus.ENABLED, None, {"disable", "delete"}),
    ],
)
def test_only_what_makes_sense_is_offered(cast: Cast, status: int, sim_status: int | None, offered: set[str]) -> None:
    sim = cast.sims(status=sim_status)[0] if sim_status is not None else None
    device = cast.device(status=status, sim=sim)
    page = cast.client(cast.member).get(url(cast, device))
    assert {action.name for action in page.context["actions"]} == offered
    hidden = cast.client(cast.observer).get(url(cast, device))
    assert hidden.context["actions"] == []
    for text in ("Release SIM", "Assign SIM", "/edit/"):
        assert text not in hidden.content.decode()


def test_the_buttons_do_what_they_say(cast: Cast) -> None:
    (sim,) = cast.sims()
    device = cast.device(status=DeviceStatus.DISABLED, sim=sim)
    client = cast.client(cast.member)
    for action, expected, state in (
        ("enable", [42, 8], (DeviceStatus.ENABLED, SimStatus.ACTIVATED)),
        ("reset", [68, 9, 43, 42, 8], (DeviceStatus.ENABLED, SimStatus.ACTIVATED)),
        ("disable", [9, 43], (DeviceStatus.DISABLED, SimStatus.SUSPENDED)),
    ):
        before = len(types())
        confirm(client, cast, device, action)
        assert types()[before:] == expected, action
        device.refresh_from_db()
        sim.refresh_from_db()
        assert (device.status, sim.status) == state


def test_delete_and_the_page_that_stays(cast: Cast) -> None:
    device = cast.device(name="Gone", status=DeviceStatus.DISABLED)
    client = cast.client(cast.owner)
    confirm(client, cast, device, "delete", confirm="Gone")
    assert types() == [10004]
    page = client.get(url(cast, device))
    assert page.status_code == 200
    assert "was deleted" in page.content.decode()
    assert page.context["actions"] == []
    for part in ("edit/", "assign/", "release/"):
        assert client.get(url(cast, device, part)).status_code == 409


def test_events_are_asked_of_the_log(cast: Cast) -> None:
    device = cast.device()
    page = cast.client(cast.observer).get(url(cast, device, "?tab=events")).content.decode()
    assert f"?device={device.pk}" in page
    assert cast.client(cast.observer).get(url(cast, device, "?tab=nothing")).status_code == 404


def test_a_changed_device_refreshes_its_page(cast: Cast) -> None:
    device = cast.device(status=DeviceStatus.DISABLED)
    fragment = cast.client(cast.owner).get(url(cast, device), headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert 'id="device-state" hx-swap-oob="true"' in fragment
    assert 'id="device-actions"' in fragment


@pytest.mark.parametrize(
    ("before", "chosen", "expected", "after"),
    [
        (SimStatus.ISSUED, "", [51], SimStatus.ISSUED),
        (SimStatus.ISSUED, "1", [8, 51], SimStatus.ACTIVATED),
        (SimStatus.ISSUED, "4", [45, 51], SimStatus.FACTORY_TEST),
    ],
)
def test_assign(cast: Cast, before: int, chosen: str, expected: list[int], after: int) -> None:
    (sim,) = cast.sims(status=before)
    # On a disabled device it could not test, which the dialog would ask about.
    off = after != SimStatus.FACTORY_TEST
    device = cast.device(status=DeviceStatus.DISABLED if off else DeviceStatus.ENABLED)
    client = cast.client(cast.member)
    assert str(sim.pk) in client.get(url(cast, device, "assign/"), headers=HTMX).content.decode()
    answer = client.post(url(cast, device, "assign/"), {"sim": sim.pk, "sim_status": chosen}, headers=HTMX)
    assert answer.status_code == 204
    assert {"dialogClose", "listChanged", "toast"} <= set(answer["HX-Trigger"].replace('"', " ").split())
    sim.refresh_from_db()
    assert (sim.device_id, sim.status, types()) == (device.pk, after, expected)


def test_assign_takes_a_scanned_iccid(cast: Cast) -> None:
    sim, _other = cast.sims(2)
    device = cast.device(status=DeviceStatus.DISABLED)
    client = cast.client(cast.member)
    answer = client.post(url(cast, device, "assign/"), {"sim_search": iccid_with_luhn(sim.iccid)})
    assert answer.status_code == 303
    assert Sim.objects.get(device=device) == sim
    device = cast.device(status=DeviceStatus.DISABLED)
    answer = client.post(url(cast, device, "assign/"), {"sim_search": "89"})
    assert answer.status_code in (303, 422)
    answer = client.post(url(cast, cast.device(), "assign/"), {"sim_search": "12345"})
    assert answer.status_code == 422
    assert "is not exactly one free SIM" in answer.content.decode()
    assert 'value="12345"' in answer.content.decode()


def test_assign_refuses_what_is_not_free_without_telling_whose_it_is(cast: Cast) -> None:
    (foreign,) = cast.sims(workspace=cast.umbra)
    (used,) = cast.sims()
    cast.device(name="Holder", sim=used)
    device = cast.device(status=DeviceStatus.DISABLED)
    client = cast.client(cast.owner)
    answers = [client.post(url(cast, device, "assign/"), {"sim": pk}, headers=HTMX) for pk in (foreign.pk, 999_999)]
    assert [answer.status_code for answer in answers] == [422, 422]
    errors = [answer.context["form"].errors["sim"] for answer in answers]
    assert errors == [[f"SIM with Id '{pk}' not found."] for pk in (foreign.pk, 999_999)]
    assert foreign.iccid not in answers[0].content.decode()
    taken = client.post(url(cast, device, "assign/"), {"sim": used.pk}, headers=HTMX)
    assert taken.status_code == 422
    assert "Holder" in taken.content.decode()
    assert types() == []


def test_the_picker_searches_free_sims_on_the_server(cast: Cast) -> None:
    sims = cast.sims(30)
    cast.device(sim=sims[0])
    path = f"/w/{cast.acme.pk}/devices/free-sims/"
    client = cast.client(cast.member)
    everything = client.get(path, headers=HTMX).content.decode()
    assert everything.count('name="sim"') == 20
    assert "More SIMs match" in everything
    found = client.get(path, {"sim_search": sims[5].iccid[-6:], "sim": str(sims[7].pk)}, headers=HTMX).content.decode()
    assert f'value="{sims[5].pk}"' in found
    assert f'value="{sims[7].pk}" checked' in found
    alone = client.get(path, {"sim_search": sims[5].iccid, "sim": "0", "sim_optional": "1"}, headers=HTMX)
    assert f'value="{sims[5].pk}" checked' in alone.content.decode()
    assert 'name="sim" value="0">' in alone.content.decode()
    assert 'name="sim"' not in client.get(path, {"sim_search": sims[0].iccid}, headers=HTMX).content.decode()
    assert client.get(path, {"sim_search": "zzz\x00%"}, headers=HTMX).status_code == 200
    assert cast.client(cast.observer).get(path).status_code == 403


@pytest.mark.parametrize(
    ("suspend", "expected", "after"),
    [(True, [9, 43, 50], SimStatus.SUSPENDED), (False, [43, 50], SimStatus.ACTIVATED)],
)
def test_release(cast: Cast, suspend: bool, expected: list[int], after: int) -> None:
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    client = cast.client(cast.member)
    asked = client.get(url(cast, device, "release/"), headers=HTMX).content.decode()
    assert "Suspend the SIM too" in asked
    assert "checked" in asked
    assert "Charging stops on" in asked
    answer = client.post(url(cast, device, "release/"), {"suspend": "on"} if suspend else {}, headers=HTMX)
    assert answer.status_code == 204
    sim.refresh_from_db()
    device.refresh_from_db()
    assert (sim.device_id, sim.status, device.status, types()) == (None, after, DeviceStatus.DISABLED, expected)
    assert client.post(url(cast, device, "release/"), {}, headers=HTMX).status_code == 409


def test_release_of_a_sim_that_is_not_activated_asks_nothing(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.SUSPENDED)
    device = cast.device(status=DeviceStatus.DISABLED, sim=sim)
    client = cast.client(cast.member)
    assert "Suspend the SIM too" not in client.get(url(cast, device, "release/")).content.decode()
    assert client.post(url(cast, device, "release/"), {}).status_code == 303
    assert types() == [50]


def test_edit_changes_what_was_typed(cast: Cast) -> None:
    device = cast.device(name="Pump")
    service, coverage = cast.policies()
    client = cast.client(cast.member)
    values = {
        "name": "Pump 8",
        "service_policy": service.pk,
        "coverage_policy": coverage.pk,
        "tags": "north, south",
        "imei": "490154203237518",
        "imei_lock": "on",
        "ip_address": "10.0.0.4",
    }
    answer = client.post(url(cast, device, "edit/"), values)
    assert (answer.status_code, answer["Location"]) == (303, url(cast, device))
    device.refresh_from_db()
    assert (device.name, device.tags, device.imei, device.imei_lock, device.ip_address) == (
        "Pump 8",
        "north,south",
        "490154203237518",
        True,
        "10.0.0.4",
    )
    assert types() == [10003]
    assert set(last().detail["changes"]) == {"name", "tags", "imei", "imei_lock", "ip_address"}
    assert client.post(url(cast, device, "edit/"), values).status_code == 303
    assert types() == [10003]


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("name", "", "required"),
        ("imei", "490154203237519", "check digit"),
        ("ip_address", "10.0.0", "is not an IP address"),
        ("service_policy", "foreign", "valid choice"),
        ("coverage_policy", "foreign", "valid choice"),
    ],
)
def test_edit_names_what_is_wrong_and_keeps_the_rest(cast: Cast, field: str, value: str, text: str) -> None:
    device = cast.device(name="Pump")
    service, coverage = cast.policies()
    foreign_service, foreign_coverage = cast.policies(cast.umbra)
    if value == "foreign":
        value = str((foreign_service if field == "service_policy" else foreign_coverage).pk)
    values = {
        "name": "Other",
        "service_policy": service.pk,
        "coverage_policy": coverage.pk,
        "tags": "kept",
        field: value,
    }
    answer = cast.client(cast.member).post(url(cast, device, "edit/"), values)
    assert answer.status_code == 422
    assert text in answer.context["form"].errors[field][0]
    assert 'value="kept"' in answer.content.decode()
    device.refresh_from_db()
    assert (device.name, types()) == ("Pump", [])


def test_who_may_not_change_devices_is_refused(cast: Cast) -> None:
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    device, empty = cast.device(sim=sim), cast.device()
    client = cast.client(cast.observer)
    for target, part in ((device, "edit/"), (empty, "assign/"), (device, "release/")):
        assert client.get(url(cast, target, part)).status_code == 403
        assert client.post(url(cast, target, part), {"sim": sim.pk}).status_code == 403
    assert client.get(f"/w/{cast.acme.pk}/devices/create/").status_code == 403
    assert client.post(f"/w/{cast.acme.pk}/devices/create/", {"name": "x"}).status_code == 403
    assert types() == []


def test_a_device_of_another_workspace_is_not_there(cast: Cast) -> None:
    foreign = cast.device(workspace=cast.umbra, name="Secret")
    client = cast.client(cast.owner)
    for part in ("", "edit/", "assign/", "release/", "?tab=events"):
        answer = client.get(url(cast, foreign, part))
        assert answer.status_code == 404
        assert "Secret" not in answer.content.decode()
        assert client.get(url(cast, Device(pk=foreign.pk + 999), part)).status_code == 404


def test_factory_test_is_offered_where_the_package_has_it(cast: Cast) -> None:
    device = cast.device(status=DeviceStatus.DISABLED)
    client = cast.client(cast.member)
    assert "Factory test" in client.get(url(cast, device, "assign/")).content.decode()
    cast.acme.factory_test_override = False
    cast.acme.save()
    assert "Factory test" not in client.get(url(cast, device, "assign/")).content.decode()


def test_queries_are_few(cast: Cast) -> None:
    cast.sims(50)
    (sim,) = cast.sims(status=SimStatus.ACTIVATED)
    device, empty = cast.device(sim=sim), cast.device()
    client = cast.client(cast.owner)
    for path in (
        url(cast, device),
        url(cast, device, "?tab=events"),
        url(cast, device, "edit/"),
        url(cast, empty, "assign/"),
        url(cast, device, "release/"),
        f"/w/{cast.acme.pk}/devices/create/",
        f"/w/{cast.acme.pk}/devices/create/?sim={sim.pk}",
    ):
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        assert len(captured) <= 10, (path, len(captured))
