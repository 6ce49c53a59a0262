"""Work about packages that nobody waits for."""

from __future__ import annotations

from celery import shared_task

from accounts.packages.services.trials import settle_trials
from kit.context import SCHEDULE, acting_as


@shared_task(name="accounts.settle_trials")
def tell_trials() -> int:
    """Tell that trials end soon, or have ended."""
    with acting_as(SCHEDULE):
        return settle_trials()
