"""Keeping tenures: from when on a SIM is held, by whom, on which device, in which state (`docs/rules.md` section 19).

What stands in the SIM and its device is compared with the SIM's newest tenure, and what differs is a new one. Whoever
changes SIMs says so by a domain signal, and the receivers of these signals call `keep`: no service keeps tenures
itself, and none can forget to.
"""

# ruff: noqa: S608 - the statement is put together from constants; values are always parameters

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Final

from django.db import connection

from kit.context import current_context
from kit.querysets import CHUNK
from sims.models import Device, Sim, SimTenure
from sims.states import SimStatus

_SIM, _DEVICE, _TENURE = (model._meta.db_table for model in (Sim, Device, SimTenure))
_STATE: Final = {
    "workspace_id": "s.workspace_id",
    "device_id": "s.device_id",
    "status": "s.status",
    "device_status": "d.status",
    "service_policy_id": "d.service_policy_id",
    "coverage_policy_id": "d.coverage_policy_id",
}


@cache
def _keep(vendor: str) -> str:
    """Return the statement that adds tenures; its parameters are a moment and ids of SIMs."""
    postgresql = vendor == "postgresql"
    differs = "IS DISTINCT FROM" if postgresql else "IS NOT"
    chosen = "= ANY(%s)" if postgresql else "IN (SELECT value FROM json_each(%s))"
    moment = "%s::timestamptz" if postgresql else "%s"
    # A test begins when the SIM says so. A clock that was set back adds nothing before what is known: the newest
    # tenure is written anew instead.
    entered = f"s.status = {int(SimStatus.FACTORY_TEST)} AND t.status {differs} {int(SimStatus.FACTORY_TEST)}"
    since = f"COALESCE(CASE WHEN {entered} THEN s.factory_test_since END, {moment})"
    latest = f"GREATEST({since}, t.since)" if postgresql else f"MAX({since}, COALESCE(t.since, ''))"
    changed = " OR ".join(f"{now} {differs} t.{name}" for name, now in _STATE.items())
    return (
        f"INSERT INTO {_TENURE} (sim_id, since, {', '.join(_STATE)})"
        f" SELECT s.id, {latest}, {', '.join(_STATE.values())}"
        f" FROM {_SIM} s LEFT JOIN {_DEVICE} d ON d.id = s.device_id"
        f" LEFT JOIN {_TENURE} t ON t.sim_id = s.id"
        f" AND t.since = (SELECT MAX(newest.since) FROM {_TENURE} newest WHERE newest.sim_id = s.id)"
        f" WHERE s.id {chosen} AND s.workspace_id IS NOT NULL AND ({changed}) ORDER BY s.id"
        " ON CONFLICT (sim_id, since) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _STATE)
    )


def keep(sim_ids: Iterable[int]) -> None:
    """Begin a tenure for each of these SIMs that is not as its newest one says; one statement for 5,000.

    Args:
        sim_ids: SIMs that were changed in this transaction, and are locked.
    """
    ids = sorted(set(sim_ids))
    moment = current_context().now()
    for start in range(0, len(ids), CHUNK):
        add_tenures(ids[start : start + CHUNK], moment)


def add_tenures(sim_ids: list[int], moment: datetime) -> None:
    """Add a tenure from a moment on to SIMs that are not as their newest one says. One statement.

    Args:
        sim_ids: which.
        moment: since when they are as they are, aware.
    """
    postgresql = connection.vendor == "postgresql"
    chosen = sim_ids if postgresql else f"[{', '.join(map(str, sim_ids))}]"
    with connection.cursor() as cursor:
        cursor.execute(_keep(connection.vendor), [connection.ops.adapt_datetimefield_value(moment), chosen])


# untold: the moment of the activation is told by whoever ends the test
def end_tests(ends: Mapping[int, datetime]) -> None:
    """Let factory tests be over from earlier moments on: SIMs were Activated then. At most three statements.

    Args:
        ends: by SIM, when its test was over; a moment within the test.
    """
    tenures = SimTenure.objects.filter(sim_id__in=ends, status=SimStatus.FACTORY_TEST).order_by("sim_id", "since")
    later: list[tuple[int, datetime]] = []
    cut: dict[int, SimTenure] = {}
    for tenure in tenures:
        if tenure.since >= ends[tenure.sim_id]:
            later.append((tenure.sim_id, tenure.since))
        else:
            cut[tenure.sim_id] = tenure
    if later:
        SimTenure.objects.filter(pk__in=later).update(status=SimStatus.ACTIVATED)
    begun = set(later)
    for sim_id, tenure in list(cut.items()):
        if (sim_id, ends[sim_id]) in begun:
            del cut[sim_id]
        else:
            tenure.since = ends[sim_id]
            tenure.status = SimStatus.ACTIVATED
    SimTenure.objects.bulk_create(cut.values(), batch_size=CHUNK)
