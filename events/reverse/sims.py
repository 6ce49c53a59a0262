"""Reversing changes of state of SIMs: each goes back to where it was, if a SIM may go there at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from events.reverse.past import Change, Target, notes_before, sims_before
from kit.context import reversing
from kit.outcomes import Outcome, Refusal, not_found
from sims.inventory.services.notes import change_sim_notes, preview_sim_notes
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.locking import chunks, missing, read_sims
from sims.models import Sim
from sims.signals import SimRow
from sims.states import SimStatus, sim_may_move

Service = Callable[..., Outcome]


def reverse_sims(*, workspace_id: int, sim_ids: Sequence[int], reverses: str = "") -> Outcome:
    """Bring SIMs back into the state that they had before.

    Args:
        workspace_id: the workspace in whose log the events stand.
        sim_ids: which SIMs.
        reverses: the events, as `Target` writes them.

    Raises:
        Forbidden: the actor may not change SIMs here.
        Invalid: it is not said which events.
    """
    target = Target.read(reverses)
    with reversing(event=target.event, request=target.request):
        return _each(target, workspace_id, sim_ids, change_sim_status, change_sim_notes)


def preview_reverse_sims(*, workspace_id: int, sim_ids: Sequence[int], reverses: str = "") -> Outcome:
    """Tell what `reverse_sims` would do. Changes nothing. Args and errors as there."""
    return _each(Target.read(reverses), workspace_id, sim_ids, preview_sim_status, preview_sim_notes)


def _each(
    target: Target, workspace_id: int, sim_ids: Sequence[int], service: Service, note_service: Service
) -> Outcome:
    authorise(workspace_id, Permission.SIM_UPDATE)
    outcome = Outcome()
    for ids in chunks(sim_ids):
        before = sims_before(target, workspace_id, ids)
        notes = _NotesBack(notes_before(target, workspace_id, ids), workspace_id)
        rows = read_sims(workspace_id, ids)
        outcome.refused += not_found(missing(ids, rows), "SIM")
        wanted: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            if notes.take(row, outcome, alone=row.id not in before):
                continue
            if row.id not in before:
                outcome.refused.append(Refusal(row.id, row.iccid, "untold", _("These events do not tell of it.")))
                continue
            to, refusal = _way_back(before[row.id], row.status)
            if refusal:
                outcome.refused.append(Refusal(row.id, row.iccid, "never", refusal))
            elif to == row.status:
                outcome.unchanged.append(row.id)
            else:
                wanted[to].append(row.id)
        for to, moving in sorted(wanted.items()):
            outcome.extend(service(workspace_id=workspace_id, sim_ids=moving, to=to))
        for note, back in sorted(notes.wanted.items()):
            outcome.extend(note_service(workspace_id=workspace_id, sim_ids=back, note=note))
    return outcome


class _NotesBack:
    """Decides about notes on SIMs: one that was changed since is never overwritten.

    Args:
        before: notes before and after, by SIM.
        workspace_id: of the SIMs.

    Attributes:
        wanted: SIMs by the note that they get back.
    """

    def __init__(self, before: Mapping[int, Change], workspace_id: int) -> None:
        self.before = before
        self.wanted: dict[str, list[int]] = defaultdict(list)
        found = Sim.objects.of(workspace_id).filter(pk__in=list(before)) if before else Sim.objects.none()
        self._held = dict(found.values_list("pk", "note"))

    def take(self, row: SimRow, outcome: Outcome, *, alone: bool) -> bool:
        """Sort a SIM in, and tell whether that settles it; `alone` says that nothing else of it goes back."""
        if not alone or row.id not in self.before:
            return False
        old, new = self.before[row.id]
        held = self._held.get(row.id, "")
        if held == old:
            outcome.unchanged.append(row.id)
        elif held != new:
            text = _("It was changed since: %(what)s is another one now.") % {"what": _("the note")}
            outcome.refused.append(Refusal(row.id, row.iccid, "changed_since", text))
        else:
            self.wanted[old].append(row.id)
        return True


def _way_back(change: Change, now: int) -> tuple[int, str]:
    """Return the state to go back to, and why not."""
    old = now if change[0] is None else change[0]
    if old == now or sim_may_move(now, old):
        return old, ""
    return old, way_back_refusal(old)


def way_back_refusal(old: int) -> str:
    """Say why a SIM can't go back to a state, or to none from where it is."""
    return NO_WAY_BACK.get(old, lambda: _("It has changed since, and can’t go back from there."))()


NO_WAY_BACK: Mapping[int, Callable[[], str]] = {
    SimStatus.ISSUED: lambda: _("It was Issued, and a SIM never goes back to Issued."),
    SimStatus.FACTORY_TEST: lambda: _("It was in factory test, which only an Issued SIM can begin."),
}
"""States that nothing leads back to."""
