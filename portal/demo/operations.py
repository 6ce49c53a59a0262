"""What happened in the month besides the daily round: bulk work, transfers, policies, and the operator's side."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Literal
from urllib.parse import parse_qsl

from accounts.models import DataPlan, PlatformPackage, Workspace
from accounts.packages.services.catalogue import create_data_plan, create_package, update_data_plan, update_package
from accounts.packages.services.subscriptions import set_data_plans, set_package
from accounts.people.services.exports import record_export as people_export
from accounts.workspaces.services.workspaces import update_workspace
from kit.context import Surface
from orders.services.exports import record_export as orders_export
from portal.demo.past import Past
from sims.devices.services.devices import NewDevice, create_devices, delete_devices
from sims.devices.services.notes import change_device_notes
from sims.devices.services.status import disable_devices, set_device_status
from sims.devices.services.tags import change_tags
from sims.exports import record_export
from sims.inventory.services.assignment import SimChoice, release_sims
from sims.inventory.services.notes import change_sim_notes
from sims.inventory.services.status import change_sim_status
from sims.inventory.services.transfer import transfer_sims
from sims.policies.services import policies
from sims.states import DeviceStatus, SimStatus

_ACTIVE, _SUSPENDED, _DELETED, _TEST = (
    SimStatus.ACTIVATED,
    SimStatus.SUSPENDED,
    SimStatus.DELETED,
    SimStatus.FACTORY_TEST,
)

# day, hour, minute, who, SIMs (key, first, last), to: what people and programs do to SIMs by the hundred
_BULK: tuple[tuple[int, int, int, str, tuple[str, int, int], SimStatus], ...] = (
    (5, 10, 20, "app:water", ("water/meters", 290, 400), _ACTIVE),
    (9, 14, 5, "priya", ("water/trial", 40, 60), _ACTIVE),
    (12, 7, 0, "app:water", ("water/second", 120, 420), _SUSPENDED),
    (14, 8, 31, "marco", ("water/second", 120, 160), _ACTIVE),
    (16, 13, 44, "marco", ("water/second", 160, 170), _ACTIVE),
    (19, 15, 10, "marco", ("water/second", 380, 420), _DELETED),
    (21, 9, 2, "priya", ("water/spare", 0, 30), _TEST),
    (22, 9, 40, "priya", ("water/spare", 10, 14), _ACTIVE),
    (24, 12, 15, "priya", ("water/meters", 400, 425), _ACTIVE),
    (25, 16, 20, "ingrid", ("water/meters", 490, 500), _DELETED),
    (10, 9, 30, "sanne", ("delta/gateways-1", 80, 95), _ACTIVE),
    (14, 7, 0, "app:delta", ("delta/second", 30, 80), _SUSPENDED),
    (17, 11, 25, "sanne", ("delta/second", 70, 80), _DELETED),
    (22, 10, 12, "daan", ("delta/gateways-2", 80, 90), _TEST),
    (11, 13, 30, "priya", ("labs/bench-1", 14, 20), _ACTIVE),
    (18, 13, 5, "priya", ("labs/bench-1", 14, 18), _SUSPENDED),
    (23, 8, 55, "daan", ("labs/bench-3", 20, 25), _DELETED),
    (8, 9, 15, "amara", ("cold/reefers", 230, 330), _ACTIVE),
    (16, 6, 30, "app:cold", ("cold/second", 0, 80), _SUSPENDED),
    (18, 7, 45, "ben", ("cold/second", 0, 20), _ACTIVE),
    (23, 14, 22, "amara", ("cold/reefers", 480, 500), _DELETED),
    (12, 10, 40, "mei", ("bikes/bikes", 60, 72), _ACTIVE),
    (20, 16, 0, "oskar", ("bikes/bikes", 66, 72), _SUSPENDED),
    (24, 9, 50, "oskar", ("bikes/small-2", 22, 25), _DELETED),
)


def write_operations(past: Past) -> None:
    """Add the acts of the month, except the daily round."""
    for day, hour, minute, who, (key, first, last), to in _BULK:
        do = partial(_set_sims, past, key, first, last, to)
        past.add(past.calendar.at(day, hour, minute), who, do)
    _write_devices(past)
    _write_notes(past)
    _write_transfers(past)
    _write_policies(past)
    _write_operator(past)
    _write_settings(past)


def _set_sims(past: Past, key: str, first: int, last: int, to: SimStatus) -> None:
    workspace_id = past.workspaces[key.partition("/")[0]]
    change_sim_status(workspace_id=workspace_id, sim_ids=past.sims[key][first:last], to=to)


def _write_devices(past: Past) -> None:
    at = past.calendar.at
    past.add(at(6, 9, 20), "marco", partial(_tag, past, "water", slice(0, 40), ("winter-round",), ()))
    past.add(at(20, 9, 5), "marco", partial(_tag, past, "water", slice(0, 40), ("checked",), ("winter-round",)))
    past.add(at(13, 14, 0), "sanne", partial(_tag, past, "delta", slice(0, 25), ("canal-works",), ()))
    past.add(at(15, 8, 20), "app:cold", partial(_tag, past, "cold", slice(100, 160), ("summer-fleet",), ()))
    past.add(at(17, 7, 50), "app:cold", partial(_disable, past, "cold", slice(196, 222)))
    past.add(at(19, 17, 30), "oskar", partial(_disable, past, "bikes", slice(50, 58)))
    past.add(at(20, 6, 15), "app:delta", partial(_disable, past, "delta", slice(90, 110)))
    # By the wire's PATCH the device is disabled and its SIM stays activated, hence charged.
    past.add(at(18, 13, 5), "daan", partial(_status_alone, past, "delta", slice(60, 64)), surface=Surface.API)
    for number, (who, workspace, place, day) in enumerate(
        (
            ("marco", "water", slice(300, 312), 22),
            ("amara", "cold", slice(190, 196), 21),
            ("sanne", "delta", slice(110, 114), 23),
        )
    ):
        past.add(at(day, 10, 4 * number), who, partial(_release, past, workspace, place))
        past.add(at(day, 15, 4 * number), who, partial(_delete, past, workspace, place))
    for number in range(9):
        past.add(at(15, 13, 10 + number), "priya", partial(_spare_device, past, number))
    past.add(at(24, 16, 40), "amara", partial(_export, past, "cold", "sims", "status=2", 80))
    past.add(at(26, 11, 40), "marco", partial(_export_people, past))
    past.add(at(26, 11, 43), "marco", partial(_export_orders, past))
    past.add(at(26, 11, 25), "marco", partial(_export, past, "water", "devices", "", 800))


def _export_people(past: Past) -> None:
    columns = ["name", "email", "role", "access", "security"]
    people_export(workspace_id=past.workspaces["water"], count=6, filters={}, columns=columns)


def _export_orders(past: Past) -> None:
    columns = ["status", "sims", "total", "submitted"]
    orders_export(workspace_id=past.workspaces["water"], count=7, filters={"status": "2"}, columns=columns)


def _export(past: Past, workspace: str, what: Literal["sims", "devices"], query: str, count: int) -> None:
    columns = ["iccid", "imsi", "status"] if what == "sims" else ["name", "status", "sim"]
    filters = dict(parse_qsl(query))
    record_export(workspace_id=past.workspaces[workspace], what=what, count=count, filters=filters, columns=columns)


def _tag(past: Past, workspace: str, place: slice, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    ids = past.devices[workspace][place]
    change_tags(workspace_id=past.workspaces[workspace], device_ids=ids, add=add, remove=remove)


def _disable(past: Past, workspace: str, place: slice) -> None:
    disable_devices(workspace_id=past.workspaces[workspace], device_ids=past.devices[workspace][place])


def _status_alone(past: Past, workspace: str, place: slice) -> None:
    ids = past.devices[workspace][place]
    set_device_status(workspace_id=past.workspaces[workspace], device_ids=ids, to=DeviceStatus.DISABLED)


def _release(past: Past, workspace: str, place: slice) -> None:
    ids = past.devices[workspace][place]
    release_sims(workspace_id=past.workspaces[workspace], device_ids=ids, suspend=True)


def _delete(past: Past, workspace: str, place: slice) -> None:
    ids = past.devices[workspace][place]
    delete_devices(workspace_id=past.workspaces[workspace], device_ids=ids)
    del past.devices[workspace][place]


def _spare_device(past: Past, number: int) -> None:
    """Make a device that waits for its SIM; the first three get one from the shelf, still Issued."""
    sim_id = past.sims["water/meters"][430 + number] if number < 3 else None
    new = NewDevice(
        name=f"Spare meter {number + 1}",
        service_policy_id=past.policies["water/all"],
        coverage_policy_id=past.policies["water/Regional Pro"],
        status=DeviceStatus.DISABLED,
        tags="spare",
        sim=SimChoice(sim_id) if sim_id is not None else None,
    )
    create_devices(workspace_id=past.workspaces["water"], devices=[new])


def _write_notes(past: Past) -> None:
    at = past.calendar.at
    swap = "Returned by the depot.\nCheck the antenna before it goes out again."
    past.add_aside(at(12, 8, 10), "marco", partial(_note_sims, past, "water/meters", slice(440, 446), swap))
    past.add_aside(at(19, 8, 30), "marco", partial(_note_sims, past, "water/meters", slice(440, 443), ""))
    past.add_aside(
        at(18, 9, 45), "amara", partial(_note_sims, past, "cold/second", slice(20, 24), "For the new trucks")
    )
    past.add_aside(
        at(13, 10, 5), "sanne", partial(_note_devices, past, "delta", slice(0, 3), "Key at the lock keeper's")
    )


def _note_sims(past: Past, key: str, place: slice, note: str) -> None:
    workspace_id = past.workspaces[key.partition("/")[0]]
    change_sim_notes(workspace_id=workspace_id, sim_ids=past.sims[key][place], note=note)


def _note_devices(past: Past, workspace: str, place: slice, note: str) -> None:
    ids = past.devices[workspace][place]
    change_device_notes(workspace_id=past.workspaces[workspace], device_ids=ids, note=note)


def _write_transfers(past: Past) -> None:
    at = past.calendar.at
    past.add(at(16, 9, 25), "ingrid", partial(_transfer, past, "delta", "water/spare", slice(60, 84)))
    past.add(at(17, 14, 50), "ingrid", partial(_transfer, past, "labs", "water/small-1", slice(3, 4)))
    past.add(
        at(23, 10, 33), "ingrid", partial(_transfer, past, "labs", "delta/small-1", slice(0, 4)), surface=Surface.API
    )


def _transfer(past: Past, target: str, key: str, place: slice) -> None:
    transfer_sims(target_id=past.workspaces[target], sim_ids=past.sims[key][place], auto_detach=True, dry_run=False)


def _write_policies(past: Past) -> None:
    at = past.calendar.at
    for number, (workspace, who) in enumerate((("water", "marco"), ("cold", "amara"), ("bikes", "oskar"))):
        past.add(at(3, 14, 7 * number), who, partial(_try_policies, past, workspace))
        past.add(at(11, 9, 30 + number), who, partial(_change_policies, past, workspace))
        past.add(at(18, 16, 12 + number), who, partial(_drop_service_policy, past, workspace))
        past.add(at(18, 16, 15 + number), who, partial(_drop_coverage_policy, past, workspace))


def _try_policies(past: Past, workspace: str) -> None:
    workspace_id = past.workspaces[workspace]
    service = policies.create_service_policy(
        workspace_id=workspace_id, values={"name": "SMS only", "data": False, "allowed_5g": False}
    )
    past.policies[f"{workspace}/old service"] = service.pk
    plan_id = past.plans["Regional Pro" if workspace != "cold" else "Global Basic"]
    coverage = policies.create_coverage_policy(
        workspace_id=workspace_id, values={"name": "Pilot", "data_plan_id": plan_id}
    )
    past.policies[f"{workspace}/old coverage"] = coverage.pk


def _change_policies(past: Past, workspace: str) -> None:
    workspace_id = past.workspaces[workspace]
    policies.update_service_policy(
        workspace_id=workspace_id, policy_id=past.policies[f"{workspace}/data"], values={"allowed_5g": True}
    )
    policies.update_coverage_policy(
        workspace_id=workspace_id,
        policy_id=past.policies[f"{workspace}/old coverage"],
        values={"name": "Pilot (closed)", "description": "Ends this month."},
    )


def _drop_service_policy(past: Past, workspace: str) -> None:
    policy_id = past.policies.pop(f"{workspace}/old service")
    policies.delete_service_policy(workspace_id=past.workspaces[workspace], policy_id=policy_id)


def _drop_coverage_policy(past: Past, workspace: str) -> None:
    policy_id = past.policies.pop(f"{workspace}/old coverage")
    policies.delete_coverage_policy(workspace_id=past.workspaces[workspace], policy_id=policy_id)


def _write_operator(past: Past) -> None:
    """The catalogue, packages and data plans: what the operator's staff sell."""
    at = past.calendar.at
    past.add(at(2, 13, 20), "alma", partial(_sell, past))
    past.add(at(9, 13, 25), "alma", partial(_reprice, past))
    past.add(at(24, 13, 30), "alma", partial(_withdraw, past))
    past.add(at(11, 8, 5), "tobias", partial(_package, past, "labs", "Starter EUR"))
    past.add(at(11, 8, 9), "tobias", partial(_plans, past, "labs", ("Regional Pro", "Global Basic")))
    past.add(at(22, 14, 2), "tobias", partial(_plans, past, "labs", ("Regional Pro",)))
    past.add(at(13, 11, 40), "tobias", partial(_plans, past, "water", ("Regional Pro", "Global Basic", "Pay per use")))


