"""The clock by which machines agree: the database's, where the database is a server."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils import timezone


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
