"""The statements by which usage is stored and counted: a handful for ten thousand records.

Records are staged in a temporary table, then one set-based statement each locks, refuses and counts. The SIM is found
by its ICCID; records that name it by id have been given its ICCID before.
"""
# ruff: noqa: S608 - the statements are put together from constants; values are always parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol
from zlib import crc32

from django.db import connection

from accounts.models import Workspace
from kit.mobile_networks import zone_of
from sims.models import (
    BlockedOperator,
    CoverageBlockedOperator,
    CoverageExcludedZone,
    Device,
    Sim,
    UsageDay,
    UsageRecord,
)
from sims.models.usage import TrafficType
from sims.states import DeviceStatus, SimStatus
from sims.usage.records import UsageReading

USABLE: Final = (int(SimStatus.ACTIVATED), int(SimStatus.FACTORY_TEST))
"""States in which a SIM may use the network (`docs/rules.md` section 1)."""
SPAN: Final = 50_000
"""SIM ids of one range: what one check looks at."""


class Barred(IntEnum):
    """What keeps a device off the network of a record."""

    NOT = 0
    DEVICE = 1
    POLICY = 2
    ZONE = 3


class Place(NamedTuple):
    """Where a record's SIM stands; `None` for what there is not."""

    status: int | None
    device_status: int | None
    has_policies: bool
    barred: Barred


@dataclass(slots=True)
class Stored:
    """What a chunk has added.

    Args:
        records: how many.
        ranges: numbers of the ranges with a SIM in test that was counted.
        crossed: those of them in which a SIM has reached a limit.
    """

    records: int
    ranges: set[int] = field(default_factory=set)
    crossed: set[int] = field(default_factory=set)


class Statements(Protocol):
    """What both databases do, each in its own words."""

    def stage(self, cursor: Any, usages: Sequence[UsageReading]) -> None:
        """Put records into the empty temporary table."""

    def lock(self, cursor: Any) -> list[int]:
        """Lock the SIMs in test, in id order, and return their ids; none where the whole database is locked."""

    def refused(self, cursor: Any) -> list[tuple[int, Place]]:
        """Return the positions of records that may not be counted; those counted before are none of them."""

    def drop(self, cursor: Any, positions: Sequence[int]) -> None:
        """Take records out of the temporary table."""

    def count(self, cursor: Any, now: datetime, locked: Sequence[int]) -> Stored:
        """Store the records that are new and may be counted, and add them up.

        Args:
            cursor: of the transaction in which they were staged.
            now: when they arrived.
            locked: SIMs in test, as `lock` returned them. One that came into test since then is not counted towards its
                limits: these records are older than its test, and its row would be locked out of order.
        """


