"""What the sims app states, as rows of the log (`docs/rules.md` sections 1 and 3 to 7; texts from the registry)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from accounts.models import Workspace
from accounts.selectors import operator_workspace_id
from events.handlers.pending import pending
from events.writer import NOTHING, PendingEvent, log, objects_of
from kit.clock import iso_moment
from sims import signals
from sims.identifiers import iccid_with_luhn
from sims.models import SimBatch
from sims.signals import (
    ActivationDated,
    Cause,
    ConnectivityReset,
    DeviceCreated,
    DeviceDeleted,
    DeviceFact,
    DeviceRow,
    DeviceStatusChange,
    DeviceUpdated,
    Evidence,
    SimAssigned,
    SimNoteChange,
    SimReleased,
    SimRow,
    SimStatusChange,
    TagChange,
)
from sims.states import SIM_WIRE_NAMES, DeviceStatus, SimStatus

SIM_STATUS_TYPES = {
    SimStatus.ACTIVATED: 8,
    SimStatus.SUSPENDED: 9,
    SimStatus.DELETED: 10,
    SimStatus.FACTORY_TEST: 45,
}
DEVICE_STATUS_TYPES = {DeviceStatus.ENABLED: 42, DeviceStatus.DISABLED: 43}
POLICY_TYPES = {
    ("service", "created"): 10005,
    ("service", "updated"): 10006,
    ("service", "deleted"): 10007,
    ("coverage", "created"): 10008,
    ("coverage", "updated"): 10009,
    ("coverage", "deleted"): 10010,
}
FACTORY_TEST_REASONS = {
    Cause.FACTORY_TEST_VOLUME: "SIM reached factory test volume.",
    Cause.FACTORY_TEST_PERIOD: "Factory test period elapsed.",
    Cause.FACTORY_TEST_PACKAGE: "Package has no factory test.",
}


class SimStatusEntries:
    """Makes the rows of SIM status changes; wordings are filled once per kind of change, not per SIM."""

    def __init__(self, workspace_id: int) -> None:
        self.workspace_id = workspace_id
        self._ready: dict[tuple[int, int, Cause], PendingEvent] = {}

    def __call__(self, change: SimStatusChange) -> PendingEvent:
        key = (change.old, change.new, change.cause)
        entry = self._ready.get(key)
        if entry is None:
            entry = self._ready[key] = self._entry(change)
        if change.evidence is None:
            return entry._replace(objects=objects_of(change.sim))
        detail = {**(entry.detail or {}), "factory_test": _evidence(change.evidence)}
        return entry._replace(objects=objects_of(change.sim), detail=detail)

    def _entry(self, change: SimStatusChange) -> PendingEvent:
        asked = change.cause is Cause.ASKED
        entry = pending(
            SIM_STATUS_TYPES[SimStatus(change.new)],
            self.workspace_id,
            "default" if asked else change.cause.value,
            old_status=SIM_WIRE_NAMES[change.old],
        )
        detail = None if asked else _transition(change)
        return entry._replace(detail=detail, old_state=change.old, new_state=change.new)


def _transition(change: SimStatusChange) -> dict[str, Any]:
    """Return the published detail of an automatic activation; state names are in capitals there."""
    return {
        "transition": {
            "sim": {
                "status": {
                    "from": {"id": int(change.old), "description": SIM_WIRE_NAMES[change.old].upper()},
                    "to": {"id": int(change.new), "description": SIM_WIRE_NAMES[change.new].upper()},
                }
            },
            "reason": FACTORY_TEST_REASONS[change.cause],
        }
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    """Return the numbers that decided, ours beside the published detail; keys that do not apply are left out."""
    unit = {"data": "bytes", "sms": "messages", "period": "days"}.get(evidence.kind)
    values = {
        "threshold": evidence.kind,
        "unit": unit,
        "limit": evidence.limit,
        "counted": evidence.counted,
        "record": evidence.record_id or None,
        "crossed_at": iso_moment(evidence.crossed) if evidence.crossed else None,
        "received_at": iso_moment(evidence.received) if evidence.received else None,
        "lag_seconds": None if evidence.lag is None else round(evidence.lag, 3),
    }
    return {key: value for key, value in values.items() if value is not None}


@receiver(signals.sim_status_changed)
def on_sim_status_changed(*, workspace_id: int, changes: Sequence[SimStatusChange], **_kwargs: Any) -> None:
    """Log one row per SIM."""
    entry_of = SimStatusEntries(workspace_id)
    log([entry_of(change) for change in changes])


@receiver(signals.activations_dated)
def on_activations_dated(*, workspace_id: int, changes: Sequence[ActivationDated], **_kwargs: Any) -> None:
    """Log since when SIMs are activated, where that is earlier than was known (10093)."""
    log([_dated(workspace_id, change) for change in changes])


def _dated(workspace_id: int, change: ActivationDated) -> PendingEvent:
    before = change.sim.activation_date
    moment = iso_moment(change.moment)
    detail = {
        "activation_date": {"from": iso_moment(before) if before is not None else None, "to": moment},
        "factory_test": _evidence(change.evidence),
    }
    entry = pending(10093, workspace_id, moment=moment)
    return entry._replace(objects=objects_of(change.sim), detail=detail)


@receiver(signals.devices_changed)
def on_devices_changed(*, workspace_id: int, steps: Sequence[DeviceFact], **_kwargs: Any) -> None:
    """Log one row per step, in the order of the steps."""
    status_entry = SimStatusEntries(workspace_id)
    log(
        [
            status_entry(step) if isinstance(step, SimStatusChange) else _STEPS[type(step)](workspace_id, step)
            for step in steps
        ]
    )


def _device_status(workspace_id: int, step: DeviceStatusChange) -> PendingEvent:
    old = DeviceStatus.DISABLED if step.new == DeviceStatus.ENABLED else DeviceStatus.ENABLED
    return pending(DEVICE_STATUS_TYPES[DeviceStatus(step.new)], workspace_id, id=step.device.id)._replace(
        objects=objects_of(step.sim, step.device), old_state=old, new_state=step.new
    )


def _assigned(workspace_id: int, step: SimAssigned) -> PendingEvent:
    return pending(51, workspace_id, sim=step.sim.id, endpoint=step.device.id)._replace(
        objects=objects_of(step.sim, step.device), detail={"imei": step.device.imei} if step.device.imei else {}
    )


def _released(workspace_id: int, step: SimReleased) -> PendingEvent:
    return pending(50, workspace_id, sim=step.sim.id, endpoint=step.device.id)._replace(
        objects=objects_of(step.sim, step.device)
    )


def _reset(workspace_id: int, step: ConnectivityReset) -> PendingEvent:
    return pending(68, workspace_id, endpoint=step.device.id)._replace(objects=objects_of(step.sim, step.device))


def _created(workspace_id: int, step: DeviceCreated) -> PendingEvent:
    device = step.device
    detail: dict[str, Any] = {
        "status": int(device.status),
        "service_policy": step.service_policy_id,
        "coverage_policy": step.coverage_policy_id,
        "imei": device.imei or None,
        "imei_lock": step.imei_lock,
        "ip_address": device.ip_address,
    }
    if step.note:
        detail["note"] = step.note
    return pending(10002, workspace_id, device=device.name)._replace(objects=objects_of(device=device), detail=detail)


def _updated(workspace_id: int, step: DeviceUpdated) -> PendingEvent:
    return pending(10003, workspace_id, device=step.device.name)._replace(
        objects=objects_of(step.sim, step.device), detail={"changes": step.changes}
    )


def _deleted(workspace_id: int, step: DeviceDeleted) -> PendingEvent:
    return pending(10004, workspace_id, device=step.device.name)._replace(
        objects=objects_of(device=step.device), old_state=step.device.status, new_state=DeviceStatus.DELETED
    )


_STEPS: dict[type[Any], Callable[[int, Any], PendingEvent]] = {
    DeviceStatusChange: _device_status,
    SimAssigned: _assigned,
    SimReleased: _released,
    ConnectivityReset: _reset,
    DeviceCreated: _created,
    DeviceUpdated: _updated,
    DeviceDeleted: _deleted,
}


@receiver(signals.sims_registered)
def on_sims_registered(*, workspace_id: int, batch: SimBatch, sims: Sequence[SimRow], **_kwargs: Any) -> None:
    """Log one row for the batch, which is on the log of each of its SIMs; it names a SIM only when there is one."""
    detail = {
        "sim_batch": {
            "id": batch.pk,
            "sim_model": {"id": batch.model_id},
            "batch_size": len(sims),
            "first_iccid": iccid_with_luhn(sims[0].iccid),
            "last_iccid": iccid_with_luhn(sims[-1].iccid),
        }
    }
    objects = objects_of(sims[0])._replace(imsi_id=None, imsi=None, import_date=None) if len(sims) == 1 else NOTHING
    covers = {"sim": [sim.id for sim in sims], "batch": [batch.pk]}
    log([pending(48, workspace_id, n=len(sims))._replace(objects=objects, detail=detail, covers=covers)])


@receiver(signals.sims_transferred)
def on_sims_transferred(*, source: Workspace, target: Workspace, sims: Sequence[SimRow], **_kwargs: Any) -> None:
    """Log one row in the source and one in the target."""
    detail = {
        "count": len(sims),
        "sims": [{"id": sim.id, "iccid": sim.iccid, "status": {"id": int(sim.status)}} for sim in sims],
        "source": {"id": source.pk, "name": source.name},
        "target": {"id": target.pk, "name": target.name},
    }
    objects = objects_of(sims[0].without_device()) if len(sims) == 1 else NOTHING
    entry = pending(69, source.pk, count=len(sims), source=source.name, target=target.name)
    entry = entry._replace(objects=objects, detail=detail, covers={"sim": [sim.id for sim in sims]})
    log([entry, entry._replace(workspace_id=target.pk)])


@receiver(signals.tags_changed)
def on_tags_changed(*, workspace_id: int, changes: Sequence[TagChange], **_kwargs: Any) -> None:
    """Log one row for all devices whose tags changed alike; a single device stands in its columns."""
    log([_tags(workspace_id, change) for change in changes])


def _tags(workspace_id: int, change: TagChange) -> PendingEvent:
    entry = pending(10011, workspace_id, count=len(change.devices))
    detail: dict[str, Any] = {"added": change.added, "removed": change.removed}
    if len(change.devices) == 1:
        return entry._replace(objects=objects_of(device=change.devices[0]), detail=detail)
    detail["devices"] = [{"id": device.id, "name": device.name} for device in change.devices]
    return entry._replace(detail=detail, covers={"device": [device.id for device in change.devices]})


@receiver(signals.sim_notes_changed)
def on_sim_notes_changed(*, workspace_id: int, changes: Sequence[SimNoteChange], **_kwargs: Any) -> None:
    """Log one row for each SIM whose note changed (10107); that of a device is a property among others (10003)."""
    log([_note(workspace_id, change) for change in changes])


def _note(workspace_id: int, change: SimNoteChange) -> PendingEvent:
    what = "removed" if not change.new else "changed" if change.old else "added"
    detail = {"note": {"from": change.old or None, "to": change.new or None}}
    return pending(10107, workspace_id, what=what)._replace(objects=objects_of(change.sim), detail=detail)


@receiver(signals.policy_changed)
def on_policy_changed(
    *, workspace_id: int, kind: str, what: str, policy_id: int, name: str, changes: dict[str, Any], **_kwargs: Any
) -> None:
    """Log what became of a policy, with the values that changed."""
    detail: dict[str, Any] = {"policy": {"id": policy_id, "name": name}}
    if changes:
        detail["changes"] = changes
    covers = {f"{kind}_policy": [policy_id]}
    log([pending(POLICY_TYPES[kind, what], workspace_id, name=name)._replace(detail=detail, covers=covers)])


@receiver(signals.sim_batch_created)
def on_sim_batch_created(*, batch: SimBatch, **_kwargs: Any) -> None:
    """Log a new batch in the operator's workspace."""
    entry = pending(10074, operator_workspace_id(), bic=batch.bic, count=batch.quantity)
    log([entry._replace(covers={"batch": [batch.pk]})])


