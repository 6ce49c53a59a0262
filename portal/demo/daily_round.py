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
from portal.demo import master_data, secrets
from portal.demo.foundation import administrator_of, user_of
from portal.demo.past import SEED, Past, is_workday
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

    past: Past
    workspace: str
    count: int = 1
    chosen: list[int] = field(default_factory=list)

    @property
    def workspace_id(self) -> int:
        return self.past.workspaces[self.workspace]

    def pick(self) -> list[int]:
        """Choose devices and remember them."""
        known = self.past.devices[self.workspace]
        self.chosen = sorted(self.past.random.sample(known, min(self.count, len(known))))
        return self.chosen

    def disable(self) -> None:
        disable_devices(workspace_id=self.workspace_id, device_ids=self.pick())

    def enable(self) -> None:
        enable_devices(workspace_id=self.workspace_id, device_ids=self.chosen)

    def reset(self) -> None:
        reset_connectivity(workspace_id=self.workspace_id, device_ids=self.pick())

    def tag(self) -> None:
        tag = self.past.random.choice(("to-check", "battery-low", "moved"))
        change_tags(workspace_id=self.workspace_id, device_ids=self.pick(), add=(tag,))

    def untag(self) -> None:
        tags = ("to-check", "battery-low", "moved")
        change_tags(workspace_id=self.workspace_id, device_ids=self.chosen, remove=tags)

    def edit(self) -> None:
        policy = self.past.policies[f"{self.workspace}/{self.past.random.choice(('all', 'data', 'low'))}"]
        changes: dict[str, object] = {"service_policy_id": policy}
        if self.past.random.random() < 0.3:
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


def write_daily_round(past: Past) -> None:
    """Add the acts of every day up to an hour ago."""
    rng = random.Random(SEED + 1)  # noqa: S311 - believable, not secret
    end = past.calendar.now - _QUIET
    for day in range(1, past.calendar.today + 1):
        for key, person in master_data.PEOPLE.items():
            if person.has_password and rng.random() < (0.42 if is_workday(day) else 0.04):
                _write_visit(past, rng, day, key, end)
        if rng.random() < (0.85 if is_workday(day) else 0.1):
            _write_visit(past, rng, day, rng.choice(("alma", "tobias")), end)
        if day >= _FIRST_DAY:
            for workspace, load in _LOAD.items():
                _write_night(past, rng, day, workspace, end)
                for _thing in range(load if is_workday(day) else rng.choice((0, 0, 1))):
                    _write_work(past, rng, day, workspace, end)


def _add(
    past: Past, end: datetime, at: datetime, who: str, do: Callable[[], object], surface: Surface | None = None
) -> None:
    if at <= end:
        past.add(at, who, do, surface=surface)


def _write_visit(past: Past, rng: random.Random, day: int, key: str, end: datetime) -> None:
    """A person signs in, perhaps goes over to another workspace, and perhaps signs out."""
    come = past.calendar.at(day, 7, rng.randrange(20, 160), rng.randrange(60))
    surface = Surface.API if key in ("priya", "ben") and rng.random() < 0.3 else None
    roles = list(master_data.PEOPLE[key].roles) if key in master_data.PEOPLE else []
    first = max((master_data.CUSTOMERS[role].day for role in roles), default=0)
    if day <= first:
        return
    _add(past, end, come, f"visitor:{key}", partial(_sign_in, past, key), surface)
    if surface == Surface.API:
        return
    others = _others(key)
    if others and rng.random() < 0.7:
        at = come + timedelta(minutes=rng.randrange(5, 200), seconds=rng.randrange(60))
        _add(past, end, at, key, partial(_switch, past, rng.choice(others)))
        if rng.random() < 0.6:
            _add(past, end, at + timedelta(minutes=rng.randrange(4, 90)), key, partial(_switch, past, roles[0]))
    leave = past.calendar.at(day, 15, rng.randrange(30, 170), rng.randrange(60))
    if rng.random() < 0.65:
        _add(past, end, leave, key, partial(_sign_out, past, key))


