"""Reading the log in tests."""

from __future__ import annotations

from typing import Any

from accounts.models import Workspace
from events.models import Event
from events.text import without_covers


def rows(workspace: Workspace | None = None) -> list[tuple[int, str]]:
    """Return type and text of all events, in the order recorded."""
    events = Event.objects.order_by("id")
    if workspace is not None:
        events = events.of(workspace.pk)
    return [(event.type, event.description) for event in events]


def types(workspace: Workspace | None = None) -> list[int]:
    """Return the types of all events, in the order recorded."""
    return [type_ for type_, _text in rows(workspace)]


def told(event: Event) -> Any:
    """Return the detail of an event as its readers see it: without the ids that the log keeps for itself."""
    return without_covers(event.detail)


def last() -> Any:
    """Return the newest event."""
    return Event.objects.order_by("-id")[0]
