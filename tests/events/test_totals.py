"""The total of a log: always right, and counted anew only as far as it is new."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events import totals
from events.models import Event, RetentionReceipt
from events.selectors import log_of, persons_of
from events.totals import events_in_log
from events.wire import WIRE_FIELDS, wire_list
from events.wire_rows import read_wire_rows, wire_rows
from sims.inventory.services.status import change_sim_status
from sims.states import SimStatus
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("the total is kept by SQL, while others write")


def grow(cast: Cast, count: int) -> None:
    with cast.acting(cast.owner):
        sims = cast.sims(count)
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.ACTIVATED)


def test_it_is_right_at_all_times(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "WORTH", 1)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for step in range(12):
            grow(cast, step % 3)
            assert events_in_log(cast.acme.pk) == log_of(cast.acme.pk).count()
            clock.shift(timedelta(seconds=25))
        assert events_in_log(cast.umbra.pk) == 0


def test_what_is_settled_is_not_counted_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "WORTH", 1)
    grow(cast, 5)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        events_in_log(cast.acme.pk)
        clock.shift(timedelta(minutes=2))
        events_in_log(cast.acme.pk)
        grow(cast, 1)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert events_in_log(cast.acme.pk) == 6
    newest = sorted(log_of(cast.acme.pk).values_list("pk", flat=True))[-2]
    assert len(captured) == 1
    assert f"id > {newest}" in captured.captured_queries[0]["sql"]


def test_retention_starts_it_anew(cast: Cast) -> None:
    grow(cast, 3)
    events_in_log(cast.acme.pk)
    receipt = RetentionReceipt.objects.create(workspace=cast.acme, cutoff=timezone.now() - timedelta(days=31))
    RetentionReceipt.objects.filter(pk=receipt.pk).update(closed=timezone.now(), removed=2)
    assert events_in_log(cast.acme.pk) == 3


def test_rows_for_the_wire_are_those_of_the_model(cast: Cast) -> None:
    grow(cast, 3)
    query = wire_rows().filter(workspace_id=cast.acme.pk).order_by("id")
    plain = list(Event.objects.of(cast.acme.pk).order_by("id").values(*WIRE_FIELDS))
    persons = persons_of(plain)
    assert wire_list(read_wire_rows(query), persons, {}) == wire_list(plain, persons, {})
    assert read_wire_rows(query.filter(pk__in=())) == []
