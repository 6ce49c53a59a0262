"""Moments and spans of time as people and programs write them; everything stays in range in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kit.api.criteria import span
from kit.clock import parse_moment, span_of
from kit.models import SavedFilter
from tests.kit.samples import SampleFilters

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-W47", "2026-11-16", "2026-11-23"),
        ("2026W47", "2026-11-16", "2026-11-23"),
        ("2026-W47-6", "2026-11-21", "2026-11-22"),
        ("2026-11-21", "2026-11-21", "2026-11-22"),
        ("20261121", "2026-11-21", "2026-11-22"),
        ("2026-11-21T14", "2026-11-21T14:00", "2026-11-21T15:00"),
        ("2026-11-21T14:17", "2026-11-21T14:17", "2026-11-21T14:18"),
        ("2026-11-21 14:17", "2026-11-21T14:17", "2026-11-21T14:18"),
        ("2026-11-21T14:17:30", "2026-11-21T14:17:30", "2026-11-21T14:17:31"),
        ("2026-11-21T14:17:30.250Z", "2026-11-21T14:17:30", "2026-11-21T14:17:31"),
        ("2026-11-21T14:17+02:00", "2026-11-21T12:17", "2026-11-21T12:18"),
    ],
)
def test_a_span_is_what_it_names(text: str, start: str, end: str) -> None:
    expected = tuple(datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end))
    assert span_of(text) == span(text) == expected


def test_a_day_of_a_zone_may_have_25_hours() -> None:
    start, end = span_of("2026-10-25", zone=BERLIN)
    assert (end - start).total_seconds() == 25 * 3600
    start, end = span_of("2026-W13", zone=BERLIN)
    assert (end - start).total_seconds() == (7 * 24 - 1) * 3600


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026", "2026-13", "2026-W54", "2026-W00", "2026-02-30", "2026-11-21T25"),
        *("2026-11-21T14:60", "0001-01-01", "9999-12-31", "0000-01", "2026-11-21T14:17:30+99:00", "21.11.2026"),
        "2026-11-21T",
    ],
)
def test_what_names_no_time_is_refused(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        span_of(text, zone=BERLIN)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-10:00", "9999-12-31", "0001-01-01T00:00:00Z", "2026"]
)
def test_a_moment_stays_in_range_in_every_zone(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        parse_moment(text)


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_that_is_taken_can_be_read_in_every_zone(moment: datetime) -> None:
    try:
        found = parse_moment(moment.isoformat())
    except (ValueError, OverflowError):
        found = datetime(2026, 1, 1, tzinfo=UTC)
    for name in ("Pacific/Kiritimati", "Etc/GMT+12"):
        assert timezone.localtime(found, ZoneInfo(name)) == found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "start", "end", "clean"),
    [
        ("created=2026-W47", "2026-11-15T23:00", "2026-11-22T23:00", "created=2026-W47"),
        ("created=2026-11-21T14:17", "2026-11-21T13:17", "2026-11-21T13:18", "created=2026-11-21T14:17"),
        ("created=2026-11-21T14:17..2026-11-21T14:45", "2026-11-21T13:17", "2026-11-21T13:46", ""),
        ("created=2026-11-21T14:17..", "2026-11-21T13:17", None, ""),
        ("created=2026-W46..2026-W47", "2026-11-08T23:00", "2026-11-22T23:00", ""),
        (
            "created__from=2026-11-21&created__from_time=14:17&created__to=2026-11-22",
            "2026-11-21T13:17",
            "2026-11-22T23:00",
            "created=2026-11-21T14:17..2026-11-22",
        ),
    ],
)
def test_a_filter_takes_times_and_weeks(query: str, start: str, end: str | None, clean: str) -> None:
    with timezone.override("Europe/Berlin"):
        filters = SampleFilters(QueryDict(query), SavedFilter.objects.all())
        value = filters.values["created"]
        chip = next(chip for chip in filters.chips if chip.name == "created")
    found = tuple(each and each.replace(tzinfo=None).isoformat(timespec="minutes") for each in (value.start, value.end))
    assert found == (start, end)
    assert not clean or filters.query == clean
    assert chip.context["first"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("created__from_time=14:17", "Choose the day of 14:17 too"),
        ("created=2026-11-21T14:17..2026-11-21T14:16", "ends before it begins"),
        ("created=2026-W99", "is no date"),
        ("created__from=2026-11-21&created__from_time=25:00", "is no time of day"),
    ],
)
def test_a_wrong_time_is_named(query: str, message: str) -> None:
    filters = SampleFilters(QueryDict(query), SavedFilter.objects.all())
    assert message in filters.mistakes["created"]
