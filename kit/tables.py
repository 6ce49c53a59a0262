"""The base of all tables: django-tables2 owns columns, order, heads and what a reader has chosen.

Every list and every small table is a `ListTable` that is made for its rows, and is drawn by `{% render_table %}` with
`templates/jinja/kit/table.html` (setting `DJANGO_TABLES2_TEMPLATE`). A small table draws its cells by
`render_<column>(record)`. A list names a template that draws all of its rows: it goes through `table.rows`, except
for events, SIMs and devices, whose templates take the records alone, because `table.rows` costs more there than the
rest of the page.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import django_tables2
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from django_tables2.columns import BoundColumn
from django_tables2.data import TableListData
from django_tables2.rows import BoundRow, BoundRows

from kit.rendering import by_jinja

DENSITIES = ("comfortable", "compact")


class ListColumn(django_tables2.Column):
    """A column that says how it sorts and looks.

    Args:
        sort: fields of ORDER BY for ascending order; empty means the column cannot be sorted. The id follows them, so
            that pages never overlap.
        required: the user cannot hide it.
        align: "start" or "end" (numbers).
        classes: of its cells, where the table draws them.
        heads_row: whether its cells are the heads of their rows.
        silent: whether its head is only read aloud.
        moment: whether it holds moments: its head names their zone where they are written out.
    """

    def __init__(
        self,
        verbose_name: Any = None,
        *,
        sort: Sequence[str] = (),
        required: bool = False,
        align: str = "start",
        classes: str = "",
        heads_row: bool = False,
        silent: bool = False,
        moment: bool = False,
        **options: Any,
    ) -> None:
        self.required = required
        self.align = align
        self.classes = classes
        self.heads_row = heads_row
        self.silent = silent
        self.moment = moment
        order_by = (*sort, "id") if sort else None
        super().__init__(verbose_name=verbose_name, orderable=bool(sort), order_by=order_by, **options)

    def __deepcopy__(self, memo: dict[int, Any]) -> ListColumn:
        """Copy it for the table of one request, which only sets whether it is visible and what it reads."""
        return copy.copy(self)


class ListRow(BoundRow):
    """A row whose cells are drawn from its record alone.

    The library looks up, for each cell anew, what its column's function takes; here that is decided once a table.
    """

    def items(self) -> Iterator[tuple[BoundColumn, Any]]:
        for column, draw in self.table.cells:
            yield column, draw(self.record)


class ListRows(BoundRows):
    """The rows of a table, as `ListRow`."""

    def __iter__(self) -> Iterator[ListRow]:
        for record in self.data:
            yield ListRow(record, table=self.table)


@dataclass(frozen=True)
class View:
    """What one user has chosen for one table."""

    columns: tuple[str, ...]
    density: str = ""


class ListTable(django_tables2.Table):
    """Base of the tables. The class attributes say what the list framework needs to know.

    Attributes:
        list_name: key among the reader's preferences; empty for a table that is no list.
        caption: what the table holds, for those who do not see it.
        region: name of the table's frame where another part of the page is called like the caption.
        noun: singular and plural of what is listed.
        default_columns: shown until the reader chooses; all when empty.
        default_sort: `-name`; empty means newest id first.
        newest_first: names of moment and id of a list that is read by cursor; empty for one with page numbers.
        row_template: Jinja2 template that draws all rows; without one the cells are drawn by `render_<column>`.
        tools: template of further buttons in the result line, such as an export.
    """

    list_name: ClassVar[str] = ""
    caption: Any = ""
    region: Any = ""
    noun: ClassVar[tuple[Any, Any]] = (gettext_lazy("row"), gettext_lazy("rows"))
    default_columns: ClassVar[Sequence[str]] = ()
    default_sort: ClassVar[str] = ""
    newest_first: ClassVar[tuple[str, ...]] = ()
    row_template: ClassVar[str] = ""
    tools: ClassVar[str] = ""

    def __init__(
        self,
        data: Any,
        *,
        sort: str = "",
        view: View | None = None,
        hidden: Sequence[str] = (),
        selectable: bool = False,
        address: Callable[..., str] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Make the table of one page.

        Args:
            data: rows, or a queryset that the table orders.
            sort: column to order a queryset by, with a minus for descending; one that is unknown or has no order is
                ignored, and `order_by` is empty then.
            view: columns to show; all of them when left out.
            hidden: columns to hide from this reader, such as the buttons of what they may not do.
            selectable: whether rows have checkboxes.
            address: the address of this view with another `sort`; left out for tables whose order is fixed.
            context: what the row template needs beside the rows.
        """
        unsorted = () if isinstance(data, QuerySet) else None
        super().__init__(data, order_by=(sort,) if sort else unsorted)
        self.view = view or View(tuple(name for name in self.base_columns if name not in hidden))
        self.selectable = selectable
        self.address = address
        self.row_context = dict(context or {})
        for name in self.base_columns:
            if name not in self.view.columns:
                self.columns.hide(name)
        self.rows = ListRows(data=self.data, table=self)

    @classmethod
    def shown_columns(cls, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of a choice in the table's order, with those that nobody can hide."""
        must = {name for name, column in cls.base_columns.items() if getattr(column, "required", False)}
        return tuple(name for name in cls.base_columns if name in wanted or name in must)

    @property
    def found(self) -> QuerySet[Any]:
        """The queryset in the order of the table."""
        ordered: QuerySet[Any] = self.data.data
        return ordered

    @property
    def sort(self) -> str:
        """The column that the table is ordered by, with a minus for descending; empty for none."""
        return str(self.order_by[0]) if self.order_by else ""

    def hold(self, rows: Sequence[Any]) -> None:
        """Take the rows of a page, as they were read for it, in place of the queryset that they came from."""
        self.data = TableListData(list(rows))
        self.data.set_table(self)
        self.rows = ListRows(data=self.data, table=self)

    def sort_url(self, column: BoundColumn) -> str:
        """The address that sorts by a column, or turns its order; empty where there is none."""
        if self.address is None or not column.orderable:
            return ""
        asked = str(column.order_by_alias.next)
        return self.address(sort="" if asked == self.default_sort else asked)

    @cached_property
    def cells(self) -> list[tuple[BoundColumn, Callable[[Any], Any]]]:
        """The visible columns, each with what draws its cell: `render_<column>` of the table, else the bare value."""
        return [(column, getattr(self, f"render_{column.name}", column.accessor.resolve)) for column in self.columns]

    def row_id(self, record: Any) -> str:
        """The id of a row in the page; empty for none."""
        return ""

    def rows_html(self) -> SafeString:
        """All rows, drawn by the template of the rows."""
        context = {
            "table": self,
            "rows": self.data.data,
            "columns": self.view.columns,
            "selectable": self.selectable,
            "now": timezone.now(),
            **self.row_context,
        }
        return by_jinja(self.row_template, context)


def chosen_view(table: type[ListTable], preferences: Mapping[str, Any]) -> View:
    """The columns and density of a table for a user; whatever is stored that no longer fits is ignored.

    Args:
        preferences: `User.preferences`; the choice lies in `tables[<list name>]`.
    """
    tables = preferences.get("tables")
    stored = tables.get(table.list_name) if isinstance(tables, dict) else None
    stored = stored if isinstance(stored, dict) else {}
    wanted = stored.get("columns")
    known = list(table.base_columns)
    default = tuple(table.default_columns) or tuple(known)
    chosen = {name for name in wanted if name in known} if isinstance(wanted, list) else set()
    if not chosen:
        chosen = set(default)
    density = stored.get("density")
    return View(
        columns=table.shown_columns(tuple(chosen)),
        density=density if density in DENSITIES else DENSITIES[0],
    )


def asked_view(table: type[ListTable], preferences: Mapping[str, Any], columns: str) -> View:
    """Return what a user has chosen for a table, with the columns of an address in place of theirs where it names some.

    Args:
        columns: names between commas; unknown ones are ignored.
    """
    chosen = chosen_view(table, preferences)
    known = [name for name in columns.split(",") if name in table.base_columns]
    return replace(chosen, columns=table.shown_columns(known)) if known else chosen
