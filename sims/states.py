"""States of SIMs and devices, and the only moves between them (`docs/rules.md` sections 1 and 5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import IntegerChoices
from django.utils.translation import gettext_lazy as _


class SimStatus(IntegerChoices):
    """States of a SIM with the wire's ids."""

    ISSUED = 0, _("Issued")
    ACTIVATED = 1, _("Activated")
    SUSPENDED = 2, _("Suspended")
    DELETED = 3, _("Deleted")
    FACTORY_TEST = 4, _("Factory test")


class DeviceStatus(IntegerChoices):
    """States of a device with the wire's ids."""

    ENABLED = 0, _("Enabled")
    DISABLED = 1, _("Disabled")
    DELETED = 2, _("Deleted")


SETTABLE = frozenset({DeviceStatus.ENABLED, DeviceStatus.DISABLED})
"""States that people set on a device; the third is reached by deleting it."""

SIM_WIRE_NAMES: Mapping[int, str] = {
    SimStatus.ISSUED: "Issued",
    SimStatus.ACTIVATED: "Activated",
    SimStatus.SUSPENDED: "Suspended",
    SimStatus.DELETED: "Deleted",
    SimStatus.FACTORY_TEST: "Factory Test",
}
"""Names on the wire and in event texts, never translated."""

DEVICE_WIRE_NAMES: Mapping[int, str] = {
    DeviceStatus.ENABLED: "Enabled",
    DeviceStatus.DISABLED: "Disabled",
    DeviceStatus.DELETED: "Deleted",
}

SIM_MOVES: Mapping[int, frozenset[int]] = {
    SimStatus.ISSUED: frozenset({SimStatus.ACTIVATED, SimStatus.FACTORY_TEST, SimStatus.DELETED}),
    SimStatus.ACTIVATED: frozenset({SimStatus.SUSPENDED, SimStatus.DELETED}),
    SimStatus.SUSPENDED: frozenset({SimStatus.ACTIVATED, SimStatus.DELETED}),
    SimStatus.FACTORY_TEST: frozenset({SimStatus.ACTIVATED, SimStatus.DELETED}),
    SimStatus.DELETED: frozenset(),
}
"""From state to the states that may follow. Deleting further needs the SIM to be free of a device."""

CHARGED = frozenset({SimStatus.ACTIVATED})
"""States that cost the monthly fee if held at any time in the month."""


def sim_may_move(old: int, new: int) -> bool:
    """Return whether a SIM may go from one state to another."""
    return new in SIM_MOVES[old]


def sim_sources(new: int) -> list[int]:
    """Return the states from which a SIM may go to `new`, in id order."""
    return sorted(old for old, targets in SIM_MOVES.items() if new in targets)
