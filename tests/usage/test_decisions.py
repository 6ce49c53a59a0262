"""When a factory test is over, what the log says about it, and that it is said once (`docs/rules.md` section 2)."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PlatformPackage, Workspace
from events.models import Event
from events.panel import panel_of
from events.selectors import event_row
from events.wire import wire as wire_event
from kit.clock import iso_moment
from kit.context import ActorKind
from sims.devices.services.status import reset_connectivity, set_device_status
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import Sim, UsageRecord
from tests.cast import Cast
from tests.log import last, rows, types
from tests.usage.records import check, deliver, in_test, record, status

pytestmark = pytest.mark.sqlite_too("factory tests are decided by SQL, with locks that SQLite does not have")

VOLUME = (8, "SIM activated after factory test volume reached.")
PERIOD = (8, "SIM activated after factory test period elapsed.")


def test_one_byte_below_the_limit_is_below(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, mb="0.099999"))
    assert (check(), status(sim)) == (0, 4)
    deliver(record(sim, mb="0.000001"))
    assert (check(), status(sim)) == (1, 1)
    assert rows(cast.acme)[1:] == [VOLUME]


def test_the_tenth_sms_activates(cast: Cast) -> None:
    (sim,) = in_test(cast)
    for _ in range(9):
        deliver(record(sim, sms=1))
    assert check() == 0
    tenth = record(sim, sms=1)
    deliver(tenth)
    assert check() == 1
    sim.refresh_from_db()
    assert (sim.status, sim.factory_test_since) == (1, None)
    assert sim.activation_date is not None
    event = last()
    assert (event.type, event.source, event.user_id, event.old_state, event.new_state) == (8, 1, None, 4, 1)
    assert (event.actor_kind, event.actor_label) == (ActorKind.SCHEDULE, "Factory test check")
    proof = event.detail["factory_test"]
    assert (proof["threshold"], proof["limit"], proof["counted"], proof["record"]) == ("sms", 10, 10, str(tenth["id"]))
    assert event.detail["transition"] == {
        "sim": {
            "status": {"from": {"id": 4, "description": "FACTORY TEST"}, "to": {"id": 1, "description": "ACTIVATED"}}
        },
        "reason": "SIM reached factory test volume.",
    }


def test_limits_are_the_workspaces_own(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(factory_test_bytes=5, factory_test_sms=2)
    data, messages, neither = in_test(cast, 3)
    deliver(
        record(data, mb="0.000005"), record(messages, sms=2), record(neither, sms=1), record(neither, mb="0.000004")
    )
    assert check() == 2
    assert (status(data), status(messages), status(neither)) == (1, 1, 4)


def test_the_event_on_the_wire_and_in_the_panel(cast: Cast) -> None:
    (sim,) = in_test(cast)
    crossing = record(sim, sms=10, id=333)
    deliver(crossing)
    check()
    row = event_row(workspace_id=cast.acme.pk, event_id=last().pk)
    assert row is not None
    made = wire_event(row, {}, {cast.acme.pk: "Acme"}, staff=False)
    assert "user" not in made
    assert made["event_source"] == {"id": 1, "description": "Policy Control"}
    assert list(made["detail"]) == ["transition", "factory_test"]
    panel = panel_of(row, cast.acme, staff=False, context_visible=False)
    assert str(panel.line) == ("Action performed by: Factory test check, threshold 10 SMS reached by record 333.")
    shown = {line.label: line.value for line in panel.detail}
    assert shown["Factory test limit"] == "10 SMS"
    assert shown["Counted"] == "10 SMS"
    assert shown["Record that crossed"] == "333"


def test_any_order_of_arrival_gives_the_same_decision(cast: Cast) -> None:
    """Twelve records of 9,000 bytes: the twelfth crosses, whichever arrives last."""
    now = timezone.now()
    found = set()
    rng = random.Random(417)
    orders = [range(12), range(11, -1, -1), *(rng.sample(range(12), 12) for _ in range(6))]
    for number, order in enumerate(orders):
        (sim,) = in_test(cast)
        sent = [
            record(sim, mb="0.009", id=f"{number}-{place:02d}", ended=now - timedelta(minutes=12 - place))
            for place in order
        ]
        deliver(*sent[:7])
        deliver(*sent[3:])
        assert check() == 1
        proof = last().detail["factory_test"]
        found.add((proof["record"].partition("-")[2], proof["counted"]))
    assert found == {("11", 108_000)}


def test_a_late_record_that_reached_the_limit_dates_the_activation_back(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, sms=10))
    check()
    before = types()
    first = Sim.objects.get(pk=sim.pk).activation_date
    assert first is not None
    crossed = timezone.now().replace(microsecond=0) - timedelta(minutes=30)
    late = record(sim, sms=10, ended=crossed)
    deliver(late)
    assert Sim.objects.get(pk=sim.pk).activation_date == crossed
    assert types() == [*before, 10093]
    event = last()
    assert (event.sim_id, event.actor_kind, event.source) == (sim.pk, ActorKind.NETWORK, 1)
    assert event.detail["activation_date"] == {"from": iso_moment(first), "to": iso_moment(crossed)}
    assert event.detail["factory_test"]["record"] == str(late["id"])
    # What ended before, and reaches no limit, and what ended after it change nothing.
    deliver(record(sim, sms=9, ended=crossed - timedelta(minutes=1)), record(sim, sms=10))
    deliver(late)
    assert check() == 0
    assert types() == [*before, 10093]


def test_the_activation_counts_from_the_crossing_and_not_from_the_check(cast: Cast) -> None:
    (sim,) = in_test(cast)
    crossed = timezone.now().replace(microsecond=0) - timedelta(minutes=40)
    deliver(record(sim, sms=4, ended=crossed - timedelta(minutes=1)), record(sim, sms=6, ended=crossed))
    check()
    assert Sim.objects.get(pk=sim.pk).activation_date == crossed
    (over,) = in_test(cast, since=crossed - timedelta(days=180))
    check()
    assert Sim.objects.get(pk=over.pk).activation_date == crossed


def test_the_period(cast: Cast) -> None:
    now = timezone.now()
    Workspace.objects.filter(pk=cast.acme.pk).update(factory_test_days=7)
    (over,) = in_test(cast, since=now - timedelta(days=7, seconds=1))
    (within,) = in_test(cast, since=now - timedelta(days=7) + timedelta(minutes=1))
    assert check() == 1
    assert (status(over), status(within)) == (1, 4)
    assert rows()[-1] == PERIOD
    proof = last().detail["factory_test"]
    assert (proof["threshold"], proof["limit"], proof["unit"]) == ("period", 7, "days")
    assert last().detail["transition"]["reason"] == "Factory test period elapsed."


def test_a_package_that_lost_factory_test(cast: Cast) -> None:
    """Changed behind the services' back, or in the catalogue: the check finds it."""
    (sim,) = in_test(cast)
    PlatformPackage.objects.update(factory_test_allowed=False)
    assert check() == 1
    assert rows()[-1] == (8, "SIM activated because the package has no factory test any more.")
    assert (status(sim), last().source) == (1, 1)


