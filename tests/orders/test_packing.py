"""Packing an order: which boxes, each checked by its BIC, and the slip."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kit.errors import Conflict, Invalid
from orders.models import OrderBatch
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from sims.identifiers import iccid_with_luhn
from sims.models import SimBatch
from tests.log import types
from tests.orders.conftest import Shop

pytestmark = pytest.mark.django_db

BASE = "/admin/orders/order/"


@pytest.fixture
def desk(shop: Shop) -> Client:
    """A member of the staff, signed in."""
    return shop.cast.client(shop.cast.staff)


def singles(shop: Shop) -> list[SimBatch]:
    return list(SimBatch.objects.filter(model=shop.single.sim_model, quantity=1, workspace=None).order_by("pk"))


def ticked(page: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'name="box" value="(\d+)" checked', page)]


def test_the_oldest_boxes_are_chosen_and_others_can_be(shop: Shop, desk: Client) -> None:
    order = shop.paid((shop.single, 2))
    stock = singles(shop)
    page = desk.get(f"{BASE}{order.pk}/ship/").content.decode()
    assert ticked(page) == [stock[0].pk, stock[1].pk]
    chosen = [stock[1].pk, stock[4].pk]
    data = {"provider": shop.provider.pk, "box": chosen, "confirm": "yes", "unscanned": "on"}
    assert desk.post(f"{BASE}{order.pk}/ship/", data).status_code == 302
    assert sorted(OrderBatch.objects.filter(line__order=order).values_list("batch_id", flat=True)) == chosen


def test_a_scan_checks_a_box_and_never_ships(shop: Shop, desk: Client) -> None:
    order = shop.paid((shop.single, 2))
    first, second = singles(shop)[:2]
    data = {"provider": shop.provider.pk, "reference": "T-9", "box": [first.pk, second.pk]}
    # The Enter of a scanner presses the first button of the form; even the other one would not ship.
    for button in ("check", "confirm"):
        answer = desk.post(f"{BASE}{order.pk}/ship/", {**data, "scan": f" {first.bic}\r", button: "yes"})
        page = answer.content.decode()
        assert answer.status_code == 200
        assert f"Batch {first.bic} is checked." in page
        assert "1 of 2 boxes scanned" in page
        assert 'value="T-9"' in page
    assert page.index('name="check"') < page.index('name="confirm"')
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    answer = desk.post(f"{BASE}{order.pk}/ship/", {**data, "checked": [first.pk], "confirm": "yes"})
    assert answer.status_code == 422
    assert "1 box was not scanned." in answer.content.decode()
    answer = desk.post(f"{BASE}{order.pk}/ship/", {**data, "checked": [first.pk, second.pk], "confirm": "yes"})
    assert answer.status_code == 302
    assert types(shop.cast.acme) == [38, 39, 39]


def test_another_box_of_the_kind_comes_in_place_of_one_not_checked(shop: Shop, desk: Client) -> None:
    order = shop.paid((shop.single, 2))
    first, second, third = singles(shop)[:3]
    data = {"box": [first.pk, second.pk], "checked": [first.pk], "scan": third.bic}
    page = desk.post(f"{BASE}{order.pk}/ship/", data).content.decode()
    assert f"Batch {third.bic} is checked, in place of {second.bic}." in page
    assert ticked(page) == [first.pk, third.pk]
    data = {"box": [first.pk, third.pk], "checked": [first.pk, third.pk], "scan": second.bic}
    answer = desk.post(f"{BASE}{order.pk}/ship/", data)
    assert answer.status_code == 422
    assert "is one too many" in answer.content.decode()


@pytest.mark.parametrize(
    ("box", "why"),
    [
        ("hundred", "holds 100 × Triple"),
        ("given", "belongs to Umbra already."),
        ("used", "is not in stock any more"),
        ("none", "There is no batch with the BIC 1111111111111111."),
        ("letters", "is not a BIC"),
    ],
)
def test_a_wrong_box_is_refused_by_name(shop: Shop, desk: Client, box: str, why: str) -> None:
    order = shop.paid((shop.single, 1))
    stock = singles(shop)
    SimBatch.objects.filter(pk=stock[3].pk).update(workspace=shop.cast.umbra)
    stock[4].sims.update(workspace=shop.cast.umbra)
    scanned = {
        "hundred": SimBatch.objects.filter(quantity=100)[0].bic,
        "given": stock[3].bic,
        "used": stock[4].bic,
        "none": "1111111111111111",
        "letters": "box",
    }[box]
    answer = desk.post(f"{BASE}{order.pk}/ship/", {"box": [stock[0].pk], "scan": scanned})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert why in page
    assert scanned in page
    assert ticked(page) == [stock[0].pk]


def test_the_service_keeps_the_rules_itself(shop: Shop) -> None:
    order = shop.paid((shop.single, 2))
    stock = singles(shop)
    SimBatch.objects.filter(pk=stock[4].pk).update(workspace=shop.cast.umbra)
    wrong = SimBatch.objects.filter(quantity=100)[0]

    def ship(*ids: int) -> None:
        with shop.cast.staffing():
            order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="", batch_ids=ids)

    for ids, error in (
        ((stock[0].pk,), "the order needs 2 batches, and 1 are chosen"),
        ((stock[0].pk, stock[1].pk, stock[2].pk), "the order needs 2 batches, and 3 are chosen"),
        ((), "the order needs 2 batches, and 0 are chosen"),
    ):
        with pytest.raises(Conflict, match=error):
            ship(*ids)
    for last, error in ((wrong.pk, "holds 100"), (stock[4].pk, "belongs to Umbra"), (999_999, "ID 999999")):
        with pytest.raises(Invalid, match=error):
            ship(stock[0].pk, last)
    assert not OrderBatch.objects.exists()
    assert types(shop.cast.acme) == [38, 39]
    ship(stock[2].pk, stock[3].pk)
    assert types(shop.cast.acme) == [38, 39, 39]


def test_the_slip_names_boxes_ranges_and_address(shop: Shop, desk: Client) -> None:
    order = shop.paid((shop.single, 1), (shop.hundred, 1))
    page = desk.get(f"{BASE}{order.pk}/slip/").content.decode()
    assert "A list to pick by" in page
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="ABC-1")
    page = re.sub(r"<[^>]+>", "", desk.get(f"{BASE}{order.pk}/slip/").content.decode())
    assert "A list to pick by" not in page
    for row in OrderBatch.objects.filter(line__order=order):
        numbers = sorted(row.batch.sims.values_list("iccid", flat=True))
        for text in (row.batch.bic, iccid_with_luhn(numbers[0]), iccid_with_luhn(numbers[-1])):
            assert text in page
    for text in ("Acme GmbH", "Example Street 1", "Germany", "Parcel Post", "ABC-1", "1 × 1 SIM", "1 × 100 SIMs"):
        assert text in page
    assert desk.get(f"{BASE}{shop.order().pk}/slip/").status_code == 302


def test_more_boxes_take_no_more_queries(shop: Shop, desk: Client) -> None:
    few, many = shop.paid((shop.single, 1)), shop.paid((shop.single, 3))
    counts = []
    for order in (few, many):
        for page in ("ship", "slip"):
            desk.get(f"{BASE}{order.pk}/{page}/")
            with CaptureQueriesContext(connection) as asked:
                assert desk.get(f"{BASE}{order.pk}/{page}/").status_code == 200
            counts.append(len(asked))
    assert counts[:2] == counts[2:]


def test_who_may_not_change_orders_sees_the_slip_only(shop: Shop) -> None:
    order = shop.paid()
    reader = shop.cast.staff
    reader.is_superuser, reader.staff_role = False, "reader"
    reader.save()
    client = shop.cast.client(reader)
    assert client.get(f"{BASE}{order.pk}/ship/").status_code == 403
    assert client.post(f"{BASE}{order.pk}/ship/", {"confirm": "yes"}).status_code == 403
    assert client.get(f"{BASE}{order.pk}/slip/").status_code == 200
