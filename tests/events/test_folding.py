"""What one request did is one line of the log: its counts, its pages, its rows when it is unfolded."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actors import actor_of
from events.models import Event
from kit.context import SYSTEM
from sims.models import Sim
from tests.cast import Cast
from tests.events.build import HTMX, ago, page, record, url, words

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("other SQL decides where a run of rows ends")]


def lines(html: str) -> list[str]:
    """Return the ids of the rows, those of folded lines with the number of their events."""
    found = []
    for row in re.findall(r"<tr data-row.*?</tr>", html, re.S):
        number = re.search(r'data-id="(\d+)"', row)
        folded = re.search(r'title="([\d,]+) events"', row)
        assert number
        found.append(f"{number[1]} ×{folded[1]}" if folded else number[1])
    return found


def follow(html: str, which: str) -> str:
    link = re.search(rf'id="page-{which}"[^>]*href="([^"]+)"', html)
    return unescape(link[1]) if link else ""


def walk(client: Client, address: str, which: str) -> tuple[list[str], str]:
    """Return all lines from an address on, page by page, and the last page's address."""
    found: list[str] = []
    while True:
        html = page(client, address)
        found = [*found, *lines(html)] if which == "next" else [*lines(html), *found]
        following = follow(html, which)
        if not following:
            return found, address
        address = following


def log_of_requests(cast: Cast, sizes: list[int]) -> list[str]:
    """Record requests one after the other, of so many events each, and return the lines that they make."""
    expected: list[str] = []
    for n, size in enumerate(sizes):
        last = record(cast.acme, 9, actor_of(cast.owner), moment=ago(hours=len(sizes) - n), times=size)
        ids = [str(last)] if size == 1 else [f"{last} ×{size:,}"] if size > 2 else [str(last), str(last - 1)]
        expected = [*ids, *expected]
    return expected


def test_a_request_is_one_line_with_its_counts(cast: Cast) -> None:
    request_id = uuid.uuid4()
    sims = cast.sims(2)
    device = cast.device(sim=sims[0])
    for sim in sims:
        record(cast.acme, 9, actor_of(cast.owner), sim=sim, moment=ago(hours=1), request_id=request_id)
    record(cast.acme, 43, actor_of(cast.owner), device=device, moment=ago(hours=1), request_id=request_id)
    record(cast.acme, 10004, actor_of(cast.owner), device=device, moment=ago(hours=1), request_id=request_id)
    last = record(cast.acme, 10020, cast.token(), moment=ago(minutes=1))
    html = page(cast.client(cast.owner), url(cast.acme))
    text = words(html)
    assert "2 SIMs suspended, 1 device disabled, 1 device deleted" in text
    assert device.name in text  # a single device is named
    assert "Warning" in text  # the highest severity of the line
    assert "Olga Owner" in text
    assert "5 events" in text  # the count stays that of events
    assert len(lines(html)) == 2
    assert lines(html)[0] == str(last)


def test_what_two_actors_did_in_one_request_is_two_lines(cast: Cast) -> None:
    request_id = uuid.uuid4()
    for actor in (SYSTEM, actor_of(cast.owner), SYSTEM):
        record(cast.acme, 9, actor, request_id=request_id, times=3)
    html = page(cast.client(cast.owner), url(cast.acme))
    assert [line.partition(" ")[2] for line in lines(html)] == ["×3", "×3", "×3"]
    who = re.findall(r'c-actor"><span title="([^"]+)"', html)
    assert who == ["System", "Olga Owner", "System"]
    client = cast.client(cast.owner)
    unfolded = client.get(unfold_url(html), headers=HTMX).content.decode()
    assert len(lines(unfolded)) == 3
    assert "Olga Owner" not in unfolded


SIZES = [1, 3, 2, 700, 1, 1, 40, 5, 350, 1, 4]


