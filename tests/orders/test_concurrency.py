"""Two at once: one order a key, one parcel an order, no SIM sold twice, every change with exactly one event."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kit.errors import DomainError
from orders.models import Order, OrderBatch, PaymentMethod
from orders.services.orders import order_pay_online, order_submit, orders_cancel, orders_mark_paid
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from orders.stock import available
from tests.log import types
from tests.orders.conftest import Shop
from tests.sims.test_concurrency import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.sqlite_too("writers wait for each other as SQLite lets them"),
]


def failed(results: list[object]) -> int:
    return sum(isinstance(result, DomainError) for result in results)


def test_a_double_click_is_one_order(shop: Shop) -> None:
    def buy() -> object:
        with shop.cast.acting(shop.cast.member):
            return order_submit(workspace_id=shop.cast.acme.pk, purchase=shop.purchase(), key="click")

    results = at_once(buy, buy, buy)
    assert failed(results) == 0
    assert len({order.pk for order in results}) == 1  # type: ignore[attr-defined]
    assert types() == [38]


def test_the_last_one_in_stock_is_sold_once(shop: Shop) -> None:
    def buy(key: str) -> Callable[[], object]:
        def act() -> object:
            with shop.cast.acting(shop.cast.member):
                purchase = shop.purchase((shop.single, 3))
                return order_submit(workspace_id=shop.cast.acme.pk, purchase=purchase, key=key)

        return act

    results = at_once(buy("a"), buy("b"), buy("c"))
    assert failed(results) == 2
    assert types() == [38]
    assert available([shop.single]) == {shop.single.pk: 2}


def test_two_ships_at_once(shop: Shop) -> None:
    order = shop.paid((shop.single, 2))

    def ship() -> object:
        with shop.cast.staffing():
            return order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T")

    assert failed(at_once(ship, ship, ship)) == 2
    assert OrderBatch.objects.count() == 2
    assert types(shop.cast.acme) == [38, 39, 39]
    assert types(shop.cast.operator) == [10001, 10001]


def test_two_orders_never_get_one_batch(shop: Shop) -> None:
    orders = [shop.paid((shop.single, 2)) for _ in range(2)]

    def ship(order: Order) -> Callable[[], object]:
        def act() -> object:
            with shop.cast.staffing():
                return order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T")

        return act

    assert failed(at_once(*map(ship, orders))) == 0
    assert len(set(OrderBatch.objects.values_list("batch_id", flat=True))) == 4
    assert available([shop.single]) == {shop.single.pk: 1}


def test_paying_and_canceling_at_once_end_in_one_state(shop: Shop) -> None:
    order = shop.order()

    def pay() -> object:
        with shop.cast.acting(shop.cast.member):
            details = {"card": "4242424242424242"}
            return order_pay_online(workspace_id=shop.cast.acme.pk, order_id=order.pk, details=details)

    def cancel() -> object:
        with shop.cast.staffing():
            return orders_cancel(order_ids=[order.pk])

    def mark() -> object:
        with shop.cast.staffing():
            return orders_mark_paid(order_ids=[order.pk])

    at_once(pay, cancel, mark)
    order.refresh_from_db()
    # Whoever came first: the order ends canceled, and was perhaps paid before; each step has one event.
    assert order.status == OrderStatus.CANCELED
    assert types(shop.cast.acme).count(39) == (2 if order.paid_at else 1)


def test_selling_and_shipping_at_once_keep_the_stock_right(shop: Shop) -> None:
    order = shop.paid((shop.single, 4))

    def ship() -> object:
        with shop.cast.staffing():
            return order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T")

    def buy() -> object:
        with shop.cast.acting(shop.cast.member):
            purchase = shop.purchase((shop.single, 2), payment_method=PaymentMethod.ONLINE)
            return order_submit(workspace_id=shop.cast.acme.pk, purchase=purchase, key="late")

    ship_result, buy_result = at_once(ship, buy)
    assert isinstance(ship_result, Order)
    assert isinstance(buy_result, DomainError)
    assert available([shop.single]) == {shop.single.pk: 1}
