"""The policies that a workspace begins with, so that its first device can be created at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import DataPlan, Workspace
from kit.context import SYSTEM, acting_within
from sims.models import CoveragePolicy, Device, ServicePolicy
from sims.policies.services.policies import create_coverage_policy, create_service_policy, update_coverage_policy
from sims.states import DeviceStatus

SERVICES: Final = {
    "data": True,
    "sms_mo": True,
    "sms_mt": True,
    "allowed_2g": True,
    "allowed_3g": True,
    "allowed_4g": True,
    "allowed_5g": True,
    "allowed_nb_iot": True,
}
"""What the first service policy allows: everything, which the customer narrows when it knows its devices."""


def create_first_policies(*, workspace: Workspace) -> None:
    """Make a service policy, and with a booked data plan a coverage policy, where there is none (10005 and 10008).

    The portal does it itself, whoever makes the workspace: the right to make one is not the right to change policies.

    Args:
        workspace: that was just made; the operator's own has no devices.
    """
    if workspace.type == Workspace.Type.OPERATOR:
        return
    with acting_within(SYSTEM):
        if not ServicePolicy.objects.of(workspace.pk).exists():
            values = {"name": _("Standard service"), "description": _("All services, on all generations."), **SERVICES}
            create_service_policy(workspace_id=workspace.pk, values=values)
        plan = workspace.data_plans.order_by("monthly_rate", "pk").first()
        if plan is not None:
            _create_coverage(workspace.pk, plan)


def cover_first_plan(*, workspace_id: int, plan: DataPlan) -> None:
    """Make a coverage policy of the first data plan that a workspace books; one with policies or devices has its own.

    Args:
        workspace_id: which workspace.
        plan: the plan that was booked.
    """
    new = ServicePolicy.objects.of(workspace_id).exists() and not Device.objects.of(workspace_id).exists()
    if new and not CoveragePolicy.objects.of(workspace_id).exists():
        with acting_within(SYSTEM):
            _create_coverage(workspace_id, plan)


def follow_plan(*, workspace_id: int, removed: Sequence[DataPlan], plan: DataPlan) -> None:
    """Give coverage policies that no device uses another data plan in place of one that goes (10009).

    So a workspace whose currency is changed before it has devices keeps the policies that it began with.

    Args:
        workspace_id: which workspace.
        removed: the plans that go.
        plan: the one that comes.
    """
    unused = (
        CoveragePolicy.objects.of(workspace_id)
        .filter(data_plan__in=removed)
        .exclude(Exists(Device.objects.filter(coverage_policy=OuterRef("pk")).exclude(status=DeviceStatus.DELETED)))
    )
    with acting_within(SYSTEM):
        for policy_id in list(unused.order_by("pk").values_list("pk", flat=True)):
            update_coverage_policy(workspace_id=workspace_id, policy_id=policy_id, values={"data_plan_id": plan.pk})


def _create_coverage(workspace_id: int, plan: DataPlan) -> None:
    values = {
        "name": _("Standard coverage"),
        "description": _("All zones and networks of the data plan."),
        "data_plan_id": plan.pk,
    }
    create_coverage_policy(workspace_id=workspace_id, values=values)
