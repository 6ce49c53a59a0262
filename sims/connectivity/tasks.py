"""What is done of itself with the network's reports."""

from __future__ import annotations

from celery import shared_task

from sims.connectivity.services import reports


@shared_task(name="sims.forget_reports")
def forget_reports() -> int:
    """Forget ids of reports that can't come again."""
    return reports.forget_reports()
