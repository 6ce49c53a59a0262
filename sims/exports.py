"""The inventory as CSV files: what the filters of a list find, with the columns that the reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.requests import WorkspacePageRequest
from kit.csv_files import csv_parts
from kit.filters import ListFilters
from kit.htmx import private, problem
from kit.paging import capped_count
from kit.tables import ListTable, chosen_view

MOST_ROWS: Final = 100_000
CHUNK: Final = 2_000
"""Rows read at once; the file is sent while the next are read."""


@dataclass(frozen=True)
class Export:
    """What a file is made of.

    Args:
        table: of the list; names and labels of its columns.
        values: the value of a row by the name of the column.
        fetch: reads a slice of what was found, as the list does.
        moments: names of the columns that hold moments. They are written in UTC, and their heading says so.
    """

    table: type[ListTable]
    values: Mapping[str, Callable[[Any], Any]]
    fetch: Callable[[QuerySet[Any]], Sequence[Any]]
    moments: frozenset[str]


def _file(request: WorkspacePageRequest, name: str, export: Export, filters: ListFilters) -> HttpResponseBase:
    if not filters.is_valid():
        return problem(request, " ".join(filters.mistakes.values()), 422)
    if capped_count(filters.qs, MOST_ROWS).more:
        message = _("More than %(most)s rows match. Narrow the filter, for example by state, and export in parts.")
        return problem(request, message % {"most": f"{MOST_ROWS:,}"}, 422)
    seen = chosen_view(export.table, request.user.preferences or {}).columns
    columns = [column for column in seen if column in export.values]
    head = [_("ID"), *(_heading(export, column) for column in columns)]
    parts = csv_parts(head, _rows(export, filters.qs, columns))
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%dT%H%M%SZ}.csv"'
    return private(response)


def _heading(export: Export, column: str) -> str:
    label = str(export.table.base_columns[column].verbose_name)
    return _("%(column)s (UTC)") % {"column": label} if column in export.moments else label


def _rows(export: Export, found: QuerySet[Any], columns: Sequence[str]) -> Iterator[list[object]]:
    """Yield the rows of the file, the newest object first; the id always leads."""
    newest_first = found.order_by("-pk")
    rows = export.fetch(newest_first[:CHUNK])
    while rows:
        for row in rows:
            yield [row["id"], *(_cell(export.values[column](row)) for column in columns)]
        last = rows[-1]["id"]
        rows = export.fetch(newest_first.filter(pk__lt=last)[:CHUNK]) if len(rows) == CHUNK else []


def _cell(value: Any) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value
