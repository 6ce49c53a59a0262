"""The daily round: people come and go, look after a few devices, and programs do their work at night."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from accounts.sign_in.services.sessions import record_sign_in, record_sign_out, switch_workspace
from accounts.tokens.user_tokens import authenticate_application
from kit.context import Surface, current_context
from portal.demo import cast, secrets
from portal.demo.foundation import administrator_of, user_of
from portal.demo.stage import SEED, Stage, is_workday
from sims.devices.services.devices import update_devices
from sims.devices.services.status import disable_devices, enable_devices, reset_connectivity
from sims.devices.services.tags import change_tags
from sims.inventory.services.assignment import SimChoice, assign_sims, release_sims
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.states import SimStatus

_LOAD: Final = {"water": 6, "delta": 3, "labs": 1, "cold": 4, "bikes": 2}
"""Things people do in a workspace on a working day."""
_FIRST_DAY: Final = 5
"""From then on there are devices to look after in every workspace."""
_QUIET: Final = timedelta(minutes=55)
"""The round ends so long before now; the last minutes are written by `write_last_hour`."""


@dataclass(slots=True)
class _Job:
    """Something that is begun and, hours later, ended on the same devices."""

    stage: Stage
    workspace: str
    count: int = 1
    chosen: list[int] = field(default_factory=list)

    @property
    def workspace_id(self) -> int:
        return self.stage.workspaces[self.workspace]

    def pick(self) -> list[int]:
        """Choose devices and remember them."""
        known = self.stage.devices[self.workspace]
        self.chosen = sorted(self.stage.random.sample(known, min(self.count, len(known))))
        return self.chosen

    def disable(self) -> None:
        disable_devices(workspace_id=self.workspace_id, device_ids=self.pick())

    def enable(self) -> None:
        enable_devices(workspace_id=self.workspace_id, device_ids=self.chosen)

    def reset(self) -> None:
        reset_connectivity(workspace_id=self.workspace_id, device_ids=self.pick())

    def tag(self) -> None:
        tag = self.stage.random.choice(("to-check", "battery-low", "moved"))
        change_tags(workspace_id=self.workspace_id, device_ids=self.pick(), add=(tag,))

    def untag(self) -> None:
        tags = ("to-check", "battery-low", "moved")
        change_tags(workspace_id=self.workspace_id, device_ids=self.chosen, remove=tags)

    def edit(self) -> None:
        policy = self.stage.policies[f"{self.workspace}/{self.stage.random.choice(('all', 'data', 'low'))}"]
        changes: dict[str, object] = {"service_policy_id": policy}
        if self.stage.random.random() < 0.3:
            changes["imei_lock"] = False
        update_devices(workspace_id=self.workspace_id, changes={self.pick()[0]: changes}).raise_if_refused()

    def take_off(self) -> None:
        release_sims(workspace_id=self.workspace_id, device_ids=self.pick(), suspend=True)

    def put_on(self) -> None:
        """Put another card into the device than the one it had."""
        free = Sim.objects.of(self.workspace_id).filter(status=SimStatus.ISSUED, device=None).order_by("-pk")
        sim_id = free.values_list("pk", flat=True).first()
        if sim_id is not None and not Sim.objects.filter(device_id=self.chosen[0]).exists():
            choices = {self.chosen[0]: SimChoice(sim_id, SimStatus.ACTIVATED)}
            assign_sims(workspace_id=self.workspace_id, choices=choices).raise_if_refused()
            enable_devices(workspace_id=self.workspace_id, device_ids=self.chosen)

    def rest(self) -> None:
        """Suspend cards that nobody uses."""
        unused = Sim.objects.of(self.workspace_id).filter(status=SimStatus.ACTIVATED, device=None).order_by("pk")
        self.chosen = list(unused.values_list("pk", flat=True)[: self.count])
        self._set(SimStatus.SUSPENDED)

    def wake(self) -> None:
        """Activate again what `rest` suspended."""
        self._set(SimStatus.ACTIVATED)

    def _set(self, to: SimStatus) -> None:
        if self.chosen:
            change_sim_status(workspace_id=self.workspace_id, sim_ids=self.chosen, to=to)


_KINDS: Final[tuple[tuple[int, Callable[[_Job], None], Callable[[_Job], None] | None], ...]] = (
    (30, _Job.reset, None),
    (22, _Job.disable, _Job.enable),
    (18, _Job.edit, None),
    (8, _Job.take_off, _Job.put_on),
    (12, _Job.tag, _Job.untag),
    (10, _Job.rest, _Job.wake),
)
"""Weight, what is begun, and what ends it."""


def write_routine(stage: Stage) -> None:
    """Add the acts of every day up to an hour ago."""
    rng = random.Random(SEED + 1)  # noqa: S311 - believable, not secret
    end = stage.calendar.now - _QUIET
    for day in range(1, stage.calendar.today + 1):
        for key, person in cast.PEOPLE.items():
            if person.has_password and rng.random() < (0.42 if is_workday(day) else 0.04):
                _write_visit(stage, rng, day, key, end)
        if rng.random() < (0.85 if is_workday(day) else 0.1):
            _write_visit(stage, rng, day, rng.choice(("alma", "tobias")), end)
        if day >= _FIRST_DAY:
            for workspace, load in _LOAD.items():
                _write_night(stage, rng, day, workspace, end)
                for _thing in range(load if is_workday(day) else rng.choice((0, 0, 1))):
                    _write_work(stage, rng, day, workspace, end)


def _add(
    stage: Stage, end: datetime, at: datetime, who: str, do: Callable[[], object], surface: Surface | None = None
) -> None:
    if at <= end:
        stage.add(at, who, do, surface=surface)


def _write_visit(stage: Stage, rng: random.Random, day: int, key: str, end: datetime) -> None:
    """A person signs in, perhaps goes over to another workspace, and perhaps signs out."""
    come = stage.calendar.at(day, 7, rng.randrange(20, 160), rng.randrange(60))
    surface = Surface.API if key in ("priya", "ben") and rng.random() < 0.3 else None
    roles = list(cast.PEOPLE[key].roles) if key in cast.PEOPLE else []
    first = max((cast.CUSTOMERS[role].day for role in roles), default=0)
    if day <= first:
        return
    _add(stage, end, come, f"visitor:{key}", partial(_sign_in, stage, key), surface)
    if surface == Surface.API:
        return
    others = _others(key)
    if others and rng.random() < 0.7:
        at = come + timedelta(minutes=rng.randrange(5, 200), seconds=rng.randrange(60))
        _add(stage, end, at, key, partial(_switch, stage, rng.choice(others)))
        if rng.random() < 0.6:
            _add(stage, end, at + timedelta(minutes=rng.randrange(4, 90)), key, partial(_switch, stage, roles[0]))
    leave = stage.calendar.at(day, 15, rng.randrange(30, 170), rng.randrange(60))
    if rng.random() < 0.65:
        _add(stage, end, leave, key, partial(_sign_out, stage, key))


def _others(key: str) -> list[str]:
    """Return the workspaces a person has besides the default one."""
    if key not in cast.PEOPLE:
        return []
    roles = cast.PEOPLE[key].roles
    linked = [
        workspace
        for workspace, customer in cast.CUSTOMERS.items()
        if customer.main and roles.get(customer.main) == cast.SUPERADMIN
    ]
    return [*list(roles)[1:], *linked]


def _sign_in(stage: Stage, key: str) -> None:
    record_sign_in(user=stage.users[key])
    stage.last_sign_in[key] = current_context().now()


def _sign_out(stage: Stage, key: str) -> None:
    record_sign_out(user=stage.users[key])


def _switch(stage: Stage, workspace: str) -> None:
    switch_workspace(workspace_id=stage.workspaces[workspace])


def _write_work(stage: Stage, rng: random.Random, day: int, workspace: str, end: datetime) -> None:
    who = rng.choices((user_of(workspace), administrator_of(workspace)), (3, 2))[0]
    # Most between nine and noon and between one and four.
    hour = rng.choices(range(8, 17), (3, 8, 9, 7, 2, 7, 8, 5, 2))[0]
    at = stage.calendar.at(day, hour, rng.randrange(60), rng.randrange(60))
    surface = Surface.API if who in ("priya", "daan", "ben") and rng.random() < 0.35 else None
    _weight, begin, finish = rng.choices(_KINDS, [kind[0] for kind in _KINDS])[0]
    count = rng.choice((1, 1, 1, 2, 4, 8)) if begin in (_Job.disable, _Job.tag, _Job.rest) else 1
    job = _Job(stage, workspace, count)
    _add(stage, end, at, who, partial(begin, job), surface)
    if finish is not None:
        later = at + timedelta(minutes=rng.randrange(12, 170), seconds=rng.randrange(60))
        _add(stage, end, later, who, partial(finish, job), surface)


def _write_night(stage: Stage, rng: random.Random, day: int, workspace: str, end: datetime) -> None:
    """A program takes devices out of service for the night's maintenance, or wakes those that hang."""
    who = f"app:{workspace}"
    at = stage.calendar.at(day, 2, rng.randrange(120), rng.randrange(60))
    _add(stage, end, at, who, partial(_authenticate, workspace))
    if rng.random() < 0.3:
        return
    job = _Job(stage, workspace, rng.randrange(1, 3 + _LOAD[workspace]))
    if rng.random() < 0.5:
        _add(stage, end, at + timedelta(seconds=2), who, job.reset)
    else:
        _add(stage, end, at + timedelta(seconds=2), who, job.disable)
        _add(stage, end, at + timedelta(minutes=rng.randrange(20, 90)), who, job.enable)


