"""What happened to SIMs and devices, stated for whoever listens. This app knows no listener.

Receivers run inside the action's transaction (`send`, not `send_robust`): if one fails, the change rolls back.
Payloads carry what was read under the lock, so that no receiver has to ask the database again.
"""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.dispatch import Signal

from kit.context import Person


class DeviceRow(NamedTuple):
    """A device as it was when it was locked."""

    id: int
    name: str
    imei: str
    ip_address: str | None
    tags: str
    status: int


class SimRow(NamedTuple):
    """A SIM as it was when it was locked, with the names of its device (all `None` without one)."""

    id: int
    iccid: str
    imsi: str
    production_date: datetime
    imported: datetime
    status: int
    device_id: int | None
    device_name: str | None
    device_imei: str | None
    device_ip_address: str | None
    device_tags: str | None
    activation_date: datetime | None = None
    active_until: datetime | None = None

    def without_device(self) -> SimRow:
        """Return the same SIM seen apart from its device."""
        return self._replace(
            device_id=None, device_name=None, device_imei=None, device_ip_address=None, device_tags=None
        )

    def on(self, device: DeviceRow) -> SimRow:
        """Return the same SIM as it is on a device."""
        return self._replace(
            device_id=device.id,
            device_name=device.name,
            device_imei=device.imei,
            device_ip_address=device.ip_address,
            device_tags=device.tags,
        )


class Cause(enum.Enum):
    """Why a SIM changed its state."""

    ASKED = "asked"
    FACTORY_TEST_VOLUME = "factory_test_volume"
    FACTORY_TEST_PERIOD = "factory_test_period"
    FACTORY_TEST_PACKAGE = "factory_test_package"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decided that a factory test is over.

    Args:
        kind: "data", "sms", "period" or "package".
        limit: the workspace's limit then: bytes, messages or days; `None` for "package".
        counted: what had been used when the record crossed the limit, it included, or days in test.
        record_id: the record that crossed; empty where none did.
        crossed: when: end of that record, or of the period.
        received: when the record arrived.
        lag: seconds from the crossing to the decision.
    """

    kind: str
    limit: int | None = None
    counted: int | None = None
    record_id: str = ""
    crossed: datetime | None = None
    received: datetime | None = None
    lag: float | None = None


@dataclass(slots=True)
class SimStatusChange:
    """A SIM went from one state to another; ids as in `states.SimStatus`."""

    sim: SimRow
    old: int
    new: int
    cause: Cause = Cause.ASKED
    evidence: Evidence | None = None


@dataclass(slots=True)
class ActivationDated:
    """A SIM counts as activated since another moment than was known: a limit of its test was reached earlier.

    Args:
        sim: as it was before.
        moment: since when.
        evidence: what decided.
    """

    sim: SimRow
    moment: datetime
    evidence: Evidence


@dataclass(slots=True)
class DeviceStatusChange:
    """A device was enabled or disabled; `sim` is the one it held."""

    device: DeviceRow
    sim: SimRow | None
    new: int


@dataclass(slots=True)
class SimAssigned:
    """A SIM was put on a device."""

    sim: SimRow
    device: DeviceRow


@dataclass(slots=True)
class SimReleased:
    """A SIM was taken off a device."""

    sim: SimRow
    device: DeviceRow


@dataclass(slots=True)
class ConnectivityReset:
    """A reset of a device's network connection was ordered."""

    device: DeviceRow
    sim: SimRow


class NetworkFact(NamedTuple):
    """Something that the network reported of a SIM, in the workspace and on the device that it belonged to then."""

    kind: int
    """Type of the event."""
    said: str
    """What was reported in words; empty where nothing was."""
    moment: datetime
    workspace_id: int
    sim: SimRow
    device: DeviceRow | None
    detail: dict[str, Any] | None


@dataclass(slots=True)
class DeviceCreated:
    """A device was made, with policies given by their ids."""

    device: DeviceRow
    service_policy_id: int
    coverage_policy_id: int
    imei_lock: bool
    note: str = ""


@dataclass(slots=True)
class DeviceUpdated:
    """Properties of a device changed: field name to {"from": …, "to": …}."""

    device: DeviceRow
    sim: SimRow | None
    changes: dict[str, dict[str, Any]]


@dataclass(slots=True)
class DeviceDeleted:
    """A device was deleted."""

    device: DeviceRow


@dataclass(slots=True)
class SimNoteChange:
    """The note on a SIM is another one; "" is none."""

    sim: SimRow
    old: str
    new: str


