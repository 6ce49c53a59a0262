"""What other apps say about packages: how much of the limits is used, what is charged, and what a change would do.

This app does not know what a SIM is. The apps above register here when they start.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

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


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a change brings with it.

    Args:
        text: the sentence that says it, with its cost.
        charged: how many SIMs become chargeable by it. Whoever changes something that makes any is asked first.
        names: the first of them, as people call them.
        refused: whether the change is refused for it.
        closed: how many workspaces it closes what makes costs in; whoever does that is asked first too.
    """

    text: str
    charged: int = 0
    names: tuple[str, ...] = ()
    refused: bool = False
    closed: int = 0

    @property
    def more(self) -> int:
        """How many there are beside those that are named."""
        return self.charged - len(self.names)


Row = TypeVar("Row", Workspace, PlatformPackage)

Uses = Callable[[Workspace], Iterable[PackageUse]]
Charges = Callable[[Workspace], Iterable[tuple[str, str]]]
Effects = Callable[[Workspace, Workspace], Iterable[Effect]]
CatalogueEffects = Callable[[PlatformPackage, PlatformPackage], Iterable[Effect]]

_uses: Final[list[Uses]] = []
_charges: Final[list[Charges]] = []
_effects: Final[list[Effects]] = []
_catalogue_effects: Final[list[CatalogueEffects]] = []


def register(*, uses: Uses, effects: Effects, catalogue_effects: CatalogueEffects, charges: Charges) -> None:
    """Add what an app knows. Nothing is changed by asking.

    Args:
        uses: returns how much of the limits that the app watches a workspace uses.
        effects: returns what happens when a workspace becomes another one, of which both are given.
        catalogue_effects: returns what happens to all workspaces when their package becomes another one.
        charges: returns what a workspace is charged for in the present month so far, as label and value.
    """
    _uses.append(uses)
    _effects.append(effects)
    _catalogue_effects.append(catalogue_effects)
    _charges.append(charges)


def uses_of(workspace: Workspace) -> list[PackageUse]:
    """Return how much of its package a workspace uses, of what the other apps count."""
    return [use for ask in _uses for use in ask(workspace)]


def charges_of(workspace: Workspace) -> list[tuple[str, str]]:
    """Return what a workspace is charged for this month so far, of what the other apps know: label and value."""
    return [line for ask in _charges for line in ask(workspace)]


def with_changes(row: Row, **values: Any) -> Row:
    """Return a row as it would be with other values; it is not stored."""
    changed = copy.copy(row)
    for name, value in values.items():
        setattr(changed, name, value)
    return changed


def effects_of(before: Workspace, after: Workspace) -> list[Effect]:
    """Return what would happen if a workspace became as `after` is (package, factory test and its limits)."""
    return [effect for ask in _effects for effect in ask(before, after)]


def catalogue_effects_of(before: PlatformPackage, after: PlatformPackage) -> list[Effect]:
    """Return what would happen to the workspaces of a package if it became as `after` is."""
    return [effect for ask in _catalogue_effects for effect in ask(before, after)]


def closed_by(effects: Iterable[Effect]) -> int:
    """Return in how many workspaces what makes costs ends."""
    return sum(effect.closed for effect in effects)


def charged_by(effects: Iterable[Effect]) -> int:
    """Return how many SIMs become chargeable."""
    return sum(effect.charged for effect in effects)
