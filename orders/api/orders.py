"""Orders over the API."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router

from accounts.models import Workspace
from accounts.operator import OPERATOR_ID
from accounts.permissions import Permission, authorise
from accounts.tokens.bearer import ApiRequest
from accounts.tokens.staff_callers import as_staff
from kit.api.criteria import Field, moment, number, parse_query, parse_sort, text
from kit.api.document import done
from kit.api.errors import Code, WireError
from kit.api.lists import Limits, ListQuery, deep, page_response, read_page
from kit.api.responses import created, json_response, no_content
from kit.api.types import PathId
from kit.errors import NotFound
from kit.outcomes import Outcome
from orders.api.bodies import ItemBody, OrderBody, OrderPatch, QuoteBody
from orders.api.wire import STATES, invoice_object, order_object, quote_object
from orders.models import Order
from orders.quotes import Item
from orders.selectors import orders_with_all
from orders.services.orders import (
    Purchase,
    QuoteChanged,
    order_precalculate,
    order_submit,
    orders_cancel,
    orders_mark_paid,
)
from orders.services.shipping import order_ship
from orders.states import OrderStatus

router = Router(tags=["SIM orders"])
published = Router(tags=["SIM orders"])
"""The path that event 38 names (`docs/rules.md` decision 35)."""

LIMITS: Final = Limits(default=100, most=1_000)
VIEW, CHANGE = "orders.view_order", "orders.change_order"
MOST_ITEMS: Final = 50
SORT: Final[Mapping[str, str]] = {
    "id": "id",
    "status": "status",
    "submit_date": "submitted_at",
    "organisation": "workspace_id",
}
FIELDS: Final[Mapping[str, Field]] = {
    "id": Field(number("id"), several=True),
    "status": Field(number("status"), several=True),
    "submit_date": Field(moment("submitted_at")),
    "organisation": Field(number("workspace_id")),
    "ext_shipping_reference": Field(text("ext_shipping_reference", nullable=False)),
    "customer_reference": Field(text("note", nullable=False)),
}


def _orders(request: ApiRequest, *, staff: bool) -> QuerySet[Order]:
    """Return the orders that the caller sees: their workspace's; staff see all. Raises Forbidden, NotFound."""
    if staff:
        return Order.objects.all()
    authorise(request.auth.workspace.pk, Permission.INVENTORY_READ)
    return Order.objects.of(request.auth.workspace.pk)


def _missing(order_id: int) -> WireError:
    return WireError(404, Code.NOT_FOUND, f"Order with id {order_id} not found")


def _one(request: ApiRequest, order_id: int) -> Order:
    with as_staff(request, VIEW) as staff:
        order = orders_with_all(_orders(request, staff=staff)).filter(pk=order_id).first()
    if order is None:
        raise _missing(order_id)
    return order


def _items(items: list[ItemBody]) -> list[Item]:
    if len(items) > MOST_ITEMS:
        raise WireError(422, Code.INPUT_VALIDATION, f"Order - at most {MOST_ITEMS} items.")
    return [Item(item.article.id, item.quantity) for item in items]


@router.get("", summary="List orders")
def list_orders(request: ApiRequest, query: Query[ListQuery]) -> HttpResponse:
    """The orders of the workspace; of all workspaces for the operator's staff. A constant number of queries."""
    with as_staff(request, VIEW) as staff:
        orders = _orders(request, staff=staff)
    order = parse_sort(query.sort, SORT)
    orders = orders.filter(parse_query(query.q, FIELDS))

    def fetch(offset: int, limit: int) -> list[dict[str, Any]]:
        found = orders_with_all(deep(orders.order_by(*order.columns), offset, limit))
        return [order_object(each) for each in found]

    page, rows = read_page(query, LIMITS, fetch=fetch, count=orders.count)
    return page_response(request, page, rows, sort=order.header)


@router.get("/status", summary="List the states of orders")
def list_order_states(request: ApiRequest) -> HttpResponse:
    """The lookup table of states."""
    return json_response(list(STATES.values()))


