"""The total of a log: always right, and counted anew only as far as it is new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event, RetentionReceipt, SealLog
from events.seals.services import seal_now
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


def test_it_is_right_at_all_times(cast: Cast) -> None:
    for step in range(8):
        grow(cast, step % 3)
        if step % 3 == 2:
            seal_now()
        assert events_in_log(cast.acme.pk) == log_of(cast.acme.pk).count()
    assert events_in_log(cast.umbra.pk) == 0


def test_what_is_sealed_is_not_counted_again(cast: Cast) -> None:
    grow(cast, 5)
    seal_now()
    grow(cast, 1)
    with CaptureQueriesContext(connection) as captured:
        assert events_in_log(cast.acme.pk) == 6
    assert len(captured) == 1
    with CaptureQueriesContext(connection) as captured:
        # As if nobody counted: what is sealed is taken from the sealer's word.
        SealLog.objects.filter(workspace=cast.acme).update(size=100)
        assert events_in_log(cast.acme.pk) == 101


def test_what_retention_removed_is_not_counted(cast: Cast) -> None:
    grow(cast, 3)
    seal_now()
    receipt = RetentionReceipt.objects.create(workspace=cast.acme, cutoff=timezone.now() - timedelta(days=31))
    RetentionReceipt.objects.filter(pk=receipt.pk).update(closed=timezone.now(), removed=2)
    assert events_in_log(cast.acme.pk) == 1


def test_rows_for_the_wire_are_those_of_the_model(cast: Cast) -> None:
    grow(cast, 3)
    query = wire_rows().filter(workspace_id=cast.acme.pk).order_by("id")
    plain = list(Event.objects.of(cast.acme.pk).order_by("id").values(*WIRE_FIELDS))
    persons = persons_of(plain)
    assert wire_list(read_wire_rows(query), persons, {}) == wire_list(plain, persons, {})
    assert read_wire_rows(query.filter(pk__in=())) == []
