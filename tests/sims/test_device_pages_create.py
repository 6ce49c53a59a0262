"""The form of a new device."""

from __future__ import annotations

from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.log import types


def creating(cast: Cast, **values: object) -> dict[str, object]:
    """Return what the form of a new device posts."""
    service, coverage = cast.policies()
    return {
        "name": "New pump",
        "status": "0",
        "service_policy": service.pk,
        "coverage_policy": coverage.pk,
        **values,
    }


def test_no_sim_is_a_choice_of_its_own(cast: Cast) -> None:
    (sim,) = cast.sims()
    client = cast.client(cast.member)
    path = f"/w/{cast.acme.pk}/devices/create/"
    typed = {"sim_search": sim.iccid}
    assert client.post(path, creating(cast, name="With", **typed)).status_code == 303
    assert Sim.objects.get(device__name="With") == sim
    (sim,) = cast.sims()
    assert client.post(path, creating(cast, name="Without", sim="0", sim_search=sim.iccid)).status_code == 303
    assert not Sim.objects.filter(device__name="Without").exists()
    page = client.post(path, creating(cast, name="", sim="0")).content.decode()
    assert 'name="sim" value="0" checked' in page


def test_create_without_a_sim(cast: Cast) -> None:
    client = cast.client(cast.member)
    path = f"/w/{cast.acme.pk}/devices/create/"
    answer = client.post(path, creating(cast, status="1", tags="a, b", imei="490154203237518"))
    device = Device.objects.get(name="New pump")
    assert (answer.status_code, answer["Location"]) == (303, f"/w/{cast.acme.pk}/devices/{device.pk}/")
    assert (device.status, device.tags, device.workspace_id) == (DeviceStatus.DISABLED, "a,b", cast.acme.pk)
    assert types() == [10002]


def test_create_from_a_sim(cast: Cast) -> None:
    cast.policies()
    cast.sims(25)
    (sim,) = cast.sims()
    cast.sims(25)
    client = cast.client(cast.member)
    path = f"/w/{cast.acme.pk}/devices/create/"
    page = client.get(path, {"sim": sim.pk}).content.decode()
    assert f'value="{sim.pk}" checked' in page
    assert client.post(path, creating(cast, sim=sim.pk, sim_status="1")).status_code == 303
    sim.refresh_from_db()
    assert (sim.device.name if sim.device else "", sim.status) == ("New pump", SimStatus.ACTIVATED)
    assert types() == [10002, 8, 51]
    assert "is not free in this workspace" in client.get(path, {"sim": sim.pk}).content.decode()
    (foreign,) = cast.sims(workspace=cast.umbra)
    for pk in (foreign.pk, 999_999, "x"):
        page = client.get(path, {"sim": pk}).content.decode()
        assert "is not free in this workspace" in page
        assert foreign.iccid not in page


def test_create_is_all_or_nothing_and_keeps_what_was_typed(cast: Cast) -> None:
    (used,) = cast.sims()
    cast.device(name="Holder", sim=used)
    (suspended,) = cast.sims(status=SimStatus.SUSPENDED)
    client = cast.client(cast.member)
    path = f"/w/{cast.acme.pk}/devices/create/"
    for values, field in (
        (creating(cast, sim=used.pk), "sim"),
        (creating(cast, sim=suspended.pk, sim_status="4"), "sim_status"),
        (creating(cast, sim=999_999), "sim"),
        (creating(cast, imei_lock="on"), "imei"),
        (creating(cast, name="x" * 201), "name"),
        (creating(cast, status="2"), "status"),
        (creating(cast, service_policy=cast.policies(cast.umbra)[0].pk), "service_policy"),
    ):
        answer = client.post(path, {**values, "tags": "kept"})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert 'value="kept"' in answer.content.decode()
    assert not Device.objects.filter(name="New pump").exists()
    assert types() == []


def test_create_chooses_the_only_policies(cast: Cast) -> None:
    service, coverage = cast.policies()
    client = cast.client(cast.member)
    path = f"/w/{cast.acme.pk}/devices/create/"
    chosen = client.get(path).context["form"].initial
    assert (chosen["service_policy"], chosen["coverage_policy"]) == (service.pk, coverage.pk)
    ServicePolicy.objects.create(workspace=cast.acme, name="Second")
    chosen = client.get(path).context["form"].initial
    assert ("service_policy" in chosen, chosen["coverage_policy"]) == (False, coverage.pk)
    Device.objects.all().delete()
    CoveragePolicy.objects.filter(pk=coverage.pk).delete()
    assert "one of them does not exist yet" in client.get(path).content.decode()
