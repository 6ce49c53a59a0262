"""The registry of event types: what kinds there are.

Writing asks `get`, which is strict: a mistake shows in the first test. Reading asks `find` and `describe`, which never
fail, because the log outlives its types.
"""

from __future__ import annotations

from typing import Literal, TypedDict

import events.types  # noqa: F401 - registers them
from events.types.base import EventType, Severity, Source, UnregisteredType, registered

LookupKind = Literal["severity", "source", "type"]


class LookupObject(TypedDict):
    """A lookup object of the wire, for example ``{"id": 8, "description": "SIM activation"}``."""

    id: int
    description: str


def find(type_id: int) -> EventType | None:
    """Return a type for reading, or ``None``: rows of types that we don't know are shown all the same."""
    return registered.get(type_id)


def get(type_id: int) -> EventType:
    """Return a type for writing.

    Raises:
        UnregisteredType: the id is unknown, or the type is historic or known by name only and therefore never written
            (`docs/rules.md` decisions 7 and 8).
    """
    event_type = find(type_id)
    if event_type is None:
        raise UnregisteredType(f"Event type {type_id} is not registered")
    if not event_type.is_written:
        raise UnregisteredType(
            f"Event type {type_id} ({event_type.description}) is {event_type.status} and never written"
        )
    return event_type


def describe(type_id: int) -> str:
    """Return the name of a type, or "Event type {id}" for an unknown one (`docs/rules.md` decision 6). Never fails."""
    event_type = find(type_id)
    return f"Event type {type_id}" if event_type is None else event_type.description


def all_types() -> tuple[EventType, ...]:
    """Return every registered type in the order of ids, with those that are never written."""
    return tuple(registered[type_id] for type_id in sorted(registered))


def wire_lookup(kind: LookupKind) -> list[LookupObject]:
    """Return a lookup table of the wire in the order of ids.

    ``type`` is the body of ``GET /event/type``. It keeps historic types (`docs/rules.md` decision 8), because old rows
    and streams carry them, and leaves out what is known by name only: emnify has published no id for it, and the id
    that we use in its place must not pass for a published one (`docs/rules.md` decision 7).
    """
    if kind == "severity":
        return [LookupObject(id=member.value, description=str(member.label)) for member in Severity]
    if kind == "source":
        return [LookupObject(id=member.value, description=str(member.label)) for member in Source]
    return [
        LookupObject(id=each.id, description=each.description) for each in all_types() if each.status != "name only"
    ]
