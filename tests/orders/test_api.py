"""The shop over the API: `docs/api.md` section 11."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_django import Settings

from accounts.guards import drop_guards
from accounts.models import Membership
from accounts.permissions import Role
from orders.models import Article, ArticlePrice, Order, OrderBatch
from orders.services.orders import orders_mark_paid
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from tests.api.conftest import Program, error, exchange, make_token, sign_in
from tests.cast import Cast
from tests.log import last, told, types
from tests.orders.conftest import ADDRESS, Shop

pytestmark = pytest.mark.django_db

FORBIDDEN = (403, 1104, "Forbidden")
MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"


@pytest.fixture(autouse=True)
def _api_alone(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"


@pytest.fixture
def member(shop: Shop) -> Program:
    """Acme's member by user token."""
    return sign_in(shop.cast.member)


@pytest.fixture
def erp(cast: Cast) -> Program:
    """A program with an application token of Acme."""
    _token, value = make_token(cast, cast.acme, by=cast.owner, description="ERP")
    return exchange(value)


@pytest.fixture
def office(shop: Shop) -> Program:
    """The operator's staff, signed in to the operator's workspace."""
    Membership.objects.create(user=shop.cast.staff, workspace=shop.cast.operator, role=Role.ADMINISTRATOR)
    shop.cast.staff.default_workspace = shop.cast.operator
    shop.cast.staff.save()
    return sign_in(shop.cast.staff)


def shop_types() -> list[int]:
    """Return the types of the shop's events, without those of signing in."""
    return [type_ for type_ in types() if type_ in (38, 39)]


def body(shop: Shop, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "items": [{"article": {"id": shop.single.pk}, "quantity": quantity}],
        "shipping_option": {"id": shop.option.pk},
        "payment_method": {"id": 1},
        "shipping_address": ADDRESS.as_dict(),
        "billing_address": ADDRESS.as_dict(),
        **changes,
    }


def test_an_order_on_the_wire(shop: Shop, member: Program) -> None:
    answer = member.post("/shop/order", body(shop, 2, customer_reference="PO 1"))
    assert answer.status_code == 201
    order = Order.objects.get()
    assert answer["Location"] == f"http://testserver/api/v1/shop/order/{order.pk}"
    made = answer.json()
    assert re.fullmatch(MOMENT, made.pop("submit_date"))
    eur = {"id": 1, "code": "EUR"}
    address = {name: value for name, value in ADDRESS.as_dict().items() if value}
    assert made == {
        "id": order.pk,
        "status": {"id": 0, "description": "Submitted"},
        "organisation": {"id": shop.cast.acme.pk, "name": "Acme"},
        "currency": eur,
        "items": [
            {
                "article": {"id": shop.single.pk, "name": "Nano SIM"},
                "quantity": 2,
                "free_quantity": 0,
                "size": 1,
                "unit_amount": 300,
                "amount": 600,
            }
        ],
        "sim_count": 2,
        "items_amount": 600,
        "shipping_amount": 900,
        "total_amount": 1_500,
        "payment_method": {"id": 1, "description": "Online"},
        "shipping_option": {
            "id": shop.option.pk, "name": "Standard", "description": "", "currency": eur, "amount": 900
        },
        "shipping_address": {name: value for name, value in address.items() if name != "vat_id"},
        "billing_address": address,
        "customer_reference": "PO 1",
    }  # fmt: skip
    assert told(last()) == {"id": order.pk, "location": f"/api/v1/order/{order.pk}"}


def test_the_path_that_events_name_is_served(shop: Shop, member: Program) -> None:
    order = shop.order()
    path = last().detail["location"].removeprefix("/api/v1")
    assert member.get(path).json() == member.get(f"/shop/order/{order.pk}").json()


def test_a_shipped_order_has_its_batches(shop: Shop, member: Program) -> None:
    order = shop.paid()
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T-1")
    made = member.get(f"/shop/order/{order.pk}").json()
    batch = OrderBatch.objects.get().batch
    assert made["status"] == {"id": 2, "description": "Shipped"}
    assert made["sim_batches"] == [{"id": batch.pk, "bic": batch.bic, "batch_size": 1, "registered": False}]
    assert (made["ext_shipping_reference"], made["shipped_with_provider_id"]) == ("T-1", shop.provider.pk)
    assert re.fullmatch(MOMENT, made["shipped_date"])
    assert re.fullmatch(MOMENT, made["paid_date"])


