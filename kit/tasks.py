"""Wake-ups for jobs: the row is the work, a task that gets lost loses nothing."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from kit import jobs, mail
from kit.api import idempotency
from kit.filter_values import KEEPERS
from kit.models import CallCounter, SavedFilter

FILTER_LIFE = timedelta(days=400)
"""How long saved filters are kept: as long as events, so that shared links to a filtered log work."""


@shared_task(name="kit.run_job")
def run_job(job_id: str) -> None:
    """Run one job if nobody else has claimed it.

    Args:
        job_id: id of the `Job`.
    """
    jobs.run(job_id)


@shared_task(name="kit.sweep_jobs")
def sweep_jobs() -> None:
    """Run again what was queued and never started, or whose worker gave no sign of life."""
    for job_id in jobs.stale():
        jobs.wake(job_id)


@shared_task(name="kit.send_mail")
def send_mail(mail_id: int) -> None:
    """Send one mail if nobody else is at it.

    Args:
        mail_id: id of the `OutgoingMail`.
    """
    mail.send(mail_id)


@shared_task(name="kit.sweep_mails")
def sweep_mails() -> None:
    """Send what waits for its next attempt, and what was never tried because its wake-up got lost."""
    for mail_id in mail.due():
        mail.send(mail_id)
    mail.drop_old()


@shared_task(name="kit.sweep_filters")
def sweep_filters() -> None:
    """Forget lists of filter values that nobody can have open any more, counters and answers whose time is over."""
    idempotency.forget()
    CallCounter.objects.filter(until__lt=timezone.now()).delete()
    needed = set().union(*(keeper() for keeper in KEEPERS))
    SavedFilter.objects.filter(created_at__lt=timezone.now() - FILTER_LIFE).exclude(token__in=needed).delete()
