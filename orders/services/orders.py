"""Buying, paying, shipping and canceling (`docs/rules.md` section 15).

Locks are taken in this order, and keys are left unlocked, so that no two actions wait for each other: the order or the
buying workspace, the articles by id, the batches by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from accounts.models import Workspace
from accounts.permissions import Permission, authorise, authorise_staff
from accounts.selectors import workspace_with_package
from accounts.trials import require_open
from kit.action import action, retried
from kit.context import current_context
from kit.errors import Conflict, Invalid, NotFound
from kit.outcomes import Outcome, Refusal, not_found
from kit.text import one_line
from orders import mails, payments, signals
from orders.addresses import AddressData, checked
from orders.models import MOST_NOTE, MoneyTransfer, Order, OrderLine, PaymentMethod
from orders.quotes import Item, Quote, quote
from orders.services import transfers
from orders.signals import OrderChange, Shipment
from orders.states import OrderStatus, may_move

MOST_KEY = 64
MOST_CANCELED = 500
"""Unpaid orders that one run of the schedule cancels."""


class QuoteChanged(Conflict):
    """The purchase is no longer what the buyer agreed to, or can't be made any more; nothing was ordered.

    Args:
        reasons: sentences to show, at least one.
        code: "out_of_stock", "price_changed" or what else stands in the way.
    """

    def __init__(self, reasons: Sequence[str], *, code: str) -> None:
        super().__init__(" ".join(reasons), code=code)
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What somebody wants to buy.

    Args:
        items: articles and pieces.
        shipping_option_id: way of shipping.
        payment_method: see `models.PaymentMethod`.
        shipping, billing: where the parcel and the invoice go.
        note: the buyer's own reference, printed on the invoice.
    """

    items: Sequence[Item]
    shipping_option_id: int
    payment_method: int
    shipping: AddressData
    billing: AddressData
    note: str = ""


def order_precalculate(*, workspace_id: int, items: Sequence[Item], shipping_option_id: int | None = None) -> Quote:
    """Return what a purchase would cost now and what stands in its way. Orders and keeps nothing.

    Raises:
        NotFound, Forbidden: the actor may not order here.
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    workspace = workspace_with_package(workspace_id)
    return quote(workspace=workspace, items=items, option_id=shipping_option_id)


@retried
def order_submit(*, workspace_id: int, purchase: Purchase, key: str, seen: str | None = None) -> Order:
    """Place an order; its SIMs are kept from then on. Leaves event 38, and 39 when there is nothing to pay.

    Args:
        workspace_id: who buys.
        purchase: what.
        key: chosen by the buyer; the same key again returns the order of before and changes nothing.
        seen: `Quote.seen` of what the buyer agreed to; `None` agrees to any price.

    Raises:
        NotFound, Forbidden: the actor may not order here.
        Invalid: an address, the quantity, the payment; `field` names it.
        QuoteChanged: out of stock, or not what was seen.
        Conflict: the trial of the workspace has ended.
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    require_open(workspace_id, _("nothing is ordered"))
    if not key or len(key) > MOST_KEY:
        raise Invalid(_("A purchase needs a key of at most %(n)s characters.") % {"n": MOST_KEY}, field="key")
    if not purchase.items:
        raise Invalid(_("The cart is empty."), code="required", field="items")
    shipping = checked(purchase.shipping, billing=False, prefix="shipping_")
    billing = checked(purchase.billing, billing=True, prefix="billing_")
    with action():
        # One purchase of a workspace after the other: two with one key meet here, and so do two in trial.
        workspace = workspace_with_package(workspace_id, lock=True)
        known = Order.objects.of(workspace_id).filter(key=key).first()
        if known is not None:
            return known
        found = quote(workspace=workspace, items=purchase.items, option_id=purchase.shipping_option_id, lock=True)
        _require_agreed(found, seen)
        _require_room(workspace, found)
        order = _placed(workspace, found, purchase, shipping, billing, key)
        signals.order_submitted.send(sender=Order, workspace_id=workspace_id, order_id=order.pk)
        mails.tell([order.pk], OrderStatus.SUBMITTED)
        if order.payment_method == PaymentMethod.NOTHING:
            _move([order], OrderStatus.PAID)
    return order


def _require_agreed(found: Quote, seen: str | None) -> None:
    wrong = [problem for problem in found.problems if problem.code == "invalid_quantity"]
    if wrong:
        raise Invalid(wrong[0].message, code="invalid_quantity", field="items")
    unknown = [problem for problem in found.problems if problem.code in ("unknown_article", "no_shipping")]
    if unknown and seen is None:
        raise Invalid(unknown[0].message, code="invalid_reference", field="items")
    if found.problems:
        raise QuoteChanged([problem.message for problem in found.problems], code=found.problems[0].code)
    if seen is not None and (changed := found.differences(seen)):
        raise QuoteChanged(changed, code="price_changed")


