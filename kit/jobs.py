"""Work that outlives a request: queued with the change, claimed by conditional UPDATE, resumable, swept.

A job is cut into steps. Each step does its part and notes its progress in one transaction, so that a worker killed at
any point leaves a job that the next one continues where it stood.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kit.context import (
    Actor,
    ActorKind,
    Person,
    Surface,
    acting_as,
    acting_within,
    current_actor,
    current_context,
)
from kit.errors import DomainError
from kit.models import Job
from kit.wakeups import wake_worker

logger = logging.getLogger(__name__)

SILENCE = timedelta(minutes=2)
"""After this long without a sign of life a running job counts as abandoned."""
WAITING = timedelta(seconds=30)
"""After this long a queued job's wake-up counts as lost."""
MOST_ATTEMPTS = 5
"""How often a job is begun again without getting any further, before it is given up."""
TRIES = 4
"""How often one part is tried while the database drops the connection or breaks off a deadlock."""

NOTED = ("result", "counts", "done", "total", "arguments", "beat", "state", "finished", "fruitless")

BREATH = 0.11
"""Seconds between two parts on SQLite, where one writes at a time: who waits looks every tenth of a second."""

JobStep = Callable[..., bool]
"""Does the next part of a job and returns whether there is more; it saves nothing itself."""
Preparation = Callable[[Job], Any]
"""Does what each worker has to do before its first part, outside of any transaction; parts get what it returns."""

_kinds: dict[str, JobStep] = {}
_preparations: dict[str, Preparation] = {}

Reviver = Callable[[Actor], Actor | None]
"""Gives an actor the rights of now, or `None` to one that may not act any more."""

_reviver: list[Reviver] = []


def set_reviver(reviver: Reviver) -> None:
    """Say who knows what an actor may do by now; asked before each step, for a job may outlive its actor's rights."""
    _reviver[:] = [reviver]


Failed = Callable[[Job], None]
"""Tells that a job has ended without doing all of its work; called in the transaction that notes it."""

_failed: dict[str, Failed] = {}


def when_failed(kind: str, tell: Failed) -> None:
    """Say who is told when a job of a kind fails."""
    _failed[kind] = tell


def job_kind(name: str, *, prepare: Preparation | None = None) -> Callable[[JobStep], JobStep]:
    """Register the function that does the steps of a kind of job.

    Args:
        name: of the kind.
        prepare: what is long and locks nothing, such as reading a file; what it returns is the steps' second argument.
    """

    def add(step: JobStep) -> JobStep:
        if name in _kinds:
            raise ValueError(f"Job kind {name} is registered twice.")
        _kinds[name] = step
        if prepare is not None:
            _preparations[name] = prepare
        return step

    return add


def freeze_actor(actor: Actor) -> dict[str, Any]:
    """Return an actor in JSON, to be revived by the worker that acts for them."""
    # Rights are asked of the account itself, which does not go into JSON.
    data = asdict(replace(actor, rights=frozenset()))
    # A worker reads these again: they may be others by then.
    del data["rights"]
    del data["sim_limits"], data["trials"], data["closed"]
    data["kind"] = int(actor.kind)
    data["roles"] = {str(key): value for key, value in actor.roles.items()}
    return data


def revive_actor(data: dict[str, Any]) -> Actor:
    """Return the actor that `freeze_actor` wrote."""
    values = dict(data)
    values["kind"] = ActorKind(values["kind"])
    values["roles"] = {int(key): value for key, value in values["roles"].items()}
    for name in ("person", "acted_for"):
        values[name] = Person(**values[name]) if values[name] else None
    return Actor(**values)


