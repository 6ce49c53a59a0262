"""An address with a zone ("fe80::1%eth0") is none: PostgreSQL takes no such address, and SQLite would keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from accounts.sign_in.hashers import sha1_hex
from accounts.tokens.services import create_application_token
from kit.errors import Invalid
from portal.middleware import client_ip
from sims.devices.services.devices import NewDevice, create_devices, update_devices
from sims.models import Device
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.doors.trying import answer_of

ZONED = ("fe80::1%eth0", "::1%1", "fe80::2%")


def changed(cast: Cast, text: str) -> Any:
    device = cast.device()
    with cast.acting(cast.owner):
        outcome = update_devices(workspace_id=cast.acme.pk, changes={device.pk: {"ip_address": text}})
    for refusal in outcome.refused:
        raise Invalid(refusal.reason, code=refusal.code)


def created(cast: Cast, text: str) -> Any:
    service, coverage = cast.policies()
    new = NewDevice(name="Pump", service_policy_id=service.pk, coverage_policy_id=coverage.pk, ip_address=text)
    with cast.acting(cast.owner):
        create_devices(workspace_id=cast.acme.pk, devices=[new])


def changed_by_call(cast: Cast, text: str) -> Any:
    return sign_in(cast.owner).patch(f"/endpoint/{cast.device().pk}", {"ip_address": text})


def changed_by_many(cast: Cast, text: str) -> Any:
    body = [{"id": cast.device().pk, "ip_address": text, "ip_address_space": {"id": 1}}]
    return sign_in(cast.owner).call("PATCH", "/endpoint/multi", body, version=2)


def created_by_call(cast: Cast, text: str) -> Any:
    service, coverage = cast.policies()
    body = {
        "name": "Pump",
        "status": {"id": 1},
        "service_profile": {"id": service.pk},
        "tariff_profile": {"id": coverage.pk},
        "ip_address": text,
        "ip_address_space": {"id": 1},
    }
    return sign_in(cast.owner).post("/endpoint", body)


def changed_by_page(cast: Cast, text: str) -> Any:
    device = cast.device()
    data = {"name": "Pump", "service_policy": device.service_policy_id, "ip_address": text}
    address = reverse("sims:device_edit", args=[cast.acme.pk, device.pk])
    return cast.client(cast.owner).post(address, {**data, "coverage_policy": device.coverage_policy_id})


def token_range(cast: Cast, text: str) -> Any:
    with cast.acting(cast.owner):
        create_application_token(workspace_id=cast.acme.pk, description="ERP", ip=f"{text}/64")


DOORS: dict[str, Callable[[Cast, str], Any]] = {
    "changed": changed,
    "created": created,
    "API: changed": changed_by_call,
    "API: many changed": changed_by_many,
    "API: created": created_by_call,
    "portal: changed": changed_by_page,
    "token": token_range,
}


@pytest.mark.django_db
@pytest.mark.parametrize("address", ZONED)
@pytest.mark.parametrize("name", DOORS)
def test_it_is_refused(cast: Cast, name: str, address: str) -> None:
    answer = answer_of(lambda cast: DOORS[name](cast, address), cast)
    assert answer not in ("open", "database", "500"), answer
    assert not Device.objects.filter(ip_address__isnull=False).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("address", ZONED)
def test_looking_for_it_finds_nothing(cast: Cast, address: str) -> None:
    client = cast.client(cast.owner)
    for query in ({"ip_address": address}, {"q": address}):
        assert client.get(reverse("sims:device_list", args=[cast.acme.pk]), query).status_code == 200
    assert cast.client(cast.staff).get("/admin/sims/device/", {"q": address}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_client_with_a_zone_is_known_without_it_and_counted(cast: Cast) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="fe80::1%eth0")
    assert client_ip(request) == "fe80::1"
    client = Client(REMOTE_ADDR="fe80::1%eth0")
    body = {"username": cast.member.email, "password": sha1_hex("wrong")}
    for count in (1, 2):
        answer = client.post("/api/v1/authenticate", body, content_type="application/json")
        assert answer.status_code in (401, 403)
        assert User.objects.get(pk=cast.member.pk).failed_sign_ins == count
