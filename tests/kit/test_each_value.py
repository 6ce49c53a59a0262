"""Rows that get values of their own in one statement: every type of column comes back as it went."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext

from kit.querysets import CHUNK
from sims.models import Device
from tests.cast import Cast

TEXTS = (
    "plain",
    "Pumpe “Süd” 東京 🚰",
    "it's; DROP TABLE --",
    '{"a": [1, "\\"]}',
    "%s %(x)s",
    "0012",
    "line\nbreak",
    "",
)


def test_values_come_back_as_they_went(cast: Cast) -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    addresses = ("10.0.0.{}", None, "2001:db8::{}")
    for n, text in enumerate(TEXTS):
        device = cast.device(name="before", tags="old", imei_lock=bool(n % 2))
        device.tags, device.imei_lock, device.last_updated = text, not n % 2, moment
        address = addresses[n % 3]
        device.ip_address = address and address.format(n + 1)
        device.service_policy_id = cast.policies()[0].pk
        untouched = device.name
        device.name = "not written"
        fields = ["tags", "imei_lock", "last_updated", "ip_address", "service_policy"]
        Device.objects.all().update_each([device], fields)
        found = Device.objects.get(pk=device.pk)
        assert {name: getattr(found, name) for name in fields} == {name: getattr(device, name) for name in fields}
        assert found.name == untouched


def test_many_are_one_statement_and_others_stay(cast: Cast) -> None:
    devices = [cast.device(name="before") for _ in range(60)]
    other = cast.device(name="before")
    for device in devices:
        device.name = f"after {device.pk}"
    with CaptureQueriesContext(connection) as captured:
        Device.objects.update_each(devices, ["name"])
        Device.objects.update_each([], ["name"])
    assert len(captured) == 1
    assert len(devices) <= CHUNK
    assert set(Device.objects.values_list("pk", "name")) == {(d.pk, f"after {d.pk}") for d in devices} | {
        (other.pk, "before")
    }
