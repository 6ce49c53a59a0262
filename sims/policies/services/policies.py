"""Service policies and coverage policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.changes import lines_of
from accounts.models import DataPlanBooking
from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.mobile_networks import ZONES
from sims import signals
from sims.bars import lift
from sims.models import CoverageBlockedOperator, CoverageExcludedZone, CoveragePolicy, Device, ServicePolicy
from sims.states import DeviceStatus

SERVICE_FIELDS = (
    "name",
    "description",
    "data",
    "sms_mo",
    "sms_mt",
    "allowed_2g",
    "allowed_3g",
    "allowed_4g",
    "allowed_5g",
    "allowed_nb_iot",
)
COVERAGE_FIELDS = ("name", "description", "data_plan_id")

P = TypeVar("P", ServicePolicy, CoveragePolicy)

_COLUMNS: Mapping[type[ServicePolicy] | type[CoveragePolicy], str] = {
    ServicePolicy: "service_policy",
    CoveragePolicy: "coverage_policy",
}
"""The device's column that refers to each kind."""


@retried
def create_service_policy(*, workspace_id: int, values: Mapping[str, Any]) -> ServicePolicy:
    """Make a service policy.

    Args:
        workspace_id: owner.
        values: by field name out of `SERVICE_FIELDS`; `name` is needed, unique in the workspace whatever its case.

    Raises:
        Forbidden: the actor may not change policies here.
        Invalid: an input is wrong; the error names the field.
    """
    return _create(ServicePolicy(workspace_id=workspace_id), SERVICE_FIELDS, values)


@retried
def create_coverage_policy(*, workspace_id: int, values: Mapping[str, Any]) -> CoveragePolicy:
    """Make a coverage policy with a data plan the workspace has booked.

    Args:
        workspace_id: owner.
        values: by field name out of `COVERAGE_FIELDS`; `name` and `data_plan_id` are needed.

    Raises: as `create_service_policy`.
    """
    return _create(CoveragePolicy(workspace_id=workspace_id), COVERAGE_FIELDS, values)


@retried
def update_service_policy(*, workspace_id: int, policy_id: int, values: Mapping[str, Any]) -> ServicePolicy:
    """Change a service policy; values that already hold write nothing. Raises: also NotFound."""
    return _update(ServicePolicy, workspace_id, policy_id, SERVICE_FIELDS, values)


@retried
def switch_service(*, workspace_id: int, policy_id: int, service: str, allowed: bool) -> ServicePolicy:
    """Allow or forbid one service of a service policy.

    Args:
        workspace_id: owner.
        policy_id: of the policy.
        service: `data`, `sms_mo` or `sms_mt`.
        allowed: what it shall be.

    Raises:
        Forbidden, NotFound: as above.
        Conflict: it is so already.
    """
    authorise(workspace_id, Permission.POLICY_UPDATE)
    with action():
        policy = _locked(ServicePolicy, workspace_id, policy_id)
        if getattr(policy, service) == allowed:
            said = _("This service is allowed already.") if allowed else _("This service is not allowed.")
            raise Conflict(said, code="duplicate" if allowed else "no_change")
        return update_service_policy(workspace_id=workspace_id, policy_id=policy_id, values={service: allowed})


@retried
def update_coverage_policy(*, workspace_id: int, policy_id: int, values: Mapping[str, Any]) -> CoveragePolicy:
    """Change a coverage policy; values that already hold write nothing. Raises: also NotFound."""
    return _update(CoveragePolicy, workspace_id, policy_id, COVERAGE_FIELDS, values)


@retried
def delete_service_policy(*, workspace_id: int, policy_id: int) -> None:
    """Delete a service policy no device uses.

    Raises:
        Forbidden, NotFound: as above.
        Conflict: devices use it.
    """
    _delete(ServicePolicy, workspace_id, policy_id)


@retried
def delete_coverage_policy(*, workspace_id: int, policy_id: int) -> None:
    """Delete a coverage policy no device uses. Raises: as `delete_service_policy`."""
    _delete(CoveragePolicy, workspace_id, policy_id)


def _create(policy: P, fields: tuple[str, ...], values: Mapping[str, Any]) -> P:
    authorise(policy.workspace_id, Permission.POLICY_UPDATE)
    with action():
        policy.created = current_context().now()
        for name, value in _known(type(policy), fields, values).items():
            setattr(policy, name, value)
        _validate(policy)
        policy.save()
        _state(policy, "created", {})
    return policy