def test_precalculating_keeps_nothing(shop: Shop, member: Program) -> None:
    answer = member.post("/shop/order/precalculate", {"items": body(shop, 9)["items"]})
    assert answer.status_code == 200
    made = answer.json()
    assert (made["items_amount"], made["total_amount"], made["sim_count"]) == (2_700, 2_700, 9)
    assert [problem["code"] for problem in made["problems"]] == ["out_of_stock"]
    assert made["payment_methods"] == [{"id": 1, "description": "Online"}]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"items": []}, 422, 1402),
        ({"items": [{"quantity": 1}]}, 422, 1400),
        ({"payment_method": {"id": 2}}, 422, 1400),
        ({"shipping_option": {"id": 999}}, 422, 1401),
        ({"shipping_address": {**ADDRESS.as_dict(), "country": "XX"}}, 422, 1401),
        ({"billing_address": {**ADDRESS.as_dict(), "vat_id": "DE1"}}, 422, 1403),
        ({"total_amount": 1}, 409, 1406),
    ],
)
def test_bad_orders(shop: Shop, member: Program, changes: dict[str, Any], status: int, code: int) -> None:
    answer = member.post("/shop/order", body(shop, **changes))
    assert (answer.status_code, answer.json()["error_code"]) == (status, code), answer.content
    assert shop_types() == []


def test_an_agreed_total_and_stock(shop: Shop, member: Program) -> None:
    assert member.post("/shop/order", body(shop, total_amount=1_200)).status_code == 201
    error(member.post("/shop/order", body(shop, 5)), 409, 1406, "NotAllowed")


