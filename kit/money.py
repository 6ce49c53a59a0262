"""Amounts as people read them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from kit.errors import Invalid

MINOR_DIGITS: Final = 2
"""Digits of the minor unit; all currencies of the price lists have cents."""
_AMOUNT = re.compile(r"([0-9]{1,8})(?:[.,]([0-9]{1,2}))?")


def money(amount: int, currency: str) -> str:
    """Return an amount given in the minor unit, with its currency: 1,234.50 EUR."""
    return f"{Decimal(amount).scaleb(-MINOR_DIGITS):,.{MINOR_DIGITS}f} {currency}"


def minor_units(text: str, *, field: str | None = None) -> int:
    """Return an amount typed as 12, 12.5 or 12,50 in the minor unit.

    Raises:
        Invalid: no such amount.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise Invalid(
            _("“%(text)s” is no amount like 12.50.") % {"text": text[:20]}, code="invalid_format", field=field
        )
    return int(match[1]) * 10**MINOR_DIGITS + int((match[2] or "").ljust(MINOR_DIGITS, "0"))


def decimal_text(amount: int) -> str:
    """Return an amount as an input shows it: 1234.50."""
    return f"{Decimal(amount).scaleb(-MINOR_DIGITS):.{MINOR_DIGITS}f}"
