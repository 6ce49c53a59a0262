"""Filter sets on django-filter: form, clean address and chips of a list.

Rules that hold for every list: several values of a field mean "any of these", several fields mean "all of these";
an invalid value is an error that names it and finds nothing; an unknown parameter is told; nothing of that ever
turns silently into "everything".
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, TypeAlias

import django_filters
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from kit.filter_values import Values
from kit.list_reports import ListReport, report_of

Files: TypeAlias = "MultiValueDict[str, UploadedFile[Any]]"
RESERVED = frozenset({"page", "per_page", "sort", "columns", "view", "cursor", "tab", "csrfmiddlewaretoken"})
"""Parameters of the list itself."""


class ListFilter(django_filters.Filter):
    """Base of the filters here: the library's filter with what its chip shows.

    Args:
        primary: its chip always stands above the list; the others wait in "More filters".
        hint: one line of help in the chip's panel.
        options: of the library's filter, and of its form field.
    """

    field_class: ClassVar[type[forms.Field]]
    name: str
    """Its name in its set, which is the URL parameter; known once the set is made."""
    panel: ClassVar[str] = ""
    parts: ClassVar[tuple[str, ...]] = ()
    """What follows the name in further parameters, which only the form of its panel sends."""

    def __init__(self, *, primary: bool = False, hint: Any = "", **options: Any) -> None:
        super().__init__(**options)
        self.primary = primary
        self.hint = hint

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copy it for the set of one request; what was declared is shared, for nothing changes it."""
        copied = copy.copy(self)
        copied.extra = dict(self.extra)
        # Set anew, because the library binds it to the filter.
        copied.method = self.method
        return copied

    @property
    def field(self) -> forms.Field:
        """The form field, made once for each set."""
        self.extra.update(self.of_request())
        field: forms.Field = super().field
        return field

    def of_request(self) -> dict[str, Any]:
        """What the field needs to know of the set and its request."""
        return {}

    def query_value(self, value: Any) -> str:
        """The value as it stands in the URL."""
        raise NotImplementedError

    def summary(self, value: Any) -> str:
        """The value as its chip names it."""
        raise NotImplementedError

    def panel_context(self, value: Any) -> dict[str, Any]:
        """What the panel's template needs beside the chip."""
        return {}

    def mistyped(self, data: Any) -> dict[str, Any]:
        """What the panel shows when the value was wrong, so that nothing typed is lost.

        Args:
            data: what the field's widget read.
        """
        return {}


class ListForm(forms.Form):
    """The form of one filter set. Its fields belong to the request already and are not copied again."""

    def __init__(self, data: QueryDict, files: Files, fields: Mapping[str, forms.Field]) -> None:
        super().__init__(data, files)
        self.fields = dict(fields)


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
        super().__init__(QueryDict("") if data is None else data, queryset, request=request)
        self.files: Files = MultiValueDict() if files is None else files
        self.workspace_id: int = getattr(getattr(request, "workspace", None), "id", 0) or 0
        self.part_parameters: set[str] = set()
        for name, found in self.filters.items():
            found.name = name
            self.part_parameters.update(f"{name}{part}" for part in found.parts)
        known = {*RESERVED, *keep, *self.filters, *self.part_parameters}
        self.unknown: list[str] = [name for name in self.data if name not in known]

    @property
    def form(self) -> ListForm:
        """The form that reads and checks all values, uploads included."""
        if not hasattr(self, "_form"):
            self._form = ListForm(self.data, self.files, {name: found.field for name, found in self.filters.items()})
        return self._form

    @cached_property
    def values(self) -> dict[str, Any]:
        """What was asked for, by name, as far as it could be read."""
        self.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value is not None}

    @cached_property
    def mistakes(self) -> dict[str, str]:
        """What is wrong with a value, by name."""
        return {name: " ".join(dict.fromkeys(texts)) for name, texts in self.errors.items()}

    @property
    def qs(self) -> QuerySet[Any]:
        """What matches; nothing when a value is wrong."""
        found: QuerySet[Any] = super().qs
        return found

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Apply all values; nothing is found when one is wrong."""
        return super().filter_queryset(queryset) if self.is_valid() else queryset.none()

    @property
    def active(self) -> bool:
        """Whether anything is filtered, or was meant to be."""
        return bool(self.values or self.mistakes)

    def query_values(self) -> dict[str, str]:
        """The values as they stand in the URL, by name. Long lists are kept in the database here."""
        if not hasattr(self, "_query_values"):
            self._query_values = {name: self.filters[name].query_value(value) for name, value in self.values.items()}
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

    @property
    def has_more(self) -> bool:
        """Whether some filters wait in the panel of further ones."""
        return any(not chip.primary and not chip.active for chip in self.chips)

    def _all_chips(self) -> list[Chip]:
        if not hasattr(self, "_chips"):
            self._chips = [self._chip(name) for name in self.filters]
        return self._chips

    def _chip(self, name: str) -> Chip:
        found, value = self.filters[name], self.values.get(name)
        wrong = name in self.mistakes
        others = {key: text for key, text in self.query_values().items() if key != name}
        return Chip(
            name=name,
            label=str(found.label or capfirst(name)),
            summary=found.summary(value) if value is not None else "",
            active=value is not None or wrong,
            primary=found.primary,
            error=self.mistakes.get(name, ""),
            panel=found.panel,
            hint=str(getattr(found, "placeholder", "") or found.hint),
            query_value=self.query_values().get(name, ""),
            without=encode(others),
            context={**found.panel_context(value), **(found.mistyped(self.form[name].data) if wrong else {})},
        )

    absent: ClassVar[tuple[Any, Any]] = (
        gettext_lazy("%(n)s is not in this workspace"),
        gettext_lazy("%(n)s are not in this workspace"),
    )
    """How it is said that values of a list are not there."""

    @cached_property
    def reports(self) -> list[ListReport]:
        """What became of the values of each list that was given. Four queries a list at most."""
        if not self.is_valid():
            return []
        return [self._report(name, value) for name, value in self.values.items() if self._lists(name, value)]

    def _lists(self, name: str, value: Any) -> bool:
        return isinstance(value, Values) and len(value.typed) > 1 and getattr(self.filters[name], "lists", False)

    def _report(self, name: str, value: Values) -> ListReport:
        found = self.filters[name]
        shown = found.present(self.qs, value)
        asked = set(value.stored_as.values())
        known = shown if asked <= shown else found.present(self.queryset.all(), value)
        label = str(found.label or capfirst(name))
        return report_of(name, label, value, shown=shown, known=known, absent=self.absent)

    def hiding(self, limit: int = 3) -> list[Chip]:
        """Filters that hide everything by themselves: without any one of them something would be found.

        Asks the database at most `limit` times; only for an empty list.
        """
        guilty = list(self.values)[:limit]
        return [self._chip(name) for name in guilty if self._without(name).exists()]

    def _without(self, name: str) -> QuerySet[Any]:
        """What all other values find."""
        other = copy.copy(self)
        other._form = copy.copy(self.form)
        other._form.cleaned_data = {key: value for key, value in self.form.cleaned_data.items() if key != name}
        return other.filter_queryset(self.queryset.all())


def encode(parameters: Mapping[str, str]) -> str:
    """A query string without empty parameters, with the signs of our grammar left readable."""
    query = QueryDict(mutable=True)
    for name, value in parameters.items():
        if value:
            query[name] = value
    return query.urlencode(safe=",*:").replace("%20", "+")
