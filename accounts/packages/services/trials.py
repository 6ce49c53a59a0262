"""Telling that a trial ends: 7 days and 1 day before, and at its end (`docs/rules.md` section 16).

What the end closes does not wait for this: services ask for the moment itself (`accounts.trials`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from accounts import mails, signals
from accounts.models import PlatformPackage, TrialNotice, Workspace
from accounts.selectors import administrators_mailed
from accounts.trials import NOTICES
from kit.action import action, retried
from kit.billing import day_text
from kit.context import Actor, ActorKind, acting_within, current_context
from kit.querysets import CHUNK

MILLIONTHS_OF_A_CENT: Final = 10_000
CHECK: Final = Actor(kind=ActorKind.SCHEDULE, id=0, label="Trial check", everywhere=True)
"""Who tells that trials end."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A workspace whose trial has something to be told."""

    workspace: Workspace
    ends: datetime
    days_left: int


def settle_trials() -> int:
    """Tell what has come due of all trials: events, and mails to those who can upgrade. Acts as the schedule.

    Returns:
        How many were told.
    """
    with acting_within(CHECK):
        ids = [due.workspace.pk for due in _due(_candidates(current_context().now()))]
        return sum(_tell(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


def _candidates(now: datetime) -> list[Workspace]:
    """Return the workspaces with a trial that ends soon or has ended, unless its end was told. Two queries."""
    told = TrialNotice.objects.filter(
        workspace=OuterRef("pk"),
        since=OuterRef("package_since"),
        trial_days=OuterRef("package__trial_days"),
        days_left=0,
    )
    trials = PlatformPackage.objects.filter(evaluation=True, trial_days__gt=0)
    soon = Q(pk__in=())
    for days in trials.order_by().values_list("trial_days", flat=True).distinct():
        soon |= Q(package__trial_days=days, package_since__lte=now - timedelta(days=days - max(NOTICES)))
    found = Workspace.objects.select_related("package").filter(soon, ~Exists(told), package__evaluation=True)
    return list(found.order_by("pk"))


def _due(workspaces: Sequence[Workspace]) -> list[_Due]:
    """Return what is to be told of workspaces, which has not been yet. One query."""
    now = current_context().now()
    known: dict[tuple[int, datetime, int], int] = {}
    for notice in TrialNotice.objects.filter(workspace__in=workspaces):
        key = notice.workspace_id, notice.since, notice.trial_days
        known[key] = min(notice.days_left, known.get(key, notice.days_left))
    found = []
    for workspace in workspaces:
        ends = workspace.trial_ends
        if ends is None:
            continue
        left = next((days for days in NOTICES if ends - timedelta(days=days) <= now), None)
        before = known.get((workspace.pk, workspace.package_since, workspace.package.trial_days))
        if left is not None and (before is None or left < before):
            found.append(_Due(workspace, ends, left))
    return found


@retried
def end_by_credit(used: Mapping[int, int]) -> int:
    """End the trials whose prepaid credit is used up: event 12 and a mail, once each. Acts as the schedule.

    Args:
        used: what traffic has cost since the trial was assigned, in millionths of the currency, by workspace id.

    Returns:
        How many trials ended.
    """
    with acting_within(CHECK), action():
        now = current_context().now()
        rows = Workspace.objects.select_for_update().filter(pk__in=used, credit_ended=None)
        over = [
            workspace
            for workspace in rows.prefetch_related("package").order_by("pk")
            if 0 < workspace.prepaid_credit_cents * MILLIONTHS_OF_A_CENT <= used[workspace.pk]
            and not workspace.trial_over(now)
        ]
        for workspace in over:
            workspace.credit_ended = now
        Workspace.objects.bulk_update(over, ["credit_ended"])
        return _write(_due(over))


def reopen_credit(workspace: Workspace) -> list[str]:
    """Let a locked workspace go on with another credit, until the next check; return the fields that change."""
    TrialNotice.objects.filter(workspace=workspace, days_left=0).delete()
    if workspace.credit_ended is None:
        return []
    workspace.credit_ended = None
    return ["credit_ended"]


@retried
def _tell(ids: Sequence[int]) -> int:
    with action():
        # The workspace decides, under its lock: whoever comes second finds the notice of the first.
        # Packages are read after it, so that they are as they were when the lock was had.
        rows = Workspace.objects.select_for_update().filter(pk__in=ids).prefetch_related("package")
        return _write(_due(list(rows.order_by("pk"))))


def _write(due: Sequence[_Due]) -> int:
    """Note what is told of locked workspaces, tell it, and write to those who can upgrade."""
    if due:
        TrialNotice.objects.bulk_create(
            TrialNotice(
                workspace=each.workspace,
                since=each.workspace.package_since,
                trial_days=each.workspace.package.trial_days,
                days_left=each.days_left,
            )
            for each in due
        )
        for each in due:
            signals.trial_told.send(
                sender=Workspace, workspace=each.workspace, ends=each.ends, days_left=each.days_left
            )
        _mail(due)
    return len(due)


def _mail(due: Sequence[_Due]) -> None:
    """Write to those who can upgrade. Three queries, and those of the mails."""
    receivers = administrators_mailed(each.workspace for each in due)
    for each in due:
        context = {
            "workspace": each.workspace,
            "package": each.workspace.package,
            "day": day_text(each.ends),
        }
        for address in receivers[each.workspace.pk]:
            mails.send_later("trial_over" if each.days_left == 0 else "trial_ends", address, context)