def test_the_same_request_twice(shop: Shop, member: Program) -> None:
    answers = [
        member.client.post(
            "/api/v1/shop/order",
            body(shop),
            content_type="application/json",
            headers={"authorization": f"Bearer {member.token}", "idempotency-key": "abc"},
        ).json()["id"]
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert shop_types() == [38]


def test_programs_order_without_a_user(shop: Shop, erp: Program) -> None:
    assert erp.post("/shop/order", body(shop)).status_code == 201
    assert last().user_id is None
    assert last().actor_label == f"Application token “ERP” (ID {last().actor_ref})"


def test_lists_filter_sort_and_page(shop: Shop, member: Program, django_assert_num_queries: Any) -> None:
    ids = [shop.order().pk for _ in range(3)]
    with shop.cast.staffing():
        orders_mark_paid(order_ids=ids[:1])
    answer = member.get("/shop/order", sort="-id", per_page=2)
    assert [order["id"] for order in answer.json()] == ids[:0:-1]
    assert (answer["X-Total-Count"], answer["X-Total-Pages"], answer["X-Sort"]) == ("3", "2", "-id")
    assert [order["id"] for order in member.get("/shop/order", q="status:1").json()] == ids[:1]
    assert [order["id"] for order in member.get("/shop/order", q=f"id:{ids[0]}|{ids[2]}").json()] == [ids[0], ids[2]]
    error(member.get("/shop/order", q="nonsense:1"), 422, 1301, "InvalidQueryCriteria")
    error(member.get("/shop/order", sort="nonsense"), 422, 1302, "InvalidSortCriteria")
    assert member.get("/shop/order/status").json()[2] == {"id": 2, "description": "Shipped"}


def test_canceling(shop: Shop, member: Program) -> None:
    first, second = shop.order(), shop.order()
    assert member.delete(f"/shop/order/{first.pk}").status_code == 204
    assert member.patch(f"/shop/order/{second.pk}", {"status": {"id": 3}}).status_code == 204
    assert [order["status"]["id"] for order in member.get("/shop/order").json()] == [3, 3]
    error(member.delete(f"/shop/order/{first.pk}"), 409, 1406, "NotAllowed")
    assert shop_types() == [38, 38, 39, 39]


def test_customers_neither_pay_nor_ship(shop: Shop, member: Program, erp: Program) -> None:
    order = shop.order()
    for program in (member, erp):
        error(program.patch(f"/shop/order/{order.pk}", {"status": {"id": 1}}), *FORBIDDEN)
        shipping = {"status": {"id": 2}, "shipped_with_provider_id": shop.provider.pk}
        error(program.patch(f"/shop/order/{order.pk}", shipping), *FORBIDDEN)
        error(program.patch(f"/shop/article/{shop.single.pk}", {"name": "X"}), *FORBIDDEN)
        error(program.delete(f"/shop/article/{shop.single.pk}"), *FORBIDDEN)
    assert shop_types() == [38]


def test_observers_read(shop: Shop) -> None:
    order = shop.order()
    observer = sign_in(shop.cast.observer)
    for path in ("", f"/{order.pk}", f"/{order.pk}/invoice"):
        assert observer.get(f"/shop/order{path}").status_code == 200
    error(observer.post("/shop/order", body(shop)), *FORBIDDEN)
    error(observer.post("/shop/order/precalculate", {"items": []}), *FORBIDDEN)
    error(observer.delete(f"/shop/order/{order.pk}"), *FORBIDDEN)


def test_an_order_of_another_workspace_does_not_exist(shop: Shop) -> None:
    order = shop.order()
    outsider = sign_in(shop.cast.outsider)
    assert outsider.get("/shop/order").json() == []
    for answer in (
        outsider.get(f"/shop/order/{order.pk}"),
        outsider.get(f"/order/{order.pk}"),
        outsider.get(f"/shop/order/{order.pk}/invoice"),
        outsider.patch(f"/shop/order/{order.pk}", {"status": {"id": 3}}),
        outsider.delete(f"/shop/order/{order.pk}"),
    ):
        error(answer, 404, 1201, "NotFound")


def test_staff_fulfil_by_the_api(shop: Shop, office: Program) -> None:
    order = shop.order()
    assert [each["id"] for each in office.get("/shop/order").json()] == [order.pk]
    assert office.patch(f"/shop/order/{order.pk}", {"status": {"id": 1}}).status_code == 204
    error(office.patch(f"/shop/order/{order.pk}", {"status": {"id": 2}}), 422, 1402, "Required")
    shipping = {
        "status": {"id": 2}, "shipped_with_provider_id": shop.provider.pk, "ext_shipping_reference": "T-8"
    }  # fmt: skip
    assert office.patch(f"/shop/order/{order.pk}", shipping).status_code == 204
    error(office.patch(f"/shop/order/{order.pk}", shipping), 409, 1406, "NotAllowed")
    order.refresh_from_db()
    assert order.status == OrderStatus.SHIPPED
    assert shop_types() == [38, 39, 39]


def test_staff_are_staff_in_the_operators_workspace_only(shop: Shop) -> None:
    """A membership from before the database refused it gives nothing of the staff's rights."""
    drop_guards()
    Membership.objects.create(user=shop.cast.staff, workspace=shop.cast.umbra, role=Role.ADMINISTRATOR)
    shop.cast.staff.default_workspace = shop.cast.umbra
    shop.cast.staff.save()
    order = shop.order()
    program = sign_in(shop.cast.staff)
    error(program.get(f"/shop/order/{order.pk}"), 404, 1201, "NotFound")


def test_an_invoice(shop: Shop, member: Program) -> None:
    order = shop.order()
    made = member.get(f"/shop/order/{order.pk}/invoice").json()
    assert made["type"] == {"id": 1, "description": "SIM Order"}
    assert made["status"]["description"] == "UNPAID"
    assert made["issuer_organisation"] == {"id": shop.cast.operator.pk, "name": "Test Operator"}
    assert made["customer_organisation"] == {"id": shop.cast.acme.pk, "name": "Acme"}
    assert set(made["order"]) == {"id", "submit_date", "shipping_option"}
    assert set(made["order"]["shipping_option"]) >= {"id", "name", "description", "currency"}
    with shop.cast.staffing():
        orders_mark_paid(order_ids=[order.pk])
    assert member.get(f"/shop/order/{order.pk}/invoice").json()["status"] == {"id": 1, "description": "PAID"}


def test_articles_products_and_shipping(shop: Shop, member: Program, office: Program) -> None:
    assert [each["id"] for each in member.get("/shop/product").json()] == [shop.single.pk, shop.hundred.pk]
    product = member.get("/shop/product").json()[0]
    assert (product["amount"], product["stock"], product["size"]) == (300, 5, 1)
    assert product["form_factor"]["name"] == "4FF"
    created = office.post(
        "/shop/article",
        {
            "name": "Chip",
            "sim_model": {"id": shop.single.sim_model_id},
            "quality": {"id": 3},
            "size": 25,
            "prices": [{"currency": {"id": 1}, "amount": 5_000}],
        },
    )
    assert created.status_code == 201, created.content
    made = created.json()
    assert created["Location"].endswith(f"/api/v1/shop/article/{made['id']}")
    assert (made["stock"], made["quality"]) == (0, {"id": 3, "description": "Automotive"})
    assert made["id"] not in [each["id"] for each in member.get("/shop/product").json()]
    patch = {"name": "Chip 25", "prices": [{"currency": {"id": 2}, "amount": 6_000}]}
    assert office.patch(f"/shop/article/{made['id']}", patch).status_code == 204
    assert office.delete(f"/shop/article/{made['id']}").status_code == 204
    again = member.get(f"/shop/article/{made['id']}").json()
    assert (again["name"], again["active"], len(again["prices"]), again["size"]) == ("Chip 25", False, 2, 25)
    assert Article.objects.filter(pk=made["id"]).exists()
    assert ArticlePrice.objects.filter(article=made["id"]).count() == 2
    assert types(shop.cast.operator).count(10061) == 3
    error(member.get("/shop/article/999"), 404, 1201, "NotFound")
    assert member.get("/shop/shipping_provider").json() == [
        {"id": shop.provider.pk, "name": "Parcel Post", "tracking_url": "https://track.example.com/{reference}"}
    ]
    assert member.get("/shop/shipping_option").json()[0]["amount"] == 900
    assert len(member.get("/shop/article").json()) == 3