_BLOCKED, _POLICY_BLOCKED, _ZONE = (
    model._meta.db_table for model in (BlockedOperator, CoverageBlockedOperator, CoverageExcludedZone)
)
_SIM, _DEVICE, _RECORD, _DAY = (model._meta.db_table for model in (Sim, Device, UsageRecord, UsageDay))
_WORKSPACE: Final = Workspace._meta.db_table
_SHAPE_POSTGRESQL: Final = (
    "pos integer, record_id text, iccid text, traffic_type smallint, total bigint, rx bigint, tx bigint,"
    " started timestamptz, ended timestamptz, payload text, network integer, zone smallint, cost bigint,"
    " currency smallint"
)
# A pooler hands on connections with their temporary tables. The shape is in the name, so that a table which another
# version of the portal has left there is not taken for ours.
_STAGE: Final = f"usage_stage_{crc32(_SHAPE_POSTGRESQL.encode()):08x}"
_TEST: Final = int(SimStatus.FACTORY_TEST)
_DATA, _SMS = int(TrafficType.DATA), int(TrafficType.SMS)
_STAGED: Final = (
    "pos, record_id, iccid, traffic_type, total, rx, tx, started, ended, payload, network, zone, cost, currency"
)
_JOINED: Final = f"{_STAGE} st LEFT JOIN {_SIM} s ON s.iccid = st.iccid LEFT JOIN {_DEVICE} d ON d.id = s.device_id"
_COUNTABLE: Final = (
    f"s.workspace_id IS NOT NULL AND s.status IN {USABLE} AND d.status = {int(DeviceStatus.ENABLED)}"
    " AND d.service_policy_id IS NOT NULL AND d.coverage_policy_id IS NOT NULL"
)
# What was used before a network was barred has been used: it counts.
_BARRED: Final = (
    f"CASE WHEN st.network IS NULL THEN {Barred.NOT:d}"
    f" WHEN EXISTS (SELECT 1 FROM {_BLOCKED} b WHERE b.device_id = d.id AND b.operator_id = st.network"
    f" AND b.created <= st.ended) THEN {Barred.DEVICE:d}"
    f" WHEN EXISTS (SELECT 1 FROM {_POLICY_BLOCKED} b WHERE b.policy_id = d.coverage_policy_id"
    f" AND b.operator_id = st.network AND b.created <= st.ended) THEN {Barred.POLICY:d}"
    f" WHEN EXISTS (SELECT 1 FROM {_ZONE} b WHERE b.policy_id = d.coverage_policy_id AND b.zone = st.zone"
    f" AND b.created <= st.ended) THEN {Barred.ZONE:d} ELSE {Barred.NOT:d} END"
)
_REFUSED: Final = (
    "SELECT * FROM (SELECT st.pos, s.status, d.status AS device_status,"
    " d.service_policy_id IS NOT NULL AND d.coverage_policy_id IS NOT NULL,"
    f" COALESCE({_COUNTABLE}, {{false}}) AS countable, st.record_id, {_BARRED} AS barred FROM {_JOINED}) r"
    f" WHERE (NOT r.countable OR r.barred <> {Barred.NOT:d})"
    f" AND NOT EXISTS (SELECT 1 FROM {_RECORD} u WHERE u.record_id = r.record_id) ORDER BY r.pos"
)
_COLUMNS: Final = (
    "record_id, sim_id, workspace_id, device_id, traffic_type, total, rx, tx, started, ended, cost, currency, received,"
    " payload"
)
# Sorted by id, so that two senders of the same records wait for each other and never in a circle.
_INSERT: Final = (
    f"INSERT INTO {_RECORD} ({_COLUMNS})"
    " SELECT st.record_id, s.id, s.workspace_id, d.id, st.traffic_type, st.total, st.rx, st.tx, st.started, st.ended,"
    f" st.cost, st.currency, %s, {{payload}} FROM {_STAGE} st JOIN {_SIM} s ON s.iccid = st.iccid"
    f" JOIN {_DEVICE} d ON d.id = s.device_id"
    f" WHERE {_COUNTABLE} ORDER BY st.record_id{{collation}}, st.pos ON CONFLICT (record_id) DO NOTHING"
)
_SUMS: Final = ", ".join(
    f"COALESCE(SUM({column}) FILTER (WHERE traffic_type = {kind}), 0)"
    for kind in (_DATA, _SMS)
    for column in ("total", "rx", "tx")
) + "".join(
    f", COALESCE(SUM(cost) FILTER (WHERE traffic_type = {kind} AND currency = {currency}), 0)"
    for kind in (_DATA, _SMS)
    for currency in (1, 2)
)
_DAY_COLUMNS: Final = (
    *("data_total", "data_rx", "data_tx", "sms_total", "sms_mt", "sms_mo"),
    *("data_cost_eur", "data_cost_usd", "sms_cost_eur", "sms_cost_usd"),
)
_ADD_DAYS: Final = (
    f"INSERT INTO {_DAY} AS t (sim_id, workspace_id, day, {', '.join(_DAY_COLUMNS)})"
    f" SELECT sim_id, workspace_id, {{day}}, {_SUMS} FROM {{new}} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    " ON CONFLICT (sim_id, workspace_id, day) DO UPDATE SET "
    + ", ".join(f"{name} = t.{name} + excluded.{name}" for name in _DAY_COLUMNS)
)
_TESTS: Final = (
    f"SELECT n.sim_id, COALESCE(SUM(n.total) FILTER (WHERE n.traffic_type = {_DATA}), 0) AS bytes,"
    f" COALESCE(SUM(n.total) FILTER (WHERE n.traffic_type = {_SMS}), 0) AS sms"
    f" FROM {{new}} JOIN {_SIM} x ON x.id = n.sim_id"
    f" WHERE x.status = {_TEST} AND n.ended > x.factory_test_since{{more}} GROUP BY n.sim_id"
)
_CROSSED: Final = "s.tested_bytes >= w.factory_test_bytes OR s.tested_sms >= w.factory_test_sms"


