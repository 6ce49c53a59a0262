"""Bodies of the shop's calls. Amounts are integers in the minor unit of their currency."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kit.api.types import Body, BodyId, Flag, Reference, WireText
from orders.addresses import AddressData


class PriceBody(Body):
    """The price of a piece in a currency; a null amount ends the sale in it."""

    wire_name = "Price"

    currency: Reference = Field(description="1 EUR, 2 USD.")
    amount: BodyId | None


class ArticleBody(Body):
    """A new article."""

    wire_name = "Article"

    name: WireText
    description: WireText = ""
    sim_model: Reference
    quality: Reference = Field(Reference(id=2), description="1 Commercial, 2 Industrial, 3 Automotive.")
    size: BodyId = Field(1, description="1, 25, 100 or 500 SIMs in a batch.")
    active: Flag = True
    prices: list[PriceBody]


class ArticlePatch(Body):
    """Any part of an article; keys that are not sent stay as they are."""

    wire_name = "Article"

    name: WireText = ""
    description: WireText = ""
    sim_model: Reference = Reference(id=0)
    quality: Reference = Reference(id=0)
    size: BodyId = 0
    active: Flag = True
    prices: list[PriceBody] = Field(default_factory=list)


class ItemBody(Body):
    """Some pieces of an article."""

    wire_name = "Item"

    article: Reference
    quantity: BodyId


class AddressBody(Body):
    """Where the parcel or the invoice goes."""

    wire_name = "Address"

    company: WireText
    name: WireText
    street: WireText
    extra: WireText | None = None
    postcode: WireText | None = None
    city: WireText
    country: WireText = Field(description="ISO 3166, two letters.")
    phone: WireText | None = None
    email: WireText | None = Field(None, description="Needed where the invoice goes.")
    vat_id: WireText | None = Field(None, description="Of the address of the invoice.")

    def data(self) -> AddressData:
        """Return what services take."""
        return AddressData.of(self.model_dump())


class QuoteBody(Body):
    """What is to be summed up."""

    wire_name = "Order"

    items: list[ItemBody]
    shipping_option: Reference | None = None


class OrderBody(Body):
    """A purchase."""

    wire_name = "Order"

    items: list[ItemBody]
    shipping_option: Reference
    payment_method: Reference = Field(description="1 Online payment, 2 Bank transfer (from 100 SIMs).")
    shipping_address: AddressBody
    billing_address: AddressBody
    customer_reference: WireText | None = None
    total_amount: BodyId | None = Field(None, description="What the buyer agrees to pay; another total is refused.")


class OrderPatch(Body):
    """A new state of an order: 3 Canceled by anybody who may order; 1 Paid and 2 Shipped by the operator's staff."""

    wire_name = "Order"

    status: Reference
    shipped_with_provider_id: BodyId | None = Field(None, description="Needed with state 2.")
    ext_shipping_reference: WireText | None = None


def article_values(body: ArticleBody | ArticlePatch) -> dict[str, Any]:
    """Return field name to value of what was sent, apart from prices."""
    sent = body.model_fields_set if isinstance(body, ArticlePatch) else set(type(body).model_fields)
    values: dict[str, Any] = {name: getattr(body, name) for name in ("name", "description", "size", "active")}
    values |= {"sim_model_id": body.sim_model.id, "quality": body.quality.id}
    return {name: value for name, value in values.items() if name.removesuffix("_id") in sent}
