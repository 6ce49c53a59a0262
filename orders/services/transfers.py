"""Money on its way: what a provider still has to take, give back or let go (`docs/rules.md` section 15).

A transfer is a row of the change that causes it. It is tried at once after the commit and repeated by a sweep until the
provider says yes, so neither a process that dies nor a provider that is down loses money. After `GIVEN_UP_AFTER` staff
see it in the admin site.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.permissions import authorise_staff
from kit.context import current_context
from orders import payments
from orders.models import MoneyTransfer, Order

logger = logging.getLogger(__name__)

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
GIVEN_UP_AFTER: Final = timedelta(days=3)
AT_ONCE: Final = 100
"""Transfers that one sweep tries."""


def plan(order: Order, kind: MoneyTransfer.Kind, *, reference: str = "") -> None:
    """Write down that money of an order has to move, as part of the running action, and try it after the commit.

    Args:
        order: as it is now; an order with nothing to pay moves nothing.
        kind: what the provider has to do.
        reference: of the provider; the order's own when left out.
    """
    if payments.provider_of(order.payment_method) is None:
        return
    now = current_context().now()
    transfer = MoneyTransfer.objects.create(
        order=order,
        kind=kind,
        method=order.payment_method,
        reference=reference or order.payment_reference,
        amount=order.total_amount,
        currency=order.currency,
        created=now,
        since=now,
        next_attempt=now,
    )

    def try_now() -> None:
        move(transfer.pk)

    # A function and not a `partial`: Django names what failed by its `__qualname__`.
    transaction.on_commit(try_now, robust=True)


def due() -> list[int]:
    """Return the ids of transfers to try now, the longest waiting first."""
    waiting = MoneyTransfer.objects.filter(done=None, given_up=False, next_attempt__lte=timezone.now())
    return list(waiting.order_by("next_attempt", "pk").values_list("pk", flat=True)[:AT_ONCE])


def move(transfer_id: int) -> bool:
    """Have the provider do one transfer, unless somebody else is at it; returns whether it is done now.

    A process that dies between the provider's answer and ours asks again: providers take a reference once.

    Args:
        transfer_id: id of the `MoneyTransfer`.
    """
    now = timezone.now()
    transfer = MoneyTransfer.objects.filter(pk=transfer_id, done=None, given_up=False, next_attempt__lte=now).first()
    if transfer is None:
        return False
    wait = min(FIRST_WAIT * 2 ** min(transfer.attempts, 10), LONGEST_WAIT)
    claimed = MoneyTransfer.objects.filter(pk=transfer_id, attempts=transfer.attempts).update(
        attempts=transfer.attempts + 1, next_attempt=now + wait, claimed=now
    )
    if not claimed:
        return False
    try:
        _ask(transfer)
    except Exception as error:
        # Whatever it is, the others must go on. The class says what happened; a provider's text may quote customers.
        what = type(error).__name__
        over = now - transfer.since >= GIVEN_UP_AFTER
        MoneyTransfer.objects.filter(pk=transfer_id).update(error=what, given_up=over)
        logger.warning("Transfer %s of order %s failed: %s", transfer_id, transfer.order_id, what)
        return False
    MoneyTransfer.objects.filter(pk=transfer_id).update(done=timezone.now(), error="")
    return True


def _ask(transfer: MoneyTransfer) -> None:
    provider = payments.provider_of(transfer.method)
    if provider is None:
        raise LookupError(f"There is no provider for payment method {transfer.method}.")
    if transfer.kind == MoneyTransfer.Kind.CAPTURE:
        provider.capture(transfer.reference)
    elif transfer.kind == MoneyTransfer.Kind.VOID:
        provider.void(transfer.reference)
    else:
        charge = payments.Charge(transfer.order_id, transfer.amount, transfer.currency)
        provider.refund(transfer.reference, charge)


def retry(transfer_ids: Iterable[int]) -> int:
    """Have transfers tried now, those given up too; returns how many.

    Args:
        transfer_ids: ids of `MoneyTransfer` rows; what is done, or being tried, is left out.

    Raises:
        Forbidden: neither the portal itself nor staff who may change orders.
    """
    authorise_staff("orders.change_order")
    now = timezone.now()
    idle = Q(given_up=True) | Q(claimed=None) | Q(claimed__lt=now - FIRST_WAIT / 2)
    found = list(MoneyTransfer.objects.filter(idle, pk__in=list(transfer_ids), done=None).values_list("pk", flat=True))
    MoneyTransfer.objects.filter(idle, pk__in=found, done=None).update(
        given_up=False, attempts=0, since=now, next_attempt=now
    )
    for pk in found:
        move(pk)
    return len(found)
