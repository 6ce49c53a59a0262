"""The form fields of the filters: how a value is read from an address, a form or a file, and when it is refused.

A filter's field gives None when nothing was asked for. What it refuses names the wrong value.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_filters.fields import MultipleChoiceField, RangeField
from django_filters.widgets import SuffixedMultiWidget

from kit.clock import span_of
from kit.delimited import FileRefused, like, read_list
from kit.errors import DomainError
from kit.filter_values import (
    MAX_STARS,
    PARTIAL_LIMIT,
    TOKEN_PREFIX,
    Values,
    check_values,
    kept_list,
    parse_values,
    read_upload,
)

Offered = dict[str, tuple[Any, str]]
"""Choices by the text that stands in the address: the value that is looked for, and its label."""

MAX_SHOWN = 60
"""Characters of a wrong value that its error repeats."""
MAX_SEARCH = 200
_SEARCH_ERROR = gettext_lazy("A search has at most 200 characters.")


class SearchField(forms.CharField):
    """The words of a search box, with one space between them."""

    default_error_messages = {"max_length": _SEARCH_ERROR, "null_characters_not_allowed": _SEARCH_ERROR}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_SEARCH, **options)

    def to_python(self, value: str | None) -> str | None:
        return " ".join(unicodedata.normalize("NFC", value or "").split()) or None


class Typed(NamedTuple):
    """What came for a filter of values."""

    texts: list[str]
    uploads: list[UploadedFile[Any]]


class ValuesWidget(forms.Textarea):
    """Values in the address or a text box, together with those of files sent as `<name>__file`."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, UploadedFile[Any]], name: str
    ) -> Typed:
        assert isinstance(data, QueryDict)  # noqa: S101 - filter sets have no other data
        return Typed(data.getlist(name), files.getlist(f"{name}__file"))


class Unread(ValueError):
    """A value that can't be read; the text says why."""


