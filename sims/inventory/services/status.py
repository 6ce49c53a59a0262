"""Activate, suspend, test and delete SIMs: one or ten thousand (`docs/rules.md` section 1)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.packages.prices import cost_text
from accounts.permissions import Permission, authorise
from accounts.selectors import workspace_with_package
from accounts.trials import require_open
from kit.action import action, retried
from kit.billing import charged_until_text, month_text
from kit.context import current_context
from kit.errors import Invalid
from kit.outcomes import Outcome, Refusal, not_found
from sims import effects, signals
from sims.charges import charged_departed, charged_here
from sims.inventory.services.limits import CODE, Room, activation_room
from sims.locking import chunks, lock_sims, missing, read_sims
from sims.models import Sim
from sims.signals import SimRow, SimStatusChange
from sims.states import SIM_WIRE_NAMES, SimStatus, sim_may_move, sim_sources
from sims.transitions import move


@retried
def change_sim_status(*, workspace_id: int, sim_ids: Sequence[int], to: int) -> Outcome:
    """Bring SIMs into another state; those that may not go there are refused by name and stay as they are.

    Args:
        workspace_id: the workspace they belong to.
        sim_ids: which SIMs.
        to: the wanted state, an id of `SimStatus`.

    Returns:
        What became of each. A SIM that already is in the state is `unchanged` and leaves no event.

    Raises:
        Forbidden: the actor may not change (or delete) SIMs here.
        Invalid: no SIM can ever be brought into this state, or the workspace has no factory test.
    """
    _check(workspace_id, to)
    outcome = Outcome()
    with action():
        changes: list[SimStatusChange] = []
        room = activation_room(workspace_id, lock=True) if to == SimStatus.ACTIVATED else Room()
        for ids in chunks(sim_ids):
            rows = lock_sims(workspace_id, ids)
            part, moving = _decide(rows, to, room)
            part.refused += not_found(missing(ids, rows), "SIM")
            outcome.extend(part)
            changes += move(moving, to)
        if changes:
            signals.sim_status_changed.send(sender=Sim, workspace_id=workspace_id, changes=changes)
    return outcome


def preview_sim_status(*, workspace_id: int, sim_ids: Sequence[int], to: int) -> Outcome:
    """Tell what `change_sim_status` would do, and what it means for billing. Changes nothing.

    Args, raises: as `change_sim_status`.
    """
    _check(workspace_id, to)
    outcome = Outcome()
    charged = tested = 0
    now = current_context().now()
    room = activation_room(workspace_id, lock=False) if to == SimStatus.ACTIVATED else Room()
    limited = [room.note] if room.limit is not None else []
    for ids in chunks(sim_ids):
        rows = read_sims(workspace_id, ids)
        part, moving = _decide(rows, to, room)
        part.refused += not_found(missing(ids, rows), "SIM")
        outcome.extend(part)
        new, in_test = effects.newly_charged(moving, now), effects.in_test(moving)
        charged += len(moving) - len(new)
        tested += len(in_test)
        _note_effects(outcome, to, moving, new=new, in_test=in_test)
    if outcome.changed:
        if to == SimStatus.ACTIVATED:
            outcome.notes += activation_notes(
                workspace_id, len(outcome.changed), tested=tested, newly=len(outcome.changed) - charged
            )
        else:
            outcome.notes.append(billing_note(to, len(outcome.changed), charged=charged))
        outcome.notes += limited
    return outcome


def _note_effects(
    outcome: Outcome, to: int, moving: Sequence[SimRow], *, new: Sequence[SimRow], in_test: Sequence[SimRow]
) -> None:
    """Note what a chunk of SIMs that move means for their devices, tests and charges. One query at most."""
    if to == SimStatus.SUSPENDED:
        outcome.note_effect(effects.OFFLINE, effects.on_live_devices(moving))
    if to != SimStatus.FACTORY_TEST:
        outcome.note_effect(effects.TEST_ENDS, (row.id for row in in_test))
    if to == SimStatus.ACTIVATED:
        outcome.note_effect(effects.CHARGED, (row.id for row in new))


def _check(workspace_id: int, to: int) -> None:
    authorise(workspace_id, Permission.SIM_DELETE if to == SimStatus.DELETED else Permission.SIM_UPDATE)
    if to not in SimStatus.values or not sim_sources(to):
        raise Invalid(_("SIMs cannot be brought into state '%(state)s'.") % {"state": to}, field="status")
    if to == SimStatus.FACTORY_TEST:
        require_factory_test(workspace_id)
    if to in (SimStatus.ACTIVATED, SimStatus.FACTORY_TEST):
        require_open_for_traffic(workspace_id)


def require_open_for_traffic(workspace_id: int) -> None:
    """Check that no trial that has ended keeps SIMs from becoming Activated or tested. Raises: as `require_open`."""
    require_open(workspace_id, _("no SIM is activated or tested"))


def require_factory_test(workspace_id: int) -> None:
    """Check that a workspace's package (or its own setting) allows factory test.

    Raises:
        Invalid: it does not.
        NotFound: there is no such workspace.
    """
    workspace = workspace_with_package(workspace_id)
    if not workspace.factory_test_allowed:
        raise Invalid(
            _("The platform package '%(package)s' has no factory test. Choose another state or change the package.")
            % {"package": workspace.package.name},
            code="factory_test_not_allowed",
            field="status",
        )


def _decide(rows: Sequence[SimRow], to: int, room: Room) -> tuple[Outcome, list[SimRow]]:
    """Sort SIMs into those that change, those already there and those refused; in id order while there is room."""
    outcome = Outcome()
    moving: list[SimRow] = []
    for row in rows:
        if row.status == to:
            outcome.unchanged.append(row.id)
        elif not sim_may_move(row.status, to):
            outcome.refused.append(Refusal(row.id, row.iccid, f"from_{row.status}", _refusal(row.status, to)))
        elif to == SimStatus.DELETED and row.device_id is not None:
            outcome.refused.append(Refusal(row.id, row.iccid, "has_device", _("It is on a device. Release it first.")))
        elif to == SimStatus.ACTIVATED and not room.take():
            outcome.refused.append(Refusal(row.id, row.iccid, CODE, room.refusal))
        else:
            outcome.changed.append(row.id)
            moving.append(row)
    return outcome, moving


def _refusal(old: int, to: int) -> str:
    """Name the states as the wire has them: programs read this too."""
    return _("It is %(old)s. Only %(allowed)s SIMs can become %(new)s.") % {
        "old": SIM_WIRE_NAMES[old],
        "allowed": " / ".join(SIM_WIRE_NAMES[state] for state in sim_sources(to)),
        "new": SIM_WIRE_NAMES[to],
    }


def activation_notes(workspace_id: int, count: int, *, tested: int, newly: int) -> list[str]:
    """Return what the activation of SIMs means: tests that end, the month that is charged, and what it costs.

    Args:
        workspace_id: whose SIMs.
        count: how many become Activated.
        tested: how many of them are in factory test.
        newly: how many are not charged this month yet.
    """
    notes = [end_of_test_note(tested)] if tested else []
    charged = f"{billing_note(SimStatus.ACTIVATED, count)} {cost_note(workspace_id, newly)}"
    return [*notes, charged.strip()]


def end_of_test_note(count: int) -> str:
    """Return the sentence that says that the factory test of SIMs ends."""
    return ngettext(
        "This ends the factory test of %(n)s SIM; a test cannot begin again.",
        "This ends the factory test of %(n)s SIMs; a test cannot begin again.",
        count,
    ) % {"n": f"{count:,}"}


def cost_note(workspace_id: int, newly: int) -> str:
    """Return what SIMs cost that are charged from now on, by the package's scale; "" for none, or without a scale."""
    if not newly:
        return ""
    now = current_context().now()
    charged = charged_here(workspace_id, now) + charged_departed(workspace_id, now)
    return cost_text(workspace_with_package(workspace_id).package, newly, charged=charged)


def billing_note(to: int, count: int, *, charged: int = 1) -> str:
    """Return the sentence that says what a change of state means for the bill (`docs/rules.md` section 1).

    Args:
        to: the new state.
        count: number of SIMs that change.
        charged: how many of them are charged this month; without any, nothing stops being charged.
    """
    now = current_context().now()
    if to == SimStatus.ACTIVATED:
        return ngettext(
            "The SIM is charged for the whole of %(month)s, once, however often it is reactivated.",
            "All %(count)s SIMs are charged for the whole of %(month)s, once, however often they are reactivated.",
            count,
        ) % {"count": f"{count:,}", "month": month_text(now)}
    if to == SimStatus.SUSPENDED:
        return _("Traffic stops at once. Charging stops on %(day)s.") % {"day": charged_until_text(now)}
    if to == SimStatus.FACTORY_TEST:
        return _("Testing is free of charge until a SIM crosses a limit; then it activates by itself.")
    lost = _("Deleted SIMs leave the inventory and cannot be restored.")
    if not charged:
        return lost
    return lost + " " + _("Charging stops on %(day)s.") % {"day": charged_until_text(now)}
