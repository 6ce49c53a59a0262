"""Lists of the admin site: they count up to a cap, and read what a page shows for all its rows at once."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, cast

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.text import capfirst

from kit.paging import CappedCount, Cursor, InvalidCursorError, capped_count

OLDER = "older"
NEWER = "newer"


class CappedPaginator(Paginator[Any]):
    """Pages whose count stops at 10,000: beyond, a filter or the search finds more than a page number."""

    @cached_property
    def capped(self) -> CappedCount:
        """The number of rows, up to the cap."""
        return capped_count(cast(Any, self.object_list))

    @cached_property
    def count(self) -> int:
        """The number of rows that pages reach."""
        return self.capped.value


class StaffChangeList(ChangeList):
    """A list whose rows are read once and then completed for all columns."""

    count_text: str = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = str(capfirst(str(self.opts.verbose_name_plural)))

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.complete(request, list(self.result_list))
        paginator = self.paginator
        self.count_text = str(paginator.capped) if isinstance(paginator, CappedPaginator) else str(self.result_count)

    def complete(self, request: HttpRequest, rows: list[Any]) -> None:
        """Let the page read what its columns show, and take the rows."""
        cast(Any, self.model_admin).prepare_rows(request, rows)
        self.result_list = rows


class KeysetChangeList(StaffChangeList):
    """A list that never counts and never skips: pages go from the last row on, newest first.

    Without any filter the order is that of ids, which the primary key has. Each filter is served by an index that
    ends in (timestamp, id), so filtered lists are in that order.
    """

    narrowing: ClassVar[tuple[str, ...]] = ()
    """Parameters of which one at least must be set before a list is ordered by time: each has an index for it."""
    older_url: str = ""
    newer_url: str = ""
    by_time: bool = False
    scope: str = ""
    """What a place belongs to: the filters."""
    cursor: Cursor | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        for name in (OLDER, NEWER):
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        self.by_time = any(self.params.get(name) for name in self.narrowing)
        self.scope = self.get_query_string()
        self.cursor = self._cursor(request)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: Any) -> list[Any]:
        return ["-timestamp", "-id"] if self.by_time else ["-id"]

    def get_ordering_field_columns(self) -> dict[int, Literal["asc", "desc"]]:
        return {}

    def get_results(self, request: HttpRequest) -> None:
        """Read one page, one row ahead to know whether there is another."""
        cursor = self.cursor
        newer = cursor is not None and cursor.newer
        selected = self.queryset if cursor is None else self._beyond(cursor)
        if newer:
            selected = selected.reverse()
        rows = list(selected[: self.list_per_page + 1])
        more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        if newer:
            rows.reverse()
        if rows and (newer or more):
            self.older_url = self._url(rows[-1], newer=False)
        if rows and (more if newer else cursor is not None):
            self.newer_url = self._url(rows[0], newer=True)
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.complete(request, rows)

    def _cursor(self, request: HttpRequest) -> Cursor | None:
        text = request.GET.get(OLDER) or request.GET.get(NEWER)
        if not text:
            return None
        try:
            return Cursor.load(text, self.scope)
        except InvalidCursorError:
            return None

    def _beyond(self, cursor: Cursor) -> Any:
        if self.by_time:
            return (
                self.queryset.after(cursor.moment, cursor.row_id)
                if cursor.newer
                else self.queryset.before(cursor.moment, cursor.row_id)
            )
        return self.queryset.filter(**{"id__gt" if cursor.newer else "id__lt": cursor.row_id})

    def _url(self, row: Any, *, newer: bool) -> str:
        text = Cursor(row.timestamp, row.pk, newer).dump(self.scope)
        return self.get_query_string({NEWER if newer else OLDER: text})


def prefix_range(field: str, digits: str) -> dict[str, str]:
    """Return the condition for identifiers that begin with some digits, as a range that every database's index serves.

    Args:
        field: name of the column.
        digits: the first digits, at least one.
    """
    return {f"{field}__gte": digits, f"{field}__lt": digits[:-1] + chr(ord(digits[-1]) + 1)}
