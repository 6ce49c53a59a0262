"""What the opposite of one event is: what would change, what is in the way, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

Row = Mapping[str, Any]


class Gone(Exception):
    """The opposite action can't be done; the text says why."""


@dataclass(frozen=True)
class Difference:
    """One thing that would change: what it is, what holds now, and what would hold."""

    what: str
    now: str
    then: str


@dataclass(frozen=True)
class Opposite:
    """The opposite of one event.

    Args:
        title: what would be done, as the head of a dialog.
        do: does it; raises `DomainError` where the service refuses.
        differences: what would change.
        note: what else it means, "" for nothing.
        danger: whether something ends by it.
    """

    title: str
    do: Callable[[], object]
    differences: Sequence[Difference] = field(default_factory=tuple)
    note: str = ""
    danger: bool = False


def changed_since(name: str) -> str:
    """Return why something is not changed back that has another value by now."""
    return _("It was changed since: “%(what)s” is another one now.") % {"what": word(name)}


def word(name: str) -> str:
    """Return how people read the name of a field."""
    said = name.replace("_", " ")
    return said[:1].upper() + said[1:]


def text(value: Any) -> str:
    """Return how people read a value."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if value not in (None, "") else "–"


def names(values: Iterable[str]) -> str:
    """Return how people read several names."""
    return ", ".join(sorted(values)) or "–"
