"""The dashboard."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actors import actor_of
from kit.context import SYSTEM
from portal.dashboard import DAYS, boundaries, chart, counts_by_day, scale
from sims.states import DeviceStatus, SimStatus
from tests.cast import Cast
from tests.events.build import ago, record

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("smoke: the dashboard, which counts and adds up by SQL")]


def page(cast: Cast, user: object = None) -> str:
    response = cast.client(user or cast.owner).get(f"/w/{cast.acme.pk}/")  # type: ignore[arg-type]
    assert response.status_code == 200
    return response.content.decode()


def test_states_lead_to_the_lists(cast: Cast) -> None:
    cast.sims(3)
    cast.sims(2, status=SimStatus.SUSPENDED)
    cast.sims(5, workspace=cast.umbra)
    cast.device()
    cast.device(status=DeviceStatus.DISABLED)
    html = page(cast)
    tiles = dict(
        re.findall(
            r'<a class="stat" href="([^"]+)"><span class="stat-label">[^<]+</span><span class="stat-value">(\d+)', html
        )
    )
    base = f"/w/{cast.acme.pk}"
    assert tiles == {
        f"{base}/sims/?status=0": "3",
        f"{base}/sims/?status=1": "0",
        f"{base}/sims/?status=2": "2",
        f"{base}/sims/?status=4": "0",
        f"{base}/sims/?charged=1": "0",
        f"{base}/devices/?status=0": "1",
        f"{base}/devices/?status=1": "1",
    }


def test_unused_but_charged(cast: Cast) -> None:
    assert "unused but charged" not in page(cast)
    used, *_free = cast.sims(4, status=SimStatus.ACTIVATED)
    cast.device(sim=used)
    html = page(cast)
    assert "3 unused but charged SIM cards detected." in html
    link = f'href="/w/{cast.acme.pk}/sims/?status=1&device=none">'
    assert f"{link}Review and suspend" in unescape(html)
    assert f"{link}Show them" in unescape(page(cast, cast.observer))


def test_recent_events_with_their_actor(cast: Cast) -> None:
    for _ in range(12):
        event_id = record(cast.acme, 9, actor_of(cast.member))
    html = page(cast)
    assert html.count("<tr data-row") == 10
    assert f'data-expand="/w/{cast.acme.pk}/events/{event_id}/"' in html
    assert "Max Member" in html


def test_every_bar_leads_to_what_it_counts(cast: Cast) -> None:
    record(cast.acme, 9, SYSTEM, moment=ago(days=3), times=4)
    record(cast.acme, 10004, SYSTEM, moment=ago(days=3), times=2)
    record(cast.umbra, 9, SYSTEM, moment=ago(days=3), times=9)
    html = page(cast)
    bars = re.findall(r'<a class="day" href="([^"]+)"[^>]*><title>([^<]+)</title>', html)
    assert len(bars) == DAYS
    bar = next(bar for bar in bars if "6 events, 2 warnings" in bar[1])
    listed = cast.client(cast.owner).get(f"{bar[0]}&rows=all").content.decode()
    assert listed.count("<tr data-row") == 6
    assert '<rect class="s-warn"' in html
    assert "Show as table" in html


def test_days_are_the_viewers(cast: Cast) -> None:
    with timezone.override("Pacific/Auckland"), time_machine.travel("2026-10-15T11:30:00Z", tick=False):
        last = timezone.localdate()
        assert last == date(2026, 10, 16)
        for hour in (10, 11):  # before and after midnight there
            with_moment = timezone.now().replace(hour=hour, minute=20)
            record(cast.acme, 9, SYSTEM, moment=with_moment)
        counts = counts_by_day(cast.acme.pk, boundaries(last))
        assert counts[-1] == (1, 0, 0)
        assert counts[-2] == (1, 0, 0)
        assert sum(map(sum, counts)) == 2
        # The clock was put forward within these days.
        lengths = {stop - start for start, stop in zip(boundaries(last), boundaries(last)[1:], strict=False)}
        assert lengths == {timedelta(hours=23), timedelta(hours=24)} or lengths == {timedelta(hours=24)}


def test_the_picture_is_remembered_for_a_minute(cast: Cast) -> None:
    today = timezone.localdate()
    assert sum(chart(cast.acme.pk, today).totals) == 0
    record(cast.acme, 9, SYSTEM)
    assert sum(chart(cast.acme.pk, today).totals) == 0
    assert sum(chart(cast.bolt.pk, today).totals) == 0


@pytest.mark.parametrize(
    ("most", "top", "steps"),
    [
        (0, 1, 2),
        (1, 1, 2),
        (3, 3, 4),
        (4, 4, 5),
        (5, 6, 4),
        (9, 10, 3),
        (30, 30, 4),
        (173, 200, 5),
        (99_999, 100_000, 3),
    ],
)
def test_axes_end_above_the_highest_bar(most: int, top: int, steps: int) -> None:
    found, marks = scale(most)
    assert found >= most
    assert found == marks[-1]
    assert 2 <= len(marks) <= 5
    assert (found, len(marks)) == (top, steps)


def test_the_same_queries_whatever_there_is(cast: Cast) -> None:
    client = cast.client(cast.owner)
    address = f"/w/{cast.acme.pk}/"

    def queries() -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    record(cast.acme, 9, actor_of(cast.owner))
    few = queries()
    for _ in range(5):
        record(cast.acme, 9, actor_of(cast.member), sim=cast.sims(1)[0], device=cast.device(), times=20)
    assert queries() == few <= 11


def test_strangers_see_nothing(cast: Cast) -> None:
    assert cast.client(cast.outsider).get(f"/w/{cast.acme.pk}/").status_code == 404
