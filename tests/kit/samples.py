"""A list over rows of the kit itself, so that its tests need no other app."""

import datetime as dt
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.test import RequestFactory
from django_htmx.middleware import HtmxMiddleware

from kit.filters import ChoicesFilter, DateRangeFilter, ListFilters, SearchFilter, TextFilter, whole_number
from kit.htmx import HtmxRequest
from kit.models import SavedFilter
from kit.tables import ListColumn, ListTable

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


class SampleFilters(ListFilters):
    q = SearchFilter(fields=("token",))
    token = TextFilter(field_name="token", label="Token", primary=True)
    whole = TextFilter(field_name="token", label="Whole", wildcards=False, partial=False, ignore_case=True)
    number = TextFilter(field_name="id", label="Number", wildcards=False, partial=False, normalise=whole_number)
    workspace = ChoicesFilter(field_name="workspace_id", label="Workspace", choices=[(1, "One"), (2, "Two")])
    created = DateRangeFilter(field_name="created_at", label="Created")


class SampleTable(ListTable):
    list_name = "samples"
    caption = "Samples"
    default_columns = ("token", "created")
    default_sort = "-created"
    noun = ("sample", "samples")
    token = ListColumn("Token", sort=("token",), required=True)
    workspace = ListColumn("Workspace", sort=("workspace_id", "-token"))
    created = ListColumn("Created", sort=("created_at",))
    plain = ListColumn("Plain")


def make(*tokens: str, workspace: int = 1) -> list[SavedFilter]:
    """Rows an hour apart, oldest first."""
    return [
        SavedFilter.objects.create(
            token=token, workspace_id=workspace, values=[], created_at=START + dt.timedelta(hours=n)
        )
        for n, token in enumerate(tokens)
    ]


def found(query: str, **options: Any) -> list[str]:
    """Tokens that a query string finds, in order of id."""
    filters = SampleFilters(QueryDict(query), SavedFilter.objects.order_by("id"), **options)
    return list(filters.qs.values_list("token", flat=True))


def asked(request: HttpRequest) -> HtmxRequest:
    """A request as it comes out of the middleware of django-htmx."""
    HtmxMiddleware(lambda request: HttpResponse())(request)
    return cast(HtmxRequest, request)


def get(path: str, **headers: str) -> HtmxRequest:
    return asked(RequestFactory().get(path, headers=headers))


def htmx(path: str, **headers: str) -> HtmxRequest:
    return get(path, **{"HX-Request": "true", **headers})
