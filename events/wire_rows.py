"""Reading rows for the wire as the database gives them: the models' conversions cost more than all else of a list."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from psycopg.types.string import TextLoader

from events.models import Event
from events.wire import WIRE_FIELDS


@functools.cache
def wire_rows() -> QuerySet[Event, dict[str, Any]]:
    """Return the query for rows of the wire, to be narrowed. Built once: naming its columns costs a millisecond."""
    rows: QuerySet[Event, dict[str, Any]] = Event.objects.order_by().values(*WIRE_FIELDS)
    return rows


def first_wire_rows(workspace_id: int, columns: tuple[str, ...], limit: int) -> list[dict[str, Any]]:
    """Return the first rows of a whole log.

    Args:
        workspace_id: whose log.
        columns: for `order_by`.
        limit: how many.
    """
    return _run(_statement(columns, limit), (workspace_id,))


@functools.lru_cache(maxsize=64)
def _statement(columns: tuple[str, ...], limit: int) -> str:
    """Return the statement of the list that is asked for most; its one parameter is the workspace."""
    statement: str = wire_rows().filter(workspace_id=0).order_by(*columns)[:limit].query.sql_with_params()[0]
    return statement


def read_wire_rows(rows: QuerySet[Event, dict[str, Any]]) -> list[dict[str, Any]]:
    """Run a query of `.values(*WIRE_FIELDS)` and return its rows, fit for `events.wire.wire`.

    Moments are text in UTC as the database writes it, which `stamp` knows; `detail` is parsed.

    Args:
        rows: ordered and sliced.
    """
    try:
        statement, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    return _run(statement, parameters)


def _run(statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Three moments a row would be parsed only to be written again. The connection's zone is UTC.
            cursor.adapters.register_loader("timestamptz", TextLoader)
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    made = [dict(zip(WIRE_FIELDS, row, strict=True)) for row in found]
    for row in made:
        if isinstance(row["detail"], str | bytes):
            row["detail"] = orjson.loads(row["detail"])
        row["alert"] = bool(row["alert"])
    return made
