"""The device list: what it shows, finds, sorts and offers."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sims.identifiers import iccid_with_luhn
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("smoke: the pages of devices, their lists and search")

BULK_BUTTONS = ("Enable", "Disable", "Reset connectivity", "Change tags", "Delete")


def listed(client: Client, cast: Cast, query: str = "") -> list[str]:
    """Return the names of the devices a list shows, in its order."""
    response = client.get(f"/w/{cast.acme.pk}/devices/{query}")
    assert response.status_code == 200, response.content.decode()[:500]
    return re.findall(r'class="row-link"[^>]*><bdi>([^<]+)</bdi></a>', response.content.decode())


def buttons(page: str) -> list[str]:
    """Return the words on the buttons of the bulk bar."""
    found = re.findall(r"<button[^>]*data-bulk-action[^>]*>(?:<svg.*?</svg>)?([^<]+)</button>", page, re.DOTALL)
    return [text.strip() for text in found]


@pytest.fixture
def fleet(cast: Cast) -> dict[str, Device]:
    """Four devices that differ in everything a list can be narrowed by."""
    first, second = cast.sims(2, status=SimStatus.ACTIVATED)
    # Numbers that share no run of digits at their ends: the filter finds parts of them.
    Sim.objects.filter(pk=first.pk).update(iccid="8988303000004711538")
    Sim.objects.filter(pk=second.pk).update(iccid="8988303000002946017", status=SimStatus.SUSPENDED, eid="8" * 32)
    service = ServicePolicy.objects.create(workspace=cast.acme, name="Data only")
    coverage = CoveragePolicy.objects.create(workspace=cast.acme, name="Europe", data_plan=cast.plan)
    made = {
        "Alpha": cast.device(
            name="Alpha", sim=first, imei="490154203237518", ip_address="10.192.0.7", tags="north,fleet-one"
        ),
        "Beta": cast.device(
            name="Beta", sim=second, status=DeviceStatus.DISABLED, ip_address="10.193.0.7", tags="south,fleet-two"
        ),
        "Gamma": cast.device(name="Gamma", imei="356938035643809"),
        "Old": cast.device(name="Old", status=DeviceStatus.DELETED),
    }
    Device.objects.filter(pk=made["Gamma"].pk).update(service_policy=service, coverage_policy=coverage)
    Device.objects.filter(pk=made["Old"].pk).update(service_policy=None, coverage_policy=None)
    return made


def test_list_shows_what_a_device_is_and_holds(cast: Cast, fleet: dict[str, Device]) -> None:
    client = cast.client(cast.owner)
    page = client.get(f"/w/{cast.acme.pk}/devices/").content.decode()
    sim = Sim.objects.get(device=fleet["Alpha"])
    assert f'href="/w/{cast.acme.pk}/devices/{fleet["Alpha"].pk}/"' in page
    assert f'href="/w/{cast.acme.pk}/sims/{sim.pk}/"' in page
    for text in ("Enabled", "Disabled", "Activated", "Suspended", "fleet-one", "Standard", "Worldwide"):
        assert text in page
    assert iccid_with_luhn(sim.iccid) in page
    assert "Online" not in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Gamma", "Beta", "Alpha"]),
        ("?status=2", ["Old"]),
        ("?status=0", ["Gamma", "Alpha"]),
        ("?status=0,2", ["Old", "Gamma", "Alpha"]),
        ("?name=alp", ["Alpha"]),
        ("?name=*a", ["Gamma", "Beta", "Alpha"]),
        ("?name=a*a", ["Alpha"]),
        ("?name=alp,gam", ["Gamma", "Alpha"]),
        ("?name=alp&status=1", []),
        ("?tag=north", ["Alpha"]),
        ("?tag=fleet-*", ["Beta", "Alpha"]),
        ("?tag=fleet", ["Beta", "Alpha"]),
        ("?tag=*-two", ["Beta"]),
        ("?imei=4901", ["Alpha"]),
        ("?imei=49-015420-323751-8", ["Alpha"]),
        ("?imei=*43809", ["Gamma"]),
        ("?ip_address=10.192", ["Alpha"]),
        ("?ip_address=10.19*.7", ["Beta", "Alpha"]),
        ("?ip_address=10.193.0.7", ["Beta"]),
        ("?eid=" + "8" * 32, ["Beta"]),
        ("?eid=*8", ["Beta"]),
        ("?sim=none", ["Gamma"]),
        ("?sim=any", ["Beta", "Alpha"]),
        ("?sim=1", ["Alpha"]),
        ("?sim=2,none", ["Gamma", "Beta"]),
        ("?q=GAMMA", ["Gamma"]),
        ("?q=north", ["Alpha"]),
        ("?q=10.193", ["Beta"]),
        ("?q=3569380", ["Gamma"]),
        ("?q=fleet+alpha", ["Alpha"]),
        ("?q=*", []),
        ("?created=..1999-12-31", []),
        ("?sort=name", ["Alpha", "Beta", "Gamma"]),
        ("?sort=-name", ["Gamma", "Beta", "Alpha"]),
        ("?sort=imei", ["Beta", "Gamma", "Alpha"]),
        ("?sort=status&name=*a", ["Alpha", "Gamma", "Beta"]),
    ],
)
def test_each_filter_and_order(cast: Cast, fleet: dict[str, Device], query: str, names: list[str]) -> None:
    assert listed(cast.client(cast.owner), cast, query) == names


def test_iccid_with_and_without_its_luhn_digit(cast: Cast, fleet: dict[str, Device]) -> None:
    client = cast.client(cast.owner)
    iccid = Sim.objects.get(device=fleet["Alpha"]).iccid
    full = iccid_with_luhn(iccid)
    for text in (iccid, full, " ".join((full[:10], full[10:])), f"*{iccid[-4:]}", iccid[-5:]):
        assert "Alpha" in listed(client, cast, f"?iccid={text}")
    # The last digits as they stand on the card and on the page, the computed one included.
    for text in (f"?iccid={full[-6:]}", f"?iccid=*{full[-6:]}", f"?q={full[-6:]}", f"?iccid=89*{full[-5:]},12345"):
        assert listed(client, cast, text) == ["Alpha"], text
    assert listed(client, cast, f"?iccid={full}") == listed(client, cast, f"?q={full}") == ["Alpha"]
    wrong = f"{iccid}{(int(full[-1]) + 1) % 10}"
    assert "The check digit of ICCID" in client.get(f"/w/{cast.acme.pk}/devices/?iccid={wrong}").content.decode()


def test_device_id_and_policies(cast: Cast, fleet: dict[str, Device]) -> None:
    client, gamma = cast.client(cast.owner), fleet["Gamma"]
    gamma.refresh_from_db()
    assert listed(client, cast, f"?id={gamma.pk}") == ["Gamma"]
    assert listed(client, cast, f"?q={gamma.pk}") == ["Gamma"] or gamma.pk < 1000
    assert listed(client, cast, f"?service_policy={gamma.service_policy_id}") == ["Gamma"]
    assert listed(client, cast, f"?coverage_policy={fleet['Alpha'].coverage_policy_id}") == ["Beta", "Alpha"]
    page = client.get(f"/w/{cast.acme.pk}/devices/?id=1*").content.decode()
    assert "cannot be a value of Device ID" in page
    assert "row-link" not in page


def test_a_pasted_list_of_many_values(cast: Cast, fleet: dict[str, Device]) -> None:
    client = cast.client(cast.owner)
    path = f"/w/{cast.acme.pk}/devices/"
    for name, wanted, filler in (
        ("iccid", Sim.objects.get(device=fleet["Beta"]).iccid, [f"8988303999{n:09d}" for n in range(200)]),
        ("tag", "SOUTH", [f"tag-{n}" for n in range(200)]),
        ("ip_address", "10.193.0.7", [f"10.1.{n}.9" for n in range(200)] + ["no address"]),
        ("name", "Beta", [f"Device {n}" for n in range(200)]),
    ):
        posted = client.post(path, {name: "\n".join([*filler, wanted])}, follow=True)
        assert re.findall(r'class="row-link"[^>]*><bdi>([^<]+)</bdi></a>', posted.content.decode()) == ["Beta"], name
        assert f"{name}=list:" in posted.redirect_chain[-1][0]


def test_an_unknown_order_is_told_and_not_followed(cast: Cast, fleet: dict[str, Device]) -> None:
    page = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/devices/?sort=workspace__name").content.decode()
    assert "cannot be sorted by" in page
    assert page.index("Gamma") < page.index("Alpha")


def test_a_role_that_may_not_act_is_offered_nothing(cast: Cast, fleet: dict[str, Device]) -> None:
    path = f"/w/{cast.acme.pk}/devices/"
    seen = cast.client(cast.member).get(path).content.decode()
    assert set(BULK_BUTTONS) <= set(buttons(seen))
    assert "Create device" in seen
    hidden = cast.client(cast.observer).get(path).content.decode()
    assert buttons(hidden) == []
    assert "Create device" not in hidden
    assert "Alpha" in hidden


def test_an_empty_workspace_says_what_will_be_here(cast: Cast) -> None:
    path = f"/w/{cast.acme.pk}/devices/"
    assert "No devices yet" in cast.client(cast.owner).get(path).content.decode()
    assert f"{path}create/" in cast.client(cast.owner).get(path).content.decode()
    assert f"{path}create/" not in cast.client(cast.observer).get(path).content.decode()


def test_strangers_see_nothing(cast: Cast, fleet: dict[str, Device]) -> None:
    assert cast.client(cast.outsider).get(f"/w/{cast.acme.pk}/devices/").status_code == 404
    own = cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/devices/?q=Alpha&status=0,1,2").content.decode()
    assert "row-link" not in own
    policy = fleet["Alpha"].service_policy_id
    other = cast.client(cast.outsider).get(f"/w/{cast.umbra.pk}/devices/?service_policy={policy}").content.decode()
    assert "is no choice of" in other


def test_queries_are_few_and_constant(cast: Cast) -> None:
    client = cast.client(cast.owner)
    path = reverse("sims:device_list", args=[cast.acme.pk])

    def count(query: str = "") -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(path + query)
        return len(captured)

    for sim in cast.sims(2):
        cast.device(sim=sim, tags="a,b")
    few = count(), count("?q=pump"), count("?tag=a*&sim=any&sort=sim")
    for sim in cast.sims(60):
        cast.device(sim=sim, tags="a,b,c")
    many = count(), count("?q=pump"), count("?tag=a*&sim=any&sort=sim")
    assert few == many
    assert max(many) <= 11