_NEW_POSTGRESQL: Final = _INSERT.format(payload="st.payload::jsonb", collation=' COLLATE "C"')
_DAYS_POSTGRESQL: Final = _ADD_DAYS.format(day="(ended AT TIME ZONE 'UTC')::date", new="n")


class PostgreSQL:
    """COPY into the temporary table; everything is counted by one statement."""

    CREATE = f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGE} ({_SHAPE_POSTGRESQL}) ON COMMIT DELETE ROWS"
    LOCK = (
        f"WITH locked AS MATERIALIZED (SELECT s.id FROM {_SIM} s WHERE s.status = {_TEST}"
        f" AND s.iccid IN (SELECT iccid FROM {_STAGE}) ORDER BY s.id FOR NO KEY UPDATE)"
        " SELECT array_agg(id) FROM locked"
    )
    REFUSED = _REFUSED.format(false="false")
    COUNT = (
        f"WITH n AS ({_NEW_POSTGRESQL}"
        " RETURNING sim_id, workspace_id, traffic_type, total, rx, tx, ended, cost, currency),"
        f" days AS ({_DAYS_POSTGRESQL}),"
        f" tests AS ({_TESTS.format(new='n', more=' AND x.id = ANY(%s)')}),"
        f" counted AS (UPDATE {_SIM} s SET tested_bytes = s.tested_bytes + t.bytes, tested_sms = s.tested_sms + t.sms"
        f" FROM tests t, {_WORKSPACE} w WHERE s.id = t.sim_id AND s.status = {_TEST} AND w.id = s.workspace_id"
        f" RETURNING (s.id - 1) / {SPAN} AS range, {_CROSSED} AS crossed)"
        " SELECT (SELECT count(*) FROM n), array_agg(DISTINCT range), array_agg(DISTINCT range) FILTER (WHERE crossed)"
        " FROM counted"
    )

    # The planner knows nothing of the temporary table and would read all SIMs, for each chunk and three times, to
    # look up ten thousand by an index; and it would sort payloads on the disk.
    PLAN = (
        "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off;"
        " SET LOCAL work_mem = '64MB'"
    )
    PLAN_AS_BEFORE = (
        "SET LOCAL enable_hashjoin TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL jit TO DEFAULT;"
        " SET LOCAL work_mem TO DEFAULT"
    )

    def stage(self, cursor: Any, usages: Sequence[UsageReading]) -> None:
        """Put records into the empty temporary table."""
        cursor.execute(self.PLAN)
        cursor.execute(self.CREATE)
        # Within one long transaction, as the demo's, the rows of the chunk before are still there.
        cursor.execute(f"TRUNCATE {_STAGE}")
        with cursor.copy(f"COPY {_STAGE} ({_STAGED}) FROM STDIN") as copy:
            write = copy.write_row
            for pos, row in enumerate(usages):
                record_id, iccid, _id, kind, total, rx, tx, started, ended, _day, payload, network, cost, currency = row
                zone = None if network is None else zone_of(network)
                moments = started, ended
                write((pos, record_id, iccid, kind, total, rx, tx, *moments, payload, network, zone, cost, currency))

    def lock(self, cursor: Any) -> list[int]:
        """Lock the SIMs in test, in id order."""
        cursor.execute(self.LOCK)
        return cursor.fetchone()[0] or []

    def refused(self, cursor: Any) -> list[tuple[int, Place]]:
        """Return the positions of records that may not be counted."""
        cursor.execute(self.REFUSED)
        return _places(cursor)

    def drop(self, cursor: Any, positions: Sequence[int]) -> None:
        """Take records out of the temporary table."""
        cursor.execute(f"DELETE FROM {_STAGE} WHERE pos = ANY(%s)", [list(positions)])

    def count(self, cursor: Any, now: datetime, locked: Sequence[int]) -> Stored:
        """Store and add up."""
        cursor.execute(self.COUNT, [now, list(locked)])
        records, ranges, crossed = cursor.fetchone()
        cursor.execute(self.PLAN_AS_BEFORE)
        return Stored(records, set(ranges or ()), set(crossed or ()))


