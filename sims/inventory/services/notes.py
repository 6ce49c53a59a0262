"""Notes on SIMs: what a workspace keeps in mind about a SIM. They stay behind when the SIM leaves it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import ngettext

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_actor, current_context
from kit.outcomes import Outcome, not_found
from kit.text import several_lines
from sims import signals
from sims.locking import chunks, lock_sims, missing, read_sims
from sims.models import NOTE_LENGTH, Sim
from sims.signals import SimNoteChange, SimRow


@retried
def change_sim_notes(*, workspace_id: int, sim_ids: Sequence[int], note: str = "") -> Outcome:
    """Write a note on SIMs in place of the one they have; each that changes has its event (10107).

    Args:
        workspace_id: owner.
        sim_ids: which SIMs.
        note: at most 1,000 characters, in as many lines as wanted; empty removes it.

    Raises:
        Forbidden: the actor may not change SIMs here.
        Invalid: the note is too long, or holds what can't be seen.
    """
    authorise(workspace_id, Permission.SIM_UPDATE)
    text = several_lines(note, most=NOTE_LENGTH, field="note")
    outcome = Outcome()
    with action():
        person, now = current_actor().person, current_context().now()
        changes: list[SimNoteChange] = []
        for ids in chunks(sim_ids):
            part, changing, _replaced = _decide(ids, lock_sims(workspace_id, ids), text)
            outcome.extend(part)
            Sim.objects.filter(pk__in=part.changed).update(
                note=text, noted_at=now, noted_by_id=person.user_id if person is not None else None, last_updated=now
            )
            changes += changing
        if changes:
            signals.sim_notes_changed.send(sender=Sim, workspace_id=workspace_id, changes=changes)
    return outcome


def preview_sim_notes(*, workspace_id: int, sim_ids: Sequence[int], note: str | None = None) -> Outcome:
    """Tell what `change_sim_notes` would do; while no note is given, which SIMs are there. Changes nothing."""
    authorise(workspace_id, Permission.SIM_UPDATE)
    text = None if note is None else several_lines(note, most=NOTE_LENGTH, field="note")
    outcome, replaced = Outcome(), 0
    for ids in chunks(sim_ids):
        part, _changing, held = _decide(ids, read_sims(workspace_id, ids), text)
        outcome.extend(part)
        replaced += held
    outcome.notes += replaced_note(replaced) if len(sim_ids) > 1 else []
    return outcome


def replaced_note(count: int) -> list[str]:
    """Return the sentence that says how many notes are lost in the list; the log keeps them."""
    if not count:
        return []
    text = ngettext(
        "%(n)s of them has a note, which is replaced. The log keeps it.",
        "%(n)s of them have a note, which is replaced. The log keeps them.",
        count,
    )
    return [text % {"n": f"{count:,}"}]


def _decide(ids: Sequence[int], rows: Sequence[SimRow], text: str | None) -> tuple[Outcome, list[SimNoteChange], int]:
    """Sort SIMs into those whose note changes and those that have it; and count the notes that are replaced."""
    held = dict(Sim.written.filter(pk__in=[row.id for row in rows]).values_list("pk", "note"))
    outcome = Outcome(refused=not_found(missing(ids, rows), "SIM"))
    changing: list[SimNoteChange] = []
    for row in rows:
        if held[row.id] == text:
            outcome.unchanged.append(row.id)
        else:
            outcome.changed.append(row.id)
            changing.append(SimNoteChange(sim=row, old=held[row.id], new=text or ""))
    return outcome, changing, sum(bool(change.old) for change in changing)
