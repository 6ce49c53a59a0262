"""The comparison of log and tables, workspace by workspace and in pieces.

A check is a row, `ReplayCheck`, that says where the next piece begins, so it can be killed and goes on.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Workspace
from accounts.selectors import operator_workspace_id
from events.handlers.pending import pending
from events.models import ReplayCheck
from events.replay.compare import PIECES, Result, one_moment
from events.writer import log
from kit import pieces
from kit.action import action

logger = logging.getLogger(__name__)

EVERY: Final = timedelta(hours=24)
KEPT: Final = 200
"""Differences that a check keeps; beyond them it counts."""
TOLD: Final = 20
"""Differences that an event names."""
_ORDER: Final = tuple(PIECES)
_CHANGED: Final = ("step", "position", "objects_compared", "untold", "broken", "found", "findings", "finished")


def begin(*, workspace_id: int | None = None) -> ReplayCheck:
    """Return a check that has not begun, not stored yet.

    Args:
        workspace_id: compare this workspace alone.
    """
    check = ReplayCheck(started=timezone.now(), only_id=workspace_id)
    first = _workspaces(check).first()
    check.position = {"workspace": first, "piece": _ORDER[0], "after": 0}
    return check


def _workspaces(check: ReplayCheck) -> QuerySet[Workspace, int]:
    found = Workspace.objects.order_by("pk").values_list("pk", flat=True)
    return found if check.only_id is None else found.filter(pk=check.only_id)


def step(check: ReplayCheck) -> Result:
    """Do the next piece of a check, in memory; the check is `finished` with the last one.

    Returns:
        What this piece found.
    """
    position = check.position
    with one_moment():
        result, after = PIECES[position["piece"]](position["workspace"], position["after"])
    check.position = _next(check, after)
    check.step += 1
    check.objects_compared += result.objects
    check.untold += result.untold
    check.broken += len(result.breaks)
    check.found += len(result.differences)
    room = max(0, KEPT - len(check.findings))
    kept = [{"key": each.key, "text": each.sentence} for each in result.differences[:room]]
    check.findings = [*check.findings, *kept]
    if not check.position:
        check.finished = timezone.now()
    return result


def _next(check: ReplayCheck, after: int | None) -> dict[str, Any]:
    """Return where the next piece begins; nothing after the last one."""
    position = check.position
    if after is not None:
        return {**position, "after": after}
    rest = _ORDER[_ORDER.index(position["piece"]) + 1 :]
    if rest:
        return {**position, "piece": rest[0], "after": 0}
    workspace = _workspaces(check).filter(pk__gt=position["workspace"]).first()
    return {} if workspace is None else {"workspace": workspace, "piece": _ORDER[0], "after": 0}


def go_on(*, seconds: float) -> ReplayCheck | None:
    """Go on with the open check by a piece or more, or begin one when it is due; `None` when it is not.

    Differences that the check before did not find are an event for staff (10087), once; so is that there are none any
    more (10088).

    Args:
        seconds: begin no further piece after this time.
    """
    last = ReplayCheck.objects.order_by("-pk").first()
    return pieces.go_on(last, begin=begin, step=_step, store=_store, every=EVERY, seconds=seconds)


def _step(check: ReplayCheck) -> bool:
    step(check)
    return bool(check.position)


def _store(check: ReplayCheck, before: int, more: bool) -> bool:
    with action():
        kept = pieces.stored(check, before, _CHANGED)
        if kept and not more:
            _tell(check)
    return kept


def _tell(check: ReplayCheck) -> None:
    """Tell staff what is new since the check before."""
    earlier = ReplayCheck.objects.filter(finished__isnull=False, pk__lt=check.pk).order_by("-pk").first()
    known = {finding["key"] for finding in earlier.findings} if earlier else set()
    fresh = [finding["text"] for finding in check.findings if finding["key"] not in known]
    if fresh:
        logger.error("Log and tables differ: %s", fresh[0])
        detail = {"check": check.pk, "found": check.found, "new": fresh[:TOLD]}
        log([pending(10087, operator_workspace_id(), count=len(fresh))._replace(detail=detail)])
    elif known and not check.found:
        log([pending(10088, operator_workspace_id())._replace(detail={"check": check.pk})])
