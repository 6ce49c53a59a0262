"""A month of usage: what every enabled device has used each day, and two factory tests that came to their end."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from accounts.packages.services.catalogue import update_package
from accounts.workspaces.services.workspaces import update_workspace
from kit.context import current_context
from portal.demo.network import SimOfNetwork, on_the_network, usage_record
from portal.demo.past import SEED, Past
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.states import SimStatus
from sims.usage.services.factory_test import settle
from sims.usage.services.factory_test_watch import ranges_in_test
from sims.usage.services.ingest import ingest

_FIRST_DAY: Final = 3
_TESTED: Final = 0.35
"""Part of the SIMs in factory test that report on a day."""


def write_usage(past: Past) -> None:
    """Add a delivery for each evening, and the checks that follow it."""
    rng = random.Random(SEED + 2)  # noqa: S311 - believable, not secret
    calendar = past.calendar
    for day in range(_FIRST_DAY, calendar.today):
        at = calendar.at(day, 21, 30)
        past.add(at, "network", partial(_deliver, rng, day))
        past.add(at + timedelta(seconds=41), "schedule", _check)
    # A test that goes over the data limit within one delivery, and one that is forgotten until its period is over.
    past.add(calendar.at(24, 10, 2), "network", partial(_finish, past, "water/trial", 0))
    past.add(calendar.at(24, 10, 2, 1.4), "schedule", _check)
    # The package got a limit that its customer had just reached; the test that ends goes above it, until it is raised.
    past.add(calendar.at(24, 10, 1), "alma", partial(_limit, past, "water", "Pro EUR", None))
    past.add(calendar.at(24, 10, 55), "alma", partial(_limit, past, "water", "Pro EUR", 10_000))
    past.add(calendar.at(2, 15, 10), "alma", partial(_shorten, past, "delta", 25))
    past.add(calendar.at(2, 15, 30), "sanne", partial(_test, past, "delta/gateways-1", 99))


def _deliver(rng: random.Random, day: int) -> None:
    now = current_context().now()
    records: list[dict[str, Any]] = []
    for sim in on_the_network(SimStatus.ACTIVATED):
        # Each device has its own appetite, the same every day.
        most = 40_000 * (1 + sim[0] * 7_919 % 97)
        _report(records, rng, sim, day, now, int(most * rng.betavariate(2, 3)))
    for sim in on_the_network(SimStatus.FACTORY_TEST):
        if rng.random() < _TESTED:
            _report(records, rng, sim, day, now, rng.randint(200, 9_000))
    ingest(records)


def _report(
    records: list[dict[str, Any]], rng: random.Random, sim: SimOfNetwork, day: int, now: datetime, size: int
) -> None:
    ended = now - timedelta(minutes=rng.uniform(1, 900))
    records.append(usage_record(sim, record_id=f"demo-{day}-{sim[0]}-d", ended=ended, size=size, rng=rng))
    if rng.random() < 0.08:
        records.append(usage_record(sim, record_id=f"demo-{day}-{sim[0]}-s", ended=ended, messages=1, rng=rng))


def _finish(past: Past, key: str, number: int) -> None:
    """Let a SIM in test use more than its limit, on a device that is on."""
    wanted = set(past.sims[key])
    found = [sim for sim in on_the_network(SimStatus.FACTORY_TEST) if sim[0] in wanted][number : number + 1]
    rng = past.random
    now = current_context().now()
    sizes = (38_400, 41_250, 33_517, 29_003)
    ingest(
        usage_record(
            sim, record_id=f"demo-finish-{sim[0]}-{n}", ended=now - timedelta(minutes=9 - 2 * n), size=size, rng=rng
        )
        for sim in found
        for n, size in enumerate(sizes)
    )


def _limit(past: Past, workspace: str, package: str, most: int | None) -> None:
    """Give a package a limit of activated SIMs, by default as many as a workspace has."""
    active = Sim.objects.of(past.workspaces[workspace]).filter(status=SimStatus.ACTIVATED)
    update_package(package_id=past.packages[package], changes={"max_active_sims": most or active.count()})


def _shorten(past: Past, workspace: str, days: int) -> None:
    update_workspace(workspace_id=past.workspaces[workspace], changes={"factory_test_days": days})
    past.forget_actors()


def _test(past: Past, key: str, number: int) -> None:
    sim_ids = Sim.objects.filter(pk=past.sims[key][number], status=SimStatus.ISSUED).values_list("pk", flat=True)
    change_sim_status(
        workspace_id=past.workspaces[key.partition("/")[0]], sim_ids=list(sim_ids), to=SimStatus.FACTORY_TEST
    )


def _check() -> None:
    for number in ranges_in_test():
        settle(number=number)
