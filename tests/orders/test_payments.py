"""Paying: by the test card, and what becomes of the money when something comes between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from kit.errors import Conflict, Invalid
from orders import payments
from orders.models import MoneyTransfer, Order, PaymentMethod
from orders.payments import Charge, PaymentDeclined
from orders.services import transfers
from orders.services.orders import (
    order_pay_online,
    orders_cancel,
)
from orders.states import OrderStatus
from orders.stock import available
from orders.tasks import cancel_unpaid_orders, sweep_transfers
from tests.log import last, types
from tests.orders.conftest import Shop

pytestmark = pytest.mark.django_db

CARD = {"card": "4242 4242 4242 4242"}


class Recorder(payments.TestProvider):
    """The test provider, remembering what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.down = False
        self.before_booking: Callable[[], None] = lambda: None

    def authorise(self, charge: Charge, details: Any) -> str:
        self.calls.append(f"authorise {charge.amount} {charge.currency}")
        reference = super().authorise(charge, details)
        self.before_booking()
        return reference

    def capture(self, reference: str) -> None:
        if self.down:
            raise ConnectionError("no answer from the provider")
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


def test_canceled_while_paying_charges_nothing(
    shop: Shop, provider: Recorder, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    order = shop.order()

    def cancel() -> None:
        with shop.cast.staffing():
            orders_cancel(order_ids=[order.pk])

    provider.before_booking = cancel
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(Conflict, match=r"was canceled\. Nothing was charged"),
    ):
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


def test_money_that_could_not_be_taken_is_taken_later_and_once(
    shop: Shop, provider: Recorder, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    order = shop.order()
    provider.down = True
    with django_capture_on_commit_callbacks(execute=True):
        assert pay(shop, order).status == OrderStatus.PAID
    transfer = MoneyTransfer.objects.get(order=order)
    assert (transfer.done, transfer.error, transfer.attempts) == (None, "ConnectionError", 1)
    assert transfers.due() == []
    with time_machine.travel(timezone.now() + transfers.FIRST_WAIT * 2, tick=False):
        assert transfers.due() == [transfer.pk]
        provider.down = False
        sweep_transfers()
        sweep_transfers()
    assert provider.calls == ["authorise 1200 EUR", "capture"]


def test_a_process_that_dies_after_the_commit_loses_no_money(shop: Shop, provider: Recorder) -> None:
    order = shop.order()
    pay(shop, order)  # nothing runs after the commit here, as when the process was killed
    assert provider.calls == ["authorise 1200 EUR"]
    sweep_transfers()
    assert provider.calls == ["authorise 1200 EUR", "capture"]


def test_what_a_provider_never_takes_is_shown_to_staff_who_try_again(shop: Shop, provider: Recorder) -> None:
    order = shop.order()
    provider.down = True
    pay(shop, order)
    moment = timezone.now()
    for _ in range(100):
        moment += transfers.LONGEST_WAIT
        with time_machine.travel(moment, tick=False):
            sweep_transfers()
    transfer = MoneyTransfer.objects.get(order=order)
    assert transfer.given_up
    page = shop.cast.client(shop.cast.staff).get(reverse("admin:orders_moneytransfer_changelist"))
    assert "Given up" in page.content.decode()
    provider.down = False
    with shop.cast.staffing(), time_machine.travel(moment, tick=False):
        assert transfers.retry([transfer.pk]) == 1
    assert provider.calls[-1] == "capture"


def test_orders_nobody_pays_end_and_free_their_stock(shop: Shop) -> None:
    online = shop.order((shop.single, 4))
    invoice = shop.order((shop.hundred, 1), payment_method=PaymentMethod.BANK_TRANSFER)
    assert available([shop.single])[shop.single.pk] == 1
    with time_machine.travel(online.submitted_at + timedelta(hours=23), tick=False):
        assert cancel_unpaid_orders() == 0
    with time_machine.travel(online.submitted_at + timedelta(hours=25), tick=False):
        assert cancel_unpaid_orders() == 1
    online.refresh_from_db()
    invoice.refresh_from_db()
    assert (online.status, invoice.status) == (OrderStatus.CANCELED, OrderStatus.SUBMITTED)
    assert available([shop.single])[shop.single.pk] == 5
    event = last()
    assert (event.type, event.user_id, event.actor_label) == (39, None, "Unpaid orders")
    with time_machine.travel(online.submitted_at + timedelta(days=31), tick=False):
        assert cancel_unpaid_orders() == 1


def test_unpaid_orders_of_one_workspace_do_not_empty_the_stock(shop: Shop, settings: Any) -> None:
    settings.SHOP_UNPAID_ORDERS = 2
    first = shop.order()
    shop.order()
    with pytest.raises(Conflict, match="2 orders of this workspace are not paid yet"):
        shop.order()
    pay(shop, first)
    shop.order()
    settings.SHOP_UNPAID_ORDERS, settings.SHOP_UNPAID_SIMS = 10, 50
    with pytest.raises(Conflict, match="SIMs are kept for unpaid orders"):
        shop.order((shop.hundred, 1))