def _placed(
    workspace: Workspace, found: Quote, purchase: Purchase, shipping: AddressData, billing: AddressData, key: str
) -> Order:
    if found.option is None:
        raise Invalid(_("Choose how the SIMs are shipped."), code="required", field="shipping_option")
    method = payments.checked_method(purchase.payment_method, sim_count=found.sim_count, amount=found.total_amount)
    order = Order.objects.create(
        workspace=workspace,
        key=key,
        currency=found.currency,
        items_amount=found.items_amount,
        shipping_amount=found.shipping_amount,
        sim_count=found.sim_count,
        payment_method=method,
        shipping_option=found.option,
        shipping_address=shipping.saved(),
        billing_address=billing.saved(),
        note=one_line(purchase.note, most=MOST_NOTE, field="note", required=False),
        submitted_at=current_context().now(),
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            article=line.article,
            name=line.article.name,
            size=line.article.size,
            quantity=line.quantity,
            free=line.free,
            unit_amount=line.unit_amount,
        )
        for line in found.lines
    )
    return order


@retried
def order_pay_online(*, workspace_id: int, order_id: int, details: Mapping[str, str]) -> Order:
    """Pay an order by its provider. Leaves event 39.

    The money is held first and taken only when the order is paid in our books: who pays for an order that is canceled
    at that moment is not charged.

    Args:
        workspace_id: whose order.
        order_id: which one; submitted and not paid yet.
        details: what the buyer entered.

    Raises:
        NotFound, Forbidden: no such order here, or the actor may not order.
        PaymentDeclined: the provider does not give the money.
        Conflict: paid, shipped or canceled before; nothing was charged.
    """
    authorise(workspace_id, Permission.ORDER_CREATE)
    order: Order = Order.objects.one(workspace_id=workspace_id, pk=order_id, kind=_("Order"))
    _require_move(order, OrderStatus.PAID)
    provider = payments.provider_of(order.payment_method)
    if provider is None:
        raise Conflict(_("There is nothing to pay."), code="not_allowed")
    reference = provider.authorise(_charge(order), details)
    try:
        with action():
            (order,) = _locked([order_id], workspace_id)
            _require_move(order, OrderStatus.PAID)
            _move([order], OrderStatus.PAID, payment_reference=reference)
            transfers.plan(order, MoneyTransfer.Kind.CAPTURE)
    except BaseException:
        with action():
            transfers.plan(order, MoneyTransfer.Kind.VOID, reference=reference)
        raise
    return order


def orders_mark_paid(*, order_ids: Iterable[int]) -> Outcome:
    """Say that the money of orders has arrived. Leaves an event 39 for each; those that can't are refused by name.

    Raises:
        Forbidden: not staff.
    """
    authorise_staff("orders.change_order")
    return _move_all(order_ids, OrderStatus.PAID)


def orders_cancel(*, order_ids: Iterable[int], workspace_id: int | None = None) -> Outcome:
    """Cancel orders before they are shipped; what was paid is given back. Leaves an event 39 for each.

    Args:
        order_ids: which ones.
        workspace_id: whose; `None` for the orders of all workspaces, which only staff may ask for.

    Raises:
        NotFound, Forbidden: the actor may not order here, or is not staff.
    """
    if workspace_id is None:
        authorise_staff("orders.change_order")
    else:
        authorise(workspace_id, Permission.ORDER_CREATE)
    return _move_all(order_ids, OrderStatus.CANCELED, workspace_id)


# --- the one place where orders move ---


def _locked(order_ids: Iterable[int], workspace_id: int | None = None) -> list[Order]:
    """Lock orders in id order, without their keys."""
    orders = Order.objects.filter(pk__in=set(order_ids)).order_by("pk")
    if workspace_id is not None:
        orders = orders.filter(workspace_id=workspace_id)
    return list(orders.select_for_update(of=("self",), no_key=True))


def locked_order(order_id: int) -> Order:
    """Lock one order of any workspace.

    Raises:
        NotFound: there is none.
    """
    found = _locked([order_id])
    if not found:
        raise NotFound(_("Order with Id '%(id)s' not found.") % {"id": order_id})
    return found[0]


def refusal_text(order: Order, new: OrderStatus) -> str:
    """Return why an order can't go to a state, naming the state that is in the way."""
    values = {"id": order.pk, "state": OrderStatus(order.status).label}
    if order.status == new:
        return _("Order %(id)s is %(state)s already.") % values
    if new == OrderStatus.SHIPPED and order.status == OrderStatus.SUBMITTED:
        return _("Order %(id)s is not paid yet; it can be shipped once it is.") % values
    if new == OrderStatus.PAID and order.status == OrderStatus.CANCELED:
        return _("Order %(id)s was canceled. Nothing was charged.") % values
    return _("Order %(id)s is %(state)s; that can't be changed any more.") % values


