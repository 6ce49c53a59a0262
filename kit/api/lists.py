"""Pages of the API's lists, with the headers by which clients page on (`docs/api.md` section 0, "Paging")."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlencode

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field as QueryField
from ninja import Schema

from kit.api.responses import json_response
from kit.api.types import integer_parameter
from kit.caches import figures

M = TypeVar("M", bound=Model)

TOTAL_SECONDS: Final = 30
"""How long a filtered total that cost something is believed (`docs/architecture.md` section 4)."""
TOTAL_CACHED_FROM: Final = 10_000
"""Rows from which a filtered total is kept; below, counting costs less than a millisecond and is done each time."""


class ListQuery(Schema):
    """What every list takes in its query string."""

    page: Annotated[int | None, integer_parameter("page")] = QueryField(None, description="From 1.")
    per_page: Annotated[int | None, integer_parameter("per_page")] = QueryField(None, description="Rows of a page.")
    q: str = QueryField("", description="Filter: `field:value[,field:value…]`.")
    sort: str = QueryField("", description="Order: `[-]field[,[-]field…]`; by id unless given.")


class PageQuery(Schema):
    """What a list without filters takes."""

    page: Annotated[int | None, integer_parameter("page")] = QueryField(None, description="From 1.")
    per_page: Annotated[int | None, integer_parameter("per_page")] = QueryField(None, description="Rows of a page.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of a list's pages: `default` rows, at most `most`."""

    default: int
    most: int

    def per_page(self, asked: int | None) -> int:
        """Return the size of a page: the default below 1, clipped above the maximum."""
        return self.default if asked is None or asked < 1 else min(asked, self.most)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is shown.

    Args:
        number: from 1.
        per_page: rows of a page.
        total: rows of the list.
    """

    number: int
    per_page: int
    total: int

    @property
    def last(self) -> int:
        """Return the number of the last page; an empty list has one page."""
        return max(1, -(-self.total // self.per_page))


FetchPage = Callable[[int, int], list[dict[str, Any]]]
"""Reads rows: (offset, limit)."""


def read_page(
    query: ListQuery | PageQuery, limits: Limits, *, fetch: FetchPage, count: Callable[[], int]
) -> tuple[Page, list[dict[str, Any]]]:
    """Read the page that is asked for; beyond the last the last is given.

    A first page that is not full tells the total by itself, so short lists are never counted.

    Args:
        query: page and per_page as asked.
        limits: sizes of this list.
        fetch: reads rows, in order.
        count: counts them all.
    """
    per_page = limits.per_page(query.per_page)
    number = max(query.page or 1, 1)
    if number == 1:
        rows = fetch(0, per_page)
        total = len(rows) if len(rows) < per_page else count()
        return Page(1, per_page, total), rows
    total = count()
    page = Page(min(number, max(1, -(-total // per_page))), per_page, total)
    return page, fetch((page.number - 1) * per_page, per_page)


def page_response(request: HttpRequest, page: Page, rows: Iterable[dict[str, Any]], *, sort: str) -> HttpResponse:
    """Return a page of a list with its headers; the body is a bare array.

    Args:
        request: for the links to the other pages, which keep filter and order.
        page: which part it is.
        rows: wire objects.
        sort: for `X-Sort`.
    """
    headers = {
        "X-Count-Per-Page": str(page.per_page),
        "X-Current-Page": str(page.number),
        "X-Total-Count": str(page.total),
        "X-Total-Pages": str(page.last),
        "X-Sort": sort,
        "Link": _links(request, page),
    }
    if applied := request.GET.get("q"):
        # A header is ASCII; what is not is told as an address would tell it.
        headers["X-Filter"] = quote(applied, safe=string.punctuation + " ")
    return json_response(list(rows), headers=headers)


def _links(request: HttpRequest, page: Page) -> str:
    base = request.build_absolute_uri(request.path)
    kept = [(name, request.GET[name]) for name in ("q", "sort") if request.GET.get(name)]

    def link(number: int, rel: str) -> str:
        query = urlencode([("page", number), ("per_page", page.per_page), *kept])
        return f'<{base}?{query}>; rel="{rel}"'

    links = [link(1, "first")]
    if page.number > 1:
        links.append(link(page.number - 1, "prev"))
    if page.number < page.last:
        links.append(link(page.number + 1, "next"))
    links.append(link(page.last, "last"))
    return ", ".join(links)


def deep(rows: QuerySet[M], offset: int, limit: int) -> QuerySet[M]:
    """Return a slice of an ordered queryset; far in, ids are counted off first, which an index alone can do.

    Args:
        rows: ordered, without `values()`.
        offset: rows to leave out.
        limit: rows to read.
    """
    if not offset:
        return rows[:limit]
    ids = rows.values("pk")[offset : offset + limit]
    return rows.model._default_manager.filter(pk__in=ids).order_by(*rows.query.order_by)


def total_of(rows: QuerySet[Any], *, scope: str, filtered: bool) -> int:
    """Count a list that may be long: exactly, a large filtered one at most once in half a minute.

    Args:
        rows: the whole list.
        scope: names the list and its filter, workspace included.
        filtered: whether there is a filter; totals of whole lists are never kept.
    """
    if not filtered:
        return rows.order_by().count()
    key = "api-total:" + hashlib.sha256(scope.encode("utf-8", "replace")).hexdigest()
    known: int | None = figures.get(key)
    if known is not None:
        return known
    total = rows.order_by().count()
    if total >= TOTAL_CACHED_FROM:
        figures.set(key, total, TOTAL_SECONDS)
    return total
