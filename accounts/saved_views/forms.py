"""The form of a saved view."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import SavedView
from accounts.models.saved_views import NAME_LENGTH


class ViewForm(forms.Form):
    """A view that is saved or changed.

    Args:
        replaceable: the views that a new one may take the place of; empty when an old one is changed.
        may_share: whether the reader may share views.
    """

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=NAME_LENGTH,
        required=False,
        error_messages={"required": gettext_lazy("Enter a name for the view.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    replace = forms.TypedChoiceField(
        label=gettext_lazy("Save as"), coerce=int, empty_value=None, required=False, help_text=""
    )
    shared = forms.BooleanField(label=gettext_lazy("Share with the workspace"), required=False)
    default = forms.BooleanField(label=gettext_lazy("Open the list with it, for me"), required=False)

    def __init__(self, *args: Any, replaceable: list[SavedView], may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if replaceable:
            field = self.fields["replace"]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - declared above
            field.choices = [("", gettext_lazy("A new view")), *((view.pk, view.name) for view in replaceable)]
        else:
            del self.fields["replace"]
            self.fields["name"].required = True
        if not may_share:
            del self.fields["shared"]

    def clean(self) -> dict[str, Any]:
        """Ask for a name, unless an old view keeps its own."""
        found = super().clean() or {}
        if not found.get("name") and not found.get("replace") and "name" not in self.errors:
            self.add_error("name", gettext_lazy("Enter a name for the view."))
        return found
