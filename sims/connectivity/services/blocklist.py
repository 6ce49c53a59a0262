"""Networks that a device is kept off (`docs/api.md` section 5, `operator_blacklist`)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, NotFound
from kit.mobile_networks import network_name, networks
from sims import signals
from sims.bars import lift
from sims.locking import lock_devices, sims_on
from sims.models import BlockedOperator, Device
from sims.signals import DeviceRow


@retried
def block_operator(*, workspace_id: int, device_id: int, operator_id: int) -> None:
    """Keep a device off a network (event 10012).

    Args:
        workspace_id: owner of the device.
        device_id: the device.
        operator_id: the network, as `kit.mobile_networks` numbers them.

    Raises:
        Forbidden: the actor may not change devices here.
        NotFound: no such device; with field "operator" no such network.
        Conflict: it is blocked already.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    if operator_id not in networks():
        raise NotFound(_("Operator with Id '%(id)s' not found.") % {"id": operator_id}, field="operator")
    with action():
        device = _locked(workspace_id, device_id)
        _blocked, created = BlockedOperator.objects.get_or_create(
            device_id=device_id, operator_id=operator_id, defaults={"created": current_context().now()}
        )
        if not created:
            # The words of recorded traffic.
            raise Conflict(
                f"Operator with Id '{operator_id}' is already blacklisted on Endpoint with Id '{device_id}'.",
                code="duplicate",
            )
        _tell(workspace_id, device, operator_id, blocked=True)


@retried
def allow_operator(*, workspace_id: int, device_id: int, operator_id: int) -> None:
    """Let a device use a network again (event 10012).

    Args: as `block_operator`.

    Raises:
        Forbidden: the actor may not change devices here.
        NotFound: no such device; with field "operator": this network is not blocked on it.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    with action():
        device = _locked(workspace_id, device_id)
        if not lift(BlockedOperator.objects.filter(device_id=device_id, operator_id=operator_id)):
            raise NotFound(
                f"Operator with Id '{operator_id}' is not blacklisted on Endpoint with Id '{device_id}'.",
                field="operator",
            )
        _tell(workspace_id, device, operator_id, blocked=False)


def _locked(workspace_id: int, device_id: int) -> DeviceRow:
    devices = lock_devices(workspace_id, [device_id])
    if not devices:
        raise NotFound(_("Device with Id '%(id)s' not found.") % {"id": device_id})
    return devices[0]


def _tell(workspace_id: int, device: DeviceRow, operator_id: int, *, blocked: bool) -> None:
    signals.operator_blocklist_changed.send(
        sender=Device,
        workspace_id=workspace_id,
        device=device,
        sim=sims_on([device.id], lock=False).get(device.id),
        operator_id=operator_id,
        operator=network_name(operator_id),
        blocked=blocked,
    )
