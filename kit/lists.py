"""A list page: filters, order, pages, columns and selection of one table, for the whole page and for htmx alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kit.bulk import BulkAction
from kit.filter_sets import Chip, ListFilters, encode
from kit.htmx import HtmxRequest, private, respond, wants_fragment
from kit.paging import (
    PER_PAGE_CHOICES,
    PER_PAGE_DEFAULT,
    CappedCount,
    Cursor,
    InvalidCursorError,
    KeysetPage,
    NumberPage,
    capped_count,
    keyset_page,
    number_page,
)
from kit.rendering import by_jinja
from kit.tables import ListTable, View, asked_view

KEPT = ("tab",)
"""Further parameters of a page that stay in every link of its list."""


@dataclass(frozen=True)
class Empty:
    """What stands in place of a list that has nothing yet: what will be here, and the button that begins it."""

    title: Any
    text: Any = ""
    icon: str = "inbox"
    action_label: Any = ""
    action_url: str = ""
    second_label: Any = ""
    second_url: str = ""


@dataclass(frozen=True)
class ViewLine:
    """One view in the menu of a list.

    Args:
        name: what it is called.
        url: the address of the list as the view shows it.
        open: whether this is what the list shows now.
        shared: whether the whole workspace has it.
        default: whether the list opens with it for the reader.
    """

    name: str
    url: str
    open: bool
    shared: bool = False
    default: bool = False


@dataclass(frozen=True)
class ViewMenu:
    """The saved views of a list.

    Args:
        lines: the whole list first.
        save_url: where what is shown is saved under a name.
        manage_url: the page of all views.
        whole: what follows the address of a list that is not to open with the chosen view.
    """

    lines: list[ViewLine]
    save_url: str
    manage_url: str
    whole: str = ""

    @property
    def open(self) -> ViewLine | None:
        """The saved view that is shown now."""
        return next((line for line in self.lines[1:] if line.open), None)


class Listing:
    """One list of one page, as a request asks for it.

    Args:
        request: GET with the list's parameters, or POST with pasted or uploaded filter values.
        table: columns and order, and how the list is read and drawn.
        filters: filter set class.
        queryset: what the reader may see, unfiltered.
        fetch: turns the sliced queryset into the list of rows; by default its objects.
        bulk: actions for selected rows; without any there are no checkboxes.
        empty: what to show when there is nothing at all.
        context: what the row template needs besides.
    """

    keeps: ClassVar[tuple[str, ...]] = KEPT
    """Parameters that stay in every link of the list."""

    def __init__(
        self,
        request: HtmxRequest,
        *,
        table: type[ListTable],
        filters: type[ListFilters],
        queryset: QuerySet[Any],
        fetch: Callable[[QuerySet[Any]], list[Any]] = list,
        bulk: Sequence[BulkAction] = (),
        empty: Empty | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        self.request = request
        self.path = request.path
        self.fetch = fetch
        self.bulk = list(bulk)
        self.empty = empty or Empty(title=_("Nothing here yet"))
        self.moment = timezone.now()
        # The filter form posts all of its fields to the bare path, so nothing of the address is lost.
        self.data: QueryDict = request.POST if request.method == "POST" else request.GET
        self.kept = {name: self.data.get(name, "") for name in self.keeps if self.data.get(name)}
        self.notices: list[str] = []
        self.menu: ViewMenu | None = None
        self.columns: tuple[str, ...] = ()
        self.table = self._table(table, queryset, dict(context or {}))
        self.filters = filters(self.data, self.table.found, request=request, files=request.FILES, keep=self.keeps)
        self._read_parameters()

    def _table(self, table: type[ListTable], queryset: QuerySet[Any], context: dict[str, Any]) -> ListTable:
        """Make the table, in the order that was asked for; the rows come when the page is read."""
        asked = "" if table.newest_first else self.data.get("sort", "")
        made = table(
            queryset if table.newest_first else queryset.order_by("-id"),
            sort="" if table.newest_first else asked or table.default_sort,
            view=self._view(table),
            selectable=bool(self.bulk),
            address=None if table.newest_first else self.url,
            context={
                "workspace": getattr(self.request, "workspace", None),
                "may": getattr(self.request, "may", frozenset()),
                "listing": self,
                "now": self.moment,
                **context,
            },
        )
        if asked and not made.order_by:
            self.notices.append(_("The list cannot be sorted by “%(sort)s”.") % {"sort": asked[:60]})
            made.order_by = made.default_sort
        return made

    def _view(self, table: type[ListTable]) -> View:
        """Return what the reader has chosen for the table, with the columns of the address where it names some."""
        asked = self.data.get("columns", "")
        names = [name for name in asked.split(",") if name]
        if unknown := [name for name in names if name not in table.base_columns]:
            self.notices.append(_("There is no column “%(name)s”.") % {"name": unknown[0][:60]})
        view = asked_view(table, getattr(self.request.user, "preferences", None) or {}, asked)
        self.columns = view.columns if len(unknown) < len(names) else ()
        return view

    def _read_parameters(self) -> None:
        self.per_page = PER_PAGE_DEFAULT
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
        """The rows of this page, and its neighbours; the table holds the rows from here on."""
        page: NumberPage | KeysetPage
        if self.table.newest_first:
            page = self._keyset_page()
        else:
            page = number_page(self.filters.qs, number=self.page_number, per_page=self.per_page, fetch=self.fetch)
        self.table.hold(page.rows)
        return page

    @property
    def parts(self) -> Sequence[QuerySet[Any]]:
        """What the list shows in the order of time, as one query or as two, each in the order of an index."""
        return [self.filters.qs]

    def _cursor(self) -> Cursor | None:
        """Return where the page begins, `None` for the newest row; a reader whose link is old is told."""
        if text := self.data.get("cursor"):
            try:
                return Cursor.load(text, self.filters.query)
            except InvalidCursorError:
                message = _("The link to this page is no longer valid; these are the newest %(nouns)s.")
                self.notices.append(message % {"nouns": self.table.noun[1]})
        return None

    def _keyset_page(self) -> KeysetPage:
        """Count only when there is a second page: free text would otherwise be looked for twice."""
        moment_field, id_field = self.table.newest_first
        cursor = self._cursor()
        first, *rest = self.parts
        page = keyset_page(
            first,
            also=rest[0] if rest else None,
            per_page=self.per_page,
            cursor=cursor,
            scope=self.filters.query,
            fields=(moment_field, id_field),
            fetch=self.fetch,
        )
        alone = page.older is None and page.newer is None
        return replace(page, count=CappedCount(len(page.rows)) if alone else capped_count(self.filters.qs))

    @cached_property
    def hiding(self) -> list[Chip]:
        """The filters that hide everything, when nothing was found."""
        return [] if self.page.rows or not self.filters.is_valid() else self.filters.hiding()

    # --- what the templates show ------------------------------------------------------------------

    def _own_parameters(self) -> dict[str, str]:
        """The order, the rows a page and the columns, where they are not the usual ones."""
        changed = {}
        if self.table.sort not in ("", self.table.default_sort):
            changed["sort"] = self.table.sort
        if self.per_page != PER_PAGE_DEFAULT:
            changed["per_page"] = str(self.per_page)
        if self.columns:
            changed["columns"] = ",".join(self.columns)
        return changed

    @property
    def view_query(self) -> str:
        """What the address says of what is shown: filters, search, order, rows a page, columns; not which page."""
        return encode(self._asked())

    @property
    def shown_query(self) -> str:
        """The same with the columns that are shown, for a view that looks alike to everybody."""
        columns = {"columns": ",".join(self.table.view.columns)}
        return encode({**self._asked(), **columns})

    def _asked(self) -> dict[str, str]:
        kept = {name: text for name, text in self.kept.items() if name != "tab"}
        return {**kept, **self.filters.query_values(), **self._own_parameters()}

    @property
    def own_columns_url(self) -> str:
        """The address of this view with the columns that the reader has chosen, where it names others."""
        return self.url(columns="") if self.columns else ""

    @property
    def _whole(self) -> str:
        """What follows the address of the whole list, where the reader has chosen a view that it would open with."""
        return self.menu.whole if self.menu else ""

    def url(self, **changes: str) -> str:
        """The address of this view with some parameters changed; empty ones are left out."""
        query = encode({**self.kept, **self.filters.query_values(), **self._own_parameters(), **changes}) or self._whole
        return f"{self.path}?{query}" if query else self.path

    @property
    def here(self) -> str:
        """The address of exactly this page of the list."""
        if self.request.method == "POST":
            return self.url()
        if self.table.newest_first:
            return self.url(cursor=self.data.get("cursor", ""))
        return self.url(page=str(self.page_number) if self.page_number > 1 else "")

    @property
    def clear_url(self) -> str:
        """The address of this list with no filter."""
        query = encode(self.kept) or self._whole
        return f"{self.path}?{query}" if query else self.path

    def chip_urls(self) -> list[tuple[Chip, str]]:
        """Each chip with the address that the list has without it."""
        return [(chip, self.url(**{chip.name: ""})) for chip in self.filters.chips]

    @property
    def has_more_filters(self) -> bool:
        """Whether some filters wait in the "More filters" panel."""
        return self.filters.has_more

    @property
    def hidden_parameters(self) -> list[tuple[str, str]]:
        """What the filter form must carry besides the filters."""
        return list({**self.kept, **self._own_parameters()}.items())

    def per_page_urls(self) -> list[tuple[int, str, bool]]:
        """Choices of rows a page: number, address, current."""
        return [
            (n, self.url(per_page="" if n == PER_PAGE_DEFAULT else str(n)), n == self.per_page)
            for n in PER_PAGE_CHOICES
        ]

    @property
    def previous_url(self) -> str:
        page = self.page
        if isinstance(page, KeysetPage):
            return self.url(cursor=page.newer) if page.newer else ""
        if page.previous_number is None:
            return ""
        return self.url(page=str(page.previous_number) if page.previous_number > 1 else "")

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
        return f"{count} {self.table.noun[0] if count.value == 1 and not count.more else self.table.noun[1]}"

    def chips_html(self) -> SafeString:
        """The filter chips with their panels; by Jinja2, for there may be hundreds of choices."""
        return by_jinja("kit/_chips.html", {"listing": self})

    # --- the answer -------------------------------------------------------------------------------

    def _untidy(self) -> bool:
        """Whether the address holds empty parameters or ones that only the form's parts have."""
        tidy = set(self.filters.query_values())
        for name, texts in self.request.GET.lists():
            if name in self.filters.part_parameters or not any(texts) or (name in tidy and len(texts) > 1):
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
