"""When a bulk action is done: at once, or at a moment in the reader's own zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def asks_for_later(sent: Mapping[str, Any]) -> bool:
    """Return whether the action waits for a moment: *Schedule* was pressed, or one is named, whatever was pressed."""
    return sent.get("when") == "later" or bool(sent.get("at", "").strip())


class LaterForm(forms.Form):
    """The moment at which an action is done. Days and hours are those of the reader's zone, which the label names."""

    at = forms.DateTimeField(
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "autocomplete": "off"}, format="%Y-%m-%dT%H:%M"),
        required=True,
        error_messages={
            "required": _("Choose the moment."),
            "invalid": _("Write the moment as day and time, such as 2026-12-01 00:00."),
            "overflow": _("Choose a moment within the next 366 days."),
        },
    )
    use_required_attribute = False
    """Whoever does it at once names no moment."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on
        self.fields["at"].label = _("At (%(zone)s)") % {"zone": timezone.get_current_timezone_name()}
