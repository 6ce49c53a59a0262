"""A long random run: `python -m tests.random_operations --operations 20000 --threads 4 --seed 1`.

It makes a test database of its own on SQLite, or where TEST_DATABASE_URL says, lets several actors act at once by
services, API and pages, and then asks: does the log alone tell all that the tables hold, is every event what was
sealed, does each name who made its request? It ends with 1 where one of these is not so.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.db import connection  # noqa: E402 - Django has to be set up first
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402

from events.models import Event  # noqa: E402
from events.replay import checks as replay  # noqa: E402
from events.seals import verify  # noqa: E402
from events.seals.services import seal_now  # noqa: E402
from events.triggers import silence_lifted  # noqa: E402
from tests.cast import make_cast  # noqa: E402
from tests.random_operations.play import places_of, play, wrong_actors  # noqa: E402
from tests.random_operations.world import World, make_world  # noqa: E402


def main() -> None:
    """Read the command line, play, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    setup_test_environment()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        sys.exit(_run(options.operations, options.threads, options.seed))
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        teardown_test_environment()


def _run(operations: int, threads: int, seed: int) -> int:
    with silence_lifted():  # the cast and the shop are rows without a log
        world = make_world(make_cast())
    begun = time.monotonic()
    play(world, operations=operations, seed=seed, threads=threads)
    spent = time.monotonic() - begun
    done, refused = sum(world.done.values()), sum(world.refused.values())
    events = Event.objects.count()
    print(f"{connection.vendor}, seed {seed}, {threads} threads, {spent:.0f} s: {operations:,} operations,")
    print(f"  {done:,} done, {refused:,} refused, {len(world.failures)} failed; {events:,} events.")
    for kind in sorted(world.done | world.refused):
        print(f"    {kind:<16} {world.done[kind]:>6,} done {world.refused[kind]:>6,} refused")
    for reason, count in world.reasons.most_common(12):
        print(f"    {count:>6,} refused {reason}")
    differences, notes = _compared(world)
    seal_now()
    proof = verify.begin()
    while verify.step(proof):
        pass
    wrong = wrong_actors(world)
    print(f"Replay: {len(differences)} differences, {notes} events that do not fit those before them.")
    print(f"Proofs: {proof.checked:,} events checked, {proof.found} findings. Wrong actors: {len(wrong)}.")
    bad: list[Any] = [*world.failures, *differences, *wrong, *(finding["text"] for finding in proof.findings)]
    for each in bad[:50]:
        print(f"! {each}")
    return 1 if bad or notes else 0


def _compared(world: World) -> tuple[list[str], int]:
    """Compare the workspaces that were played in; returns the differences and the number of broken chains."""
    found: list[str] = []
    notes = 0
    for workspace_id in places_of(world):
        check = replay.begin(workspace_id=workspace_id)
        while check.finished is None:
            result = replay.step(check)
            found += [each.sentence for each in result.differences]
        notes += check.broken
    return found, notes


if __name__ == "__main__":
    main()
