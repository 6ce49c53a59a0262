"""Which SIMs are charged this month: those that were Activated at any time in it (`docs/rules.md` section 1).

A SIM that is Activated is charged. One that is not any more carries the moment until which it was, in
`Sim.active_until`, or in a `DepartedSim` where it has left the workspace; who stores a state keeps both. So it is one
comparison with the begin of the billing month, by an index, and no history is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from kit.billing import begin_of, billing_month, charged_until_text, month_before, month_begin, month_text
from sims.models import DepartedSim, Sim
from sims.signals import SimRow
from sims.states import CHARGED


def charged_condition(now: datetime) -> Q:
    """Return the condition on SIMs that their workspace is charged for in the month of a moment."""
    return Q(status__in=CHARGED) | Q(active_until__gte=month_begin(now))


def was_active_since(status: int, active_until: datetime | None, begin: datetime) -> bool:
    """Tell from a SIM's state, and until when it was Activated, whether it was so at any time since a moment."""
    return status in CHARGED or (active_until is not None and active_until >= begin)


def is_charged(sim: SimRow | Sim, now: datetime) -> bool:
    """Tell whether a SIM is charged in the month of a moment, where it is."""
    return was_active_since(sim.status, sim.active_until, month_begin(now))


def charged_here(workspace_id: int, now: datetime, *, active: int | None = None) -> int:
    """Return how many SIMs of the inventory are charged this month, deleted ones too. Two queries, by index.

    Args:
        workspace_id: whose inventory.
        now: a moment of the month.
        active: how many are Activated, where that is known; one query then.
    """
    sims = Sim.objects.of(workspace_id).order_by()
    if active is None:
        active = sims.filter(status__in=CHARGED).count()
    return active + sims.filter(active_until__gte=month_begin(now)).count()


def charged_departed(workspace_id: int, now: datetime) -> int:
    """Return how many SIMs that have left are charged this month. One query, by index."""
    return DepartedSim.objects.filter(workspace_id=workspace_id, active_until__gte=month_begin(now)).count()


def charge_text(sim: Sim, now: datetime) -> str:
    """Return the sentence that says whether a SIM is charged, and until when."""
    month = month_text(now)
    if sim.status in CHARGED:
        return _("%(month)s, and each month that begins before it is suspended or deleted.") % {"month": month}
    if is_charged(sim, now):
        return _("%(month)s, because it was Activated in it. Charging stops on %(day)s.") % {
            "month": month,
            "day": charged_until_text(now),
        }
    return _("Not in %(month)s.") % {"month": month}


# untold: for the transfer, which has decided, and tells
def keep_charges(rows: Sequence[SimRow], sources: Mapping[int, int], target_id: int, now: datetime) -> None:
    """Leave behind what SIMs owe where they were, and take up what they owe where they come back to.

    To be called when they are about to change the workspace, or have just done so. At most four queries more.

    Args:
        rows: the SIMs as they were when they were locked.
        sources: the workspace of each SIM then.
        target_id: the workspace in which they are from now on.
        now: the moment of the change.
    """
    month = month_begin(now)
    # Nobody asks about earlier months any more.
    old = begin_of(month_before(billing_month(now)))
    DepartedSim.objects.filter(workspace_id__in=set(sources.values()), active_until__lt=old).delete()
    left = [
        DepartedSim(workspace_id=sources[row.id], sim_id=row.id, active_until=until)
        for row in rows
        if (until := now if row.status in CHARGED else row.active_until) is not None and until >= month
    ]
    DepartedSim.objects.bulk_create(
        left, update_conflicts=True, unique_fields=("sim_id", "workspace_id"), update_fields=("active_until",)
    )
    back = DepartedSim.objects.filter(workspace_id=target_id, sim_id__in=[row.id for row in rows])
    returned = dict(back.values_list("sim_id", "active_until"))
    Sim.objects.filter(pk__in=[row.id for row in rows], active_until__isnull=False).update(active_until=None)
    if returned:
        Sim.objects.bulk_update([Sim(pk=pk, active_until=until) for pk, until in returned.items()], ["active_until"])
        back.delete()
