"""The past that the demo makes up: a calendar, a script of acts, and what lets each actor act at their moment."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from accounts.actors import actor_of, actor_of_token, staff_actor
from accounts.models import ApplicationToken, SavedView, User
from kit.context import ANONYMOUS, NETWORK, SCHEDULE, SYSTEM, Actor, Surface, acting_as
from portal.demo import master_data
from portal.demo.numbers import Numbers

SEED: Final = 20_417
WEEKS: Final = 4
Progress = Callable[[int, int], None]


class Calendar:
    """Days of the past. Day 0 is a Monday four to five weeks ago, so that weeks of the past are weeks."""

    def __init__(self, now: datetime) -> None:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.now = now
        self.start = midnight - timedelta(days=midnight.weekday() + 7 * WEEKS)
        self.today = (midnight - self.start).days

    def at(self, day: int, hour: int, minute: int = 0, second: float = 0) -> datetime:
        """Return a moment of the past in UTC."""
        return self.start + timedelta(days=day, hours=hour, minutes=minute, seconds=second)

    def ago(self, minutes: float) -> datetime:
        """Return a moment shortly before the end of the past."""
        return self.now - timedelta(minutes=minutes)


def is_workday(day: int) -> bool:
    """Tell whether a day of the past lies between Monday and Friday."""
    return day % 7 < 5


@dataclass(frozen=True, slots=True)
class DemoAct:
    """Something somebody does at a moment.

    Args:
        at: when.
        who: "marco" or "alma" for people, "app:water" for a workspace's program, "visitor:marco" for somebody at the
            door who claims to be Marco, "system", "schedule" or "network".
        do: calls services.
        surface: which door; `None` for the usual one of `who`.
        ip: where from; empty for the usual place.
        aside: whether the act leaves what chance decides for others as it was without it.
    """

    at: datetime
    who: str
    do: Callable[[], object]
    surface: Surface | None = None
    ip: str = ""
    aside: bool = False


@dataclass
class Past:
    """What the acts share: everything made so far, by the keys of `master_data`."""

    calendar: Calendar
    numbers: Numbers
    workspaces: dict[str, int] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, ApplicationToken] = field(default_factory=dict)
    views: dict[str, SavedView] = field(default_factory=dict)
    packages: dict[str, int] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=dict)
    policies: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)
    bics: dict[str, str] = field(default_factory=dict)
    sims: dict[str, list[int]] = field(default_factory=dict)
    devices: dict[str, list[int]] = field(default_factory=dict)
    link_secrets: dict[str, str] = field(default_factory=dict)
    last_sign_in: dict[str, datetime] = field(default_factory=dict)
    script: list[DemoAct] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - believable, not secret
    actors: dict[str, Actor] = field(default_factory=dict)

    def add(
        self, at: datetime, who: str, do: Callable[[], object], *, surface: Surface | None = None, ip: str = ""
    ) -> None:
        """Write an act into the script."""
        self.script.append(DemoAct(at, who, do, surface, ip))

    def add_aside(self, at: datetime, who: str, do: Callable[[], object]) -> None:
        """Write an act into the script that changes nothing of what happens to happen in the others."""
        self.script.append(DemoAct(at, who, do, aside=True))

    def play(self, acts: Sequence[DemoAct], progress: Progress) -> None:
        """Let all acts happen in the order of their moments.

        Args:
            acts: what to play.
            progress: told now and then how many are done, of how many.
        """
        ordered = sorted(acts, key=lambda act: act.at)
        for done, act in enumerate(ordered):
            if done % 25 == 0:
                progress(done, len(ordered))
            with self._acting(act):
                act.do()
        progress(len(ordered), len(ordered))

    def forget_actors(self) -> None:
        """Read actors again: roles have changed."""
        self.actors.clear()

    @contextmanager
    def _acting(self, act: DemoAct) -> Iterator[None]:
        surface, ip, user_agent = self._surroundings(act.who)
        chance = random.Random(f"{SEED} {act.at} {act.who}") if act.aside else self.random  # noqa: S311 - as above
        with acting_as(
            self._actor(act.who),
            surface=act.surface or surface,
            moment=act.at,
            request_id=uuid.UUID(int=chance.getrandbits(128), version=4),
            ip=act.ip or ip,
            user_agent=master_data.SCRIPT
            if act.surface == Surface.API and act.who in master_data.PEOPLE
            else user_agent,
        ):
            yield

    def _surroundings(self, who: str) -> tuple[Surface, str | None, str]:
        kind, _colon, name = who.rpartition(":")
        if kind.endswith("app"):
            customer = master_data.CUSTOMERS[name.partition("/")[0]]
            return Surface.API, customer.program_ip, customer.agent
        if name in master_data.STAFF:
            return Surface.ADMIN, master_data.STAFF[name].ip, master_data.STAFF[name].browser
        if name in master_data.EVERYBODY:
            return Surface.PORTAL, master_data.EVERYBODY[name].ip, master_data.EVERYBODY[name].browser
        return {"system": Surface.COMMAND, "network": Surface.API}.get(name, Surface.TASK), None, ""

    def _actor(self, who: str) -> Actor:
        actor = self.actors.get(who)
        if actor is None or self._signed_in_anew(actor):
            actor = self.actors[who] = self._new_actor(who)
        return actor

    def _signed_in_anew(self, actor: Actor) -> bool:
        """Tell whether a person has chosen another password since: what they did before they signed in anew is over."""
        if actor.epoch is None:
            return False
        return actor.epoch != User.objects.values_list("token_epoch", flat=True).get(pk=actor.id)

    def _new_actor(self, who: str) -> Actor:
        kind, _colon, name = who.rpartition(":")
        if kind.startswith("visitor"):
            return ANONYMOUS
        if kind == "app":
            token = ApplicationToken.objects.select_related("workspace__package").get(pk=self.tokens[name].pk)
            return actor_of_token(token)
        if name in self.users:
            self.users[name].refresh_from_db()
        if name in master_data.STAFF:
            return staff_actor(self.users[name])
        if name in master_data.EVERYBODY:
            return actor_of(self.users[name])
        return {"system": SYSTEM, "schedule": SCHEDULE, "network": NETWORK}[name]