@pytest.mark.parametrize("query", ["?per_page=25", "?per_page=25&type=9", "?per_page=25&actor=user:{owner}"])
def test_pages_meet_each_line_once_in_both_directions(cast: Cast, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.folding.FIRST_WINDOW", 1)
    monkeypatch.setattr("events.folding.WINDOW", 1)
    expected = log_of_requests(cast, SIZES)
    record(cast.acme, 10, cast.token(), moment=ago(days=3))
    monkeypatch.setattr("kit.lists.PER_PAGE_CHOICES", (3, 25))
    query = query.replace("25", "3").format(owner=cast.owner.pk)
    client = cast.client(cast.owner)
    downward, last = walk(client, url(cast.acme, query), "next")
    if query == "?per_page=3":
        downward = downward[:-1]
    assert downward == expected
    upward, _first = walk(client, last, "previous")
    assert upward[: len(expected)] == expected


def test_every_event_can_be_seen_by_a_switch_and_single_things_are_never_folded(cast: Cast) -> None:
    sim = cast.sims(1)[0]
    request_id = uuid.uuid4()
    record(cast.acme, 9, actor_of(cast.owner), sim=sim, request_id=request_id, times=5)
    client = cast.client(cast.owner)
    folded = page(client, url(cast.acme))
    assert len(lines(folded)) == 1
    assert "Every event" in words(folded)
    every = page(client, url(cast.acme, "?rows=all"))
    assert len(lines(every)) == 5
    assert "Fold requests" in words(every)
    for query in (f"?sim={sim.pk}", f"?request={request_id}"):
        html = page(client, url(cast.acme, query))
        assert len(lines(html)) == 5
        assert "Every event" not in words(html)


def unfold_url(html: str) -> str:
    found = re.search(r'data-unfold="([^"]+)"', html)
    assert found
    return unescape(found[1])


def test_unfolding_shows_its_rows_and_only_those_that_the_filter_finds(cast: Cast) -> None:
    request_id = uuid.uuid4()
    shown = [record(cast.acme, 9, actor_of(cast.owner), request_id=request_id) for _ in range(4)]
    record(cast.acme, 8, actor_of(cast.owner), request_id=request_id, times=3)
    client = cast.client(cast.owner)
    answer = client.get(unfold_url(page(client, url(cast.acme, "?type=9"))), headers=HTMX)
    rows = answer.content.decode()
    assert lines(rows) == [str(pk) for pk in reversed(shown)]
    assert "<html" not in rows
    assert rows.count(f'data-of="{request_id}"') == 4
    whole = client.get(unfold_url(page(client, url(cast.acme))), headers=HTMX).content.decode()
    assert len(lines(whole)) == 7


def test_of_a_long_line_the_first_200_rows_are_shown_and_a_way_to_the_rest(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.owner), times=230)
    client = cast.client(cast.owner)
    html = client.get(unfold_url(page(client, url(cast.acme))), headers=HTMX).content.decode()
    assert len(lines(html)) == 200
    assert "Show all 230 events of this request" in html


def test_a_line_of_another_workspace_or_a_forged_one_is_not_found(cast: Cast) -> None:
    record(cast.acme, 9, actor_of(cast.owner), times=4)
    client = cast.client(cast.owner)
    address = unfold_url(page(client, url(cast.acme)))
    assert cast.client(cast.outsider).get(address).status_code == 404
    elsewhere = address.replace(f"/w/{cast.acme.pk}/", f"/w/{cast.umbra.pk}/")
    assert lines(cast.client(cast.outsider).get(elsewhere).content.decode()) == []
    for wrong in (address.replace("n=4", "n=5"), address.replace("of=", "of=0"), address[:-3]):
        assert client.get(wrong).status_code == 404
    assert client.get(url(cast.acme, "unfold/")).status_code == 404


def test_what_came_since_is_counted_event_by_event(cast: Cast) -> None:
    client = cast.client(cast.owner)
    record(cast.acme, 9, actor_of(cast.owner), moment=ago(hours=2), times=700)
    record(cast.acme, 9, actor_of(cast.owner), moment=ago(hours=1))
    polled = re.search(r'hx-get="([^"]+/newer/[^"]+)"', page(client, url(cast.acme)))
    assert polled
    address = unescape(polled[1])
    assert client.get(address, headers=HTMX).status_code == 204
    record(cast.acme, 8, actor_of(cast.owner), times=3)
    record(cast.acme, 8, actor_of(cast.owner), moment=ago(minutes=90))  # committed late
    assert "4 new events" in words(client.get(address, headers=HTMX).content.decode())


def test_the_same_queries_for_short_and_long_requests(cast: Cast) -> None:
    client = cast.client(cast.owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, url(cast.acme))
        return len(captured)

    sims: list[Sim] = cast.sims(3)
    for sim in sims:
        record(cast.acme, 9, actor_of(cast.owner), sim=sim, times=3, moment=ago(hours=5))
    few = queries()
    record(cast.acme, 9, actor_of(cast.owner), times=5000, moment=ago(hours=3))
    one_long = queries()
    for hours in range(2):
        record(cast.acme, 9, actor_of(cast.owner), times=2000, moment=ago(hours=hours))
    assert one_long <= few + 4  # where it ends, the window behind it, and two that count
    assert queries() <= one_long + 4
    assert Event.objects.count() == 9009