# untold: a job: what it does is told by the action it runs
def start(
    *,
    kind: str,
    workspace_id: int | None,
    title: str,
    arguments: dict[str, Any],
    total: int,
    name: str = "",
    later: bool = False,
) -> Job:
    """Queue a job for the current actor and wake a worker once this transaction is committed.

    Args:
        kind: a registered kind.
        workspace_id: where it acts.
        title: what people read, e.g. "Suspend 12,000 SIMs".
        arguments: JSON-safe.
        total: number of objects.
        name: what it does, where its kind does many things; lists are filtered by it.
        later: wait until `release`; what it does then comes from no client's address.
    """
    if kind not in _kinds:
        raise ValueError(f"Job kind {kind} is not registered.")
    job = _row(kind=kind, workspace_id=workspace_id, title=title, arguments=arguments, total=total, name=name)
    if later:
        job.state, job.surface = Job.State.SCHEDULED, int(Surface.TASK)
        job.arguments = {**job.arguments, "_ip": None, "_user_agent": ""}
    job.save(force_insert=True)
    if not later:
        transaction.on_commit(lambda: wake(str(job.pk)))
    return job


def release(job_id: uuid.UUID) -> bool:
    """Queue a job that was started for later, and wake a worker once this transaction is committed.

    Args:
        job_id: id of the `Job`.

    Returns:
        Whether it still waited.
    """
    released = Job.objects.filter(pk=job_id, state=Job.State.SCHEDULED).update(state=Job.State.QUEUED)
    transaction.on_commit(lambda: wake(str(job_id)))
    return bool(released)


# untold: a job; whoever scheduled it tells that it was canceled
def cancel(job_id: uuid.UUID) -> bool:
    """End a job that was started for later before it begins; returns whether it still waited.

    Args:
        job_id: id of the `Job`.
    """
    waiting = Job.objects.filter(pk=job_id, state=Job.State.SCHEDULED)
    return bool(waiting.update(state=Job.State.CANCELED, finished=timezone.now()))


def wake(job_id: str) -> None:
    """Ask a worker to look at a job; losing this loses nothing, the sweep asks again.

    Args:
        job_id: id of the `Job`.
    """
    wake_worker("kit.run_job", job_id)


# untold: a job's result
def keep_result(
    *,
    kind: str,
    workspace_id: int,
    title: str,
    arguments: dict[str, Any],
    result: dict[str, Any],
    total: int,
    name: str = "",
    counts: dict[str, int] | None = None,
) -> Job:
    """Store the result of work that was done within the request, so that its report can be read again.

    Args: as `start`; `result` is JSON-safe, and `counts` is what lists show of it.
    """
    job = _row(kind=kind, workspace_id=workspace_id, title=title, arguments=arguments, total=total, name=name)
    job.counts = counts or {}
    now = timezone.now()
    job.state, job.result, job.done = Job.State.DONE, result, total
    job.started = job.finished = now
    job.save(force_insert=True)
    return job


def _row(*, kind: str, workspace_id: int | None, title: str, arguments: dict[str, Any], total: int, name: str) -> Job:
    context, actor = current_context(), current_actor()
    return Job(
        id=uuid.uuid4(),
        kind=kind,
        workspace_id=workspace_id,
        name=name,
        title=title[:200],
        actor=freeze_actor(actor),
        user_id=actor.person.user_id if actor.person else None,
        request_id=context.request_id,
        surface=int(context.surface),
        arguments={**arguments, "_ip": context.ip, "_user_agent": context.user_agent},
        total=total,
    )


def stale() -> list[str]:
    """Return the ids of jobs whose wake-up or worker was lost."""
    now = timezone.now()
    lost = Q(state=Job.State.QUEUED, created__lt=now - WAITING) | Q(state=Job.State.RUNNING, beat__lt=now - SILENCE)
    return [str(pk) for pk in Job.objects.filter(lost).order_by("created").values_list("pk", flat=True)[:100]]


def run(job_id: str) -> None:
    """Claim a job and do its steps to the end. Does nothing when another worker holds it.

    Args:
        job_id: id of the `Job`.
    """
    job = _claim(job_id)
    if job is None:
        return
    actor = revive_actor(job.actor)
    with acting_as(
        actor,
        surface=Surface(job.surface),
        request_id=job.request_id,
        ip=job.arguments.get("_ip"),
        user_agent=job.arguments.get("_user_agent", ""),
    ):
        _work(job)


