"""A list page: filters, order, pages, columns and selection of one table, for the whole page and for htmx alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.bulk import BulkAction
from kit.filter_sets import Chip, ListFilters, encode
from kit.htmx import HtmxRequest, private, respond, wants_fragment
from kit.paging import (
    PER_PAGE_CHOICES,
    PER_PAGE_DEFAULT,
    Cursor,
    InvalidCursorError,
    KeysetPage,
    NumberPage,
    keyset_page,
    number_page,
)
from kit.rendering import GLOBALS
from kit.tables import Header, ListTable, UnknownSortError, View, chosen_view, headers, ordered, split_sort


@dataclass(frozen=True)
class Empty:
    """What stands in place of a list that has nothing yet: what will be here, and the button that begins it."""

    title: Any
    text: Any = ""
    icon: str = "inbox"
    action_label: Any = ""
    action_url: str = ""


class Listing:
    """One list of one page, as a request asks for it.

    Args:
        request: GET with the list's parameters, or POST with pasted or uploaded filter values.
        table: columns and their order.
        filters: filter set class.
        queryset: what the reader may see, unfiltered.
        rows: name of the Jinja2 template that renders all rows (below `templates/jinja`).
        fetch: turns the sliced queryset into the list of rows; by default its objects.
        paging: "pages" has page numbers and a free order; "keyset" goes newest first by cursor.
        keyset_fields: names of moment and id for "keyset".
        bulk: actions for selected rows; without any there are no checkboxes.
        empty: what to show when there is nothing at all.
        noun: singular and plural of what is listed.
        context: what the row template needs besides.
        keep: further parameters of the page that stay in every link, such as `tab`.
        per_page: rows a page until the reader chooses otherwise.
        tools: template of further buttons in the result line, such as an export.
    """

    def __init__(
        self,
        request: HtmxRequest,
        *,
        table: type[ListTable],
        filters: type[ListFilters],
        queryset: QuerySet[Any],
        rows: str,
        fetch: Callable[[QuerySet[Any]], list[Any]] = list,
        paging: Literal["pages", "keyset"] = "pages",
        keyset_fields: tuple[str, str] = ("timestamp", "id"),
        bulk: Sequence[BulkAction] = (),
        empty: Empty | None = None,
        noun: tuple[Any, Any] = (gettext_lazy("row"), gettext_lazy("rows")),
        context: Mapping[str, Any] | None = None,
        keep: Sequence[str] = ("tab",),
        per_page: int = PER_PAGE_DEFAULT,
        tools: str = "",
    ) -> None:
        self.request = request
        self.table = table
        self.queryset = queryset
        self.row_template = rows
        self.fetch = fetch
        self.paging = paging
        self.keyset_fields = keyset_fields
        self.bulk = list(bulk)
        self.empty = empty or Empty(title=_("Nothing here yet"))
        self.noun = noun
        self.row_context = dict(context or {})
        self.default_per_page = per_page
        self.tools_template = tools
        self.moment = timezone.now()
        # The filter form posts all of its fields to the bare path, so nothing of the address is lost.
        self.data: QueryDict = request.POST if request.method == "POST" else request.GET
        self.filters = filters(self.data, queryset, request=request, files=request.FILES, keep=keep)
        self.kept = {name: self.data.get(name, "") for name in keep if self.data.get(name)}
        self.notices: list[str] = []
        self._read_parameters()

    def _read_parameters(self) -> None:
        self.sort = self.data.get("sort") or self.table.default_sort
        if self.paging == "pages" and self.sort:
            try:
                split_sort(self.table, self.sort)
            except UnknownSortError:
                self.notices.append(_("The list cannot be sorted by “%(sort)s”.") % {"sort": self.sort[:60]})
                self.sort = self.table.default_sort
        self.per_page = self.default_per_page
        if asked := self.data.get("per_page"):
            if asked in map(str, PER_PAGE_CHOICES):
                self.per_page = int(asked)
            else:
                self.notices.append(_("A page has 25, 50, 100 or 200 rows, not “%(n)s”.") % {"n": asked[:60]})
        page = self.data.get("page", "")
        self.page_number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
        if (page and self.page_number < 1) or (page and not page.isdigit()):
            self.notices.append(_("There is no page “%(page)s”; this is the first one.") % {"page": page[:60]})
        for name in self.filters.unknown:
            self.notices.append(_("The parameter “%(name)s” is unknown here and was ignored.") % {"name": name[:60]})

    # --- what the database says -------------------------------------------------------------------

    @cached_property
    def page(self) -> NumberPage | KeysetPage:
        """The rows of this page, and its neighbours."""
        if self.paging == "keyset":
            return self._keyset_page()
        found = ordered(self.filters.qs, self.table, self.sort)
        return number_page(found, number=self.page_number, per_page=self.per_page, fetch=self.fetch)

    def _keyset_page(self) -> KeysetPage:
        cursor = None
        if text := self.data.get("cursor"):
            try:
                cursor = Cursor.load(text, self.filters.query)
            except InvalidCursorError:
                self.notices.append(_("The link to this page is no longer valid; these are the newest rows."))
        return keyset_page(
            self.filters.qs,
            per_page=self.per_page,
            cursor=cursor,
            scope=self.filters.query,
            fields=self.keyset_fields,
            fetch=self.fetch,
        )

    @cached_property
    def hiding(self) -> list[Chip]:
        """The filters that hide everything, when nothing was found."""
        return [] if self.page.rows or not self.filters.is_valid() else self.filters.hiding()

    # --- what the templates show ------------------------------------------------------------------

    @cached_property
    def view(self) -> View:
        """The columns and density that the reader has chosen."""
        return chosen_view(self.table, getattr(self.request.user, "preferences", None) or {})

    @property
    def name(self) -> str:
        """The key of this table among the reader's preferences."""
        return self.table.list_name

    @property
    def caption(self) -> str:
        """What the table holds, for those who do not see it."""
        return str(self.table.caption)

    @property
    def selectable(self) -> bool:
        return bool(self.bulk)

    @property
    def colspan(self) -> int:
        return len(self.view.columns) + int(self.selectable)

    @property
    def path(self) -> str:
        return self.request.path

    def query(self, **changes: str) -> str:
        """The clean query string of this view with some parameters changed; empty ones are left out."""
        parameters = dict(self.kept)
        parameters.update(self.filters.query_values())
        if self.paging == "pages" and self.sort != self.table.default_sort:
            parameters["sort"] = self.sort
        if self.per_page != self.default_per_page:
            parameters["per_page"] = str(self.per_page)
        parameters.update(changes)
        return encode(parameters)

    def url(self, **changes: str) -> str:
        """The address of this view with some parameters changed."""
        query = self.query(**changes)
        return f"{self.path}?{query}" if query else self.path

    @property
    def here(self) -> str:
        """The address of exactly this page of the list."""
        if self.paging == "keyset":
            cursor = self.data.get("cursor", "")
            return self.url(cursor=cursor) if cursor and self.request.method != "POST" else self.url()
        number = self.page_number if self.request.method != "POST" else 1
        return self.url(page=str(number)) if number > 1 else self.url()

    @property
    def clear_url(self) -> str:
        """The address of this list with no filter."""
        query = encode(self.kept)
        return f"{self.path}?{query}" if query else self.path

    def chip_urls(self) -> list[tuple[Chip, str]]:
        """Each chip with the address that the list has without it."""
        return [(chip, self.url(**{chip.name: ""})) for chip in self.filters.chips]

    @property
    def has_more_filters(self) -> bool:
        """Whether some filters wait in the "More filters" panel."""
        return any(not chip.primary and not chip.active for chip in self.filters.chips)

    @property
    def hidden_parameters(self) -> list[tuple[str, str]]:
        """What the filter form must carry besides the filters."""
        carried = [(name, value) for name, value in self.kept.items()]
        if self.paging == "pages" and self.sort != self.table.default_sort:
            carried.append(("sort", self.sort))
        if self.per_page != self.default_per_page:
            carried.append(("per_page", str(self.per_page)))
        return carried

    def headers(self) -> list[tuple[Header, str]]:
        """The head cells with the address that sorts by them; no address where a column has no order."""
        cells = headers(self.table, self.view, self.sort if self.paging == "pages" else "")
        sortable = self.paging == "pages"
        default = self.table.default_sort
        return [
            (cell, self.url(sort="" if cell.sort_query == default else cell.sort_query))
            if sortable and cell.sort_query
            else (cell, "")
            for cell in cells
        ]

    def column_choices(self) -> list[tuple[str, str, bool, bool]]:
        """All columns for the menu: name, label, shown, required."""
        return [
            (
                name,
                str(column.verbose_name if column.verbose_name is not None else name),
                name in self.view.columns,
                bool(getattr(column, "required", False)),
            )
            for name, column in self.table.base_columns.items()
        ]

    def per_page_urls(self) -> list[tuple[int, str, bool]]:
        """Choices of rows a page: number, address, current."""
        return [
            (n, self.url(per_page="" if n == self.default_per_page else str(n)), n == self.per_page)
            for n in PER_PAGE_CHOICES
        ]

    @property
    def previous_url(self) -> str:
        page = self.page
        if isinstance(page, KeysetPage):
            return self.url(cursor=page.newer) if page.newer else ""
        if page.previous_number is None:
            return ""
        return self.url(page=str(page.previous_number)) if page.previous_number > 1 else self.url()

    @property
    def next_url(self) -> str:
        page = self.page
        if isinstance(page, KeysetPage):
            return self.url(cursor=page.older) if page.older else ""
        return self.url(page=str(page.next_number)) if page.next_number is not None else ""

    @property
    def count_text(self) -> str:
        """How many match, and how sure: "2,431 SIMs", "10,000+ events"."""
        count = self.page.count
        noun = self.noun[0] if count.value == 1 and not count.more else self.noun[1]
        return f"{count} {noun}"

    def chips_html(self) -> SafeString:
        """The filter chips with their panels; by Jinja2, for there may be hundreds of choices."""
        # Escaped by Jinja2 already; its backend only does not say so.
        return mark_safe(render_to_string("kit/_chips.html", {**GLOBALS, "listing": self}, using="jinja2"))  # noqa: S308

    def rows_html(self) -> SafeString:
        """All rows of this page."""
        context = {
            **GLOBALS,
            "rows": self.page.rows,
            "columns": self.view.columns,
            "workspace": getattr(self.request, "workspace", None),
            "may": getattr(self.request, "may", frozenset()),
            "listing": self,
            "selectable": self.selectable,
            "now": self.moment,
            **self.row_context,
        }
        # Escaped by Jinja2 already; its backend only does not say so.
        return mark_safe(render_to_string(self.row_template, context, using="jinja2"))  # noqa: S308

    # --- the answer -------------------------------------------------------------------------------

    def _untidy(self) -> bool:
        """Whether the address holds empty parameters or ones that only the form's parts have."""
        tidy = set(self.filters.query_values())
        parts = {part for name, found in self.filters.filters.items() for part in found.parameters(name)[1:]}
        for name, texts in self.request.GET.lists():
            if name in parts or not any(texts) or (name in tidy and len(texts) > 1):
                return True
        return False

    def respond(self, template: str, context: Mapping[str, Any] | None = None) -> HttpResponse:
        """The page, its fragment for htmx, or a redirect to the clean address.

        Args:
            template: of the whole page; it includes `kit/_list.html` and finds this object as `listing`.
        """
        fragment = wants_fragment(self.request)
        valid = self.filters.is_valid()
        if valid and not fragment:
            if self.request.method == "POST":
                return private(HttpResponseRedirect(self.here, status=303))
            if self._untidy():
                return private(HttpResponseRedirect(self.here))
        # The address follows what the reader does; a refresh of the same view must not add to the history.
        shown = self.request.get_full_path()
        push = self.here if valid and (self.request.method == "POST" or shown != self.here) else None
        return respond(
            self.request,
            template,
            "kit/_list_update.html",
            {**(context or {}), "listing": self},
            status=200 if valid else 422,
            push_url=push,
        )
