"""Questions to the seals, for pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from events.seals.models import SealCheck, SealCheckpoint, SealCosignature, SealLog, SealState
from events.seals.witnesses import configured

SHOWN: Final = 50
BEHIND: Final = timedelta(minutes=10)
"""A sealer that has not come to its end for this long stands still."""
CHECK_OVERDUE: Final = timedelta(hours=36)


@dataclass(frozen=True)
class WitnessLine:
    """A witness, and what it signed last of a log."""

    name: str
    key: str
    size: int | None
    moment: datetime | None


def log_of_seals(workspace_id: int) -> SealLog | None:
    """Return the sealed log of a workspace, `None` before its first event has a place."""
    return SealLog.objects.filter(workspace_id=workspace_id).first()


def newest_checkpoints(log: SealLog, count: int = SHOWN) -> list[SealCheckpoint]:
    """Return the newest checkpoints of a log, each with the number of its `witnesses`."""
    rows = SealCheckpoint.objects.filter(log=log).annotate(witnesses=Count("cosignatures"))
    return list(rows.order_by("-pk")[:count])


def witness_lines(log: SealLog) -> list[WitnessLine]:
    """Return the configured witnesses with what each signed last of a log. One query."""
    rows = SealCosignature.objects.filter(log=log).order_by("pk").values_list("witness", "size", "moment")
    last = {name: (size, moment) for name, size, moment in rows}
    return [
        WitnessLine(witness.key.name, str(witness.key), *last.get(witness.key.name, (None, None)))
        for witness in configured()
    ]


def last_check() -> SealCheck | None:
    """Return the last check of the whole log that came to its end."""
    return SealCheck.objects.filter(finished__isnull=False).order_by("-pk").first()


def seal_problems() -> list[tuple[str, str]]:
    """Return what staff should look at, each with its tone: "bad" or "warn". Three queries."""
    found: list[tuple[str, str]] = []
    check = last_check()
    if check is not None and check.found:
        first: dict[str, Any] = check.findings[0]
        text = _("The check of the log of %(when)s found %(count)s things. The first: %(text)s")
        when = f"{check.finished:%Y-%m-%d %H:%M} UTC"
        found.append((text % {"when": when, "count": check.found, "text": first["text"]}, "bad"))
    state = SealState.objects.first()
    now = timezone.now()
    if state is not None and state.problem:
        found.append((state.problem, "bad"))
    if state is not None and state.ran is not None and now - state.ran > BEHIND:
        text = _("Nothing has been sealed since %(when)s. Is a worker running, or a transaction open for long?")
        found.append((text % {"when": f"{state.ran:%Y-%m-%d %H:%M} UTC"}, "warn"))
    if check is not None and check.finished is not None and now - check.finished > CHECK_OVERDUE:
        text = _("The log was last checked whole at %(when)s.") % {"when": f"{check.finished:%Y-%m-%d %H:%M} UTC"}
        found.append((text, "warn"))
    for origin, workspace_id, problem in SealLog.objects.exclude(problem="").values_list(
        "origin", "workspace_id", "problem"
    )[:5]:
        found.append((f"{origin} ({_('workspace')} {workspace_id}): {problem}", "bad"))
    return found


def seals_are_good() -> bool:
    """Tell whether the last check found nothing and nothing keeps checkpoints from being signed. Three queries."""
    check = last_check()
    if check is not None and check.found:
        return False
    return not SealState.objects.exclude(problem="").exists() and not SealLog.objects.exclude(problem="").exists()