# untold: the state of a job
def _claim(job_id: str) -> Job | None:
    now = timezone.now()
    free = Q(state=Job.State.QUEUED) | Q(state=Job.State.RUNNING, beat__lt=now - SILENCE)
    attempt = Job.objects.filter(free, pk=job_id, fruitless__lt=MOST_ATTEMPTS)
    job = attempt.first()
    if job is None:
        _give_up(job_id)
        return None
    claimed = attempt.filter(attempts=job.attempts).update(
        state=Job.State.RUNNING,
        beat=now,
        started=job.started or now,
        attempts=job.attempts + 1,
        fruitless=job.fruitless + 1,
    )
    return Job.objects.get(pk=job_id) if claimed else None


def _give_up(job_id: str) -> None:
    tired = Job.objects.filter(
        pk=job_id, state=Job.State.RUNNING, fruitless__gte=MOST_ATTEMPTS, beat__lt=timezone.now() - SILENCE
    )
    text = _("Given up after %(most)s attempts that got no further; what was done until then stays done.")
    _end(tired, text % {"most": MOST_ATTEMPTS})


# untold: the state of a job; `when_failed` tells what there is to tell
def _end(running: QuerySet[Job], message: str) -> None:
    """Note that a job that runs has failed, once, and tell whoever wants to know."""
    with transaction.atomic():
        job = running.select_for_update(of=("self",)).first()
        if job is None:
            return
        job.state, job.error, job.finished = Job.State.FAILED, message[:500], timezone.now()
        job.save(update_fields=["state", "error", "finished"])
        if job.kind in _failed:
            _failed[job.kind](job)


def _work(job: Job) -> None:
    step = _kinds.get(job.kind)
    if step is None:
        _fail(job, _("This version of the portal does not know jobs of kind %(kind)s.") % {"kind": job.kind})
        return
    asker = current_actor()
    prepare = _preparations.get(job.kind)
    more, tries = True, 0
    while more:
        actor = _reviver[0](asker) if _reviver else asker
        if actor is None:
            _fail(job, _("Whoever asked for this may not act any more. What was done until then stays done."))
            return
        try:
            with acting_within(actor):
                if prepare is not None:
                    step, prepare = partial(_prepared, step, prepare(job)), None
                more = _do_part(job, step)
            tries = 0
            if more and connection.vendor == "sqlite":
                time.sleep(BREATH)
        except DomainError as error:
            _fail(job, error.message)
            return
        except (OperationalError, InterfaceError) as error:
            # The database went away, or broke off a deadlock: that part is undone, and the row tells where it stood.
            tries += 1
            logger.warning("Job %s: the database refused (try %s): %s", job.pk, tries, error)
            connection.close()
            if tries >= TRIES:
                # It stays as it is; the sweep has it taken up again.
                return
            time.sleep(tries)
        except Exception:
            logger.exception("Job %s of kind %s failed", job.pk, job.kind)
            text = _("An error stopped it; quote %(id)s. What was done until then stays done.")
            _fail(job, text % {"id": job.request_id})
            return


def _prepared(step: JobStep, what: Any, job: Job) -> bool:
    return step(job, what)


# untold: the state of a job
def _do_part(job: Job, step: JobStep) -> bool:
    """Do the next part of a claimed job and note its progress, in one transaction. Returns whether there is more."""
    with transaction.atomic():
        # The row lock keeps a second worker out that took this one for dead.
        current = Job.objects.select_for_update().get(pk=job.pk)
        if current.state != Job.State.RUNNING or current.attempts != job.attempts:
            return False
        more = step(current)
        current.beat = timezone.now()
        current.fruitless = 0
        if not more:
            current.state, current.finished = Job.State.DONE, timezone.now()
        current.save(update_fields=NOTED)
    return more


def _fail(job: Job, message: str) -> None:
    _end(Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts), message)
