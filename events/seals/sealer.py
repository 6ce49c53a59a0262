"""The sealer: it gives each committed event its place, in the order of ids, and nothing is ever sealed around.

An id is taken before its row is committed, so a row can appear below rows that are there already. The sealer therefore
goes only as far as ids are *settled*: every event up to there is visible, or never will be. On PostgreSQL that is found
out as `CREATE INDEX CONCURRENTLY` does it: the newest id that was given out is read first, then who holds the lock that
every INSERT takes on the log before it asks for an id; once those have ended, no row up to that id can still come. On
SQLite one transaction writes at a time, so what is visible is settled.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from events.seals import leaves as leaf
from events.seals import trees
from events.seals.commitments import new_salt
from events.seals.merkle import leaf_hash
from events.seals.models import SealLog, SealState

logger = logging.getLogger(__name__)

CHUNK: Final = {"postgresql": 20_000, "sqlite": 1_000}
"""Events sealed in one transaction. On SQLite it holds the only write lock, so it is short there."""
LONGEST_WAIT: Final = 5.0
"""Seconds that a run waits for writers who have ids that are not committed yet."""
_STATE: Final = 1

_NEWEST: Final = "SELECT coalesce(pg_sequence_last_value('events_event_id_seq'::regclass), 0)"
"""The newest id that was given out. The function reads it behind the lock of the sequence's page. `SELECT last_value`
does not: once in 32 ids it can see what `nextval` writes into its page for the WAL alone, up to 32 ids ahead, and what
takes these ids later would be sealed around."""
_WRITERS: Final = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'events_event'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid IS DISTINCT FROM pg_backend_pid()
    UNION
    SELECT backend_xid::text FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
"""Who may have written events that are not committed yet: by the lock of the table, and by having written at all."""


def newest_id(cursor: Any) -> int:
    """Return the newest id of an event that was given out on PostgreSQL, whether it is committed or not; 0 for none."""
    cursor.execute(_NEWEST)
    return int(cursor.fetchone()[0])


def settled_id(wait: float = LONGEST_WAIT) -> int | None:
    """Return an id up to which every event is visible or never will be; `None` if writers do not end in time.

    What the own transaction has written counts as visible.

    Args:
        wait: seconds.
    """
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT COALESCE(MAX(id), 0) FROM events_event")
            return int(cursor.fetchone()[0])
        newest = newest_id(cursor)
        cursor.execute(_WRITERS)
        writers = {row[0] for row in cursor.fetchall()}
        end = time.monotonic() + wait
        while writers:
            if time.monotonic() > end:
                return None
            time.sleep(0.02)
            cursor.execute(_WRITERS)
            writers &= {row[0] for row in cursor.fetchall()}
    return newest


class Sealed(NamedTuple):
    """What a run did.

    Args:
        events: how many got a place.
        complete: whether everything that was settled has one now.
    """

    events: int
    complete: bool


def seal(*, seconds: float | None = None, wait: float = LONGEST_WAIT) -> Sealed:
    """Seal what is settled, piece by piece.

    A piece is one transaction: a sealer that is killed loses the piece it was at, and the next one begins there.

    Args:
        seconds: stop after the piece in which this time is over; all of it when left out.
        wait: seconds to wait for writers.
    """
    SealState.objects.get_or_create(pk=_STATE)
    until = settled_id(wait)
    if until is None:
        logger.warning("Nothing was sealed: a transaction that wrote events has been open for too long.")
        return Sealed(0, complete=False)
    begun, done = time.monotonic(), 0
    while True:
        count = _piece(until)
        if count is None:
            return Sealed(done, complete=False)
        done += count
        if count < CHUNK[connection.vendor]:
            return Sealed(done, complete=True)
        if seconds is not None and time.monotonic() - begun > seconds:
            return Sealed(done, complete=False)


# untold: how far the log is sealed
def _piece(until: int) -> int | None:
    """Seal the next events in one transaction; `None` when another sealer is at it."""
    size = CHUNK[connection.vendor]
    with transaction.atomic():
        state = SealState.objects.select_for_update(skip_locked=True).filter(pk=_STATE).first()
        if state is None:
            return None
        rows = leaf.select("id > %s AND id <= %s LIMIT %s", [state.sealed_id, until, size])
        if rows:
            _append(rows)
        state.sealed_id = rows[-1][leaf.ID] if len(rows) == size else max(state.sealed_id, until)
        state.ran = timezone.now()
        state.save(update_fields=["sealed_id", "ran"])
    return len(rows)


def _append(rows: Sequence[leaf.StoredEvent]) -> None:
    """Give rows their places, each in the tree of its workspace."""
    persons = leaf.read_persons(leaf.persons_named(rows))
    ordered = sorted(rows, key=lambda row: row[leaf.WORKSPACE])
    of = {pk: list(group) for pk, group in groupby(ordered, key=lambda row: row[leaf.WORKSPACE])}
    logs = _logs(list(of))
    edges = trees.read_edges([log.pk for log in logs.values()])
    tiles = []
    for workspace_id, own in of.items():
        log = logs[workspace_id]
        secret = bytes(log.salt)
        made = [trees.NewLeaf(row[leaf.ID], leaf_hash(leaf.leaf_of(row, persons, secret))) for row in own]
        tiles += trees.grown(log.pk, log.size, edges.get(log.pk, {}), made)
        log.size += len(made)
    trees.store(tiles)
    _store_sizes(list(logs.values()))


def _store_sizes(logs: Sequence[SealLog]) -> None:
    """Write the sizes of logs in one statement, which is many times quicker than `bulk_update`."""
    marks = ", ".join(["(%s, %s)"] * len(logs))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE events_seallog SET size = new.column2 FROM (VALUES {marks}) AS new"  # noqa: S608 - only marks
            " WHERE events_seallog.id = new.column1",
            [value for log in logs for value in (log.pk, log.size)],
        )


def _logs(workspace_ids: Sequence[int]) -> dict[int, SealLog]:
    """Return the logs of workspaces, begun for those that have none."""
    found = {log.workspace_id: log for log in SealLog.objects.filter(workspace_id__in=workspace_ids)}
    fresh = [_new_log(pk) for pk in workspace_ids if pk not in found]
    SealLog.objects.bulk_create(fresh)
    return found | {log.workspace_id: log for log in fresh}


def _new_log(workspace_id: int) -> SealLog:
    token = secrets.token_hex(8)
    origin = f"{settings.SEAL_NAME}/seals/{token}"
    return SealLog(workspace_id=workspace_id, token=token, origin=origin, salt=new_salt())
