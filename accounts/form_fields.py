"""What the forms about accounts share."""

from __future__ import annotations

from django import forms

from kit.errors import DomainError


def show_refusal(form: forms.BaseForm, error: DomainError) -> None:
    """Put a service's refusal at the field it names, or above the form when it names none of them."""
    form.add_error(error.field if error.field in form.fields else None, error.message)


def new_password(label: object, *, help_text: object = "") -> forms.CharField:
    """Return a field for a password that is being chosen; blanks may be part of it."""
    return forms.CharField(
        label=str(label),
        strip=False,
        max_length=4096,
        help_text=str(help_text),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
