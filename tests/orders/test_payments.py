"""Paying: by the test card, and what becomes of the money when something comes between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kit.errors import Conflict, Invalid
from orders import payments
from orders.models import Order, PaymentMethod
from orders.payments import Charge, PaymentDeclined
from orders.services.orders import (
    order_pay_online,
    orders_cancel,
)
from orders.states import OrderStatus
from tests.log import last, types
from tests.orders.conftest import Shop

pytestmark = pytest.mark.django_db

CARD = {"card": "4242 4242 4242 4242"}


class Recorder(payments.TestProvider):
    """The test provider, remembering what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.before_booking: Callable[[], None] = lambda: None

    def authorise(self, charge: Charge, details: Any) -> str:
        self.calls.append(f"authorise {charge.amount} {charge.currency}")
        reference = super().authorise(charge, details)
        self.before_booking()
        return reference

    def capture(self, reference: str) -> None:
        self.calls.append("capture")

    def void(self, reference: str) -> None:
        self.calls.append("void")

    def refund(self, reference: str, charge: Charge) -> None:
        self.calls.append(f"refund {charge.amount}")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setitem(payments.PROVIDERS, PaymentMethod.ONLINE, made)
    return made


def pay(shop: Shop, order: Order, card: str = CARD["card"]) -> Order:
    with shop.cast.acting(shop.cast.member):
        return order_pay_online(workspace_id=shop.cast.acme.pk, order_id=order.pk, details={"card": card})


def test_paying_online(shop: Shop, provider: Recorder, django_capture_on_commit_callbacks: Callable[..., Any]) -> None:
    order = shop.order()
    with django_capture_on_commit_callbacks(execute=True):
        paid = pay(shop, order)
    assert provider.calls == ["authorise 1200 EUR", "capture"]
    assert paid.status == OrderStatus.PAID
    assert paid.payment_reference.startswith("TEST-")
    assert types() == [38, 39]
    assert last().user_id == shop.cast.member.pk
    with pytest.raises(Conflict, match="Paid already"):
        pay(shop, order)
    assert provider.calls == ["authorise 1200 EUR", "capture"]


def test_a_declined_card_leaves_the_order(shop: Shop, provider: Recorder) -> None:
    order = shop.order()
    with pytest.raises(PaymentDeclined):
        pay(shop, order, "4000 0000 0000 0002")
    order.refresh_from_db()
    assert order.status == OrderStatus.SUBMITTED
    assert types() == [38]
    assert "capture" not in provider.calls


def test_canceled_while_paying_charges_nothing(shop: Shop, provider: Recorder) -> None:
    order = shop.order()

    def cancel() -> None:
        with shop.cast.staffing():
            orders_cancel(order_ids=[order.pk])

    provider.before_booking = cancel
    with pytest.raises(Conflict, match=r"was canceled\. Nothing was charged"):
        pay(shop, order)
    assert provider.calls == ["authorise 1200 EUR", "void"]
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELED
    assert types() == [38, 39]


def test_canceling_a_paid_order_gives_the_money_back(
    shop: Shop, provider: Recorder, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    order = shop.order()
    pay(shop, order)
    with shop.cast.acting(shop.cast.member), django_capture_on_commit_callbacks(execute=True):
        orders_cancel(order_ids=[order.pk], workspace_id=shop.cast.acme.pk)
    assert provider.calls[-1] == "refund 1200"


def test_no_test_card_where_it_is_off(shop: Shop, settings: Any) -> None:
    order = shop.order()
    settings.SHOP_TEST_PAYMENTS = False
    with pytest.raises(Conflict, match="not set up"):
        pay(shop, order)
    with pytest.raises(Invalid, match="not set up"):
        shop.order()
