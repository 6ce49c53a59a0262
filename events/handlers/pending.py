"""What the handlers share: an event that waits to be written, and where that belongs which only concerns staff."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.selectors import operator_workspace_id
from events import registry
from events.writer import PendingEvent
from kit.errors import Conflict


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


def operator_workspace() -> int:
    """Return the id of the operator's own workspace, where what only concerns staff is logged.

    Raises:
        Conflict: there is none yet, so the action could not be logged and is not done.
    """
    workspace_id = operator_workspace_id()
    if workspace_id is None:
        raise Conflict(_("There is no operator workspace to log this in. Run: manage.py create_operator"))
    return workspace_id
