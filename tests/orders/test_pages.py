"""The shop in the browser: the whole way, what is kept on it, who sees what."""

from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from events.models import Event
from orders.models import MOST_OF_ONE, Article, ArticlePrice, Cart, Order, OrderBatch, PaymentMethod
from orders.services.orders import orders_cancel
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from orders.stock import available
from sims.models import Sim
from tests.log import types
from tests.orders.conftest import Shop

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite_too("smoke: the shop")]

DETAILS = {
    "shipping_company": "Acme GmbH",
    "shipping_name": "Max Member",
    "shipping_street": "Example Street 1",
    "shipping_postcode": "10115",
    "shipping_city": "Berlin",
    "shipping_country": "DE",
    "billing_email": "orders@example.com",
    "billing_vat_id": "DE 294 170 417",
    "note": "PO 12",
}


@pytest.fixture
def browser(shop: Shop) -> Client:
    """Acme's member, signed in."""
    return shop.cast.client(shop.cast.member)


def url(shop: Shop, rest: str = "") -> str:
    return f"/w/{shop.cast.acme.pk}/orders/{rest}"


def fill(shop: Shop, browser: Client, quantity: int = 1) -> None:
    """Go up to the confirmation."""
    answer = browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": quantity})
    assert (answer.status_code, answer["Location"]) == (303, url(shop, "shop/details/"))
    answer = browser.post(url(shop, "shop/details/"), {**DETAILS, "shipping_option": shop.option.pk})
    assert (answer.status_code, answer["Location"]) == (303, url(shop, "shop/payment/"))
    answer = browser.post(url(shop, "shop/payment/"), {"payment_method": PaymentMethod.ONLINE.value})
    assert (answer.status_code, answer["Location"]) == (303, url(shop, "shop/confirm/"))


def agreement(shop: Shop, browser: Client) -> dict[str, str]:
    """Return the hidden fields of the confirmation."""
    answer = browser.get(url(shop, "shop/confirm/"))
    assert answer.status_code == 200, answer.content
    return hidden(answer)


def hidden(answer: Any) -> dict[str, str]:
    found = re.findall(r'name="(key|seen)" value="([^"]*)"', answer.content.decode())
    return dict(found)


def test_from_the_cart_to_registered_sims(shop: Shop, browser: Client) -> None:
    fill(shop, browser, 2)
    answer = browser.post(url(shop, "shop/confirm/"), agreement(shop, browser))
    order = Order.objects.get()
    assert answer["Location"] == url(shop, f"{order.pk}/pay/")
    assert order.billing_address.vat_id == "DE294170417"
    assert not Cart.objects.exists()
    answer = browser.post(answer["Location"], {"card": "4242424242424242"})
    assert answer["Location"] == url(shop, f"{order.pk}/")
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T-1")
    page = browser.get(url(shop, f"{order.pk}/")).content.decode()
    bics = list(OrderBatch.objects.values_list("batch__bic", flat=True))
    for bic in bics:
        assert f'data-copy="{bic}"' in page
    assert "https://track.example.com/T-1" in page
    answer = browser.post(url(shop, f"{order.pk}/register/"), {"bic": bics[0]})
    assert answer["Location"] == url(shop, f"{order.pk}/")
    browser.post(url(shop, f"{order.pk}/register/"))
    assert Sim.objects.of(shop.cast.acme.pk).count() == 2
    assert types(shop.cast.acme) == [38, 39, 39, 48, 48]
    address = f"/w/{shop.cast.acme.pk}/events/order/{order.pk}/"
    assert address in page
    timeline = browser.get(address, headers={"hx-request": "true"}).content.decode()
    assert browser.get(address).status_code == 200
    words = re.findall(r"<strong>([^<]+)</strong>", timeline)
    assert words == ["Submitted", "Paid", "Shipped", "1 SIM registered", "1 SIM registered"]
    assert "<bdi>Stella Staff</bdi> (Operator staff)" in timeline


