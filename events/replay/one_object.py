"""What one SIM or device is told to be, of its own events only those that decide: it may have a hundred thousand.

Of each type the first and the last event decide: the last says what is so, and the first what was so before any other
told it, where the log begins later. Of a change each field has its last one. Events that speak of many are few in the
life of one object, and are all read. So the fold over these says what the fold over all of them would; a test compares
both over random logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

from django.db.models import Count, Max, Min, Q, QuerySet

from events.covered import covering
from events.models import Event
from events.replay import reading
from events.replay.state import Replay
from events.replay.states import Row
from events.replay.told import DEVICE_BATCHES, SIM_BATCHES, UPDATED
from events.text import COVERS

Kind = Literal["sim", "device"]
ALL_OF: Final = frozenset({*SIM_BATCHES, *DEVICE_BATCHES, UPDATED})
"""Types whose events are all read while they are few: more than one of them may decide."""
FEW: Final = 200
CHANGED: Final = (
    *("name", "tags", "status", "service_policy", "coverage_policy"),
    *("imei", "imei_lock", "ip_address"),
)
"""What a change of a device may tell."""


def replay_of_one(kind: Kind, workspace_id: int, pk: int, *, until: datetime | None = None) -> Replay:
    """Return what the log of a workspace tells of one object, or told up to a moment. At most six queries.

    Args:
        kind: of the object.
        workspace_id: whose log.
        pk: id of the object.
        until: events up to this moment, it included; all of them when left out.

    Returns:
        The object's state, without the breaks between its events.
    """
    replay = Replay()
    for row in deciding_rows(kind, workspace_id, pk, until=until):
        if kind == "sim":
            replay.take_sim(pk, row)
        else:
            replay.take_device(pk, row)
    replay.breaks.clear()
    return replay


def deciding_rows(kind: Kind, workspace_id: int, pk: int, *, until: datetime | None) -> Iterator[Row]:
    """Return the events that say what one object is, in the order of ids. Arguments as `replay_of_one`."""
    log = reading.events_of(workspace_id, until)
    own = log.filter(**{f"{kind}_id": pk})
    few = Q(pk__in=_deciding(own))
    among = covering(kind, [pk])
    how = reading.KINDS[kind]
    # What was written before events said what they cover is looked through for the id.
    old = Q(named=True) & ~Q(detail__has_key=COVERS)
    many = log.filter(**{"type__in": how.batches, f"{kind}_id__isnull": True})
    sources: list[QuerySet[Event]] = [log.filter(few)]
    for events in (many, reading.allotted(workspace_id, until)) if kind == "sim" else (many,):
        sources.append(events.filter(pk__in=among))
        sources.append(events.alias(named=reading.names_one_of(how.paths, reading.Span(pk, pk))).filter(old))
    rows = {row.id: row for events in sources for row in reading.rows_in(events)}
    for _id, row in sorted(rows.items()):
        if pk in (getattr(row, how.column), *how.ids(row)):
            yield row


def _deciding(own: QuerySet[Event]) -> set[int]:
    """Return the ids of those events of an object that decide. Two queries, or three where it was changed often."""
    found: set[int] = set()
    each_of = []
    groups = own.order_by().values_list("type").annotate(Min("id"), Max("id"), Count("id"))
    for type_id, first, last, count in groups:
        found |= {first, last}
        if type_id in ALL_OF and count <= FEW:
            each_of.append(type_id)
        elif type_id == UPDATED:
            changes = own.order_by().filter(type=UPDATED)
            newest = {name: Max("id", filter=Q(detail__changes__has_key=name)) for name in CHANGED}
            found |= {pk for pk in changes.aggregate(**newest).values() if pk is not None}
    if each_of:
        found.update(own.filter(type__in=each_of).values_list("pk", flat=True))
    return found
