"""What the handlers share: an event that waits to be written."""

from __future__ import annotations

from events import registry
from events.writer import PendingEvent


def pending(type_id: int, workspace_id: int, /, text: str = "default", **values: object) -> PendingEvent:
    """Return an event of a type with one of its wordings; what else it has is set with `_replace`.

    Args:
        type_id: a registered type.
        workspace_id: whose log the event enters.
        text: key of the wording.
        values: what stands in the gaps of the wording.

    Raises:
        UnregisteredType: there is no such type, or it is never written.
    """
    event_type = registry.get(type_id)
    description = event_type.text(text, **values)
    return PendingEvent(type=event_type, workspace_id=workspace_id, description=description, text=text)
