"""The filtered log as a CSV file, row by row as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, cast

from django.utils.translation import gettext_lazy as _

from events import registry
from events.filters import EventFilters
from events.models import Event, EventQuerySet
from events.panel import severity_name, source_name
from events.selectors import list_rows, persons_of
from events.who import Who, who_of
from events.wire import description_of, stamp
from kit.csv_files import csv_parts
from kit.paging import CappedCount, capped_count
from sims.identifiers import as_printed

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
    "actor_kind": (_("Actor kind"), lambda row: row["who"].kind),
    "actor_id": (_("Actor ID"), lambda row: row["who"].person and row["who"].person.user_id),
    "actor_name": (_("Actor name"), lambda row: _name(row["who"])),
    "actor_email": (_("Actor e-mail"), lambda row: row["who"].person and row["who"].person.username),
    "token_id": (_("Token ID"), lambda row: row["who"].token and row["who"].token[1]),
    "acting_for_id": (_("Acting for ID"), lambda row: row["who"].acted_for and row["who"].acted_for.user_id),
    "acting_for": (_("Acting for e-mail"), lambda row: row["who"].acted_for and row["who"].acted_for.username),
    "request": (_("Request"), lambda row: row["request_id"]),
}
"""What a file can hold: heading and value by the name of the list's column. The id always comes first."""
ACTOR_COLUMNS: Final = tuple(name for name in COLUMNS if name.startswith(("actor_", "token_", "acting_")))
"""Always in the file: a name alone, which people choose, is no evidence of who acted."""


def _name(who: Who) -> str:
    """Return the bare name; what is neither person nor token is called by its kind."""
    if who.token is not None:
        return who.token[0]
    return who.person.name if who.person is not None else str(who)


def chosen_columns(visible: Sequence[str]) -> list[str]:
    """Return the columns of the file: the id, those that the reader sees, and always who acted."""
    chosen = {"id", *visible, *ACTOR_COLUMNS}
    return [name for name in COLUMNS if name in chosen]


def exported(filters: EventFilters) -> tuple[list[EventQuerySet], CappedCount]:
    """Return what an export holds, as of now, and how many rows: newer events do not slip in while it is read.

    Args:
        filters: of the list; what they find may be in two parts, each in the order of an index.
    """
    parts = [cast(EventQuerySet, part) for part in filters.parts]
    newest = _newest(parts, 1)
    if not newest:
        return [], CappedCount(0)
    moment, event_id = newest[0]
    parts = [part.before(moment, event_id + 1) for part in parts]
    return parts, capped_count(cast(EventQuerySet, filters.qs).before(moment, event_id + 1), MOST_ROWS)


def _newest(parts: Sequence[EventQuerySet], most: int) -> list[tuple[datetime, int]]:
    """Return the places of the newest events of all parts, each once, newest first. A query for each part."""
    found = {place for part in parts for place in part.newest().values_list("timestamp", "id")[:most]}
    return sorted(found, reverse=True)[:most]


def csv_file(events: Sequence[EventQuerySet], columns: Sequence[str], *, staff: bool) -> Iterator[str]:
    """Return the parts of the file, newest event first, at most `MOST_ROWS`.

    Args:
        events: what to write, in parts that may overlap.
        columns: names out of `COLUMNS`.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    return csv_parts([COLUMNS[name][0] for name in columns], _rows(events, columns, staff=staff))


def _rows(parts: Sequence[EventQuerySet], columns: Sequence[str], *, staff: bool) -> Iterator[list[object]]:
    rest = MOST_ROWS
    while rest > 0 and parts:
        most = min(CHUNK, rest)
        rows = list_rows(_chunk(parts, most))
        if not rows:
            return
        persons = persons_of(rows)
        for row in rows:
            row["who"] = who_of(row, persons, doubles=frozenset(), staff=staff)
            row["text"] = description_of(row, persons, staff=staff)
            row["type_name"] = registry.describe(row["type"])
            row["printed"] = as_printed(row["iccid"])
            yield [COLUMNS[name][1](row) for name in columns]
        rest -= len(rows)
        parts = [part.before(rows[-1]["timestamp"], rows[-1]["id"]) for part in parts]


def _chunk(parts: Sequence[EventQuerySet], most: int) -> EventQuerySet:
    """Return the newest events as a slice to read."""
    if len(parts) == 1:
        return parts[0].newest()[:most]
    ids = [event_id for _moment, event_id in _newest(parts, most)]
    return Event.objects.filter(pk__in=ids).newest()
