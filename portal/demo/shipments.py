"""SIMs on their way: batches made and assigned by staff, registered by customers, put on devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from kit.context import Surface
from kit.models import Job
from portal.demo import master_data
from portal.demo.device_names import NAMES
from portal.demo.numbers import addresses, imeis
from portal.demo.past import Past
from sims.devices.services.devices import NewDevice, create_devices
from sims.inventory.services.allotment import reserve_batch
from sims.inventory.services.assignment import SimChoice
from sims.inventory.services.imports import KIND, cancel_import, import_sims, import_step, start_import
from sims.inventory.services.registration import register_batch
from sims.inventory.services.stock import create_batch
from sims.models import SimModel
from sims.states import DeviceStatus, SimStatus

ISSUED, ACTIVATED, FACTORY_TEST = SimStatus.ISSUED, SimStatus.ACTIVATED, SimStatus.FACTORY_TEST


@dataclass(frozen=True, slots=True)
class PlannedShipment:
    """Batches of one size.

    Args:
        name: key of its SIMs in `Past.sims`; with a number behind it if there are several batches.
        size, count: SIMs a batch, and batches.
        day: when staff make and assign them.
        who: who registers them; empty while nobody does. "app" is the workspace's program.
        status: the state they are registered in.
        devices: how many of a batch's SIMs get a device.
        model: key of the SIM model.
        surface: door of the registration and of the devices, if not the usual one.
        wait: days until registration.
    """

    name: str
    size: int
    count: int
    day: int
    who: str = ""
    status: SimStatus = ISSUED
    devices: int = 0
    model: str = "card"
    surface: Surface | None = None
    wait: int = 0


SHIPMENTS: Final[dict[str, tuple[PlannedShipment, ...]]] = {
    "water": (
        PlannedShipment("meters", 500, 1, 1, "app", ISSUED, 290, "chip"),
        PlannedShipment("trial", 100, 1, 2, "priya", FACTORY_TEST, 40, surface=Surface.API),
        PlannedShipment("single", 1, 6, 3, "priya", ACTIVATED, 1),
        PlannedShipment("small", 25, 4, 4, "priya", ISSUED, 24, surface=Surface.API),
        PlannedShipment("second", 500, 1, 7, "app", ACTIVATED, 120, "chip", wait=1),
        PlannedShipment("spare", 100, 1, 14, "marco", ISSUED, wait=1),
        PlannedShipment("test", 25, 2, 16, "priya", FACTORY_TEST, 5),
    ),
    "delta": (
        PlannedShipment("gateways", 100, 2, 1, "app", ISSUED, 80),
        PlannedShipment("small", 25, 3, 4, "daan", ISSUED, 20, surface=Surface.API),
        PlannedShipment("single", 1, 4, 8, "sanne", ACTIVATED, 1, "nano"),
        PlannedShipment("second", 100, 1, 9, "app", ACTIVATED, 30, wait=1),
    ),
    "labs": (
        PlannedShipment("bench", 25, 3, 2, "priya", ISSUED, 14, "nano", surface=Surface.API),
        PlannedShipment("single", 1, 4, 9, "daan", ISSUED, 1, "nano"),
    ),
    "cold": (
        PlannedShipment("reefers", 500, 1, 2, "app", ISSUED, 230, "chip", wait=1),
        PlannedShipment("small", 25, 2, 9, "ben", ISSUED, 15),
        PlannedShipment("single", 1, 3, 10, "ben", ACTIVATED, 1),
        PlannedShipment("second", 100, 1, 11, "amara", ACTIVATED, 0),
    ),
    "bikes": (
        PlannedShipment("bikes", 100, 1, 2, "app", ISSUED, 60, "chip"),
        PlannedShipment("small", 25, 2, 8, "mei", ISSUED, 8),
        PlannedShipment("single", 1, 3, 10, "mei", ACTIVATED, 0),
    ),
}
STOCK: Final = (
    PlannedShipment("hundred", 100, 1, 20),
    PlannedShipment("small", 25, 2, 20),
    PlannedShipment("single", 1, 3, 20),
)
"""What lies at the operator's, for no workspace yet."""
WAITING: Final = {1: 3, 25: 3}
"""Batch size to how many batches each workspace has that wait for their registration."""


class _Makers:
    """Endless sources for the properties of devices, one set for each workspace."""

    def __init__(self, workspaces: list[str]) -> None:
        self.imeis: Iterator[str] = imeis()
        self.addresses = {key: addresses(number) for number, key in enumerate(workspaces)}
        self.counts = dict.fromkeys(workspaces, 0)


