"""Kill web workers, job workers and the sealer while they act: `python -m tests.random_operations.kill --seconds 90`.

Two web workers do random operations by services, API and pages, one job worker does the parts of bulk jobs, one sealer
seals. Each is a process of its own, and is killed by SIGKILL at a random moment, again and again. Afterwards waiting
jobs are done and the rest is sealed, and then: does the log alone tell all that the tables hold, does each event name
who made its request, is every event in its place and nothing else, is each object of a job in the log once?

On SQLite, or on PostgreSQL where TEST_DATABASE_URL says; the test database is made and removed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.db import connection, connections  # noqa: E402 - Django has to be set up first
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402

from events.models import Event, SealLog, SealTile  # noqa: E402
from events.replay import checks as replay  # noqa: E402
from events.seals import sealer, trees, verify  # noqa: E402
from events.seals.services import seal_now  # noqa: E402
from events.triggers import silence_lifted  # noqa: E402
from kit import jobs  # noqa: E402
from kit.models import Job  # noqa: E402
from sims.bulk import actions  # noqa: E402
from tests.cast import make_cast  # noqa: E402
from tests.random_operations.play import Everybody, places_of, wrong_actors  # noqa: E402
from tests.random_operations.world import World, make_world  # noqa: E402

CAST = ("web", "web", "jobs", "sealer")
"""Who is at work at the same time."""
ALIVE = (0.3, 2.5)
"""Seconds, at least and at most, between two kills."""


class Kept(dict[uuid.UUID, tuple[int, int]]):
    """Who made which request, written where it outlives the process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __setitem__(self, request: uuid.UUID, actor: tuple[int, int]) -> None:
        os.write(self.file, f"{request} {int(actor[0])} {actor[1]}\n".encode())
        super().__setitem__(request, actor)


class Failures(list[str]):
    """What failed, written where it outlives the process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{text.strip().splitlines()[0]} … {text.strip().splitlines()[-1]}\n")


def web(world: World, folder: Path, number: int, seed: int) -> None:
    """Act by all doors until killed."""
    world.actors = Kept(folder / "actors")
    world.failures = Failures(folder / "failures")
    world.numbers = iter(range(number * 2_000, (number + 1) * 2_000))
    player = Everybody(world, f"{seed}/{number}")
    player.stock()
    while True:
        player.play(20)


def work() -> None:
    """Do the parts of jobs until killed."""
    while True:
        for job_id in jobs.stale():
            jobs.run(job_id)
        time.sleep(0.02)


def seal() -> None:
    """Seal until killed."""
    while True:
        seal_now(wait=1)


def fork(act: Callable[[], None]) -> int:
    """Run something in a process of its own, which ends by being killed."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    try:
        act()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


class Stage:
    """The processes that are at work, and how many of each kind were killed."""

    def __init__(self, world: World, folder: Path, seed: int) -> None:
        self.world, self.folder, self.seed = world, folder, seed
        self.killed: Counter[str] = Counter()
        self.fell: Counter[str] = Counter()
        self.begun = 0
        self.running: dict[int, str] = {}

    def begin(self, kind: str) -> None:
        """Let one more begin."""
        self.begun += 1
        number = self.begun
        does: dict[str, Callable[[], None]] = {
            "web": lambda: web(self.world, self.folder, number, self.seed),
            "jobs": work,
            "sealer": seal,
        }
        self.running[fork(does[kind])] = kind

    def kill(self, pid: int) -> None:
        """Kill one; who had ended by itself has failed."""
        os.kill(pid, signal.SIGKILL)
        kind = self.running.pop(pid)
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        (self.killed if ended == -signal.SIGKILL else self.fell)[kind] += 1


