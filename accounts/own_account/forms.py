"""Forms of one's own account."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.form_fields import new_password
from accounts.models.second_factors import APP, MAIL


class ActivationForm(forms.Form):
    """The first code of a new key, of the app or of the mail."""

    code = forms.CharField(
        label=_("Code from the app"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, by_mail: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if by_mail:
            self.fields["code"].label = _("Code from the mail")
            self.fields["code"].widget.attrs |= {"inputmode": "text", "autocapitalize": "characters"}


class ConfirmPasswordForm(forms.Form):
    """The password again, before something that whoever finds an open session must not do."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class SetUpForm(ConfirmPasswordForm):
    """Which second factor it shall be, and the password. Codes by e-mail come first: they need nothing else."""

    kind = forms.ChoiceField(
        label=_("How the codes reach you"),
        choices=[
            (MAIL, _("By e-mail: a code is sent to your address at each sign-in")),
            (APP, _("By an authenticator app on your phone or computer: safer, and works without mail")),
        ],
        initial=MAIL,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, app_only: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if app_only:
            del self.fields["kind"]
        self.order_fields(["kind", "password"])

    @property
    def chosen(self) -> str:
        """Return the kind of the factor; staff who need an app choose nothing."""
        return str(self.cleaned_data.get("kind", APP))


class OwnNameForm(forms.Form):
    """One's own name."""

    name = forms.CharField(label=_("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))


BROWSERS_ZONE: Final = "browser"


@cache
def zone_names() -> tuple[str, ...]:
    """Return the zones that people choose from: places, and UTC."""
    outside = ("Etc/", "SystemV/", "US/", "posix/", "right/")
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith(outside)))


class ZoneForm(forms.Form):
    """The zone in which one's times are shown and read; it is kept with the other settings of how one sees things."""

    zone = forms.ChoiceField(
        label=_("Times are shown and read in"),
        help_text=_("Lists, filters and files name it. Bills keep the zone of the operator."),
    )

    def __init__(self, *args: Any, preferences: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        browsers = str(preferences.get("timezone") or "UTC")
        choices = [(BROWSERS_ZONE, gettext("The zone of the browser, now %(zone)s") % {"zone": browsers})]
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [*choices, *((name, name.replace("_", " ")) for name in zone_names())]
        field.initial = preferences.get("zone") or BROWSERS_ZONE


class OwnPasswordForm(forms.Form):
    """Another password."""

    old_password = forms.CharField(
        label=_("Current password"),
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
