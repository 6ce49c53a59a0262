"""Orders: every move of the table, the exact rows they leave, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from events.models import Event
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from orders.addresses import AddressData
from orders.models import Article, ArticlePrice, Order, PaymentMethod
from orders.services.catalogue import article_update
from orders.services.orders import (
    QuoteChanged,
    order_pay_online,
    order_precalculate,
    order_submit,
    orders_cancel,
    orders_mark_paid,
)
from orders.services.shipping import order_ship
from orders.states import MOVES, OrderStatus, may_move
from orders.stock import available
from tests.cast import STANDING
from tests.log import last, told, types
from tests.orders.conftest import ADDRESS, Shop

pytestmark = pytest.mark.django_db

CARD = {"card": "4242 4242 4242 4242"}


# --- the rows ---


def test_38_has_the_published_detail(shop: Shop) -> None:
    order = shop.order()
    event = last()
    assert (event.type, event.description) == (38, "New SIM order has been submitted")
    assert (event.source, event.severity, event.alert) == (2, 0, False)
    assert event.workspace_id == shop.cast.acme.pk
    assert event.user_id == shop.cast.member.pk
    assert told(event) == {"id": order.pk, "location": f"/api/v1/order/{order.pk}"}
    assert (event.sim_id, event.device_id) == (None, None)


@pytest.mark.parametrize(
    ("type_id", "move"), [(38, "submit"), (39, "ship")], ids=["38 order submitted", "39 order shipped"]
)
def test_keys_are_those_of_the_published_example(shop: Shop, type_id: int, move: str) -> None:
    published = {
        38: ["id", "location"],
        39: ["id", "status", "ext_shipping_reference", "shipped_with_provider_id", "shipped_date"],
    }
    order = shop.paid()
    if move == "ship":
        with shop.cast.staffing():
            order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T1")
    event = Event.objects.filter(type=type_id).order_by("-id")[0]
    # PostgreSQL keeps no order of keys.
    assert sorted(told(event)) == sorted(published[type_id])


def test_39_on_payment_shipping_and_cancelation(shop: Shop) -> None:
    order = shop.order()
    with shop.cast.staffing():
        orders_mark_paid(order_ids=[order.pk])
        assert told(last()) == {"id": order.pk, "status": {"id": 1}}
        shipped = order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference=" TRACK 1 ")
        assert shipped.tracking_url == "https://track.example.com/TRACK%201"
    event = Event.objects.of(shop.cast.acme.pk).order_by("-id")[0]
    assert (event.type, event.description, event.severity, event.source) == (39, "SIM order has been updated", 1, 2)
    assert shipped.shipped_at is not None
    assert told(event) == {
        "id": order.pk,
        "status": {"id": 2},
        "ext_shipping_reference": "TRACK 1",
        "shipped_with_provider_id": shop.provider.pk,
        "shipped_date": shipped.shipped_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    other = shop.order()
    with shop.cast.acting(shop.cast.member):
        orders_cancel(order_ids=[other.pk], workspace_id=shop.cast.acme.pk)
    assert told(last()) == {"id": other.pk, "status": {"id": 3}}
    assert types(shop.cast.acme) == [38, 39, 39, 38, 39]


def test_shipping_tells_the_operator_too(shop: Shop) -> None:
    order = shop.paid((shop.single, 2))
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="")
    assert types(shop.cast.operator) == [10001, 10001]
    assert types(shop.cast.acme) == [38, 39, 39]


# --- the table of moves ---


def put(shop: Shop, state: OrderStatus) -> Order:
    """Return an order in a state, reached through services."""
    order = shop.order()
    with shop.cast.staffing():
        if state in (OrderStatus.PAID, OrderStatus.SHIPPED):
            orders_mark_paid(order_ids=[order.pk])
        if state == OrderStatus.SHIPPED:
            order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="R")
        if state == OrderStatus.CANCELED:
            orders_cancel(order_ids=[order.pk])
    order.refresh_from_db()
    assert order.status == state
    return order


def attempt(shop: Shop, order: Order, new: OrderStatus) -> None:
    """Let staff move an order."""
    with shop.cast.staffing():
        if new == OrderStatus.PAID:
            orders_mark_paid(order_ids=[order.pk]).raise_if_refused()
        elif new == OrderStatus.SHIPPED:
            order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="R")
        else:
            orders_cancel(order_ids=[order.pk]).raise_if_refused()


TARGETS = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.CANCELED)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(OrderStatus, TARGETS)))
def test_every_move(shop: Shop, old: OrderStatus, new: OrderStatus) -> None:
    order = put(shop, old)
    before = types()
    if (old, new) in MOVES:
        attempt(shop, order, new)
        order.refresh_from_db()
        assert order.status == new
        assert types(shop.cast.acme).count(39) == before.count(39) + 1
    else:
        with pytest.raises(Conflict, match=f"Order {order.pk}"):
            attempt(shop, order, new)
        order.refresh_from_db()
        assert order.status == old
        assert types() == before


def test_the_table() -> None:
    allowed = {(old, new) for old, new in itertools.product(OrderStatus, OrderStatus) if may_move(old, new)}
    assert allowed == {(0, 1), (0, 3), (1, 2), (1, 3)}
    assert not may_move(OrderStatus.SUBMITTED, OrderStatus.PAID, customer=True)
    assert not may_move(OrderStatus.PAID, OrderStatus.SHIPPED, customer=True)
    assert may_move(OrderStatus.PAID, OrderStatus.CANCELED, customer=True)


def test_many_orders_at_once(shop: Shop, django_assert_num_queries: Callable[..., Any]) -> None:
    shop.supply(shop.single, 5)
    shop.order()  # whose actor the log knows then
    few = [shop.order().pk]
    many = [shop.order().pk for _ in range(7)]
    with shop.cast.staffing():
        orders_mark_paid(order_ids=[shop.order().pk])
        counts = []
        for ids in (few, many):
            before = types().count(39)
            with django_assert_num_queries(8 + STANDING, exact=False) as captured:
                outcome = orders_mark_paid(order_ids=ids)
            counts.append(len(captured))
            assert outcome.changed == ids
            assert types().count(39) == before + len(ids)
    assert counts[0] == counts[1]


def test_refused_ones_are_named_and_the_others_move(shop: Shop) -> None:
    good, bad = shop.order(), put(shop, OrderStatus.CANCELED)
    with shop.cast.staffing():
        outcome = orders_mark_paid(order_ids=[good.pk, bad.pk, 999_999])
    assert outcome.changed == [good.pk]
    assert {(refused.id, refused.code) for refused in outcome.refused} == {
        (bad.pk, "not_allowed"),
        (999_999, "not_found"),
    }


# --- buying ---


def test_what_an_order_freezes(shop: Shop) -> None:
    order = shop.order((shop.single, 3), (shop.hundred, 1), note=" PO 77 ")
    assert (order.items_amount, order.shipping_amount, order.total_amount) == (25_900, 900, 26_800)
    assert (order.sim_count, order.currency, order.note) == (103, "EUR", "PO 77")
    ArticlePrice.objects.update(amount=1)
    Article.objects.filter(pk=shop.single.pk).update(name="Renamed")
    assert [(line.name, line.unit_amount) for line in order.lines.all()] == [
        ("Nano SIM", 300),
        ("Batch of 100", 25_000),
    ]


def test_stock_is_kept_for_open_orders(shop: Shop) -> None:
    assert available([shop.single]) == {shop.single.pk: 5}
    order = shop.order((shop.single, 4))
    assert available([shop.single]) == {shop.single.pk: 1}
    with pytest.raises(QuoteChanged, match="1 are in stock, not 2") as refused:
        shop.order((shop.single, 2))
    assert refused.value.code == "out_of_stock"
    with shop.cast.acting(shop.cast.member):
        orders_cancel(order_ids=[order.pk], workspace_id=shop.cast.acme.pk)
    assert available([shop.single]) == {shop.single.pk: 5}
    assert types().count(38) == 1


def test_the_price_changed_meanwhile(shop: Shop) -> None:
    with shop.cast.acting(shop.cast.member):
        purchase = shop.purchase((shop.single, 1))
        seen = order_precalculate(
            workspace_id=shop.cast.acme.pk, items=purchase.items, shipping_option_id=shop.option.pk
        ).seen
        ArticlePrice.objects.filter(article=shop.single, currency="EUR").update(amount=450)
        with pytest.raises(QuoteChanged, match=r"from 3\.00 EUR to 4\.50 EUR") as refused:
            order_submit(workspace_id=shop.cast.acme.pk, purchase=purchase, key="k", seen=seen)
    assert refused.value.code == "price_changed"
    assert not Order.objects.exists()
    assert types() == []


def test_one_key_is_one_order(shop: Shop) -> None:
    with shop.cast.acting(shop.cast.member):
        first = order_submit(workspace_id=shop.cast.acme.pk, purchase=shop.purchase(), key="same")
        again = order_submit(workspace_id=shop.cast.acme.pk, purchase=shop.purchase(), key="same")
    assert first.pk == again.pk
    assert types() == [38]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payment_method": 2}, "payment_method"),
        ({"payment_method": 9}, "payment_method"),
        ({"items": []}, "items"),
        ({"shipping_option_id": 999}, "items"),
        ({"shipping": AddressData()}, "shipping_company"),
        ({"billing": AddressData.of({**ADDRESS.as_dict(), "email": ""})}, "billing_email"),
        ({"billing": AddressData.of({**ADDRESS.as_dict(), "vat_id": "DE294170416"})}, "billing_vat_id"),
    ],
)
def test_bad_purchases_order_nothing(shop: Shop, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        shop.order(**changes)
    assert refused.value.field == field
    assert not Order.objects.exists()
    assert types() == []


def test_bank_transfer_from_a_hundred_sims(shop: Shop) -> None:
    with pytest.raises(Invalid, match="100 SIMs"):
        shop.order((shop.single, 5), payment_method=PaymentMethod.BANK_TRANSFER)
    order = shop.order((shop.hundred, 1), payment_method=PaymentMethod.BANK_TRANSFER)
    assert order.payment_method == PaymentMethod.BANK_TRANSFER
    with shop.cast.acting(shop.cast.member), pytest.raises(Conflict, match="bank transfer"):
        order_pay_online(workspace_id=shop.cast.acme.pk, order_id=order.pk, details=CARD)


def test_trial_gets_three_single_triple_cut_sims(shop: Shop) -> None:
    shop.cast.acme.package.evaluation = True
    shop.cast.acme.package.save()
    triple = Article.objects.create(name="Triple single", sim_model=shop.hundred.sim_model, size=1)
    ArticlePrice.objects.create(article=triple, currency="EUR", amount=200)
    shop.supply(triple, 6)
    order = shop.order((triple, 2))
    assert (order.items_amount, order.lines.get().free) == (0, 2)
    assert shop.order((triple, 2)).lines.get().free == 1
    assert shop.order((triple, 1)).items_amount == 200
    assert shop.order((shop.single, 1)).items_amount == 300


def test_nothing_to_pay_is_paid_at_once(shop: Shop) -> None:
    shop.option.amount = 0
    shop.option.save()
    ArticlePrice.objects.filter(article=shop.single).update(amount=0)
    order = shop.order()
    assert (order.status, order.payment_method) == (OrderStatus.PAID, PaymentMethod.NOTHING)
    assert types() == [38, 39]


# --- who may ---


def test_observers_order_nothing(shop: Shop) -> None:
    with shop.cast.acting(shop.cast.observer):
        with pytest.raises(Forbidden):
            order_submit(workspace_id=shop.cast.acme.pk, purchase=shop.purchase(), key="k")
        with pytest.raises(Forbidden):
            orders_cancel(order_ids=[1], workspace_id=shop.cast.acme.pk)


def test_customers_are_no_staff(shop: Shop) -> None:
    order = shop.order()
    with shop.cast.acting(shop.cast.owner):
        for act in (
            lambda: orders_mark_paid(order_ids=[order.pk]),
            lambda: orders_cancel(order_ids=[order.pk]),
            lambda: order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference=""),
            lambda: article_update(article_id=shop.single.pk, changes={"name": "X"}),
        ):
            with pytest.raises(Forbidden):
                act()


def test_strangers_see_nothing(shop: Shop) -> None:
    order = shop.order()
    with shop.cast.acting(shop.cast.outsider):
        outcome = orders_cancel(order_ids=[order.pk], workspace_id=shop.cast.umbra.pk)
        assert [refused.code for refused in outcome.refused] == ["not_found"]
        with pytest.raises(NotFound):
            order_pay_online(workspace_id=shop.cast.umbra.pk, order_id=order.pk, details=CARD)
        with pytest.raises(NotFound):
            orders_cancel(order_ids=[order.pk], workspace_id=shop.cast.acme.pk)
