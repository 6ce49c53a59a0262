"""Celery's part in signing in: what need not be remembered any more."""

from __future__ import annotations

from celery import shared_task

from accounts.sign_in.authentication import forget_unknown_addresses
from kit.context import SCHEDULE, acting_as


@shared_task(name="accounts.forget_unknown_addresses")
def sweep_unknown_addresses() -> int:
    """Forget failures of addresses without an account. Returns how many."""
    with acting_as(SCHEDULE):
        return forget_unknown_addresses()
