"""Fields of the admin site's forms that Django does not have."""

from __future__ import annotations

from typing import Any

from django import forms

from kit.errors import Invalid
from kit.money import decimal_text, minor_units


class AmountField(forms.CharField):
    """A price typed with its decimals; an integer in the minor unit."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=12, widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "num"}), **options
        )

    def prepare_value(self, value: Any) -> Any:
        return decimal_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return minor_units(text)
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True
