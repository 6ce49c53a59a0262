"""Paging the log: whatever the moments, every event is shown exactly once, in one order, forth and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.models import Event, EventQuerySet
from kit.context import SYSTEM
from kit.paging import Cursor, KeysetPage, keyset_page
from tests.cast import Cast
from tests.events.build import record

pytestmark = pytest.mark.sqlite_too("pages are cut by comparing moments, which SQLite keeps as text")

START = datetime(2026, 3, 1, tzinfo=UTC)


def page(events: EventQuerySet, per_page: int, token: str | None = None) -> KeysetPage:
    cursor = Cursor.load(token) if token else None
    return keyset_page(
        events, per_page=per_page, cursor=cursor, fetch=lambda found: list(found.values("id", "timestamp"))
    )


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(st.integers(0, 4), max_size=24), per_page=st.integers(1, 7))
def test_every_event_once_forth_and_back(cast: Cast, moments: list[int], per_page: int) -> None:
    before = Event.objects.order_by("-id").values_list("pk", flat=True).first() or 0
    for seconds in moments:
        record(cast.acme, 9, SYSTEM, moment=START + timedelta(seconds=seconds))
    events = Event.objects.of(cast.acme.pk).filter(pk__gt=before)
    expected = [pk for _moment, pk in sorted(events.values_list("timestamp", "pk"), reverse=True)]

    pages = [page(events, per_page)]
    while pages[-1].older:
        pages.append(page(events, per_page, pages[-1].older))
    assert [row["id"] for each in pages for row in each.rows] == expected

    for position in range(len(pages) - 1, 0, -1):
        token = pages[position].newer
        assert token
        assert page(events, per_page, token).rows == pages[position - 1].rows


@pytest.mark.django_db
def test_what_arrives_meanwhile_moves_nothing(cast: Cast) -> None:
    for minute in range(10):
        record(cast.acme, 9, SYSTEM, moment=START + timedelta(minutes=minute))
    events = Event.objects.of(cast.acme.pk)
    first = page(events, 4)
    second = page(events, 4, first.older)
    record(cast.acme, 9, SYSTEM, moment=START + timedelta(hours=1), times=5)
    assert page(events, 4, first.older).rows == second.rows
    assert page(events, 4, second.newer).rows == first.rows


@pytest.mark.django_db
def test_before_and_after_are_each_others_opposite(cast: Cast) -> None:
    for _ in range(3):
        record(cast.acme, 9, SYSTEM, moment=START, times=3)
    events = Event.objects.of(cast.acme.pk)
    for moment, pk in events.values_list("timestamp", "pk"):
        older = set(events.before(moment, pk).values_list("pk", flat=True))
        newer = set(events.after(moment, pk).values_list("pk", flat=True))
        assert not older & newer
        assert older | newer | {pk} == set(events.values_list("pk", flat=True))
