"""Forms of the admin site's pages of users."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.selectors import user_by_email
from kit.admin.base import StaffForm


def _password_field(help_text: Any, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        required=required,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class UserForm(StaffForm):
    """An account."""

    def clean_email(self) -> str:
        """Check that nobody has the address, in any case; the model's own check names no field."""
        email: str = self.cleaned_data["email"]
        taken = user_by_email(email)
        if taken is not None and taken.pk != self.instance.pk:
            raise forms.ValidationError(_("There is an account with the address %(email)s.") % {"email": email})
        return email


class NewUserForm(UserForm):
    """A new account."""

    password = _password_field(
        gettext_lazy("For staff only, 12 characters or more. Customers get a mail with a link to choose theirs."),
        required=False,
    )

    class Meta:
        model = User
        fields = ("email", "name", "is_staff", "is_superuser", "staff_role")


class UserPasswordForm(forms.Form):
    """A new password for somebody."""

    password = _password_field(
        gettext_lazy("12 characters or more. Sessions and tokens of this person end."), required=True
    )


class EraseForm(forms.Form):
    """The user's id, typed, so that nobody is erased by a slip."""

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        self.user_id = user.pk
        self.fields["typed"] = forms.CharField(
            label=_("Type the user ID %(id)s to confirm") % {"id": user.pk},
            max_length=20,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        )

    def clean_typed(self) -> str:
        """Compare it."""
        typed: str = self.cleaned_data["typed"].strip()
        if typed != str(self.user_id):
            raise forms.ValidationError(_("This is not the user ID. Nothing was erased."))
        return typed
