"""Writing a new state to SIMs: the one place where a state is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kit.context import current_context
from sims.factory_tests import EndOfTest, ends_of_tests
from sims.models import Sim
from sims.signals import Cause, Evidence, SimRow, SimStatusChange
from sims.states import SimStatus
from sims.tenures import end_tests


# untold: for services that have decided, and tell
def move(
    rows: Sequence[SimRow], to: int, *, ends: Mapping[int, EndOfTest] | None = None, cause: Cause = Cause.ASKED
) -> list[SimStatusChange]:
    """Write a new state to locked SIMs and return the changes to state; for services that have decided already.

    A SIM that leaves its factory test is activated since the moment when the test was over by usage or by its period,
    also where somebody ends it before it was noticed.

    Args:
        rows: SIMs locked in this transaction.
        to: the new state.
        ends: by SIM, when its test was over, where the caller knows; it is found out when left out.
        cause: why.
    """
    if not rows:
        return []
    now = current_context().now()
    if ends is None:
        ends = ends_of_tests([row.id for row in rows if row.status == SimStatus.FACTORY_TEST], now)
    values: dict[str, Any] = {"status": to, "factory_test_since": None, "last_updated": now}
    if to == SimStatus.FACTORY_TEST:
        values |= {"factory_test_since": now, "tested_bytes": 0, "tested_sms": 0}
    over = [row.id for row in rows if row.id in ends]
    # What was Activated is charged until the month ends (`sims.charges`), be it that it was so for this moment alone.
    some: list[int] = []
    more: dict[str, Any] = {}
    if to == SimStatus.ACTIVATED:
        values["active_until"] = None
        some = [row.id for row in rows if row.activation_date is None and row.id not in ends]
        more = {"activation_date": now}
    elif to == SimStatus.SUSPENDED:
        values["active_until"] = now
    elif to == SimStatus.DELETED:
        some, more = [row.id for row in rows if row.status == SimStatus.ACTIVATED], {"active_until": now}
    if over:
        date_activations({pk: ends[pk] for pk in over}, **values, **(more if to == SimStatus.DELETED else {}))
    if some:
        Sim.objects.filter(pk__in=some).update(**values, **more)
    if len(some) + len(over) < len(rows):
        known = {*some, *over}
        Sim.objects.filter(pk__in=[row.id for row in rows if row.id not in known]).update(**values)
    return [
        SimStatusChange(sim=row, old=row.status, new=to, cause=cause, evidence=_evidence(ends.get(row.id)))
        for row in rows
    ]


def _evidence(end: EndOfTest | None) -> Evidence | None:
    return None if end is None else end.evidence


# untold: for services that tell that a test is over
def date_activations(ends: Mapping[int, EndOfTest], **values: Any) -> None:
    """Let locked SIMs be activated since their test was over.

    Args:
        ends: by SIM, when that was.
        values: what else becomes of all of them, by column.
    """
    sims = [Sim(pk=pk, activation_date=end.moment, **values) for pk, end in sorted(ends.items())]
    Sim.objects.update_each(sims, ["activation_date", *values])
    end_tests({sim_id: end.moment for sim_id, end in ends.items()})
