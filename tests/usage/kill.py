"""Kill those who take in usage and check factory tests, at random points, and see whether the log is right.

    python -m tests.usage.kill --runs 100

Every run makes SIMs in factory test and the records that end their tests. Processes deliver the records and check,
again and again, and are killed by SIGKILL at a random moment. Then the sender repeats everything, as it does when it
has got no answer, and the sweep comes by. Afterwards there must be one event a SIM, and every record counted once.

On SQLite, or on PostgreSQL where TEST_DATABASE_URL names a server; the databases are made and removed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SIMS = 24
RECORDS = 12
"""Of each SIM: messages, the tenth of which activates it."""


@dataclass
class Scenario:
    """Who works, and so is killed, at the same time."""

    name: str
    workers: tuple[str, ...]
    share: float = 0.8
    """Within which part of the time of a whole run they are killed."""


SCENARIOS = (
    Scenario("one delivers and checks", ("both",)),
    Scenario("two deliver the same, in opposite order", ("both", "backwards")),
    Scenario("one delivers, two check", ("deliver", "check", "check")),
    Scenario("two check what has been delivered", ("check only", "check only"), 0.3),
)


@dataclass
class Outcome:
    """What one run has found."""

    scenario: str
    kills: int
    seen: int
    """Activations there were when the last process was killed."""
    lost: int
    doubled: int
    miscounted: int


@contextmanager
def database() -> Iterator[str]:
    """Prepare Django with an empty database of our own; gives the vendor."""
    server = os.environ.get("TEST_DATABASE_URL")
    name = f"portal_kill_{os.getpid()}"
    if server:
        import psycopg

        with psycopg.connect(urlsplit(server)._replace(path="/postgres").geturl(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        os.environ["TEST_DATABASE_URL"] = urlsplit(server)._replace(path=f"/{name}").geturl()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection as default
    from django.db import connections

    call_command("migrate", verbosity=0)
    try:
        yield default.vendor
    finally:
        connections.close_all()
        if server:
            with psycopg.connect(urlsplit(server)._replace(path="/postgres").geturl(), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def fork(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own."""
    from django.db import connections

    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def play(run: int, scenario: Scenario, rng: random.Random, longest: float, world: Any) -> Outcome:
    """One run."""
    sims, sent = world.prepare(run)
    if scenario.workers[0] == "check only":
        world.deliver(sent)
    kills = 0
    for _attempt in range(2):
        pids = [fork(world.work(kind, sent)) for kind in scenario.workers]
        time.sleep(rng.uniform(0, longest * scenario.share))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        kills += sum(wait(pid) == -signal.SIGKILL for pid in pids)
    seen = len(world.activations(sims))
    world.deliver(sent)
    world.check()
    world.check()
    found = world.activations(sims)
    counts = [found.count(sim) for sim in sims]
    return Outcome(
        scenario.name,
        kills,
        seen,
        lost=counts.count(0),
        doubled=sum(count > 1 for count in counts),
        miscounted=world.miscounted(sims, sent),
    )


def make_world() -> Any:
    """Build what the runs share; it imports models, hence only after `django.setup`."""
    from accounts.models import DataPlan, Membership, PlatformPackage, User, Workspace
    from accounts.operator import OPERATOR_ID
    from accounts.permissions import Role
    from sims.models import SimModel
    from tests.cast import Cast

    package = PlatformPackage.objects.create(name="Plus EUR", factory_test_allowed=True)
    plan = DataPlan.objects.create(name="Global Basic")
    operator = Workspace.objects.get(pk=OPERATOR_ID)
    acme = Workspace.objects.create(name="Acme", package=package)
    staff = User.objects.create_user("stella@example.com", name="Stella Staff", is_staff=True, is_superuser=True)
    owner = User.objects.create_user("olga@example.com", name="Olga Owner")
    Membership.objects.create(user=owner, workspace=acme, role=Role.ADMINISTRATOR)
    model = SimModel.objects.create(description="Nano", form_factor="4FF", manufacturer="Example")
    return World(Cast(operator, acme, acme, acme, owner, owner, owner, owner, staff, model, plan))


