"""One device for each of many SIMs: named by a pattern, with the same policies and tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from sims.charges import is_charged
from sims.devices.services.devices import NewDevice, create_devices
from sims.devices.services.values import NAME_LENGTH, Cleaner
from sims.identifiers import iccid_with_luhn
from sims.inventory.services.assignment import Assigning, SimChoice
from sims.inventory.services.status import activation_notes
from sims.locking import chunks, lock_sims, missing, read_sims
from sims.signals import DeviceRow, SimRow
from sims.states import DeviceStatus, SimStatus

PARTS: Final = ("iccid", "imsi", "last6", "sim_id")
"""What stands in braces in a naming pattern."""
USUAL_PATTERN: Final = "Device {last6}"
_PART: Final = re.compile(r"\{([^{}]*)\}")
NOBODY: Final = DeviceRow(0, "", "", None, "", DeviceStatus.ENABLED)
"""Stands for the device that a SIM goes onto, while it is only asked whether it may."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the devices are to be.

    Args:
        pattern: of their names, see `check_pattern`.
        service_policy_id, coverage_policy_id: policies of the workspace.
        tags: names separated by commas.
        status: state into which the SIMs are brought, `None` for their own.
    """

    pattern: str
    service_policy_id: int
    coverage_policy_id: int
    tags: str = ""
    status: int | None = None

    def device(self, sim: SimRow) -> NewDevice:
        """Return the device for a SIM."""
        choice = SimChoice(sim.id, self.status)
        policies = self.service_policy_id, self.coverage_policy_id
        return NewDevice(named(self.pattern, sim), *policies, tags=self.tags, sim=choice)


def check_pattern(pattern: str) -> str:
    """Return a naming pattern without surrounding spaces.

    Args:
        pattern: a text in which `{iccid}`, `{imsi}`, `{last6}` (the end of the ICCID) or `{sim_id}` stands for the
            SIM's.

    Raises:
        Invalid: it holds none of them, so that all devices would have one name, or something else in braces.
    """
    parts = _PART.findall(pattern)
    known = ", ".join(f"{{{part}}}" for part in PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        text = _("“{%(part)s}” stands for nothing; use %(known)s.") % {"part": unknown[0], "known": known}
        raise Invalid(text, code="pattern", field="pattern")
    if not parts:
        text = _("All devices would have the same name. Put one of %(known)s into it.") % {"known": known}
        raise Invalid(text, code="pattern", field="pattern")
    return " ".join(pattern.split())


def named(pattern: str, sim: SimRow) -> str:
    """Return the name of the device for a SIM."""
    iccid = iccid_with_luhn(sim.iccid)
    values = {"iccid": iccid, "imsi": sim.imsi, "last6": iccid[-6:], "sim_id": str(sim.id)}
    return _PART.sub(lambda found: values[found[1]], pattern)


@retried
def create_devices_for_sims(
    *,
    workspace_id: int,
    sim_ids: Sequence[int],
    pattern: str = USUAL_PATTERN,
    service_policy_id: int | None = None,
    coverage_policy_id: int | None = None,
    tags: str = "",
    status: int | None = None,
) -> Outcome:
    """Make a device for each SIM that is free, and put the SIM on it; the others are refused by name.

    Args:
        workspace_id: owner of all.
        sim_ids: which SIMs.
        pattern, service_policy_id, coverage_policy_id, tags, status: see `Wanted`.

    Returns:
        What became of each SIM; `created` are the devices.

    Raises:
        Forbidden: the actor may not create devices (or change SIMs, where a state is chosen) here.
        Invalid, NotFound: a policy, the pattern, the tags or the state cannot be.
        Conflict: a state with traffic is chosen, and the trial has ended.
    """
    wanted = _wanted(workspace_id, pattern, service_policy_id, coverage_policy_id, tags, status)
    outcome = Outcome()
    with action():
        assigning = Assigning.prepare(workspace_id, [SimChoice(0, wanted.status)])
        for ids in chunks(sim_ids):
            part, free = _decide(wanted, ids, lock_sims(workspace_id, ids), assigning)
            made = create_devices(workspace_id=workspace_id, devices=[wanted.device(sim) for sim in free])
            part.created = [device.pk for device in made]
            outcome.extend(part)
    return outcome


def preview_devices_for_sims(
    *,
    workspace_id: int,
    sim_ids: Sequence[int],
    pattern: str = USUAL_PATTERN,
    service_policy_id: int | None = None,
    coverage_policy_id: int | None = None,
    tags: str = "",
    status: int | None = None,
) -> Outcome:
    """Tell what `create_devices_for_sims` would do, and what is charged. Changes nothing. Args and errors as there.

    While a policy is not chosen, it tells which SIMs are free.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    outcome, count = Outcome(), Activated()
    if service_policy_id is None or coverage_policy_id is None:
        wanted = Wanted(USUAL_PATTERN, 0, 0, status=status)
        outcome.notes.append(_("A device needs a service policy and a coverage policy."))
    else:
        wanted = _wanted(workspace_id, pattern, service_policy_id, coverage_policy_id, tags, status)
    assigning = Assigning.prepare(workspace_id, [SimChoice(0, wanted.status)], lock=False)
    for ids in chunks(sim_ids):
        part, free = _decide(wanted, ids, read_sims(workspace_id, ids), assigning)
        outcome.extend(part)
        for sim in free:
            count.add(sim, wanted.status)
        if free and not outcome.notes:
            name = named(wanted.pattern, free[0])
            outcome.notes.append(_("The first device is called “%(name)s”.") % {"name": name})
    outcome.notes += count.notes(workspace_id)
    return outcome


