"""Device policies: the page with both kinds, and creating, changing and deleting them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import DataPlan
from sims.models import CoveragePolicy, Device, ServicePolicy
from sims.states import DeviceStatus
from tests.cast import Cast
from tests.log import last, types

HTMX = {"HX-Request": "true"}
KINDS = ("service", "coverage")
TYPES = {"service": (10005, 10006, 10007), "coverage": (10008, 10009, 10010)}


def base(cast: Cast) -> str:
    return f"/w/{cast.acme.pk}/policies/"


def values(cast: Cast, kind: str, **changed: object) -> dict[str, object]:
    """Return what the form of a policy posts."""
    own: dict[str, object] = {"data": "on", "allowed_4g": "on"} if kind == "service" else {"data_plan": cast.plan.pk}
    return {"name": "Narrow", "description": "Meters", **own, **changed}


def test_both_kinds_with_their_devices(cast: Cast) -> None:
    service, coverage = cast.policies()
    cast.device()
    cast.device()
    gone = cast.device()
    Device.objects.filter(pk=gone.pk).update(status=DeviceStatus.DELETED, service_policy=None, coverage_policy=None)
    page = cast.client(cast.observer).get(base(cast)).content.decode()
    for text in ("Standard", "Worldwide", "Global Basic", "NB-IoT"):
        assert text in page
    for parameter, policy in (("service_policy", service), ("coverage_policy", coverage)):
        assert f'/devices/?{parameter}={policy.pk}">2<' in page


def test_what_a_role_may_not_do_is_not_offered(cast: Cast) -> None:
    cast.policies()
    shown = cast.client(cast.member).get(base(cast)).content.decode()
    hidden = cast.client(cast.observer).get(base(cast)).content.decode()
    for text in ("service/create/", "coverage/create/", "/delete/", "Edit"):
        assert text in shown
        assert text not in hidden


@pytest.mark.parametrize("kind", KINDS)
def test_create(cast: Cast, kind: str) -> None:
    client = cast.client(cast.member)
    page = client.get(f"{base(cast)}{kind}/create/")
    assert page.status_code == 200
    answer = client.post(f"{base(cast)}{kind}/create/", values(cast, kind))
    assert (answer.status_code, answer["Location"]) == (303, base(cast))
    assert types() == [TYPES[kind][0]]
    if kind == "service":
        policy = ServicePolicy.objects.get(name="Narrow")
        assert (policy.data, policy.allowed_4g, policy.sms_mo, policy.allowed_2g) == (True, True, False, False)
    else:
        assert CoveragePolicy.objects.get(name="Narrow").data_plan == cast.plan


@pytest.mark.parametrize("kind", KINDS)
def test_edit(cast: Cast, kind: str) -> None:
    policy = cast.policies()[KINDS.index(kind)]
    client = cast.client(cast.member)
    path = f"{base(cast)}{kind}/{policy.pk}/"
    assert policy.name in client.get(path).content.decode()
    assert client.post(path, values(cast, kind, name="Renamed")).status_code == 303
    policy.refresh_from_db()
    assert (policy.name, policy.description) == ("Renamed", "Meters")
    assert types() == [TYPES[kind][1]]
    assert last().detail["changes"]["name"] == {
        "from": "Standard" if kind == "service" else "Worldwide",
        "to": "Renamed",
    }
    assert client.post(path, values(cast, kind, name="Renamed")).status_code == 303
    assert len(types()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_needed_and_unique_whatever_its_case(cast: Cast, kind: str) -> None:
    policy = cast.policies()[KINDS.index(kind)]
    client = cast.client(cast.member)
    for name in ("", policy.name.upper()):
        answer = client.post(f"{base(cast)}{kind}/create/", values(cast, kind, name=name))
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["name"]
        assert 'value="Meters"' in answer.content.decode()
    assert types() == []


def test_a_data_plan_must_be_booked(cast: Cast) -> None:
    other = DataPlan.objects.create(name="Not booked")
    client = cast.client(cast.member)
    page = client.get(f"{base(cast)}coverage/create/").content.decode()
    assert "Not booked" not in page
    answer = client.post(f"{base(cast)}coverage/create/", values(cast, "coverage", data_plan=other.pk))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["data_plan"])
    cast.acme.data_plans.clear()
    assert "A data plan comes first" in client.get(f"{base(cast)}coverage/create/").content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_delete(cast: Cast, kind: str) -> None:
    policy = cast.policies()[KINDS.index(kind)]
    client = cast.client(cast.member)
    path = f"{base(cast)}{kind}/{policy.pk}/delete/"
    assert "No device uses it" in client.get(path, headers=HTMX).content.decode()
    answer = client.post(path, headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (200, base(cast))
    assert not type(policy)._default_manager.filter(pk=policy.pk).exists()
    assert types() == [TYPES[kind][2]]


@pytest.mark.parametrize("kind", KINDS)
def test_delete_is_refused_with_the_number_of_devices(cast: Cast, kind: str) -> None:
    policy = cast.policies()[KINDS.index(kind)]
    cast.device()
    cast.device()
    client = cast.client(cast.member)
    path = f"{base(cast)}{kind}/{policy.pk}/delete/"
    asked = client.get(path, headers=HTMX).content.decode()
    assert "2 devices use it" in asked
    assert f"?{kind}_policy={policy.pk}" in asked
    assert 'type="submit"' not in asked
    refused = client.post(path, headers=HTMX)
    assert refused.status_code == 422
    assert "2 devices use it" in refused.content.decode()
    assert types() == []


@pytest.mark.parametrize("kind", KINDS)
def test_observers_are_refused(cast: Cast, kind: str) -> None:
    policy = cast.policies()[KINDS.index(kind)]
    client = cast.client(cast.observer)
    for part in ("create/", f"{policy.pk}/", f"{policy.pk}/delete/"):
        assert client.get(f"{base(cast)}{kind}/{part}").status_code == 403
        assert client.post(f"{base(cast)}{kind}/{part}", values(cast, kind)).status_code == 403
    assert types() == []


@pytest.mark.parametrize("kind", KINDS)
def test_policies_of_others_are_not_there(cast: Cast, kind: str) -> None:
    foreign = cast.policies(cast.umbra)[KINDS.index(kind)]
    type(foreign)._default_manager.filter(pk=foreign.pk).update(name="Secret")
    client = cast.client(cast.owner)
    assert "Secret" not in client.get(base(cast)).content.decode()
    for part in (f"{foreign.pk}/", f"{foreign.pk}/delete/", "999999/"):
        for answer in (client.get(f"{base(cast)}{kind}/{part}"), client.post(f"{base(cast)}{kind}/{part}")):
            assert answer.status_code == 404
            assert "Secret" not in answer.content.decode()
    assert client.get(f"{base(cast)}other/create/").status_code == 404


def test_queries_are_few_and_constant(cast: Cast) -> None:
    cast.policies()
    client = cast.client(cast.owner)

    def count() -> int:
        client.get(base(cast))
        with CaptureQueriesContext(connection) as captured:
            client.get(base(cast))
        return len(captured)

    few = count()
    for number in range(20):
        ServicePolicy.objects.create(workspace=cast.acme, name=f"S{number}")
        CoveragePolicy.objects.create(workspace=cast.acme, name=f"C{number}", data_plan=cast.plan)
    cast.device()
    assert count() == few <= 10
