"""The list page as a whole: order, columns, addresses, notices, redirects."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.safestring import mark_safe

from kit.htmx import HtmxRequest
from kit.lists import Listing
from kit.models import SavedFilter
from kit.rendering import dash
from kit.tables import ListColumn, ListTable, chosen_view
from tests.kit.samples import SampleFilters, SampleTable, asked, get, make

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite_too("lists are sorted and searched by SQL, with the collation of each database"),
]


def listing(request: HtmxRequest, **options: Any) -> Listing:
    request.user = SimpleNamespace(preferences={}, is_authenticated=True)  # type: ignore[assignment]
    given = {"table": SampleTable, "filters": SampleFilters, "queryset": SavedFilter.objects.all()}
    return Listing(request, **{**given, **options})


def test_only_listed_columns_sort_and_the_id_breaks_ties() -> None:
    rows = SavedFilter.objects.order_by("-id")

    def order(sort: str) -> tuple[object, ...]:
        return tuple(SampleTable(rows, sort=sort).found.query.order_by)

    assert order("workspace") == ("workspace_id", "-token", "id")
    assert order("-workspace") == ("-workspace_id", "token", "-id")
    for wrong in ("", "values", "plain", "token__x", "--token", "token,workspace"):
        assert SampleTable(rows, sort=wrong).sort == ""
        assert order(wrong) == ("-id",)


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


def drawn(table: ListTable) -> str:
    template = "{% load django_tables2 %}{% render_table table %}"
    html = Template(template).render(Context({"table": table, "request": get("/x/")}))
    return re.sub(r">\s+<", "><", html)


def urls(made: Listing) -> list[str]:
    return [made.table.sort_url(column) for column in made.table.columns]


def test_the_head_says_and_offers_the_order() -> None:
    made = listing(get("/x/?sort=-token&token=a"))
    assert made.page.rows == []
    html = drawn(made.table)
    assert html.count("aria-sort") == 1
    assert '<th scope="col" class="col-token" aria-sort="descending"><a id="sort-token" class="sort"' in html
    assert 'href="/x/?token=a&amp;sort=token"' in html
    # The usual order needs no parameter, turning it needs one.
    assert urls(made) == ["/x/?token=a&sort=token", "/x/?token=a&sort=created"]
    assert urls(listing(get("/x/"))) == ["/x/?sort=token", "/x/?sort=created"]
    assert urls(listing(get("/x/?sort=created"))) == ["/x/?sort=token", "/x/"]


class SmallTable(ListTable):
    caption = "Small"
    region = "Table of small things"
    name = ListColumn("Name", heads_row=True, classes="wrap")
    size = ListColumn("Size", align="end")
    act = ListColumn("Act", silent=True)

    def row_id(self, record: dict[str, Any]) -> str:
        return f"small-{record['name'][:1]}"

    def render_act(self, record: dict[str, Any]) -> str:
        return mark_safe("<button>Do</button>")

    def render_size(self, record: dict[str, Any]) -> str:
        return dash() if record["size"] is None else f"{record['size']} <b>"


def test_a_small_table_draws_its_cells() -> None:
    rows = [{"name": "a & b", "size": 7}, {"name": "c", "size": None}]
    html = drawn(SmallTable(rows, hidden=["act"]))
    assert 'role="region" aria-label="Table of small things"' in html
    assert '<thead><tr><th scope="col">Name</th><th scope="col" class="num">Size</th></tr></thead>' in html
    assert (
        '<tr id="small-a"><th scope="row" class="wrap">a &amp; b</th><td class="num">7 &lt;b&gt;</td></tr>'
        f'<tr id="small-c"><th scope="row" class="wrap">c</th><td class="num">{dash()}</td></tr>'
    ) in html
    whole = drawn(SmallTable(rows))
    assert '<span class="visually-hidden">Act</span>' in whole
    assert whole.count("<td><button>Do</button></td>") == 2


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


class NewestFirst(SampleTable):
    newest_first = ("created_at", "id")


def test_a_foreign_cursor_is_told_and_shows_the_newest() -> None:
    make("abc")
    made = listing(get("/x/?cursor=forged&sort=token"), table=NewestFirst)
    assert urls(made) == ["", ""]
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
