"""One line for all that a request did: runs of rows of one request, read in few queries however long they are.

A bulk action writes thousands of rows, which push everything else off the list. Where at least `FROM` rows of one
request and one actor stand beside each other in what the filter finds, they are one line with its counts, which
unfolds; what somebody else did in the same request is a line of its own. Nothing is
stored for it: a page is read in windows, and the end of a run that is longer than a window is looked up in the index.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events import registry
from events.selectors import of_requests
from kit.paging import Cursor, after

FROM: Final = 3
"""Rows of a request that become one line; two are as quickly read as unfolded."""
FIRST_WINDOW: Final = 2
"""Rows read first for each line of a page: mostly they are enough, and a filter that finds little costs no more."""
WINDOW: Final = 6
"""Rows read at once afterwards, when requests are long."""
MOST_WINDOWS: Final = 6
"""Windows read for one page. Where more would be needed to fill it, the page has fewer lines, and the next goes on."""

_FIELDS: Final = (
    "timestamp",
    "id",
    "request_id",
    "actor_kind",
    "actor_ref",
    "type",
    "severity",
    "sim_id",
    "device_id",
)
_WHOSE: Final = ("request_id", "actor_kind", "actor_ref")
"""What the rows of a run have in common."""


class _Row(NamedTuple):
    """What folding looks at."""

    timestamp: datetime
    id: int
    request_id: uuid.UUID
    actor_kind: int
    actor_ref: int
    type: int
    severity: int
    sim_id: int | None
    device_id: int | None

    @property
    def place(self) -> tuple[datetime, int]:
        return self.timestamp, self.id

    @property
    def whose(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _WHOSE}


@dataclass
class Run:
    """Rows of one request and one actor beside each other.

    Args:
        request_id: whose.
        rows: those that were read, in the order of reading.
        beyond: where the next run begins, for one that was not read to its end; `None` for one that was.
        open: whether the run goes on after `rows`.
    """

    request_id: uuid.UUID
    rows: list[_Row]
    beyond: tuple[datetime, int] | None = None
    open: bool = False
    count: int = 0
    types: Counter[int] = field(default_factory=Counter)
    severity: int = 0
    sims: int = 0
    devices: int = 0
    newest: tuple[datetime, int] | None = None

    def settle(self) -> None:
        """Count a run that was read to its end."""
        self.count = len(self.rows)
        self.types = Counter(row.type for row in self.rows)
        self.severity = max(row.severity for row in self.rows)
        self.sims = len({row.sim_id for row in self.rows} - {None})
        self.devices = len({row.device_id for row in self.rows} - {None})
        self.newest = max(row.place for row in self.rows)

    @property
    def folded(self) -> bool:
        """Tell whether it is one line."""
        return self.count >= FROM


@dataclass(frozen=True)
class Folded:
    """A page of runs, newest first.

    Args:
        runs: its lines.
        older, newer: cursors of the neighbours, `None` where there is none.
        known: how many rows stand above `below`, for the question what came since.
        below: a row of the page; `None`: the beginning of the log.
    """

    runs: list[Run]
    older: str | None
    newer: str | None
    known: int
    below: tuple[datetime, int] | None


def fold(found: QuerySet[Any], *, per_page: int, cursor: Cursor | None, scope: str) -> Folded:
    """Read a page of runs. At most two queries a window, and two more for runs longer than a window.

    Args:
        found: what the filter finds.
        per_page: lines, at most.
        cursor: where the page before ended; `None` begins at the newest row.
        scope: what cursors are tied to.
    """
    reading = _Reading(found, per_page, cursor)
    reading.read()
    runs = reading.runs
    for run in runs:
        if not run.open:
            run.settle()
    _count_open(found, [run for run in runs if run.open], upward=reading.upward)
    older = newer = None
    if runs:
        first, last = runs[0].rows[0].place, _edge(runs[-1], upward=reading.upward)
        near = Cursor(*first, newer=not reading.upward).dump(scope) if cursor is not None else None
        far = Cursor(*last, newer=reading.upward).dump(scope) if reading.more else None
        older, newer = (near, far) if reading.upward else (far, near)
    if reading.upward:
        runs = runs[::-1]
    return Folded(runs, older, newer, *reading.known)


def _edge(run: Run, *, upward: bool) -> tuple[datetime, int]:
    """Return the place from which the next page goes on: the last row read, or just before what is beyond."""
    if run.beyond is None:
        return run.rows[-1].place
    moment, event_id = run.beyond
    return moment, event_id - 1 if upward else event_id + 1


class _Reading:
    """A page while it is read, downward from the newest or upward from a cursor."""

    def __init__(self, found: QuerySet[Any], per_page: int, cursor: Cursor | None) -> None:
        self.upward = cursor is not None and cursor.newer
        order = ("timestamp", "id") if self.upward else ("-timestamp", "-id")
        self.found = found.order_by(*order)
        self.per_page = per_page
        self.window = per_page * FIRST_WINDOW
        self.place = (cursor.moment, cursor.row_id) if cursor is not None else None
        self.runs: list[Run] = []
        self.more = False
        self.known: tuple[int, tuple[datetime, int] | None] = (0, None)

    def read(self) -> None:
        """Read until the page is full or the log ends."""
        for number in range(MOST_WINDOWS):
            rows = self._window()
            if number == 0:
                whole = len(rows) < self.window
                self.known = (len(rows), None) if whole or not rows else (len(rows) - 1, rows[-1].place)
            if self._take(rows):
                self.more = True
                return
            if len(rows) < self.window:
                return
            # A run that fills half of a window may go on for long: the index knows where it ends.
            started = sum(row.whose == rows[-1].whose for row in rows)
            self.place = rows[-1].place
            self.window, read = self.per_page * WINDOW, self.window
            if (started * 2 >= read or number == MOST_WINDOWS - 1) and not self._jump():
                return
        self.more = True

    def _beyond(self, place: tuple[datetime, int]) -> QuerySet[Any]:
        return self.found.filter(after(Cursor(*place, newer=self.upward)))

    def _window(self) -> list[_Row]:
        rows = self.found if self.place is None else self._beyond(self.place)
        return [_Row(*row) for row in rows.values_list(*_FIELDS)[: self.window]]

    def _take(self, rows: Iterable[_Row]) -> bool:
        """Put rows into runs; tell whether one too many for the page was met."""
        for row in rows:
            if self.runs and self.runs[-1].rows[0].whose == row.whose and not self.runs[-1].open:
                self.runs[-1].rows.append(row)
            elif len(self.runs) == self.per_page:
                return True
            else:
                self.runs.append(Run(row.request_id, [row]))
        return False

    def _jump(self) -> bool:
        """Go to the end of the last run; tell whether anything follows it."""
        run = self.runs[-1]
        last = run.rows[-1].place
        others = self._beyond(last).exclude(**run.rows[0].whose)
        following: tuple[datetime, int] | None = others.values_list("timestamp", "id").first()
        run.open, run.beyond = True, following
        if following is None:
            return False
        # The next window begins with the row that follows.
        moment, event_id = following
        self.place = moment, event_id - 1 if self.upward else event_id + 1
        return True


def _count_open(found: QuerySet[Any], runs: Sequence[Run], *, upward: bool) -> None:
    """Count runs that were not read to their end. Two queries for all of them, one more for each when read upward."""
    if not runs:
        return
    spans = [_span(run, upward=upward) for run in runs]
    whens = [When(span, then=Value(number)) for number, span in enumerate(spans)]
    numbered = (
        found.filter(of_requests([run.request_id for run in runs]))
        .order_by()
        .annotate(run=Case(*whens, default=Value(-1), output_field=IntegerField()))
        .filter(run__gte=0)
    )
    for number, type_id, count in (
        numbered.values("run", "type").annotate(n=Count("pk")).values_list("run", "type", "n")
    ):
        runs[number].types[type_id] = count
    sums = numbered.values("run").annotate(
        severity_most=Max("severity"),
        sims=Count("sim_id", distinct=True),
        devices=Count("device_id", distinct=True),
    )
    for number, severity, sims, devices in sums.values_list("run", "severity_most", "sims", "devices"):
        runs[number].severity, runs[number].sims, runs[number].devices = severity, sims, devices
    for run, span in zip(runs, spans, strict=True):
        run.count = run.types.total()
        run.newest = run.rows[0].place
        if upward:
            run.newest = found.filter(span).order_by("-timestamp", "-id").values_list("timestamp", "id").first()


def _span(run: Run, *, upward: bool) -> Q:
    """Return the condition for all rows of a run that was not read to its end."""
    moment, event_id = run.rows[0].place
    begin = after(Cursor(moment, event_id - 1 if upward else event_id + 1, newer=upward))
    condition = Q(**run.rows[0].whose) & begin
    return condition & after(Cursor(*run.beyond, newer=not upward)) if run.beyond is not None else condition


# --- in words ---


@dataclass(frozen=True)
class Fold:
    """What the line of a folded run shows beside its newest row.

    Args:
        count: rows.
        text: what happened, with counts: "806 SIMs suspended".
        severity: the highest.
        sims, devices: how many different ones.
        unfold_url: gives the rows.
        list_url: a list of them, for a browser without scripts.
    """

    count: int
    text: str
    severity: int
    sims: int
    devices: int
    unfold_url: str
    list_url: str

    @property
    def sims_text(self) -> str:
        """How many SIMs."""
        return ngettext("%(n)s SIM", "%(n)s SIMs", self.sims) % {"n": f"{self.sims:,}"}

    @property
    def devices_text(self) -> str:
        """How many devices."""
        return ngettext("%(n)s device", "%(n)s devices", self.devices) % {"n": f"{self.devices:,}"}

    @property
    def count_text(self) -> str:
        """How many events."""
        return ngettext("%(n)s event", "%(n)s events", self.count) % {"n": f"{self.count:,}"}


def _usual(type_id: int, count: int) -> str:
    """Return a sentence for what is done to many most often, "" for the rest."""
    texts = {
        8: lambda: ngettext("%(n)s SIM activated", "%(n)s SIMs activated", count),
        9: lambda: ngettext("%(n)s SIM suspended", "%(n)s SIMs suspended", count),
        10: lambda: ngettext("%(n)s SIM deleted", "%(n)s SIMs deleted", count),
        42: lambda: ngettext("%(n)s device enabled", "%(n)s devices enabled", count),
        43: lambda: ngettext("%(n)s device disabled", "%(n)s devices disabled", count),
        45: lambda: ngettext("%(n)s SIM put into factory test", "%(n)s SIMs put into factory test", count),
        50: lambda: ngettext("%(n)s SIM released", "%(n)s SIMs released", count),
        51: lambda: ngettext("%(n)s SIM assigned", "%(n)s SIMs assigned", count),
        69: lambda: ngettext("%(n)s SIM transferred", "%(n)s SIMs transferred", count),
        10002: lambda: ngettext("%(n)s device created", "%(n)s devices created", count),
        10003: lambda: ngettext("%(n)s device updated", "%(n)s devices updated", count),
        10004: lambda: ngettext("%(n)s device deleted", "%(n)s devices deleted", count),
    }
    make = texts.get(type_id)
    return make() if make is not None else ""


def counts_text(types: Counter[int]) -> str:
    """Say what happened how often, the most frequent first."""
    told = []
    for type_id, count in sorted(types.items(), key=lambda item: (-item[1], item[0])):
        text = _usual(type_id, count)
        if text:
            told.append(text % {"n": f"{count:,}"})
        elif count == 1:
            told.append(registry.describe(type_id))
        else:
            told.append(_("%(n)s × %(type)s") % {"n": f"{count:,}", "type": registry.describe(type_id)})
    return ", ".join(told)
