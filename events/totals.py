"""How many events a workspace has: exactly, without counting the whole log each time.

The wire wants totals (`docs/architecture.md` section 4). A counter row would be one that all actions of a workspace
wait for; instead what lies below a watermark is counted once and remembered, and only the rest is counted anew. Ids are
given when a row is written, a moment before its transaction commits, so an id seen a minute ago has none below it that
may still appear. Retention is the only one that removes rows, and its receipts say how many.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from events.selectors import log_of
from kit.caches import figures

SETTLED: Final = timedelta(minutes=1)
"""After this long nothing is written below an id any more."""
KEPT_SECONDS: Final = 24 * 60 * 60
WORTH: Final = 1_000
"""Rows above the watermark from which it is moved: fewer are counted in no time."""


class _Mark(NamedTuple):
    """What is remembered of a log.

    Args:
        base_id, base: highest id that was counted, and how many rows up to it.
        next_id, next_at: highest id when it was looked at last, and when (seconds); it becomes the base once settled.
        removed: rows that retention had removed then.
    """

    base_id: int
    base: int
    next_id: int
    next_at: float
    removed: int


def events_in_log(workspace_id: int) -> int:
    """Return the number of events of a workspace. At most three queries, over what is new since the last call.

    Args:
        workspace_id: whose log.
    """
    log = log_of(workspace_id)
    key = f"events-total:{workspace_id}"
    now = timezone.now().timestamp()
    mark: _Mark | None = figures.get(key)
    above, removed = _above(workspace_id, mark.base_id if mark is not None else 0)
    if mark is None or mark.removed != removed:
        newest = log.aggregate(newest=Max("pk"))["newest"] or 0
        figures.set(key, _Mark(0, 0, newest, now, removed), KEPT_SECONDS)
        return above if mark is None else log.count()
    total = mark.base + above
    if above >= WORTH and now - mark.next_at >= SETTLED.total_seconds():
        rest = log.filter(pk__gt=mark.next_id).count()
        newest = log.aggregate(newest=Max("pk"))["newest"] or 0
        figures.set(key, _Mark(mark.next_id, total - rest, newest, now, removed), KEPT_SECONDS)
    return total


_ABOVE: Final = (
    "SELECT (SELECT COUNT(*) FROM events_event WHERE workspace_id = %s AND id > %s),"
    " (SELECT COALESCE(SUM(removed), 0) FROM events_retentionreceipt WHERE workspace_id = %s)"
)


def _above(workspace_id: int, base_id: int) -> tuple[int, int]:
    """Return the number of events above an id and of those ever removed. One query, and no time spent building it."""
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, [workspace_id, base_id, workspace_id])
        above, removed = cursor.fetchone()
    return int(above), int(removed)
