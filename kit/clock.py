"""Moments: the clock by which machines agree, and how a moment is read and written as text, always in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

FIRST_YEAR: Final = 2
LAST_YEAR: Final = 9998
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_WEEK: Final = re.compile(r"[0-9]{4}-?W[0-9]{2}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}-?[1-7]")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}(:[0-9]{2})?(:[0-9]{2}(?:[.,][0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)


def shared_now() -> datetime:
    """Return the present moment by the clock that all machines share, aware, in UTC.

    On PostgreSQL it is the server's, for one query; with SQLite there is one machine, whose clock it is.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def parse_moment(text: str, *, zone: tzinfo = UTC) -> datetime:
    """Return the moment that ISO 8601 text says, in UTC; a day alone is its beginning.

    Args:
        text: e.g. "2026-11-21T08:15:00Z".
        zone: of texts that name none.

    Raises:
        ValueError, OverflowError: the text is none.
    """
    found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    # At the ends of the calendar a zone's offset leads out of it, here or where somebody reads it.
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(text)
    return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)


def span_of(text: str, *, zone: tzinfo = UTC) -> tuple[datetime, datetime]:
    """Return begin and end (exclusive) of what ISO 8601 text names, in UTC.

    Args:
        text: a month (2026-11), a week (2026-W47), a day (2026-11-21, 2026-W47-6, 20261121), an hour (2026-11-21T14), a
            minute (2026-11-21T14:17) or a second; the last three may name their zone.
        zone: of texts that name none.

    Raises:
        ValueError, OverflowError: the text names none of these.
    """
    if month := _MONTH.fullmatch(text):
        year, number = int(month[1]), int(month[2])
        first = date(year, number, 1)
        return _days(first, date(year + number // 12, number % 12 + 1, 1), zone)
    if _WEEK.fullmatch(text):
        first = date.fromisoformat(text)
        return _days(first, first + timedelta(weeks=1), zone)
    if _DAY.fullmatch(text):
        first = date.fromisoformat(text)
        return _days(first, first + timedelta(days=1), zone)
    moment = _MOMENT.fullmatch(text)
    if moment is None:
        raise ValueError(text)
    length = timedelta(hours=1) if not moment[1] else timedelta(minutes=1) if not moment[2] else timedelta(seconds=1)
    start = parse_moment(datetime.fromisoformat(text).isoformat(), zone=zone).replace(microsecond=0)
    return start, start + length


def _days(first: date, after: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the moments at which days begin; a day of a zone may have 23 or 25 hours."""
    begins = (datetime.combine(day, time()).isoformat() for day in (first, after))
    start, end = (parse_moment(begin, zone=zone) for begin in begins)
    return start, end


def iso_moment(moment: datetime) -> str:
    """Return a moment as events and records carry it: UTC, milliseconds, "Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
