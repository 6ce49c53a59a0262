"""Checking the derived list of what events cover: it leads from a SIM or device to events that name it among many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Max
from django.utils.translation import gettext as _

from events.covered_guards import KINDS
from events.models import Event, EventObject
from events.seals.verify_report import Report, between
from events.text import COVERS

IDS: Final = 500
"""Ids of events in one piece: each may cover thousands of objects."""
OLDER: Final = (48, 69, 10011)
"""Types that had rows in the list before events said themselves what they cover."""

Named = set[tuple[int, int]]


def check_objects(report: Report) -> bool:
    """Compare the list with what the events themselves say; returns whether all are done. Three or four queries."""
    after: int = report.position.get("object", 0)
    top = max(_top(Event, "pk"), _top(EventObject, "event_id"))
    until = after + IDS
    held: dict[int, Named] = defaultdict(set)
    rows = EventObject.objects.filter(event_id__gt=after, event_id__lte=until)
    for event_id, kind, object_id in rows.values_list("event_id", "kind", "object_id"):
        held[event_id].add((kind, object_id))
    events = Event.objects.filter(pk__gt=after, pk__lte=until)
    told = {pk: _covered(detail) for pk, detail in events.filter(detail__has_key=COVERS).values_list("pk", "detail")}
    older = set(events.filter(pk__in=held.keys() - told.keys(), type__in=OLDER).values_list("pk", flat=True))
    for event_id in sorted((held.keys() | told.keys()) - older):
        more, fewer = held[event_id] - told.get(event_id, set()), told.get(event_id, set()) - held[event_id]
        if more or fewer:
            _name(report, event_id, len(more), len(fewer))
    report.position = {**report.position, "object": until}
    return until >= top


def _top(model: type[Event] | type[EventObject], column: str) -> int:
    return model._default_manager.aggregate(top=Max(column))["top"] or 0


def _covered(detail: Any) -> Named:
    """Return what an event covers, of what has a log of its own."""
    covers = detail[COVERS] if isinstance(detail[COVERS], Mapping) else {}
    return {(number, int(pk)) for name, number in KINDS.items() for pk in covers.get(name) or ()}


def _name(report: Report, event_id: int, more: int, fewer: int) -> None:
    values = {"event": event_id, "more": more, "fewer": fewer, "when": between(None, report.since)}
    text = _(
        "The list of SIMs and devices of event %(event)s was changed %(when)s: it names %(more)s that the event does "
        "not cover, and leaves out %(fewer)s that it does."
    )
    report.add("objects", text % values, event_id=event_id)
