"""From the stock to the customer's inventory."""

from __future__ import annotations

import pytest

from kit.errors import Conflict, Invalid, NotFound
from orders.models import OrderBatch
from orders.services.registration import order_register
from orders.services.shipping import order_ship
from orders.states import OrderStatus
from sims.inventory.services.allotment import assign_batch
from sims.models import Sim, SimBatch
from tests.log import types
from tests.orders.conftest import Shop

pytestmark = pytest.mark.django_db


def test_shipping_allots_the_oldest_batches(shop: Shop) -> None:
    order = shop.paid((shop.single, 2), (shop.hundred, 1))
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T")
    allotted = SimBatch.objects.filter(pk__in=OrderBatch.objects.filter(line__order=order).values("batch"))
    assert sorted(batch.quantity for batch in allotted) == [1, 1, 100]
    assert {batch.workspace_id for batch in allotted} == {shop.cast.acme.pk}
    oldest = SimBatch.objects.filter(model=shop.single.sim_model, quantity=1).order_by("pk")[:2]
    assert {batch.pk for batch in oldest} <= {batch.pk for batch in allotted}
    assert sum(batch.quantity for batch in allotted) == order.sim_count


def test_too_little_stock_ships_nothing(shop: Shop) -> None:
    order = shop.paid((shop.hundred, 2))
    with shop.cast.staffing():
        # By hand, past the shop.
        assign_batch(batch_id=SimBatch.objects.filter(quantity=100)[0].pk, workspace_id=shop.cast.umbra.pk)
        before = types()
        with pytest.raises(Conflict, match="needs 2 batches, and 1 are in stock"):
            order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T")
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    assert not OrderBatch.objects.exists()
    assert types() == before


def test_a_carrier_is_needed(shop: Shop) -> None:
    order = shop.paid()
    with shop.cast.staffing(), pytest.raises(Invalid, match="no such shipping provider"):
        order_ship(order_id=order.pk, provider_id=999, reference="T")


def test_from_the_order_to_registered_sims(shop: Shop) -> None:
    order = shop.paid((shop.single, 2))
    with shop.cast.staffing():
        order_ship(order_id=order.pk, provider_id=shop.provider.pk, reference="T")
    bics = list(OrderBatch.objects.values_list("batch__bic", flat=True))
    with shop.cast.acting(shop.cast.member):
        order_register(workspace_id=shop.cast.acme.pk, order_id=order.pk, bic=bics[0])
        done = order_register(workspace_id=shop.cast.acme.pk, order_id=order.pk)
        assert (done.batches, done.sims) == (1, 1)
        with pytest.raises(Conflict):
            order_register(workspace_id=shop.cast.acme.pk, order_id=order.pk)
    assert types(shop.cast.acme)[-2:] == [48, 48]
    assert Sim.objects.of(shop.cast.acme.pk).count() == 2


def test_a_batch_of_another_order_is_not_registered_here(shop: Shop) -> None:
    order = shop.paid()
    foreign = shop.cast.batch()
    with shop.cast.acting(shop.cast.member), pytest.raises(NotFound):
        order_register(workspace_id=shop.cast.acme.pk, order_id=order.pk, bic=foreign.bic)
