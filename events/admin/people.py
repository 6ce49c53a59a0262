"""What one person did in all workspaces, newest first, at the same cost for a hundred and for ten million events.

The indexes begin with the workspace. So each workspace gives its newest few by its index, and the newest of these are
taken; one statement, a few index look-ups a workspace. Sorting all events of a busy person would take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from kit.context import PERSON_KINDS
from kit.paging import Cursor

_KINDS: Final = ", ".join(f"({int(kind)})" for kind in PERSON_KINDS)
_NEWEST: Final = (
    "SELECT id, timestamp FROM events_event WHERE workspace_id = w.id AND {condition}{beyond} "
    "ORDER BY timestamp {way}, id {way} LIMIT {limit}"
)
# SQLite knows no LATERAL; there the ids of the inner query lead to the rows by the primary key.
_JOINS: Final = {
    "postgresql": "CROSS JOIN LATERAL ({newest}) e",
    "sqlite": "CROSS JOIN events_event e ON e.id IN (SELECT id FROM ({newest}))",
}
_STATEMENT: Final = """
WITH kinds(kind) AS (VALUES {kinds}), found AS (
    SELECT e.id, e.timestamp FROM accounts_workspace w {shown}
    UNION
    SELECT e.id, e.timestamp FROM accounts_workspace w CROSS JOIN kinds k {acted}
)
SELECT id FROM found ORDER BY timestamp {way}, id {way} LIMIT {limit}
"""


def of_users(user_ids: Sequence[int]) -> Q:
    """Return the condition for all that people did, or whose `user` they are; for one workspace's log."""
    return Q(user_id__in=user_ids) | Q(actor_kind__in=PERSON_KINDS, actor_ref__in=user_ids)


def newest_of_users(user_ids: Sequence[int], *, limit: int, cursor: Cursor | None) -> list[int]:
    """Return the ids of events that people did, or whose `user` they are, in all workspaces. One query a person.

    Args:
        user_ids: who.
        limit: how many at most of each.
        cursor: where the last page ended; `None` begins at the newest.
    """
    return [event_id for user_id in user_ids for event_id in _of_user(user_id, limit, cursor)]


def _of_user(user_id: int, limit: int, cursor: Cursor | None) -> list[int]:
    way = "ASC" if cursor is not None and cursor.newer else "DESC"
    beyond, place = _beyond(cursor)
    join = _JOINS[connection.vendor]

    def newest(condition: str) -> str:
        inner = _NEWEST.format(condition=condition, beyond=beyond, way=way, limit=int(limit))
        return join.format(newest=inner)

    statement = _STATEMENT.format(
        kinds=_KINDS,
        shown=newest("user_id = %s"),
        acted=newest("actor_kind = k.kind AND actor_ref = %s"),
        way=way,
        limit=int(limit),
    )
    with connection.cursor() as found:
        found.execute(statement, [user_id, *place, user_id, *place])
        return [int(row[0]) for row in found.fetchall()]


def _beyond(cursor: Cursor | None) -> tuple[str, list[Any]]:
    """Return the condition for the rows after a place, and its values; see `paging.after` for its form."""
    if cursor is None:
        return "", []
    side = ">" if cursor.newer else "<"
    moment = connection.ops.adapt_datetimefield_value(cursor.moment)
    return (
        f" AND timestamp {side}= %s AND (timestamp {side} %s OR id {side} %s)",
        [moment, moment, cursor.row_id],
    )
