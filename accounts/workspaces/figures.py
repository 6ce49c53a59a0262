"""Figures, columns and warnings of workspaces for the operator's staff, to which every app adds what it knows.

This app does not know what a SIM or an event is. The apps above register a `FigureSource` when they start; the pages
of workspaces in the admin site show what all sources have, and need the same number of queries for any number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from django.db.models import Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from accounts.models import Workspace
from kit.admin.filters import Narrow

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Tone = Literal["bad", "warn", "info"]
TONES: Final[tuple[Tone, ...]] = ("bad", "warn", "info")
"""In the order in which warnings stand beside each other."""

Figures = dict[str, Any]
"""Name of a figure to its value."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about a workspace that staff should look at."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure at the head of the page of a workspace.

    Args:
        label: what people call the figure.
        value: as it is shown.
        url: the list of what was counted, "" for none.
        note: whether the value is words, which are set smaller than a number.
    """

    label: str
    value: str
    url: str = ""
    note: bool = False


@dataclass(frozen=True, slots=True)
class ListLink:
    """A list of the admin site that can be narrowed to one workspace.

    Args:
        label: what people call the list.
        url_name: of the list in the namespace `admin`; it takes `?workspace=<id>`.
        icon: of the lucide set.
    """

    label: StrOrPromise
    url_name: str
    icon: str


@dataclass(frozen=True, kw_only=True)
class FigureSource:
    """What one app knows about workspaces.

    Args:
        rank: sources are shown in this order.
        annotations: figure to a function that returns its expression, in which `OuterRef("pk")` is the workspace. The
            expressions of all sources are read in one query.
        counts: a function that returns figures by workspace, from their ids, in one query; and the figures of a
            workspace that it does not name.
        columns: columns of the list, as functions for `ModelAdmin.list_display`; `figures` of a row holds its figures.
        tiles: returns what stands at the head of the page of a workspace.
        warnings: returns what staff should look at, without a query; package and main organisation are loaded.
        filters: value in the address to label and condition, for the filter by warning.
        links: lists about a workspace.
    """

    rank: int
    annotations: Mapping[str, Callable[[], Combinable]] = field(default_factory=dict)
    counts: tuple[Callable[[Sequence[int]], Mapping[int, Figures]], Figures] | None = None
    columns: Sequence[Callable[[Any], Any]] = ()
    tiles: Callable[[Workspace, Figures], Iterable[Tile]] = lambda _workspace, _figures: ()
    warnings: Callable[[Workspace, Figures], Iterable[Caution]] = lambda _workspace, _figures: ()
    filters: Mapping[str, tuple[StrOrPromise, Narrow]] = field(default_factory=dict)
    links: Sequence[ListLink] = ()


_sources: Final[list[FigureSource]] = []

WARNING_FILTERS: Final[dict[str, tuple[StrOrPromise, Narrow]]] = {}
"""The conditions of all sources, for the filter by warning."""


def register(source: FigureSource) -> None:
    """Add what an app knows about workspaces.

    Raises:
        ValueError: another source has a figure or a filter of the same name.
    """
    taken = [name for each in _sources for name in _names(each)]
    twice = set(_names(source)).intersection(taken) | WARNING_FILTERS.keys() & source.filters.keys()
    if twice:
        raise ValueError(f"Another source has these figures or filters already: {', '.join(sorted(twice))}.")
    _sources.append(source)
    _sources.sort(key=lambda each: each.rank)
    WARNING_FILTERS.clear()
    for each in _sources:
        WARNING_FILTERS.update(each.filters)


def _names(source: FigureSource) -> list[str]:
    return [*source.annotations, *(source.counts[1] if source.counts else ())]


def figures_of(ids: Sequence[int]) -> dict[int, Figures]:
    """Return the figures of workspaces, by id: one query and one more for each source that counts; none for no ids."""
    found: dict[int, Figures] = {pk: {} for pk in ids}
    if not found:
        return found
    expressions: dict[str, Combinable] = {}
    for source in _sources:
        if source.counts is not None:
            count, absent = source.counts
            counted = count(ids)
            for pk, figures in found.items():
                figures.update(counted.get(pk, absent))
        expressions.update({name: make() for name, make in source.annotations.items()})
    # The prefix keeps a figure from clashing with a field of the workspace.
    annotated = {f"figure_{name}": expression for name, expression in expressions.items()}
    rows = Workspace.objects.filter(pk__in=ids).order_by().annotate(**annotated)
    for pk, *values in rows.values_list("pk", *annotated):
        found[pk].update(zip(expressions, values, strict=True))
    return found


def columns() -> tuple[Callable[[Any], Any], ...]:
    """Return the columns of all sources."""
    return tuple(column for source in _sources for column in source.columns)


def tiles_of(workspace: Workspace, figures: Figures) -> list[Tile]:
    """Return what all sources put at the head of the page of a workspace."""
    return [tile for source in _sources for tile in source.tiles(workspace, figures)]


def links() -> tuple[ListLink, ...]:
    """Return the lists about a workspace that all sources know."""
    return tuple(link for source in _sources for link in source.links)


def warnings_of(workspace: Workspace, figures: Figures) -> list[Caution]:
    """Return what staff should look at, the worst first. No query: package and main organisation must be loaded."""
    found = [caution for source in _sources for caution in source.warnings(workspace, figures)]
    return sorted(found, key=lambda caution: TONES.index(caution.tone))


def number_of(rows: QuerySet[Any], column: str) -> Coalesce:
    """Return an expression: how many rows point to each workspace.

    Args:
        rows: those that count.
        column: the column that holds the workspace's id.
    """
    mine = rows.filter(**{column: OuterRef("pk")}).order_by().values(column).annotate(n=Count("pk"))
    return Coalesce(Subquery(mine.values("n")), Value(0))
