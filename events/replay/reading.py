"""Reading the log for a replay: in pieces, in the order of ids, and of one object only what concerns it.

Events taken in from outside (`external_id`) speak of objects that are not ours, and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField

from accounts.operator import OPERATOR_ID
from events.models import Event
from events.replay.state import Replay, folded
from events.replay.states import Row
from events.replay.told import ALLOTTED, DEVICE_BATCHES, SIM_BATCHES, devices_of, sims_of
from kit.querysets import CHUNK

COLUMNS: Final = (
    "id",
    "workspace_id",
    "timestamp",
    "type",
    "sim_id",
    "device_id",
    "device_name",
    "device_imei",
    "device_ip_address",
    "device_tags",
    "old_state",
    "new_state",
    "subject__user_id",
    "detail",
)
MOST_ID: Final = 2**63 - 1
_BATCHES: Final = 100
"""Events about many that are read at once: each may name thousands."""


class Span(NamedTuple):
    """Ids from `first` to `last`, both included."""

    first: int
    last: int


class Kind(NamedTuple):
    """How events name objects of a kind: by their column, or many in their detail."""

    column: str
    batches: Sequence[int]
    paths: Sequence[str]
    ids: Callable[[Row], Iterator[int]]


KINDS: Final[Mapping[str, Kind]] = {
    "sim": Kind("sim_id", SIM_BATCHES, ("covers.sim[*]", "sims[*].id"), sims_of),
    "device": Kind("device_id", DEVICE_BATCHES, ("covers.device[*]", "devices[*].id"), devices_of),
}


def replay_of(workspace_id: int, *, until: datetime | None = None) -> Replay:
    """Return what the log of a workspace says is so, or was so at a moment; of one object see `replay_of_one`.

    Of a SIM that came by a transfer the log begins with that.

    Args:
        workspace_id: whose log.
        until: events up to this moment, it included; all of them when left out.
    """
    return folded(rows_of(workspace_id, until=until))


def rows_of(workspace_id: int, *, until: datetime | None = None, types: Iterable[int] | None = None) -> Iterator[Row]:
    """Read the log of a workspace in the order of ids, and of the operator's log what put SIMs into the workspace.

    One query for 5,000 rows.

    Args:
        workspace_id: whose log.
        until: events up to this moment.
        types: events of these types alone.
    """
    events = events_of(workspace_id, until)
    if types is not None:
        yield from _in_pieces(events.filter(type__in=list(types)), CHUNK)
        return
    yield from merge(
        _in_pieces(events, CHUNK), _in_pieces(allotted(workspace_id, until), _BATCHES), key=lambda row: row.id
    )


def _in_pieces(events: QuerySet[Event], size: int) -> Iterator[Row]:
    last = 0
    while True:
        rows = [Row._make(row) for row in events.filter(id__gt=last).order_by("id").values_list(*COLUMNS)[:size]]
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1].id


def rows_in(events: QuerySet[Event]) -> list[Row]:
    """Return events as the fold takes them, in the order of ids. One query."""
    return [Row._make(row) for row in events.order_by("id").values_list(*COLUMNS)]


def object_rows(
    kind: str, workspace_id: int, span: Span, *, until: datetime | None = None
) -> Iterator[tuple[int, Iterator[Row]]]:
    """Read the events of SIMs or devices, object by object, of each in the order of ids.

    Args:
        kind: "sim" or "device".
        workspace_id: whose log.
        span: of ids of the objects.
        until: events up to this moment.

    Returns:
        Ids of the objects, in their order, each with its rows; those have to be read before the next id.
    """
    how = KINDS[kind]
    pairs = merge(
        _batch_rows(how, workspace_id, span, until),
        _own_rows(how.column, workspace_id, span, until),
        key=lambda pair: (pair[0], pair[1].id),
    )
    for object_id, group in groupby(pairs, key=lambda pair: pair[0]):
        yield object_id, (row for _id, row in group)


def _own_rows(column: str, workspace_id: int, span: Span, until: datetime | None) -> Iterator[tuple[int, Row]]:
    """Read the events that have an object of a span in their column, by object and id; two queries for 5,000 rows."""
    events = events_of(workspace_id, until).filter(**{f"{column}__lte": span.last}).order_by(column, "id")
    at, last = span.first, 0
    while True:
        # The rest of the object at which the piece before ended, then those after it.
        for rest in (events.filter(**{column: at, "id__gt": last}), events.filter(**{f"{column}__gt": at})):
            rows = [Row._make(row) for row in rest.values_list(*COLUMNS)[:CHUNK]]
            for row in rows:
                yield getattr(row, column), row
            if len(rows) == CHUNK:
                at, last = getattr(rows[-1], column), rows[-1].id
                break
        else:
            return


def _batch_rows(how: Kind, workspace_id: int, span: Span, until: datetime | None) -> list[tuple[int, Row]]:
    """Read the events that speak of many and name objects of a span: pairs of object and row, by object and id."""
    # One that speaks of a single object has it in its column, and is found by that.
    own = events_of(workspace_id, until).filter(**{"type__in": how.batches, f"{how.column}__isnull": True})
    sources = [own, allotted(workspace_id, until)] if ALLOTTED in how.batches else [own]
    pairs: list[tuple[int, Row]] = []
    for events in sources:
        named = events.alias(named=names_one_of(how.paths, span)).filter(named=True)
        for row in _in_pieces(named, _BATCHES):
            pairs += [(pk, row) for pk in how.ids(row) if span.first <= pk <= span.last]
    return sorted(pairs, key=lambda pair: (pair[0], pair[1].id))


def allotted(workspace_id: int, until: datetime | None) -> QuerySet[Event]:
    """Return what the operator's log tells of SIMs put into a customer's workspace, whose own log has no row of it."""
    events = events_of(OPERATOR_ID, until).filter(type=ALLOTTED)
    return events.none() if workspace_id == OPERATOR_ID else events.filter(detail__workspace__id=workspace_id)


def names_one_of(paths: Sequence[str], span: Span) -> RawSQL:
    """Return whether the detail of an event names an object of a span; what is shaped otherwise names none."""
    table = Event._meta.db_table
    tests: list[str] = []
    params: list[Any] = []
    if connection.vendor == "postgresql":
        tests = [f"jsonb_path_exists({table}.detail, %s::jsonpath, %s::jsonb)" for _path in paths]
        bounds = json.dumps({"first": span.first, "last": span.last})
        params = [value for path in paths for value in (f"$.{path} ? (@ >= $first && @ <= $last)", bounds)]
    else:
        for path in paths:
            array, _star, member = path.partition("[*]")
            value = f"json_extract(each.value, '$.{member[1:]}')" if member else "each.value"
            tests.append(
                f"EXISTS (SELECT 1 FROM json_each({table}.detail, '$.{array}') AS each"  # noqa: S608 - constants
                f" WHERE {value} BETWEEN %s AND %s)"
            )
            params += [span.first, span.last]
    return RawSQL(f"({' OR '.join(tests)})", params, output_field=BooleanField())  # noqa: S611 - constants and marks


def events_of(workspace_id: int, until: datetime | None) -> QuerySet[Event]:
    """Return the events of a log that speak of what is ours, up to a moment."""
    events = Event.objects.of(workspace_id).filter(external_id=None)
    return events if until is None else events.filter(timestamp__lte=until)