@dataclass(slots=True)
class Activated:
    """Counts SIMs that become Activated with their device, for the sentences about money."""

    count: int = 0
    tested: int = 0
    newly: int = 0
    into_test: int = 0

    def add(self, sim: SimRow, to: int | None) -> None:
        """Count a SIM that goes onto a device and is brought into a state, `None` for its own."""
        self.into_test += to == SimStatus.FACTORY_TEST and sim.status != to
        if to == SimStatus.ACTIVATED and sim.status != to:
            self.count += 1
            self.tested += sim.status == SimStatus.FACTORY_TEST
            self.newly += not is_charged(sim, current_context().now())

    def notes(self, workspace_id: int) -> list[str]:
        """Return what it means: tests that begin and end, the month that is charged, and what it costs."""
        notes = []
        if self.into_test:
            text = ngettext("%(n)s SIM enters factory test.", "%(n)s SIMs enter factory test.", self.into_test)
            notes.append(text % {"n": f"{self.into_test:,}"})
        if self.count:
            text = ngettext("%(n)s SIM becomes Activated.", "%(n)s SIMs become Activated.", self.count)
            notes.append(text % {"n": f"{self.count:,}"})
            notes += activation_notes(workspace_id, self.count, tested=self.tested, newly=self.newly)
        return notes


def _wanted(
    workspace_id: int,
    pattern: str,
    service_policy_id: int | None,
    coverage_policy_id: int | None,
    tags: str,
    status: int | None,
) -> Wanted:
    """Check what is wrong with the whole request."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if service_policy_id is None or coverage_policy_id is None:
        missing_one = "service_policy" if service_policy_id is None else "coverage_policy"
        raise Invalid(_("A device needs a service policy and a coverage policy."), code="required", field=missing_one)
    wanted = Wanted(check_pattern(pattern), service_policy_id, coverage_policy_id, tags, status)
    values = {
        "service_policy_id": service_policy_id,
        "coverage_policy_id": coverage_policy_id,
        "tags": tags,
        "name": wanted.pattern,
    }
    Cleaner(workspace_id, [values])(values)
    if len(wanted.pattern) > NAME_LENGTH - 20:
        text = _("The names would be longer than %(most)s characters.") % {"most": NAME_LENGTH}
        raise Invalid(text, code="too_long", field="pattern")
    return wanted


def _decide(
    wanted: Wanted, ids: Sequence[int], rows: Sequence[SimRow], assigning: Assigning
) -> tuple[Outcome, list[SimRow]]:
    """Sort SIMs into those that get a device and those that cannot; rows that are not locked make a preview."""
    outcome = Outcome(refused=not_found(missing(ids, rows), "SIM"))
    free: list[SimRow] = []
    for sim in rows:
        try:
            assigning.take_room(assigning.pair(NOBODY, sim, SimChoice(sim.id, wanted.status)))
        except (NotFound, Conflict) as error:
            outcome.refused.append(Refusal.of(sim.id, sim.iccid, error))
        else:
            outcome.changed.append(sim.id)
            free.append(sim)
    return outcome, free
