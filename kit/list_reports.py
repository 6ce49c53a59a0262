"""What became of a list of values that somebody filtered by: which were found, and why the others were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kit.filter_values import PARTIAL_LIMIT, Values

SHOWN: Final = 50
"""Values of one kind that a page lists; the button copies all of them."""


@dataclass(frozen=True)
class Group:
    """Values of a list that share a fate.

    Args:
        key: short name, unique in its report.
        text: what became of them, with their number.
        values: as they were typed.
        reasons: why each can't be read, where that is so.
    """

    key: str
    text: str
    values: Sequence[str]
    reasons: Sequence[tuple[str, str]] = ()

    @property
    def lines(self) -> str:
        """The values as they are copied, one a line."""
        return "\n".join(self.values)

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The first of them, each with its reason or ""."""
        return list(self.reasons or [(value, "") for value in self.values])[:SHOWN]

    @property
    def more(self) -> int:
        """How many the page does not list."""
        return max(0, len(self.values) - SHOWN)


@dataclass(frozen=True)
class ListReport:
    """What became of the values of one filter.

    Args:
        name, label: of the filter.
        total: values that were given.
        found: those that the list shows.
        rest: the others, by what kept them away.
    """

    name: str
    label: str
    total: int
    found: Group
    rest: list[Group]

    @property
    def text(self) -> str:
        """One sentence: "ICCID: 6 of 8 found; 1 is not in this workspace, 1 cannot be read."."""
        values = {"label": self.label, "found": f"{len(self.found.values):,}", "total": f"{self.total:,}"}
        head = _("%(label)s: %(found)s of %(total)s found") % values
        return f"{head}; {', '.join(group.text for group in self.rest)}." if self.rest else f"{head}."


def report_of(
    name: str, label: str, value: Values, *, shown: set[Any], known: set[Any], absent: tuple[str, str]
) -> ListReport:
    """Return what became of a filter's values.

    Args:
        name, label: of the filter.
        value: what was asked for.
        shown: of the values as they are stored, those that the list shows.
        known: those that there are at all, whatever the other filters say.
        absent: how it is said that one value, and several, are not there; with `%(n)s`.
    """
    gone = [typed for typed, stored in value.stored_as.items() if stored not in known and stored not in shown]
    hidden = [typed for typed, stored in value.stored_as.items() if stored in known and stored not in shown]
    bad = [typed for typed, _why in value.bad]
    lost = {*gone, *hidden, *bad}
    found = [typed for typed in value.typed if typed not in lost]
    rest = []
    if gone:
        rest.append(Group("absent", absent[len(gone) != 1] % {"n": f"{len(gone):,}"}, gone))
    if hidden:
        text = ngettext(
            "%(n)s is deleted or left out by the other filters",
            "%(n)s are deleted or left out by the other filters",
            len(hidden),
        )
        rest.append(Group("hidden", text % {"n": f"{len(hidden):,}"}, hidden))
    if bad:
        text = ngettext("%(n)s cannot be read", "%(n)s cannot be read", len(bad))
        rest.append(Group("bad", text % {"n": f"{len(bad):,}"}, bad, value.bad))
    return ListReport(name, label, len(value.typed), Group("found", _("Found"), found), rest)


def present(queryset: QuerySet[Any], path: str, value: Values, part: Any, *, ignore_case: bool) -> set[Any]:
    """Return which of a filter's values, as they are stored, some rows have. Two queries at most.

    Args:
        queryset: the rows.
        path: to the column or alias that holds the values.
        value: what was asked for.
        part: makes the condition that a row has a part of a value.
        ignore_case: whether whole values count regardless of case.
    """
    rows = queryset.order_by()
    found: set[Any] = set()
    if value.exact:
        whole = rows.filter(Values(exact=value.exact).q(path, ignore_case=ignore_case))
        held = set(whole.values_list(path, flat=True).distinct())
        folded = {str(each).casefold() for each in held} if ignore_case else set()
        found.update(each for each in value.exact if each in held or str(each).casefold() in folded)
    if 0 < len(value.partial) <= PARTIAL_LIMIT:
        counts = rows.aggregate(**{f"n{at}": Count("pk", filter=part(each)) for at, each in enumerate(value.partial)})
        found.update(each for at, each in enumerate(value.partial) if counts[f"n{at}"])
    return found


def anywhere(path: str) -> Any:
    """Return what makes the condition that a column holds a part."""
    return lambda part: Q(**{f"{path}__icontains": part})
