"""P1 and P2: what an action costs beside the bare statements, and beside itself without the guard against silence."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from bench.measure import Result, compare
from events.writer import COLUMNS
from kit.context import Actor, ActorKind, Person, Surface, acting_as
from sims.inventory.services.status import change_sim_status
from sims.models import Sim, SimTenure
from sims.tenures import add_tenures

WORKSPACE = 1
SIMS = 10_000


def _actor() -> Actor:
    return Actor(
        kind=ActorKind.USER,
        id=1,
        label="User 1",
        person=Person(1, "Bench User", "bench@example.com"),
        roles={WORKSPACE: "Administrator"},
        # As the actor of a user or token has it, whose package is read with the session.
        sim_limits={WORKSPACE: None},
    )


def one_action(vendor: str, *, guard: bool = False) -> Result:
    """P1: one action through its service against a plain `save()` of the same SIM, both committed.

    Args:
        vendor: "postgresql" or "sqlite".
        guard: whether it is held against itself without the guard against silence.
    """
    found = Sim.objects.filter(workspace_id=WORKSPACE, status__in=(1, 2), device_id__isnull=False)
    sims = itertools.cycle(list(found.order_by("pk")[:2000]))

    def pick() -> Sim:
        sim = next(sims)
        sim.status = 1 if sim.status == 2 else 2
        return sim

    def service() -> None:
        sim = pick()
        with acting_as(_actor(), surface=Surface.PORTAL, ip="192.0.2.1", user_agent="bench"):
            change_sim_status(workspace_id=WORKSPACE, sim_ids=[sim.pk], to=sim.status)

    def save() -> None:
        sim = pick()
        with transaction.atomic():
            sim.save()

    return compare(
        "silence" if guard else "P1",
        f"one action through its service, {vendor}" + (", with the guard and without" if guard else ""),
        product=service,
        baseline=service if guard else save,
        limit=1.4 if guard else 3.5,
        repetitions=20,
        calls=20,
        note="" if guard else f"queries beyond BEGIN and COMMIT on {vendor}: {_queries(service)}",
        silent=True,
    )


def _queries(action: Any) -> int:
    action()  # the first call of a process also looks up the actor's person
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    try:
        action()
        own = ("BEGIN", "COMMIT")
        return sum(not str(query["sql"]).startswith(own) for query in connection.queries)
    finally:
        connection.force_debug_cursor = False


def ten_thousand(vendor: str, *, guard: bool = False) -> Result:
    """P2: a status change of 10,000 SIMs with its events against the SQL that does just that; args as `one_action`."""
    ids = list(Sim.objects.filter(workspace_id=WORKSPACE).order_by("pk").values_list("pk", flat=True)[:SIMS])

    def put_back() -> None:
        Sim.objects.filter(pk__in=ids).update(status=1)
        # Otherwise the second time would find the tenures of the first.
        SimTenure.objects.filter(sim_id__in=ids).delete()
        add_tenures(ids, datetime(2020, 1, 1, tzinfo=UTC))

    def service() -> None:
        with acting_as(_actor(), surface=Surface.PORTAL, ip="192.0.2.1", user_agent="bench"):
            outcome = change_sim_status(workspace_id=WORKSPACE, sim_ids=ids, to=2)
        if len(outcome.changed) != len(ids):
            raise RuntimeError("The benchmark changed other rows than it meant to.")

    def statement() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for sql, params in _statements(vendor, ids):
                cursor.execute(sql, params)

    limit = 1.4 if guard else 2 if vendor == "postgresql" else 7
    return compare(
        "silence" if guard else "P2",
        f"status change of {len(ids):,} SIMs with events, {vendor}" + (", with the guard and without" if guard else ""),
        product=service,
        baseline=service if guard else statement,
        limit=limit,
        repetitions=12 if guard else 8,
        before=put_back,
        silent=True,
    )


def _statements(vendor: str, ids: list[int]) -> list[tuple[str, list[Any]]]:
    """Return the fastest SQL that leaves the same rows behind: one statement on PostgreSQL, two on SQLite."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    now = "now()" if vendor == "postgresql" else "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"
    false = "false" if vendor == "postgresql" else "0"
    request = "gen_random_uuid()" if vendor == "postgresql" else "lower(hex(randomblob(16)))"
    address = "'192.0.2.1'::inet" if vendor == "postgresql" else "'192.0.2.1'"
    select = (
        f"SELECT s.workspace_id, {now}, 9, 2, 0, {false},"
        " 'Status of SIM changed from ''Activated'' to ''Suspended''', NULL, 1, 2,"
        " s.id, s.iccid, s.production_date, s.id, s.imsi, s.imported,"
        " d.id, d.name, NULLIF(d.imei, ''), d.ip_address, NULLIF(d.tags, ''),"
        f" 1, 1, NULL, NULL, 1, 1, 'User 1', r.id, {address}, 'bench', 1"
    )
    if vendor == "postgresql":
        return [
            (
                f"WITH r AS (SELECT {request} AS id), s AS (UPDATE sims_sim SET status = 2, last_updated = now(),"
                " factory_test_since = NULL WHERE id = ANY(%s) AND workspace_id = %s AND status = 1 RETURNING *)"
                f" INSERT INTO events_event ({columns}) {select.replace('NULL, 1, 2,', 'NULL::jsonb, 1, 2,', 1)}"
                " FROM r, s LEFT JOIN sims_device d ON d.id = s.device_id ORDER BY s.id",
                [ids, WORKSPACE],
            )
        ]
    listed = ",".join(map(str, ids))
    chosen = f"s.id IN ({listed}) AND s.workspace_id = {WORKSPACE} AND s.status = 1"
    return [
        (
            f"INSERT INTO events_event ({columns}) {select} FROM (SELECT {request} AS id) r, sims_sim s"
            f" LEFT JOIN sims_device d ON d.id = s.device_id WHERE {chosen} ORDER BY s.id",
            [],
        ),
        (
            f"UPDATE sims_sim AS s SET status = 2, last_updated = {now}, factory_test_since = NULL WHERE {chosen}",
            [],
        ),
    ]
