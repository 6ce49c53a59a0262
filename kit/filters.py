"""The kinds of filters that lists have: search box, text values, choices, spans of time.

Each reads its value by a form field (`kit.filter_fields`), and knows how its chip and panel show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.filter_fields import (
    DATE_PRESETS,
    ChoicesField,
    DateRange,
    DateRangeField,
    Offered,
    SearchField,
    Typed,
    ValuesField,
)
from kit.filter_sets import ListFilter, ListFilters
from kit.filter_values import PARTIAL_LIMIT, TOKEN_PREFIX, URL_LIMIT, Values, format_values, keep_list
from kit.list_reports import anywhere, present

__all__ = ["ChoicesFilter", "DateRangeFilter", "ListFilters", "SearchFilter", "TextFilter", "whole_number"]

LONG_VALUES = 24
"""Characters of two values beyond which a chip names the first alone."""
LONGEST_SHOWN = 32
"""Characters of a value that its chip shows: the longest number, an EID, is shown whole."""
MAX_WHOLE_NUMBER = 2**63 - 1


def whole_number(text: str) -> int:
    """Read an id typed by a person. Raises ValueError for what no id can be."""
    number = int(text) if re.fullmatch(r"\d{1,19}", text) else -1
    if not 0 <= number <= MAX_WHOLE_NUMBER:
        raise ValueError(text)
    return number


class SearchFilter(ListFilter, django_filters.CharFilter):
    """The search box: every word must occur in one of the fields, regardless of case; `*` is not special."""

    panel = "search"
    field_class = SearchField

    def __init__(self, *, fields: Sequence[str] = (), placeholder: Any = "", **options: Any) -> None:
        super().__init__(label=options.pop("label", gettext_lazy("Search")), **options)
        self.fields = tuple(fields)
        self.placeholder = placeholder or gettext_lazy("Search")

    def query_value(self, value: str) -> str:
        return value

    def summary(self, value: str) -> str:
        return f"“{value}”"

    def filter(self, qs: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        for word in (value or "").split():
            condition = Q()
            for field in self.fields:
                condition |= Q(**{f"{field}__icontains": word})
            qs = qs.filter(condition)
        return qs


class TextFilter(ListFilter):
    """Values typed, pasted or uploaded; any of them matches, in part or with `*` as wildcard.

    Args:
        normalise, complete, wildcards, partial, headings: of the field, see `ValuesField`.
        ignore_case: whether whole values match regardless of case.
        told: path to the column that tells which of several values were found; by itself the filter's own column. A
            method `present_<name>` of the set tells it otherwise.
        told_part: makes the condition that a row has a part of a value.
    """

    panel = "text"
    parts = ("__file",)
    field_class = ValuesField

    def __init__(
        self,
        *,
        normalise: Callable[[str], Any] | None = None,
        complete: Callable[[str], bool] | None = None,
        wildcards: bool = True,
        partial: bool = True,
        ignore_case: bool = False,
        headings: Sequence[Any] = (),
        told: str = "",
        told_part: Callable[[str], Q] | None = None,
        **options: Any,
    ) -> None:
        options |= {"normalise": normalise, "complete": complete, "wildcards": wildcards, "partial": partial}
        super().__init__(headings=headings, **options)
        self.ignore_case = ignore_case
        self.told = told or ("" if options.get("method") else str(options.get("field_name") or ""))
        self.told_part = told_part or anywhere(self.told)

    @property
    def lists(self) -> bool:
        """Whether it can be told which of several values were found."""
        return bool(self.told) or hasattr(self.parent, f"present_{self.name}")

    def present(self, qs: QuerySet[Any], value: Values) -> set[Any]:
        """Return which of the values, as they are stored, some of these rows have."""
        own = getattr(self.parent, f"present_{self.name}", None)
        if own is not None:
            return set(own(qs, value))
        return present(qs, self.told, value, self.told_part, ignore_case=self.ignore_case)

    def of_request(self) -> dict[str, Any]:
        return {"name": self.name, "workspace_id": self.parent.workspace_id}

    def query_value(self, value: Values) -> str:
        text = format_values(value.typed)
        if len(text) <= URL_LIMIT:
            return text
        return TOKEN_PREFIX + keep_list(self.parent.workspace_id, self.name, list(value.typed))

    def summary(self, value: Values) -> str:
        # A number is never cut; of a long text its beginning tells enough.
        most = 1 if len("".join(value.typed[:2])) > LONG_VALUES else 2
        shown = ", ".join(
            text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…" for text in value.typed[:most]
        )
        rest = len(value.typed) - most
        return f"{shown} +{rest:,}" if rest > 0 else shown

    def panel_context(self, value: Values | None) -> dict[str, Any]:
        typed = value.typed if value is not None else ()
        short = len(format_values(typed)) <= URL_LIMIT
        return {
            "lines": "\n".join(typed) if short else "",
            "kept": "" if short else ngettext("%(n)s value", "%(n)s values", len(typed)) % {"n": f"{len(typed):,}"},
            "partial": self.extra["partial"],
            "wildcards": self.extra["wildcards"],
            "partial_limit": PARTIAL_LIMIT,
        }

    def mistyped(self, data: Typed) -> dict[str, Any]:
        return {"lines": "\n".join(text.strip() for text in data.texts)}

    def filter(self, qs: QuerySet[Any], value: Values | None) -> QuerySet[Any]:
        return qs if value is None else qs.filter(value.q(self.field_name, ignore_case=self.ignore_case))


@dataclass(frozen=True)
class Choice:
    """One line of a panel of choices."""

    value: str
    label: str
    checked: bool


class ChoicesFilter(ListFilter, django_filters.MultipleChoiceFilter):
    """One or several of given choices.

    Args:
        choices: pairs of value and label, or a function of the filter set that gives them.
        searchable: whether the panel has a search box; by itself it has one from ten choices on.
    """

    panel = "choices"
    field_class: ClassVar[type[forms.Field]] = ChoicesField

    def __init__(
        self,
        *,
        choices: Iterable[tuple[Any, Any]] | Callable[[ListFilters], Iterable[tuple[Any, Any]]],
        searchable: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.choices = choices if callable(choices) else list(choices)
        self.searchable = searchable

    def of_request(self) -> dict[str, Any]:
        return {"offered": lambda: self.offered}

    @cached_property
    def offered(self) -> Offered:
        """The choices by the text that stands in the URL; read once a request, and only when they are needed."""
        pairs = self.choices(self.parent) if callable(self.choices) else self.choices
        return {str(value): (value, str(label)) for value, label in pairs}

    def query_value(self, value: list[Any]) -> str:
        return format_values(str(item) for item in value)

    def summary(self, value: list[Any]) -> str:
        shown = [self.offered[str(item)][1] for item in value]
        return ", ".join(shown[:2]) + (f" +{len(shown) - 2}" if len(shown) > 2 else "")

    def panel_context(self, value: list[Any] | None) -> dict[str, Any]:
        checked = {str(item) for item in value or ()}
        lines = [Choice(key, label, key in checked) for key, (_value, label) in self.offered.items()]
        return {"choices": lines, "searchable": len(lines) >= 10 if self.searchable is None else self.searchable}

    def filter(self, qs: QuerySet[Any], value: list[Any] | None) -> QuerySet[Any]:
        """Look for any of the choices by IN, which an index serves.

        The library's own condition, an OR of equals and DISTINCT, makes the databases read and sort everything.
        """
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


_DAY_AND_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}))?")


def _parts_of(text: str, moment: datetime | None, *, end: bool = False) -> tuple[str, str]:
    """Return day and time as the fields of the panel show one side of a span; a week is its first or last day."""
    if found := _DAY_AND_TIME.fullmatch(text):
        return found[1], found[2] or ""
    if moment is None:
        return "", ""
    return timezone.localtime(moment - timedelta(microseconds=1) if end else moment).date().isoformat(), ""


class DateRangeFilter(ListFilter, django_filters.RangeFilter):
    """A span of time in the viewer's zone, or a preset; see `DateRangeField`."""

    panel = "dates"
    parts = ("__from", "__to", "__from_time", "__to_time")
    field_class = DateRangeField

    def query_value(self, value: DateRange) -> str:
        return value.text

    def summary(self, value: DateRange) -> str:
        for key, label, _span in DATE_PRESETS:
            if value.text == key:
                return str(label)
        first, dots, last = value.text.replace("T", " ").partition("..")
        if not dots or first == last:
            return first
        if not last:
            return _("from %(day)s") % {"day": first}
        return _("until %(day)s") % {"day": last} if not first else f"{first} – {last}"

    def panel_context(self, value: DateRange | None) -> dict[str, Any]:
        text = value.text if value is not None else ""
        preset = text if any(text == key for key, _label, _span in DATE_PRESETS) else ""
        first, dots, last = text.partition("..") if not preset else ("", "", "")
        start = value.start if value is not None and first else None
        end = value.end if value is not None and (last or not dots) and not preset else None
        first_day, first_time = _parts_of(first, start)
        last_day, last_time = _parts_of(last if dots else first, end, end=True)
        return {
            "presets": [Choice(key, str(label), key == preset) for key, label, _span in DATE_PRESETS],
            **{"first": first_day, "first_time": first_time, "last": last_day, "last_time": last_time},
        }

    def mistyped(self, data: list[str | None]) -> dict[str, Any]:
        first, last, first_time, last_time = (part or "" for part in data[1:5])
        return {"first": first, "last": last, "first_time": first_time, "last_time": last_time}

    def filter(self, qs: QuerySet[Any], value: DateRange | None) -> QuerySet[Any]:
        """Look from the start on and before the end, which the library's BETWEEN would include."""
        if value is not None and value.start is not None:
            qs = qs.filter(**{f"{self.field_name}__gte": value.start})
        if value is not None and value.end is not None:
            qs = qs.filter(**{f"{self.field_name}__lt": value.end})
        return qs
