"""What a change of a package or of the limits of factory test would do to the SIMs in test. Nothing is changed here."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import PlatformPackage, Workspace
from sims.models import Sim
from sims.states import SimStatus


def tests_ended(before: Workspace, after: Workspace, now: datetime) -> QuerySet[Sim]:
    """Return the SIMs whose factory test ends when a workspace becomes another one, in id order.

    Those whose test is over anyway, and only waits for the next check, are none of them.

    Args:
        before: the workspace as it is, with its package.
        after: as it would be.
        now: the moment of the change.
    """
    testing = Sim.objects.of(before.pk).filter(status=SimStatus.FACTORY_TEST).order_by("pk")
    if not before.factory_test_allowed:
        return testing.none()
    ongoing = testing.exclude(_over(before, now))
    return ongoing.filter(_over(after, now)) if after.factory_test_allowed else ongoing


def _over(workspace: Workspace, now: datetime) -> Q:
    return (
        Q(tested_bytes__gte=workspace.factory_test_bytes)
        | Q(tested_sms__gte=workspace.factory_test_sms)
        | Q(factory_test_since__lte=now - timedelta(days=workspace.factory_test_days))
    )


def tests_ended_by(before: PlatformPackage, after: PlatformPackage) -> QuerySet[Sim]:
    """Return the SIMs whose factory test ends when a package becomes another one, of all its workspaces."""
    testing = Sim.objects.filter(
        status=SimStatus.FACTORY_TEST, workspace__package_id=before.pk, workspace__factory_test_override=None
    ).order_by("pk")
    return testing if before.factory_test_allowed and not after.factory_test_allowed else testing.none()
