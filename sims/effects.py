"""What a change means beyond the new state: which devices lose their connection, which tests end, what is charged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sims.charges import is_charged
from sims.models import Device
from sims.signals import DeviceRow, SimRow
from sims.states import DeviceStatus, SimStatus

OFFLINE: Final = "offline"
"""A device that can use the network no longer can."""
INTERRUPTED: Final = "interrupted"
"""A device loses its connection and connects anew."""
TEST_ENDS: Final = "test_ends"
"""A factory test ends, and cannot begin again."""
CHARGED: Final = "charged"
"""A SIM is charged that was not charged this month."""
UNUSED: Final = "unused"
"""A SIM goes on being charged although no device uses it."""

RUNNING: Final = frozenset({SimStatus.ACTIVATED, SimStatus.FACTORY_TEST})
"""States in which a SIM lets its device use the network."""


def is_live(device: DeviceRow, sim: SimRow | None) -> bool:
    """Tell whether a device can use the network: it is Enabled and holds a SIM that runs."""
    return device.status == DeviceStatus.ENABLED and sim is not None and sim.status in RUNNING


def on_live_devices(rows: Iterable[SimRow]) -> list[int]:
    """Return the SIMs that run on an Enabled device. One query where any runs on a device."""
    running = {row.device_id: row.id for row in rows if row.device_id is not None and row.status in RUNNING}
    if not running:
        return []
    enabled = Device.objects.filter(pk__in=running, status=DeviceStatus.ENABLED).order_by("pk")
    return sorted(running[pk] for pk in enabled.values_list("pk", flat=True))


def in_test(rows: Iterable[SimRow]) -> list[SimRow]:
    """Return the SIMs that are in factory test."""
    return [row for row in rows if row.status == SimStatus.FACTORY_TEST]


def newly_charged(rows: Sequence[SimRow], now: datetime) -> list[SimRow]:
    """Return the SIMs that are not charged yet in the month of a moment."""
    return [row for row in rows if not is_charged(row, now)]
