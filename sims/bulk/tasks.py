"""Celery's part in scheduled actions: a regular look for those whose moment has come."""

from __future__ import annotations

from celery import shared_task

from sims.bulk.schedule import begin_due


@shared_task(name="sims.begin_scheduled")
def begin_scheduled() -> int:
    """Begin what is due. Returns how many."""
    return begin_due()