def test_the_cart_survives(shop: Shop, browser: Client) -> None:
    fill(shop, browser, 3)
    second = shop.cast.client(shop.cast.member)
    page = second.get(url(shop, "shop/")).content.decode()
    assert re.search(
        rf'name="quantity-{shop.single.pk}"[^>]*value="3"|value="3"[^>]*name="quantity-{shop.single.pk}"', page
    )
    page = second.get(url(shop, "shop/details/")).content.decode()
    assert 'value="Example Street 1"' in page
    assert "DE294170417" in page


def test_steps_lead_to_what_is_missing(shop: Shop, browser: Client) -> None:
    for step in ("details", "payment", "confirm"):
        assert browser.get(url(shop, f"shop/{step}/"))["Location"] == url(shop, "shop/")
    browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 1})
    for step in ("payment", "confirm"):
        assert browser.get(url(shop, f"shop/{step}/"))["Location"] == url(shop, "shop/details/")


def test_the_same_click_twice(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    agreed = agreement(shop, browser)
    first = browser.post(url(shop, "shop/confirm/"), agreed)
    again = browser.post(url(shop, "shop/confirm/"), agreed)
    assert first["Location"] == again["Location"]
    assert Order.objects.count() == 1
    assert types() == [38]


def test_a_changed_price_is_shown_and_not_bought(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    agreed = agreement(shop, browser)
    ArticlePrice.objects.filter(article=shop.single, currency="EUR").update(amount=999)
    answer = browser.post(url(shop, "shop/confirm/"), agreed)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "from 3.00 EUR to 9.99 EUR" in page
    assert not Order.objects.exists()
    answer = browser.post(url(shop, "shop/confirm/"), hidden(answer))
    assert answer.status_code == 303
    assert Order.objects.get().items_amount == 999


def test_out_of_stock_between_cart_and_buy(shop: Shop, browser: Client) -> None:
    fill(shop, browser, 4)
    agreed = agreement(shop, browser)
    shop.order((shop.single, 3))
    answer = browser.post(url(shop, "shop/confirm/"), agreed)
    assert answer.status_code == 409
    assert "2 are in stock, not 4" in answer.content.decode()
    assert Order.objects.count() == 1


def test_a_second_tab_that_changed_the_cart(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    agreed = agreement(shop, browser)
    browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 2})
    answer = browser.post(url(shop, "shop/confirm/"), agreed)
    assert answer.status_code == 409
    assert "perhaps in another tab" in answer.content.decode()


def test_a_cart_that_was_bought_in_another_tab(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    agreed = agreement(shop, browser)
    Cart.objects.all().delete()
    answer = browser.post(url(shop, "shop/confirm/"), agreed)
    assert answer["Location"] == url(shop, "shop/")
    assert not Order.objects.exists()


def test_canceled_while_paying(shop: Shop, browser: Client) -> None:
    order = shop.order()
    assert browser.get(url(shop, f"{order.pk}/pay/")).status_code == 200
    with shop.cast.staffing():
        orders_cancel(order_ids=[order.pk])
    answer = browser.post(url(shop, f"{order.pk}/pay/"), {"card": "4242424242424242"}, follow=True)
    assert answer.redirect_chain[0][0] == url(shop, f"{order.pk}/")
    assert "was canceled. Nothing was charged." in answer.content.decode()


def test_a_declined_card_can_be_tried_again(shop: Shop, browser: Client) -> None:
    order = shop.order()
    answer = browser.post(url(shop, f"{order.pk}/pay/"), {"card": "4000 0000 0000 0002"})
    assert answer.status_code == 422
    assert "Nothing was charged; try another card." in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"shipping_country": "XX"}, "not one of the available choices"),
        ({"billing_vat_id": "DE123456789"}, "no VAT ID of Germany"),
        ({"shipping_street": ""}, "This field is required"),
        ({"billing_differs": "on"}, "This field is required"),
        ({"billing_email": "nobody"}, "valid email"),
    ],
)
def test_bad_details_keep_what_was_typed(shop: Shop, browser: Client, changes: dict[str, str], text: str) -> None:
    browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 1})
    answer = browser.post(url(shop, "shop/details/"), {**DETAILS, "shipping_option": shop.option.pk, **changes})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert text in page
    assert 'value="PO 12"' in page


