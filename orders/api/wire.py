"""Articles, orders and invoices as programs read them. What does not apply is left out, never null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from accounts.models import Workspace
from accounts.models.packages import CURRENCY_IDS
from kit.clock import iso_moment
from orders import payments
from orders.models import Address, Article, Order, OrderLine, PaymentMethod, Quality, ShippingOption, ShippingProvider
from orders.quotes import Quote
from orders.selectors import Product
from orders.states import OrderStatus

CURRENCIES: Final[Mapping[int, str]] = {number: code for code, number in CURRENCY_IDS.items()}
STATES: Final = {state.value: {"id": state.value, "description": state.name.capitalize()} for state in OrderStatus}
INVOICE_UNPAID: Final = {"id": 0, "description": "UNPAID"}
INVOICE_PAID: Final = {"id": 1, "description": "PAID"}
INVOICE_CANCELED: Final = {"id": 2, "description": "CANCELED"}

_ADDRESS: Final = (
    "company",
    "name",
    "street",
    "extra",
    "postcode",
    "city",
    "country",
    "phone",
    "email",
    "vat_id",
)


def currency_object(code: str) -> dict[str, Any]:
    """Return a currency."""
    return {"id": CURRENCY_IDS.get(code, 0), "code": code}


def article_object(article: Article, stock: int) -> dict[str, Any]:
    """Return an article; its prices and model have to be read."""
    model = article.sim_model
    return {
        "id": article.pk,
        "name": article.name,
        "description": article.description,
        "form_factor": {"name": model.form_factor, "description": str(model.get_form_factor_display())},
        "sim_model": {"id": model.pk, "description": model.description},
        "quality": {"id": article.quality, "description": Quality(article.quality).name.capitalize()},
        "size": article.size,
        "active": article.active,
        "stock": stock,
        "prices": [
            {"currency": currency_object(price.currency), "amount": price.amount}
            for price in sorted(article.prices.all(), key=lambda price: price.currency)
        ],
    }


def product_object(product: Product, currency: str) -> dict[str, Any]:
    """Return an article as this workspace can buy it now."""
    made = article_object(product.article, product.available)
    del made["prices"], made["active"]
    return {**made, "amount": product.amount, "currency": currency_object(currency)}


def option_object(option: ShippingOption) -> dict[str, Any]:
    """Return a way of shipping, as invoices have it, with its price."""
    return {
        "id": option.pk,
        "name": option.name,
        "description": option.description,
        "currency": currency_object(option.currency),
        "amount": option.amount,
    }


def provider_object(provider: ShippingProvider) -> dict[str, Any]:
    """Return somebody who carries parcels."""
    made = {"id": provider.pk, "name": provider.name}
    return {**made, "tracking_url": provider.tracking_url} if provider.tracking_url else made


def quote_object(quote: Quote) -> dict[str, Any]:
    """Return what a purchase would cost, and what stands in its way."""
    made: dict[str, Any] = {
        "currency": currency_object(quote.currency),
        "items": [
            {
                "article": {"id": line.article.pk, "name": line.article.name},
                "quantity": line.quantity,
                "free_quantity": line.free,
                "size": line.article.size,
                "unit_amount": line.unit_amount,
                "amount": line.amount,
                "stock": line.available,
            }
            for line in quote.lines
        ],
        "sim_count": quote.sim_count,
        "items_amount": quote.items_amount,
        "shipping_amount": quote.shipping_amount,
        "total_amount": quote.total_amount,
        "payment_methods": [
            {"id": int(method), "description": _method_name(method)}
            for method, refusal in payments.choices(quote.sim_count)
            if not refusal
        ],
        "problems": [{"code": problem.code, "message": problem.message} for problem in quote.problems],
    }
    if quote.option is not None:
        made["shipping_option"] = option_object(quote.option)
    return made


def _method_name(method: int) -> str:
    return PaymentMethod(method).name.replace("_", " ").capitalize()


def _line_object(line: OrderLine) -> dict[str, Any]:
    return {
        "article": {"id": line.article_id, "name": line.name},
        "quantity": line.quantity,
        "free_quantity": line.free,
        "size": line.size,
        "unit_amount": line.unit_amount,
        "amount": line.amount,
    }


def _address_object(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in _ADDRESS if getattr(address, name)}


def order_object(order: Order) -> dict[str, Any]:
    """Return an order, read by `selectors.orders_with_all`; its batches once it is shipped."""
    made: dict[str, Any] = {
        "id": order.pk,
        "status": STATES[order.status],
        "organisation": {"id": order.workspace_id, "name": order.workspace.name},
        "submit_date": iso_moment(order.submitted_at),
        "currency": currency_object(order.currency),
        "items": [_line_object(line) for line in order.lines.all()],
        "sim_count": order.sim_count,
        "items_amount": order.items_amount,
        "shipping_amount": order.shipping_amount,
        "total_amount": order.total_amount,
        "payment_method": {"id": order.payment_method, "description": _method_name(order.payment_method)},
        "shipping_option": option_object(order.shipping_option),
        "shipping_address": _address_object(order.shipping_address),
        "billing_address": _address_object(order.billing_address),
    }
    if order.note:
        made["customer_reference"] = order.note
    for name, moment in (("paid_date", order.paid_at), ("cancel_date", order.canceled_at)):
        if moment is not None:
            made[name] = iso_moment(moment)
    if order.shipped_at is not None:
        made["ext_shipping_reference"] = order.ext_shipping_reference
        made["shipped_with_provider_id"] = order.shipping_provider_id
        made["shipped_date"] = iso_moment(order.shipped_at)
        made["sim_batches"] = [
            {
                "id": row.batch_id,
                "bic": row.batch.bic,
                "batch_size": row.batch.quantity,
                "registered": row.batch.registered_at is not None,
            }
            for line in order.lines.all()
            for row in line.batches.all()
            if row.batch.workspace_id == order.workspace_id
        ]
    return made


def invoice_object(order: Order, issuer: Workspace | None) -> dict[str, Any]:
    """Return the invoice of an order with the published keys, and its sums."""
    status = INVOICE_PAID if order.paid_at is not None else INVOICE_UNPAID
    made: dict[str, Any] = {
        "id": order.pk,
        "type": {"id": 1, "description": "SIM Order"},
        "status": INVOICE_CANCELED if order.status == OrderStatus.CANCELED else status,
        "customer_organisation": {"id": order.workspace_id, "name": order.workspace.name},
        "currency": currency_object(order.currency),
        "order": {
            "id": order.pk,
            "submit_date": iso_moment(order.submitted_at),
            "shipping_option": option_object(order.shipping_option),
        },
        "items": [_line_object(line) for line in order.lines.all()],
        "items_amount": order.items_amount,
        "shipping_amount": order.shipping_amount,
        "total_amount": order.total_amount,
        "billing_address": _address_object(order.billing_address),
    }
    if issuer is not None:
        made["issuer_organisation"] = {"id": issuer.pk, "name": issuer.name}
    return made
