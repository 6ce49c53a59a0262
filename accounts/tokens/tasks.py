"""Celery's part in application tokens: those whose date is over."""

from __future__ import annotations

from celery import shared_task

from accounts.tokens.services import end_expired_tokens
from kit.context import SCHEDULE, acting_as


@shared_task(name="accounts.end_expired_tokens")
def sweep_expired_tokens() -> int:
    """End application tokens whose date is over. Returns how many."""
    with acting_as(SCHEDULE):
        return end_expired_tokens()
