"""Forms of one's own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.form_fields import new_password


class ActivationForm(forms.Form):
    """The first code of a new key."""

    code = forms.CharField(
        label=_("Code from the app"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        ),
    )


class ConfirmPasswordForm(forms.Form):
    """The password again, before something that whoever finds an open session must not do."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class OwnNameForm(forms.Form):
    """One's own name."""

    name = forms.CharField(label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))


class OwnPasswordForm(forms.Form):
    """Another password."""

    old_password = forms.CharField(
        label=_("Present password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password"] = new_password(_("New password"), help_text=_("At least 12 characters."))
        self.fields["repeated"] = new_password(_("New password again"))

    def clean_repeated(self) -> str:
        """Check that both are the same."""
        repeated: str = self.cleaned_data["repeated"]
        if "new_password" in self.cleaned_data and repeated != self.cleaned_data["new_password"]:
            raise forms.ValidationError(_("The two passwords differ."))
        return repeated
