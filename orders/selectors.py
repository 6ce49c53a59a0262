"""Questions of the shop's pages and API. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Workspace
from kit.money import money
from orders.models import Article, Order, OrderBatch
from orders.quotes import price_in
from orders.states import OrderStatus
from orders.stock import available
from sims.models import SimBatch

STATE_TONES: Final = {
    OrderStatus.SUBMITTED: "info",
    OrderStatus.PAID: "accent",
    OrderStatus.SHIPPED: "good",
    OrderStatus.CANCELED: "muted",
}


@dataclass(frozen=True, slots=True)
class Product:
    """An article as a workspace can buy it; the amount in the minor unit."""

    article: Article
    amount: int
    available: int


def products_of(workspace: Workspace) -> list[Product]:
    """Return what a workspace can buy in its currency, out-of-stock articles too, by kind and size. Four queries."""
    articles = Article.objects.filter(active=True, prices__currency=workspace.currency).distinct()
    found = list(articles.select_related("sim_model").prefetch_related("prices"))
    stock = available(found)
    products = [Product(article, price_in(article, workspace.currency) or 0, stock[article.pk]) for article in found]
    return sorted(products, key=lambda each: (each.article.sim_model.description, each.article.size, each.article.pk))


def orders_with_all(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return orders with everything that a page, an invoice or the API shows of them."""
    related = ("workspace", "shipping_address", "billing_address", "shipping_option", "shipping_provider")
    return orders.select_related(*related).prefetch_related("lines__batches__batch", "lines__article__sim_model")


def order_of_workspace(workspace_id: int, order_id: int) -> Order:
    """Return an order of a workspace with all that belongs to it.

    Raises:
        NotFound: no such order, or it belongs to another workspace.
    """
    orders: Any = orders_with_all(Order.objects.all())
    order: Order = orders.one(workspace_id=workspace_id, pk=order_id, kind=_("Order"))
    return order


def order_rows(orders: QuerySet[Order]) -> list[dict[str, Any]]:
    """Return what the list shows of orders, in one query."""
    found: QuerySet[Order, Any] = orders.values(
        "id",
        "status",
        "currency",
        "items_amount",
        "shipping_amount",
        "sim_count",
        "payment_method",
        "note",
        "submitted_at",
        "paid_at",
        "shipped_at",
        "ext_shipping_reference",
        "shipping_provider__name",
    )
    rows: list[dict[str, Any]] = list(found)
    for row in rows:
        row["total"] = money(row["items_amount"] + row["shipping_amount"], row["currency"])
    return rows


@dataclass(frozen=True, slots=True)
class AllottedBatch:
    """A batch of an order, and whether this workspace can still register it.

    Args:
        batch: the batch.
        name: what was ordered.
        state: "waiting", "registered", or "elsewhere" when staff gave it to somebody else since.
    """

    batch: SimBatch
    name: str
    state: str


def allotted(order: Order) -> list[AllottedBatch]:
    """Return the batches of an order, in the order of its lines. One query."""
    rows: Sequence[OrderBatch] = list(
        OrderBatch.objects.filter(line__order=order).select_related("batch", "line").order_by("line_id", "pk")
    )
    return [AllottedBatch(row.batch, row.line.name, _state(row.batch, order)) for row in rows]


def _state(batch: SimBatch, order: Order) -> str:
    if batch.workspace_id != order.workspace_id:
        return "elsewhere"
    return "registered" if batch.registered_at is not None else "waiting"