def run(world: World, seconds: float, seed: int) -> int:
    """Play and kill, then look."""
    chance = random.Random(seed)
    setattr(actions, "CHUNK", 2)  # noqa: B010 - the module only uses it
    jobs.SILENCE, jobs.WAITING = timedelta(seconds=1), timedelta(seconds=0)
    sealer.CHUNK = {"postgresql": 50, "sqlite": 50}  # type: ignore[misc]  # many pieces, so that kills meet them
    with TemporaryDirectory() as name:
        stage = Stage(world, Path(name), seed)
        for kind in CAST:
            stage.begin(kind)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(chance.uniform(*ALIVE))
            for pid in chance.sample(sorted(stage.running), chance.choice([1, 1, 2, len(CAST)])):
                kind = stage.running[pid]
                stage.kill(pid)
                stage.begin(kind)
        for pid in list(stage.running):
            stage.kill(pid)
        for line in (stage.folder / "actors").read_text().splitlines():
            request, actor_kind, actor = line.split()
            world.actors[uuid.UUID(request)] = int(actor_kind), int(actor)
        told = stage.folder / "failures"
        failures = told.read_text().splitlines() if told.exists() else []
    return report(world, stage, failures)


def report(world: World, stage: Stage, failures: list[str]) -> int:
    """Do what waits, look at everything, print the table; 1 if anything is wrong."""
    jobs.SILENCE = timedelta(0)
    while waiting := jobs.stale():
        for job_id in waiting:
            jobs.run(job_id)
    seal_now(wait=20)
    findings: dict[str, list[str]] = {
        "failed": failures,
        "log against tables": _compared(world),
        "wrong actor": wrong_actors(world),
        "without its one place": _misplaced(),
        "proofs": _proofs(),
        "objects of jobs lost or doubled": _of_jobs(),
    }
    states = Counter(Job.State(state).label for state in Job.objects.values_list("state", flat=True))
    print(f"{connection.vendor}, seed {stage.seed}: {Event.objects.count():,} events, requests known of")
    print(f"{len(world.actors):,}; jobs: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}\n")
    print("| who was killed | times | ended by itself |\n| --- | --- | --- |")
    for kind in dict.fromkeys(CAST):
        print(f"| {kind} | {stage.killed[kind]} | {stage.fell[kind]} |")
    print("\n| what was found | times |\n| --- | --- |")
    for what, found in findings.items():
        print(f"| {what} | {len(found)} |")
    for what, found in findings.items():
        for each in found[:10]:
            print(f"! {what}: {each}")
    return 1 if any(findings.values()) or any(stage.fell.values()) else 0


def _compared(world: World) -> list[str]:
    found = []
    for workspace_id in places_of(world):
        check = replay.begin(workspace_id=workspace_id)
        while check.finished is None:
            result = replay.step(check)
            found += [each.sentence for each in result.differences]
            found += [f"Event {each.event_id} says {each.field} was {each.says}." for each in result.breaks]
    return found


def _misplaced() -> list[str]:
    """Name the logs whose places are not their events in the order of ids, each once."""
    found = []
    for log in SealLog.objects.order_by("pk"):
        tiles = SealTile.objects.filter(log=log, level=0).order_by("number")
        placed = [pk for tile in tiles for pk in trees.unpacked_ids(tile.ids)]
        logged = list(Event.objects.filter(workspace_id=log.workspace_id).order_by("pk").values_list("pk", flat=True))
        if placed != logged:
            found.append(f"Workspace {log.workspace_id}: {len(logged)} events and {len(placed)} places.")
    return found


def _proofs() -> list[str]:
    check = verify.begin()
    while verify.step(check):
        pass
    return [finding["text"] for finding in check.findings]


def _of_jobs() -> list[str]:
    """Name what jobs say they changed and the log does not tell, or tells twice of one request."""
    found = []
    for job in Job.objects.filter(kind=actions.BULK):
        column = "sim_id" if job.arguments["kind"] == "sims" else "device_id"
        rows = Event.objects.filter(request_id=job.request_id)
        told = Counter(rows.values_list("type", "sim_id", "device_id"))
        found += [f"Job {job.pk}: {each} is told {count} times." for each, count in told.items() if count > 1]
        ids = set(rows.values_list(column, flat=True))
        lost = [pk for pk in (job.result or {}).get("changed", []) if pk not in ids]
        found += [f"Job {job.pk}: {column} {pk} was changed and is not told." for pk in lost]
    return found


def main() -> None:
    """Read the command line, make a database, play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    setup_test_environment()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        with silence_lifted():  # the cast and the shop are rows without a log
            world = make_world(make_cast())
        sys.exit(run(world, options.seconds, options.seed))
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()


if __name__ == "__main__":
    main()