@receiver(signals.sims_imported)
def on_sims_imported(*, batch: SimBatch, sim_ids: Sequence[int], import_id: int, **_kwargs: Any) -> None:
    """Log an import in the operator's workspace."""
    entry = pending(10060, operator_workspace_id(), bic=batch.bic, count=len(sim_ids))
    log([entry._replace(covers={"sim": sim_ids, "batch": [batch.pk], "sim_import": [import_id]})])


@receiver(signals.sim_import_started)
def on_sim_import_started(*, batch: SimBatch, import_id: int, file_name: str, **_kwargs: Any) -> None:
    """Log that a large file is being imported (10105), in the operator's workspace."""
    entry = pending(10105, operator_workspace_id(), bic=batch.bic)
    detail = {"sim_batch": {"id": batch.pk}, "file": file_name}
    log([entry._replace(detail=detail, covers={"sim_import": [import_id]})])


@receiver(signals.sim_import_ended)
def on_sim_import_ended(*, batch: SimBatch, import_id: int, why: str, count: int, **_kwargs: Any) -> None:
    """Log that an import ended without effect (10106), in the operator's workspace."""
    entry = pending(10106, operator_workspace_id(), why, bic=batch.bic, count=count)
    log([entry._replace(detail={"sim_batch": {"id": batch.pk}}, covers={"sim_import": [import_id]})])


