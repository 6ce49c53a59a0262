"""The nightly comparison of log and tables. A task may be lost or run twice: the next one goes on where it stands."""

from __future__ import annotations

from celery import shared_task

from events.replay import checks
from kit.context import SCHEDULE, acting_as

SECONDS = 20.0
"""After this time a task ends, so that the worker has time for others; the next turn goes on."""


@shared_task(name="events.replay_log")
def replay_log() -> None:
    """Go on with the comparison, or begin one when a day has gone by since the last."""
    with acting_as(SCHEDULE):
        checks.go_on(seconds=SECONDS)
