"""The list page as a whole: order, columns, addresses, notices, redirects."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory

from kit.htmx import HtmxRequest
from kit.lists import Listing
from kit.models import SavedFilter
from kit.tables import UnknownSortError, chosen_view, headers, ordered
from tests.kit.samples import SampleFilters, SampleTable, asked, get, make

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("lists are sorted and searched by SQL, with the collation of each database"),
]


def listing(request: HtmxRequest, **options: Any) -> Listing:
    request.user = SimpleNamespace(preferences={}, is_authenticated=True)  # type: ignore[assignment]
    given = {"table": SampleTable, "filters": SampleFilters, "queryset": SavedFilter.objects.all(), "rows": "none.html"}
    return Listing(request, **{**given, **options})


def test_only_listed_columns_sort_and_the_id_breaks_ties() -> None:
    rows = SavedFilter.objects.all()
    assert ordered(rows, SampleTable, "workspace").query.order_by == ("workspace_id", "-token", "id")
    assert ordered(rows, SampleTable, "-workspace").query.order_by == ("-workspace_id", "token", "-id")
    for wrong in ("values", "plain", "token__x", "--token"):
        with pytest.raises(UnknownSortError):
            ordered(rows, SampleTable, wrong)


def test_columns_are_the_readers_choice_and_nonsense_is_ignored() -> None:
    def columns(stored: Any) -> tuple[str, ...]:
        return chosen_view(SampleTable, {"tables": stored}).columns

    assert columns({}) == ("token", "created")
    assert columns({"samples": {"columns": ["plain", "gone"]}}) == ("token", "plain")
    assert columns({"samples": {"columns": ["gone"]}}) == ("token", "created")
    wrong: tuple[Any, ...] = (None, [], {"samples": []}, {"samples": {"columns": "token"}})
    for nonsense in wrong:
        assert columns(nonsense) == ("token", "created")
    assert chosen_view(SampleTable, {"tables": {"samples": {"density": "huge"}}}).density == "comfortable"


def test_aria_sort_stands_on_the_sorted_column_alone() -> None:
    cells = headers(SampleTable, chosen_view(SampleTable, {}), "-created")
    assert [(cell.name, cell.aria_sort, cell.sort_query) for cell in cells] == [
        ("token", "", "token"),
        ("created", "descending", "created"),
    ]


def test_addresses_keep_what_was_chosen_and_leave_out_defaults() -> None:
    make("abc")
    made = listing(get("/x/?token=a&sort=token&per_page=100&tab=sims&page=1"))
    assert made.url() == "/x/?tab=sims&token=a&sort=token&per_page=100"
    assert made.url(page="2") == "/x/?tab=sims&token=a&sort=token&per_page=100&page=2"
    assert made.clear_url == "/x/?tab=sims"
    assert listing(get("/x/?sort=-created")).url() == "/x/"


@pytest.mark.parametrize("query", ["sort=values", "per_page=7", "page=x", "page=0", "foo=1"])
def test_what_cannot_be_is_told(query: str) -> None:
    make("abc")
    made = listing(get(f"/x/?{query}"))
    assert len(made.notices) == 1
    assert len(made.page.rows) == 1


def test_a_foreign_cursor_is_told_and_shows_the_newest() -> None:
    make("abc")
    made = listing(get("/x/?cursor=forged"), paging="keyset", keyset_fields=("created_at", "id"))
    assert [row.token for row in made.page.rows] == ["abc"]
    assert len(made.notices) == 1


def test_an_untidy_address_is_redirected_and_a_post_comes_back_as_get() -> None:
    response = listing(get("/x/?token=&q=a&tab=")).respond("none.html")
    assert (response.status_code, response["Location"]) == (302, "/x/?q=a")
    response = listing(get("/x/?token=a&token=b")).respond("none.html")
    assert response["Location"] == "/x/?token=a,b"
    request = asked(RequestFactory().post("/x/?ignored=1", {"token": "a\nb", "q": "", "sort": "token"}))
    response = listing(request).respond("none.html")
    assert (response.status_code, response["Location"]) == (303, "/x/?token=a,b&sort=token")