@receiver(signals.sims_allotted)
def on_sims_allotted(*, batch: SimBatch, workspace: Workspace, sims: Sequence[SimRow], **_kwargs: Any) -> None:
    """Log the assignment in the operator's workspace only: nothing of it enters the customer's log."""
    covers = {"sim": [sim.id for sim in sims], "batch": [batch.pk]}
    log([_to_workspace("default", batch, workspace, len(sims))._replace(covers=covers)])


@receiver(signals.batch_reserved)
def on_batch_reserved(*, batch: SimBatch, workspace: Workspace, count: int, **_kwargs: Any) -> None:
    """Log the reservation in the operator's workspace only."""
    log([_to_workspace("reserved", batch, workspace, count)._replace(covers={"batch": [batch.pk]})])


def _to_workspace(text: str, batch: SimBatch, workspace: Workspace, count: int) -> PendingEvent:
    entry = pending(10001, operator_workspace_id(), text, bic=batch.bic, count=count, workspace=workspace.name)
    return entry._replace(detail={"workspace": {"id": workspace.pk, "name": workspace.name}})


@receiver(signals.factory_test_checks_changed)
def on_factory_test_checks_changed(*, late: bool, since: datetime, **_kwargs: Any) -> None:
    """Tell staff that factory tests are checked late (10077), or in time again (10078)."""
    log([pending(10077 if late else 10078, operator_workspace_id(), since=iso_moment(since))])


