"""Whose usage it is: of whoever held the SIM when the record ended (`docs/rules.md` section 19)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event
from sims.devices.services.devices import delete_devices_with_sims
from sims.devices.services.status import disable_devices
from sims.inventory.services.assignment import release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Sim, UsageDay, UsageRecord
from sims.usage.services.ingest import closing_date
from tests.cast import Cast
from tests.log import types
from tests.usage.records import check, deliver, in_test, record, status

pytestmark = pytest.mark.sqlite_too("usage is placed by SQL for each database")

MB = 1_000_000


@pytest.fixture
def change() -> datetime:
    """When something happens to the SIM: an hour ago, a third of a second after the second began."""
    return timezone.now().replace(microsecond=333_000) - timedelta(hours=1)


def active(cast: Cast) -> tuple[Sim, int]:
    (sim,) = cast.sims(status=1)
    return sim, cast.device(sim=sim).pk


def suspend(cast: Cast, sim: Sim, device: int) -> None:
    change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)


def disable(cast: Cast, sim: Sim, device: int) -> None:
    disable_devices(workspace_id=cast.acme.pk, device_ids=[device])


def release(cast: Cast, sim: Sim, device: int) -> None:
    release_sims(workspace_id=cast.acme.pk, device_ids=[device])


def transfer(cast: Cast, sim: Sim, device: int) -> None:
    transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], auto_detach=True, dry_run=False)


def delete(cast: Cast, sim: Sim, device: int) -> None:
    delete_devices_with_sims(workspace_id=cast.acme.pk, device_ids=[device], delete_sims=True)


ENDS: list[tuple[Callable[[Cast, Sim, int], None], str]] = [
    (suspend, "sim was Suspended when the record ended"),
    (disable, "sim was Suspended when the record ended"),
    (release, "sim was on no device when the record ended"),
    (transfer, "sim was Suspended when the record ended"),
    (delete, "sim was Deleted when the record ended"),
]


@pytest.mark.parametrize(("act", "error"), ENDS, ids=[act.__name__ for act, _error in ENDS])
def test_the_last_report_counts_and_what_ended_later_does_not(
    cast: Cast, change: datetime, act: Callable[[Cast, Sim, int], None], error: str
) -> None:
    sim, device = active(cast)
    with cast.acting(cast.owner, moment=change):
        act(cast, sim, device)
    report = deliver(
        record(sim, mb="7", ended=change - timedelta(minutes=3)),
        # The second in which it happened began before.
        record(sim, mb="2", ended=change.replace(microsecond=0)),
        record(sim, mb="1", ended=change.replace(microsecond=0) + timedelta(seconds=1), id="after"),
    )
    assert (report.accepted, [each["id"] for each in report.rejected]) == (2, ["after"])
    assert report.rejected[0]["error"].startswith(error)
    assert set(UsageRecord.objects.values_list("workspace_id", "device_id")) == {(cast.acme.pk, device)}
    assert sum(UsageDay.objects.filter(workspace_id=cast.acme.pk).values_list("data_total", flat=True)) == 9 * MB


def test_a_transfer_takes_no_usage_along(cast: Cast, change: datetime) -> None:
    sim, device = active(cast)
    with cast.acting(cast.owner, moment=change):
        transfer(cast, sim, device)
    other = cast.device(workspace=cast.bolt).pk
    with cast.acting(cast.owner, moment=change + timedelta(minutes=5)):
        Sim.objects.filter(pk=sim.pk).update(device_id=other)
        change_sim_status(workspace_id=cast.bolt.pk, sim_ids=[sim.pk], to=1)
    deliver(
        record(sim, mb="500", ended=change - timedelta(minutes=1)),
        record(sim, mb="3", ended=change + timedelta(minutes=6)),
    )
    used = UsageDay.objects.values_list("workspace_id", "data_total").order_by("workspace_id")
    assert list(used) == [(cast.acme.pk, 500 * MB), (cast.bolt.pk, 3 * MB)]
    devices = dict(UsageRecord.objects.values_list("workspace_id", "device_id"))
    assert devices == {cast.acme.pk: device, cast.bolt.pk: other}


def test_what_a_sim_used_before_it_moved_does_not_end_a_test_elsewhere(cast: Cast, change: datetime) -> None:
    """It belongs to the test, which goes on in the other workspace; what was used before the test does not."""
    (sim,) = in_test(cast, since=change)
    with cast.acting(cast.owner, moment=change + timedelta(minutes=1)):
        transfer(cast, sim, 0)
    report = deliver(record(sim, sms=10, ended=change - timedelta(seconds=1)))
    assert report.accepted == 0
    assert (check(), status(sim)) == (0, 4)


def test_what_ended_before_a_registration_is_nobodys(cast: Cast, change: datetime) -> None:
    batch = cast.batch(count=1)
    (sim,) = batch.sims.all()
    (refused,) = deliver(record(sim, mb="1")).rejected
    assert refused["error"].startswith("sim was in no workspace when the record ended")
    with cast.acting(cast.owner, moment=change):
        register_batch(workspace_id=cast.acme.pk, bic=batch.bic, status=1)
    cast.device(sim=sim)
    report = deliver(
        record(sim, mb="1", ended=change - timedelta(days=20), id="early"), record(sim, mb="2", ended=change)
    )
    assert report.accepted == 1
    assert report.rejected[0]["id"] == "early"
    assert report.rejected[0]["error"].startswith("sim was in no workspace when the record ended")
    assert UsageDay.objects.get().data_total == 2 * MB


def test_late_records_count_until_the_closing_date(cast: Cast, settings: Any) -> None:
    settings.USAGE_CLOSES_AFTER_DAYS = 30
    sim, _device = active(cast)
    now = timezone.now()
    open_, closed = (record(sim, mb="1", ended=now - timedelta(days=30, minutes=late)) for late in (-1, 1))
    report = deliver(open_, closed)
    assert report.accepted == 1
    assert report.rejected[0]["id"] == closed["id"]
    assert "ended more than 30 days ago, and usage of that time is closed" in report.rejected[0]["error"]
    assert closing_date(now) == now - timedelta(days=30)
    # A record that was counted in time is a duplicate for ever.
    settings.USAGE_CLOSES_AFTER_DAYS = 1
    assert deliver(open_).as_json() == {"accepted": 0, "duplicates": 1, "rejected": []}


def test_a_deleted_sim_that_reached_its_limit_before_is_activated_since_then(cast: Cast, change: datetime) -> None:
    (sim,) = in_test(cast, since=change - timedelta(hours=2))
    device = Sim.objects.get(pk=sim.pk).device_id or 0
    with cast.acting(cast.owner, moment=change):
        delete(cast, sim, device)
    assert Sim.objects.get(pk=sim.pk).activation_date is None
    crossed = change.replace(microsecond=0) - timedelta(minutes=10)
    deliver(record(sim, sms=10, ended=crossed))
    sim.refresh_from_db()
    assert (sim.status, sim.activation_date) == (3, crossed)
    assert types()[-1] == 10093


def test_both_owners_hear_that_an_activation_is_dated_back(cast: Cast, change: datetime) -> None:
    (sim,) = in_test(cast, since=change - timedelta(hours=2))
    device = Sim.objects.get(pk=sim.pk).device_id or 0
    with cast.acting(cast.owner, moment=change):
        disable(cast, sim, device)
        transfer(cast, sim, device)
    deliver(record(sim, sms=10, ended=change - timedelta(minutes=10)))
    told = Event.objects.filter(type=10093, sim_id=sim.pk).values_list("workspace_id", flat=True)
    assert set(told) == {cast.acme.pk, cast.bolt.pk}


def test_late_records_take_as_many_statements_for_many_as_for_one(cast: Cast, change: datetime) -> None:
    counts = []
    for count in (1, 40):
        sims = in_test(cast, count, since=change - timedelta(hours=2))
        with cast.acting(cast.owner, moment=change):
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=1)
        with CaptureQueriesContext(connection) as queries:
            deliver(*[record(sim, sms=10, ended=change - timedelta(minutes=10)) for sim in sims])
        assert Event.objects.filter(type=10093, sim_id__in=[sim.pk for sim in sims]).count() == count
        counts.append(len(queries))
    assert counts[0] == counts[1]