class ValuesField(forms.Field):
    """Values typed, pasted, kept or uploaded, sorted into whole, partial and wildcard ones.

    Args:
        name: of the filter, to which kept lists belong, and which may head a file.
        workspace_id: whose kept lists are read.
        normalise: turns a value without `*` into what is stored; raises ValueError or ValidationError for what
            cannot be one.
        complete: whether a value, as it is stored, is a whole one, which then matches exactly and fast.
        wildcards: whether `*` is a wildcard; without it a value with `*` is an error.
        partial: whether a value matches in part.
        headings: names of what is listed, beside the filter's own, by which the column of a table is found.
    """

    widget = ValuesWidget

    def __init__(
        self,
        *,
        name: str,
        workspace_id: int,
        normalise: Callable[[str], Any] | None,
        complete: Callable[[str], bool] | None,
        wildcards: bool,
        partial: bool,
        headings: Sequence[Any] = (),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.name = name
        self.headings = [name, str(self.label), *map(str, headings)]
        self.workspace_id = workspace_id
        self.normalise = normalise
        self.complete = complete
        self.wildcards = wildcards
        self.partial = partial

    def to_python(self, value: Any) -> Values | None:
        assert isinstance(value, Typed)  # noqa: S101 - as the widget read it
        found: dict[str, None] = {}
        for text in value.texts:
            for each in self._values_of(text):
                if each.startswith(TOKEN_PREFIX):
                    token = each.removeprefix(TOKEN_PREFIX)
                    found.update(dict.fromkeys(kept_list(self.workspace_id, self.name, token)))
                else:
                    found.setdefault(each)
        for upload in value.uploads:
            values = read_upload(upload, header=self.headings)
            found.update(dict.fromkeys(part for value in values for part in self._parted(value)))
        composed = dict.fromkeys(unicodedata.normalize("NFC", each) for each in found)
        return self._sorted(check_values(list(composed))) if found else None

    def _values_of(self, text: str) -> list[str]:
        """Return the values of a text: of a pasted table its column, else all; a heading is none of them."""
        headings = {like(heading) for heading in self.headings}
        first = text.split("\n", 1)[0]
        if len(text) > len(first) and not headings.isdisjoint(map(like, parse_values(first))):
            try:
                return read_list(text.replace("\r\n", "\n").replace("\r", "\n"), headings=self.headings)
            except FileRefused as error:
                raise ValidationError(error.message) from error
        values = [part for value in parse_values(text) for part in self._parted(value)]
        return values[1:] if len(values) > 1 and like(values[0]) in headings else values

    def _parted(self, value: str) -> list[str]:
        """Return whole numbers between spaces as values of their own; spaces inside of one number part nothing."""
        parts = value.split()
        if len(parts) < 2 or self.complete is None or self.normalise is None or self._is_whole(value):
            return [value]
        return parts if any(map(self._is_whole, parts)) else [value]

    def _is_whole(self, value: str) -> bool:
        try:
            return self.complete is not None and self.complete(str(self._stored(value)))
        except Unread:
            return False

    def _sorted(self, typed: list[str]) -> Values:
        """Sort values by how they are looked for. Those that can't be read hinder no other, as long as there is one."""
        exact: list[Any] = []
        partial: list[str] = []
        patterns: list[str] = []
        bad: list[tuple[str, str]] = []
        stored_as: dict[str, Any] = {}
        many = len(typed) > PARTIAL_LIMIT
        for value in typed:
            try:
                if "*" in value and self.wildcards:
                    patterns.append(self._pattern(value))
                    continue
                stored = stored_as[value] = self._stored(value)
            except Unread as error:
                bad.append((value, str(error)))
                continue
            if many or not self.partial or (self.complete is not None and self.complete(str(stored))):
                exact.append(stored)
            else:
                partial.append(str(stored))
        if bad and not (exact or partial or patterns):
            more = len(bad) - 1
            rest = ngettext("%(n)s more value cannot be read.", "%(n)s more values cannot be read.", more) % {"n": more}
            raise ValidationError(f"{bad[0][1]} {rest}" if more else bad[0][1])
        return Values(tuple(exact), tuple(partial), tuple(patterns), tuple(typed), tuple(bad), stored_as)

    def _pattern(self, value: str) -> str:
        if value.count("*") > MAX_STARS:
            raise Unread(_("“%(value)s” has too many wildcards.") % {"value": value})
        if self.complete is None:
            return value
        # The pieces of a number may be grouped like a whole one.
        return "*".join(str(self._stored(part)) if part.strip() else "" for part in value.split("*"))

    def _stored(self, value: str) -> Any:
        if self.normalise is None:
            return value
        try:
            return self.normalise(value)
        except DomainError as error:
            raise Unread(error.message) from error
        except (ValueError, ValidationError) as error:
            raise Unread(
                _("“%(value)s” cannot be a value of %(label)s.") % {"value": value[:MAX_SHOWN], "label": self.label}
            ) from error


class ChoicesWidget(forms.SelectMultiple):
    """Choices as repeated parameters or between commas."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[str]:
        texts: list[str] = super().value_from_datadict(data, files, name)
        return list(dict.fromkeys(value for text in texts for value in parse_values(text)))


class ChoicesField(MultipleChoiceField):
    """One or several of given choices.

    Args:
        offered: gives the choices; asked only when there is something to check.
    """

    widget = ChoicesWidget

    def __init__(self, *, offered: Callable[[], Offered], **options: Any) -> None:
        super().__init__(choices=lambda: offered().values(), **options)
        self.offered = offered

    def valid_value(self, value: str) -> bool:
        return value in self.offered()

    def validate(self, value: list[str]) -> None:
        for text in value:
            if not self.valid_value(text):
                raise ValidationError(
                    _("“%(value)s” is no choice of %(label)s.") % {"value": text[:MAX_SHOWN], "label": self.label}
                )

    def clean(self, value: list[str]) -> list[Any] | None:
        return [self.offered()[text][0] for text in super().clean(value)] or None


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


class DateRangeWidget(SuffixedMultiWidget):
    """A span in one parameter, or days and times of a form: `<name>__from` and `__from_time`, and so with `__to`."""

    suffixes = ["", "_from", "_to", "_from_time", "_to_time"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        kinds = (forms.TextInput, forms.DateInput, forms.DateInput, forms.TimeInput, forms.TimeInput)
        super().__init__(kinds, attrs)

    def decompress(self, value: DateRange | None) -> list[str]:
        return ["" if value is None else value.text, "", "", "", ""]


class DateRangeField(RangeField):
    """A span of time in the viewer's zone, or a preset (`7d`).

    A span is written `2026-10-01..2026-10-31`; both days belong to it, either may be missing. In place of a day stand a
    month, a week, an hour or a minute too, as `kit.clock.span_of` reads them: `2026-W47`, `2026-11-21T14:17..`.
    """

    widget = DateRangeWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(tuple(forms.Field() for _part in DateRangeWidget.suffixes), **options)

    def compress(self, data_list: list[str | None]) -> DateRange | None:
        given = ((value or "").strip() for value in data_list or ("", "", "", "", ""))
        text, first, last, first_time, last_time = given
        if first or last or first_time or last_time:
            text = f"{_with_time(first, first_time)}..{_with_time(last, last_time)}"
        if not text or text == "..":
            return None
        for key, _label, span in DATE_PRESETS:
            if text == key:
                return DateRange(text, start=timezone.now() - span)
        first, dots, last = text.partition("..")
        start, end = _span(first if dots else text)[0], _span(last if dots else text)[1]
        if start is not None and end is not None and end <= start:
            raise ValidationError(_("“%(value)s” ends before it begins.") % {"value": text})
        return DateRange(text, start=start, end=end)


def _with_time(day: str, time: str) -> str:
    if time and not day:
        raise ValidationError(_("Choose the day of %(time)s too.") % {"time": time[:MAX_SHOWN]})
    return f"{day}T{time}" if time else day


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_clock(text: str) -> bool:
    try:
        return dt.time.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def _span(text: str) -> tuple[dt.datetime | None, dt.datetime | None]:
    if not text:
        return None, None
    day, mark, clock = text.replace(" ", "T").partition("T")
    if mark and _DATE.fullmatch(day) and not _is_clock(clock):
        raise ValidationError(_("“%(value)s” is no time of day like 14:17.") % {"value": clock[:MAX_SHOWN]})
    try:
        start, end = span_of(text.strip(), zone=timezone.get_current_timezone())
    except (ValueError, OverflowError):
        start = end = dt.datetime.min
    # Nothing is older or newer than this; a mistyped year is.
    if not 1970 <= start.year <= 9000:
        message = _(
            "“%(value)s” is no date like 2026-11-21, with a time like 2026-11-21T14:17, and no week like 2026-W47."
        )
        raise ValidationError(message % {"value": text[:MAX_SHOWN]})
    return start, end
