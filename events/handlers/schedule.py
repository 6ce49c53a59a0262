"""Scheduled actions, as rows of the log (`docs/rules.md` section 25)."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from events.handlers.pending import pending
from events.writer import PendingEvent, log
from kit.clock import iso_moment
from sims import signals
from sims.signals import ScheduledRow

_KINDS = {"sims": "sim", "devices": "device"}


def _entry(type_id: int, workspace_id: int, row: ScheduledRow, text: str = "default", **values: object) -> PendingEvent:
    """Return the row that tells of a scheduled action; it is on the log of each of its objects."""
    entry = pending(type_id, workspace_id, text, what=row.title, due=iso_moment(row.due_at), **values)
    detail = {
        "scheduled_action": {
            "id": row.id,
            "action": row.action,
            "count": len(row.object_ids),
            "asked_at": iso_moment(row.asked_at),
            "due_at": iso_moment(row.due_at),
        }
    }
    kind = _KINDS[row.action.partition("/")[0]]
    covers = {"scheduled_action": [row.id], kind: list(row.object_ids)}
    return entry._replace(detail=detail, covers=covers)


@receiver(signals.action_scheduled)
def on_action_scheduled(*, workspace_id: int, row: ScheduledRow, **_kwargs: Any) -> None:
    """Log that an action was scheduled (10115)."""
    log([_entry(10115, workspace_id, row)])


@receiver(signals.scheduled_action_canceled)
def on_scheduled_action_canceled(*, workspace_id: int, row: ScheduledRow, **_kwargs: Any) -> None:
    """Log that a scheduled action was canceled (10116)."""
    log([_entry(10116, workspace_id, row)._replace(subject=row.asker)])


@receiver(signals.scheduled_action_begun)
def on_scheduled_action_begun(*, workspace_id: int, row: ScheduledRow, **_kwargs: Any) -> None:
    """Log that the moment of a scheduled action has come (10117), with the person who had asked for it."""
    log([_entry(10117, workspace_id, row)._replace(subject=row.asker)])


@receiver(signals.scheduled_action_failed)
def on_scheduled_action_failed(*, workspace_id: int, row: ScheduledRow, reason: str, done: int, **_kwargs: Any) -> None:
    """Log that a scheduled action was not carried out, or not to the end, and why (10118)."""
    partly = {"done": done, "count": len(row.object_ids)} if done else {}
    entry = _entry(10118, workspace_id, row, "partly" if done else "default", reason=reason, **partly)
    log([entry._replace(subject=row.asker)])
