"""Questions to the comparisons of log and tables, for pages and probes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import ReplayCheck

OVERDUE: Final = timedelta(hours=36)


def last_comparison() -> ReplayCheck | None:
    """Return the last comparison over all workspaces that came to its end."""
    return ReplayCheck.objects.filter(finished__isnull=False).order_by("-pk").first()


def replay_problems() -> list[tuple[str, str]]:
    """Return what staff should look at, each with its tone: "bad" or "warn". One query."""
    check = last_comparison()
    if check is None or check.finished is None:
        return []
    found: list[tuple[str, str]] = []
    when = f"{check.finished:%Y-%m-%d %H:%M} UTC"
    if check.found:
        text = _("Log and tables differ in %(count)s places (%(when)s). The first: %(text)s Run: manage.py replay_log")
        found.append((text % {"when": when, "count": check.found, "text": check.findings[0]["text"]}, "bad"))
    if timezone.now() - check.finished > OVERDUE:
        found.append((_("Log and tables were last compared %(when)s.") % {"when": when}, "warn"))
    return found


def tables_agree() -> bool:
    """Tell whether the last comparison found no difference. One query."""
    check = last_comparison()
    return check is None or not check.found
