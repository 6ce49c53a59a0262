"""Fulfilment: real batches leave the stock for the buyer's workspace."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from accounts.permissions import authorise_staff
from kit.action import action, retried
from kit.errors import Conflict, Invalid
from kit.text import one_line
from orders.models import Order, OrderBatch, OrderLine, ShippingProvider
from orders.services.orders import locked_order, move_to_shipped, require_shippable
from orders.stock import free_batches, locked_articles
from sims.inventory.services.allotment import reserve_batch

MOST_REFERENCE: Final = 100


@retried
def order_ship(*, order_id: int, provider_id: int, reference: str) -> Order:
    """Ship a paid order: allot the oldest batches in stock to it and hand them to the buyer's workspace.

    Leaves event 39 in the buyer's log and one 10001 for each batch in the operator's. All or nothing.

    Args:
        order_id: a paid order.
        provider_id: who carries the parcel.
        reference: what the parcel is tracked by; may be empty.

    Raises:
        Forbidden: not staff.
        NotFound: no such order.
        Invalid: no such provider, or the reference is too long.
        Conflict: not paid, shipped or canceled before, or the stock holds too few batches.
    """
    authorise_staff("orders.change_order")
    reference = one_line(reference, most=MOST_REFERENCE, field="reference", required=False)
    provider = ShippingProvider.objects.filter(pk=provider_id, active=True).first()
    if provider is None:
        raise Invalid(_("There is no such shipping provider."), code="invalid_reference", field="provider")
    with action():
        order = locked_order(order_id)
        require_shippable(order)
        lines = list(order.lines.select_related("article").order_by("pk"))
        # Whoever sells the same stock waits until these batches are gone from it and from the open orders at once.
        locked_articles(line.article_id for line in lines)
        for line in lines:
            _allot(order, line)
        move_to_shipped(order, provider_id=provider.pk, reference=reference)
        order.shipping_provider = provider
    return order


# untold: part of shipping, which is 39
def _allot(order: Order, line: OrderLine) -> None:
    batches = list(
        free_batches()
        .filter(model_id=line.article.sim_model_id, quantity=line.size)
        .order_by("pk")
        .select_for_update(of=("self",))[: line.quantity]
    )
    if len(batches) < line.quantity:
        raise Conflict(
            _("Of “%(name)s” the order needs %(wanted)s batches, and %(there)s are in stock. Import SIMs first.")
            % {"name": line.name, "wanted": line.quantity, "there": len(batches)},
            code="out_of_stock",
        )
    OrderBatch.objects.bulk_create(OrderBatch(line=line, batch=batch) for batch in batches)
    for batch in batches:
        reserve_batch(batch_id=batch.pk, workspace_id=order.workspace_id)
