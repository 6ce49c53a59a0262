"""How a device is connected, as the network tells: by its reports, and by the usage that it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from kit.context import current_context
from kit.mobile_networks import network_of_record
from sims.models import Attachment, Device, Sim, UsageRecord
from sims.models.usage import TrafficType
from sims.policies.coverage import coverage_of
from sims.states import DeviceStatus, SimStatus

ONLINE_FOR: Final = timedelta(minutes=15)
"""Records of a data session come every 45 s while it carries data (`docs/rules.md` section 19)."""
ATTACHED_FOR: Final = timedelta(hours=24)
"""A network keeps a device that falls silent for a day or two (`docs/rules.md` section 5)."""
ONLINE, ATTACHED, OFFLINE = "ONLINE", "ATTACHED", "OFFLINE"
USABLE: Final = (SimStatus.ACTIVATED, SimStatus.FACTORY_TEST)
RADIO: Final = {
    1: "3G",
    2: "2G",
    3: "WLAN",
    5: "3G",
    6: "4G",
    8: "NB-IoT",
    9: "LTE-M",
    10: "5G",
}
"""Radio access technologies by the numbers of 3GPP TS 29.274 (8.17), as reports of sessions carry them."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of a device's connection.

    Args:
        status: ONLINE, ATTACHED or OFFLINE.
        seen: the newest sign of life, `None` without one: a report, or the end of a usage record.
        network_id: where that was, `None` if it does not tell.
        traffic_type: of the newest usage record, `None` without one.
        attachment: what the network reported of the SIM on this device, `None` where it reported nothing.
        sim: the SIM that the device holds.
    """

    status: str
    seen: datetime | None = None
    network_id: int | None = None
    traffic_type: int | None = None
    attachment: Attachment | None = None
    sim: Sim | None = None

    @property
    def located(self) -> bool:
        """Whether the network says where the device is attached."""
        return self.attachment is not None and bool(self.attachment.vlr or self.attachment.sgsn)

    @property
    def session(self) -> dict[str, Any] | None:
        """The data session that is open, as reported."""
        return self.attachment.session if self.attachment is not None and self.status == ONLINE else None


def connection_of(device: Device) -> Connection:
    """Return what is known of a device's connection, from the SIM that it holds. At most six queries.

    OFFLINE: the device has no SIM or may use nothing, gave no sign for a day, its last network is barred to it since
    then, or the network has purged it. ONLINE: a data session is open, or data was used within a quarter of an hour.
    ATTACHED: the rest.

    Args:
        device: not deleted.
    """
    sim = Sim.objects.filter(device_id=device.pk).first()
    if sim is None:
        return Connection(OFFLINE)
    attachment = Attachment.objects.filter(sim_id=sim.pk, workspace_id=device.workspace_id, device_id=device.pk).first()
    records = UsageRecord.objects.filter(sim_id=sim.pk, device_id=device.pk).order_by("-ended")
    used = records.only("ended", "traffic_type", "payload").first()
    if used is None and attachment is None:
        return Connection(OFFLINE, sim=sim)
    seen, network_id = _newest(attachment, used)
    usable = device.status == DeviceStatus.ENABLED and sim.status in USABLE
    status = OFFLINE
    if usable and seen >= current_context().now() - ATTACHED_FOR and not _barred(device, network_id):
        status = _by_signs(attachment, used, device, sim)
    return Connection(status, seen, network_id, used.traffic_type if used else None, attachment, sim)


def _newest(attachment: Attachment | None, used: UsageRecord | None) -> tuple[datetime, int | None]:
    """Return the newest sign of life and its network; one of the two must be there."""
    if used is not None and (attachment is None or used.ended >= attachment.seen):
        told = network_of_record(used.payload.get("operator"))
        return used.ended, told if told is not None or attachment is None else attachment.network_id
    assert attachment is not None  # noqa: S101 - for the type checker: one of the two is there
    return attachment.seen, attachment.network_id


def _barred(device: Device, network_id: int | None) -> bool:
    if network_id is None:
        return False
    policy_ids = [device.coverage_policy_id] if device.coverage_policy_id is not None else []
    coverage = coverage_of(device_ids=[device.pk], policy_ids=policy_ids)
    return not coverage.allows(network_id, device_id=device.pk, policy_id=device.coverage_policy_id)


def _by_signs(attachment: Attachment | None, used: UsageRecord | None, device: Device, sim: Sim) -> str:
    """Return the status of a device that may use its network and gave a sign within a day."""
    if attachment is not None and attachment.session is not None:
        return ONLINE
    since = current_context().now() - ONLINE_FOR
    # What was used before the network said that the session is over does not say that there is one.
    over = attachment.session_at if attachment is not None else None
    data = UsageRecord.objects.filter(
        sim_id=sim.pk, device_id=device.pk, ended__gte=since, traffic_type=TrafficType.DATA
    )
    if over is not None:
        data = data.filter(ended__gt=over)
    if data.exists():
        return ONLINE
    attached = attachment is not None and bool(attachment.vlr or attachment.sgsn)
    told = max((at for at in (attachment.vlr_at, attachment.sgsn_at) if at), default=None) if attachment else None
    later = used is not None and (told is None or used.ended > told)
    return ATTACHED if attached or later else OFFLINE
