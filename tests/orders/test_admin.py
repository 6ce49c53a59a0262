"""The shop in the admin site: staff act through buttons, and only through those that the state allows."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from orders.models import Article, OrderBatch, ShippingOption, ShippingProvider
from orders.services.orders import orders_cancel
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from sims.models import SimBatch
from tests.log import rows, types
from tests.orders.conftest import Shop

pytestmark = pytest.mark.django_db

BASE = "/admin/orders/order/"


@pytest.fixture
def desk(shop: Shop) -> Client:
    """A member of the staff, signed in."""
    return shop.cast.client(shop.cast.staff)


def buttons(page: str) -> list[str]:
    return re.findall(r"/admin/orders/order/\d+/(pay|ship|cancel)/", page)


def test_buttons_offer_what_is_allowed(shop: Shop, desk: Client) -> None:
    order = shop.order()

    def shown() -> list[str]:
        return buttons(desk.get(f"{BASE}{order.pk}/change/").content.decode())

    assert shown() == ["pay", "cancel"]
    assert desk.post(f"{BASE}{order.pk}/pay/").status_code == 302
    assert shown() == ["ship", "cancel"]
    box = SimBatch.objects.filter(quantity=1).earliest("pk").pk
    data = {"provider": shop.provider.pk, "reference": "T-5", "box": box, "checked": box, "confirm": "yes"}
    assert desk.post(f"{BASE}{order.pk}/ship/", data).status_code == 302
    page = desk.get(f"{BASE}{order.pk}/change/").content.decode()
    assert buttons(page) == []
    assert re.findall(r"is Shipped now\.(.*?)</", page) == [""]  # words and no markup, which would be read as such
    order.refresh_from_db()
    assert (order.status, order.ext_shipping_reference) == (OrderStatus.SHIPPED, "T-5")
    assert OrderBatch.objects.get().batch.bic[:4] in page
    assert types(shop.cast.acme) == [38, 39, 39]


def test_a_move_that_came_too_late_says_why(shop: Shop, desk: Client) -> None:
    order = shop.order()
    answer = desk.post(f"{BASE}{order.pk}/ship/", {"provider": shop.provider.pk}, follow=True)
    assert "is not paid yet" in answer.content.decode()
    with shop.cast.staffing():
        orders_cancel(order_ids=[order.pk])
    answer = desk.post(f"{BASE}{order.pk}/pay/", follow=True)
    assert "was canceled" in answer.content.decode()
    assert types(shop.cast.acme) == [38, 39]


def test_canceling(shop: Shop, desk: Client) -> None:
    order = shop.paid()
    page = desk.get(f"{BASE}{order.pk}/cancel/").content.decode()
    assert "12.00 EUR were paid and have to be returned" in page
    assert desk.post(f"{BASE}{order.pk}/cancel/").status_code == 302
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELED


def test_the_list(shop: Shop, desk: Client) -> None:
    order = shop.paid()
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="ABC-1")
    bic = OrderBatch.objects.get().batch.bic
    for query in ("", "?q=ABC", f"?q={order.pk}", f"?q={bic}", "?status=2", f"?workspace={shop.cast.acme.pk}"):
        assert f"{BASE}{order.pk}/change/" in desk.get(BASE + query).content.decode(), query
    assert f"{BASE}{order.pk}/change/" not in desk.get(BASE + "?status=0").content.decode()


def test_marking_many(shop: Shop, desk: Client) -> None:
    unpaid, paid = shop.order(), shop.paid()
    data = {"action": "mark_selected_paid", "_selected_action": [unpaid.pk, paid.pk]}
    page = desk.post(BASE, data, follow=True).content.decode()
    assert "1 order marked paid." in page
    assert f"Order {paid.pk} is Paid already." in page


def test_orders_are_not_edited(shop: Shop, desk: Client) -> None:
    order = shop.order()
    assert desk.post(f"{BASE}{order.pk}/change/", {"status": 2}).status_code == 403
    assert desk.get(f"{BASE}add/").status_code == 403
    assert desk.get(f"{BASE}{order.pk}/delete/").status_code == 403


def test_customers_stay_outside(shop: Shop) -> None:
    order = shop.order()
    client = shop.cast.client(shop.cast.owner)
    for path in ("", f"{order.pk}/change/", f"{order.pk}/pay/", f"{order.pk}/ship/"):
        assert client.get(BASE + path).status_code in (302, 403)


def test_articles_are_kept_here(shop: Shop, desk: Client) -> None:
    data = {"name": "Chip 25", "description": "", "sim_model": shop.single.sim_model_id, "quality": 3, "size": 25,
            "active": "on", "price_EUR": "61,50", "price_USD": ""}  # fmt: skip
    answer = desk.post("/admin/orders/article/add/", data)
    assert answer.status_code == 302, answer.content.decode()
    article = Article.objects.get(name="Chip 25")
    assert [(price.currency, price.amount) for price in article.prices.all()] == [("EUR", 6_150)]
    change = f"/admin/orders/article/{article.pk}/change/"
    assert 'value="61.50"' in desk.get(change).content.decode()
    assert desk.post(change, {**data, "price_EUR": "60", "price_USD": "70"}).status_code == 302
    assert sorted(article.prices.values_list("currency", "amount")) == [("EUR", 6_000), ("USD", 7_000)]
    assert desk.post(change, {**data, "price_EUR": "cheap"}).status_code == 422
    assert desk.post(change, {**data, "price_EUR": "", "price_USD": ""}).status_code == 422
    assert desk.post(change, {**data, "price_EUR": "60", "price_USD": "70"}).status_code == 302
    assert rows(shop.cast.operator) == [
        (10061, "Article 'Chip 25' created"),
        (10061, "Article 'Chip 25' updated"),
    ]
    assert "Nano SIM" in desk.get("/admin/orders/article/").content.decode()


def test_shipping_is_kept_here(shop: Shop, desk: Client) -> None:
    option = {"name": "Express", "description": "", "currency": "EUR", "amount": "19.90", "active": "on"}
    assert desk.post("/admin/orders/shippingoption/add/", option).status_code == 302
    assert ShippingOption.objects.get(name="Express").amount == 1_990
    provider = {"name": "Night Mail", "tracking_url": "", "active": "on"}
    assert desk.post("/admin/orders/shippingprovider/add/", provider).status_code == 302
    made = ShippingProvider.objects.get(name="Night Mail")
    change = f"/admin/orders/shippingprovider/{made.pk}/change/"
    assert desk.post(change, {"name": "Night Mail", "tracking_url": ""}).status_code == 302
    assert [text for _type, text in rows(shop.cast.operator)] == [
        "Shipping option 'Express' created",
        "Shipping provider 'Night Mail' created",
        "Shipping provider 'Night Mail' withdrawn",
    ]