@dataclass(slots=True)
class TagChange:
    """The same tags were put on devices and taken off them."""

    devices: list[DeviceRow]
    added: list[str]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class ScheduledRow:
    """A scheduled action.

    Args:
        id: of the row.
        job_id: of the job that does it.
        action: path of the action, "sims/suspend".
        title: what was asked for: "Suspend 806 SIMs".
        object_ids: the SIMs or devices, fixed when it was asked for.
        asked_at, due_at: both of its moments.
        asker: the customer's user who asked for it; `None` for anybody else.
    """

    id: int
    job_id: uuid.UUID
    action: str
    title: str
    object_ids: tuple[int, ...]
    asked_at: datetime
    due_at: datetime
    asker: Person | None = None


DeviceFact = (
    SimStatusChange
    | DeviceStatusChange
    | SimAssigned
    | SimReleased
    | ConnectivityReset
    | DeviceCreated
    | DeviceUpdated
    | DeviceDeleted
)

sim_status_changed = Signal()
"""SIMs changed their state. Arguments: workspace_id, changes (list[SimStatusChange], in order)."""

activations_dated = Signal()
"""SIMs count as activated since an earlier moment. Arguments: workspace_id, changes (list[ActivationDated])."""

devices_changed = Signal()
"""Devices changed, alone or together with their SIMs. Arguments: workspace_id, steps (list[DeviceFact], in order)."""

sims_registered = Signal()
"""A batch was registered. Arguments: workspace_id, batch (SimBatch), sims (list[SimRow], in ICCID order)."""

sims_transferred = Signal()
"""SIMs moved. Arguments: source, target (Workspace), sims (list[SimRow], in the state in which they arrive); sent once
per source."""

tags_changed = Signal()
"""Tags changed. Arguments: workspace_id, changes (list[TagChange]), one for each way in which they did."""

sim_notes_changed = Signal()
"""Notes on SIMs changed. Arguments: workspace_id, changes (list[SimNoteChange])."""

policy_changed = Signal()
"""A policy was created, updated or deleted. Arguments: workspace_id, kind ("service" | "coverage"),
what ("created" | "updated" | "deleted"), policy_id, name, changes (field to {"from", "to"})."""

sim_batch_created = Signal()
"""Staff made a batch. Arguments: batch (SimBatch)."""

sims_imported = Signal()
"""Staff imported SIMs into a batch. Arguments: batch (SimBatch), sim_ids (in ICCID order), import_id."""

sim_import_started = Signal()
"""Staff have a large file of SIMs imported. Arguments: batch (SimBatch), import_id, file_name."""

sim_import_ended = Signal()
"""An import ended without effect. Arguments: batch (SimBatch), import_id, why ("refused" | "canceled" | "failed"),
count (lines with errors)."""

sims_allotted = Signal()
"""Staff put SIMs of a batch into a workspace. Arguments: batch (SimBatch), workspace (Workspace), sims (SimRow)."""

batch_reserved = Signal()
"""Staff keep a batch for a workspace. Arguments: batch (SimBatch), workspace (Workspace), count."""

factory_test_checks_changed = Signal()
"""Checks of factory tests began to run late, or are on time again. Arguments: late (bool), since (datetime: the last
check that was on time)."""

action_scheduled = Signal()
"""A bulk action was scheduled. Arguments: workspace_id, row (ScheduledRow)."""

scheduled_action_canceled = Signal()
"""A scheduled action was canceled before its moment. Arguments: workspace_id, row (ScheduledRow)."""

scheduled_action_begun = Signal()
"""The moment of a scheduled action has come, and it begins. Arguments: workspace_id, row (ScheduledRow)."""

scheduled_action_failed = Signal()
"""A scheduled action was not carried out, or not to the end. Arguments: workspace_id, row (ScheduledRow), reason, done
(how many objects were looked at)."""

operator_blocklist_changed = Signal()
"""A network was blocked for a device, or allowed again. Arguments: workspace_id, device (DeviceRow), sim (SimRow or
None), operator_id, operator (its name), blocked (bool)."""

network_reported = Signal()
"""The network reported attachments, locations and data sessions. Arguments: facts (list of NetworkFact, by moment)."""

sms_sent = Signal()
"""A message was accepted for a device. Arguments: workspace_id, device (DeviceRow), sim (SimRow), sms_id."""

sim_limit_exceeded = Signal()
"""Factory tests that ended have brought a workspace above the activated SIMs that its package allows. Arguments:
workspace (Workspace, with its package), limit, count."""

inventory_exported = Signal()
"""SIMs or devices were read out as a file. Arguments: workspace_id, what ("sims" | "devices"), count, filters
(parameter to value), columns."""
