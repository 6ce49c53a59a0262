"""Checks that run late are seen by everybody they concern, and told once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from sims.models import FactoryTestRange, Sim
from sims.tenures import add_tenures
from sims.usage import tasks
from sims.usage.services import factory_test_watch as watch
from sims.usage.services.ingest_sql import PostgreSQL
from tests.cast import LONG_AGO, Cast
from tests.log import rows, types
from tests.usage.records import deliver, in_test, record, status

pytestmark = pytest.mark.sqlite_too("late checks are found by SQL over moments")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ranges that somebody was asked to check."""
    found: list[int] = []
    monkeypatch.setattr(watch, "wake", lambda numbers: found.extend(numbers))
    monkeypatch.setattr("sims.usage.services.ingest.wake", lambda numbers: found.extend(numbers))
    return found


def test_usage_wakes_a_check_only_when_a_limit_is_reached(
    cast: Cast, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    (sim,) = in_test(cast)
    with django_capture_on_commit_callbacks(execute=True):
        deliver(record(sim, sms=9))
    assert sent == []
    with django_capture_on_commit_callbacks(execute=True):
        deliver(record(sim, sms=1))
    assert sent == [0]


def test_a_broker_that_is_gone_does_not_fail_the_sender(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def gone(numbers: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("sims.usage.services.ingest.wake", gone)
    (sim,) = in_test(cast)
    with django_capture_on_commit_callbacks(execute=True):
        assert deliver(record(sim, sms=10)).accepted == 1
    tasks.settle_factory_tests(0)
    assert status(sim) == 1


def test_a_sweep_asks_for_each_range_with_sims_in_test(cast: Cast, sent: list[int]) -> None:
    sims = in_test(cast, 3)
    Sim.objects.filter(pk=sims[1].pk).update(id=150_000)
    Sim.objects.filter(pk=sims[2].pk).update(id=150_001)
    tasks.sweep_factory_tests()
    assert sent == [0, 2, 3]
    assert list(FactoryTestRange.objects.order_by("pk").values_list("pk", flat=True)) == [1, 100_001, 150_001]
    Sim.objects.filter(pk__gt=100_000).update(status=1)
    tasks.sweep_factory_tests()
    assert list(FactoryTestRange.objects.values_list("pk", flat=True)) == [1]


def test_an_hour_without_beat_is_told_once_and_so_is_its_end(cast: Cast, sent: list[int]) -> None:
    (sim,) = in_test(cast)
    tasks.sweep_factory_tests()
    tasks.settle_factory_tests(0)
    assert watch.late_since() is None
    assert types(cast.operator) == []
    FactoryTestRange.objects.update(checked=timezone.now() - timedelta(hours=1))
    deliver(record(sim, sms=10))
    tasks.sweep_factory_tests()
    tasks.sweep_factory_tests()
    assert types(cast.operator) == [10077]
    tasks.settle_factory_tests(0)
    tasks.settle_factory_tests(0)
    assert types(cast.operator) == [10077, 10078]
    assert rows(cast.operator)[0][1].startswith("Factory tests have not been checked since 20")
    assert status(sim) == 1


def test_usage_tells_it_too_while_nobody_checks(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, sms=1))
    FactoryTestRange.objects.update(checked=timezone.now() - timedelta(minutes=6))
    deliver(record(sim, sms=1))
    assert types(cast.operator) == [10077]


def test_without_sims_in_test_nothing_is_late(cast: Cast, sent: list[int]) -> None:
    FactoryTestRange.objects.create(first_id=1, checked=timezone.now() - timedelta(hours=1))
    tasks.sweep_factory_tests()
    assert watch.late_since() is None
    assert sent == []


def test_the_banner_is_for_workspaces_with_sims_in_test(cast: Cast) -> None:
    in_test(cast)
    FactoryTestRange.objects.create(first_id=1, checked=timezone.now() - timedelta(minutes=6))
    banner = "Factory test checks run late"
    assert banner in cast.client(cast.owner).get(f"/w/{cast.acme.pk}/sims/").content.decode()
    assert banner not in cast.client(cast.owner).get(f"/w/{cast.bolt.pk}/sims/").content.decode()
    FactoryTestRange.objects.update(checked=timezone.now())


def test_a_clock_that_is_set_back_hides_no_lateness(cast: Cast, sent: list[int]) -> None:
    in_test(cast)
    FactoryTestRange.objects.create(first_id=1, checked=timezone.now() + timedelta(hours=1))
    tasks.sweep_factory_tests()
    assert FactoryTestRange.objects.get().checked <= timezone.now()
    FactoryTestRange.objects.update(checked=timezone.now() + timedelta(hours=1))
    tasks.settle_factory_tests(0)
    assert FactoryTestRange.objects.get().checked <= timezone.now()


@pytest.mark.postgresql
def test_lateness_goes_by_the_clock_of_the_database(cast: Cast, sent: list[int]) -> None:
    in_test(cast)
    FactoryTestRange.objects.create(first_id=1, checked=timezone.now() - timedelta(minutes=6))
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        tasks.sweep_factory_tests()
        assert types(cast.operator) == [10077]
        assert watch.late_since() is not None
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        tasks.settle_factory_tests(0)
        tasks.sweep_factory_tests()
        assert watch.late_since() is None
    assert types(cast.operator) == [10077, 10078]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_sim_that_comes_into_test_meanwhile_is_not_locked_out_of_order(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the locks of a delivery and its counting somebody puts a SIM with a lower number into test."""
    late, early = in_test(cast, 2)
    Sim.objects.filter(pk=late.pk).update(status=1, factory_test_since=None, activation_date=LONG_AGO)
    add_tenures([late.pk], timezone.now() - timedelta(hours=1))
    original = PostgreSQL.refused

    def meanwhile(self: PostgreSQL, cursor: Any, closing: datetime) -> Any:
        began = timezone.now() - timedelta(seconds=10)

        def begin() -> None:
            Sim.objects.filter(pk=late.pk).update(status=4, factory_test_since=began)
            connections.close_all()

        other = threading.Thread(target=begin)
        other.start()
        other.join()
        return original(self, cursor, closing)

    monkeypatch.setattr(PostgreSQL, "refused", meanwhile)
    assert deliver(record(late, sms=2), record(early, sms=3)).accepted == 2
    late.refresh_from_db()
    early.refresh_from_db()
    assert (late.status, late.tested_sms, early.tested_sms) == (4, 0, 3)
