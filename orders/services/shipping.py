"""Fulfilment: real batches leave the stock for the buyer's workspace."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.translation import gettext as _

from accounts.permissions import authorise_staff
from kit.action import action, retried
from kit.errors import Conflict, Invalid
from kit.text import one_line
from orders.models import Order, OrderBatch, OrderLine, ShippingProvider
from orders.packing import Kind, kind_of, lines_of, why_not
from orders.services.orders import locked_order, move_to_shipped, require_shippable
from orders.stock import free_batches, locked_articles
from sims.inventory.services.allotment import reserve_batch
from sims.models import SimBatch

MOST_REFERENCE: Final = 100


@retried
def order_ship(*, order_id: int, provider_id: int, reference: str, batch_ids: Sequence[int] | None = None) -> Order:
    """Ship a paid order: allot batches in stock to it and hand them to the buyer's workspace.

    Leaves event 39 in the buyer's log and one 10001 for each batch in the operator's. All or nothing.

    Args:
        order_id: a paid order.
        provider_id: who carries the parcel.
        reference: what the parcel is tracked by; may be empty.
        batch_ids: the batches in the parcel, exactly as many of each kind as the order needs; `None` takes the oldest.

    Raises:
        Forbidden: not staff.
        NotFound: no such order.
        Invalid: no such provider, the reference is too long, or a batch is not one for this order.
        Conflict: not paid, shipped or canceled before, the stock holds too few batches, or the number is another.
    """
    authorise_staff("orders.change_order")
    reference = one_line(reference, most=MOST_REFERENCE, field="reference", required=False)
    provider = ShippingProvider.objects.filter(pk=provider_id, active=True).first()
    if provider is None:
        raise Invalid(_("There is no such shipping provider."), code="invalid_reference", field="provider")
    with action():
        order = locked_order(order_id)
        require_shippable(order)
        lines = lines_of(order)
        # Whoever sells the same stock waits until these batches are gone from it and from the open orders at once.
        locked_articles(line.article_id for line in lines)
        if batch_ids is None:
            chosen = _oldest(lines)
        else:
            chosen = _named(lines, set(batch_ids))
            _require_exact(lines, chosen)
        _allot(order, lines, chosen)
        move_to_shipped(order, provider_id=provider.pk, reference=reference)
        order.shipping_provider = provider
    return order


def _oldest(lines: Iterable[OrderLine]) -> list[SimBatch]:
    """Lock the batches that have lain in stock for longest. A query for each line."""
    found: list[SimBatch] = []
    for line in lines:
        model_id, size = kind_of(line)
        stock = free_batches().filter(model_id=model_id, quantity=size)
        stock = stock.exclude(pk__in=[batch.pk for batch in found])
        found += stock.order_by("pk").select_for_update(of=("self",))[: line.quantity]
    return found


def _named(lines: Sequence[OrderLine], ids: set[int]) -> list[SimBatch]:
    """Lock the batches that were chosen. Raises Invalid for the first that does not belong in this parcel."""
    batches = SimBatch.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    found = list(batches.prefetch_related("model", "workspace"))
    if len(found) < len(ids):
        missing = ", ".join(str(pk) for pk in sorted(ids - {batch.pk for batch in found}))
        raise Invalid(_("There is no batch with the ID %(ids)s.") % {"ids": missing}, code="unknown_batch")
    free = set(free_batches().filter(pk__in=ids).values_list("pk", flat=True))
    for batch in found:
        if why := why_not(batch, lines, free=batch.pk in free):
            raise Invalid(why, code="wrong_batch")
    return found


def _require_exact(lines: Sequence[OrderLine], batches: Iterable[SimBatch]) -> None:
    """Check that somebody chose as many batches of each kind as the order needs."""
    wanted: Counter[Kind] = Counter()
    for line in lines:
        wanted[kind_of(line)] += line.quantity
    chosen = Counter((batch.model_id, batch.quantity) for batch in batches)
    for line in lines:
        kind = kind_of(line)
        if chosen[kind] != wanted[kind]:
            raise Conflict(
                _("Of “%(name)s” the order needs %(wanted)s batches, and %(there)s are chosen.")
                % {"name": line.name, "wanted": wanted[kind], "there": chosen[kind]},
                code="wrong_number",
            )


# untold: part of shipping, which is 39
def _allot(order: Order, lines: Sequence[OrderLine], batches: Iterable[SimBatch]) -> None:
    there: dict[Kind, list[SimBatch]] = defaultdict(list)
    for batch in batches:
        there[batch.model_id, batch.quantity].append(batch)
    for line in lines:
        stock = there[kind_of(line)]
        taken, there[kind_of(line)] = stock[: line.quantity], stock[line.quantity :]
        if len(taken) < line.quantity:
            raise Conflict(
                _("Of “%(name)s” the order needs %(wanted)s batches, and %(there)s are in stock. Import SIMs first.")
                % {"name": line.name, "wanted": line.quantity, "there": len(taken)},
                code="out_of_stock",
            )
        OrderBatch.objects.bulk_create(OrderBatch(line=line, batch=batch) for batch in taken)
        for batch in taken:
            reserve_batch(batch_id=batch.pk, workspace_id=order.workspace_id)
