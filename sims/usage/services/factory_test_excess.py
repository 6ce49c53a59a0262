"""Telling when ends of factory tests bring a workspace above its package's limit (`docs/rules.md` section 1).

They are not refused: the traffic has happened. So somebody has to hear of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count

from accounts.models import Workspace
from sims import signals
from sims.models import Sim
from sims.states import SimStatus


def tell_excess(workspaces: Mapping[int, Workspace], activated: Mapping[int, int]) -> None:
    """State which workspaces are above their limit only since just now. One query, if a limit counts at all.

    Args:
        workspaces: with their packages, by id.
        activated: how many SIMs became activated just now, by workspace.
    """
    limits = {pk: limit for pk in activated if (limit := workspaces[pk].package.max_active_sims) is not None}
    if not limits:
        return
    active = Sim.objects.filter(workspace_id__in=limits, status=SimStatus.ACTIVATED).order_by().values("workspace_id")
    for pk, count in active.annotate(n=Count("pk")).values_list("workspace_id", "n"):
        if count - activated[pk] <= limits[pk] < count:
            signals.sim_limit_exceeded.send(sender=Sim, workspace=workspaces[pk], limit=limits[pk], count=count)
