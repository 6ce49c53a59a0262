"""The terms of a customer's contract, which staff alone change, and what stands on its invoices."""

from __future__ import annotations

from django import forms

from accounts.models import CompanyDetails, Workspace
from accounts.workspaces.services.company import company_of, update_billing
from kit.admin.base import add_refusal
from kit.errors import DomainError


class BillingForm(forms.ModelForm[CompanyDetails]):
    """Billing of a workspace."""

    class Meta:
        model = CompanyDetails
        fields = ("charging_model", "payment_term", "vatin", "invoice_email")


def billing_form(workspace: Workspace, data: object = None) -> BillingForm:
    """Return the form, filled with what holds or with what was sent."""
    return BillingForm(data, instance=company_of(workspace.pk))  # type: ignore[arg-type]  # a request's POST


def save(workspace: Workspace, form: BillingForm) -> bool:
    """Change what the form changes (event 32), and tell whether it was taken."""
    if not form.is_valid():
        return False
    changes = {name: form.cleaned_data[name] for name in form.changed_data}
    try:
        update_billing(workspace_id=workspace.pk, changes=changes)
    except DomainError as error:
        add_refusal(form, error)
        return False
    return True
