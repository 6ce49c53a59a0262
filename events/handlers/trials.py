"""The end of trials, as rows of the log (`docs/rules.md` section 16)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.dispatch import receiver
from django.utils import translation

from accounts import signals
from accounts.models import Workspace
from events.handlers.pending import pending
from events.writer import log
from kit.billing import day_text
from kit.clock import iso_moment


@receiver(signals.trial_told)
def on_trial_told(*, workspace: Workspace, ends: datetime, days_left: int, **_kwargs: Any) -> None:
    """Log that a trial has ended (12), or ends soon (10095)."""
    package = workspace.package
    by_credit = days_left == 0 and workspace.credit_ended is not None and ends == workspace.credit_ended
    if days_left == 0:
        entry = pending(12, workspace.pk, "prepaid_balance" if by_credit else "trial_over")
    else:
        with translation.override("en"):
            entry = pending(10095, workspace.pk, name=package.name, day=day_text(ends))
    trial = {
        "package": {"id": package.pk, "name": package.name},
        "start_date": iso_moment(workspace.package_since),
        "end_date": iso_moment(ends),
    }
    if by_credit:
        # It is stored with the workspace, unlike the end by days, which follows from the package.
        entry = entry._replace(covers={"workspace": [workspace.pk]})
    log([entry._replace(detail={"trial": trial})])