def test_an_own_setting_stands_above_the_package(cast: Cast) -> None:
    in_test(cast)
    Workspace.objects.filter(pk=cast.acme.pk).update(factory_test_override=True)
    PlatformPackage.objects.update(factory_test_allowed=False)
    assert check() == 0


def test_what_came_first_is_the_reason_and_a_volume_wins_where_both_came_at_once(cast: Cast, settings: Any) -> None:
    settings.USAGE_CLOSES_AFTER_DAYS = 365
    begin = timezone.now().replace(microsecond=0) - timedelta(days=200)
    over = begin + timedelta(days=180)
    earlier, same, later = in_test(cast, 3, since=begin)
    deliver(
        record(earlier, sms=10, ended=over - timedelta(seconds=1)),
        record(same, sms=10, ended=over),
        record(later, sms=10, ended=over + timedelta(seconds=1)),
    )
    check()
    assert [row for row in rows() if row[0] == 8] == [VOLUME, VOLUME, PERIOD]
    dates = Sim.objects.filter(pk__in=[earlier.pk, same.pk, later.pk]).order_by("pk")
    assert list(dates.values_list("activation_date", flat=True)) == [over - timedelta(seconds=1), over, over]


def test_people_end_tests_too_and_the_check_comes_second(cast: Cast) -> None:
    sims = in_test(cast, 3)
    now = timezone.now()
    deliver(*[record(sim, sms=10, ended=now) for sim in sims])
    devices = [Sim.objects.get(pk=sim.pk).device_id or 0 for sim in sims]
    before = len(types())
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sims[0].pk], to=1)
        reset_connectivity(workspace_id=cast.acme.pk, device_ids=[devices[1]])
        set_device_status(workspace_id=cast.acme.pk, device_ids=[devices[2]], to=1)
    assert check() == 0
    assert types()[before:].count(8) == 3
    # They count from the moment when the limit was reached, and their events say so.
    dates = dict(Sim.objects.values_list("pk", "activation_date"))
    for sim_id, detail in Event.objects.filter(type=8, old_state=4).values_list("sim_id", "detail"):
        assert detail is not None
        assert detail["factory_test"]["crossed_at"] == iso_moment(dates[sim_id or 0] or now)
        assert detail["factory_test"]["counted"] == 10


