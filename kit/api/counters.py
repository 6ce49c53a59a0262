"""Counters that several processes add to at once: in Redis by one command, else in the cache under a lock of files.

While Redis is away they go on in the database, from nothing: exact among all machines, only slower.

The file cache knows no adding: two who read the same number would both write the next one, and one call would be
free. So each counter is read and written while its lock is held, which the operating system keeps for all processes
and threads of a machine and gives back when one of them dies. Counters share a few locks by their names.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from kit.caches import CacheAway

LOCKS: Final = 64


def add(name: str, window: int, much: int, seconds: int) -> int:
    """Add to the counter of a window and return it; the window before is forgotten.

    Args:
        name: of the counter.
        window: number of the span of time that is counted.
        much: how many.
        seconds: how long it is kept.
    """
    if settings.REDIS_URL:
        key = f"api-limit:{name}:{window}"
        cache.add(key, 0, seconds)
        try:
            return int(cache.incr(key, much))
        except ValueError:  # it went between the two
            return much
        except CacheAway:
            return _add_in_database(name, window, much, seconds)
    # One key for all windows of a counter: files would pile up.
    key = f"api-limit:{name}"
    with _locked(key):
        kept: tuple[int, int] | None = cache.get(key)
        counted = (kept[1] if kept is not None and kept[0] == window else 0) + much
        cache.set(key, (window, counted), seconds)
    return counted


_UPSERT: Final = (
    "INSERT INTO kit_callcounter (name, span, count, until) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (name) DO UPDATE SET until = excluded.until, span = excluded.span,"
    " count = CASE WHEN kit_callcounter.span = excluded.span THEN kit_callcounter.count ELSE 0 END + excluded.count"
    " RETURNING count"
)


def _add_in_database(name: str, window: int, much: int, seconds: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [name[:120], window, much, timezone.now() + timedelta(seconds=seconds)])
        row: tuple[int] = cursor.fetchone()
    return row[0]


@contextmanager
def _locked(key: str) -> Iterator[None]:
    folder = Path(settings.VAR_DIR) / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    # Opened anew each time: threads of a process would share a lock taken through one file.
    with (folder / f"counter-{zlib.crc32(key.encode()) % LOCKS}").open("wb") as file:
        flock(file, LOCK_EX)
        yield
