"""The filtered log as a CSV file, row by row as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, cast

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import registry
from events.filters import EventFilters
from events.models import Event, EventQuerySet
from events.panel import severity_name, source_name, states_of, surface_name
from events.selectors import list_rows, persons_of
from events.who import Who, who_of
from events.wire import description_of, stamp
from kit.context import STAFF_KINDS
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
    "date_local": (_("Date (%(zone)s)"), lambda row: row["local"].isoformat(timespec="milliseconds")),
    "source": (_("Event source"), lambda row: source_name(row["source"])),
    "type_id": (_("Event type ID"), lambda row: row["type"]),
    "type": (_("Event type"), lambda row: row["type_name"]),
    "description": (_("Description"), lambda row: row["text"]),
    "from": (_("From"), lambda row: row["states"][0] and row["states"][0].label),
    "to": (_("To"), lambda row: row["states"][1] and row["states"][1].label),
    "device_id": (_("Device ID"), lambda row: row["device_id"]),
    "device": (_("Device"), lambda row: row["device_name"]),
    "sim_id": (_("SIM ID"), lambda row: row["sim_id"]),
    "sim": (_("SIM"), lambda row: row["printed"]),
    "imsi": (_("IMSI"), lambda row: row["imsi"]),
    "actor_kind": (_("Actor kind"), lambda row: row["who"].kind),
    "actor_id": (_("Actor ID"), lambda row: row["who"].person and row["who"].person.user_id),
    "actor_name": (_("Actor name"), lambda row: _name(row["who"])),
    "actor_email": (_("Actor e-mail"), lambda row: row["who"].person and row["who"].person.username),
    "token_id": (_("Token ID"), lambda row: row["who"].token and row["who"].token[1]),
    "acting_for_id": (_("Acting for ID"), lambda row: row["who"].acted_for and row["who"].acted_for.user_id),
    "acting_for": (_("Acting for e-mail"), lambda row: row["who"].acted_for and row["who"].acted_for.username),
    "request": (_("Request"), lambda row: row["request_id"]),
    "surface": (_("Door"), lambda row: surface_name(row["surface"])),
    "ip": (_("IP address"), lambda row: row["ip"] if row["client_visible"] else ""),
    "client": (_("Client"), lambda row: row["user_agent"] if row["client_visible"] else ""),
}
"""What a file holds: heading and value by name. Always all of it: a part of a row is weak evidence."""
CONTEXT_COLUMNS: Final = ("ip", "client")
"""Only for those who may see them; those of staff are for staff alone."""


def _name(who: Who) -> str:
    """Return the bare name; what is neither person nor token is called by its kind."""
    if who.token is not None:
        return who.token[0]
    return who.person.name if who.person is not None else str(who)


def columns_for(*, context_visible: bool) -> list[str]:
    """Return the columns of the file.

    Args:
        context_visible: whether the reader may see addresses and clients.
    """
    return [name for name in COLUMNS if context_visible or name not in CONTEXT_COLUMNS]


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
    # The file is read when the request is over, and with it the reader's language and zone.
    zone = timezone.get_current_timezone()
    head = [str(COLUMNS[name][0]) % {"zone": zone} for name in columns]
    return csv_parts(head, _rows(events, columns, staff=staff, zone=zone))


def _rows(
    parts: Sequence[EventQuerySet], columns: Sequence[str], *, staff: bool, zone: tzinfo
) -> Iterator[list[object]]:
    rest = MOST_ROWS
    while rest > 0 and parts:
        most = min(CHUNK, rest)
        rows = list_rows(_chunk(parts, most), "ip", "user_agent", "surface")
        if not rows:
            return
        persons = persons_of(rows)
        for row in rows:
            row["who"] = who_of(row, persons, doubles=frozenset(), staff=staff)
            row["text"] = description_of(row, persons, staff=staff)
            row["type_name"] = registry.describe(row["type"])
            row["printed"] = as_printed(row["iccid"])
            row["states"] = states_of(row)
            row["local"] = row["timestamp"].astimezone(zone)
            row["client_visible"] = staff or row["actor_kind"] not in STAFF_KINDS
            yield [COLUMNS[name][1](row) for name in columns]
        rest -= len(rows)
        parts = [part.before(rows[-1]["timestamp"], rows[-1]["id"]) for part in parts]


def _chunk(parts: Sequence[EventQuerySet], most: int) -> EventQuerySet:
    """Return the newest events as a slice to read."""
    if len(parts) == 1:
        return parts[0].newest()[:most]
    ids = [event_id for _moment, event_id in _newest(parts, most)]
    return Event.objects.filter(pk__in=ids).newest()
