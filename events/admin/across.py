"""The newest events of all workspaces that match something, at the same cost for a hundred and for ten million.

The indexes of the log begin with the workspace. So each workspace gives its newest few by its index, for each value
that is asked for, and the newest of these are taken, as `events.admin.people` does for one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Func, QuerySet

from kit.paging import Cursor, after

_JOINS: Final = {
    "postgresql": "CROSS JOIN LATERAL ({newest}) e",
    # SQLite knows no LATERAL; there the ids of the inner query lead to the rows by the primary key.
    "sqlite": "CROSS JOIN events_event e ON e.id IN (SELECT id FROM ({newest}))",
}


@dataclass(frozen=True, slots=True)
class Driver:
    """What is asked of the columns behind the workspace in an index: any of some values.

    Args:
        columns: of `Event`, one or more.
        values: of the columns, at least one each.
    """

    columns: tuple[str, ...]
    values: Sequence[tuple[int, ...]]


def newest_across(matching: QuerySet[Any], driver: Driver | None, *, limit: int, cursor: Cursor | None) -> list[int]:
    """Return the ids of the newest events that match, of all workspaces. One query.

    Args:
        matching: events with all conditions, without order.
        driver: what the index is walked by; `None` walks each log by its time.
        limit: how many at most.
        cursor: where the last page ended; `None` begins at the newest.
    """
    if driver is not None and not driver.values:
        return []
    way = "ASC" if cursor is not None and cursor.newer else "DESC"
    order = ("timestamp", "id") if way == "ASC" else ("-timestamp", "-id")
    inner = matching.filter(workspace_id=_outer("w.id"))
    if cursor is not None:
        inner = inner.filter(after(cursor))
    for place, column in enumerate(driver.columns if driver is not None else ()):
        inner = inner.filter(**{column: _outer(f"v.c{place}")})
    try:
        newest, values = inner.order_by(*order).values_list("id", "timestamp")[:limit].query.sql_with_params()
    except EmptyResultSet:
        return []
    chosen, chosen_values = _values(driver)
    statement = (
        f"WITH {chosen}found AS (SELECT e.id, e.timestamp FROM accounts_workspace w"  # noqa: S608 - of our own parts
        f"{' CROSS JOIN v' if driver is not None else ''} {_JOINS[connection.vendor].format(newest=newest)})"
        f" SELECT DISTINCT id, timestamp FROM found ORDER BY timestamp {way}, id {way} LIMIT {int(limit)}"
    )
    with connection.cursor() as found:
        found.execute(statement, [*chosen_values, *values])
        return [int(row[0]) for row in found.fetchall()]


def _outer(name: str) -> Func:
    """Return a column of the query around this one."""
    return Func(template=name, output_field=BigIntegerField())


def _values(driver: Driver | None) -> tuple[str, list[int]]:
    """Return the table of the values that are asked for, as the beginning of a WITH."""
    if driver is None:
        return "", []
    names = ", ".join(f"c{place}" for place in range(len(driver.columns)))
    row = "(" + ", ".join(["%s"] * len(driver.columns)) + ")"
    if connection.vendor == "postgresql":
        # Without their type the parameters of the first row would be texts.
        row = "(" + ", ".join(["%s::bigint"] * len(driver.columns)) + ")"
    rows = ", ".join([row] * len(driver.values))
    return f"v({names}) AS (VALUES {rows}), ", [value for values in driver.values for value in values]
