"""The log as a list: rows ready for the template, and counts that cost nothing when all rows are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Workspace
from events import registry
from events.filters import EventFilters
from events.panel import severity_name, source_name
from events.selectors import list_rows, persons_of
from events.types.base import Severity, Source
from events.who import doubles_among, who_of
from events.wire import description_of
from kit.lists import Listing
from kit.paging import Cursor, KeysetPage
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
    """The list page of the log."""

    filters: EventFilters

    @property
    def parts(self) -> Sequence[QuerySet[Any]]:
        """The events that match; those of SIMs and devices come from two indexes."""
        return self.filters.parts

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
        if self.page.older:
            known, place = known - 1, Cursor(rows[-1]["timestamp"], rows[-1]["id"], newer=True)
        return urlencode({"since": place.dump(poll_scope(str(known), self.filters.query)), "known": known})


BEGINNING: Final = Cursor(datetime(1970, 1, 1, tzinfo=UTC), 0, newer=True)
"""The place below a whole log."""


def poll_scope(known: str, query: str) -> str:
    """Return what the place of a poll is tied to: the rows known above it, and the filter."""
    return f"{known} {query}"
