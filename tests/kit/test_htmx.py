"""Fragment or page, and the headers that keep them apart."""

import json
from typing import cast

import pytest
from django.http import HttpResponse, HttpResponseRedirect
from django.test import RequestFactory
from django_htmx.http import trigger_client_event

from kit.htmx import (
    SessionEndMiddleware,
    current_path,
    private,
    problem,
    redirect_to,
    wants_fragment,
    with_toast,
)
from tests.kit.samples import asked, get, htmx

CODED = {"HX-Current-URL": "http://testserver/w/1/%C3%BC/", "HX-Current-URL-URI-AutoEncoded": "true"}


@pytest.mark.parametrize(
    ("headers", "fragment"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
        ({"HX-Request": "false"}, False),
    ],
)
def test_who_gets_a_fragment(headers: dict[str, str], fragment: bool) -> None:
    assert wants_fragment(get("/", **headers)) is fragment


def test_vary_is_added_to_what_stands_there() -> None:
    response = HttpResponse(headers={"Vary": "Accept-Language"})
    private(response)
    assert {"Accept-Language", "HX-Request", "Cookie"} <= {part.strip() for part in response["Vary"].split(",")}
    assert {part.strip() for part in response["Cache-Control"].split(",")} == {"private", "no-store"}


def test_triggers_gather() -> None:
    response = with_toast(trigger_client_event(HttpResponse(), "listChanged"), "Saved", level="good")
    assert json.loads(response["HX-Trigger"]) == {"listChanged": {}, "toast": {"message": "Saved", "level": "good"}}
    with pytest.raises(ValueError, match="level"):
        with_toast(HttpResponse(), "x", level="loud")


def test_redirects() -> None:
    plain = redirect_to(get("/"), "/there/")
    assert (plain.status_code, plain["Location"]) == (303, "/there/")
    swapped = redirect_to(htmx("/"), "/there/")
    assert (swapped.status_code, swapped.content, swapped["HX-Redirect"]) == (200, b"", "/there/")


def test_a_problem_is_text_for_htmx() -> None:
    response = problem(htmx("/"), "Not <b>allowed</b>", 409)
    assert response.status_code == 409
    assert response["Content-Type"].startswith("text/plain")


def test_the_current_page_is_taken_from_our_own_host_only() -> None:
    assert current_path(htmx("/x/", **{"HX-Current-URL": "http://testserver/w/1/sims/?q=a"})) == "/w/1/sims/?q=a"
    assert current_path(htmx("/x/", **{"HX-Current-URL": "http://testserver/w/1/sims/?q=a#main"})) == "/w/1/sims/?q=a"
    assert current_path(htmx("/x/", **CODED)) == "/w/1/ü/"
    for foreign in (
        "http://elsewhere/w/1/",
        "javascript:alert(1)",
        "//elsewhere/",
        "http://testserver//elsewhere/",
        "https://testserver/w/1/",
        "",
    ):
        assert current_path(htmx("/x/", **{"HX-Current-URL": foreign})) == ""


def test_the_end_of_a_session_moves_the_whole_page() -> None:
    middleware = SessionEndMiddleware(lambda request: HttpResponseRedirect("/accounts/login/?next=/fragment/"))
    response = cast(
        HttpResponse, middleware(htmx("/fragment/", **{"HX-Current-URL": "http://testserver/w/1/sims/?q=a"}))
    )
    assert (response.status_code, response.content) == (200, b"")
    assert response["HX-Redirect"] == "/accounts/login/?next=/w/1/sims/%3Fq%3Da"
    assert middleware(get("/page/")).status_code == 302
    other = SessionEndMiddleware(lambda request: HttpResponseRedirect("/w/1/"))
    assert other(htmx("/x/")).status_code == 302


def test_a_post_is_no_page() -> None:
    assert not wants_fragment(asked(RequestFactory().post("/")))
