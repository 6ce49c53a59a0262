"""Lists as CSV files: what the filters of a list find, in its order, with the columns that the reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from kit.csv_files import csv_parts
from kit.filter_sets import ListFilters
from kit.htmx import HtmxRequest, private, problem
from kit.paging import capped_count
from kit.tables import ListTable, View, asked_view

MOST_ROWS: Final = 100_000
CHUNK: Final = 2_000
"""Rows read at once; the file is sent while the next are read."""


@dataclass(frozen=True)
class Export:
    """What a file is made of.

    Args:
        what: what the rows are; the file is named so.
        table: of the list; names, labels and order of its columns.
        values: the value of a row by the name of the column.
        fetch: reads a slice of what was found, as the list does; each row has its `id`.
        moments: names of the columns that hold moments. They are written in UTC, and their heading says so.
        always: columns that are in the file whatever the reader sees.
    """

    what: str
    table: type[ListTable]
    values: Mapping[str, Callable[[Any], Any]]
    fetch: Callable[[QuerySet[Any]], Sequence[Any]]
    moments: frozenset[str] = frozenset()
    always: frozenset[str] = frozenset()


class Record(Protocol):
    """Tells that a list was read out, before the first row of it leaves."""

    def __call__(self, *, count: int, filters: dict[str, str], columns: Sequence[str]) -> None:
        """Write the event."""


def export_file(
    request: HtmxRequest, export: Export, filters: ListFilters, *, workspace_id: int, record: Record
) -> HttpResponseBase:
    """Send what a list's filters find, in the order (`sort`) and the columns that the reader sees (`columns`).

    Args:
        request: of the reader; the right is checked already.
        export: what the file is made of.
        filters: of the list.
        workspace_id: whose list, for the name of the file.
        record: writes the event.
    """
    if not filters.is_valid():
        return problem(request, " ".join(filters.mistakes.values()), 422)
    count = capped_count(filters.qs, MOST_ROWS)
    if count.more:
        message = _("More than %(most)s rows match. Narrow the filter, for example by state, and export in parts.")
        return problem(request, message % {"most": f"{MOST_ROWS:,}"}, 422)
    preferences = getattr(request.user, "preferences", None) or {}
    seen = asked_view(export.table, preferences, request.POST.get("columns", "")).columns
    columns = [name for name in export.table.base_columns if name in export.values and name in {*seen, *export.always}]
    record(count=count.value, filters=filters.query_values(), columns=columns)
    head = [str(_("ID")), *(_heading(export, column) for column in columns)]
    found = _ordered(export.table, filters.qs, request.POST.get("sort", ""))
    response = StreamingHttpResponse(
        csv_parts(head, _rows(export, found, columns)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = (
        f'attachment; filename="{export.what}-{workspace_id}-{timezone.now():%Y%m%dT%H%M%SZ}.csv"'
    )
    return private(response)


def _ordered(table: type[ListTable], found: QuerySet[Any], sort: str) -> QuerySet[Any]:
    """Return the rows in the order of the list; one that it does not know is the usual one."""
    view = View(tuple(table.base_columns))
    made = table(found.order_by("-id"), sort=sort or table.default_sort, view=view)
    if sort and not made.order_by:
        made.order_by = made.default_sort
    return made.found


def _heading(export: Export, column: str) -> str:
    label = str(export.table.base_columns[column].verbose_name)
    return _("%(column)s (UTC)") % {"column": label} if column in export.moments else label


def _rows(export: Export, found: QuerySet[Any], columns: Sequence[str]) -> Iterator[list[object]]:
    """Yield the rows of the file; the id always leads. What they are is decided at once, so that nothing slips in."""
    ids = list(found.values_list("pk", flat=True)[:MOST_ROWS])
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = {row["id"]: row for row in export.fetch(found.filter(pk__in=part).order_by())}
        for pk in part:
            if pk in rows:
                row = rows[pk]
                yield [pk, *(_cell(export.values[column](row)) for column in columns)]


def _cell(value: Any) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value
