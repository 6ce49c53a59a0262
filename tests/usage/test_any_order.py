"""Whatever the order and the delay in which records arrive: the same figures, and the same factory tests.

A life is played twice. Once every record arrives the moment it ends, and a check follows each step. Then the same
records arrive late, in another order and in other company, and checks come when they like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import TruncMonth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.workspaces.services.workspaces import update_workspace
from sims.connectivity.services.blocklist import allow_operator, block_operator
from sims.devices.services.devices import update_devices
from sims.devices.services.status import disable_devices, enable_devices
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.registration import register_batch
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.models import CoveragePolicy, Sim, UsageDay, UsageRecord
from sims.policies.services.coverage import allow_policy_operator, block_policy_operator
from sims.usage.services.ingest_sql import SPAN
from tests.cast import Cast
from tests.usage.records import check, deliver, record

pytestmark = pytest.mark.sqlite_too("usage is placed by SQL for each database")

HOURS = 24 * 12
NETWORK = 26202
STEPS = 15


@dataclass(frozen=True)
class Sent:
    """A record of the network."""

    sim: int
    half_hour: int
    amount: int
    sms: bool
    blocked_network: bool
    delay: int
    beside: int | None
    """The act in whose second it ends, instead of the half hour."""


RECORDS = st.lists(
    st.builds(
        Sent,
        sim=st.integers(0, 1),
        half_hour=st.integers(0, 2 * HOURS),
        amount=st.integers(1, 60),
        sms=st.booleans(),
        blocked_network=st.booleans(),
        # Hours; half of the records arrive soon, others after days.
        delay=st.one_of(st.integers(0, 2), st.integers(0, HOURS)),
        beside=st.one_of(st.none(), st.none(), st.integers(0, STEPS - 1)),
    ),
    min_size=5,
    max_size=30,
)
MOMENTS = st.lists(st.integers(1, 60 * HOURS), min_size=STEPS, max_size=STEPS, unique=True).map(sorted)


class World:
    """Two SIMs: one is tested and lives on, the other goes from hand to hand."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.now = datetime(2025, 3, 25, tzinfo=UTC)
        # A month ends in between.
        self.begin = self.now
        self.acme, self.bolt = cast.acme.pk, cast.bolt.pk
        self.batch = cast.batch(count=2)
        self.sims = list(self.batch.sims.order_by("pk"))
        self.devices = [cast.device().pk for _ in range(3)]
        self.other_device = cast.device(workspace=cast.bolt).pk
        policy = cast.policies()[1]
        plan = policy.data_plan_id
        self.policy = policy.pk
        self.second_policy = CoveragePolicy.objects.create(workspace=cast.acme, name="Second", data_plan_id=plan).pk

    def life(self) -> list[Callable[[], Any]]:
        """What people do, one after the other."""
        acme, bolt = self.acme, self.bolt
        tested, moved = (sim.pk for sim in self.sims)
        first, second, third = self.devices

        def put(device: int, sim: int, status: int | None, workspace: int = acme) -> Any:
            return assign_sims(workspace_id=workspace, choices={device: SimChoice(sim, status)})

        def limits(**values: int) -> Any:
            with self.cast.staffing(moment=self.now):
                return update_workspace(workspace_id=acme, changes=values)

        return [
            lambda: register_batch(workspace_id=acme, bic=self.batch.bic),
            lambda: [put(first, tested, 4), put(second, moved, 1)],
            lambda: limits(factory_test_sms=60, factory_test_bytes=90_000, factory_test_days=9),
            lambda: block_operator(workspace_id=acme, device_id=first, operator_id=NETWORK),
            lambda: change_sim_status(workspace_id=acme, sim_ids=[moved], to=2),
            lambda: limits(factory_test_sms=45, factory_test_days=5),
            lambda: [change_sim_status(workspace_id=acme, sim_ids=[moved], to=1)],
            lambda: allow_operator(workspace_id=acme, device_id=first, operator_id=NETWORK),
            lambda: limits(factory_test_sms=70, factory_test_bytes=120_000),
            lambda: [release_sims(workspace_id=acme, device_ids=[second]), put(third, moved, None)],
            lambda: [
                update_devices(workspace_id=acme, changes={third: {"coverage_policy_id": self.second_policy}}),
                block_policy_operator(workspace_id=acme, policy_id=self.policy, operator_id=NETWORK),
            ],
            lambda: disable_devices(workspace_id=acme, device_ids=[first]),
            lambda: transfer_sims(target_id=bolt, sim_ids=[moved], auto_detach=True, dry_run=False),
            lambda: [
                enable_devices(workspace_id=acme, device_ids=[first]),
                allow_policy_operator(workspace_id=acme, policy_id=self.policy, operator_id=NETWORK),
            ],
            lambda: put(self.other_device, moved, 1, bolt),
        ]

    def record(self, number: int, sent: Sent, moments: list[int]) -> tuple[datetime, dict[str, Any]]:
        """Return when a record ended, and the record."""
        ended = self.begin + timedelta(minutes=30 * sent.half_hour)
        if sent.beside is not None:
            ended = self.begin + timedelta(minutes=moments[sent.beside], seconds=20)
        sim = self.sims[sent.sim]
        operator: dict[str, Any] = {"operator": {"id": NETWORK}} if sent.blocked_network else {}
        if sent.sms:
            return ended, record(sim, sms=sent.amount, id=f"r{number}", ended=ended, **operator)
        return ended, record(sim, mb=f"0.{sent.amount * 1000:06d}", id=f"r{number}", ended=ended, **operator)

    def play(self, moments: list[int], sent: list[Sent], *, late: bool, checks: list[int]) -> dict[str, Any]:
        """Let a life happen and return what there is to be seen afterwards; the database is as before then."""
        script: list[tuple[datetime, int, Callable[[], Any]]] = []
        for minutes, act in zip(moments, self.life(), strict=True):
            script.append((self.begin + timedelta(minutes=minutes, seconds=20, milliseconds=300), 0, act))
        for number, each in enumerate(sent):
            ended, wire = self.record(number, each, moments)
            arrives = ended + timedelta(hours=each.delay if late else 0, seconds=1)
            script.append((arrives, 1, partial(self.deliver, wire)))
        script += [(self.begin + timedelta(minutes=minutes, seconds=40), 2, self.check) for minutes in checks]
        with transaction.atomic():
            for moment, _order, act in sorted(script, key=lambda each: each[:2]):
                self.now = moment
                with self.cast.acting(self.cast.owner, moment=moment):
                    act()
                if not late:
                    self.check()
            self.now = self.begin + timedelta(hours=2 * HOURS + 24)
            self.check()
            seen = self.seen()
            transaction.set_rollback(True)
        return seen

    def deliver(self, wire: dict[str, Any]) -> None:
        deliver(wire, moment=self.now)

    def check(self) -> None:
        for number in {(sim.pk - 1) // SPAN for sim in self.sims}:
            check(number, moment=self.now)

    def seen(self) -> dict[str, Any]:
        """Totals by workspace, device and month, and how the factory test ended."""
        months = UsageRecord.objects.annotate(month=TruncMonth("ended", tzinfo=UTC))
        records = months.values_list("workspace_id", "device_id", "traffic_type", "month").annotate(Sum("total"))
        days = UsageDay.objects.annotate(month=TruncMonth("day")).values_list("workspace_id", "sim_id", "month")
        return {
            "counted": set(UsageRecord.objects.values_list("record_id", flat=True)),
            "records": sorted(records.order_by()),
            "days": sorted(days.annotate(Sum("data_total"), Sum("sms_total")).order_by()),
            "sims": list(Sim.objects.order_by("pk").values_list("pk", "status", "activation_date")),
        }


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(moments=MOMENTS, sent=RECORDS, checks=st.lists(st.integers(0, 60 * HOURS), max_size=4))
def test_order_and_delay_change_nothing(cast: Cast, moments: list[int], sent: list[Sent], checks: list[int]) -> None:
    with transaction.atomic():
        world = World(cast)
        in_order = world.play(moments, sent, late=False, checks=[])
        assert world.play(moments, sent, late=True, checks=checks) == in_order
        transaction.set_rollback(True)
