"""The SIM shop: what it sells, and orders in every state with the events that led there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from django.conf import settings

from orders.addresses import AddressData
from orders.models import PaymentMethod, ShippingOption, ShippingProvider
from orders.payments import TestProvider
from orders.quotes import Item
from orders.services.catalogue import article_create, article_update, offer_create, offer_update
from orders.services.orders import Purchase, order_pay_online, order_submit, orders_cancel, orders_mark_paid
from orders.services.registration import order_register
from orders.services.shipping import order_ship
from portal.demo import master_data
from portal.demo.past import Past
from sims.inventory.services.imports import import_sims
from sims.inventory.services.stock import create_batch
from sims.models import SimModel

ONLINE, TRANSFER = PaymentMethod.ONLINE, PaymentMethod.BANK_TRANSFER

ARTICLES: Final = {
    # key: name, SIM model, size, quality, price in cents
    "card": ("Triple-cut SIM", "card", 1, 2, 250),
    "card25": ("Triple-cut SIMs, batch of 25", "card", 25, 2, 5_500),
    "card100": ("Triple-cut SIMs, batch of 100", "card", 100, 2, 19_500),
    "nano": ("Nano SIM", "nano", 1, 1, 190),
    "nano25": ("Nano SIMs, batch of 25", "nano", 25, 1, 4_200),
    "chip100": ("Chip eUICC, reel of 100", "chip", 100, 3, 29_000),
    "chip500": ("Chip eUICC, reel of 500", "chip", 500, 3, 135_000),
}
SUPPLY: Final = (("card", 25, 3), ("card", 1, 6), ("nano", 1, 4), ("chip", 100, 1))
"""SIM model, size and number of the batches that are put into stock for the shop."""

ADDRESSES: Final = {
    "water": AddressData(
        company="Brightwater Utilities",
        name="Priya Raman",
        email="purchasing@brightwater.example.com",
        street="Pumpwerk 4",
        postcode="21109",
        city="Hamburg",
        country="DE",
        vat_id="DE294170417",
    ),
    "delta": AddressData(
        company="Brightwater Delta",
        name="Sanne de Wit",
        email="purchasing@delta.example.com",
        street="Havenweg 12",
        postcode="4381 NA",
        city="Vlissingen",
        country="NL",
    ),
    "labs": AddressData(
        company="Brightwater Labs",
        name="Daan Visser",
        email="purchasing@brightwater.example.com",
        street="Am Pegel 1",
        postcode="21109",
        city="Hamburg",
        country="DE",
    ),
    "cold": AddressData(
        company="Kestrel Cold Chain",
        name="Amara Diallo",
        email="purchasing@kestrel.example.org",
        street="Via del Porto 33",
        postcode="6600",
        city="Locarno",
        country="CH",
    ),
    "bikes": AddressData(
        company="Quarry Lane Bikes",
        name="Mei Tanaka",
        email="purchasing@quarrylane.example.net",
        street="7 Quarry Lane",
        postcode="D08 X2X2",
        city="Dublin",
        country="IE",
    ),
}


@dataclass
class _Shop:
    """What the acts of the shop share."""

    past: Past
    articles: dict[str, int] = field(default_factory=dict)
    offers: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)

    def open(self) -> None:
        """Put ways of shipping, carriers and articles into the shop."""
        for name, text, amount in (("Standard", "3 to 5 days", 900), ("Express", "next working day", 2_450)):
            values = {"name": name, "description": text, "currency": "EUR", "amount": amount}
            self.offers[name] = offer_create(ShippingOption, values=values).pk
        for name in ("Fjord Parcel", "Swift Couriers"):
            address = f"https://{name.partition(' ')[0].lower()}.example.net/track/{{reference}}"
            self.offers[name] = offer_create(ShippingProvider, values={"name": name, "tracking_url": address}).pk
        for key, (name, model, size, quality, amount) in ARTICLES.items():
            sim_model = SimModel.objects.get(description=master_data.SIM_MODELS[model]["description"])
            values = {"name": name, "sim_model_id": sim_model.pk, "size": size, "quality": quality}
            self.articles[key] = article_create(values=values, prices={"EUR": amount, "USD": amount + amount // 10}).pk

    def supply(self) -> None:
        """Put batches into the stock."""
        numbers, calendar = self.past.numbers, self.past.calendar
        for model, size, count in SUPPLY:
            sim_model = SimModel.objects.get(description=master_data.SIM_MODELS[model]["description"])
            for _batch in range(count):
                batch = create_batch(bic=numbers.bic(), model=sim_model)
                produced = calendar.at(-40, 4)
                import_sims(batch_id=batch.pk, records=numbers.records(size, produced=produced, chip=model == "chip"))

    def change(self) -> None:
        """Raise a price, and withdraw what nobody ordered."""
        article_update(article_id=self.articles["card25"], changes={}, prices={"EUR": 5_900, "USD": 6_500})
        article_update(article_id=self.articles["nano25"], changes={"active": False})
        offer_update(ShippingOption, item_id=self.offers["Standard"], changes={"amount": 950})

    def buy(
        self, key: str, workspace: str, items: dict[str, int], method: PaymentMethod, option: str, note: str
    ) -> None:
        """Submit an order."""
        address = ADDRESSES[workspace]
        purchase = Purchase(
            items=[Item(self.articles[article], quantity) for article, quantity in items.items()],
            shipping_option_id=self.offers[option],
            payment_method=method,
            shipping=address,
            billing=address,
            note=note,
        )
        order = order_submit(workspace_id=self.past.workspaces[workspace], purchase=purchase, key=f"demo-{key}")
        self.orders[key] = order.pk

    def pay(self, key: str, workspace: str) -> None:
        """Pay an order by the test card."""
        details = {"card": TestProvider.GOOD_CARD}
        order_pay_online(workspace_id=self.past.workspaces[workspace], order_id=self.orders[key], details=details)

    def mark_paid(self, key: str) -> None:
        """Say that the money has arrived."""
        orders_mark_paid(order_ids=[self.orders[key]]).raise_if_refused()

    def ship(self, key: str, carrier: str, reference: str) -> None:
        """Ship an order."""
        order_ship(order_id=self.orders[key], provider_id=self.offers[carrier], reference=reference)

    def register(self, key: str, workspace: str) -> None:
        """Register the SIMs of an order."""
        order_register(workspace_id=self.past.workspaces[workspace], order_id=self.orders[key])

    def cancel(self, key: str, workspace: str | None) -> None:
        """Cancel an order, as the customer or, without a workspace, as staff."""
        own = None if workspace is None else self.past.workspaces[workspace]
        orders_cancel(order_ids=[self.orders[key]], workspace_id=own).raise_if_refused()


def write_shop(past: Past) -> None:
    """Add the acts of the shop: orders submitted, paid, shipped, registered and canceled."""
    at, shop = past.calendar.at, _Shop(past)
    past.add(at(2, 14, 5), "alma", shop.open)
    past.add(at(5, 9, 5), "alma", shop.supply)
    past.add(at(23, 9, 40), "alma", shop.change)
    _write_transfers(past, shop)
    # Without a card that can be tried nobody pays online.
    if settings.SHOP_TEST_PAYMENTS:
        _write_online(past, shop)


def _write_transfers(past: Past, shop: _Shop) -> None:
    at = past.calendar.at
    # Paid and shipped, and waiting for its registration.
    past.add(
        at(11, 10, 12), "amara", partial(shop.buy, "reel", "cold", {"chip100": 1}, TRANSFER, "Express", "KCC-2117")
    )
    past.add(at(14, 8, 20), "alma", partial(shop.mark_paid, "reel"))
    past.add(at(14, 13, 15), "alma", partial(shop.ship, "reel", "Swift Couriers", "SC-90417-CH"))
    # Ordered by a program, its money on the way.
    past.add(
        at(25, 6, 10),
        "app:water",
        partial(shop.buy, "meters", "water", {"card100": 1}, TRANSFER, "Standard", "PO-7730"),
    )


def _write_online(past: Past, shop: _Shop) -> None:
    at = past.calendar.at
    # In trial, three SIMs for nothing: only shipping is paid.
    past.add(at(6, 9, 30), "daan", partial(shop.buy, "trial", "labs", {"card": 3}, ONLINE, "Standard", ""))
    past.add(at(6, 9, 32), "daan", partial(shop.pay, "trial", "labs"))
    past.add(at(7, 9, 50), "alma", partial(shop.ship, "trial", "Fjord Parcel", "FJ 4417 001"))
    past.add(at(10, 9, 15), "daan", partial(shop.register, "trial", "labs"))
    # The whole way, in a week.
    items = {"card25": 2, "card": 2}
    past.add(at(8, 13, 41), "priya", partial(shop.buy, "field", "water", items, ONLINE, "Express", "PO-7702"))
    past.add(at(8, 13, 44), "priya", partial(shop.pay, "field", "water"))
    past.add(at(9, 8, 55), "alma", partial(shop.ship, "field", "Fjord Parcel", "FJ 4417 002"))
    past.add(at(14, 9, 20), "priya", partial(shop.register, "field", "water"))
    # Paid, then canceled by the customer.
    past.add(at(15, 15, 3), "mei", partial(shop.buy, "bikes", "bikes", {"card25": 1}, ONLINE, "Standard", ""))
    past.add(at(15, 15, 6), "mei", partial(shop.pay, "bikes", "bikes"))
    past.add(at(16, 8, 22), "oskar", partial(shop.cancel, "bikes", "bikes"))
    # Never paid, canceled by staff.
    past.add(at(17, 11, 30), "ben", partial(shop.buy, "late", "cold", {"nano": 2}, ONLINE, "Standard", ""))
    past.add(at(24, 8, 10), "alma", partial(shop.cancel, "late", None))
    # Paid, next to be shipped.
    past.add(at(22, 10, 44), "sanne", partial(shop.buy, "weirs", "delta", {"card25": 1}, ONLINE, "Standard", "D-311"))
    past.add(at(22, 10, 47), "sanne", partial(shop.pay, "weirs", "delta"))
    # Submitted just now.
    past.add(at(26, 15, 21), "marco", partial(shop.buy, "spare", "water", {"nano": 1}, ONLINE, "Standard", "PO-7741"))
