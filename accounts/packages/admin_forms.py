"""The form of a platform package: its fee as money, and its scale of prices as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import PlatformPackage
from accounts.models.rates import DECIMALS, known_rates, read_rates, stored_rates
from kit.admin.base import StaffForm
from kit.admin.fields import AmountField

SPARE_ROWS: Final = 2
"""Empty rows behind those that are filled, for people without scripts too."""


class RatesWidget(forms.Widget):
    """A row for each step, and some that are empty; a row that is emptied is a step that goes."""

    template_name = "accounts/admin/rates.html"

    def use_required_attribute(self, initial: Any) -> bool:
        """Leave rows empty as they are: they are no steps."""
        return False

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["rows"] = [*(value or []), *[("", "")] * SPARE_ROWS]
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[tuple[str, str]]:
        starts, rates = _all(data, f"{name}-start"), _all(data, f"{name}-rate")
        return list(zip(starts, rates, strict=False))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-start" not in data


class RatesField(forms.Field):
    """A scale of prices, typed row by row, as it is stored."""

    widget = RatesWidget

    def prepare_value(self, value: Any) -> list[tuple[str, str]]:
        if isinstance(value, list) and all(isinstance(each, tuple) for each in value):
            return [row for row in value if any(text.strip() for text in row)]
        return [(str(step.scale_start), decimal_of(step.rate)) for step in known_rates(value)]

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """Return the steps, in the order of their starts. Raises ValidationError that names the row."""
        found = []
        for place, (start, rate) in enumerate(value or (), start=1):
            if not start.strip() and not rate.strip():
                continue
            found.append({"scale_start": _start(start, place), "rate": _rate(rate, place)})
        return stored_rates(read_rates(sorted(found, key=lambda step: step["scale_start"])))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != initial)
        except ValidationError:
            return True


def decimal_of(rate: float) -> str:
    """Return a price as an input shows it: two decimals, and more where it has more."""
    text = f"{Decimal(str(rate)):f}"
    return text if len(text.partition(".")[2]) > 2 else f"{Decimal(str(rate)):.2f}"


def _all(data: Any, name: str) -> Sequence[str]:
    if hasattr(data, "getlist"):
        return [str(each) for each in data.getlist(name)]
    value = data.get(name, []) if isinstance(data, Mapping) else []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def _start(text: str, place: int) -> int:
    digits = text.strip().replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise ValidationError(
            _("Row %(n)s: “%(text)s” is no number of SIMs like 500.") % {"n": place, "text": text[:20]}, code="start"
        )
    return int(digits)


def _rate(text: str, place: int) -> float:
    wrong = _("Row %(n)s: “%(text)s” is no price like 0.75.") % {"n": place, "text": text[:20]}
    try:
        rate = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise ValidationError(wrong, code="rate") from error
    if not rate.is_finite() or rate < 0:
        raise ValidationError(wrong, code="rate")
    if -int(rate.as_tuple().exponent) > DECIMALS:
        raise ValidationError(
            _("Row %(n)s: a price has at most %(most)s decimals.") % {"n": place, "most": DECIMALS}, code="decimals"
        )
    return float(rate)


class PackageForm(StaffForm):
    """A platform package."""

    monthly_rate_cents = AmountField(
        label=gettext_lazy("Monthly fee"),
        required=False,
        help_text=gettext_lazy("A month, in the currency of the package, like 199.00. Empty: none."),
    )
    prepaid_credit_cents = AmountField(
        label=gettext_lazy("Prepaid credit"),
        required=False,
        help_text=gettext_lazy("What a trial may use for traffic, in the currency of the package. Empty: no credit."),
    )
    sim_rates = RatesField(
        label=gettext_lazy("Price of an activated SIM a month"),
        required=False,
        help_text=gettext_lazy(
            "In the currency of the package. The step that the number of charged SIMs reaches gives the price of all "
            "of them. Empty a row to remove it; more rows come when these are saved."
        ),
    )

    class Meta:
        model = PlatformPackage
        exclude = ()

    def clean_prepaid_credit_cents(self) -> int:
        """Take an empty credit for none."""
        return self.cleaned_data["prepaid_credit_cents"] or 0

    def clean_monthly_rate_cents(self) -> int:
        """Take an empty fee for none."""
        return self.cleaned_data["monthly_rate_cents"] or 0
