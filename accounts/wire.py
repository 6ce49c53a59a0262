"""How workspaces and currencies look on the wire."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from accounts.models import Currency
from accounts.models.packages import CURRENCY_IDS
from kit.api.document import Answer

STATES: Final = [{"id": 0, "description": "Enabled"}, {"id": 1, "description": "Suspended"}]


_SYMBOLS: Final = {Currency.EUR.value: "€", Currency.USD.value: "$"}


class CurrencyAnswer(Answer):
    """A currency."""

    id: int = Field(examples=[1])
    code: str = Field(examples=["EUR"])
    symbol: str = Field(examples=["€"])


def currency_wire(currency: str) -> dict[str, Any]:
    """Return a currency with its published id."""
    return {"id": CURRENCY_IDS.get(currency, 1), "code": currency, "symbol": _SYMBOLS.get(currency, currency)}
