"""Completing stored texts and details when they are read, and masking what must not be read.

The stored form is described in ``events.registry``. It is a prefix code: ``{{`` and ``}}`` are braces, ``{actor.name}``
and its three siblings are persons, everything else is itself. One pass decodes it, and what is put in is not decoded
again, so neither a device nor a person can be named into somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from events.registry import all_types, find
from events.types.base import ACTOR_NAME, ACTOR_USERNAME, SUBJECT_NAME, SUBJECT_USERNAME, PersonPlaceholder, escape

__all__ = [
    "ACTOR_NAME",
    "ACTOR_USERNAME",
    "COVERS",
    "MASK",
    "REVERSES",
    "SCHEDULED",
    "SUBJECT_NAME",
    "SUBJECT_USERNAME",
    "UNKNOWN_PERSON",
    "PersonPlaceholder",
    "complete",
    "complete_detail",
    "escape",
    "escape_detail",
    "mask",
    "without_covers",
]

MASK: Final = "••••••"
COVERS: Final = "covers"
"""Key of a stored detail under which an event keeps the ids of what it speaks of and has no column for."""
REVERSES: Final = "reverses"
"""Key of a stored detail under which an event names the event or the request that it reverses."""
SCHEDULED: Final = "scheduled"
"""Key of a stored detail under which an event names the scheduled action that it is part of, and both its moments."""
UNKNOWN_PERSON: Final = "?"

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{(actor|subject)\.(name|username)\}")


def complete(text: str, actor: object | None, subject: object | None) -> str:
    """Return a stored text with its persons put in and its braces undoubled.

    Args:
        text: the stored text.
        actor, subject: anything with ``name`` and ``username``, or ``None``. What is missing reads "?". The caller
            decides whom the reader may see: customers get "Operator staff" in place of a staff person.

    Never raises: a text that is not in stored form comes back as it is where it cannot be read.
    """
    if "{" not in text and "}" not in text:
        return text

    def replacement(match: re.Match[str]) -> str:
        who, attribute = match.groups()
        if who is None:
            return match[0][0]
        person = actor if who == "actor" else subject
        return str(getattr(person, attribute, None) or UNKNOWN_PERSON)

    return _TOKEN.sub(replacement, text)


def complete_detail(detail: object, actor: object | None, subject: object | None) -> object:
    """Return a stored ``detail`` with every string in it completed; the given object is not changed.

    Keys are left alone: they are ours, never a customer's. Never raises; a detail nested deeper than Python's stack
    (only possible in rows taken in from outside) comes back as it is.
    """
    try:
        return _complete_value(detail, actor, subject)
    except RecursionError:
        return detail


def _complete_value(value: object, actor: object | None, subject: object | None) -> object:
    if isinstance(value, str):
        return complete(value, actor, subject)
    if isinstance(value, Mapping):
        return {key: _complete_value(item, actor, subject) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_complete_value(item, actor, subject) for item in value]
    return value


def escape_detail(detail: object) -> object:
    """Return ``detail`` in stored form: every string escaped, except placeholder constants such as ``SUBJECT_NAME``.

    To be applied exactly once, to every detail that is written: a device named "{actor.name}" would otherwise be
    completed to a person. A customer's string never is a ``PersonPlaceholder``, whatever it says.
    """
    if isinstance(detail, PersonPlaceholder):
        return str(detail)
    if isinstance(detail, str):
        return escape(detail)
    if isinstance(detail, Mapping):
        return {key: escape_detail(item) for key, item in detail.items()}
    if isinstance(detail, list | tuple):
        return [escape_detail(item) for item in detail]
    return detail


def without_covers(detail: Any) -> Any:
    """Return a stored ``detail`` without the ids that the log keeps for itself, `None` where that was all."""
    if not isinstance(detail, Mapping) or COVERS not in detail:
        return detail
    return {key: value for key, value in detail.items() if key != COVERS} or None


def mask(type_id: int, detail: object) -> object:
    """Return ``detail`` with the live credentials of this type replaced by "••••••"; the given object is not changed.

    Rule: `docs/rules.md` decision 30. For a type that we don't know, the secrets of all types are masked: an event
    taken in from outside under a new id is no reason to show a key.
    """
    event_type = find(type_id)
    known = all_types() if event_type is None else (event_type,)
    for path in {path for each in known for path in each.secrets}:
        detail = _masked(detail, path.split("."))
    return detail


def _masked(value: object, keys: list[str]) -> object:
    """Return ``value`` with what stands under ``keys`` masked, copying only what lies on the way; lists are walked."""
    if isinstance(value, list | tuple):
        return [_masked(item, keys) for item in value]
    key, *rest = keys
    if not isinstance(value, Mapping) or value.get(key) is None:
        return value
    return {**value, key: _masked(value[key], rest) if rest else MASK}
