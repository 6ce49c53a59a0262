"""A message to a device: it counts once, and is delivered when the network says so, or expires."""

from __future__ import annotations

import json
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from kit.network_feed import network_feed_token
from portal.demo.network import DemoNetwork
from sims.connectivity.services.messages import SmsText, send_sms
from sims.models import BlockedOperator, Device, Sim, Sms, SmsStatus, UsageDay, UsageRecord
from sims.states import SimStatus
from sims.usage.services.deliveries import record_id_of_sms
from sims.usage.tasks import sweep_messages
from tests.cast import Cast
from tests.usage.records import deliver, record

pytestmark = pytest.mark.sqlite_too("messages are counted and expire by SQL")


def send(cast: Cast) -> tuple[Sim, Sms]:
    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    with cast.acting(cast.owner):
        sms = send_sms(workspace_id=cast.acme.pk, device_id=device.pk, sms=SmsText("reboot"))
    return sim, sms


def state(sms: Sms) -> int:
    return Sms.objects.values_list("status", flat=True).get(pk=sms.pk)


def test_the_network_delivers_and_it_counts_once(cast: Cast) -> None:
    sim, sms = send(cast)
    assert state(sms) == SmsStatus.PENDING
    ended = timezone.now()
    report = deliver(record(sim, sms=1, id=record_id_of_sms(sms.pk), ended=ended))
    assert (report.accepted, report.duplicates, report.rejected) == (0, 1, [])
    sms.refresh_from_db()
    assert (sms.status, sms.delivered) == (SmsStatus.DELIVERED, ended)
    assert UsageRecord.objects.count() == 1
    assert (UsageDay.objects.get().sms_total, UsageDay.objects.get().sms_mt) == (1, 1)
    # Told again it stays as it is.
    deliver(record(sim, sms=1, id=record_id_of_sms(sms.pk)))
    sms.refresh_from_db()
    assert sms.delivered == ended


def test_only_a_record_of_its_sim_delivers_it(cast: Cast) -> None:
    sim, sms = send(cast)
    other, _ = send(cast)
    deliver(record(other, sms=1, id=record_id_of_sms(sms.pk)))
    deliver(record(sim, sms=1))
    deliver(record(sim, mb="1", id=record_id_of_sms(sms.pk)))
    assert state(sms) == SmsStatus.PENDING
    deliver({**record(sim, sms=1, id=record_id_of_sms(sms.pk)), "sim": {"id": sim.pk}})
    assert state(sms) == SmsStatus.DELIVERED


def test_it_expires(cast: Cast) -> None:
    sim, sms = send(cast)
    assert sweep_messages() == 0
    Sms.objects.filter(pk=sms.pk).update(expires=timezone.now() - timedelta(seconds=1))
    assert sweep_messages() == 1
    assert state(sms) == SmsStatus.EXPIRED
    # Too late.
    deliver(record(sim, sms=1, id=record_id_of_sms(sms.pk)))
    assert state(sms) == SmsStatus.EXPIRED


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> DemoNetwork:
    """The demo's network, whose posts reach the test client."""

    class Answer:
        def __init__(self, body: bytes) -> None:
            self.body = body

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None:
            return None

        def read(self, *_: Any) -> bytes:
            return self.body

    def post(request: urllib.request.Request, timeout: int) -> Answer:
        answer = Client().post(
            urlsplit(request.full_url).path,
            request.data,
            content_type="application/json",
            headers={"authorization": str(request.get_header("Authorization"))},
        )
        assert answer.status_code == 200, answer.content
        assert not json.loads(answer.content)["rejected"]
        return Answer(answer.content)

    monkeypatch.setattr("portal.demo.network.urllib.request.urlopen", post)
    return DemoNetwork(url="http://testserver", token=network_feed_token(), devices=5, tested=1, seed=7)


def test_the_demos_network_delivers_what_waits(cast: Cast, player: DemoNetwork) -> None:
    _sim, sms = send(cast)
    _sim, stuck = send(cast)
    Device.objects.filter(pk=stuck.device_id).update(status=1)
    assert "1 duplicates" in player.deliver()
    assert (state(sms), state(stuck)) == (SmsStatus.DELIVERED, SmsStatus.PENDING)
    assert UsageRecord.objects.filter(record_id=record_id_of_sms(sms.pk)).count() == 1


def test_the_demos_network_keeps_off_blocked_networks(cast: Cast, player: DemoNetwork) -> None:
    from portal.demo.network import OPERATORS

    (sim,) = cast.sims(1, status=SimStatus.ACTIVATED)
    device = cast.device(sim=sim)
    for operator_id in OPERATORS[1:]:
        BlockedOperator.objects.create(device=device, operator_id=operator_id)
    for _ in range(8):
        assert "1 records: 1 accepted" in player.deliver()
    used = {row["operator"]["id"] for row in UsageRecord.objects.values_list("payload", flat=True)}
    assert used == {OPERATORS[0]}
    BlockedOperator.objects.create(device=device, operator_id=OPERATORS[0])
    assert player.deliver() == ""
