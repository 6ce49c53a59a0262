"""Work on the seals that nobody waits for. Each task may be lost or run twice: the next one goes on where it stands."""

from __future__ import annotations

from celery import shared_task

from events.seals import checkpoints, mails, verify, witnesses
from events.seals.services import seal_now
from kit.context import SCHEDULE, acting_as

SECONDS = 20.0
"""After this time a task ends, so that the worker has time for others; the next turn goes on."""


@shared_task(name="events.seal_log")
def seal_log() -> None:
    """Give what was written since the last turn its place, and sign it."""
    seal_now(seconds=SECONDS)


@shared_task(name="events.ask_witnesses")
def ask_witnesses() -> None:
    """Have each witness sign the newest checkpoints."""
    for witness in witnesses.configured():
        witnesses.ask(witness)


@shared_task(name="events.mail_seals")
def mail_seals() -> None:
    """Mail the newest checkpoint to whom the workspaces name, once a day."""
    with acting_as(SCHEDULE):
        mails.send_due()


@shared_task(name="events.verify_log")
def verify_log() -> None:
    """Go on with the check of the whole log, or begin one when a day has gone by since the last."""
    verify.go_on(seconds=SECONDS)


@shared_task(name="events.thin_checkpoints")
def thin_checkpoints() -> None:
    """Keep one checkpoint an hour of what is older than a week."""
    checkpoints.thin()
