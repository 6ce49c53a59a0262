"""Keeping tenures: from when on a SIM is held, by whom, on which device, in which state (`docs/rules.md` section 19).

What stands in the SIM and its device is compared with the SIM's newest tenure, and what differs is a new one. Whoever
changes SIMs says so by a domain signal, and the receivers of these signals call `keep`: no service keeps tenures
itself, and none can forget to.
"""

# ruff: noqa: S608 - the statement is put together from constants; values are always parameters

from __future__ import annotations

import json
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


@cache
def _end(vendor: str) -> tuple[str, str]:
    """Return the statements that end tests earlier; both take ids of SIMs and moments as JSON.

    The first is for parts of a test that began later, the second cuts the part in which it was over.
    """
    given = (
        "json_to_recordset(%s::json) AS given(sim_id bigint, moment timestamptz)"
        if vendor == "postgresql"
        else "(SELECT json_extract(value, '$.sim_id') AS sim_id, json_extract(value, '$.moment') AS moment"
        " FROM json_each(%s)) AS given"
    )
    testing, activated = int(SimStatus.FACTORY_TEST), int(SimStatus.ACTIVATED)
    taken = ", ".join(str(activated) if name == "status" else f"t.{name}" for name in _STATE)
    return (
        f"UPDATE {_TENURE} SET status = {activated} FROM {given} WHERE {_TENURE}.sim_id = given.sim_id"
        f" AND {_TENURE}.status = {testing} AND {_TENURE}.since >= given.moment",
        f"INSERT INTO {_TENURE} (sim_id, since, {', '.join(_STATE)}) SELECT t.sim_id, given.moment, {taken}"
        f" FROM {given} JOIN {_TENURE} t ON t.sim_id = given.sim_id AND t.since = (SELECT MAX(last.since)"
        f" FROM {_TENURE} last WHERE last.sim_id = given.sim_id AND last.status = {testing})"
        " WHERE 1 = 1 ON CONFLICT (sim_id, since) DO NOTHING",
    )


def end_tests(ends: Mapping[int, datetime]) -> None:
    """Let factory tests be over from earlier moments on: SIMs were Activated then. Two statements.

    Args:
        ends: by SIM, when its test was over; a moment within the test.
    """
    adapt = connection.ops.adapt_datetimefield_value
    given = json.dumps([{"sim_id": pk, "moment": str(adapt(moment))} for pk, moment in sorted(ends.items())])
    with connection.cursor() as cursor:
        for statement in _end(connection.vendor):
            cursor.execute(statement, [given])
