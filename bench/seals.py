"""S1 and S2: how quickly the log is sealed and checked, and how much the seals take beside it.

Nothing of it is on the path of an action: what one costs is P1 and P2, which are the same with and without seals.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

from bench.measure import Result
from events.models import Event
from events.seals import checkpoints, sealer, verify
from events.triggers import lifted

RATE = 20_000
"""Events a second that the sealer has to reach on PostgreSQL."""
BYTES = 80
"""Bytes that an event's seal may take."""
_TABLES = (
    "events_sealcosignature",
    "events_sealcheckpoint",
    "events_sealtile",
    "events_seallog",
    "events_sealkey",
    "events_sealstate",
    "events_sealcheck",
)


def sealing(vendor: str) -> list[Result]:
    """Seal a whole log from nothing, sign it, check it; the limits are ratios to the goals."""
    _forget()
    before = _size()
    events = Event.objects.count()
    with tempfile.TemporaryDirectory() as folder:
        settings.SEALS_FOLDER, settings.SEAL_KEY_FILE = Path(folder) / "seals", Path(folder) / "key"
        start = time.perf_counter()
        sealed = sealer.seal()
        taken = time.perf_counter() - start
        if sealed.events != events:
            raise RuntimeError(f"{sealed.events} of {events} events were sealed.")
        signed = checkpoints.write_checkpoints()
        signing = time.perf_counter() - start - taken
        start = time.perf_counter()
        check = verify.begin()
        while verify.step(check):
            pass
        checking = time.perf_counter() - start
        outside = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    if check.found:
        raise RuntimeError(check.findings[0]["text"])
    rate, each = events / taken, (_size() - before) / events
    limit = 1.0 if vendor == "postgresql" else None
    return [
        Result(
            goal="S1",
            title=f"{RATE:,} events a second against sealing {events:,}, {vendor}",
            ratio=RATE / rate,
            low=RATE / rate,
            high=RATE / rate,
            limit=limit,
            times={"seal": taken * 1000, "sign and mirror": signing * 1000, "check": checking * 1000},
            repetitions=1,
            note=f"{rate:,.0f} events/s sealed, {events / checking:,.0f} events/s checked, {signed} checkpoints,"
            f" load {os.getloadavg()[0]:.1f}",
        ),
        Result(
            goal="S2",
            title=f"bytes of seals an event against {BYTES}, {vendor}",
            ratio=each / BYTES,
            low=each / BYTES,
            high=each / BYTES,
            limit=1.0,
            repetitions=1,
            note=f"{each:.1f} bytes in the database with indexes, {outside / events:.1f} bytes outside",
        ),
    ]


def _forget() -> None:
    """Empty the tables of seals."""
    with lifted(), connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"DELETE FROM {table}")


def _size() -> int:
    """Return the bytes of the tables of seals with their indexes; on SQLite those of the whole file.

    Fresh copies are measured: what a table has left behind since its last VACUUM depends on what else the server did.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("VACUUM")
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            return int(cursor.fetchone()[0])
        found = 0
        for table in _TABLES:
            cursor.execute(f"CREATE TABLE bench_copy (LIKE {table} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO bench_copy SELECT * FROM {table}")
            cursor.execute("SELECT pg_total_relation_size('bench_copy')")
            found += int(cursor.fetchone()[0])
            cursor.execute("DROP TABLE bench_copy")
        return found
