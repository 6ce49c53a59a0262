"""Counting to the byte, and each record once (`docs/rules.md` section 2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from events.models import Event
from kit.api.parsing import exact_json
from sims.identifiers import iccid_with_luhn
from sims.models import Device, Sim, UsageDay, UsageRecord
from sims.states import DeviceStatus
from sims.usage.records import read
from tests.cast import Cast
from tests.usage.records import deliver, in_test, record

pytestmark = pytest.mark.sqlite_too("usage is added up by SQL for each database")


def used(sim: Sim) -> tuple[int, int]:
    return Sim.objects.values_list("tested_bytes", "tested_sms").get(pk=sim.pk)


def total_of(megabytes: str) -> int:
    head = '{"id":1,"sim":{"iccid":"8988303000000000001"},"traffic_type":{"id":5},"volume":{"total":'
    body = f'{head}{megabytes}}},"end_timestamp":"2026-01-01T00:00:00Z"}}'
    return read(exact_json(body), timezone.now()).total


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0.1", 100_000),
        ("0.099999", 99_999),
        ("0.0999995", 100_000),
        ("0.0999994999999999999999", 99_999),
        ("0.1000014999999999999999999", 100_001),
        ("1e-6", 1),
        ("1E-400", 0),
        ("0", 0),
        ("12", 12_000_000),
        ("123456.789012", 123_456_789_012),
    ],
)
def test_volumes_are_exact(text: str, size: int) -> None:
    assert total_of(text) == size


@given(st.integers(0, 10**12))
def test_every_number_of_bytes_comes_through(size: int) -> None:
    assert total_of(f"{size // 1_000_000}.{size % 1_000_000:06d}") == size


def test_records_are_counted_once(cast: Cast) -> None:
    (sim,) = in_test(cast)
    first, second = record(sim, mb="0.03"), record(sim, mb="0.000001")
    assert deliver(first, second, first).as_json() == {"accepted": 2, "duplicates": 1, "rejected": []}
    assert deliver(second, first).as_json() == {"accepted": 0, "duplicates": 2, "rejected": []}
    assert used(sim) == (30_001, 0)
    day = UsageDay.objects.get()
    assert (day.data_total, day.data_rx, day.data_tx, day.sms_total) == (30_001, 30_001, 0, 0)
    assert UsageRecord.objects.count() == 2


def test_days_and_kinds_are_kept_apart(cast: Cast) -> None:
    now = timezone.now().replace(hour=12)
    (sim,) = in_test(cast, since=now - timedelta(days=5))
    deliver(
        record(sim, mb="0.01", ended=now - timedelta(days=1)),
        record(sim, sms=2, ended=now - timedelta(days=1)),
        record(sim, sms=1, ended=now - timedelta(days=2), volume={"total": 1, "rx": 0, "tx": 1}),
    )
    rows = list(UsageDay.objects.order_by("day").values_list("data_total", "sms_total", "sms_mt", "sms_mo"))
    assert rows == [(0, 1, 0, 1), (10_000, 2, 2, 0)]
    assert used(sim) == (10_000, 3)


def test_only_what_ended_in_the_test_counts_and_nothing_else_is_accepted(cast: Cast) -> None:
    since = timezone.now().replace(microsecond=300_000) - timedelta(hours=1)
    (sim,) = in_test(cast, since=since)
    before, second, inside = (
        record(sim, mb="0.01", ended=since - timedelta(seconds=1)),
        # The network's moments have whole seconds: this one began before the SIM entered its test, and ended in it.
        record(sim, mb="0.02", ended=since.replace(microsecond=0)),
        record(sim, mb="0.04", ended=since),
    )
    report = deliver(before, second, inside)
    assert report.accepted == 2
    assert [rejection["id"] for rejection in report.rejected] == [before["id"]]
    assert "sim was Issued when the record ended" in report.rejected[0]["error"]
    assert used(sim) == (60_000, 0)
    assert UsageDay.objects.get(sim_id=sim.pk).data_total == 60_000
    assert UsageRecord.objects.filter(tested=True).count() == 2


def test_an_activated_sim_is_counted_by_day_only(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    cast.device(sim=sim)
    assert deliver(record(sim, mb="5")).accepted == 1
    assert used(sim) == (0, 0)
    assert UsageDay.objects.get().data_total == 5_000_000
    assert not Event.objects.exists()


def test_the_sim_is_found_by_iccid_and_by_id_only_without_one(cast: Cast) -> None:
    sim, other = in_test(cast, 2)
    long = record(sim, sms=1, sim={"id": other.pk, "iccid": iccid_with_luhn(sim.iccid)})
    by_id = record(sim, sms=1, sim={"id": sim.pk})
    unknown = record(sim, sms=1, sim={"id": other.pk, "iccid": "8988303999999999999"})
    report = deliver(long, by_id, unknown)
    assert (report.accepted, len(report.rejected)) == (2, 1)
    assert (used(sim), used(other)) == ((0, 2), (0, 0))


def test_what_is_unknown_is_kept(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, mb="0.01", tariff={"id": 7, "ratezone": "Ü1"}, cost=0.004))
    payload = UsageRecord.objects.get().payload
    assert payload["tariff"] == {"id": 7, "ratezone": "Ü1"}
    assert (payload["cost"], payload["volume"]["total"]) == (0.004, 0.01)


def _refused(cast: Cast, sim: Sim) -> str:
    report = deliver(record(sim, sms=1, id="mine"))
    assert (report.accepted, report.duplicates) == (0, 0)
    (rejection,) = report.rejected
    assert (rejection["index"], rejection["id"]) == (0, "mine")
    error: str = rejection["error"]
    return error


@pytest.mark.parametrize(("state", "word"), [(0, "Issued"), (2, "Suspended"), (3, "Deleted")])
def test_a_sim_that_may_not_use_the_network_is_rejected(cast: Cast, state: int, word: str) -> None:
    (sim,) = cast.sims(status=state)
    cast.device(sim=sim)
    assert _refused(cast, sim).startswith(f"sim was {word} when the record ended")


def test_a_sim_without_usable_device_is_rejected(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    assert "on no device" in _refused(cast, sim)
    device = cast.device(sim=sim, status=DeviceStatus.DISABLED)
    assert "disabled" in _refused(cast, sim)
    Device.objects.filter(pk=device.pk).update(status=DeviceStatus.DELETED, service_policy=None, coverage_policy=None)
    cast.hold([sim])
    assert "no policies" in _refused(cast, sim)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": None}, "id is missing"),
        ({"id": True}, "id is missing"),
        ({"id": "x\x00y"}, "id is missing"),
        ({"sim": None}, "sim is missing"),
        ({"sim": {}}, "neither iccid nor id"),
        ({"sim": {"iccid": "1234"}}, "no ICCID"),
        ({"sim": {"iccid": "89883030000000000010"}}, "check digit"),
        ({"traffic_type": {"id": 7}}, "traffic_type.id"),
        ({"traffic_type": None}, "traffic_type.id"),
        ({"volume": None}, "volume is missing"),
        ({"volume": {"rx": 1}}, "volume.total is missing"),
        ({"volume": {"total": "much"}}, "volume.total is no number"),
        ({"volume": {"total": -1}}, "volume.total is negative"),
        ({"volume": {"total": True}}, "volume.total is no number"),
        ({"volume": {"total": 1.5}}, "whole number of messages"),
        ({"volume": {"total": 10**30}}, "too large"),
        ({"end_timestamp": None}, "end_timestamp is missing"),
        ({"end_timestamp": "yesterday"}, "end_timestamp is missing or no time"),
        ({"start_timestamp": "2999-01-01T00:00:00Z"}, "start_timestamp is after"),
        ({"end_timestamp": "2999-01-01T00:00:00Z"}, "a day ahead"),
        ({"note": "a\x00b"}, "null character"),
        ({"note": "\ud800"}, "cannot be stored"),
    ],
)
def test_malformed_records_are_rejected_by_name_and_hinder_no_other(
    cast: Cast, change: dict[str, Any], word: str
) -> None:
    (sim,) = in_test(cast)
    report = deliver(record(sim, sms=1), {**record(sim, sms=1), **change}, record(sim, sms=1))
    assert report.accepted == 2
    (rejection,) = report.rejected
    assert rejection["index"] == 1
    assert word in rejection["error"]


def test_what_is_no_record_is_rejected(cast: Cast) -> None:
    report = deliver(5, None, [], "text")
    assert [rejection["index"] for rejection in report.rejected] == [0, 1, 2, 3]


def test_a_repeated_record_is_a_duplicate_even_when_its_sim_is_suspended_by_now(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    cast.device(sim=sim)
    sent = record(sim, sms=1)
    deliver(sent)
    Sim.objects.update(status=2)
    cast.hold([sim])
    assert deliver(sent).as_json() == {"accepted": 0, "duplicates": 1, "rejected": []}


def test_many_records_take_as_many_statements_as_one(cast: Cast, django_assert_max_num_queries: Any) -> None:
    sims = in_test(cast, 30)
    # One of them asks the database for the time.
    with django_assert_max_num_queries(16):
        assert deliver(*[record(sim, sms=1) for sim in sims for _ in range(10)]).accepted == 300


@pytest.mark.parametrize("name", ["traffic_type", "sim"])
def test_an_id_with_an_endless_exponent_is_none(cast: Cast, name: str) -> None:
    """Worked out in full it would take all memory there is."""
    (sim,) = in_test(cast)
    endless = exact_json('{"id": 1e999999999}')
    result = deliver({**record(sim, mb="0.01"), name: endless}, record(sim, mb="0.02"))
    assert (result.accepted, [each["index"] for each in result.rejected]) == (1, [0])


@pytest.mark.parametrize("number", ["1e999999", "1e-999999", "9" * 5_000])
def test_a_number_that_no_database_stores_takes_only_its_record_with_it(cast: Cast, number: str) -> None:
    (sim,) = in_test(cast)
    result = deliver({**record(sim, mb="0.01"), "more": exact_json(number)}, record(sim, mb="0.02"))
    assert (result.accepted, [each["index"] for each in result.rejected]) == (1, [0])
