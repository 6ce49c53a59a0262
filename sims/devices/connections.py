"""How devices are connected, as the network tells: by its reports, and by the usage that it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import OuterRef, Subquery
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kit.clock import shared_now
from kit.mobile_networks import network_of_record, networks
from kit.rendering import state_badge
from sims.models import Attachment, Device, Sim, UsageRecord
from sims.models.usage import TrafficType
from sims.policies.coverage import Coverage, coverage_of
from sims.states import DeviceStatus, SimStatus

ONLINE_FOR: Final = timedelta(minutes=15)
"""Records of a data session come every 45 s while it carries data (`docs/rules.md` section 19)."""
ATTACHED_FOR: Final = timedelta(hours=24)
"""A network keeps a device that falls silent for a day or two (`docs/rules.md` section 5)."""
ONLINE, ATTACHED, OFFLINE = "ONLINE", "ATTACHED", "OFFLINE"
NAMES: Final = {ONLINE: _("Online"), ATTACHED: _("Attached"), OFFLINE: _("Offline")}
"""What people read."""
USABLE: Final = (SimStatus.ACTIVATED, SimStatus.FACTORY_TEST)
RADIO: Final = {1: "3G", 2: "2G", 3: "WLAN", 5: "3G", 6: "4G", 8: "NB-IoT", 9: "LTE-M", 10: "5G"}
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
    def badge(self) -> SafeString:
        """The status as people see it."""
        return state_badge(self.status.lower(), str(NAMES[self.status]))

    @property
    def located(self) -> bool:
        """Whether the network says where the device is attached."""
        return self.attachment is not None and _attached(self.attachment)

    @property
    def session(self) -> dict[str, Any] | None:
        """The data session that is open, as reported."""
        return self.attachment.session if self.attachment is not None and self.status == ONLINE else None

    @property
    def network(self) -> str:
        """The name of the network, "" if it is not known."""
        known = networks().get(self.network_id) if self.network_id is not None else None
        return known.name if known else str(self._operator.get("name") or "")

    @property
    def country(self) -> str:
        """The country of the network, "" if it is not known."""
        known = networks().get(self.network_id) if self.network_id is not None else None
        told = self._operator.get("country")
        return known.country.name if known else str(told.get("name") or "") if isinstance(told, dict) else ""

    @property
    def radio(self) -> str:
        """The radio technology of the open session, "" without one."""
        number = (self.session or {}).get("rat_type")
        return RADIO.get(number, str(number)) if isinstance(number, int) else ""

    @property
    def ip_address(self) -> str:
        """The address of the device in the open session, "" without one."""
        return str((self.session or {}).get("ue_ip_address") or "")

    @property
    def _operator(self) -> dict[str, Any]:
        return (self.attachment.operator if self.attachment is not None else None) or {}


UNKNOWN: Final = Connection(OFFLINE)


def connection_of(device: Device) -> Connection:
    """Return what is known of the connection of one device, which is not deleted; see `connections_of`."""
    return connections_of([device.pk]).get(device.pk, UNKNOWN)


def connections_of(device_ids: Iterable[int]) -> Mapping[int, Connection]:
    """Return what is known of the connections of devices, from the SIMs that they hold. Seven queries at most.

    OFFLINE: the device has no SIM or may use nothing, gave no sign for a day, its last network is barred to it since
    then, or the network has purged it. ONLINE: a data session is open, or data was used within a quarter of an hour.
    ATTACHED: the rest. Devices without a SIM are left out.

    Args:
        device_ids: which devices.
    """
    newest = UsageRecord.objects.filter(sim_id=OuterRef("pk"), device_id=OuterRef("device_id")).order_by("-ended")
    # Typed so that the annotation has a name for the type checker.
    sims: list[Any] = list(
        Sim.objects.filter(device_id__in=list(device_ids))
        .select_related("device", "attachment")
        .annotate(newest_record=Subquery(newest.values("pk")[:1]))
    )
    used = _records([sim.newest_record for sim in sims if sim.newest_record is not None])
    data = _data_of([sim.pk for sim in sims if sim.newest_record is not None])
    seen = [sim.device for sim in sims if sim.newest_record is not None or hasattr(sim, "attachment")]
    policies = {device.coverage_policy_id for device in seen if device.coverage_policy_id is not None}
    coverage = coverage_of(device_ids=[device.pk for device in seen], policy_ids=policies) if seen else Coverage()
    return {
        sim.device_id: _connection(
            sim, sim.device, used.get(sim.newest_record), data.get((sim.pk, sim.device_id)), coverage
        )
        for sim in sims
    }


def _records(ids: list[int]) -> dict[int, UsageRecord]:
    """Read usage records by id."""
    found = UsageRecord.objects.filter(pk__in=ids).only("ended", "traffic_type", "payload") if ids else ()
    return {row.pk: row for row in found}


def _data_of(sim_ids: list[int]) -> dict[tuple[int, int | None], datetime]:
    """Return when SIMs used data last, by SIM and device, where that is within a quarter of an hour."""
    if not sim_ids:
        return {}
    data = UsageRecord.objects.filter(
        sim_id__in=sim_ids, ended__gte=shared_now() - ONLINE_FOR, traffic_type=TrafficType.DATA
    )
    rows = data.order_by("ended").values_list("sim_id", "device_id", "ended")
    return {(sim_id, device_id): ended for sim_id, device_id, ended in rows}


def _connection(
    sim: Sim, device: Device, used: UsageRecord | None, data_ended: datetime | None, coverage: Coverage
) -> Connection:
    attachment: Attachment | None = getattr(sim, "attachment", None)
    # What was reported while somebody else had the SIM, or another device, says nothing of this one.
    if attachment is not None and (attachment.workspace_id, attachment.device_id) != (device.workspace_id, device.pk):
        attachment = None
    seen, network_id = _newest(attachment, used)
    if seen is None:
        return Connection(OFFLINE, sim=sim)
    usable = device.status == DeviceStatus.ENABLED and sim.status in USABLE
    barred = network_id is not None and not coverage.allows(
        network_id, device_id=device.pk, policy_id=device.coverage_policy_id
    )
    status = OFFLINE
    if usable and not barred and seen >= shared_now() - ATTACHED_FOR:
        status = _by_signs(attachment, used, data_ended)
    return Connection(status, seen, network_id, used.traffic_type if used else None, attachment, sim)


def _newest(attachment: Attachment | None, used: UsageRecord | None) -> tuple[datetime | None, int | None]:
    """Return the newest sign of life and its network."""
    if used is not None and (attachment is None or used.ended >= attachment.seen):
        told = network_of_record(used.payload.get("operator"))
        return used.ended, told if told is not None or attachment is None else attachment.network_id
    return (attachment.seen, attachment.network_id) if attachment is not None else (None, None)


def _by_signs(attachment: Attachment | None, used: UsageRecord | None, data_ended: datetime | None) -> str:
    """Return the status of a device that may use its network and gave a sign within a day."""
    if attachment is not None and attachment.session is not None:
        return ONLINE
    # What was used before the network said that the session is over does not say that there is one.
    over = attachment.session_at if attachment is not None else None
    if data_ended is not None and (over is None or data_ended > over):
        return ONLINE
    told = max((at for at in (attachment.vlr_at, attachment.sgsn_at) if at), default=None) if attachment else None
    later = used is not None and (told is None or used.ended > told)
    return ATTACHED if later or (attachment is not None and _attached(attachment)) else OFFLINE


def _attached(attachment: Attachment) -> bool:
    return bool(attachment.vlr or attachment.sgsn)


class Connections:
    """The connections of the rows of a list, asked for when the first of them is shown.

    Args:
        device_ids: of the rows.
    """

    def __init__(self, device_ids: Iterable[int]) -> None:
        self._ids = list(device_ids)

    @cached_property
    def _found(self) -> Mapping[int, Connection]:
        return connections_of(self._ids)

    def __getitem__(self, device_id: int) -> Connection:
        return self._found.get(device_id, UNKNOWN)
