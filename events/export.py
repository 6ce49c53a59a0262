"""The filtered log as a CSV file, row by row as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from django.utils.translation import gettext_lazy as _

from events.filters import EventFilters
from events.listing import ready_rows
from events.models import EventQuerySet
from events.panel import severity_name, source_name
from events.wire import stamp
from kit.csv_files import csv_parts
from kit.paging import CappedCount, capped_count

MOST_ROWS: Final = 100_000
CHUNK: Final = 2_000
"""Rows read at once; the file is sent while the next are read."""

COLUMNS: Final[dict[str, tuple[Any, Callable[[dict[str, Any]], Any]]]] = {
    "id": (_("ID"), lambda row: row["id"]),
    "severity": (_("Severity"), lambda row: severity_name(row["severity"])),
    "date": (_("Date (UTC)"), lambda row: stamp(row["timestamp"])),
    "source": (_("Event source"), lambda row: source_name(row["source"])),
    "type": (_("Event type"), lambda row: row["type_name"]),
    "description": (_("Description"), lambda row: row["text"]),
    "device": (_("Device"), lambda row: row["device_name"]),
    "sim": (_("SIM"), lambda row: row["printed"]),
    "actor": (_("Actor"), lambda row: row["who"]),
    "request": (_("Request"), lambda row: row["request_id"]),
}
"""What a file can hold: heading and value by the name of the list's column. The id always comes first."""


def chosen_columns(visible: Sequence[str]) -> list[str]:
    """Return the columns of the file: the id and those that the reader sees."""
    return ["id", *(name for name in visible if name in COLUMNS and name != "id")]


def exported(filters: EventFilters) -> tuple[EventQuerySet, CappedCount]:
    """Return what an export holds, as of now, and how many rows: newer events do not slip in while it is read."""
    found = cast(EventQuerySet, filters.qs)
    newest = found.newest().values_list("timestamp", "id").first()
    if newest is None:
        return found.none(), CappedCount(0)
    moment, event_id = newest
    found = found.before(moment, event_id + 1)
    return found, capped_count(found, MOST_ROWS)


def csv_file(events: EventQuerySet, columns: Sequence[str], *, staff: bool) -> Iterator[str]:
    """Return the parts of the file, newest event first, at most `MOST_ROWS`.

    Args:
        events: what to write, in any order.
        columns: names out of `COLUMNS`.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    return csv_parts([COLUMNS[name][0] for name in columns], _rows(events, columns, staff=staff))


def _rows(events: EventQuerySet, columns: Sequence[str], *, staff: bool) -> Iterator[list[object]]:
    rest, place = MOST_ROWS, None
    while rest > 0:
        part = events if place is None else events.before(*place)
        rows = ready_rows(part.newest()[: min(CHUNK, rest)], staff=staff)
        if not rows:
            return
        for row in rows:
            yield [COLUMNS[name][1](row) for name in columns]
        rest -= len(rows)
        place = (rows[-1]["timestamp"], rows[-1]["id"])
