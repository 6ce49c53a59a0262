"""What the end of a trial closes (`docs/rules.md` section 16)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from accounts.selectors import workspace_with_package
from kit.billing import day_text
from kit.context import current_actor, current_context
from kit.errors import Conflict

CODE: Final = "trial_over"
NOTICES: Final = (0, 1, 7)
"""Days before the end of a trial at which something is told; 0 is the end."""


def require_open(workspace_id: int, what: str) -> None:
    """Refuse what makes costs or carries traffic in a workspace whose trial has ended; nobody is excepted.

    No query where the actor came with the knowledge that there is no trial, or when it ends.

    Args:
        workspace_id: the workspace.
        what: what has to wait, as a clause: "no SIM is activated".

    Raises:
        Conflict: the trial has ended; the text says what opens the workspace.
        NotFound: there is no such workspace.
    """
    trials = current_actor().trials
    known = workspace_id in trials
    ends = trials[workspace_id] if known else workspace_with_package(workspace_id).trial_ends
    if ends is not None and ends <= current_context().now():
        raise Conflict(refusal(ends, what), code=CODE)


def refusal(ends: datetime, what: str) -> str:
    """Return the sentence for what has to wait for an upgrade. Args as `require_open`, and when the trial ended."""
    return _(
        "The trial of this workspace ended on %(day)s, and %(what)s until an Administrator upgrades the package. "
        "Reading, exporting, suspending, releasing and deleting go on."
    ) % {"day": day_text(ends), "what": what}
