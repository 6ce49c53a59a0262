"""Forms of the dialogs of bulk actions: their further questions, and the moment at which one is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kit.errors import Invalid
from kit.text import several_lines


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


class OptionsForm(forms.Form):
    """Further questions of a dialog. The preview is asked for again on each change when it depends on the answers.

    Args:
        workspace_id: whose objects the dialog is about, for questions that offer what the workspace has.
        ids: the objects, for questions about what they hold.
    """

    changes_preview = False

    def __init__(self, *args: Any, workspace_id: int, ids: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace_id, self.ids = workspace_id, ids

    def options(self) -> dict[str, Any]:
        """Return the answers by the services' keywords; what is preselected while the form is unbound."""
        raise NotImplementedError


class NoteForm(OptionsForm):
    """The note for the objects; of a single one it begins with what it holds."""

    note = forms.CharField(
        label=_("Note"),
        help_text=_("Everybody in this workspace can read it. Leave it empty to remove the note."),
        max_length=1_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(self.ids) == 1 and not self.is_bound:
            self.initial["note"] = self.held(self.workspace_id, self.ids[0])

    def held(self, workspace_id: int, pk: int) -> str:
        """Return the note that an object has."""
        raise NotImplementedError

    def clean_note(self) -> str:
        """Check the text here too, so that the dialog names what is wrong with it."""
        try:
            return several_lines(self.cleaned_data["note"], most=1_000, field="note")
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def options(self) -> dict[str, Any]:
        """Return the argument for the service; none while nobody has written anything."""
        return {"note": self.cleaned_data["note"]} if self.is_bound else {}
