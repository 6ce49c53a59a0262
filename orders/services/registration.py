"""From a delivered order to registered SIMs, by the service that registers any batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from accounts.permissions import Permission, authorise
from kit.action import action, retried
from kit.errors import Conflict, NotFound
from orders.selectors import allotted, order_of_workspace
from sims.inventory.services.registration import register_batch
from sims.states import SimStatus

MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration brought: batches and the SIMs in them."""

    batches: int
    sims: int


@retried
def order_register(*, workspace_id: int, order_id: int, bic: str | None = None) -> Registered:
    """Register the SIMs of an order as Issued. Leaves an event 48 for each batch; all or nothing.

    Args:
        workspace_id: whose order.
        order_id: which one.
        bic: one of its batches; `None` for the next hundred that wait.

    Raises:
        NotFound, Forbidden: no such order or batch here, or the actor may not register SIMs.
        Conflict: registered before; nothing waits.
    """
    authorise(workspace_id, Permission.SIM_REGISTER)
    found = allotted(order_of_workspace(workspace_id, order_id))
    if bic is not None and bic not in {each.batch.bic for each in found}:
        raise NotFound(_("Batch %(bic)s does not belong to this order.") % {"bic": bic}, field="bic")
    waiting = [each.batch.bic for each in found if each.state == "waiting"][:MOST_AT_ONCE]
    if bic is None and not waiting:
        raise Conflict(_("No SIMs of this order wait for their registration."), code="already_registered")
    with action():
        done = [
            register_batch(workspace_id=workspace_id, bic=code, status=SimStatus.ISSUED)
            for code in ([bic] if bic is not None else waiting)
        ]
    return Registered(len(done), sum(len(each.sims) for each in done))
