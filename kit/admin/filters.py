"""Filters of the lists in the admin site. Each answers to one parameter, and refuses values it does not offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Narrow = Callable[[QuerySet[Any]], QuerySet[Any]]


class StaffFilter(admin.SimpleListFilter):
    """A filter with a few choices."""

    template = "admin/filter.html"
    current: str = ""
    """What is chosen, in words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {str(value): str(label) for value, label in self.lookup_choices}
        self.current = offered.get(self.value() or "", self.value() or "")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        chosen = self.value()
        if not chosen:
            return queryset
        if chosen not in {str(value) for value, _label in self.lookup_choices}:
            return queryset.none()
        return self.narrow(queryset, chosen)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Return the rows of one choice."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, StrOrPromise]]:
        """Return value and label of each choice."""
        raise NotImplementedError


def choice_filter(parameter: str, name: StrOrPromise, field: str, choices: Any) -> type[StaffFilter]:
    """Return a filter by a column with choices.

    Args:
        parameter: name in the address.
        name: what people call it.
        field: the column, or a path to it.
        choices: pairs of value and label, or a function that returns them.
    """

    class ChoiceFilter(StaffFilter):
        title = name
        parameter_name = parameter

        def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, StrOrPromise]]:
            return list(choices() if callable(choices) else choices)

        def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
            return queryset.filter(**{field: value})

    return ChoiceFilter


def condition_filter(
    parameter: str, name: StrOrPromise, options: dict[str, tuple[StrOrPromise, Narrow]]
) -> type[StaffFilter]:
    """Return a filter whose choices are conditions of their own.

    Args:
        parameter: name in the address.
        name: what people call it.
        options: value to label and the function that narrows a queryset to it.
    """

    class ConditionFilter(StaffFilter):
        title = name
        parameter_name = parameter

        def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, StrOrPromise]]:
            return [(value, label) for value, (label, _narrow) in options.items()]

        def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
            return options[value][1](queryset)

    return ConditionFilter


class Picker(AutocompleteSelect):
    """A choice among thousands, found by typing, which says what it wants while nothing is chosen."""

    def __init__(self, field: Any, site: Any, placeholder: StrOrPromise = "") -> None:
        super().__init__(field, site)
        self.placeholder = placeholder

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        attrs = super().build_attrs(base_attrs, extra_attrs)
        return {**attrs, "data-placeholder": str(self.placeholder)}

    @property
    def media(self) -> forms.Media:
        """Its script, and the one that names it for those who do not see it."""
        return super().media + forms.Media(js=["js/admin.js"])


class RelatedFilter(admin.SimpleListFilter):
    """A filter by another object, found by typing: there may be thousands of them."""

    template = "admin/related_filter.html"
    field_name: ClassVar[str] = ""
    """The column that points to it."""
    choice: Any = None
    """The object chosen, `None` for an unknown id."""

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        field = model._meta.get_field(self.field_name)
        related = field.remote_field.model._default_manager
        chosen = self.value()
        if chosen:
            self.choice = related.filter(pk=chosen).first() if chosen.isascii() and chosen.isdigit() else None
        widget = Picker(field, model_admin.admin_site, self.title or "")
        control = forms.ModelChoiceField(queryset=related.all(), required=False, widget=widget, label=self.title)
        form = forms.Form({self.key: chosen if self.choice is not None else ""}, auto_id="filter-%s")
        form.fields[self.key] = control
        self.control = form[self.key]
        self.rest = [
            (name, value)
            for name, value in request.GET.items()
            if name not in (self.parameter_name, "p", "older", "newer")
        ]

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[Any, StrOrPromise]]:
        return ()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield {"selected": self.value() is None, "query_string": changelist.get_query_string(remove=[self.key])}

    @property
    def key(self) -> str:
        """Name of the parameter."""
        return cast(str, self.parameter_name)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        if not self.value():
            return queryset
        if self.choice is None:
            return queryset.none()
        return queryset.filter(**{f"{self.field_name}_id": self.choice.pk})


def related_filter(parameter: str, name: StrOrPromise, field: str) -> type[RelatedFilter]:
    """Return a filter by an object that a foreign key points to; see `choice_filter` for the arguments."""

    class Filter(RelatedFilter):
        title = name
        parameter_name = parameter
        field_name = field

    return Filter
