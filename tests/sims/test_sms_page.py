"""The SMS console on a device's page: sending, what became of it, who may, and why it cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sims.models import Device, ServicePolicy, Sms, SmsStatus
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.build import words
from tests.log import last, types

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(cast: Cast) -> Device:
    """A device that can receive."""
    policy = ServicePolicy.objects.create(workspace=cast.acme, name="Everything", sms_mt=True)
    sim = cast.sims(1, status=SimStatus.ACTIVATED)[0]
    made = cast.device(sim=sim, status=DeviceStatus.ENABLED)
    Device.objects.filter(pk=made.pk).update(service_policy=policy)
    return made


def url(device: Device) -> str:
    return f"/w/{device.workspace_id}/devices/{device.pk}/sms/"


def test_a_message_is_sent_told_and_listed(cast: Cast, device: Device) -> None:
    client = cast.client(cast.member)
    assert "Nothing was sent to this device yet." in words(client.get(url(device)).content.decode())
    sent = client.post(url(device), {"payload": "reboot <now>", "source_address": "12345"})
    assert (sent.status_code, sent["Location"]) == (303, url(device))
    sms = Sms.objects.get()
    assert (sms.payload, sms.source_address, sms.status) == ("reboot <now>", "12345", SmsStatus.PENDING)
    assert types(cast.acme) == [10013]
    assert last().user_id == cast.member.pk
    html = client.get(url(device)).content.decode()
    assert "reboot &lt;now&gt;" in html
    assert "Delivery attempt pending ends in 24 h" in words(html)
    assert 'hx-trigger="every 20s"' in html
    Sms.objects.update(status=SmsStatus.DELIVERED, delivered=timezone.now())
    html = client.get(url(device)).content.decode()
    assert "Delivered" in html
    assert 'hx-trigger="every 20s"' not in html
    tab = client.get(f"/w/{cast.acme.pk}/devices/{device.pk}/").content.decode()
    assert f'href="{url(device)}"' in tab


def test_one_whose_time_is_over_is_expired(cast: Cast, device: Device) -> None:
    client = cast.client(cast.member)
    client.post(url(device), {"payload": "hello", "source_address": ""})
    Sms.objects.update(expires=timezone.now() - timedelta(minutes=1))
    assert "Expired" in words(client.get(url(device)).content.decode())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"payload": ""}, "This field is required."),
        ({"payload": "x" * 1001}, "at most 1000 characters"),
        ({"payload": "x", "source_address": "§§"}, "A sender has at most 20 digits or letters."),
    ],
)
def test_wrong_input_is_named_at_its_field_and_kept(
    cast: Cast, device: Device, data: dict[str, str], said: str
) -> None:
    answer = cast.client(cast.member).post(url(device), data)
    assert answer.status_code == 422
    assert said in words(answer.content.decode())
    assert not Sms.objects.exists()
    assert types(cast.acme) == []


def test_where_it_cannot_receive_the_page_says_why_before_anybody_types(cast: Cast, device: Device) -> None:
    client = cast.client(cast.member)
    Device.objects.filter(pk=device.pk).update(status=DeviceStatus.DISABLED)
    html = client.get(url(device)).content.decode()
    assert "The device is disabled. Enable it first." in words(html)
    assert 'name="payload"' not in html
    answer = client.post(url(device), {"payload": "x"})
    assert answer.status_code == 422
    assert "The device is disabled. Enable it first." in words(answer.content.decode())
    assert not Sms.objects.exists()


def test_observers_read_and_strangers_find_nothing(cast: Cast, device: Device) -> None:
    cast.client(cast.member).post(url(device), {"payload": "reboot"})
    observer = cast.client(cast.observer)
    html = observer.get(url(device)).content.decode()
    assert "reboot" in html
    assert "Send SMS" not in html
    assert observer.post(url(device), {"payload": "x"}).status_code == 403
    outsider = cast.client(cast.outsider)
    assert outsider.get(url(device)).status_code == 404
    elsewhere = url(device).replace(f"/w/{cast.acme.pk}/", f"/w/{cast.umbra.pk}/")
    assert outsider.get(elsewhere).status_code == 404
    assert outsider.post(elsewhere, {"payload": "x"}).status_code == 404
    assert Sms.objects.count() == 1


def test_the_same_queries_for_one_message_and_many(cast: Cast, device: Device) -> None:
    client = cast.client(cast.member)
    client.post(url(device), {"payload": "one"})

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(url(device))
        return len(captured)

    queries()
    one = queries()
    first = Sms.objects.get()
    values = {"workspace_id": first.workspace_id, "device_id": first.device_id, "sim_id": first.sim_id}
    Sms.objects.bulk_create(
        Sms(**values, payload=f"n{n}", source_address="1", expires=first.expires) for n in range(150)
    )
    assert queries() == one
    text = words(client.get(url(device)).content.decode())
    assert "These are the last 100" in text
    assert "n149" in text
