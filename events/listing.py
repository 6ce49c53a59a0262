"""The log as a list: rows ready for the template, and counts that cost nothing when all rows are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Workspace
from events import registry
from events.filters import EventFilters
from events.folding import Fold, Run, counts_text, fold
from events.panel import severity_name, source_name
from events.selectors import list_rows, log_of, persons_of
from events.types.base import Severity, Source
from events.who import doubles_among, who_of
from events.wire import description_of
from kit.lists import KEPT, Listing
from kit.paging import COUNT_CAP, CappedCount, Cursor, KeysetPage, capped_count
from sims.identifiers import as_printed


def ready_rows(events: Any, *, workspace_id: int, staff: bool) -> list[dict[str, Any]]:
    """Read a sliced queryset for the row template: three queries, whatever the number of rows.

    Args:
        events: an ordered slice of the log.
        workspace_id: whose log.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    rows = list_rows(events)
    persons = persons_of(rows)
    doubles = doubles_among(workspace_id, rows, persons, staff=staff)
    for row in rows:
        row["who"] = who_of(row, persons, doubles=doubles, staff=staff)
        row["text"] = description_of(row, persons, staff=staff)
        row["type_name"] = registry.describe(row["type"])
        row["printed"] = as_printed(row["iccid"])
        row["request_short"] = str(row["request_id"])[:8]
    return rows


def row_context(workspace: Workspace) -> dict[str, Any]:
    """Return what the row template needs beside the rows."""
    return {
        "base": reverse("events:list", args=[workspace.pk]),
        "severity_names": {level: severity_name(level) for level in Severity.values},
        "source_names": {source: source_name(source) for source in Source.values},
    }


class EventListing(Listing):
    """The list page of the log: what one request did is one line, unless every row is asked for (`?rows=all`)."""

    keeps: ClassVar[tuple[str, ...]] = (*KEPT, "rows")

    filters: EventFilters

    @property
    def parts(self) -> Sequence[QuerySet[Any]]:
        """The events that match; those of SIMs and devices come from two indexes."""
        return self.filters.parts

    @property
    def all_rows(self) -> bool:
        """Tell whether the reader asked for every row."""
        return self.data.get("rows") == ALL

    @property
    def foldable(self) -> bool:
        """Tell whether rows are folded; where one looks for single things, or at one request, each is shown."""
        return not self.all_rows and not UNFOLDED.intersection(self.filters.values)

    @property
    def switch_url(self) -> str:
        """The address of the other way of showing the rows; "" where there is no choice."""
        if self.all_rows:
            return self.url(rows="")
        return self.url(rows=ALL) if self.foldable else ""

    def _keyset_page(self) -> KeysetPage:
        return self._folded_page() if self.foldable else super()._keyset_page()

    def _folded_page(self) -> KeysetPage:
        found = self.filters.qs
        self.folded = fold(found, per_page=self.per_page, cursor=self._cursor(), scope=self.filters.query)
        shown: dict[int, Fold | None] = {}
        for run in self.folded.runs:
            if run.folded and run.newest is not None:
                shown[run.newest[1]] = self._fold_of(run)
            else:
                shown |= dict.fromkeys((row.id for row in run.rows), None)
        rows = self.fetch(log_of(self.filters.workspace_id).filter(pk__in=shown).newest()) if shown else []
        for row in rows:
            row["fold"] = shown[row["id"]]
        alone = self.folded.older is None and self.folded.newer is None
        total = sum(run.count for run in self.folded.runs)
        count = CappedCount(min(total, COUNT_CAP), more=total > COUNT_CAP) if alone else capped_count(found)
        return KeysetPage(rows, self.per_page, self.folded.older, self.folded.newer, count)

    def _fold_of(self, run: Run) -> Fold:
        assert run.newest is not None  # noqa: S101 - every run that was counted has one
        asked = self.filters.query_values()
        columns = {"columns": ",".join(self.columns)} if self.columns else {}
        request_id, count = str(run.request_id), str(run.count)
        place = Cursor(run.newest[0], run.newest[1] + 1).dump(unfold_scope(self.filters.query, request_id, count))
        base = reverse("events:unfold", args=[self.filters.workspace_id])
        return Fold(
            count=run.count,
            text=counts_text(run.types),
            severity=run.severity,
            sims=run.sims,
            devices=run.devices,
            unfold_url=f"{base}?{urlencode({**asked, **columns, 'of': request_id, 'n': count, 'place': place})}",
            list_url=f"{self.path}?{urlencode({**asked, 'request': request_id})}",
        )

    @property
    def poll(self) -> str:
        """The parameters with which newer events are asked for; "" unless this is the first page.

        An event has its moment and its id before it is seen: one that was committed late stands below others that were
        there first. So it is not asked what stands above the newest row, but how many do above the last one shown.
        """
        assert isinstance(self.page, KeysetPage)  # noqa: S101 - the table is read newest first
        rows = self.page.rows
        if not rows or self.data.get("cursor"):
            return ""
        known, place = len(rows), BEGINNING
        if self.foldable:
            known = self.folded.known
            if self.folded.below is not None:
                place = Cursor(*self.folded.below, newer=True)
        elif self.page.older:
            known, place = known - 1, Cursor(rows[-1]["timestamp"], rows[-1]["id"], newer=True)
        asked = {"since": place.dump(poll_scope(str(known), self.filters.query)), "known": known}
        return urlencode({**asked, "rows": ALL} if self.all_rows else asked)


ALL: Final = "all"
UNFOLDED: Final = frozenset({"q", "sim", "device", "request"})
"""Filters that look for single things: what they find is shown row by row."""


def unfold_scope(query: str, request_id: str, count: str) -> str:
    """Return what the place of a folded line is tied to."""
    return f"{query} {request_id} {count}"


BEGINNING: Final = Cursor(datetime(1970, 1, 1, tzinfo=UTC), 0, newer=True)
"""The place below a whole log."""


def poll_scope(known: str, query: str) -> str:
    """Return what the place of a poll is tied to: the rows known above it, and the filter."""
    return f"{known} {query}"