@receiver(signals.operator_blocklist_changed)
def on_operator_blocklist_changed(
    *,
    workspace_id: int,
    device: DeviceRow,
    sim: SimRow | None,
    operator_id: int,
    operator: str,
    blocked: bool,
    **_kwargs: Any,
) -> None:
    """Log that a network was blocked for a device, or allowed again (10012)."""
    entry = pending(
        10012,
        workspace_id,
        operator=operator,
        blocked_or_allowed="blocked" if blocked else "allowed",
        device=device.name,
    )
    detail = {"operator": {"id": operator_id, "name": operator}, "blocked": blocked}
    log([entry._replace(objects=objects_of(sim, device), detail=detail)])


@receiver(signals.sms_sent)
def on_sms_sent(*, workspace_id: int, device: DeviceRow, sim: SimRow, sms_id: int, **_kwargs: Any) -> None:
    """Log a message to a device (10013); its text is not the log's business."""
    entry = pending(10013, workspace_id, device=device.name)
    log([entry._replace(objects=objects_of(sim, device), detail={"sms": {"id": sms_id}})])


@receiver(signals.inventory_exported)
def on_inventory_exported(
    *, workspace_id: int, what: str, count: int, filters: dict[str, str], columns: list[str], **_kwargs: Any
) -> None:
    """Log that SIMs or devices were read out, with the filters and columns of the file."""
    entry = pending(10086, workspace_id, what, count=count)
    log([entry._replace(detail={"filters": filters, "columns": columns})])


@receiver(signals.sim_limit_exceeded)
def on_sim_limit_exceeded(*, workspace: Workspace, limit: int, count: int, **_kwargs: Any) -> None:
    """Log that a package's limit is exceeded, for the customer and for staff (10096)."""
    values: dict[str, Any] = {"count": count, "name": workspace.package.name, "limit": limit}
    detail = {"workspace": {"id": workspace.pk, "name": workspace.name}, "limit": limit, "count": count}
    told = pending(10096, operator_workspace_id(), "operator", workspace=workspace.name, **values)
    log([entry._replace(detail=detail) for entry in (pending(10096, workspace.pk, **values), told)])