class SQLite:
    """One writer at a time: what a transaction has added is what stands above the last id before."""

    CREATE = (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGE} (pos integer PRIMARY KEY, record_id text, iccid text,"
        " traffic_type integer, total integer, rx integer, tx integer, started text, ended text, payload text,"
        " network integer, zone integer, cost integer, currency integer)"
    )
    REFUSED = _REFUSED.format(false="0")
    INSERT = _INSERT.format(payload="st.payload", collation="")
    ADD_DAYS = _ADD_DAYS.format(day="substr(ended, 1, 10)", new=f"{_RECORD} WHERE id > %s")
    ADD_TESTS = (
        f"UPDATE {_SIM} SET tested_bytes = tested_bytes + t.bytes, tested_sms = tested_sms + t.sms"
        f" FROM ({_TESTS.format(new=f'{_RECORD} n', more=' AND n.id > %s')}) t WHERE {_SIM}.id = t.sim_id"
    )
    RANGES = (
        f"SELECT DISTINCT (s.id - 1) / {SPAN}, {_CROSSED} FROM {_SIM} s JOIN {_WORKSPACE} w ON w.id = s.workspace_id"
        f" WHERE s.status = {_TEST} AND s.id IN (SELECT sim_id FROM {_RECORD} WHERE id > %s)"
    )

    def stage(self, cursor: Any, usages: Sequence[UsageReading]) -> None:
        """Put records into the empty temporary table."""
        cursor.execute(self.CREATE)
        cursor.execute(f"DELETE FROM {_STAGE}")
        adapt = connection.ops.adapt_datetimefield_value
        marks = ", ".join(["%s"] * 14)
        rows = []
        for pos, row in enumerate(usages):
            record_id, iccid, _id, kind, total, rx, tx, started, ended, _day, payload, network, cost, currency = row
            zone = None if network is None else zone_of(network)
            moments = adapt(started), adapt(ended)
            costs = cost, currency
            rows.append((pos, record_id, iccid, kind, total, rx, tx, *moments, payload, network, zone, *costs))
        cursor.executemany(f"INSERT INTO {_STAGE} ({_STAGED}) VALUES ({marks})", rows)

    def lock(self, cursor: Any) -> list[int]:
        """Do nothing: the transaction holds the only write lock of SQLite."""
        return []

    def refused(self, cursor: Any) -> list[tuple[int, Place]]:
        """Return the positions of records that may not be counted."""
        cursor.execute(self.REFUSED)
        return _places(cursor)

    def drop(self, cursor: Any, positions: Sequence[int]) -> None:
        """Take records out of the temporary table."""
        cursor.executemany(f"DELETE FROM {_STAGE} WHERE pos = %s", [(position,) for position in positions])

    def count(self, cursor: Any, now: datetime, locked: Sequence[int]) -> Stored:
        """Store and add up."""
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {_RECORD}")
        (before,) = cursor.fetchone()
        cursor.execute(self.INSERT, [connection.ops.adapt_datetimefield_value(now)])
        stored = Stored(cursor.rowcount)
        if stored.records:
            cursor.execute(self.ADD_DAYS, [before])
            cursor.execute(self.ADD_TESTS, [before])
            cursor.execute(self.RANGES, [before])
            for number, crossed in cursor.fetchall():
                stored.ranges.add(number)
                if crossed:
                    stored.crossed.add(number)
        return stored


def _places(cursor: Any) -> list[tuple[int, Place]]:
    return [
        (pos, Place(status, device, bool(policies), Barred(barred)))
        for pos, status, device, policies, _countable, _record_id, barred in cursor.fetchall()
    ]


def for_vendor(vendor: str) -> Statements:
    """Return the statements of a database."""
    return PostgreSQL() if vendor == "postgresql" else SQLite()
