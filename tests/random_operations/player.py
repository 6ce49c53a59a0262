"""Who plays: somebody who acts by one door after the other and remembers who made each request."""

from __future__ import annotations

import json
import random
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.test import Client

from accounts.actors import actor_of, staff_actor
from accounts.models import User
from accounts.permissions import Role
from kit.context import Actor, ActorKind, Surface, acting_as
from kit.errors import DomainError
from sims.models import Device, Sim
from sims.states import DeviceStatus, SimStatus
from tests.random_operations.world import Place, World

HTMX: Final = {"HX-Request": "true"}


class Failed(Exception):
    """A door answered what it never should."""


class Player:
    """Does operations, one after the other, with a chance of its own."""

    chances: ClassVar[dict[str, int]] = {}
    """Names of operations, and how often each is drawn."""

    def __init__(self, world: World, seed: str) -> None:
        self.world = world
        self.operations = [getattr(self, name) for name in self.chances]
        self.weights = list(self.chances.values())
        self.chance = random.Random(seed)
        self.clients: dict[int, Client] = {}

    def play(self, operations: int) -> None:
        """Do so many operations. What is refused counts too; what fails is kept in `World.failures`."""
        for _ in range(operations):
            (operation,) = self.chance.choices(self.operations, self.weights)
            name = operation.__name__
            try:
                operation()
            except DomainError as error:
                self.world.refused[name] += 1
                self.world.reasons[f"{name}: {error.message[:80]}"] += 1
            except Exception:
                self.world.failures.append(f"{name}: {traceback.format_exc()}")
            else:
                self.world.done[name] += 1

    # --- who acts, and what with ---

    def place(self) -> Place:
        return self.chance.choice(self.world.places)

    def some(self, ids: list[int], most: int = 4) -> list[int]:
        """Return a few ids, mostly of things made lately, which are more often still there."""
        if not ids:
            raise DomainError("nothing there yet")
        recent = ids[-60:] if self.chance.random() < 0.9 else ids
        return self.chance.sample(recent, min(len(recent), self.chance.randint(1, most)))

    def sims(self, place: Place, most: int = 4) -> list[int]:
        """Return a few SIMs, mostly of this workspace."""
        own = Sim.objects.filter(workspace_id=place.id).exclude(status=SimStatus.DELETED)
        return self.some(self._mostly(own, self.world.sims), most)

    def devices(self, place: Place, most: int = 4) -> list[int]:
        """Return a few devices, mostly of this workspace."""
        own = Device.objects.filter(workspace_id=place.id).exclude(status=DeviceStatus.DELETED)
        return self.some(self._mostly(own, self.world.devices), most)

    def _mostly(self, own: QuerySet[Any, Any], every: list[int]) -> list[int]:
        if self.chance.random() < 0.2:
            return every
        return list(own.order_by("-pk").values_list("pk", flat=True)[:60])[::-1] or every

    def one(self, ids: list[int]) -> int:
        return self.some(ids, 1)[0]

    @contextmanager
    def acting(self, place: Place) -> Iterator[None]:
        """Act as somebody of a workspace: its owner, a member, or a program."""
        if self.chance.random() < 0.25:
            actor = Actor(
                kind=ActorKind.APPLICATION_TOKEN,
                id=place.token_id,
                label="Application token",
                roles={place.id: Role.ADMINISTRATOR.value},
            )
        else:
            actor = actor_of(User.objects.get(pk=place.owner.pk))
        with self.as_(actor, Surface.API if actor.kind == ActorKind.APPLICATION_TOKEN else Surface.PORTAL):
            yield

    @contextmanager
    def staffing(self) -> Iterator[None]:
        """Act as staff."""
        with self.as_(staff_actor(self.world.cast.staff), Surface.ADMIN):
            yield

    @contextmanager
    def as_(self, actor: Actor, surface: Surface, *, told: Actor | None = None) -> Iterator[None]:
        """Act as somebody; `told` is who the events name, where that is known only on the way."""
        request = uuid.uuid4()
        self.world.actors[request] = (int((told or actor).kind), (told or actor).id)
        with acting_as(actor, surface=surface, request_id=request, ip="192.0.2.7", user_agent="random"):
            yield

    def call(self, place: Place, method: str, path: str, body: Any, *, version: int = 1) -> Any:
        """Call the API by the workspace's application token."""
        answer = Client(raise_request_exception=False).generic(
            method,
            f"/api/v{version}{path}",
            json.dumps(body).encode(),
            content_type="application/json",
            headers={"authorization": f"Bearer {place.api}"},
        )
        return self._checked(answer, (ActorKind.APPLICATION_TOKEN, place.token_id))

    def post(self, place: Place, path: str, data: dict[str, Any]) -> Any:
        """Post a form of the pages as the workspace's owner."""
        client = self.clients.get(place.id)
        if client is None:
            client = self.clients[place.id] = Client(raise_request_exception=False)
            client.force_login(place.owner)
        answer = client.post(path, data, headers=HTMX)
        return self._checked(answer, (ActorKind.USER, place.owner.pk))

    def _checked(self, answer: Any, actor: tuple[ActorKind, int]) -> Any:
        self.world.actors[uuid.UUID(answer["X-Request-ID"])] = (int(actor[0]), actor[1])
        if answer.status_code >= 500:
            raise Failed(f"{answer.status_code}: {answer.content[:300]!r}")
        if answer.status_code >= 400:
            raise DomainError(f"{answer.status_code}")
        return answer
