"""How a device is connected, as far as its usage tells: there is no link to a home register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from kit.context import current_context
from kit.mobile_networks import network_of_record
from sims.models import Device, Sim, UsageRecord
from sims.models.usage import TrafficType
from sims.policies.coverage import coverage_of
from sims.states import DeviceStatus, SimStatus

ONLINE_FOR: Final = timedelta(minutes=15)
"""Records of a data session come every 45 s while it carries data (`docs/rules.md` section 19)."""
ATTACHED_FOR: Final = timedelta(hours=24)
"""A network keeps a device that falls silent for a day or two (`docs/rules.md` section 5)."""
ONLINE, ATTACHED, OFFLINE, BLOCKED = "ONLINE", "ATTACHED", "OFFLINE", "BLOCKED"
USABLE: Final = (SimStatus.ACTIVATED, SimStatus.FACTORY_TEST)


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of a device's connection.

    Args:
        status: ONLINE, ATTACHED, OFFLINE or BLOCKED.
        seen: end of the newest usage record, `None` without one.
        network_id: where that was, `None` if the record does not tell.
        traffic_type: of that record.
    """

    status: str
    seen: datetime | None = None
    network_id: int | None = None
    traffic_type: int | None = None


def connection_of(device: Device) -> Connection:
    """Return what is known of a device's connection, from the newest record of the SIM it holds. At most five queries.

    BLOCKED: the device or its SIM may use nothing. OFFLINE: no SIM, silent for a day, or its last network is barred to
    it since then. ONLINE: data within a quarter of an hour. ATTACHED: the rest.

    Args:
        device: not deleted.
    """
    sim = Sim.objects.filter(device_id=device.pk).values("id", "status").first()
    if sim is None:
        return Connection(OFFLINE)
    records = UsageRecord.objects.filter(sim_id=sim["id"], device_id=device.pk).order_by("-ended")
    newest = records.values("ended", "traffic_type", "payload").first()
    blocked = device.status != DeviceStatus.ENABLED or sim["status"] not in USABLE
    if newest is None:
        return Connection(BLOCKED if blocked else OFFLINE)
    network_id = network_of_record(newest["payload"].get("operator"))
    status = BLOCKED if blocked else OFFLINE if _barred(device, network_id) else _by_age(newest["ended"], records)
    return Connection(status, newest["ended"], network_id, newest["traffic_type"])


def _barred(device: Device, network_id: int | None) -> bool:
    if network_id is None:
        return False
    policy_ids = [device.coverage_policy_id] if device.coverage_policy_id is not None else []
    coverage = coverage_of(device_ids=[device.pk], policy_ids=policy_ids)
    return not coverage.allows(network_id, device_id=device.pk, policy_id=device.coverage_policy_id)


def _by_age(seen: datetime, records: QuerySet[UsageRecord]) -> str:
    now = current_context().now()
    if seen < now - ATTACHED_FOR:
        return OFFLINE
    data = records.filter(ended__gte=now - ONLINE_FOR, traffic_type=TrafficType.DATA)
    return ONLINE if data.exists() else ATTACHED