def test_bank_transfer_is_offered_from_a_hundred(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    page = browser.get(url(shop, "shop/payment/")).content.decode()
    assert 'value="2" disabled' in page
    assert browser.post(url(shop, "shop/payment/"), {"payment_method": 2}).status_code == 422
    browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 0, f"quantity-{shop.hundred.pk}": 1})
    assert browser.post(url(shop, "shop/payment/"), {"payment_method": 2}).status_code == 303
    answer = browser.post(url(shop, "shop/confirm/"), agreement(shop, browser), follow=True)
    order = Order.objects.get()
    assert f"write “Order {order.pk}” as its purpose" in answer.content.decode()


def test_a_sum_follows_the_cart(shop: Shop, browser: Client) -> None:
    answer = browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 2}, headers={"hx-request": "true"})
    page = answer.content.decode()
    assert "<html" not in page
    assert "6.00 EUR" in page
    answer = browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 101}, headers={"hx-request": "true"})
    assert answer.status_code == 422


def test_no_more_than_is_in_stock_gets_into_the_cart(shop: Shop, browser: Client) -> None:
    there = available([shop.single])[shop.single.pk]
    for wanted, said in ((there + 1, f"{there} pieces are in stock. Order no more."), (MOST_OF_ONE + 1, "Order ")):
        data = {f"quantity-{shop.single.pk}": wanted}
        whole = browser.post(url(shop, "shop/"), data)
        assert whole.status_code == 422
        assert said in whole.content.decode()
        part = browser.post(url(shop, "shop/"), data, headers={"hx-request": "true"})
        assert part.status_code == 422
        assert said in part.content.decode()
    assert not Cart.objects.filter(lines__isnull=False).exists()


def test_what_ran_out_meanwhile_leads_back_to_the_cart_and_is_named(shop: Shop, browser: Client) -> None:
    fill(shop, browser, 2)
    shop.order((shop.single, 5))
    for step in ("details", "payment"):
        answer = browser.get(url(shop, f"shop/{step}/"), follow=True)
        assert answer.redirect_chain == [(url(shop, "shop/"), 303)]
        assert "is out of stock." in answer.content.decode()
    kept = browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 2})
    assert "is out of stock. Take it out of the cart." in kept.content.decode()
    assert kept.status_code == 422
    assert browser.post(url(shop, "shop/"), {f"quantity-{shop.single.pk}": 0}).status_code == 303
    assert not Cart.objects.get().lines.exists()


