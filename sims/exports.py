"""The inventory as CSV files: what the filters of a list find, with the columns that the reader sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from accounts.requests import WorkspacePageRequest
from kit.action import action, retried
from kit.csv_files import csv_parts
from kit.filters import ListFilters
from kit.htmx import private, problem
from kit.paging import capped_count
from kit.tables import ListTable, chosen_view
from sims import signals
from sims.models import Sim

MOST_ROWS: Final = 100_000
CHUNK: Final = 2_000
"""Rows read at once; the file is sent while the next are read."""


@dataclass(frozen=True)
class Export:
    """What a file is made of.

    Args:
        what: what the rows are, "sims" or "devices".
        table: of the list; names and labels of its columns.
        values: the value of a row by the name of the column.
        fetch: reads a slice of what was found, as the list does.
        moments: names of the columns that hold moments. They are written in UTC, and their heading says so.
    """

    what: Literal["sims", "devices"]
    table: type[ListTable]
    values: Mapping[str, Callable[[Any], Any]]
    fetch: Callable[[QuerySet[Any]], Sequence[Any]]
    moments: frozenset[str]


def export_file(request: WorkspacePageRequest, export: Export, filters: ListFilters) -> HttpResponseBase:
    """Send what a list's filters find, in the columns that the reader sees, and tell it (event 10086).

    Args:
        request: of the reader; the right is checked already.
        export: what the file is made of.
        filters: of the list.
    """
    if not filters.is_valid():
        return problem(request, " ".join(filters.mistakes.values()), 422)
    count = capped_count(filters.qs, MOST_ROWS)
    if count.more:
        message = _("More than %(most)s rows match. Narrow the filter, for example by state, and export in parts.")
        return problem(request, message % {"most": f"{MOST_ROWS:,}"}, 422)
    seen = chosen_view(export.table, request.user.preferences or {}).columns
    columns = [column for column in seen if column in export.values]
    workspace_id = request.workspace.pk
    record_export(
        workspace_id=workspace_id,
        what=export.what,
        count=count.value,
        filters=filters.query_values(),
        columns=columns,
    )
    head = [_("ID"), *(_heading(export, column) for column in columns)]
    parts = csv_parts(head, _rows(export, filters.qs, columns))
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="{export.what}-{workspace_id}-{timezone.now():%Y%m%dT%H%M%SZ}.csv"'
    )
    return private(response)


@retried
def record_export(
    *, workspace_id: int, what: Literal["sims", "devices"], count: int, filters: dict[str, str], columns: Sequence[str]
) -> None:
    """Tell that an inventory was read out (10086), before the first row of it leaves.

    Args:
        workspace_id: whose.
        what: what the rows are.
        count: rows of the file.
        filters: the list's parameters, by name; empty for everything.
        columns: names of the columns.

    Raises:
        Forbidden: the actor may not read the inventory here.
    """
    authorise(workspace_id, Permission.INVENTORY_READ)
    with action():
        signals.inventory_exported.send(
            sender=Sim, workspace_id=workspace_id, what=what, count=count, filters=filters, columns=list(columns)
        )


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
