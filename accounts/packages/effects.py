"""What other apps say on the page of a package: how much of its limits is used, and what another package would do.

This app does not know what a SIM is. The apps above register here when they start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from accounts.models import PlatformPackage, Workspace


@dataclass(frozen=True, slots=True)
class PackageUse:
    """How much of a limit of its package a workspace uses.

    Args:
        label: what people call what is limited.
        count: how many there are.
        most: how many the package allows, `None` for no limit.
    """

    label: str
    count: int
    most: int | None


Uses = Callable[[Workspace], Iterable[PackageUse]]
Effects = Callable[[Workspace, PlatformPackage], Iterable[str]]

Charges = Callable[[Workspace], Iterable[tuple[str, str]]]

_uses: Final[list[Uses]] = []
_charges: Final[list[Charges]] = []
_effects: Final[list[Effects]] = []


def register(*, uses: Uses, effects: Effects, charges: Charges) -> None:
    """Add what an app knows.

    Args:
        uses: returns how much of the limits that the app watches a workspace uses.
        effects: returns a sentence for each thing that happens at once when a workspace gets a package. Nothing is
            changed by asking.
        charges: returns what a workspace is charged for in the present month so far, as label and value.
    """
    _uses.append(uses)
    _effects.append(effects)
    _charges.append(charges)


def uses_of(workspace: Workspace) -> list[PackageUse]:
    """Return how much of its package a workspace uses, of what the other apps count."""
    return [use for ask in _uses for use in ask(workspace)]


def effects_of(workspace: Workspace, new: PlatformPackage) -> list[str]:
    """Return what would happen at once if a workspace got a package, a sentence each."""
    return [sentence for ask in _effects for sentence in ask(workspace, new)]


def charges_of(workspace: Workspace) -> list[tuple[str, str]]:
    """Return what a workspace is charged for this month so far, of what the other apps know: label and value."""
    return [line for ask in _charges for line in ask(workspace)]
