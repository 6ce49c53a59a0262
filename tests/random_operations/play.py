"""Random operations through all doors: services, the API and the pages, by several actors, from a seed.

`play` does them, `wrong_actors` looks whether each event names who made its request. That replay then equals the
tables, and that the proofs are right, is for the caller to ask: a quick test plays a few hundred in one thread, and
`python -m tests.random_operations` as many as one likes in several.
"""

from __future__ import annotations

import threading
from typing import ClassVar

from django.db import connections

from accounts.models import Workspace
from events.models import Event
from tests.random_operations.devices import DeviceOperations
from tests.random_operations.doors import DoorOperations
from tests.random_operations.people import PeopleOperations
from tests.random_operations.sims import SimOperations
from tests.random_operations.world import World


class Everybody(SimOperations, DeviceOperations, PeopleOperations, DoorOperations):
    """Knows all operations."""

    chances: ClassVar[dict[str, int]] = {
        "stock": 4,
        "hand_out": 4,
        "register": 6,
        "sim_status": 12,
        "transfer": 4,
        "end_tests": 1,
        "settle": 1,
        "create_devices": 8,
        "device_states": 8,
        "assign": 10,
        "release": 6,
        "update_devices": 8,
        "tags": 6,
        "patch": 5,
        "delete_devices": 2,
        "policies": 3,
        "join": 3,
        "people": 5,
        "invite": 2,
        "tokens": 4,
        "order": 2,
        "handle_orders": 3,
        "api_endpoint": 6,
        "api_multi": 3,
        "api_create": 3,
        "api_delete": 1,
        "api_sim": 4,
        "bulk": 5,
        "device_page": 3,
        "role_page": 2,
    }


def play(world: World, *, operations: int, seed: int, threads: int = 1) -> None:
    """Do random operations, in as many threads as asked for; one thread is the caller's own.

    Args:
        world: what to play with.
        operations: how many, in all threads together.
        seed: the same seed does the same; with several threads each does, but they meet by chance.
        threads: how many.
    """
    players = [Everybody(world, f"{seed}/{number}") for number in range(threads)]
    players[0].stock()
    if threads == 1:
        players[0].play(operations)
        return

    def run(player: Everybody) -> None:
        try:
            player.play(operations // threads)
        finally:
            connections.close_all()

    running = [threading.Thread(target=run, args=(player,)) for player in players]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def wrong_actors(world: World) -> list[str]:
    """Return the events that do not name who made their request, a sentence each."""
    found = []
    events = Event.objects.order_by("id").values_list("pk", "type", "request_id", "actor_kind", "actor_ref")
    for pk, type_id, request, kind, ref in events.iterator(chunk_size=5_000):
        expected = world.actors.get(request)
        if expected is not None and expected != (kind, ref):
            found.append(f"Event {pk} of type {type_id} names {kind}/{ref}, and {expected} made the request {request}.")
    return found


def places_of(world: World) -> list[int]:
    """Return the workspaces to compare: those that are played in, and the operator's with its stock."""
    return [*world.workspaces, Workspace.objects.get(pk=world.cast.operator.pk).pk]
