"""What pages show of usage."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from sims.models import Sim
from tests.cast import Cast
from tests.usage.records import deliver, in_test, record


def test_a_sim_in_test_shows_its_meters_and_its_days(cast: Cast) -> None:
    (sim,) = in_test(cast, since=timezone.now() - timedelta(days=3, hours=1))
    deliver(record(sim, mb="0.0123"), record(sim, sms=4))
    page = cast.client(cast.observer).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/?tab=usage")
    text = page.content.decode()
    assert "12,300 of 100,000 bytes" in text
    assert "4 of 10" in text
    assert "177 days left of 180" in text
    assert text.count("<meter") == 3
    assert "12.3\u00a0KB" in text
    assert text.count('scope="row"') == 30


def test_others_have_no_meters(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    text = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/?tab=usage").content.decode()
    assert "<meter" not in text
    assert "Last 30 days" in text


def test_usage_stays_where_it_was_used(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    device = cast.device(sim=sim)
    deliver(record(sim, mb="7"))
    Sim.objects.filter(pk=sim.pk).update(workspace=cast.bolt, device=None)
    assert device.pk
    text = cast.client(cast.owner).get(f"/w/{cast.bolt.pk}/sims/{sim.pk}/?tab=usage").content.decode()
    assert "7.00\u00a0MB" not in text


def test_the_inventory_finds_sims_near_a_limit(cast: Cast) -> None:
    near_data, near_sms, far = in_test(cast, 3)
    deliver(record(near_data, mb="0.08"), record(near_sms, sms=8), record(far, sms=7), record(far, mb="0.079999"))
    text = cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/?near=1").content.decode()
    assert f'id="sim-{near_data.pk}"' in text
    assert f'id="sim-{near_sms.pk}"' in text
    assert f'id="sim-{far.pk}"' not in text
    assert "Near a limit" in text
