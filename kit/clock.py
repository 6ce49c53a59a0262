"""Moments: the clock by which machines agree, and how a moment is read and written as text, always in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime


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
    return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)


def iso_moment(moment: datetime) -> str:
    """Return a moment as events and records carry it: UTC, milliseconds, "Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
