"""Fill a database with a large fleet and a long log, by SQL, in minutes.

    python -m bench.load --events 10000000 --sims 1000000

The rows have the shape the product writes: same columns, same indexes, same triggers, events in time order. The guard
against silence is lifted meanwhile. One workspace holds a sixth of everything, as a big customer does. It refuses a
database that holds a portal.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import DataPlan, Membership, PlatformPackage, User, Workspace
from accounts.permissions import Role
from events.models import Event, FrozenPerson
from events.triggers import silence_lifted
from sims.models import CoveragePolicy, Device, ServicePolicy, Sim, SimBatch, SimModel

WORKSPACES = 200
DAYS = 365
PIECE = 1_000_000
EMAIL = "bench@example.com"


def load(*, events: int, sims: int, say: bool = True) -> None:
    """Fill the default database.

    Args:
        events: number of event rows.
        sims: number of SIMs; four in ten are on a device.
        say: print what takes how long.

    Raises:
        SystemExit: the database holds users already.
    """
    if User.objects.exists():
        raise SystemExit("This database holds a portal; the loader fills empty ones only.")
    with silence_lifted():
        with _timed("people, workspaces, policies", say):
            _people()
        with _timed(f"{sims:,} SIMs", say), _without_indexes(Sim, Device):
            _sims(sims)
        with _timed(f"{events:,} events and their indexes", say), _without_indexes(Event):
            for start in range(0, events, PIECE):
                _events(start, min(events, start + PIECE), events, sims)
    with _timed("statistics", say), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


@contextmanager
def _timed(what: str, say: bool) -> Iterator[None]:
    start = time.perf_counter()
    yield
    if say:
        print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)


@contextmanager
def _without_indexes(*models: type[Sim | Device | Event]) -> Iterator[None]:
    """Drop the models' own indexes and build them again afterwards: several times faster than keeping them up."""
    with connection.schema_editor() as editor:
        for model in models:
            for index in model._meta.indexes:
                editor.remove_index(model, index)
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET maintenance_work_mem = '1GB'")
    with connection.schema_editor() as editor:
        for model in models:
            for index in model._meta.indexes:
                editor.add_index(model, index)


def _people() -> None:
    package = PlatformPackage.objects.create(name="Enterprise EUR", factory_test_allowed=True)
    plan = DataPlan.objects.create(name="Global")
    now = timezone.now()
    Workspace.objects.bulk_create(
        [Workspace(name=f"Workspace {i:03d}", package=package, created=now) for i in range(WORKSPACES)]
    )
    ids = list(Workspace.objects.order_by("pk").values_list("pk", flat=True))
    User.objects.bulk_create(
        [User(email=EMAIL, name="Bench User", password="!", default_workspace_id=ids[0])]
        + [User(email=f"user{i}@example.com", name=f"User {i}", password="!") for i in range(1, 500)]
    )
    users = list(User.objects.order_by("pk").values_list("pk", flat=True))
    Membership.objects.bulk_create(
        [Membership(user_id=users[0], workspace_id=ids[0], role=Role.ADMINISTRATOR)]
        + [Membership(user_id=users[i], workspace_id=ids[i % WORKSPACES], role=Role.USER) for i in range(1, 500)]
    )
    ServicePolicy.objects.bulk_create([ServicePolicy(workspace_id=pk, name="Standard") for pk in ids])
    CoveragePolicy.objects.bulk_create([CoveragePolicy(workspace_id=pk, name="World", data_plan=plan) for pk in ids])
    model = SimModel.objects.create(description="Nano", form_factor="4FF", manufacturer="Example")
    SimBatch.objects.bulk_create(
        [SimBatch(bic=f"{pk:016d}", workspace_id=pk, model=model, registered_at=now) for pk in ids]
    )
    FrozenPerson.objects.bulk_create(
        [FrozenPerson.remembered(user_id=pk, name=f"User {pk}", username=f"user{pk}@example.com") for pk in users]
    )


_NUMBERS = "WITH RECURSIVE g(i) AS (SELECT %s UNION ALL SELECT i + 1 FROM g WHERE i + 1 < %s)"
# Every sixth row belongs to the first workspace; the others share the rest.
_WORKSPACE = f"CASE WHEN i %% 6 = 0 THEN 1 ELSE 2 + (i * 7919) %% {WORKSPACES - 1} END"


def _series(start: int, end: int) -> str:
    if connection.vendor == "postgresql":
        return f"FROM generate_series({start}::bigint, {end - 1}::bigint) AS g(i)"
    numbers = f"WITH RECURSIVE g(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM g WHERE i + 1 < {end})"
    return f"FROM ({numbers} SELECT i FROM g)"


def _moment(expression: str) -> str:
    """Return SQL for a time so many seconds before now."""
    if connection.vendor == "postgresql":
        return f"now() - ({expression}) * interval '1 second'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || CAST({expression} AS TEXT) || ' seconds')"


def _text(expression: str, width: int) -> str:
    """Return SQL for a number padded with zeros."""
    if connection.vendor == "postgresql":
        return f"lpad(({expression})::text, {width}, '0')"
    return f"printf('%%0{width}d', {expression})"


def _execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Our own numbers need no foreign key checks; a superuser may leave them out.
            cursor.execute(
                "SELECT set_config('session_replication_role', 'replica', true)"
                " WHERE current_setting('is_superuser') = 'on'"
            )
        cursor.execute(sql, [])


