"""Celery's part in the shop: money that has not moved yet, and orders nobody has paid."""

from __future__ import annotations

from celery import shared_task

from kit.context import Actor, ActorKind, acting_as
from orders.services import transfers
from orders.services.orders import cancel_unpaid

UNPAID = Actor(kind=ActorKind.SCHEDULE, id=0, label="Unpaid orders", everywhere=True)


@shared_task(name="orders.sweep_transfers")
def sweep_transfers() -> None:
    """Try money transfers whose time has come, and those whose process died."""
    for transfer_id in transfers.due():
        transfers.move(transfer_id)


@shared_task(name="orders.cancel_unpaid")
def cancel_unpaid_orders() -> int:
    """Cancel orders that nobody has paid in time. Returns how many."""
    with acting_as(UNPAID):
        return len(cancel_unpaid().changed)
