"""The policies of many devices at once: each device gets the same (`docs/rules.md` section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.errors import Invalid
from kit.outcomes import Outcome, not_found
from sims.devices.services.devices import update_devices
from sims.devices.services.values import Cleaner
from sims.locking import chunks
from sims.models import CoveragePolicy, Device
from sims.states import DeviceStatus


@retried
def change_policies(
    *,
    workspace_id: int,
    device_ids: Sequence[int],
    service_policy_id: int | None = None,
    coverage_policy_id: int | None = None,
) -> Outcome:
    """Give devices other policies; each device that gets one leaves the event of any update.

    Args:
        workspace_id: owner of devices and policies.
        device_ids: which devices.
        service_policy_id, coverage_policy_id: the policies; `None` leaves what each device has.

    Raises:
        Forbidden: the actor may not change devices here.
        Invalid: no policy is given.
        NotFound: the workspace has no such policy; nothing was changed.
    """
    values = _wanted(workspace_id, service_policy_id, coverage_policy_id)
    if not values:
        raise Invalid(_("Choose a service policy, a coverage policy or both."), code="required", field="service_policy")
    with action():
        # Asked for the whole request, so that a policy that is gone is one error and no refusal of each device.
        Cleaner(workspace_id, [values])(values)
        return update_devices(workspace_id=workspace_id, changes=dict.fromkeys(device_ids, values))


def preview_policies(
    *,
    workspace_id: int,
    device_ids: Sequence[int],
    service_policy_id: int | None = None,
    coverage_policy_id: int | None = None,
) -> Outcome:
    """Tell what `change_policies` would do. Changes nothing. Args and errors as there; nothing chosen is no error."""
    values = _wanted(workspace_id, service_policy_id, coverage_policy_id)
    Cleaner(workspace_id, [values])(values)
    outcome = Outcome()
    connected = 0
    for ids in chunks(device_ids):
        devices = Device.objects.of(workspace_id).filter(pk__in=ids).exclude(status=DeviceStatus.DELETED)
        found = {pk: held for pk, *held in devices.order_by("pk").values_list("pk", "sim", "status", *values)}
        for pk, (sim, status, *policies) in found.items():
            if values and policies == list(values.values()):
                outcome.unchanged.append(pk)
                continue
            outcome.changed.append(pk)
            connected += sim is not None and status == DeviceStatus.ENABLED
        outcome.refused += not_found([pk for pk in ids if pk not in found], "Device")
    if values and outcome.changed:
        outcome.notes += _notes(workspace_id, coverage_policy_id, connected)
    return outcome


def _wanted(workspace_id: int, service_policy_id: int | None, coverage_policy_id: int | None) -> dict[str, Any]:
    """Return the values that are asked for, of somebody who may change devices."""
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    asked = {"service_policy_id": service_policy_id, "coverage_policy_id": coverage_policy_id}
    return {name: value for name, value in asked.items() if value is not None}


def _notes(workspace_id: int, coverage_policy_id: int | None, connected: int) -> list[str]:
    """Return what the change means for money and for connections."""
    notes: list[str] = []
    if coverage_policy_id is not None:
        policies = CoveragePolicy.objects.of(workspace_id).select_related("data_plan")
        policy = policies.get(pk=coverage_policy_id)
        notes.append(
            _("From now on their usage counts for data plan “%(plan)s”; what was used before stays where it was.")
            % {"plan": policy.data_plan.name}
        )
    if connected:
        notes.append(
            _(
                "Connected devices lose their connection where the new policy does not allow it. Check that it allows "
                "the networks and services they use."
            )
        )
    return notes
