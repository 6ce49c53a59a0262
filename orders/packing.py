"""Which boxes go into the parcel of an order: what lies in stock for it, and why another box does not belong in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Max, Min
from django.utils.translation import gettext as _

from kit.errors import Invalid
from orders.models import Order, OrderBatch, OrderLine
from orders.stock import free_batches
from sims.identifiers import iccid_with_luhn, normalise_bic
from sims.models import Sim, SimBatch

SHOWN_BESIDES: Final = 10
"""Batches that are shown beside those an order needs; any other one in stock is taken by its BIC."""

Kind = tuple[int, int]
"""What makes batches alike: SIM model and number of SIMs."""


@dataclass(frozen=True, slots=True)
class Box:
    """A batch with the ICCIDs on its label, as they are printed; "" for one that holds no SIM any more."""

    batch: SimBatch
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Need:
    """What an order needs of one article, and the batches in stock for it, oldest first."""

    line: OrderLine
    boxes: list[Box]

    @property
    def oldest(self) -> list[int]:
        """Return the ids of the batches that are taken unless somebody chooses."""
        return [box.batch.pk for box in self.boxes[: self.line.quantity]]


def lines_of(order: Order) -> list[OrderLine]:
    """Return the lines of an order with their articles. One query."""
    return list(order.lines.select_related("article__sim_model").order_by("pk"))


def kind_of(line: OrderLine) -> Kind:
    """Return which batches a line needs."""
    return line.article.sim_model_id, line.size


def needs_of(order: Order, *, besides: Collection[int] = ()) -> list[Need]:
    """Return what an order needs, with the batches in stock that may be chosen for it.

    Args:
        order: not shipped yet.
        besides: ids of further batches that were chosen; those in stock are shown too.

    A query for each line, and two more.
    """
    found: list[tuple[OrderLine, list[SimBatch]]] = []
    chosen = list(free_batches().filter(pk__in=besides).order_by("pk")) if besides else []
    for line in lines_of(order):
        model_id, size = kind_of(line)
        stock = free_batches().filter(model_id=model_id, quantity=size).order_by("pk")
        rows = list(stock[: line.quantity + SHOWN_BESIDES])
        known = {batch.pk for batch in rows}
        rows += [each for each in chosen if each.pk not in known and (each.model_id, each.quantity) == (model_id, size)]
        found.append((line, rows))
    boxes = boxes_of(batch for _line, rows in found for batch in rows)
    return [Need(line, [boxes[batch.pk] for batch in rows]) for line, rows in found]


def packed(order: Order) -> list[Need]:
    """Return what was shipped with an order, line by line. Three queries."""
    rows = list(OrderBatch.objects.filter(line__order=order).select_related("batch").order_by("pk"))
    boxes = boxes_of(row.batch for row in rows)
    return [Need(line, [boxes[row.batch_id] for row in rows if row.line_id == line.pk]) for line in lines_of(order)]


def boxes_of(batches: Iterable[SimBatch]) -> dict[int, Box]:
    """Return batches with the first and last ICCID on each, by id. One query."""
    known = {batch.pk: batch for batch in batches}
    ranges = {
        batch_id: (iccid_with_luhn(first), iccid_with_luhn(last))
        for batch_id, first, last in Sim.objects.filter(batch__in=known)
        .order_by()
        .values_list("batch_id")
        .annotate(first=Min("iccid"), last=Max("iccid"))
    }
    return {pk: Box(batch, *ranges.get(pk, ("", ""))) for pk, batch in known.items()}


def box_for(order: Order, bic: str) -> SimBatch:
    """Return the batch that was scanned, if it may go into the parcel of an order.

    Args:
        order: which is shipped.
        bic: as scanned or typed.

    Raises:
        Invalid: no BIC, no such batch, or one that does not belong in the parcel; the text names it and says why.
    """
    code = normalise_bic(bic, field="scan")
    batch = SimBatch.objects.select_related("model", "workspace").filter(bic=code).first()
    if batch is None:
        raise Invalid(_("There is no batch with the BIC %(bic)s.") % {"bic": code}, code="unknown_batch", field="scan")
    if why := why_not(batch, lines_of(order), free=free_batches().filter(pk=batch.pk).exists()):
        raise Invalid(why, code="wrong_batch", field="scan")
    return batch


def why_not(batch: SimBatch, lines: Sequence[OrderLine], *, free: bool) -> str:
    """Return why a batch cannot be shipped for these lines of an order, or "" if it can.

    Args:
        batch: with its model and workspace.
        lines: of the order.
        free: whether `orders.stock.free_batches` has it.
    """
    values = {"bic": batch.bic, "workspace": batch.workspace.name if batch.workspace else ""}
    if (batch.model_id, batch.quantity) not in {kind_of(line) for line in lines}:
        wanted = [f"{line.size} × {line.article.sim_model}" for line in lines]
        held = f"{batch.quantity} × {batch.model}"
        return _("Batch %(bic)s holds %(held)s. The order needs boxes of %(wanted)s.") % {
            "bic": batch.bic,
            "held": held,
            "wanted": _(" or of ").join(wanted),
        }
    if batch.workspace_id is not None:
        return _("Batch %(bic)s belongs to %(workspace)s already.") % values
    if not free:
        return _("Batch %(bic)s is not in stock any more: SIMs of it are in an inventory.") % values
    return ""
