"""The base of all tables: django-tables2 defines columns, order and what a user may choose.

Long lists do not iterate `table.rows`, which costs more than the rest of the page; they render their rows by a
template of their own and take only the header from here. Small tables use `{% render_table %}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import django_tables2
from django.db.models import QuerySet

DENSITIES = ("comfortable", "compact")


class ListColumn(django_tables2.Column):
    """A column that says how it sorts.

    Args:
        sort: fields of ORDER BY for ascending order; empty means the column cannot be sorted.
        required: the user cannot hide it.
        align: "start" or "end" (numbers).
    """

    def __init__(
        self,
        verbose_name: Any = None,
        *,
        sort: Sequence[str] = (),
        required: bool = False,
        align: str = "start",
        **options: Any,
    ) -> None:
        self.sort = tuple(sort)
        self.required = required
        self.align = align
        options.setdefault("orderable", bool(self.sort))
        super().__init__(verbose_name=verbose_name, order_by=self.sort or None, **options)


class ListTable(django_tables2.Table):
    """Base of the tables. The class attributes say what the list framework needs to know."""

    list_name: ClassVar[str] = ""
    caption: ClassVar[Any] = ""
    default_columns: ClassVar[Sequence[str]] = ()
    default_sort: ClassVar[str] = ""
    selectable: ClassVar[bool] = False

    class Meta:
        template_name = "kit/table.html"
        attrs: ClassVar[dict[str, str]] = {"class": "table"}

    @classmethod
    def column_named(cls, name: str) -> ListColumn | None:
        """The column of that name, or None."""
        column = cls.base_columns.get(name)
        return column if isinstance(column, ListColumn) else None


@dataclass(frozen=True)
class View:
    """What one user has chosen for one table."""

    columns: tuple[str, ...]
    density: str


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
    chosen |= {name for name in known if getattr(table.base_columns[name], "required", False)}
    density = stored.get("density")
    return View(
        columns=tuple(name for name in known if name in chosen),
        density=density if density in DENSITIES else DENSITIES[0],
    )


class UnknownSortError(ValueError):
    """A sort parameter that is no column of this table, or one that cannot be sorted."""


def split_sort(table: type[ListTable], sort: str) -> tuple[ListColumn, bool]:
    """Read `-name` into the column and whether it descends. Raises UnknownSortError."""
    column = table.column_named(sort.removeprefix("-"))
    if column is None or not column.sort:
        raise UnknownSortError(sort)
    return column, sort.startswith("-")


def turned(field: str) -> str:
    """The same field of ORDER BY in the other direction."""
    return field.removeprefix("-") if field.startswith("-") else f"-{field}"


def ordered(queryset: QuerySet[Any], table: type[ListTable], sort: str) -> QuerySet[Any]:
    """Order by a whitelisted column, with the id last so that pages never overlap. Raises UnknownSortError."""
    if not sort:
        return queryset.order_by("-id")
    column, descending = split_sort(table, sort)
    fields = [turned(name) if descending else name for name in (*column.sort, "id")]
    return queryset.order_by(*fields)


@dataclass(frozen=True)
class Header:
    """One cell of the table head."""

    name: str
    label: str
    align: str
    sort_query: str | None
    direction: str

    @property
    def aria_sort(self) -> str:
        """The value of `aria-sort`; empty for columns that the list is not sorted by."""
        return self.direction


def headers(table: type[ListTable], view: View, sort: str) -> list[Header]:
    """The head cells of the visible columns. `sort_query` is the sort value that a click asks for."""
    found = []
    current, descending = sort.removeprefix("-"), sort.startswith("-")
    for name in view.columns:
        column = table.base_columns[name]
        sortable = bool(getattr(column, "sort", ()))
        direction = ("descending" if descending else "ascending") if sortable and name == current else ""
        found.append(
            Header(
                name=name,
                label=str(column.verbose_name if column.verbose_name is not None else name),
                align=getattr(column, "align", "start"),
                sort_query=(f"-{name}" if direction == "ascending" else name) if sortable else None,
                direction=direction,
            )
        )
    return found