class World:
    """The portal, as senders and workers meet it."""

    def __init__(self, cast: Any) -> None:
        from tests.usage import records

        self.cast, self.records = cast, records

    def prepare(self, run: int) -> tuple[list[int], list[dict[str, Any]]]:
        """Make SIMs in factory test and the records that end their tests, SIM after SIM."""
        from events.triggers import silence_lifted

        with silence_lifted():
            sims = self.records.in_test(self.cast, SIMS)
        sent = [self.records.record(sim, sms=1, id=f"{run}-{n:02d}-{sim.pk}") for sim in sims for n in range(RECORDS)]
        return [sim.pk for sim in sims], sent

    def deliver(self, sent: list[dict[str, Any]]) -> None:
        """Deliver everything, 30 records at a time."""
        for start in range(0, len(sent), 30):
            self.records.deliver(*sent[start : start + 30])

    def check(self) -> None:
        """Sweep."""
        self.records.check(0)

    def work(self, kind: str, sent: list[dict[str, Any]]) -> Callable[[], None]:
        """Return what a process does until it is killed."""
        ordered = sent[::-1] if kind == "backwards" else sent

        def run() -> None:
            for start in range(0, len(ordered), 30):
                if kind not in ("check", "check only"):
                    self.records.deliver(*ordered[start : start + 30])
                if kind != "deliver":
                    self.check()

        return run

    def activations(self, sims: list[int]) -> list[int]:
        """Return the SIM of each event that tells an activation."""
        from events.models import Event

        events = Event.objects.filter(type=8, sim_id__in=sims)
        return [sim_id for sim_id in events.values_list("sim_id", flat=True) if sim_id is not None]

    def miscounted(self, sims: list[int], sent: list[dict[str, Any]]) -> int:
        """Count records that are not there once, SIMs whose sum of the day differs, and SIMs still in test."""
        from django.db.models import Sum

        from sims.models import Sim, UsageDay, UsageRecord

        there = UsageRecord.objects.filter(record_id__in=[each["id"] for each in sent]).count()
        sums = UsageDay.objects.filter(sim_id__in=sims).values("sim_id").annotate(messages=Sum("sms_total"))
        wrong = sum(row["messages"] != RECORDS for row in sums) + len(sims) - len(sums)
        still = Sim.objects.filter(pk__in=sims).exclude(status=1).count()
        return abs(len(sent) - there) + int(wrong) + still


def main() -> int:
    """Play, print a table, and return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description="Kill workers at random points and look at the log.")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=417)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with database() as vendor:
        from events.triggers import silence_lifted

        # What is arranged has no events; what is tried, in processes of its own, meets the database as it is.
        with silence_lifted():
            world = make_world()
        longest = _time_of_a_whole_run(world)
        outcomes = [
            play(run, SCENARIOS[run % len(SCENARIOS)], rng, longest, world) for run in range(1, options.runs + 1)
        ]
    print(f"{vendor}: {options.runs} runs, each of {SIMS} SIMs and {SIMS * RECORDS} records and {longest:.2f} s long\n")
    print("| what ran | runs | killed | activated when killed (least, median, most) | lost | doubled | miscounted |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for scenario in SCENARIOS:
        own = [each for each in outcomes if each.scenario == scenario.name]
        if own:
            seen = sorted(each.seen for each in own)
            print(
                f"| {scenario.name} | {len(own)} | {sum(each.kills for each in own)}"
                f" | {seen[0]}, {statistics.median(seen):.0f}, {seen[-1]} | {sum(each.lost for each in own)}"
                f" | {sum(each.doubled for each in own)} | {sum(each.miscounted for each in own)} |"
            )
    wrong = sum(each.lost + each.doubled + each.miscounted for each in outcomes)
    return 1 if wrong else 0


def _time_of_a_whole_run(world: Any) -> float:
    _sims, sent = world.prepare(0)
    begin = time.monotonic()
    wait(fork(world.work("both", sent)))
    return time.monotonic() - begin


if __name__ == "__main__":
    sys.exit(main())
