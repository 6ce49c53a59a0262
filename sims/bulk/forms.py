"""Further questions that the dialogs of bulk actions ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kit.errors import Invalid
from sims.devices.services.tags import normalise_tags


class ReleaseForm(forms.Form):
    """Whether the SIMs are suspended too."""

    suspend = forms.BooleanField(
        label=gettext_lazy("Suspend the SIM too"),
        help_text=gettext_lazy("An Activated SIM is charged even when no device uses it."),
        initial=True,
        required=False,
    )
    # The preview depends on the answer, so it is asked for again when the answer changes.
    changes_preview = True

    def options(self) -> dict[str, Any]:
        """Return the arguments for the service."""
        return {"suspend": self.cleaned_data["suspend"] if self.is_bound else True}


class TagsForm(forms.Form):
    """Names to add and to take away."""

    add = forms.CharField(
        label=gettext_lazy("Add tags"),
        help_text=gettext_lazy("Separated by commas."),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    remove = forms.CharField(
        label=gettext_lazy("Remove tags"),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    changes_preview = False

    def _names(self, field: str) -> list[str]:
        try:
            return normalise_tags(self.cleaned_data.get(field, ""))
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def clean_add(self) -> list[str]:
        """Read the names to add."""
        return self._names("add")

    def clean_remove(self) -> list[str]:
        """Read the names to remove."""
        return self._names("remove")

    def clean(self) -> dict[str, Any]:
        """Refuse a form that asks for nothing or for both at once."""
        cleaned = super().clean() or {}
        add, remove = cleaned.get("add"), cleaned.get("remove")
        if add == [] and remove == []:
            self.add_error("add", _("Name at least one tag to add or remove."))
        elif add and remove and (both := sorted(set(add) & set(remove))):
            self.add_error("remove", _("“%(tag)s” cannot be added and removed at once.") % {"tag": both[0]})
        return cleaned

    def options(self) -> dict[str, Any]:
        """Return the arguments for the service."""
        if not self.is_bound:
            return {}
        return {"add": self.cleaned_data["add"], "remove": self.cleaned_data["remove"]}
