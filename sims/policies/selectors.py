"""Questions of the policy pages. Nothing here changes anything."""

from __future__ import annotations

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from sims.models import CoveragePolicy, Device, ServicePolicy


def _devices_of_policy(field: str) -> Coalesce:
    """Return the number of devices of a policy, counted by the index; deleted devices hold none."""
    own = Device.objects.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Coalesce(Subquery(own.annotate(n=Count("*")).values("n")), 0)


def service_policies(workspace_id: int) -> QuerySet[ServicePolicy]:
    """Return the service policies of a workspace, each with `device_count`. One query."""
    return ServicePolicy.objects.of(workspace_id).annotate(device_count=_devices_of_policy("service_policy"))


def coverage_policies(workspace_id: int) -> QuerySet[CoveragePolicy]:
    """Return the coverage policies of a workspace with data plan and what they leave out, each with `device_count`.

    Three queries.
    """
    policies = CoveragePolicy.objects.of(workspace_id).select_related("data_plan")
    policies = policies.prefetch_related("excluded_zones", "blocked_operators")
    return policies.annotate(device_count=_devices_of_policy("coverage_policy"))