def _sell(past: Past) -> None:
    plan = create_data_plan(
        values={
            "name": "Summer 500",
            "description": "For a season.",
            "category": DataPlan.Category.FIXED,
            "included_mb": 500,
        }
    )
    past.plans["Summer 500"] = plan.pk
    package = create_package(
        values={
            "name": "Trial USD",
            "description": "Eight days for a first look.",
            "currency": "USD",
            "evaluation": True,
            "trial_days": 8,
        }
    )
    past.packages["Trial USD"] = package.pk
    plan = create_data_plan(
        values={
            "name": "Global Basic USD",
            "description": "120 countries, pooled.",
            "currency": "USD",
            "included_mb": 20,
            "monthly_rate": Decimal("0.45"),
            "excess_rate": Decimal("0.06"),
        }
    )
    past.plans["Global Basic USD"] = plan.pk
    season = create_package(values={"name": "Season EUR", "description": "April to October.", "sim_rates": []})
    past.packages["Season EUR"] = season.pk


def _reprice(past: Past) -> None:
    update_package(package_id=past.packages["Plus EUR"], changes={"monthly_rate_cents": 20_900})
    update_data_plan(data_plan_id=past.plans["Global Basic"], changes={"included_mb": 25})


def _withdraw(past: Past) -> None:
    changes: Mapping[str, object] = {"status": PlatformPackage.Status.DEPRECATED}
    update_package(package_id=past.packages["Season EUR"], changes=changes)
    update_data_plan(data_plan_id=past.plans["Summer 500"], changes={"active": False})