def _update(model: type[P], workspace_id: int, policy_id: int, fields: tuple[str, ...], values: Mapping[str, Any]) -> P:
    authorise(workspace_id, Permission.POLICY_UPDATE)
    with action():
        policy = _locked(model, workspace_id, policy_id)
        changes: dict[str, dict[str, Any]] = {}
        for name, value in _known(model, fields, values).items():
            old = getattr(policy, name)
            if old != value:
                changes[name.removesuffix("_id")] = {"from": old, "to": value}
                setattr(policy, name, value)
        if changes:
            _validate(policy)
            if "data_plan" in changes:
                changes |= _drop_selections(policy)
            policy.save()
            _state(policy, "updated", changes)
    return policy


def _drop_selections(policy: ServicePolicy | CoveragePolicy) -> dict[str, dict[str, Any]]:
    """Let a policy with another data plan choose all of it: what was chosen of the old one means nothing there."""
    changes: dict[str, dict[str, Any]] = {}
    if isinstance(policy, ServicePolicy):
        return changes
    zones = CoverageExcludedZone.objects.filter(policy=policy)
    excluded = list(zones.values_list("zone", flat=True))
    if excluded:
        lift(zones)
        changes["excluded_zones"] = {"from": [ZONES[zone] for zone in excluded], "to": []}
    if not policy.uses_allowance:
        policy.uses_allowance = True
        changes["uses_allowance"] = {"from": False, "to": True}
    return changes


def _delete(model: type[P], workspace_id: int, policy_id: int) -> None:
    authorise(workspace_id, Permission.POLICY_UPDATE)
    with action():
        policy = _locked(model, workspace_id, policy_id)
        column = _COLUMNS[model]
        users = Device.objects.filter(**{column: policy}).exclude(status=DeviceStatus.DELETED).count()
        if users:
            raise Conflict(
                _("'%(name)s' is used by %(count)s device(s). Give them another policy first.")
                % {"name": policy.name, "count": users},
                code="in_use",
            )
        _state(policy, "deleted", {})
        if isinstance(policy, CoveragePolicy):
            lift(CoverageBlockedOperator.objects.filter(policy=policy))
            lift(CoverageExcludedZone.objects.filter(policy=policy))
        policy.delete()


def _locked(model: type[P], workspace_id: int, policy_id: int) -> P:
    found = model._default_manager.filter(workspace_id=workspace_id, pk=policy_id).select_for_update(of=("self",))
    policy = found.first()
    if policy is None:
        kind = capfirst(str(model._meta.verbose_name))
        raise NotFound(_("%(kind)s with Id '%(id)s' not found.") % {"kind": kind, "id": policy_id})
    return policy


def _known(
    model: type[ServicePolicy] | type[CoveragePolicy], fields: tuple[str, ...], values: Mapping[str, Any]
) -> dict[str, Any]:
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise Invalid(_("'%(field)s' is no property of a policy.") % {"field": unknown[0]}, field=unknown[0])
    return lines_of(model, values)


def _validate(policy: ServicePolicy | CoveragePolicy) -> None:
    if isinstance(policy, CoveragePolicy):
        # Locked, so that the plan is not taken away meanwhile.
        booked = DataPlanBooking.objects.select_for_update(of=("self",))
        if booked.filter(workspace_id=policy.workspace_id, data_plan_id=policy.data_plan_id).first() is None:
            raise Invalid(
                _("Data plan %(id)s is not booked by this workspace. Choose one of its own.")
                % {"id": policy.data_plan_id},
                code="invalid_reference",
                field="data_plan",
            )
    try:
        # The workspace stays in: without it Django would skip the constraint on the name.
        policy.full_clean(exclude=("data_plan",))
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field="name" if name == "__all__" else name) from error


def _state(policy: ServicePolicy | CoveragePolicy, what: str, changes: dict[str, dict[str, Any]]) -> None:
    signals.policy_changed.send(
        sender=type(policy),
        workspace_id=policy.workspace_id,
        kind="service" if isinstance(policy, ServicePolicy) else "coverage",
        what=what,
        policy_id=policy.pk,
        name=policy.name,
        changes=changes,
    )
