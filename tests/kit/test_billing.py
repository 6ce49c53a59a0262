"""Months of charges are cut in one zone, whoever reads."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone
from pytest_django import Settings

from kit.billing import (
    begin_of,
    billing_day,
    billing_month,
    charged_until_text,
    month_after,
    month_before,
    month_begin,
    month_text,
)

LAST_EVENING = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
"""Tokyo has the first of December already."""
FIRST_NIGHT = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
"""Los Angeles still has November."""


@pytest.mark.parametrize("reader", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
def test_a_reader_elsewhere_reads_the_same(reader: str) -> None:
    with timezone.override(reader):
        assert (month_text(LAST_EVENING), charged_until_text(LAST_EVENING)) == ("November 2026", "1 December 2026")
        assert (month_text(FIRST_NIGHT), charged_until_text(FIRST_NIGHT)) == ("December 2026", "1 January 2027")


@pytest.mark.parametrize(
    ("zone", "months", "began"),
    [
        ("UTC", (11, 12), datetime(2026, 11, 1, tzinfo=UTC)),
        ("Asia/Tokyo", (12, 12), datetime(2026, 11, 30, 15, tzinfo=UTC)),
        ("America/Los_Angeles", (11, 11), datetime(2026, 11, 1, 7, tzinfo=UTC)),
    ],
)
def test_the_operators_zone_decides(settings: Settings, zone: str, months: tuple[int, int], began: datetime) -> None:
    settings.BILLING_ZONE = zone
    assert (billing_month(LAST_EVENING).month, billing_month(FIRST_NIGHT).month) == months
    assert month_begin(LAST_EVENING) == began


def test_months_follow_each_other_over_the_year() -> None:
    assert month_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert month_before(date(2027, 1, 31)) == date(2026, 12, 1)
    assert month_after(date(2027, 1, 31)) == date(2027, 2, 1)


def test_a_month_begins_at_midnight_of_its_zone_with_and_without_summer_time(settings: Settings) -> None:
    settings.BILLING_ZONE = "Europe/Berlin"
    assert begin_of(date(2026, 7, 1)) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert begin_of(date(2026, 12, 1)) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert billing_day(datetime(2026, 6, 30, 22, tzinfo=UTC)) == date(2026, 7, 1)
