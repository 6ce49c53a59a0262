"""How the moment of `?at=` is read and written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from django.utils import timezone

from events.then.moment import stamp, then_of
from kit.errors import Invalid

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-03T14:00", datetime(2025, 11, 3, 13, tzinfo=UTC)),
        ("2025-11-03 14:00:05", datetime(2025, 11, 3, 13, 0, 5, tzinfo=UTC)),
        ("2025-07-03T14:00", datetime(2025, 7, 3, 12, tzinfo=UTC)),
        ("2025-11-03T14:00Z", datetime(2025, 11, 3, 14, tzinfo=UTC)),
        ("2025-11-03T14:00:00.123456+09:00", datetime(2025, 11, 3, 5, 0, 0, 123456, tzinfo=UTC)),
        ("2025-11-03", datetime(2025, 11, 2, 23, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_the_readers(text: str, moment: datetime) -> None:
    with timezone.override(BERLIN):
        then = then_of(RequestFactory().get("/", {"at": text}))
    assert then.until == moment


def test_it_is_written_with_its_zone() -> None:
    with timezone.override(BERLIN):
        then = then_of(RequestFactory().get("/", {"at": "2025-11-03T14:00"}))
        assert then.text == "3 November 2025, 14:00 (CET)"
        assert then.field == "2025-11-03T14:00"
        exact = then_of(RequestFactory().get("/", {"at": "2025-11-03T13:00:07.5Z"}))
        assert exact.text == "3 November 2025, 14:00:07 (CET)"
        assert exact.field == "2025-11-03T14:00:07"
        assert exact.stamp == stamp(exact.moment) == "2025-11-03T13:00:07.500000Z"


def test_none_is_now_and_counts_everything() -> None:
    then = then_of(RequestFactory().get("/", {"at": " "}))
    assert then.until is None
    assert abs(then.moment - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["yesterday", "2025-13-01T00:00", "0001-01-01T00:00", "9999-12-31T23:00", "²", "1" * 400]
)
def test_what_is_no_moment_says_so(text: str) -> None:
    with timezone.override(BERLIN), pytest.raises(Invalid, match="is no moment like"):
        then_of(RequestFactory().get("/", {"at": text}))


def test_the_future_is_not_told() -> None:
    with pytest.raises(Invalid, match="cannot tell what will be"):
        then_of(RequestFactory().get("/", {"at": "2199-01-01T00:00Z"}))
