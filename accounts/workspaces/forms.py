"""Forms of the workspace settings. They read and name what was typed; services decide and write."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import CompanyDetails, WorkspaceRequest

_MOST = 200


class CompanyForm(forms.Form):
    """Company details (event 31)."""

    name = forms.CharField(label=_("Name"), max_length=120)
    country = forms.CharField(
        label=_("Country"), max_length=2, required=False, help_text=_("Two letters, for example DE.")
    )
    street = forms.CharField(label=_("Street and number"), max_length=_MOST, required=False)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    verification_type = forms.TypedChoiceField(
        label=_("Kind of company number"),
        choices=[("", _("None")), *CompanyDetails.VerificationType.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    verification = forms.CharField(label=_("Company number"), max_length=40, required=False)

    def clean_country(self) -> str:
        """Check the shape of the code and write it in capitals."""
        country: str = self.cleaned_data["country"].upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("A country has two letters, for example DE."))
        return country


class BillingForm(forms.Form):
    """Billing configuration, as far as the customer decides it (event 32)."""

    vatin = forms.CharField(label=_("VAT number on the invoice"), max_length=20, required=False)
    invoice_email = forms.EmailField(label=_("Invoices go to"), max_length=254, required=False)


class SecurityForm(forms.Form):
    """What the workspace demands of everybody who enters it (event 10040)."""

    mfa_required = forms.BooleanField(label=_("Demand a second factor of everybody"), required=False)


class RequestForm(forms.Form):
    """A request for a workspace."""

    kind = forms.ChoiceField(
        label=_("What do you need"), choices=WorkspaceRequest.Kind.choices, initial="new", widget=forms.RadioSelect
    )
    contact_email = forms.EmailField(label=_("Contact e-mail"), max_length=254)
    text = forms.CharField(
        label=_("For what"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The operator's staff answer within 2 to 7 days."),
    )


def initial_of(form: type[forms.Form], *rows: Any) -> dict[str, Any]:
    """Return what stands in rows for the fields of a form."""
    return {name: getattr(row, name) for name in form.base_fields for row in rows if hasattr(row, name)}
