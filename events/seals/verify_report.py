"""What a check says: one sentence for each thing that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _


class Finding(NamedTuple):
    """One thing that is wrong.

    Args:
        kind: "changed", "removed", "added", "moved", "late", "seal", "checkpoint", "person", "objects" or
            "outside".
        workspace_id: whose log, 0 for none.
        event_id: which event, 0 for none.
        text: the sentence.
    """

    kind: str
    workspace_id: int
    event_id: int
    text: str


@dataclass
class Report:
    """The outcome of one piece, and where the next begins."""

    position: dict[str, Any]
    checked: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: str, text: str, *, workspace_id: int = 0, event_id: int = 0) -> None:
        """Note what is wrong."""
        self.findings.append(Finding(kind, workspace_id, event_id, text))

    @property
    def since(self) -> datetime | None:
        """When the whole log was last found right."""
        text = self.position.get("since")
        return datetime.fromisoformat(text) if text else None


def clock(moment: datetime) -> str:
    """Return a moment for a sentence."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def between(sealed: datetime | None, since: datetime | None) -> str:
    """Say between which times something was done: after it was sealed or last found right, and before now."""
    known = [moment for moment in (sealed, since) if moment is not None]
    now = clock(timezone.now())
    if not known:
        return _("before %(now)s") % {"now": now}
    return _("between %(then)s and %(now)s") % {"then": clock(max(known)), "now": now}