def write_shipments(past: Past) -> None:
    """Add the acts that bring SIMs into the workspaces and onto devices."""
    makers = _Makers(list(SHIPMENTS))
    for place, (workspace, shipments) in enumerate(SHIPMENTS.items()):
        for turn, shipment in enumerate(shipments):
            for number in range(shipment.count):
                key = _key(workspace, shipment, number)
                _write_supply(past, key, shipment, place * 7 + turn + number)
                _write_assignment(past, key, workspace, shipment, place * 7 + turn + number)
                _write_registration(past, key, workspace, shipment, turn + number, makers)
        for size, count in WAITING.items():
            for number in range(count):
                waiting = PlannedShipment(f"waiting-{size}", size, count, 18)
                key = _key(workspace, waiting, number)
                _write_supply(past, key, waiting, place * 7 + number + size)
                _write_assignment(past, key, workspace, waiting, place * 7 + number + size)
    for turn, shipment in enumerate(STOCK):
        for number in range(shipment.count):
            _write_supply(past, _key("stock", shipment, number), shipment, turn + number)
    past.add(past.calendar.at(21, 9, 12), "alma", partial(_create, past, "stock/empty", "nano"))
    past.add_aside(past.calendar.at(21, 9, 16), "alma", partial(_import_into_the_wrong_batch, past, "stock/empty"))


def _key(workspace: str, shipment: PlannedShipment, number: int) -> str:
    return f"{workspace}/{shipment.name}" + (f"-{number + 1}" if shipment.count > 1 else "")


def _write_supply(past: Past, key: str, shipment: PlannedShipment, turn: int) -> None:
    at = past.calendar.at(shipment.day, 9, 10 + turn % 40, turn)
    past.add(at, "alma", partial(_create, past, key, shipment.model))
    past.add(at + timedelta(seconds=42), "alma", partial(_import, past, key, shipment))


def _write_assignment(past: Past, key: str, workspace: str, shipment: PlannedShipment, turn: int) -> None:
    at = past.calendar.at(shipment.day, 10, 15 + turn % 30, turn)
    past.add(at, "alma", partial(_assign, past, key, workspace))


def _write_registration(
    past: Past, key: str, workspace: str, shipment: PlannedShipment, turn: int, makers: _Makers
) -> None:
    who = f"app:{workspace}" if shipment.who == "app" else shipment.who
    at = past.calendar.at(shipment.day + shipment.wait, 11, 5 + turn * 3 % 50, turn)
    past.add(at, who, partial(_register, past, key, workspace, shipment), surface=shipment.surface)
    by_program = shipment.who == "app" or shipment.surface == Surface.API
    at += timedelta(minutes=18)
    for number in range(shipment.devices):
        past.add(at, who, partial(_device, past, key, workspace, number, makers), surface=shipment.surface)
        at += timedelta(seconds=4.2 if by_program else 140)


def _create(past: Past, key: str, model: str) -> None:
    description = master_data.SIM_MODELS[model]["description"]
    batch = create_batch(bic=past.numbers.bic(), model=SimModel.objects.get(description=description))
    past.batches[key], past.bics[key] = batch.pk, batch.bic


def _import(past: Past, key: str, shipment: PlannedShipment) -> None:
    produced = past.calendar.at(shipment.day - 60, 4)
    records = past.numbers.records(shipment.size, produced=produced, chip=shipment.model == "chip")
    import_sims(batch_id=past.batches[key], records=records)


def _import_into_the_wrong_batch(past: Past, key: str) -> None:
    """Begin to import a large file, and cancel it before its worker has read it: it belongs to another batch."""
    made = start_import(batch_id=past.batches[key], content=b"iccid,imsi\n", file_name="nano-october.csv")
    cancel_import(import_id=made.pk)
    # Nothing was written, so one step ends it, at this moment; a worker finds the job with nothing left to do.
    import_step(Job.objects.get(arguments__import=made.pk, kind=KIND), None)


def _assign(past: Past, key: str, workspace: str) -> None:
    reserve_batch(batch_id=past.batches[key], workspace_id=past.workspaces[workspace])


def _register(past: Past, key: str, workspace: str, shipment: PlannedShipment) -> None:
    registration = register_batch(workspace_id=past.workspaces[workspace], bic=past.bics[key], status=shipment.status)
    past.sims[key] = [row.id for row in registration.sims]


def _device(past: Past, key: str, workspace: str, number: int, makers: _Makers) -> None:
    rng = past.random
    makers.counts[workspace] += 1
    name, tags = NAMES[workspace](rng, makers.counts[workspace])
    has_imei = rng.random() < 0.85
    imei = next(makers.imeis) if has_imei else ""
    status = None if "trial" in key or "test" in key or "second" in key else ACTIVATED
    service = rng.choices(("all", "data", "low"), (5, 3, 2))[0]
    new = NewDevice(
        name=name,
        service_policy_id=past.policies[f"{workspace}/{service}"],
        coverage_policy_id=past.policies[f"{workspace}/{rng.choice(master_data.CUSTOMERS[workspace].plans)}"],
        status=DeviceStatus.ENABLED,
        tags=tags,
        imei=imei,
        imei_lock=has_imei and rng.random() < 0.1,
        ip_address=next(makers.addresses[workspace]) if rng.random() < 0.6 else None,
        sim=SimChoice(sim_id=past.sims[key][number], status=status),
    )
    (device,) = create_devices(workspace_id=past.workspaces[workspace], devices=[new])
    past.devices.setdefault(workspace, []).append(device.pk)
