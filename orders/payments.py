"""How orders are paid: one interface, and a provider for each method.

A provider first holds the money (`authorise`), then takes it (`capture`) once the order is paid in our books, or lets
it go (`void`) when the order could not be. So nobody is charged for an order that was canceled while they paid.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from kit.errors import Conflict, Invalid
from orders.models import PaymentMethod

BANK_TRANSFER_FROM: Final = 100
"""SIMs from which an order may be paid by bank transfer (`docs/rules.md` section 15)."""


class PaymentDeclined(Invalid):
    """The provider did not hold the money; nothing was charged and the order stands as it was."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be paid; the amount in the minor unit."""

    order_id: int
    amount: int
    currency: str


class PaymentProvider(Protocol):
    """What the shop needs of somebody who collects money."""

    method: ClassVar[PaymentMethod]
    online: ClassVar[bool]
    """Whether the buyer pays on a page right after the purchase."""

    def why_not(self, *, sim_count: int) -> str:
        """Return why an order of so many SIMs can't be paid this way, "" when it can."""

    def authorise(self, charge: Charge, details: Mapping[str, str]) -> str:
        """Hold the money and return the provider's reference.

        Args:
            charge: what is to be paid.
            details: what the buyer entered on the provider's page.

        Raises:
            PaymentDeclined: with the reason for the buyer.
            Conflict: this method is not paid by the buyer in the portal.
        """

    # What follows may be asked for more than once with the same reference, and then changes nothing; what the provider
    # can't do at the moment raises, and is asked for again later.

    def capture(self, reference: str) -> None:
        """Take the money that is held."""

    def void(self, reference: str) -> None:
        """Let go the money that is held."""

    def refund(self, reference: str, charge: Charge) -> None:
        """Give back money that was taken."""


class InvoiceProvider:
    """Bank transfer on invoice. Staff see the account and say when the money has arrived, or give it back."""

    method: ClassVar[PaymentMethod] = PaymentMethod.BANK_TRANSFER
    online: ClassVar[bool] = False

    def why_not(self, *, sim_count: int) -> str:
        if sim_count >= BANK_TRANSFER_FROM:
            return ""
        return _("Bank transfer is for orders of %(n)s SIMs and more.") % {"n": BANK_TRANSFER_FROM}

    def authorise(self, charge: Charge, details: Mapping[str, str]) -> str:
        raise Conflict(_("This order is paid by bank transfer; staff enter the payment."), code="not_online")

    def capture(self, reference: str) -> None:
        """Do nothing: the money of a bank transfer has arrived already."""

    def void(self, reference: str) -> None:
        """Do nothing: a bank transfer holds no money beforehand."""

    def refund(self, reference: str, charge: Charge) -> None:
        """Do nothing: the bookkeeping pays back, outside of the portal."""


class TestProvider:
    """Online payment by a card that does not exist. No money moves; off in production unless asked for."""

    method: ClassVar[PaymentMethod] = PaymentMethod.ONLINE
    online: ClassVar[bool] = True
    __test__ = False  # no test case, whatever its name makes pytest think

    GOOD_CARD: Final = "4242424242424242"
    DECLINED_CARD: Final = "4000000000000002"

    def why_not(self, *, sim_count: int) -> str:
        return "" if settings.SHOP_TEST_PAYMENTS else _("Online payment is not set up here.")

    def authorise(self, charge: Charge, details: Mapping[str, str]) -> str:
        refusal = self.why_not(sim_count=0)
        if refusal:
            raise Conflict(refusal, code="not_set_up")
        card = "".join(details.get("card", "").split())
        if card == self.GOOD_CARD:
            return f"TEST-{uuid.uuid4().hex[:16]}"
        if card == self.DECLINED_CARD:
            raise PaymentDeclined(
                _("The card was declined. Nothing was charged; try another card."), code="declined", field="card"
            )
        raise PaymentDeclined(_("This is no test card. Nothing was charged."), code="invalid_format", field="card")

    def capture(self, reference: str) -> None:
        """Do nothing: the test card has no money."""

    def void(self, reference: str) -> None:
        """Do nothing: the test card holds no money."""

    def refund(self, reference: str, charge: Charge) -> None:
        """Do nothing: no money was taken from the test card."""


PROVIDERS: Final[dict[PaymentMethod, PaymentProvider]] = {
    provider.method: provider for provider in (TestProvider(), InvoiceProvider())
}


def provider_of(method: int) -> PaymentProvider | None:
    """Return the provider of a method; none collects nothing."""
    return PROVIDERS.get(PaymentMethod(method))


def choices(sim_count: int) -> list[tuple[PaymentMethod, str]]:
    """Return every method for an order of so many SIMs, with the reason why it can't be chosen or ""."""
    return [(method, provider.why_not(sim_count=sim_count)) for method, provider in PROVIDERS.items()]


def checked_method(method: int, *, sim_count: int, amount: int) -> PaymentMethod:
    """Return how an order will be paid.

    Args:
        method: as chosen.
        sim_count: SIMs of the order.
        amount: its total in the minor unit; nothing to pay is its own method.

    Raises:
        Invalid: no such method, or not for this order.
    """
    if amount == 0:
        return PaymentMethod.NOTHING
    if method not in PROVIDERS:
        raise Invalid(_("Choose online payment or bank transfer."), code="invalid_reference", field="payment_method")
    chosen = PaymentMethod(method)
    refusal = PROVIDERS[chosen].why_not(sim_count=sim_count)
    if refusal:
        raise Invalid(refusal, code="payment_not_allowed", field="payment_method")
    return chosen
