"""The kinds of filters that lists have: search box, text values, choices, spans of time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kit.filter_sets import Files, ListFilter, ListFilters
from kit.filter_values import (
    MAX_STARS,
    PARTIAL_LIMIT,
    TOKEN_PREFIX,
    URL_LIMIT,
    TypedValues,
    Values,
    check_values,
    format_values,
    keep_list,
    kept_list,
    parse_values,
    read_upload,
)

__all__ = ["ChoicesFilter", "DateRange", "DateRangeFilter", "ListFilters", "SearchFilter", "TextFilter", "whole_number"]

MAX_WHOLE_NUMBER = 2**63 - 1
MAX_SHOWN = 60
"""Characters of a wrong value that its error repeats."""


def whole_number(text: str) -> int:
    """Read an id typed by a person. Raises ValueError for what no id can be."""
    number = int(text) if re.fullmatch(r"\d{1,19}", text) else -1
    if not 0 <= number <= MAX_WHOLE_NUMBER:
        raise ValueError(text)
    return number


class SearchFilter(ListFilter):
    """The search box: every word must occur in one of the fields, regardless of case; `*` is not special."""

    panel = "search"

    def __init__(self, *, fields: Sequence[str] = (), placeholder: Any = "", **options: Any) -> None:
        super().__init__(label=options.pop("label", gettext_lazy("Search")), **options)
        self.fields = tuple(fields)
        self.placeholder = placeholder or gettext_lazy("Search")

    def read(self, name: str, data: QueryDict, files: Files, parent: ListFilters) -> Any:
        text = " ".join((data.get(name) or "").split())
        if "\x00" in text or len(text) > 200:
            raise ValidationError(_("A search has at most 200 characters."))
        return text or None

    def query_value(self, value: Any, parent: ListFilters, name: str) -> str:
        return str(value)

    def summary(self, value: Any) -> str:
        return f"“{value}”"

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        for word in str(value).split():
            condition = Q()
            for field in self.fields:
                condition |= Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(condition)
        return queryset


class TextFilter(ListFilter):
    """Values typed, pasted or uploaded; any of them matches, in part or with `*` as wildcard.

    Args:
        normalise: turns a value without `*` into what is stored; raises ValueError or ValidationError for what
            cannot be one.
        complete: whether a value is a whole one, which then matches exactly and fast.
        wildcards: whether `*` is a wildcard; without it a value with `*` is an error.
        partial: whether a value matches in part.
        ignore_case: whether whole values match regardless of case.
    """

    panel = "text"

    def __init__(
        self,
        *,
        normalise: Callable[[str], Any] | None = None,
        complete: Callable[[str], bool] | None = None,
        wildcards: bool = True,
        partial: bool = True,
        ignore_case: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.normalise = normalise
        self.complete = complete
        self.wildcards = wildcards
        self.partial = partial
        self.ignore_case = ignore_case

    def parameters(self, name: str) -> tuple[str, ...]:
        return (name, f"{name}__file")

    def read(self, name: str, data: QueryDict, files: Files, parent: ListFilters) -> Any:
        found: dict[str, None] = {}
        for text in data.getlist(name):
            for value in parse_values(text):
                if value.startswith(TOKEN_PREFIX):
                    token = value.removeprefix(TOKEN_PREFIX)
                    found.update(dict.fromkeys(kept_list(parent.workspace_id, name, token)))
                else:
                    found.setdefault(value)
        for upload in files.getlist(f"{name}__file"):
            found.update(dict.fromkeys(read_upload(upload, header=(name, str(self.label)))))
        if not found:
            return None
        return self.typed(check_values(list(found)))

    def typed(self, values: list[str]) -> TypedValues:
        """Sort typed values into whole, partial and wildcard ones. Raises ValidationError naming a wrong one."""
        exact: list[Any] = []
        partial: list[str] = []
        patterns: list[str] = []
        many = len(values) > PARTIAL_LIMIT
        for value in values:
            if "*" in value and self.wildcards:
                if value.count("*") > MAX_STARS:
                    raise ValidationError(_("“%(value)s” has too many wildcards.") % {"value": value})
                patterns.append(value)
                continue
            stored = self._stored(value)
            whole = many or not self.partial or (self.complete is not None and self.complete(value))
            if whole:
                exact.append(stored)
            else:
                partial.append(str(stored))
        return TypedValues(tuple(values), Values(tuple(exact), tuple(partial), tuple(patterns)))

    def _stored(self, value: str) -> Any:
        if self.normalise is None:
            return value
        try:
            return self.normalise(value)
        except (ValueError, ValidationError) as error:
            raise ValidationError(
                _("“%(value)s” cannot be a value of %(label)s.") % {"value": value, "label": self.label}
            ) from error

    def query_value(self, value: Any, parent: ListFilters, name: str) -> str:
        text = format_values(value.typed)
        if len(text) <= URL_LIMIT:
            return text
        return TOKEN_PREFIX + keep_list(parent.workspace_id, name, list(value.typed))

    def summary(self, value: Any) -> str:
        shown = ", ".join(value.typed[:2])
        rest = len(value.typed) - 2
        return f"{shown} +{rest:,}" if rest > 0 else shown

    def panel_context(self, value: Any) -> dict[str, Any]:
        typed = value.typed if value is not None else ()
        short = len(format_values(typed)) <= URL_LIMIT
        return {
            "lines": "\n".join(typed) if short else "",
            "kept": "" if short else ngettext("%(n)s value", "%(n)s values", len(typed)) % {"n": f"{len(typed):,}"},
            "partial": self.partial,
            "wildcards": self.wildcards,
            "partial_limit": PARTIAL_LIMIT,
        }

    def mistyped(self, name: str, data: QueryDict) -> dict[str, Any]:
        return {"lines": "\n".join(text.strip() for text in data.getlist(name))}

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs if value is None else self.apply(qs, value.values)

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return queryset.filter(value.q(self.field_name, ignore_case=self.ignore_case))


@dataclass(frozen=True)
class Choice:
    """One line of a panel of choices."""

    value: str
    label: str
    checked: bool


class ChoicesFilter(ListFilter):
    """One or several of given choices.

    Args:
        choices: pairs of value and label, or a function of the filter set that gives them.
        searchable: whether the panel has a search box; by itself it has one from ten choices on.
    """

    panel = "choices"

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

    def offered(self, parent: ListFilters) -> dict[str, tuple[Any, str]]:
        """The choices by the text that stands in the URL; read once a request."""
        key = self.name
        if key not in parent.offered_choices:
            pairs = self.choices(parent) if callable(self.choices) else self.choices
            parent.offered_choices[key] = {str(value): (value, str(label)) for value, label in pairs}
        return parent.offered_choices[key]

    def read(self, name: str, data: QueryDict, files: Files, parent: ListFilters) -> Any:
        asked = list(dict.fromkeys(value for text in data.getlist(name) for value in parse_values(text)))
        if not asked:
            return None
        offered = self.offered(parent)
        for value in asked:
            if value not in offered:
                raise ValidationError(
                    _("“%(value)s” is no choice of %(label)s.") % {"value": value[:MAX_SHOWN], "label": self.label}
                )
        return [offered[value][0] for value in asked]

    def query_value(self, value: Any, parent: ListFilters, name: str) -> str:
        return format_values(str(item) for item in value)

    def summary(self, value: Any) -> str:
        labels = self.offered(self.parent)
        shown = [labels[str(item)][1] for item in value]
        return ", ".join(shown[:2]) + (f" +{len(shown) - 2}" if len(shown) > 2 else "")

    def panel_context(self, value: Any) -> dict[str, Any]:
        checked = {str(item) for item in value or ()}
        lines = [Choice(key, str(label), key in checked) for key, (_value, label) in self.offered(self.parent).items()]
        return {"choices": lines, "searchable": len(lines) >= 10 if self.searchable is None else self.searchable}

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return queryset.filter(**{f"{self.field_name}__in": value})


DATE_PRESETS: tuple[tuple[str, Any, dt.timedelta], ...] = (
    ("24h", gettext_lazy("Last 24 hours"), dt.timedelta(hours=24)),
    ("7d", gettext_lazy("Last 7 days"), dt.timedelta(days=7)),
    ("30d", gettext_lazy("Last 30 days"), dt.timedelta(days=30)),
    ("90d", gettext_lazy("Last 90 days"), dt.timedelta(days=90)),
)


@dataclass(frozen=True)
class DateRange:
    """A span of time: `start` inclusive, `end` exclusive, both aware; None is open."""

    text: str
    start: dt.datetime | None = None
    end: dt.datetime | None = None


class DateRangeFilter(ListFilter):
    """A span of days in the viewer's zone, or a preset (`7d`).

    A span is written `2026-10-01..2026-10-31`; both days belong to it, either may be missing.
    """

    panel = "dates"

    def parameters(self, name: str) -> tuple[str, ...]:
        return (name, f"{name}__from", f"{name}__to")

    def read(self, name: str, data: QueryDict, files: Files, parent: ListFilters) -> Any:
        text = (data.get(name) or "").strip()
        first, last = (data.get(f"{name}__{side}", "").strip() for side in ("from", "to"))
        if first or last:
            text = f"{first}..{last}"
        if not text or text == "..":
            return None
        for key, _label, span in DATE_PRESETS:
            if text == key:
                return DateRange(text, start=timezone.now() - span)
        first, dots, last = text.partition("..")
        start, end = self._day(first if dots else text), self._day(last if dots else text)
        if start is not None and end is not None and end < start:
            raise ValidationError(_("“%(value)s” ends before it begins.") % {"value": text})
        return DateRange(
            text,
            start=timezone.make_aware(dt.datetime.combine(start, dt.time())) if start else None,
            end=timezone.make_aware(dt.datetime.combine(end + dt.timedelta(days=1), dt.time())) if end else None,
        )

    @staticmethod
    def _day(text: str) -> dt.date | None:
        if not text:
            return None
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            day = dt.date.min
        # Beyond these years a zone's offset leaves the range of a datetime.
        if not 1970 <= day.year <= 9000:
            raise ValidationError(_("“%(value)s” is no date like 2026-11-21.") % {"value": text[:MAX_SHOWN]})
        return day

    def query_value(self, value: Any, parent: ListFilters, name: str) -> str:
        return str(value.text)

    def summary(self, value: Any) -> str:
        for key, label, _span in DATE_PRESETS:
            if value.text == key:
                return str(label)
        first, dots, last = value.text.partition("..")
        if not dots or first == last:
            return str(first)
        if not last:
            return _("from %(day)s") % {"day": first}
        return _("until %(day)s") % {"day": last} if not first else f"{first} – {last}"

    def panel_context(self, value: Any) -> dict[str, Any]:
        text = value.text if value is not None else ""
        preset = text if any(text == key for key, _label, _span in DATE_PRESETS) else ""
        first, dots, last = text.partition("..") if not preset else ("", "", "")
        return {
            "presets": [Choice(key, str(label), key == preset) for key, label, _span in DATE_PRESETS],
            "first": first,
            "last": last if dots else first,
        }

    def mistyped(self, name: str, data: QueryDict) -> dict[str, Any]:
        return {"first": data.get(f"{name}__from", ""), "last": data.get(f"{name}__to", "")}

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value.start is not None:
            queryset = queryset.filter(**{f"{self.field_name}__gte": value.start})
        if value.end is not None:
            queryset = queryset.filter(**{f"{self.field_name}__lt": value.end})
        return queryset