def test_an_article_sold_no_longer_leaves_the_cart(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    Article.objects.update(active=False)
    page = browser.get(url(shop, "shop/confirm/")).content.decode()
    assert "is no longer sold" in page
    browser.post(url(shop, "shop/"), {})
    assert not Cart.objects.get().lines.exists()


# --- the list, the invoice, canceling ---


def test_the_list_and_its_filters(shop: Shop, browser: Client, django_assert_num_queries: Any) -> None:
    first, second = shop.order(note="alpha"), shop.paid((shop.hundred, 1))
    with shop.cast.staffing():
        order_ship(order_id=second.pk, provider_id=shop.provider.pk, reference="TR-77")
    bic = OrderBatch.objects.get().batch.bic

    def found(**query: str) -> list[int]:
        page = browser.get(url(shop), query).content.decode()
        return [int(pk) for pk in re.findall(r'id="order-(\d+)"', page)]

    assert found() == [second.pk, first.pk]
    assert found(status="0") == [first.pk]
    assert found(q="alpha") == [first.pk]
    assert found(q="TR-77") == [second.pk]
    assert found(q=bic) == [second.pk]
    assert found(q=str(first.pk)) == [first.pk]
    assert found(q="Batch of") == [second.pk]
    assert found(payment="2") == []


def test_orders_as_a_file_with_an_event(shop: Shop, browser: Client) -> None:
    first, second = shop.order(note="=alpha"), shop.paid((shop.hundred, 1))
    shop.cast.member.preferences = {"tables": {"orders": {"columns": ["status", "total", "note", "submitted"]}}}
    shop.cast.member.save()
    response: Any = browser.post(url(shop, "export/"), {"filter": "", "sort": "number"})
    text = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    head, *lines = list(csv.reader(text.splitlines()))
    assert head == ["ID", "State", "Total", "Your reference", "Submitted (UTC)"]
    assert [line[:4] for line in lines] == [
        [str(first.pk), "Submitted", "12.00 EUR", "'=alpha"],
        [str(second.pk), "Paid", "259.00 EUR", ""],
    ]
    told = Event.objects.order_by("-pk")[0]
    assert (told.type, told.description, told.user_id) == (10131, "2 order(s) exported", shop.cast.member.pk)
    assert shop.cast.client(shop.cast.outsider).post(url(shop, "export/")).status_code == 404
    assert f'action="{url(shop, "export/")}"' in browser.get(url(shop)).content.decode()


def test_an_invoice(shop: Shop, browser: Client) -> None:
    order = shop.order((shop.hundred, 1), payment_method=PaymentMethod.BANK_TRANSFER, note="PO 4")
    page = browser.get(url(shop, f"{order.pk}/invoice/")).content.decode()
    for text in (f"Invoice {order.pk}", "Test Operator", "Acme GmbH", "DE294170417", "259.00 EUR", "PO 4", "Not paid"):
        assert text in page


def test_canceling_by_the_customer(shop: Shop, browser: Client) -> None:
    order = shop.order()
    assert "Keep it" in browser.get(url(shop, f"{order.pk}/cancel/")).content.decode()
    answer = browser.post(url(shop, f"{order.pk}/cancel/"), follow=True)
    assert f"Order {order.pk} canceled" in answer.content.decode()
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELED
    assert browser.post(url(shop, f"{order.pk}/cancel/")).status_code == 303
    assert types() == [38, 39]


# --- who may ---


PAGES = ("", "shop/", "{order}/", "{order}/pay/", "{order}/cancel/", "{order}/invoice/")
READ = ("", "{order}/", "{order}/invoice/")


def test_every_role(shop: Shop) -> None:
    order = shop.order()

    def statuses(user: User) -> list[int]:
        client = shop.cast.client(user)
        return [client.get(url(shop, page.format(order=order.pk))).status_code for page in PAGES]

    assert statuses(shop.cast.owner) == [200] * len(PAGES)
    assert statuses(shop.cast.member) == [200] * len(PAGES)
    assert statuses(shop.cast.observer) == [200 if page in READ else 403 for page in PAGES]
    assert statuses(shop.cast.outsider) == [404] * len(PAGES)
    observer = shop.cast.client(shop.cast.observer)
    page = observer.get(url(shop, f"{order.pk}/")).content.decode()
    assert "Pay now" not in page
    assert "Cancel order" not in page
    for path in ("shop/", "shop/confirm/", f"{order.pk}/cancel/", f"{order.pk}/register/"):
        assert observer.post(url(shop, path)).status_code == 403
    assert types() == [38]


def test_an_order_of_another_workspace_does_not_exist(shop: Shop) -> None:
    order = shop.order()
    outsider = shop.cast.client(shop.cast.outsider)
    base = f"/w/{shop.cast.umbra.pk}"
    for path in (f"{order.pk}/", f"{order.pk}/pay/", f"{order.pk}/cancel/", f"{order.pk}/invoice/"):
        assert outsider.get(f"{base}/orders/{path}").status_code == 404
    assert outsider.post(f"{base}/orders/{order.pk}/register/").status_code == 404
    assert outsider.get(f"{base}/events/order/{order.pk}/").status_code == 404
    assert not re.findall(r'id="order-', outsider.get(f"{base}/orders/").content.decode())


def test_a_cart_is_its_users_alone(shop: Shop, browser: Client) -> None:
    fill(shop, browser)
    owner = shop.cast.client(shop.cast.owner)
    assert owner.get(url(shop, "shop/confirm/"))["Location"] == url(shop, "shop/")
    assert Event.objects.count() == 0