def _require_move(order: Order, new: OrderStatus) -> None:
    if not may_move(order.status, new):
        raise Conflict(refusal_text(order, new), code="not_allowed", field="status")


def _move_all(order_ids: Iterable[int], new: OrderStatus, workspace_id: int | None = None) -> Outcome:
    wanted = list(dict.fromkeys(order_ids))
    outcome = Outcome()
    with action():
        orders = _locked(wanted, workspace_id)
        present = {order.pk for order in orders}
        outcome.refused += not_found([pk for pk in wanted if pk not in present], "Order")
        moving = []
        for order in orders:
            if may_move(order.status, new):
                moving.append(order)
            else:
                refused = Refusal(order.pk, str(order.pk), "not_allowed", refusal_text(order, new))
                outcome.refused.append(refused)
        if new == OrderStatus.CANCELED:
            _give_back(moving)
        _move(moving, new)
        outcome.changed = [order.pk for order in moving]
    return outcome


_STAMPS = {
    OrderStatus.PAID: "paid_at",
    OrderStatus.SHIPPED: "shipped_at",
    OrderStatus.CANCELED: "canceled_at",
}


def _move(orders: Sequence[Order], new: OrderStatus, **values: Any) -> None:
    """Bring locked orders to a state that the table allows, tell it, and write the mails."""
    if not orders:
        return
    now = current_context().now()
    values = {"status": new, _STAMPS[new]: now, **values}
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(**values)
    for order in orders:
        for name, value in values.items():
            setattr(order, name, value)
    changes = [OrderChange(order.pk, order.workspace_id, new, _shipment(order, now, new)) for order in orders]
    signals.orders_updated.send(sender=Order, changes=changes)
    mails.tell([order.pk for order in orders], new)


def _shipment(order: Order, now: datetime, new: OrderStatus) -> Shipment | None:
    if new != OrderStatus.SHIPPED or order.shipping_provider_id is None:
        return None
    return Shipment(order.shipping_provider_id, order.ext_shipping_reference, now)


def move_to_shipped(order: Order, *, provider_id: int, reference: str) -> None:
    """Bring a locked order to Shipped; `services.shipping` has seen to its batches.

    Raises:
        Conflict: the table does not allow it.
    """
    _require_move(order, OrderStatus.SHIPPED)
    _move([order], OrderStatus.SHIPPED, shipping_provider_id=provider_id, ext_shipping_reference=reference)


def require_shippable(order: Order) -> None:
    """Check a locked order before anything is allotted to it. Raises Conflict."""
    _require_move(order, OrderStatus.SHIPPED)


def _charge(order: Order) -> payments.Charge:
    return payments.Charge(order.pk, order.total_amount, order.currency)


def cancel_unpaid() -> Outcome:
    """Cancel orders that nobody has paid in time: until then their SIMs are kept from everybody else (event 39).

    An order that is paid online has `SHOP_UNPAID_HOURS`, one on invoice `SHOP_INVOICE_DAYS`.

    Raises:
        Forbidden: neither the schedule nor staff.
    """
    authorise_staff("orders.change_order")
    now = current_context().now()
    online = Q(submitted_at__lt=now - timedelta(hours=settings.SHOP_UNPAID_HOURS))
    invoice = Q(submitted_at__lt=now - timedelta(days=settings.SHOP_INVOICE_DAYS))
    by_invoice = Q(payment_method=PaymentMethod.BANK_TRANSFER)
    late = Order.objects.filter((~by_invoice & online) | (by_invoice & invoice), status=OrderStatus.SUBMITTED)
    return _move_all(late.order_by("pk").values_list("pk", flat=True)[:MOST_CANCELED], OrderStatus.CANCELED)


def _require_room(workspace: Workspace, found: Quote) -> None:
    """Check that a locked workspace may keep more SIMs from others without having paid.

    Raises:
        Conflict: too many unpaid orders, or too many SIMs in them.
    """
    if not found.total_amount:
        return
    unpaid = Order.objects.of(workspace.pk).filter(status=OrderStatus.SUBMITTED)
    there = unpaid.aggregate(orders=Count("pk"), sims=Sum("sim_count"))
    if there["orders"] >= settings.SHOP_UNPAID_ORDERS:
        raise Conflict(
            _("%(count)s orders of this workspace are not paid yet. Pay or cancel one of them first.")
            % {"count": there["orders"]},
            code="unpaid_orders",
        )
    kept = there["sims"] or 0
    if kept and kept + found.sim_count > settings.SHOP_UNPAID_SIMS:
        raise Conflict(
            _("%(count)s SIMs are kept for unpaid orders of this workspace. Pay or cancel one of them first.")
            % {"count": kept},
            code="unpaid_orders",
        )


def _give_back(orders: Iterable[Order]) -> None:
    for order in orders:
        if order.paid_at is not None:
            transfers.plan(order, MoneyTransfer.Kind.REFUND)