@router.post("", summary="Submit an order")
def post_order(request: ApiRequest, body: OrderBody) -> HttpResponse:
    """Place an order. With an `Idempotency-Key` header the same request sent again is the same order.

    409 when something is out of stock, or when the total is not the one that was sent along.
    """
    workspace_id = request.auth.workspace.pk
    items = _items(body.items)
    seen = None
    if body.total_amount is not None:
        quote = order_precalculate(workspace_id=workspace_id, items=items, shipping_option_id=body.shipping_option.id)
        # From here on nothing may change but what the buyer has agreed to.
        seen = quote.seen
        if quote.total_amount != body.total_amount and not quote.problems:
            raise QuoteChanged(
                [f"The total is {quote.total_amount}, not {body.total_amount}; nothing was ordered."],
                code="price_changed",
            )
    purchase = Purchase(
        items=items,
        shipping_option_id=body.shipping_option.id,
        payment_method=body.payment_method.id,
        shipping=body.shipping_address.data(),
        billing=body.billing_address.data(),
        note=body.customer_reference or "",
    )
    key = request.headers.get("Idempotency-Key", "").strip() or str(uuid.uuid4())
    order = order_submit(workspace_id=workspace_id, purchase=purchase, key=key, seen=seen)
    return created(request, order_object(_one(request, order.pk)), f"/api/v1/shop/order/{order.pk}")


@router.post("/precalculate", summary="Sum up an order without placing it")
def precalculate(request: ApiRequest, body: QuoteBody) -> HttpResponse:
    """What the order would cost now, how it can be paid, and what stands in its way. Keeps nothing."""
    quote = order_precalculate(
        workspace_id=request.auth.workspace.pk,
        items=_items(body.items),
        shipping_option_id=body.shipping_option.id if body.shipping_option is not None else None,
    )
    return json_response(quote_object(quote))


@router.get("/{order_id}", summary="Get an order")
def get_order(request: ApiRequest, order_id: PathId) -> HttpResponse:
    """One order, with the codes of its batches once it is shipped."""
    return json_response(order_object(_one(request, order_id)))


@published.get("/{order_id}", summary="Get an order by the path that events name")
def get_published_order(request: ApiRequest, order_id: PathId) -> HttpResponse:
    """The same order as `GET /shop/order/{id}` answers."""
    return json_response(order_object(_one(request, order_id)))


@router.patch("/{order_id}", summary="Move an order")
def patch_order(request: ApiRequest, order_id: PathId, body: OrderPatch) -> HttpResponse:
    """Cancel an order; as the operator's staff also mark it paid or ship it. Leaves event 39."""
    _one(request, order_id)
    if body.status.id == OrderStatus.CANCELED:
        _cancel(request, order_id)
    elif body.status.id == OrderStatus.PAID:
        with as_staff(request, CHANGE):
            _check(orders_mark_paid(order_ids=[order_id]), order_id)
    elif body.status.id == OrderStatus.SHIPPED:
        if body.shipped_with_provider_id is None:
            raise WireError(422, Code.REQUIRED, "Order - shipped_with_provider_id is required")
        with as_staff(request, CHANGE):
            order_ship(
                order_id=order_id,
                provider_id=body.shipped_with_provider_id,
                reference=body.ext_shipping_reference or "",
            )
    else:
        raise WireError(422, Code.NOT_ALLOWED, f"Order - no order can be brought to status {body.status.id}.")
    return no_content()


@router.delete("/{order_id}", summary="Cancel an order", response=done(403, 404, 409))
def delete_order(request: ApiRequest, order_id: PathId) -> HttpResponse:
    """Cancel an order before it is shipped. The row stays, as Canceled."""
    _one(request, order_id)
    _cancel(request, order_id)
    return no_content()


def _cancel(request: ApiRequest, order_id: int) -> None:
    with as_staff(request, CHANGE) as staff:
        own = None if staff else request.auth.workspace.pk
        _check(orders_cancel(order_ids=[order_id], workspace_id=own), order_id)


def _check(outcome: Outcome, order_id: int) -> None:
    try:
        outcome.raise_if_refused()
    except NotFound as error:
        raise _missing(order_id) from error


@router.get("/{order_id}/invoice", summary="Get the invoice of an order")
def get_invoice(request: ApiRequest, order_id: PathId) -> HttpResponse:
    """The invoice; state 1 is PAID."""
    order = _one(request, order_id)
    issuer = Workspace.objects.filter(pk=OPERATOR_ID).first()
    return json_response(invoice_object(order, issuer))