def _authenticate(workspace: str) -> None:
    authenticate_application(value=secrets.application_token(workspace))


def write_last_hour(stage: Stage) -> None:
    """Add what happened just now, so that every page has something fresh."""
    ago = stage.calendar.ago
    stage.add(ago(48), "visitor:marco", partial(_sign_in, stage, "marco"))
    stage.add(ago(44), "marco", _Job(stage, "water", 3).reset)
    stage.add(ago(41), "app:delta", _Job(stage, "delta", 6).disable)
    stage.add(ago(38), "visitor:ben", partial(_sign_in, stage, "ben"))
    stage.add(ago(36), "ben", _Job(stage, "cold", 2).disable)
    stage.add(ago(29), "app:water", _Job(stage, "water", 5).disable)
    stage.add(ago(25), "visitor:alma", partial(_sign_in, stage, "alma"))
    stage.add(ago(21), "mei", _Job(stage, "bikes", 2).tag)
    stage.add(ago(17), "ingrid", partial(_switch, stage, "labs"))
    stage.add(ago(14), "ingrid", _Job(stage, "labs", 1).reset)
    stage.add(ago(9), "priya", _Job(stage, "water", 1).edit, surface=Surface.API)
    stage.add(ago(6), "amara", _Job(stage, "cold", 1).reset)
    stage.add(ago(3), "marco", _Job(stage, "water", 1).reset)
