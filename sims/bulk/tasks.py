"""Actions on many objects: carried out once, within the request or by a worker, and their result kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from kit import jobs
from kit.action import action
from kit.context import current_actor
from kit.models import Job
from kit.outcomes import Outcome
from kit.querysets import CHUNK
from sims.bulk.actions import SPECS, BulkSpec, outcome_of
from sims.bulk.plan import LIFETIME, BulkPlan

BULK = "sims.bulk.actions"


def done_before(plan: BulkPlan, kind: str) -> Job | None:
    """Return the job that has carried out a plan, if one has. Call it inside the action, before anything else.

    It locks the person's row: a button pressed twice sends two requests at once, and the second has to wait and find
    what the first has done.

    Args:
        plan: what was confirmed.
        kind: kind of the job.
    """
    person = current_actor().person
    if person is not None:
        User.objects.select_for_update(of=("self",)).filter(pk=person.user_id).values_list("pk").first()
    return (
        Job.objects.filter(
            workspace_id=plan.workspace_id,
            kind=kind,
            created__gte=timezone.now() - LIFETIME - timedelta(minutes=5),
            arguments__key=plan.key,
        )
        .order_by("created")
        .first()
    )


def carry_out(spec: BulkSpec, plan: BulkPlan, options: Mapping[str, Any]) -> Job:
    """Do what was confirmed: within this request, or as a job when there is more than fits into one step.

    Args:
        spec: the action.
        plan: the objects.
        options: answers of the dialog.

    Returns:
        The job with the result, or the one that is under way.

    Raises:
        Forbidden, NotFound, Invalid, Conflict: as the service; nothing was done then.
    """
    arguments = {"kind": spec.kind, "action": spec.name, "options": dict(options), "key": plan.key}
    total = len(plan.objects)
    with action():
        earlier = done_before(plan, BULK)
        if earlier is not None:
            return earlier
        if total > CHUNK:
            # A right that is missing shall show at once, not in a worker.
            outcome_of(spec.preview, plan.workspace_id, plan.objects[:1], options)
            return jobs.start(
                kind=BULK,
                workspace_id=plan.workspace_id,
                title=spec.asked(total),
                arguments={**arguments, "ids": list(plan.objects)},
                total=total,
            )
        outcome = outcome_of(spec.run, plan.workspace_id, plan.objects, options)
        return jobs.keep_result(
            kind=BULK,
            workspace_id=plan.workspace_id,
            title=spec.asked(total),
            arguments=arguments,
            result=outcome.as_json(),
            total=total,
        )


@jobs.job_kind(BULK)
def bulk_step(job: Job) -> bool:
    """Do the next 5,000 objects of a job."""
    asked = job.arguments
    spec = SPECS[f"{asked['kind']}/{asked['action']}"]
    ids = asked["ids"][job.done : job.done + CHUNK]
    outcome = Outcome.from_json(job.result)
    if ids:
        # Only jobs with a workspace are started above.
        outcome.extend(outcome_of(spec.run, job.workspace_id or 0, ids, asked["options"]))
    job.result = outcome.as_json()
    job.done += len(ids)
    return job.done < job.total


def state_text(job: Job) -> str:
    """Return how far a job is, in words."""
    if job.state == Job.State.QUEUED:
        return _("Waiting for a worker")
    return str(Job.State(job.state).label)
