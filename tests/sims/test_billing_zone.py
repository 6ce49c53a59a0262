"""What dialogs and figures say about a month does not depend on who reads (`docs/rules.md` section 1)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from pytest_django import Settings

from sims.devices.services.status import preview_device_action
from sims.inventory.services.assignment import preview_release
from sims.inventory.services.status import preview_sim_status
from sims.models import UsageDay
from sims.states import SimStatus
from sims.usage.views import usage_context
from tests.cast import Cast
from tests.usage.records import deliver, record

LAST_EVENING = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
"""Tokyo has the first of December already."""
FIRST_NIGHT = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
"""Los Angeles still has November."""


def _said(cast: Cast, moment: datetime, reader: str) -> list[str]:
    """Return every sentence about charges that a person in a zone reads at a moment."""
    active, asleep = cast.sims(status=1)[0], cast.sims(status=2)[0]
    device, other = cast.device(sim=active), cast.device(sim=asleep, status=1)
    acme = cast.acme.pk
    with cast.acting(cast.owner, moment=moment), timezone.override(reader):
        return [
            *preview_sim_status(workspace_id=acme, sim_ids=[active.pk], to=SimStatus.SUSPENDED).notes,
            *preview_sim_status(workspace_id=acme, sim_ids=[asleep.pk], to=SimStatus.ACTIVATED).notes,
            *preview_device_action(workspace_id=acme, device_ids=[device.pk], what="disable").notes,
            *preview_device_action(workspace_id=acme, device_ids=[other.pk], what="enable").notes,
            *preview_release(workspace_id=acme, device_ids=[device.pk], suspend=True).notes,
        ]


@pytest.mark.parametrize(
    ("moment", "month", "stops"),
    [(LAST_EVENING, "November 2026", "1 December 2026"), (FIRST_NIGHT, "December 2026", "1 January 2027")],
)
def test_readers_in_tokyo_and_los_angeles_are_told_the_same(
    cast: Cast, moment: datetime, month: str, stops: str
) -> None:
    tokyo, angeles = (_said(cast, moment, zone) for zone in ("Asia/Tokyo", "America/Los_Angeles"))
    assert tokyo == angeles
    assert sum(month in note for note in tokyo) == 2
    assert sum(f"Charging stops on {stops}" in note for note in tokyo) == 3


def test_the_operators_zone_cuts_what_is_said(cast: Cast, settings: Settings) -> None:
    settings.BILLING_ZONE = "Asia/Tokyo"
    assert any("Charging stops on 1 January 2027" in note for note in _said(cast, LAST_EVENING, "UTC"))


@pytest.mark.parametrize(("zone", "day"), [("UTC", date(2026, 11, 30)), ("Asia/Tokyo", date(2026, 12, 1))])
def test_days_of_usage_and_the_sum_of_the_month_are_cut_there_too(
    cast: Cast, settings: Settings, zone: str, day: date
) -> None:
    settings.BILLING_ZONE = zone
    (sim,) = cast.sims(status=1)
    cast.device(sim=sim)
    deliver(record(sim, mb="7", ended=LAST_EVENING), moment=FIRST_NIGHT)
    assert list(UsageDay.objects.values_list("day", flat=True)) == [day]
    with timezone.override("America/Los_Angeles"):
        seen = usage_context(sim, cast.acme, FIRST_NIGHT)
    assert seen["month"] == "December 2026"
    assert seen["pictures"][0].month == ("7.00\u00a0MB" if day.month == 12 else "0\u00a0B")
