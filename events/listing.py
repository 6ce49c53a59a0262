"""The log as a list: rows ready for the template, and counts that cost nothing when all rows are shown."""

from __future__ import annotations

from typing import Any

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
from kit.paging import Cursor
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
    def newest(self) -> str:
        """The place of the newest row, from which newer ones are looked for; "" unless this is the first page."""
        if not self.page.rows or self.data.get("cursor"):
            return ""
        row = self.page.rows[0]
        return Cursor(row["timestamp"], row["id"], newer=True).dump(self.filters.query)
