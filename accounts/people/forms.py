"""Forms about people in a workspace. They read and name what was typed; services decide and write."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.form_fields import new_password
from accounts.permissions import Role

ROLE_CHOICES = [
    (Role.USER.value, _("User: works with SIMs, devices and orders")),
    (Role.OBSERVER.value, _("Observer: sees everything, changes nothing")),
    (Role.ADMINISTRATOR.value, _("Administrator: also manages users, packages and settings")),
]


class InviteForm(forms.Form):
    """Somebody who is to join."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150)
    role = forms.ChoiceField(
        label=_("User role"), choices=ROLE_CHOICES, initial=Role.USER.value, widget=forms.RadioSelect
    )


class AskForMailForm(forms.Form):
    """Asks for the mail by which one gets in for the first time."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(label=_("User role"), choices=ROLE_CHOICES, widget=forms.RadioSelect)


class NewAccountForm(forms.Form):
    """What a new person says about themselves when they accept an invitation."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed through
        self.fields["password"] = new_password(_("Password"), help_text=_("At least 12 characters."))
        self.fields["repeated"] = new_password(_("Password again"))

    def clean_repeated(self) -> str:
        """Check that both passwords are the same."""
        repeated: str = self.cleaned_data["repeated"]
        if "password" in self.cleaned_data and repeated != self.cleaned_data["password"]:
            raise forms.ValidationError(_("The two passwords differ."))
        return repeated
