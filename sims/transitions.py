"""Writing a new state to SIMs: the one place where a state is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kit.context import current_context
from sims.models import Sim
from sims.signals import Cause, SimRow, SimStatusChange
from sims.states import SimStatus


# untold: for services that have decided, and tell
def move(
    rows: Sequence[SimRow], to: int, *, cause: Cause = Cause.ASKED, when: datetime | None = None
) -> list[SimStatusChange]:
    """Write a new state to locked SIMs and return the changes to state; for services that have decided already.

    Args:
        rows: SIMs locked in this transaction.
        to: the new state.
        cause: why.
        when: moment to store, aware; that of the context when left out.
    """
    if not rows:
        return []
    now = when or current_context().now()
    values: dict[str, object] = {"status": to, "factory_test_since": None, "last_updated": now}
    if to == SimStatus.FACTORY_TEST:
        values |= {"factory_test_since": now, "tested_bytes": 0, "tested_sms": 0}
    # What was Activated is charged until the month ends (`sims.charges`), be it that it was so for this moment alone.
    some: list[int] = []
    more: dict[str, object] = {}
    if to == SimStatus.ACTIVATED:
        values["active_until"] = None
        some, more = [row.id for row in rows if row.activation_date is None], {"activation_date": now}
    elif to == SimStatus.SUSPENDED:
        values["active_until"] = now
    elif to == SimStatus.DELETED:
        some, more = [row.id for row in rows if row.status == SimStatus.ACTIVATED], {"active_until": now}
    if some:
        Sim.objects.filter(pk__in=some).update(**values, **more)
    if len(some) < len(rows):
        known = set(some)
        Sim.objects.filter(pk__in=[row.id for row in rows if row.id not in known]).update(**values)
    return [SimStatusChange(sim=row, old=row.status, new=to, cause=cause) for row in rows]
