"""States of an order and who may move it: one table (`docs/rules.md` section 15, `docs/rules.md` decision 14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import IntegerChoices
from django.utils.translation import gettext_lazy as _


class OrderStatus(IntegerChoices):
    """Where an order stands. The ids are on the wire; 2 is Shipped there (`docs/rules.md` decision 14)."""

    SUBMITTED = 0, _("Submitted")
    PAID = 1, _("Paid")
    SHIPPED = 2, _("Shipped")
    CANCELED = 3, _("Canceled")


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed move.

    Args:
        by_customer: whether the customer's own users and programs may make it by naming the state.
    """

    by_customer: bool = False


MOVES: Final[Mapping[tuple[OrderStatus, OrderStatus], Move]] = {
    # A customer pays through a payment provider, which vouches for it; only staff may say that money has arrived.
    (OrderStatus.SUBMITTED, OrderStatus.PAID): Move(),
    (OrderStatus.SUBMITTED, OrderStatus.CANCELED): Move(by_customer=True),
    # Not from SUBMITTED: also an order on invoice is paid before it is shipped.
    (OrderStatus.PAID, OrderStatus.SHIPPED): Move(),
    (OrderStatus.PAID, OrderStatus.CANCELED): Move(by_customer=True),
}
"""Every move there is. What does not stand here is refused."""

OPEN: Final = (OrderStatus.SUBMITTED, OrderStatus.PAID)
"""States in which an order still waits for its SIMs, which are kept for it."""


def may_move(old: int, new: int, *, customer: bool = False) -> bool:
    """Return whether an order may go from one state to another.

    Args:
        old, new: ids of states.
        customer: whether the customer asks, and not the operator's staff.
    """
    move = MOVES.get((OrderStatus(old), OrderStatus(new)))
    return move is not None and (move.by_customer or not customer)


def moves_from(status: int) -> list[OrderStatus]:
    """Return the states that staff may bring an order to from here, in the order of the table."""
    return [new for old, new in MOVES if old == status]