def test_counters_begin_anew_with_the_test(cast: Cast) -> None:
    (sim,) = cast.sims()
    Sim.objects.filter(pk=sim.pk).update(tested_bytes=99_999, tested_sms=9)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=4)
    sim.refresh_from_db()
    assert (sim.tested_bytes, sim.tested_sms) == (0, 0)


def test_a_transferred_sim_takes_its_counters_along(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, sms=9))
    with cast.acting(cast.owner):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], auto_detach=True, dry_run=False)
    if status(sim) != 4:
        return
    cast.device(sim=sim, workspace=cast.bolt)
    deliver(record(sim, sms=1))
    assert check() == 1
    assert rows(cast.bolt)[-1] == VOLUME


def test_without_records_the_counters_explain(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, sms=11))
    UsageRecord.objects.all().delete()
    check()
    proof = last().detail["factory_test"]
    assert proof == {"threshold": "sms", "unit": "messages", "limit": 10, "counted": 11}


def test_a_range_is_its_own(cast: Cast) -> None:
    (sim,) = in_test(cast)
    deliver(record(sim, sms=10))
    assert check(number=1) == 0
    assert check(number=0) == 1


def test_a_thousand_cost_as_many_statements_as_one(cast: Cast) -> None:
    counts = []
    for count in (1, 60):
        sims = in_test(cast, count)
        deliver(*[record(sim, sms=10) for sim in sims])
        with CaptureQueriesContext(connection) as queries:
            assert check() == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_several_workers_at_once(cast: Cast) -> None:
    """Three deliver the same records in different orders, three check all the time: one event a SIM, none lost."""
    sims = in_test(cast, 25)
    sent = [record(sim, sms=1, id=f"{sim.pk}-{n}") for sim in sims for n in range(10)]
    failures: list[BaseException] = []
    barrier = threading.Barrier(6)

    def run(work: object) -> None:
        try:
            barrier.wait()
            work()  # type: ignore[operator]
        except BaseException as error:  # shown by the assertion below
            failures.append(error)
        finally:
            connections.close_all()

    def deliverer(order: list[dict[str, object]]) -> object:
        def work() -> None:
            for start in range(0, len(order), 40):
                deliver(*order[start : start + 40])

        return work

    def checker() -> None:
        for _ in range(8):
            check()

    works = [deliverer(sent), deliverer(sent[::-1]), deliverer(sent[::3] + sent[1::3] + sent[2::3]), *[checker] * 3]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    check()
    assert UsageRecord.objects.count() == 250
    activations = Event.objects.filter(type=8)
    assert activations.count() == 25
    assert set(activations.values_list("sim_id", flat=True)) == {sim.pk for sim in sims}
    assert not Sim.objects.filter(pk__in=[sim.pk for sim in sims]).exclude(status=1).exists()
