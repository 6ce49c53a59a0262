"""The check of the live log, in pieces: every row against its seal, every seal against checkpoints, here and outside.

A check is a row, `SealCheck`, that says where the next piece begins, so it can be killed and goes on. What is wrong is
said in one sentence each: which event, what was done to it, and between which times.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.utils import timezone

from events.seals.models import SealCheck
from events.seals.verify_logs import check_log_piece, check_unlogged
from events.seals.verify_objects import check_objects
from events.seals.verify_outside import check_outside, check_persons
from events.seals.verify_report import Report
from kit import pieces

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=24)
KEPT_FINDINGS: Final = 200
"""Sentences that a check keeps; beyond them it counts."""

Stage = Callable[[Report], bool]
"""Does a piece, and returns whether the stage is done."""

STAGES: Final[dict[str, Stage]] = {
    "logs": check_log_piece,
    "unlogged": check_unlogged,
    "persons": check_persons,
    "objects": check_objects,
    "outside": check_outside,
}
_ORDER: Final = tuple(STAGES)


def begin(*, workspace_id: int | None = None) -> SealCheck:
    """Return a check that has not begun, not stored yet.

    Args:
        workspace_id: look at this workspace's log alone.
    """
    last_good = SealCheck.objects.filter(finished__isnull=False, found=0).order_by("-pk").first()
    position = {
        "stage": _ORDER[0],
        "workspace": workspace_id,
        "since": last_good.started.isoformat() if last_good else None,
    }
    return SealCheck(started=timezone.now(), position=position)


def step(check: SealCheck) -> bool:
    """Do the next piece of a check, in memory; returns whether there is more."""
    stage = check.position["stage"]
    report = Report(check.position)
    done = STAGES[stage](report)
    check.position = report.position
    check.checked += report.checked
    check.found += len(report.findings)
    room = max(0, KEPT_FINDINGS - len(check.findings))
    check.findings = [*check.findings, *(finding._asdict() for finding in report.findings[:room])]
    check.step += 1
    if done:
        rest = _ORDER[_ORDER.index(stage) + 1 :]
        if not rest or (check.position["workspace"] is not None and stage == "logs"):
            check.finished = timezone.now()
            return False
        check.position = {
            "stage": rest[0],
            "workspace": check.position["workspace"],
            "since": check.position["since"],
        }
    return True


def go_on(*, seconds: float) -> SealCheck | None:
    """Go on with the open check by a piece or more, or begin one when it is due; `None` when it is not.

    Args:
        seconds: begin no further piece after this time.
    """
    last = SealCheck.objects.order_by("-pk").first()
    check = pieces.go_on(last, begin=begin, step=step, store=_store, every=EVERY, seconds=seconds)
    if check is not None and check.finished and check.found:
        logger.error("The check of the log found %s things: %s", check.found, check.findings[0]["text"])
    return check


def _store(check: SealCheck, before: int, more: bool) -> bool:
    return pieces.stored(check, before, ("step", "position", "checked", "found", "findings", "finished"))
