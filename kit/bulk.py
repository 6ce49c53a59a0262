"""What the dialogs of bulk actions show: before (`kit/_bulk_dialog.html`) and after (`kit/_bulk_result.html`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.forms import BaseForm

from kit.selection import Selection

SHOWN_ITEMS = 50
"""Objects that a group lists by name in a dialog; the rest stands in the CSV."""


@dataclass(frozen=True)
class BulkAction:
    """A button of the bulk bar.

    Args:
        name: short name, unique in the bar.
        label: the verb.
        url: address that takes the confirmed action; `preview/` is added for the dialog.
        icon: name of a lucide icon.
        danger: drawn as destructive.
    """

    name: str
    label: Any
    url: str
    icon: str = ""
    danger: bool = False

    @property
    def preview_url(self) -> str:
        return f"{self.url}preview/"


@dataclass(frozen=True)
class ReasonGroup:
    """Objects that share a reason. `text` follows the count: "9 are Issued".

    Args:
        items: label and link (or "") of the objects listed.
        more: how many further objects the group has beyond `items`.
    """

    text: Any
    count: int
    items: Sequence[tuple[str, str]] = ()
    more: int = 0

    @classmethod
    def of(cls, text: Any, items: Sequence[tuple[str, str]]) -> ReasonGroup:
        """A group of all these objects, of which the dialog lists the first fifty."""
        return cls(text, len(items), items[:SHOWN_ITEMS], max(0, len(items) - SHOWN_ITEMS))


@dataclass(frozen=True)
class BulkDialog:
    """The question before a bulk action.

    Args:
        title: what would be done: "Suspend 412 SIMs".
        url: where the confirmation is posted.
        verb: the word on the button.
        total: objects selected; `will_change` of them would change.
        groups: why the others cannot.
        notes: sentences that matter, billing first.
        confirm_text: what must be typed before the button works; None asks for nothing.
        fields: a bound or unbound form with further fields, drawn in the dialog.
        seen_note: what changed since the list was shown, or "".
    """

    title: Any
    url: str
    verb: Any
    total: int
    will_change: int
    selection: Selection
    groups: Sequence[ReasonGroup] = ()
    notes: Sequence[Any] = ()
    danger: bool = False
    confirm_text: str | None = None
    confirm_label: Any = ""
    fields: BaseForm | None = None
    seen_note: Any = ""

    @property
    def cannot(self) -> int:
        return self.total - self.will_change


@dataclass(frozen=True)
class BulkResult:
    """What a bulk action did. Every selected object is in exactly one of the three numbers.

    Args:
        title: what was done: "Suspended 398 SIMs".
        skipped: objects left as they were, by reason.
        failed: objects that could not be changed, by reason.
        events_url: the events of this request.
        csv_url: the result line by line.
    """

    title: Any
    changed: int
    skipped: Sequence[ReasonGroup] = ()
    failed: Sequence[ReasonGroup] = ()
    events_url: str = ""
    csv_url: str = ""
    request_id: str = ""
    notes: Sequence[Any] = field(default_factory=tuple)

    @property
    def skipped_count(self) -> int:
        return sum(group.count for group in self.skipped)

    @property
    def failed_count(self) -> int:
        return sum(group.count for group in self.failed)
