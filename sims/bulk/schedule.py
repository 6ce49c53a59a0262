"""Bulk actions at a moment to come: scheduled, canceled, begun once, and told when they cannot be done.

The objects are fixed when somebody asks. What becomes of each, and whether whoever asked may still act, is decided when
the moment has come (`docs/rules.md` section 25).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import Permission, authorise
from accounts.selectors import zone_of
from kit import jobs, mail
from kit.action import action, retried
from kit.clock import iso_moment, shared_now
from kit.context import Actor, ActorKind, acting_as, current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.jobs import revive_actor
from kit.models import Job
from kit.querysets import CHUNK
from sims import signals
from sims.bulk.actions import BULK, ActionSpec, JobSpec, arguments_of, once, spec_of
from sims.bulk.selection import Selection
from sims.models import ScheduledAction, ScheduledObject
from sims.signals import ScheduledRow

logger = logging.getLogger(__name__)

SOONEST: Final = timedelta(minutes=1)
LATEST: Final = timedelta(days=366)
MOST_WAITING: Final = 500
"""Scheduled actions of a workspace that wait at once."""
AT_ONCE: Final = 100
"""Scheduled actions that one look begins."""
SCHEDULER: Final = Actor(kind=ActorKind.SCHEDULE, id=0, label="Scheduled actions", everywhere=True)
"""Who begins them; what they do is done by whoever asked."""
State = ScheduledAction.State


def schedule(spec: JobSpec, selection: Selection, options: Mapping[str, Any], *, due: datetime) -> Job:
    """Have what was confirmed done at a moment to come. Pressed twice, it is scheduled once.

    Args:
        spec: the action.
        selection: its objects; those that are not in the workspace are left out.
        options: answers of the dialog.
        due: the moment, aware.

    Returns:
        The job that waits for it.

    Raises:
        Forbidden, NotFound, Invalid, Conflict: as the action's preview; nothing was scheduled then.
        Invalid: the moment is too soon or too far away; the error names the field.
        Conflict: too many actions wait in this workspace.
    """
    workspace_id = selection.workspace_id
    _check_moment(due)

    def act() -> Job:
        # A right that is missing shall show at once, not at the moment.
        spec.foresee(workspace_id, selection.ids[:1], options)
        if ScheduledAction.objects.of(workspace_id).filter(state=State.WAITING).count() >= MOST_WAITING:
            text = _("%(most)s scheduled actions wait in this workspace already. Cancel some first.")
            raise Conflict(text % {"most": f"{MOST_WAITING:,}"}, code="too_many")
        return _store(spec, selection, dict(options), due)

    return once(selection, act)


def _check_moment(due: datetime) -> None:
    now = shared_now()
    if due < now + SOONEST:
        raise Invalid(_("Choose a moment that lies at least a minute ahead."), code="too_soon", field="at")
    if due > now + LATEST:
        raise Invalid(_("Choose a moment within the next 366 days."), code="too_late", field="at")


def _present(spec: ActionSpec, selection: Selection) -> list[int]:
    """Return those objects of a selection that the workspace has. One query a chunk.

    Raises:
        Invalid: it has none of them.
    """
    found: list[int] = []
    for start in range(0, len(selection.ids), CHUNK):
        rows = spec.noun.objects().of(selection.workspace_id).filter(pk__in=selection.ids[start : start + CHUNK])
        found += rows.order_by("pk").values_list("pk", flat=True)
    if not found:
        raise Invalid(_("Nothing is selected any more. Close this and select the rows again."), code="selection")
    return found


def _store(spec: JobSpec, selection: Selection, options: dict[str, Any], due: datetime) -> Job:
    ids, now = _present(spec, selection), shared_now()
    job = jobs.start(
        kind=BULK,
        name=spec.path,
        workspace_id=selection.workspace_id,
        title=spec.title(selection.workspace_id, ids),
        arguments=arguments_of(spec, selection, options=options, ids=ids),
        total=len(ids),
        later=True,
    )
    row = ScheduledAction.objects.create(
        workspace_id=selection.workspace_id, job=job, count=len(ids), asked_at=now, due_at=due
    )
    named = {"id": row.pk, "asked_at": iso_moment(now), "due_at": iso_moment(due)}
    job.arguments = {**job.arguments, "scheduled": named}
    job.save(update_fields=["arguments"])
    of = (ScheduledObject(action=row, noun=spec.noun.name, object_id=pk) for pk in ids)
    ScheduledObject.objects.bulk_create(of, batch_size=CHUNK)
    signals.action_scheduled.send(sender=ScheduledAction, workspace_id=row.workspace_id, row=_row_of(row))
    return job


def _row_of(row: ScheduledAction) -> ScheduledRow:
    actor = revive_actor(row.job.actor)
    return ScheduledRow(
        id=row.pk,
        job_id=row.job_id,
        action=row.job.name,
        title=row.job.title,
        object_ids=tuple(row.job.arguments.get("ids", ())),
        asked_at=row.asked_at,
        due_at=row.due_at,
        asker=actor.person if actor.kind == ActorKind.USER else None,
    )


def permission_of(job: Job) -> Permission:
    """Return the right that a scheduled action needs: to ask for it, when it is done, and to cancel it."""
    noun, _slash, name = job.name.partition("/")
    return spec_of(noun, name).permission


@retried
def cancel(*, workspace_id: int, job_id: uuid.UUID) -> None:
    """Cancel an action that waits for its moment. Who may do the action may cancel it, whoever asked.

    Args:
        workspace_id: the workspace.
        job_id: of its job.

    Raises:
        NotFound: there is none in this workspace.
        Forbidden: the actor may not do the action.
        Conflict: it does not wait any more.
    """
    found = ScheduledAction.objects.of(workspace_id).select_related("job").filter(job_id=job_id).first()
    if found is None:
        raise NotFound(_("There is no scheduled action of this id in this workspace."))
    authorise(workspace_id, permission_of(found.job))
    with action():
        row = _locked(found.pk)
        if row.state != State.WAITING or not jobs.cancel(row.job_id):
            text = _("It does not wait any more; its state is: %(state)s.")
            raise Conflict(text % {"state": State(row.state).label}, code="not_waiting")
        _end(row, State.CANCELED)
        signals.scheduled_action_canceled.send(sender=ScheduledAction, workspace_id=workspace_id, row=_row_of(row))


def _locked(pk: int) -> ScheduledAction:
    return ScheduledAction.objects.select_for_update(of=("self",)).get(pk=pk)


def _end(row: ScheduledAction, state: str) -> None:
    row.state, row.ended_at = state, shared_now()
    row.save(update_fields=["state", "ended_at"])


def begin_due() -> int:
    """Begin every action whose moment has come, however late this is, each once. Returns how many."""
    due = ScheduledAction.objects.filter(state=State.WAITING, due_at__lte=shared_now()).order_by("due_at", "pk")
    begun = 0
    for pk, request_id in list(due.values_list("pk", "job__request_id")[:AT_ONCE]):
        try:
            with acting_as(SCHEDULER, request_id=request_id):
                begun += _begin(pk)
        except Exception:
            # One that cannot begin must not hold up the others; the next look tries it again.
            logger.exception("Scheduled action %s did not begin", pk)
    return begun


@retried
def _begin(pk: int) -> bool:
    """Begin one action, unless somebody else has, or it was canceled meanwhile."""
    with action():
        row = _locked(pk)
        if row.state != State.WAITING or not jobs.release(row.job_id):
            return False
        _end(row, State.BEGUN)
        signals.scheduled_action_begun.send(sender=ScheduledAction, workspace_id=row.workspace_id, row=_row_of(row))
    return True


def tell_failed(job: Job) -> None:
    """Tell that a scheduled action was not done, or not to the end: by an event, and to whoever asked by mail.

    Args:
        job: of the action, as it has failed; one that was not scheduled is nothing to tell here.
    """
    if "scheduled" not in job.arguments:
        return
    with acting_as(SCHEDULER, request_id=job.request_id), action():
        row = ScheduledAction.objects.select_for_update(of=("self",)).get(job_id=job.pk)
        row.job = job
        _end(row, State.FAILED)
        signals.scheduled_action_failed.send(
            sender=ScheduledAction,
            workspace_id=row.workspace_id,
            row=_row_of(row),
            reason=job.error,
            done=job.done,
        )
        mail.post(_letters(row, job))


jobs.when_failed(BULK, tell_failed)


def _letters(row: ScheduledAction, job: Job) -> list[mail.Letter]:
    user = User.objects.filter(pk=job.user_id or 0, erased__isnull=True).first()
    if user is None or current_context().moment is not None:
        return []
    due = timezone.localtime(row.due_at, zone_of(user) or timezone.get_default_timezone())
    context = {
        "title": job.title,
        "workspace": row.workspace.name,
        "due": due.strftime("%Y-%m-%d %H:%M %Z"),
        "reason": job.error,
        "done": f"{job.done:,}" if job.done else "",
        "total": f"{job.total:,}",
    }
    body = render_to_string("sims/mail/scheduled_failed.txt", context).strip() + "\n"
    return [mail.Letter([user.email], _("Not carried out: %(title)s") % {"title": job.title}, body)]
