"""The log as a list: rows ready for the template, and counts that cost nothing when all rows are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models import Workspace
from events import registry
from events.filters import EventFilters
from events.panel import severity_name, source_name
from events.selectors import actor_short, list_rows, persons_of
from events.types.base import Severity, Source
from events.wire import description_of
from kit.lists import Listing
from kit.paging import CappedCount, Cursor, InvalidCursorError, KeysetPage, capped_count, keyset_page
from kit.rendering import GLOBALS
from sims.identifiers import as_printed

ROWS = "events/_event_rows.html"


def ready_rows(events: Any, *, staff: bool) -> list[dict[str, Any]]:
    """Read a sliced queryset for the row template: two queries, whatever the number of rows.

    Args:
        events: an ordered slice of the log.
        staff: whether the reader is on the operator's staff and sees its persons.
    """
    rows = list_rows(events)
    persons = persons_of(rows)
    for row in rows:
        row["who"] = actor_short(row, persons, staff=staff)
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


def rows_html(rows: Sequence[dict[str, Any]], workspace: Workspace, columns: Sequence[str]) -> SafeString:
    """Render rows outside of a list page; the template escapes what people wrote."""
    context = {**GLOBALS, "rows": rows, "columns": columns, "now": None, **row_context(workspace)}
    return mark_safe(render_to_string(ROWS, context, using="jinja2"))  # noqa: S308


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

    def _keyset_page(self) -> KeysetPage:
        """Count only when there is a second page: free text would otherwise be looked for twice."""
        cursor = None
        if text := self.data.get("cursor"):
            try:
                cursor = Cursor.load(text, self.filters.query)
            except InvalidCursorError:
                self.notices.append(_("The link to this page is no longer valid; these are the newest events."))
        page = keyset_page(
            self.filters.qs,
            per_page=self.per_page,
            cursor=cursor,
            scope=self.filters.query,
            fetch=self.fetch,
            counted=False,
        )
        alone = page.older is None and page.newer is None
        return replace(page, count=CappedCount(len(page.rows)) if alone else capped_count(self.filters.qs))
