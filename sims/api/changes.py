"""One PATCH of an endpoint as the actions it asks for, in the order in which their events read sensibly.

Properties first. Then the SIM and the status:

- assigned: status of the endpoint first, so that the new SIM's factory test is not ended by it; then the SIM's state
  and the assignment (8 or 45, 51).
- released: the SIM's state (9), the release (43, 50), then the status if it still differs.
- neither: enabling both writes 42 and then 8, disabling both 9 and then 43, as the portal's own actions do
  (`behaviour.md` section 5); `status` alone moves the endpoint alone.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Workspace
from portal.kit.action import action
from portal.kit.errors import Conflict, Invalid, NotFound
from portal.kit.outcomes import Outcome
from sims.api.bodies import EndpointPatch, SimOfEndpoint
from sims.models import Sim
from sims.services.assignment import assign_sim, release_sims
from sims.services.device_status import disable_devices, enable_devices, set_device_status
from sims.services.devices import SimChoice, update_device, wanted_state
from sims.services.sim_status import change_sim_status
from sims.states import DeviceStatus, SimStatus

_PROPERTIES = ("name", "tags", "imei", "imei_lock", "ip_address")
_REFERENCES = {"service_profile": "service_policy_id", "tariff_profile": "coverage_policy_id"}


def apply_patch(*, workspace: Workspace, device_id: int, body: EndpointPatch) -> None:
    """Do what a PATCH asks for, in one action: all or nothing.

    Args:
        workspace: the token's workspace, with its package.
        device_id: the device; it exists.
        body: what was sent; `model_fields_set` tells which keys.

    Raises:
        Forbidden: the actor may not change devices (or SIMs, where one is concerned) here.
        Invalid, NotFound, Conflict: something in it cannot be done, so nothing was.
    """
    sent = body.model_fields_set
    with action():
        changes = _changes(body)
        if changes:
            update_device(workspace_id=workspace.pk, device_id=device_id, changes=changes)
        status = body.status.id if "status" in sent else None
        if status not in (None, DeviceStatus.ENABLED, DeviceStatus.DISABLED):
            raise Invalid(_("Choose Enabled (0) or Disabled (1)."), field="status")
        work = _Work(workspace, device_id, status)
        if body.sim is None:
            work.set_status()
        elif "id" in body.sim.model_fields_set and body.sim.id is None:
            work.release(body.sim)
        else:
            work.with_sim(body.sim)


def _changes(body: EndpointPatch) -> dict[str, Any]:
    sent = body.model_fields_set
    changes: dict[str, Any] = {key: getattr(body, key) for key in _PROPERTIES if key in sent}
    if "imei_lock" in changes:
        changes["imei_lock"] = bool(changes["imei_lock"])
    changes |= {field: getattr(body, key).id for key, field in _REFERENCES.items() if key in sent}
    return changes


class _Work:
    """The part of a PATCH that concerns states and the SIM."""

    def __init__(self, workspace: Workspace, device_id: int, status: int | None) -> None:
        self.workspace = workspace
        self.device_id = device_id
        self.status = status

    def set_status(self) -> None:
        if self.status is not None:
            outcome = set_device_status(workspace_id=self.workspace.pk, device_ids=[self.device_id], to=self.status)
            _check(outcome)

    def release(self, sim: SimOfEndpoint) -> None:
        held = self._held()
        if held is not None:
            if sim.status is not None:
                self._set_sim_status(held, sim.status.id)
            _check(release_sims(workspace_id=self.workspace.pk, device_ids=[self.device_id]))
        self.set_status()

    def with_sim(self, sim: SimOfEndpoint) -> None:
        held = self._held()
        sim_id = sim.id if sim.id is not None else held
        wanted = self._wanted(sim, sim_id)
        if sim_id is None and wanted is not None:
            raise Conflict(_("The endpoint has no SIM. Assign one first."), code="no_sim", field="sim")
        if sim_id is None:
            self.set_status()
        elif sim_id != held:
            self.set_status()
            assign_sim(workspace_id=self.workspace.pk, device_id=self.device_id, sim_id=sim_id, status=wanted)
        else:
            self._move_both(sim_id, wanted)

    def _move_both(self, sim_id: int, wanted: int | None) -> None:
        pair = (self.status, wanted)
        if pair == (DeviceStatus.ENABLED, SimStatus.ACTIVATED):
            _check(enable_devices(workspace_id=self.workspace.pk, device_ids=[self.device_id]))
            self._set_sim_status(sim_id, SimStatus.ACTIVATED)
        elif pair == (DeviceStatus.DISABLED, SimStatus.SUSPENDED):
            _check(disable_devices(workspace_id=self.workspace.pk, device_ids=[self.device_id]))
        elif self.status == DeviceStatus.ENABLED:
            self.set_status()
            self._set_sim_status(sim_id, wanted)
        else:
            self._set_sim_status(sim_id, wanted)
            self.set_status()

    def _held(self) -> int | None:
        return Sim.objects.of(self.workspace.pk).filter(device_id=self.device_id).values_list("pk", flat=True).first()

    def _wanted(self, sim: SimOfEndpoint, sim_id: int | None) -> int | None:
        """Return the state asked for the SIM; `activate` means what it means for a new endpoint."""
        if sim_id is None:
            return sim.status.id if sim.status is not None else None
        status = sim.status.id if sim.status is not None else None
        return wanted_state(self.workspace.pk, SimChoice(sim_id, status=status, activate=bool(sim.activate)))

    def _set_sim_status(self, sim_id: int, status: int | None) -> None:
        if status is not None:
            _check(change_sim_status(workspace_id=self.workspace.pk, sim_ids=[sim_id], to=status))


def _check(outcome: Outcome) -> None:
    for refusal in outcome.refused:
        if refusal.code == "not_found":
            raise NotFound(refusal.reason)
        raise Conflict(f"{refusal.label}: {refusal.reason}", code=refusal.code)
