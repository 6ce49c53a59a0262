"""Work of the accounts app that nobody waits for."""

from __future__ import annotations

from celery import shared_task

from accounts.support.services import end_overdue
from kit.context import SCHEDULE, acting_as


@shared_task(name="accounts.end_support_access")
def end_support_access() -> int:
    """End support access whose time is over."""
    with acting_as(SCHEDULE):
        return end_overdue()
