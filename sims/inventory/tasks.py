"""Celery's part in imports: a sweep that removes what nobody goes on with."""

from __future__ import annotations

from celery import shared_task

from kit.context import acting_as
from sims.inventory.services.imports import SWEEP, sweep_imports


@shared_task(name="sims.sweep_imports")
def sweep_lost_imports() -> int:
    """Undo imports whose job has ended before them.

    Returns:
        How many there were.
    """
    with acting_as(SWEEP):
        return sweep_imports()
