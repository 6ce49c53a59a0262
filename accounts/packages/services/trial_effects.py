"""What a change of a package does to the trials of the workspaces that have it (`docs/rules.md` section 16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import ngettext

from accounts.models import PlatformPackage, Workspace
from accounts.packages.effects import Effect
from kit.context import current_context
from kit.rendering import number

NAMED: Final = 3
"""Workspaces that are named."""


def trial_effects(before: PlatformPackage, after: PlatformPackage) -> Iterator[Effect]:
    """Say which trials end at once, and which open again, when a package becomes another one. Four queries at most."""
    now = current_context().now()
    over, was_over = _over(after, now), _over(before, now)
    ended = over.exclude(pk__in=was_over.values("pk")).order_by("name", "pk")
    count = ended.count()
    if count:
        text = ngettext(
            "The trial of %(n)s workspace ends at once: no SIM is activated and no data plan booked there until an "
            "upgrade. First: %(names)s.",
            "The trials of %(n)s workspaces end at once: no SIM is activated and no data plan booked there until an "
            "upgrade. First: %(names)s.",
            count,
        )
        named = ", ".join(f"{name} (ID {pk})" for pk, name in ended.values_list("pk", "name")[:NAMED])
        yield Effect(text % {"n": number(count), "names": named}, closed=count)
    opened = was_over.exclude(pk__in=over.values("pk")).count()
    if opened:
        text = ngettext(
            "The trial of %(n)s workspace, which has ended, goes on.",
            "The trials of %(n)s workspaces, which have ended, go on.",
            opened,
        )
        yield Effect(text % {"n": number(opened)})


def _over(package: PlatformPackage, now: datetime) -> QuerySet[Workspace]:
    """Return the workspaces of a package whose trial is over, were the package so."""
    if not (package.evaluation and package.trial_days):
        return Workspace.objects.none()
    days = timedelta(days=package.trial_days)
    customers = Workspace.objects.exclude(type=Workspace.Type.OPERATOR)
    return customers.filter(package=package.pk, package_since__lte=now - days)
