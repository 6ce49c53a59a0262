"""The filtered log as a CSV file, row by row as it is read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from django.utils.translation import gettext_lazy as _

from events.filters import EventFilters
from events.listing import ready_rows
from events.models import EventQuerySet
from events.panel import severity_name, source_name
from events.wire import stamp
from kit.paging import CappedCount, capped_count

MOST_ROWS: Final = 100_000
CHUNK: Final = 2_000
"""Rows read at once; the file is sent while the next are read."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

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


def safe(value: Any) -> str:
    """Return a cell that a spreadsheet shows as text: what could be a formula gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def exported(filters: EventFilters) -> tuple[EventQuerySet, CappedCount]:
    """Return what an export holds, as of now, and how many rows: newer events do not slip in while it is read."""
    found = cast(EventQuerySet, filters.qs)
    newest = found.newest().values_list("timestamp", "id").first()
    if newest is None:
        return found.none(), CappedCount(0)
    moment, event_id = newest
    found = found.before(moment, event_id + 1)
    return found, capped_count(found, MOST_ROWS)


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(events: EventQuerySet, columns: Sequence[str], *, staff: bool) -> Iterator[str]:
    """Yield the lines of the file, newest event first, at most `MOST_ROWS`.

    Args:
        events: what to write, in any order.
        columns: names out of `COLUMNS`.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    writer = csv.writer(_Line())
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    yield "\ufeff" + writer.writerow([safe(COLUMNS[name][0]) for name in columns])
    rest, place = MOST_ROWS, None
    while rest > 0:
        part = events if place is None else events.before(*place)
        rows = ready_rows(part.newest()[: min(CHUNK, rest)], staff=staff)
        if not rows:
            return
        yield "".join(writer.writerow([safe(COLUMNS[name][1](row)) for name in columns]) for row in rows)
        rest -= len(rows)
        place = (rows[-1]["timestamp"], rows[-1]["id"])