def _sims(count: int) -> None:
    devices = count * 4 // 10
    boolean = "false" if connection.vendor == "postgresql" else "0"
    inet = "('10.' || ((i / 65536) %% 256) || '.' || ((i / 256) %% 256) || '.' || (i %% 256))"
    if connection.vendor == "postgresql":
        inet += "::inet"
    for start in range(0, devices, PIECE):
        _execute(
            "INSERT INTO sims_device (id, workspace_id, name, status, imei, imei_lock, ip_address, tags,"
            " service_policy_id, coverage_policy_id, created, last_updated)"
            f" SELECT i + 1, {_WORKSPACE}, 'Pump ' || {_text('i', 7)}, i %% 2, '35' || {_text('i', 12)}, {boolean},"
            f" {inet},"
            f" 'site-' || (i %% 40), {_WORKSPACE}, {_WORKSPACE}, {_moment('1000000')}, {_moment('1000000')}"
            f" {_series(start, min(devices, start + PIECE))}"
        )
    for start in range(0, count, PIECE):
        _execute(
            "INSERT INTO sims_sim (id, iccid, eid, imsi, msisdn, status, workspace_id, batch_id, device_id,"
            " production_date, imported, last_updated)"
            f" SELECT i + 1, '8988303' || {_text('i', 12)}, '', '90143' || {_text('i', 10)}, '', (i / 7) %% 3,"
            f" {_WORKSPACE}, {_WORKSPACE}, CASE WHEN i < {devices} THEN i + 1 END,"
            f" {_moment('20000000')}, {_moment('10000000')}, {_moment('1000000')}"
            f" {_series(start, min(count, start + PIECE))}"
        )
    hold("s.last_updated")
    _reset_sequences("sims_device", "sims_sim")


def hold(since: str, which: str = "1 = 1") -> None:
    """Let SIMs have been what they are since a moment, an expression of SQL."""
    _execute(
        "INSERT INTO sims_simtenure (sim_id, since, workspace_id, device_id, status, device_status, service_policy_id,"
        f" coverage_policy_id) SELECT s.id, {since}, s.workspace_id, s.device_id, s.status, d.status,"
        " d.service_policy_id, d.coverage_policy_id FROM sims_sim s LEFT JOIN sims_device d ON d.id = s.device_id"
        f" WHERE {which}"
    )


def _reset_sequences(*tables: str) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _events(start: int, end: int, total: int, sims: int) -> None:
    """Write one piece of the log: mostly SIM changes by users, some by tokens, one in a thousand critical."""
    postgresql = connection.vendor == "postgresql"
    sim = f"1 + (i * 31) %% {max(sims, 1)}"
    request = "md5((i / 3)::text)::uuid" if postgresql else "lower(hex(substr('0000000000000000' || (i / 3), -16, 16)))"
    seconds = f"({total} - i) * {DAYS * 86400.0 / total:.6f}"
    true, false = ("true", "false") if postgresql else ("1", "0")
    kind = (
        "CASE i %% 20 WHEN 0 THEN 42 WHEN 1 THEN 43 WHEN 2 THEN 51 WHEN 3 THEN 50 WHEN 4 THEN 67 WHEN 5 THEN 10020"
        " WHEN 6 THEN 1 WHEN 7 THEN 3 ELSE 8 + (i / 20) %% 2 END"
    )
    number = f"(i * 31) %% {max(sims, 1)}"
    user = "CASE WHEN i %% 5 < 4 THEN 1 + (i * 13) %% 500 END"
    word = "CASE WHEN i %% 100000 = 99 THEN ' zanzibar' ELSE '' END"
    address = "('192.0.2.' || i %% 255)::inet" if postgresql else "'192.0.2.' || i %% 255"
    _execute(
        "INSERT INTO events_event (workspace_id, timestamp, type, source, severity, alert, description, old_state,"
        " new_state, sim_id, iccid, production_date, imsi_id, imsi, import_date, device_id, device_name, device_imei,"
        " user_id, actor_id, actor_kind, actor_ref, actor_label, request_id, ip, user_agent, surface)"
        f" SELECT {_WORKSPACE}, {_moment(seconds)}, {kind},"
        " CASE WHEN i %% 50 = 0 THEN 1 WHEN i %% 20 IN (6, 7) THEN 0 ELSE 2 END,"
        " CASE WHEN i %% 1000 = 7 THEN 2 WHEN i %% 40 = 3 THEN 1 ELSE 0 END,"
        f" CASE WHEN i %% 1000 = 7 THEN {true} ELSE {false} END,"
        f" 'Status of SIM changed from ''Suspended'' to ''Activated''' || {word}, 2, 1,"
        f" {sim}, '8988303' || {_text(number, 12)}, {_moment('20000000')}, {sim},"
        f" '90143' || {_text(number, 10)}, {_moment('10000000')},"
        f" CASE WHEN i %% 2 = 0 THEN {sim} END, CASE WHEN i %% 2 = 0 THEN 'Pump ' || {_text(number, 7)} END,"
        f" CASE WHEN i %% 2 = 0 THEN '35' || {_text(number, 12)} END,"
        f" {user}, {user}, CASE WHEN i %% 5 < 4 THEN 1 ELSE 2 END,"
        " CASE WHEN i %% 5 < 4 THEN 1 + (i * 13) %% 500 ELSE 1 + i %% 3 END,"
        " CASE WHEN i %% 5 < 4 THEN 'User ' || (1 + (i * 13) %% 500) ELSE 'Application token “ERP sync”' END,"
        f" {request}, {address}, 'Mozilla/5.0 (bench)', CASE WHEN i %% 5 < 4 THEN 1 ELSE 2 END"
        f" {_series(start, end)}"
    )


def main() -> None:
    """Read the command line and load."""
    parser = argparse.ArgumentParser(description="Fill an empty database with a large fleet and a long log.")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--sims", type=int, default=1_000_000)
    options = parser.parse_args()
    load(events=options.events, sims=options.sims)


if __name__ == "__main__":
    main()