def _others(key: str) -> list[str]:
    """Return the workspaces a person has besides the default one."""
    if key not in master_data.PEOPLE:
        return []
    roles = master_data.PEOPLE[key].roles
    linked = [
        workspace
        for workspace, customer in master_data.CUSTOMERS.items()
        if customer.main and roles.get(customer.main) == master_data.SUPERADMIN
    ]
    return [*list(roles)[1:], *linked]


def _sign_in(past: Past, key: str) -> None:
    user = past.users[key]
    # A password chosen since the last time is another account to whoever remembers the former one.
    user.refresh_from_db()
    record_sign_in(user=user)
    past.last_sign_in[key] = current_context().now()


def _sign_out(past: Past, key: str) -> None:
    record_sign_out(user=past.users[key])


def _switch(past: Past, workspace: str) -> None:
    switch_workspace(workspace_id=past.workspaces[workspace])


def _write_work(past: Past, rng: random.Random, day: int, workspace: str, end: datetime) -> None:
    who = rng.choices((user_of(workspace), administrator_of(workspace)), (3, 2))[0]
    # Most between nine and noon and between one and four.
    hour = rng.choices(range(8, 17), (3, 8, 9, 7, 2, 7, 8, 5, 2))[0]
    at = past.calendar.at(day, hour, rng.randrange(60), rng.randrange(60))
    surface = Surface.API if who in ("priya", "daan", "ben") and rng.random() < 0.35 else None
    _weight, begin, finish = rng.choices(_KINDS, [kind[0] for kind in _KINDS])[0]
    count = rng.choice((1, 1, 1, 2, 4, 8)) if begin in (_Job.disable, _Job.tag, _Job.rest) else 1
    job = _Job(past, workspace, count)
    _add(past, end, at, who, partial(begin, job), surface)
    if finish is not None:
        later = at + timedelta(minutes=rng.randrange(12, 170), seconds=rng.randrange(60))
        _add(past, end, later, who, partial(finish, job), surface)


def _write_night(past: Past, rng: random.Random, day: int, workspace: str, end: datetime) -> None:
    """A program takes devices out of service for the night's maintenance, or wakes those that hang."""
    who = f"app:{workspace}"
    at = past.calendar.at(day, 2, rng.randrange(120), rng.randrange(60))
    _add(past, end, at, who, partial(_authenticate, workspace))
    if rng.random() < 0.3:
        return
    job = _Job(past, workspace, rng.randrange(1, 3 + _LOAD[workspace]))
    if rng.random() < 0.5:
        _add(past, end, at + timedelta(seconds=2), who, job.reset)
    else:
        _add(past, end, at + timedelta(seconds=2), who, job.disable)
        _add(past, end, at + timedelta(minutes=rng.randrange(20, 90)), who, job.enable)


def _authenticate(workspace: str) -> None:
    authenticate_application(value=secrets.application_token(workspace))


def write_last_hour(past: Past) -> None:
    """Add what happened just now, so that every page has something fresh."""
    ago = past.calendar.ago
    past.add(ago(48), "visitor:marco", partial(_sign_in, past, "marco"))
    past.add(ago(44), "marco", _Job(past, "water", 3).reset)
    past.add(ago(41), "app:delta", _Job(past, "delta", 6).disable)
    past.add(ago(38), "visitor:ben", partial(_sign_in, past, "ben"))
    past.add(ago(36), "ben", _Job(past, "cold", 2).disable)
    past.add(ago(29), "app:water", _Job(past, "water", 5).disable)
    past.add(ago(25), "visitor:alma", partial(_sign_in, past, "alma"))
    past.add(ago(21), "mei", _Job(past, "bikes", 2).tag)
    past.add(ago(17), "ingrid", partial(_switch, past, "labs"))
    past.add(ago(14), "ingrid", _Job(past, "labs", 1).reset)
    past.add(ago(9), "priya", _Job(past, "water", 1).edit, surface=Surface.API)
    past.add(ago(6), "amara", _Job(past, "cold", 1).reset)
    past.add(ago(3), "marco", _Job(past, "water", 1).reset)
