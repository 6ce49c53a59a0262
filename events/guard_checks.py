"""Looks at the guards of the log now and then, and keeps what was found for the probe and the staff's overview."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import GuardCheck
from events.trigger_state import missing_tables, trigger_problems

logger = logging.getLogger(__name__)

OVERDUE: Final = timedelta(hours=1)
"""The guards are looked at every ten minutes; after this long nobody does it any more."""
_ROW: Final = 1


def look_at_guards() -> list[str]:
    """Look whether the triggers stand as they were written, keep the answer, and return what is wrong."""
    problems = missing_tables() or trigger_problems()
    GuardCheck.objects.update_or_create(pk=_ROW, defaults={"checked": timezone.now(), "problems": problems})
    for problem in problems:
        logger.error("The log could be changed. %s Run: manage.py guard_log", problem)
    return problems


@shared_task(name="events.look_at_guards")
def look_at_guards_now() -> None:
    """Look at the guards; every ten minutes."""
    look_at_guards()


def guard_problems() -> list[tuple[str, str]]:
    """Return what staff should know of the guards, each with its tone: "bad" or "warn". One query."""
    last = GuardCheck.objects.filter(pk=_ROW).first()
    if last is None:
        return []
    when = f"{last.checked:%Y-%m-%d %H:%M} UTC"
    found = [
        (
            _("The log could be changed (%(when)s): %(text)s Run: manage.py guard_log") % {"when": when, "text": text},
            "bad",
        )
        for text in last.problems
    ]
    if timezone.now() - last.checked > OVERDUE:
        found.append((_("The guards of the log were last looked at %(when)s.") % {"when": when}, "warn"))
    return found


def guards_are_good() -> bool:
    """Tell whether the last look found nothing wrong. One query."""
    last = GuardCheck.objects.filter(pk=_ROW).first()
    return last is None or not last.problems
