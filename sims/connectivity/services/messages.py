"""SMS to devices: kept, counted as usage and told in the log (`docs/api.md` section 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Final

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from accounts.trials import require_open
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from sims import signals
from sims.locking import lock_devices, read_devices, sims_on
from sims.models import Device, Sms
from sims.models.usage import TrafficType
from sims.signals import DeviceRow, SimRow
from sims.states import DeviceStatus, SimStatus
from sims.usage.services.deliveries import record_id_of_sms
from sims.usage.services.ingest import ingest

LONGEST: Final = 1_000
"""Characters of a message: several parts of a concatenated SMS."""
VALID_FOR: Final = timedelta(hours=24)
DEFAULT_SOURCE: Final = "0000"
_SOURCE: Final = re.compile(r"[0-9A-Za-z +._-]{1,20}", re.ASCII)
_USABLE: Final = frozenset({SimStatus.ACTIVATED, SimStatus.FACTORY_TEST})


@dataclass(frozen=True, slots=True)
class SmsText:
    """A message to be sent.

    Args:
        payload: its text.
        source_address: sender as shown on the device; a number or a name.
        dcs: data coding scheme of the network, 0 for plain text.
        udh: user data header in hex digits, or empty.
    """

    payload: str
    source_address: str = DEFAULT_SOURCE
    dcs: int = 0
    udh: str = ""


@retried
def send_sms(*, workspace_id: int, device_id: int, sms: SmsText) -> Sms:
    """Accept a message for a device (event 10013); it counts as one SMS to the device from then on.

    Args:
        workspace_id: owner of the device.
        device_id: the device.
        sms: what to send.

    Returns:
        The stored message. Its state is "pending" until the network reports it (`services.deliveries`) or its time is
        over.

    Raises:
        Forbidden: the actor may not change devices here.
        NotFound: no such device.
        Invalid: the message can't be sent as it is; `field` says what is wrong.
        Conflict: the device can't receive: disabled, without usable SIM, or its service policy forbids it; or the
            trial of the workspace has ended.
    """
    authorise(workspace_id, Permission.DEVICE_UPDATE)
    require_open(workspace_id, _("no message is sent"))
    _check(sms)
    with action():
        devices = lock_devices(workspace_id, [device_id])
        if not devices:
            raise NotFound(_("Device with Id '%(id)s' not found.") % {"id": device_id})
        device = devices[0]
        sim = _receiver(device, lock=True)
        now = current_context().now()
        stored = Sms.objects.create(
            workspace_id=workspace_id,
            device_id=device_id,
            sim_id=sim.id,
            payload=sms.payload,
            source_address=sms.source_address or DEFAULT_SOURCE,
            dcs=sms.dcs,
            udh=sms.udh,
            submitted=now,
            expires=now + VALID_FOR,
        )
        signals.sms_sent.send(sender=Sms, workspace_id=workspace_id, device=device, sim=sim, sms_id=stored.pk)
        _count(stored, sim)
    return stored


def _check(sms: SmsText) -> None:
    if not sms.payload or len(sms.payload) > LONGEST:
        raise Invalid(
            _("A message has 1 to %(most)s characters.") % {"most": LONGEST}, code="too_long", field="payload"
        )
    if sms.source_address and not _SOURCE.fullmatch(sms.source_address):
        raise Invalid(_("A sender has at most 20 digits or letters."), code="invalid_format", field="source_address")
    if not 0 <= sms.dcs <= 255:
        raise Invalid(_("The data coding scheme is 0 to 255."), code="invalid_format", field="dcs")
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2}){0,140}", sms.udh):
        raise Invalid(_("The user data header is hex digits, at most 140 bytes."), code="invalid_format", field="udh")


def why_no_sms(*, workspace_id: int, device_id: int) -> str:
    """Return why a device can't be sent a message now, "" when it can: what `send_sms` would say. At most four queries.

    Args:
        workspace_id: owner of the device.
        device_id: the device.
    """
    try:
        require_open(workspace_id, _("no message is sent"))
        for device in read_devices(workspace_id, [device_id]):
            _receiver(device, lock=False)
    except Conflict as error:
        return error.message
    return ""


def _receiver(device: DeviceRow, *, lock: bool) -> SimRow:
    """Return the SIM that can receive a message for a device. Raises Conflict."""
    if device.status != DeviceStatus.ENABLED:
        raise Conflict(_("The device is disabled. Enable it first."), code="disabled")
    sim = sims_on([device.id], lock=lock).get(device.id)
    if sim is None:
        raise Conflict(_("The device has no SIM. Assign one first."), code="no_sim")
    if sim.status not in _USABLE:
        raise Conflict(
            _("Its SIM is %(state)s. Activate it first.") % {"state": SimStatus(sim.status).label}, code="sim_inactive"
        )
    if not Device.objects.filter(pk=device.id, service_policy__sms_mt=True).exists():
        raise Conflict(_("The service policy of the device allows no SMS to it."), code="not_allowed")
    return sim


def _count(stored: Sms, sim: SimRow) -> None:
    moment = stored.submitted.astimezone(UTC).isoformat().replace("+00:00", "Z")
    record = {
        "id": record_id_of_sms(stored.pk),
        "sim": {"id": sim.id, "iccid": sim.iccid},
        "traffic_type": {"id": int(TrafficType.SMS), "description": "SMS"},
        "volume": {"total": 1, "rx": 1, "tx": 0},
        "start_timestamp": moment,
        "end_timestamp": moment,
        "endpoint": {"id": stored.device_id},
    }
    report = ingest([record], reported=False)
    if report.rejected:
        # The message and its usage are one: what can't be counted is not sent.
        raise Conflict(str(report.rejected[0]["error"]), code="not_counted")
