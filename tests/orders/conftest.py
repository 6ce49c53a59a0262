"""A shop that sells: two articles with stock, a way of shipping, a carrier."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest

from orders.addresses import AddressData
from orders.models import Article, ArticlePrice, Order, PaymentMethod, ShippingOption, ShippingProvider
from orders.quotes import Item
from orders.services.orders import Purchase, order_submit, orders_mark_paid
from sims.models import Sim, SimBatch, SimModel
from tests.cast import Cast

ADDRESS = AddressData(
    company="Acme GmbH",
    name="Max Member",
    email="orders@example.com",
    street="Example Street 1",
    postcode="10115",
    city="Berlin",
    country="DE",
    vat_id="DE294170417",
)

_numbers = itertools.count(1)


@dataclass
class Shop:
    """What is sold. `single` is one nano SIM for 3.00 EUR, `hundred` a batch of 100 for 250.00 EUR."""

    cast: Cast
    single: Article
    hundred: Article
    option: ShippingOption
    provider: ShippingProvider

    def supply(self, article: Article, count: int = 1) -> list[SimBatch]:
        """Put batches into the stock, with their SIMs."""
        made = []
        for _ in range(count):
            number = next(_numbers)
            batch = SimBatch.objects.create(
                bic=f"77{number:014d}", model=article.sim_model, quantity=article.size, workspace=None
            )
            Sim.objects.bulk_create(
                Sim(iccid=f"89770{number:06d}{index:08d}", imsi=f"9017{number:05d}{index:06d}", batch=batch)
                for index in range(article.size)
            )
            made.append(batch)
        return made

    def purchase(self, *items: tuple[Article, int], **changes: Any) -> Purchase:
        """Return a purchase of articles, paid online and sent to Berlin unless said."""
        made = Purchase(
            items=[Item(article.pk, quantity) for article, quantity in items or [(self.single, 1)]],
            shipping_option_id=self.option.pk,
            payment_method=PaymentMethod.ONLINE,
            shipping=ADDRESS,
            billing=ADDRESS,
        )
        return replace(made, **changes)

    def order(self, *items: tuple[Article, int], **changes: Any) -> Order:
        """Submit an order as Acme's member."""
        with self.cast.acting(self.cast.member):
            return order_submit(
                workspace_id=self.cast.acme.pk,
                purchase=self.purchase(*items, **changes),
                key=f"key-{next(_numbers)}",
            )

    def paid(self, *items: tuple[Article, int], **changes: Any) -> Order:
        """Submit an order and let staff mark it paid."""
        order = self.order(*items, **changes)
        with self.cast.staffing():
            orders_mark_paid(order_ids=[order.pk])
        order.refresh_from_db()
        return order


@pytest.fixture
def shop(cast: Cast) -> Shop:
    """The shop, stocked with five single SIMs and two batches of a hundred."""
    card = SimModel.objects.create(description="Triple", form_factor=SimModel.FormFactor.TRIPLE_CUT, manufacturer="X")
    single = Article.objects.create(name="Nano SIM", sim_model=cast.model, size=1)
    hundred = Article.objects.create(name="Batch of 100", sim_model=card, size=100)
    for article, euro, dollar in ((single, 300, 350), (hundred, 25_000, None)):
        ArticlePrice.objects.create(article=article, currency="EUR", amount=euro)
        if dollar is not None:
            ArticlePrice.objects.create(article=article, currency="USD", amount=dollar)
    made = Shop(
        cast,
        single,
        hundred,
        ShippingOption.objects.create(name="Standard", amount=900, currency="EUR"),
        ShippingProvider.objects.create(name="Parcel Post", tracking_url="https://track.example.com/{reference}"),
    )
    made.supply(single, 5)
    made.supply(hundred, 2)
    return made
