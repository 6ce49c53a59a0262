"""Filter sets on django-filter: reading the parameters, the clean address, the chips.

Rules that hold for every list: several values of a field mean "any of these", several fields mean "all of these";
an invalid value is an error that names it and finds nothing; an unknown parameter is told; nothing of that ever
turns silently into "everything".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.text import capfirst

from kit.filter_values import TypedValues

Files: TypeAlias = "MultiValueDict[str, UploadedFile[Any]]"
RESERVED = frozenset({"page", "per_page", "sort", "cursor", "tab", "csrfmiddlewaretoken"})
"""Parameters of the list itself."""


class RawField(forms.Field):
    """A form field whose value was read and checked by its filter before the form is made."""

    widget = forms.HiddenInput


class ListFilter(django_filters.Filter):
    """Base of the filters here.

    Args:
        primary: its chip always stands above the list; the others wait in "More filters".
        hint: one line of help in the chip's panel.
    """

    field_class = RawField
    panel: ClassVar[str] = ""

    def __init__(self, *, primary: bool = False, hint: Any = "", **options: Any) -> None:
        super().__init__(required=False, **options)
        self.primary = primary
        self.hint = hint

    @property
    def name(self) -> str:
        """The name of the filter in its set, which is the URL parameter."""
        names: Mapping[str, object] = self.parent.filters
        return next(name for name, found in names.items() if found is self)

    def parameters(self, name: str) -> tuple[str, ...]:
        """All parameters that belong to this filter."""
        return (name,)

    def read(self, name: str, data: QueryDict, files: Files, parent: ListFilters) -> Any:
        """Read the value from the request. Returns None when there is none, raises ValidationError."""
        raise NotImplementedError

    def query_value(self, value: Any, parent: ListFilters, name: str) -> str:
        """The value as it stands in the URL."""
        raise NotImplementedError

    def summary(self, value: Any) -> str:
        """The value as its chip names it."""
        raise NotImplementedError

    def panel_context(self, value: Any) -> dict[str, Any]:
        """What the panel's template needs beside the chip."""
        return {}

    def mistyped(self, name: str, data: QueryDict) -> dict[str, Any]:
        """What the panel shows when the value was wrong, so that nothing typed is lost."""
        return {}

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Apply the value; the base has already called `method=` where one was given."""
        return qs if value is None else self.apply(qs, value)

    def apply(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        """Narrow the queryset by a value that is not None."""
        raise NotImplementedError


@dataclass(frozen=True)
class Chip:
    """A filter as it stands above the list."""

    name: str
    label: str
    summary: str
    active: bool
    primary: bool
    error: str
    panel: str
    hint: str
    query_value: str
    without: str
    context: Mapping[str, Any]


class ListFilters(django_filters.FilterSet):
    """Base of the filter sets; also serves exports, the API and bulk actions, without a page.

    Args:
        data: the parameters; None means no filter at all.
        queryset: already restricted to what the reader may see.
        request: gives the workspace that kept lists belong to.
        files: uploaded lists by `<name>__file`.
        keep: further parameters of the page that are no filters and no mistake.
    """

    def __init__(
        self,
        data: QueryDict | None = None,
        queryset: QuerySet[Any] | None = None,
        *,
        request: HttpRequest | None = None,
        files: Files | None = None,
        keep: Iterable[str] = (),
    ) -> None:
        source = QueryDict("") if data is None else data
        super().__init__(source, queryset, request=request)
        self.is_bound = True
        workspace = getattr(request, "workspace", None)
        self.workspace_id: int = getattr(workspace, "id", 0) or 0
        self.offered_choices: dict[str, dict[str, tuple[Any, str]]] = {}
        self.values: dict[str, Any] = {}
        self.mistakes: dict[str, str] = {}
        self.mistyped: dict[str, dict[str, Any]] = {}
        known = set(RESERVED) | set(keep)
        for name, found in self.filters.items():
            known.update(found.parameters(name))
            try:
                value = found.read(name, source, files or MultiValueDict(), self)
            except ValidationError as error:
                self.mistakes[name] = " ".join(error.messages)
                self.mistyped[name] = found.mistyped(name, source)
            else:
                if value is not None:
                    self.values[name] = value
        self.unknown: list[str] = [name for name in source if name not in known]

    def is_valid(self) -> bool:
        """Whether every value could be read."""
        return not self.mistakes

    @property
    def qs(self) -> QuerySet[Any]:
        """What matches; nothing when a value is wrong."""
        if not hasattr(self, "_qs"):
            found = self.queryset.all() if self.is_valid() else self.queryset.none()
            self._qs = self.narrowed(found, self.values) if self.is_valid() else found
        return self._qs

    def narrowed(self, queryset: QuerySet[Any], values: Mapping[str, Any]) -> QuerySet[Any]:
        """Apply values by name."""
        for name, value in values.items():
            asked = value.values if isinstance(value, TypedValues) and self.filters[name].method else value
            queryset = self.filters[name].filter(queryset, asked)
        return queryset

    @property
    def active(self) -> bool:
        """Whether anything is filtered, or was meant to be."""
        return bool(self.values or self.mistakes)

    def query_values(self) -> dict[str, str]:
        """The values as they stand in the URL, by name. Long lists are kept in the database here."""
        if not hasattr(self, "_query_values"):
            self._query_values = {
                name: self.filters[name].query_value(value, self, name) for name, value in self.values.items()
            }
        return self._query_values

    @property
    def query(self) -> str:
        """The clean query string of the filters: no empty parameters, one parameter a filter."""
        return encode(self.query_values())

    @property
    def search(self) -> Chip | None:
        """The search box, when there is one."""
        return next((chip for chip in self._all_chips() if chip.panel == "search"), None)

    @property
    def chips(self) -> list[Chip]:
        """All filters but the search box, in their order."""
        return [chip for chip in self._all_chips() if chip.panel != "search"]

    def _all_chips(self) -> list[Chip]:
        if not hasattr(self, "_chips"):
            self._chips = [self._chip(name) for name in self.filters]
        return self._chips

    def _chip(self, name: str) -> Chip:
        found, value = self.filters[name], self.values.get(name)
        others = {key: text for key, text in self.query_values().items() if key != name}
        return Chip(
            name=name,
            label=str(found.label or capfirst(name)),
            summary=found.summary(value) if value is not None else "",
            active=value is not None or name in self.mistakes,
            primary=found.primary,
            error=self.mistakes.get(name, ""),
            panel=found.panel,
            hint=str(getattr(found, "placeholder", "") or found.hint),
            query_value=self.query_values().get(name, ""),
            without=encode(others),
            context={**found.panel_context(value), **self.mistyped.get(name, {})},
        )

    def hiding(self, limit: int = 3) -> list[Chip]:
        """Filters that hide everything by themselves: without any one of them something would be found.

        Asks the database at most `limit` times; only for an empty list.
        """
        guilty = []
        for name in list(self.values)[:limit]:
            others = {key: value for key, value in self.values.items() if key != name}
            if self.narrowed(self.queryset.all(), others).exists():
                guilty.append(self._chip(name))
        return guilty


def encode(parameters: Mapping[str, str]) -> str:
    """A query string without empty parameters, with the signs of our grammar left readable."""
    query = QueryDict(mutable=True)
    for name, value in parameters.items():
        if value:
            query[name] = value
    return query.urlencode(safe=",*:").replace("%20", "+")
