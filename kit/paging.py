"""Pages of lists: counts that stop early, pages by number, and pages by cursor for the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.db.models import Q, QuerySet

COUNT_CAP = 10_000
PER_PAGE_CHOICES = (25, 50, 100, 200)
PER_PAGE_DEFAULT = 50
CURSOR_SALT = "kit.cursor"

FetchSlice = Callable[[QuerySet[Any]], list[Any]]


@dataclass(frozen=True)
class CappedCount:
    """A number of rows that is exact up to a cap and "at least" beyond it."""

    value: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.value:,}+" if self.more else f"{self.value:,}"


def capped_count(queryset: QuerySet[Any], cap: int = COUNT_CAP) -> CappedCount:
    """Count at most `cap` rows, so that the cost does not grow with the table."""
    found = queryset.order_by().values("pk")[: cap + 1].count()
    return CappedCount(min(found, cap), more=found > cap)


@dataclass(frozen=True)
class NumberPage:
    """One page of a list that has page numbers."""

    rows: list[Any]
    number: int
    per_page: int
    count: CappedCount

    @property
    def last(self) -> int:
        """The last page that can be reached by number; pages beyond the count's cap are not."""
        return max(1, -(-self.count.value // self.per_page))

    @property
    def previous_number(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next_number(self) -> int | None:
        return self.number + 1 if self.number < self.last else None

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.per_page + 1 if self.rows else 0

    @property
    def last_row(self) -> int:
        return (self.number - 1) * self.per_page + len(self.rows)

    @property
    def at_cap(self) -> bool:
        """Tell whether more rows match than page numbers reach."""
        return self.count.more and self.number >= self.last


def number_page(queryset: QuerySet[Any], *, number: int, per_page: int, fetch: FetchSlice = list) -> NumberPage:
    """Read page `number` (from 1; beyond the last gives the last) of an ordered queryset: one count, one read."""
    count = capped_count(queryset)
    number = min(max(number, 1), max(1, -(-count.value // per_page)))
    start = (number - 1) * per_page
    rows = fetch(queryset[start : start + per_page]) if count.value else []
    return NumberPage(rows=rows, number=number, per_page=per_page, count=count)


class InvalidCursorError(ValueError):
    """A cursor that was not made here, or for another filter."""


@dataclass(frozen=True)
class Cursor:
    """A place in a list ordered newest first: the row to go on from, and the direction."""

    moment: dt.datetime
    row_id: int
    newer: bool = False

    def dump(self, scope: str = "") -> str:
        """Sign the place, so that the browser can only hand it back. `scope` ties it to a filter."""
        if self.moment.tzinfo is None:
            raise ValueError("A cursor needs an aware moment")
        moment = self.moment.astimezone(dt.UTC).isoformat()
        return signing.dumps([moment, self.row_id, int(self.newer), scope], salt=CURSOR_SALT)

    @classmethod
    def load(cls, text: str, scope: str = "") -> Cursor:
        """Read a cursor back. Raises InvalidCursorError when forged, damaged or made for another filter."""
        try:
            moment, row_id, newer, made_for = signing.loads(text, salt=CURSOR_SALT)
            cursor = cls(dt.datetime.fromisoformat(moment), int(row_id), bool(newer))
        except (signing.BadSignature, ValueError, TypeError) as error:
            raise InvalidCursorError(text) from error
        if made_for != scope:
            raise InvalidCursorError(text)
        return cursor


@dataclass(frozen=True)
class KeysetPage:
    """One page of the log, with the cursors of its neighbours; who shows a count adds it."""

    rows: list[Any]
    per_page: int
    older: str | None = None
    newer: str | None = None
    count: CappedCount = field(default_factory=lambda: CappedCount(0))

    @property
    def at_cap(self) -> bool:
        return False


def after(cursor: Cursor, moment_field: str = "timestamp", id_field: str = "id") -> Q:
    """The condition for the rows beyond a cursor.

    Written `ts <= t AND (ts < t OR id < i)`: the form that starts with OR cannot use the index and is
    hundreds of times slower at depth.
    """
    side, strict = ("gte", "gt") if cursor.newer else ("lte", "lt")
    return Q(**{f"{moment_field}__{side}": cursor.moment}) & (
        Q(**{f"{moment_field}__{strict}": cursor.moment}) | Q(**{f"{id_field}__{strict}": cursor.row_id})
    )


def keyset_page(
    queryset: QuerySet[Any],
    *,
    per_page: int,
    cursor: Cursor | None = None,
    scope: str = "",
    fields: tuple[str, str] = ("timestamp", "id"),
    fetch: FetchSlice = list,
    also: QuerySet[Any] | None = None,
) -> KeysetPage:
    """Read one page ordered newest first by (moment, id), one row ahead to know whether there is another.

    Args:
        queryset: filtered, any order; it is ordered here.
        cursor: where the last page ended; None starts at the newest row.
        scope: what the cursors are tied to, usually the filter's query string.
        fields: names of the moment and the id, on rows as attribute or key.
        fetch: turns a slice into rows.
        also: rows that belong between those of `queryset` and are in another index: each is read in order and the two
            are merged, where one condition for both would have everything read and sorted.
    """
    moment_field, id_field = fields
    newer = cursor is not None and cursor.newer
    order = fields if newer else (f"-{moment_field}", f"-{id_field}")

    def place(row: Any) -> tuple[dt.datetime, int]:
        if isinstance(row, dict):
            return row[moment_field], row[id_field]
        return getattr(row, moment_field), getattr(row, id_field)

    def read(rows: QuerySet[Any]) -> list[Any]:
        selected = rows if cursor is None else rows.filter(after(cursor, moment_field, id_field))
        return fetch(selected.order_by(*order)[: per_page + 1])

    rows = read(queryset)
    if also is not None:
        once = {place(row): row for row in (*rows, *read(also))}
        rows = [once[key] for key in sorted(once, reverse=not newer)][: per_page + 1]
    more = len(rows) > per_page
    rows = rows[:per_page]
    if newer:
        rows.reverse()
    has_older = newer or more
    has_newer = more if newer else cursor is not None

    def edge(row: Any, *, to_newer: bool) -> str:
        return Cursor(*place(row), to_newer).dump(scope)

    return KeysetPage(
        rows=rows,
        per_page=per_page,
        older=edge(rows[-1], to_newer=False) if rows and has_older else None,
        newer=edge(rows[0], to_newer=True) if rows and has_newer else None,
    )
