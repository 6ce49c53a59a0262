"""Filters and the search box of the log."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from itertools import zip_longest
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from events.models import Event
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.status import change_sim_status
from sims.states import SimStatus
from tests.cast import Cast
from tests.events.build import ORDER, names_of, page, shown, tell_story, url, words

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("the search of the log has SQL for each database")]


def found(cast: Cast, query: str, user: User | None = None) -> list[int]:
    return shown(page(cast.client(user or cast.owner), url(cast.acme, f"?{query}")))


@pytest.fixture
def story(cast: Cast) -> dict[str, Any]:
    return tell_story(cast)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("severity=1", ["deleted"]),
        ("severity=0", ["suspended", "location", "token", "staff"]),
        ("severity=0,1", list(ORDER)),
        ("source=0", ["location"]),
        ("type=9", ["suspended", "token", "staff"]),
        ("type=2,10004", ["deleted", "location"]),
        ("date=7d", ["suspended", "deleted"]),
        ("date=30d&type=9", ["suspended"]),
        ("device={pump.pk}", ["suspended"]),
        ("device=Pump+12", ["suspended"]),
        ("device=Kio*", ["deleted"]),
        ("device=iosk", ["deleted"]),
        ("sim={one.iccid}", ["suspended", "staff"]),
        ("sim={other.imsi}", ["location", "token"]),
        ("sim={one.pk}", ["suspended", "staff"]),
        ("sim={other.iccid}&date=7d", []),
        ("sim=8988*&date=30d", ["suspended", "location"]),
        ("sim=8988*", ["suspended", "location"]),
        ("actor=network", ["location"]),
        ("actor=staff", ["staff"]),
        ("actor=token:77", ["token"]),
        ("actor=token:77,network", ["location", "token"]),
        ("request={request}", ["token"]),
    ],
)
def test_each_filter_filters(cast: Cast, story: dict[str, Any], query: str, expected: list[str]) -> None:
    assert names_of(story, found(cast, query.format(**story))) == expected


def test_filter_by_person(cast: Cast, story: dict[str, Any]) -> None:
    assert names_of(story, found(cast, f"actor=user:{cast.owner.pk}", cast.observer)) == ["suspended"]
    assert names_of(story, found(cast, f"actor=user:{cast.owner.pk},user:{cast.member.pk}")) == ["suspended", "deleted"]
    # A person who never acted here can be asked for, but is not named.
    html = page(cast.client(cast.owner), url(cast.acme, f"?actor=user:{cast.outsider.pk}"))
    assert shown(html) == []
    assert "Otto Outsider" not in html


def test_filter_by_day(cast: Cast, story: dict[str, Any]) -> None:
    day = timezone.localdate(Event.objects.get(pk=story["location"]).timestamp)
    assert names_of(story, found(cast, f"date={day}")) == ["location"]
    assert names_of(story, found(cast, f"date=..{day - timedelta(days=1)}")) == ["token", "staff"]


@pytest.mark.parametrize(
    "query",
    ["severity=9", "type=4711", "actor=bob", "request=abc", "sim=12*3*4*5*6*7*8*9", "date=tomorrow", "sim=8999x"],
)
def test_what_cannot_be_is_named_and_finds_nothing(cast: Cast, story: dict[str, Any], query: str) -> None:
    response = cast.client(cast.owner).get(url(cast.acme, f"?{query}"))
    assert response.status_code == 422
    assert shown(response.content.decode()) == []
    assert 'role="alert"' in response.content.decode()


def test_types_of_the_operator_are_offered_there_only(cast: Cast) -> None:
    cast.staff.workspaces.add(cast.operator, through_defaults={"role": "Observer"})
    assert "SIM import" not in page(cast.client(cast.owner), url(cast.acme))
    assert "SIM import" in page(cast.client(cast.staff), url(cast.operator))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q={suspended}", ["suspended"]),
        ("q={request}", ["token"]),
        ("q={one.iccid}", ["suspended", "staff"]),
        ("q={other.imsi}", ["location", "token"]),
        ("q=olga.owner@example.com", ["suspended"]),
        ("q=OLGA.OWNER@example.com", ["suspended"]),
        ("q=Max+Member", ["deleted"]),
        ("q=Pump+12", ["suspended"]),
        ("q=SIM+suspension", ["suspended"]),
        ("q=SIM+suspension&date=90d", ["suspended", "token"]),
        ("q=max", ["deleted"]),
        ("q='Activated'", ["suspended"]),
        ("q=zebra", []),
    ],
)
def test_search_recognises_what_was_typed(cast: Cast, story: dict[str, Any], query: str, expected: list[str]) -> None:
    # An id of an event may be the id of a device or SIM as well; here it must not be.
    found_ids = [event_id for event_id in found(cast, query.format(**story)) if event_id in story.values()]
    if query == "q={suspended}":
        assert story["suspended"] in found_ids
        return
    assert names_of(story, found_ids) == expected


def test_the_whole_iccid_counts_with_its_check_digit(cast: Cast, story: dict[str, Any]) -> None:
    from sims.identifiers import iccid_with_luhn

    whole = iccid_with_luhn(story["one"].iccid)
    assert names_of(story, found(cast, f"q={whole}")) == ["suspended", "staff"]
    wrong = whole[:-1] + str((int(whole[-1]) + 1) % 10)
    html = page(cast.client(cast.owner), url(cast.acme, f"?q={wrong}"))
    assert shown(html) == []
    assert "check digit" in html


def test_free_text_says_how_far_back_it_looked(cast: Cast, story: dict[str, Any]) -> None:
    html = page(cast.client(cast.owner), url(cast.acme, "?q=suspension"))
    assert "Only the last 30 days were searched for this text." in words(html)
    wider = re.search(r'<a href="([^"]+)">Search all 400 days</a>', html)
    assert wider
    html = page(cast.client(cast.owner), unescape(wider[1]))
    assert names_of(story, shown(html)) == ["suspended", "token", "staff"]
    assert "Only the last" not in html
    assert "Only the last" not in page(cast.client(cast.owner), url(cast.acme, f"?q={story['one'].iccid}"))


def test_search_stays_in_the_workspace(cast: Cast, story: dict[str, Any]) -> None:
    client = cast.client(cast.outsider)
    for text in (story["one"].iccid, story["one"].imsi, "olga.owner@example.com", str(story["request"]), "Pump 12"):
        assert shown(page(client, url(cast.umbra, f"?q={text}"))) == []


@pytest.mark.parametrize(
    ("theirs", "nobodys"),
    [
        ("otto.outsider@example.com", "nobody.atall@example.com"),
        ("otto.outs", "nobody.ata"),
        ("Otto Outsider", "Ottx Outsider"),
        ("iccid", "8988303000000000000"),
        ("imsi", "901439999999999"),
    ],
)
def test_what_exists_elsewhere_reads_like_what_exists_nowhere(cast: Cast, theirs: str, nobodys: str) -> None:
    """Byte for byte, but for the text itself: the search box is no oracle over other workspaces."""
    (sim,) = cast.sims(workspace=cast.umbra)
    with cast.acting(cast.outsider):
        change_sim_status(workspace_id=cast.umbra.pk, sim_ids=[sim.pk], to=SimStatus.ACTIVATED)
    theirs = {"iccid": sim.iccid, "imsi": sim.imsi}.get(theirs, theirs)
    reader = cast.client(cast.observer)
    pages = []
    for text in (theirs, nobodys):
        answer = reader.get(reverse("events:list", args=[cast.acme.pk]), {"q": text}, headers={"HX-Request": "true"})
        shown = re.sub(r'(csrfmiddlewaretoken" value=)"\w+"', r"\1", answer.content.decode())
        written = (text, iccid_with_luhn(text) if len(text) == 19 else text, quote(text), quote_plus(text))
        # A link that keeps the view holds its address within its own.
        for form in (*written, *map(quote, written)):
            shown = shown.replace(form, "TEXT")
        pages.append((answer.status_code, *shown.splitlines()))
    assert [pair for pair in zip_longest(*pages) if pair[0] != pair[1]] == []
