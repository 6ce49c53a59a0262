"""Forms of the account pages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import user_by_email
from kit.email_addresses import email_address_of


class SignInForm(LoginForm):
    """E-mail address and password; what refuses them is told by `AccountAdapter.authentication_failed`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.EmailField(
            label=_("E-mail address"),
            max_length=254,
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        )
        # Blanks may be part of a password, and its length is nobody's business before it is checked.
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            strip=False,
            max_length=4096,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )
        self.fields.pop("remember", None)
        self.order_fields(["login", "password"])

    def clean(self) -> dict[str, Any]:
        """Check the pair; sessions last as long as `SESSION_COOKIE_AGE` says, nobody is asked."""
        cleaned: dict[str, Any] = super().clean()
        cleaned["remember"] = True
        return cleaned


class ForgottenForm(ResetPasswordForm):
    """Asks for the mail with a link to a new password; the answer is the same for every address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = forms.EmailField(
            label=_("E-mail address"),
            max_length=254,
            widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        )

    def clean_email(self) -> str:
        """Look the account up; who may not sign in gets no mail."""
        email: str = email_address_of(self.cleaned_data["email"])
        user = user_by_email(email)
        self.users = [user] if user is not None and user.status == User.Status.ACTIVE else []
        return email


class NewPasswordForm(ResetPasswordKeyForm):
    """The new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        checked = self.fields["password1"]
        checked.label, checked.help_text = _("New password"), _("At least 12 characters.")
        self.fields["password2"].label = _("New password again")


class CodeForm(forms.Form):
    """The second step of signing in."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        help_text=_("Six digits from your authenticator app, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        ),
    )
    trust = forms.BooleanField(
        label=_("Trust this browser for 90 days"), required=False, help_text=_("Only on a device that is yours alone.")
    )

    def __init__(self, *args: Any, by_mail: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if by_mail:
            code = self.fields["code"]
            code.help_text = _("Six letters and digits from the mail, or one of your recovery codes.")
            code.widget.attrs["inputmode"] = "text"
            code.widget.attrs["autocapitalize"] = "characters"
