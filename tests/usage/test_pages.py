"""What pages show of usage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Workspace
from sims.models import Sim
from sims.states import SimStatus
from sims.usage.progress import progress
from tests.cast import Cast
from tests.events.build import words
from tests.usage.records import deliver, in_test, record


def test_a_sim_in_test_shows_its_meters_and_its_days(cast: Cast) -> None:
    (sim,) = in_test(cast, since=timezone.now() - timedelta(days=3, hours=1))
    deliver(record(sim, mb="0.0123"), record(sim, sms=4))
    page = cast.client(cast.observer).get(f"/w/{cast.acme.pk}/sims/{sim.pk}/?tab=usage")
    text = page.content.decode()
    assert "12.3 of 100\u00a0KB" in text
    assert "4 of 10" in text
    assert "177 days left" in text
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


def test_how_far_a_test_is_stands_on_the_sim_its_device_and_in_the_list(cast: Cast) -> None:
    sim = cast.sims(1, status=SimStatus.FACTORY_TEST)[0]
    device = cast.device(sim=sim)
    began = datetime(2026, 11, 10, 12, tzinfo=UTC)
    Workspace.objects.filter(pk=cast.acme.pk).update(
        factory_test_bytes=100_000, factory_test_sms=10, factory_test_days=90
    )
    Sim.objects.filter(pk=sim.pk).update(tested_bytes=25_400, tested_sms=3, factory_test_since=began)
    cast.owner.preferences = {"tables": {"sims": {"columns": ["iccid", "test"]}}}
    cast.owner.save()
    client = cast.client(cast.owner)
    base = f"/w/{cast.acme.pk}/"
    for path in (f"sims/{sim.pk}/", f"sims/{sim.pk}/?tab=usage", f"devices/{device.pk}/", "sims/"):
        text = words(client.get(base + path).content.decode()).replace("\xa0", " ")
        for expected in ("25.4 of 100 KB", "3 of 10", "ends 8 February 2027"):
            assert expected in text, (path, expected)
    Sim.objects.filter(pk=sim.pk).update(status=SimStatus.ACTIVATED)
    for path in (f"sims/{sim.pk}/", f"devices/{device.pk}/", "sims/"):
        assert "ends 8 February" not in words(client.get(base + path).content.decode()), path


@pytest.mark.parametrize(
    ("used", "most", "text"),
    [
        (0, 100_000, "0 of 100 KB"),
        (25_400, 100_000, "25.4 of 100 KB"),
        (900, 1_000_000, "900 B of 1.00 MB"),
        (2_000_000, 1_000_000, "1.00 of 1.00 MB"),
    ],
)
def test_a_volume_is_told_with_one_unit_or_both(cast: Cast, used: int, most: int, text: str) -> None:
    cast.acme.factory_test_bytes = most
    now = datetime(2026, 11, 10, tzinfo=UTC)
    assert progress(used, 0, now, cast.acme, now).data_text.replace("\xa0", " ") == text