def _package(past: Past, workspace: str, name: str) -> None:
    set_package(workspace_id=past.workspaces[workspace], package_id=past.packages[name])


def _plans(past: Past, workspace: str, names: tuple[str, ...]) -> None:
    ids = [past.plans[name] for name in names]
    set_data_plans(workspace_id=past.workspaces[workspace], data_plan_ids=ids)


def _write_settings(past: Past) -> None:
    at = past.calendar.at
    past.add(at(4, 15, 30), "alma", partial(_change, past, "water", {"factory_test_days": 90}))
    past.add(at(10, 15, 30), "alma", partial(_change, past, "cold", {"event_days": 730}))
    past.add(at(12, 21, 0), "tobias", partial(_change, past, "labs", {"status": Workspace.Status.SUSPENDED}))
    past.add(at(12, 21, 30), "tobias", partial(_change, past, "labs", {"status": Workspace.Status.ENABLED}))
    past.add(at(19, 9, 0), "oskar", partial(_change, past, "bikes", {"name": "Quarry Lane Bike Hire"}))
    past.add(at(26, 11, 0), "oskar", partial(_change, past, "bikes", {"name": "Quarry Lane Bikes"}))
    past.add(at(8, 13, 0), "hugo", partial(_change, past, "cold", {"country": "CH"}))


def _change(past: Past, workspace: str, changes: Mapping[str, object]) -> None:
    update_workspace(workspace_id=past.workspaces[workspace], changes=changes)
    past.forget_actors()
