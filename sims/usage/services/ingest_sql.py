"""The statements by which usage is stored and counted: a handful for ten thousand records.

Records are staged in a temporary table, then one set-based statement each locks, places, refuses and counts. The SIM
is found by its ICCID; records that name it by id have been given its ICCID before. A record is placed in the tenure in
which it ended: that says whose it is, and whether the SIM could use the network then (`sims.models.tenures`).
"""
# ruff: noqa: S608 - the statements are put together from constants; values are always parameters

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol
from zlib import crc32

from django.conf import settings
from django.db import connection

from accounts.models import Workspace
from kit.mobile_networks import zone_of
from sims.models import (
    BlockedOperator,
    CoverageBlockedOperator,
    CoverageExcludedZone,
    PastBar,
    Sim,
    SimTenure,
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
    DEVICE = PastBar.Kind.DEVICE.value
    POLICY = PastBar.Kind.POLICY.value
    ZONE = PastBar.Kind.ZONE.value


class Place(NamedTuple):
    """How a record's SIM stood when the record ended; `None` for what there was not."""

    known: bool
    """Whether there is such a SIM."""
    closed: bool
    """Whether the record ended before the closing date."""
    status: int | None
    """`None` before the SIM was in any workspace."""
    device_status: int | None
    has_policies: bool
    barred: Barred

    @property
    def usable(self) -> bool:
        """Whether the SIM could use the network, be it this one or not."""
        return self.status in USABLE and self.device_status == DeviceStatus.ENABLED and self.has_policies


@dataclass(slots=True)
class Stored:
    """What a chunk has added.

    Args:
        records: how many.
        ranges: numbers of the ranges with a SIM in test that was counted.
        crossed: those of them in which a SIM has reached a limit.
        late: SIMs that were counted for their test, which has ended since.
    """

    records: int
    ranges: set[int] = field(default_factory=set)
    crossed: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)


class Statements(Protocol):
    """What both databases do, each in its own words."""

    def stage(self, cursor: Any, usages: Sequence[UsageReading]) -> None:
        """Put records into the empty temporary table."""

    def lock(self, cursor: Any) -> list[int]:
        """Lock the SIMs that are in test, or were when a record ended, in id order, and return their ids.

        None where the whole database is locked.
        """

    def place(self, cursor: Any) -> None:
        """Find the tenure in which each record ended."""

    def place_within_second(self, cursor: Any, positions: Sequence[int]) -> int:
        """Place records by what their SIM became in the rest of that second; return how many have another place."""

    def refused(self, cursor: Any, closing: datetime) -> list[tuple[int, Place]]:
        """Return the positions of records that may not be counted; those counted before are none of them."""

    def drop(self, cursor: Any, positions: Sequence[int]) -> None:
        """Take records out of the temporary table."""

    def count(self, cursor: Any, now: datetime, closing: datetime, locked: Sequence[int]) -> Stored:
        """Store the records that are new and may be counted, and add them up.

        Args:
            cursor: of the transaction in which they were staged.
            now: when they arrived.
            closing: what ended before is closed.
            locked: SIMs as `lock` returned them. One that came into test since then is not counted towards its limits:
                its row would be locked out of order.
        """


_SIM, _TENURE, _PAST = (model._meta.db_table for model in (Sim, SimTenure, PastBar))
_RECORD, _DAY = UsageRecord._meta.db_table, UsageDay._meta.db_table
_WORKSPACE: Final = Workspace._meta.db_table
_SHAPE_POSTGRESQL: Final = (
    "pos integer, record_id text, iccid text, traffic_type smallint, total bigint, rx bigint, tx bigint,"
    " started timestamptz, ended timestamptz, payload text, network integer, zone smallint, cost bigint,"
    " currency smallint, sim_id bigint, since timestamptz"
)
# A pooler hands on connections with their temporary tables. The shape is in the name, so that a table which another
# version of the portal has left there is not taken for ours.
_STAGE: Final = f"usage_stage_{crc32(_SHAPE_POSTGRESQL.encode()):08x}"
_TEST: Final = int(SimStatus.FACTORY_TEST)
_DATA, _SMS = int(TrafficType.DATA), int(TrafficType.SMS)
_STAGED: Final = (
    "pos, record_id, iccid, traffic_type, total, rx, tx, started, ended, payload, network, zone, cost, currency"
)
_USABLE: Final = (
    f"t.status IN {USABLE} AND t.device_status = {int(DeviceStatus.ENABLED)}"
    " AND t.service_policy_id IS NOT NULL AND t.coverage_policy_id IS NOT NULL"
)
# A SIM whose test has ended is concerned as well where a record ended before that.
_TESTING: Final = (
    f"s.status = {_TEST} OR ((s.activation_date IS NULL OR s.activation_date > st.ended)"
    f" AND EXISTS (SELECT 1 FROM {_TENURE} t WHERE t.sim_id = s.id AND t.status = {_TEST}))"
)
# What ended ahead of our clock belongs to the present tenure.
_PLACE: Final = (
    f"UPDATE {_STAGE} SET sim_id = s.id, since = (SELECT t.since FROM {_TENURE} t WHERE t.sim_id = s.id"
    f" AND t.since <= {_STAGE}.ended ORDER BY t.since DESC LIMIT 1) FROM {_SIM} s WHERE s.iccid = {_STAGE}.iccid"
)
# The network's moments have whole seconds. A SIM that could not use the network when a second began may have been able
# to before it was over: the record belongs to the first tenure of that second in which it could.
_WITHIN_SECOND: Final = (
    f"UPDATE {_STAGE} SET since = (SELECT t.since FROM {_TENURE} t WHERE t.sim_id = {_STAGE}.sim_id"
    f" AND t.since > {_STAGE}.ended AND t.since < {{next}} AND {_USABLE} ORDER BY t.since LIMIT 1)"
    f" WHERE {{chosen}} AND {{whole}} AND EXISTS (SELECT 1 FROM {_TENURE} t WHERE t.sim_id = {_STAGE}.sim_id"
    f" AND t.since > {_STAGE}.ended AND t.since < {{next}} AND {_USABLE})"
)
_PLACED: Final = f"{_STAGE} st LEFT JOIN {_TENURE} t ON t.sim_id = st.sim_id AND t.since = st.since"
# What was used before a network was barred has been used: it counts. So does what was used since it was allowed again,
# and not what was used in between, whenever it arrives.
_BAR: Final = (
    "(EXISTS (SELECT 1 FROM {table} b WHERE b.{own} = t.{owner} AND b.{column} = st.{number} AND b.created <= st.ended)"
    f" OR EXISTS (SELECT 1 FROM {_PAST} p WHERE p.owner_id = t.{{owner}} AND p.kind = {{kind:d}}"
    " AND p.number = st.{number} AND p.since <= st.ended AND p.until > st.ended))"
)
_DEVICE_BAR, _POLICY_BAR, _ZONE_BAR = (
    _BAR.format(table=model._meta.db_table, own=own, owner=owner, column=column, number=number, kind=kind)
    for model, own, owner, column, number, kind in (
        (BlockedOperator, "device_id", "device_id", "operator_id", "network", Barred.DEVICE),
        (CoverageBlockedOperator, "policy_id", "coverage_policy_id", "operator_id", "network", Barred.POLICY),
        (CoverageExcludedZone, "policy_id", "coverage_policy_id", "zone", "zone", Barred.ZONE),
    )
)
_BARRED: Final = (
    f"CASE WHEN st.network IS NULL THEN {Barred.NOT:d} WHEN {_DEVICE_BAR} THEN {Barred.DEVICE:d}"
    f" WHEN {_POLICY_BAR} THEN {Barred.POLICY:d} WHEN {_ZONE_BAR} THEN {Barred.ZONE:d} ELSE {Barred.NOT:d} END"
)
_REFUSED: Final = (
    "SELECT * FROM (SELECT st.pos, st.sim_id IS NOT NULL AS known, st.ended < {moment} AS closed, t.status,"
    " t.device_status, t.service_policy_id IS NOT NULL AND t.coverage_policy_id IS NOT NULL AS has_policies,"
    f" {_BARRED} AS barred, COALESCE({_USABLE}, {{false}}) AS usable, st.record_id FROM {_PLACED}) r"
    f" WHERE (NOT r.usable OR r.closed OR r.barred <> {Barred.NOT:d})"
    f" AND NOT EXISTS (SELECT 1 FROM {_RECORD} u WHERE u.record_id = r.record_id) ORDER BY r.pos"
)
_COLUMNS: Final = (
    "record_id, sim_id, workspace_id, device_id, traffic_type, total, rx, tx, started, ended, cost, currency, received,"
    " tested, payload"
)
# Sorted by id, so that two senders of the same records wait for each other and never in a circle.
_INSERT: Final = (
    f"INSERT INTO {_RECORD} ({_COLUMNS})"
    " SELECT st.record_id, t.sim_id, t.workspace_id, t.device_id, st.traffic_type, st.total, st.rx, st.tx, st.started,"
    f" st.ended, st.cost, st.currency, {{moment}}, t.status = {_TEST}, {{payload}}"
    f" FROM {_STAGE} st JOIN {_TENURE} t ON t.sim_id = st.sim_id AND t.since = st.since"
    f" WHERE {_USABLE} AND st.ended >= {{moment}}"
    " ORDER BY st.record_id{collation}, st.pos ON CONFLICT (record_id) DO NOTHING"
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
    f" FROM {{new}} WHERE n.tested{{more}} GROUP BY n.sim_id"
)
_CROSSED: Final = "s.tested_bytes >= w.factory_test_bytes OR s.tested_sms >= w.factory_test_sms"


_NEW_POSTGRESQL: Final = _INSERT.format(moment="%s", payload="st.payload::jsonb", collation=' COLLATE "C"')
_DAYS_POSTGRESQL: Final = _ADD_DAYS.format(day="(ended AT TIME ZONE %s)::date", new="n")


class PostgreSQL:
    """COPY into the temporary table; everything is counted by one statement."""

    CREATE = f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGE} ({_SHAPE_POSTGRESQL}) ON COMMIT DELETE ROWS"
    LOCK = (
        f"WITH locked AS MATERIALIZED (SELECT s.id FROM {_STAGE} st JOIN {_SIM} s ON s.iccid = st.iccid"
        f" WHERE {_TESTING} ORDER BY s.id FOR NO KEY UPDATE OF s) SELECT array_agg(DISTINCT id) FROM locked"
    )
    WITHIN_SECOND = _WITHIN_SECOND.format(
        next=f"{_STAGE}.ended + interval '1 second'",
        chosen="pos = ANY(%s)",
        whole="ended = date_trunc('second', ended)",
    )
    REFUSED = _REFUSED.format(false="false", moment="%s")
    COUNT = (
        f"WITH n AS ({_NEW_POSTGRESQL}"
        " RETURNING sim_id, workspace_id, traffic_type, total, rx, tx, ended, cost, currency, tested),"
        f" days AS ({_DAYS_POSTGRESQL}),"
        f" tests AS ({_TESTS.format(new='n', more=' AND n.sim_id = ANY(%s)')}),"
        f" counted AS (UPDATE {_SIM} s SET tested_bytes = s.tested_bytes + t.bytes, tested_sms = s.tested_sms + t.sms"
        f" FROM tests t, {_WORKSPACE} w WHERE s.id = t.sim_id AND w.id = s.workspace_id"
        f" RETURNING s.id, s.status = {_TEST} AS testing, (s.id - 1) / {SPAN} AS range, {_CROSSED} AS crossed)"
        " SELECT (SELECT count(*) FROM n), array_agg(DISTINCT range) FILTER (WHERE testing),"
        " array_agg(DISTINCT range) FILTER (WHERE testing AND crossed), array_agg(id) FILTER (WHERE NOT testing)"
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
        """Lock the SIMs that are in test, or were when a record ended, in id order."""
        cursor.execute(self.LOCK)
        return cursor.fetchone()[0] or []

    def place(self, cursor: Any) -> None:
        """Find the tenure in which each record ended."""
        cursor.execute(_PLACE)

    def place_within_second(self, cursor: Any, positions: Sequence[int]) -> int:
        """Place records by what their SIM became in the rest of that second."""
        cursor.execute(self.WITHIN_SECOND, [list(positions)])
        return int(cursor.rowcount)

    def refused(self, cursor: Any, closing: datetime) -> list[tuple[int, Place]]:
        """Return the positions of records that may not be counted."""
        cursor.execute(self.REFUSED, [closing])
        return _places(cursor)

    def drop(self, cursor: Any, positions: Sequence[int]) -> None:
        """Take records out of the temporary table."""
        cursor.execute(f"DELETE FROM {_STAGE} WHERE pos = ANY(%s)", [list(positions)])

    def count(self, cursor: Any, now: datetime, closing: datetime, locked: Sequence[int]) -> Stored:
        """Store and add up."""
        cursor.execute(self.COUNT, [now, closing, settings.BILLING_ZONE, list(locked)])
        records, *found = cursor.fetchone()
        cursor.execute(self.PLAN_AS_BEFORE)
        return Stored(records, *(set(each or ()) for each in found))


class SQLite:
    """One writer at a time: what a transaction has added is what stands above the last id before."""

    CREATE = (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGE} (pos integer PRIMARY KEY, record_id text, iccid text,"
        " traffic_type integer, total integer, rx integer, tx integer, started text, ended text, payload text,"
        " network integer, zone integer, cost integer, currency integer, sim_id integer, since text)"
    )
    # Moments are text there: one of a whole second has no fraction, and is less than those of that second.
    WITHIN_SECOND = _WITHIN_SECOND.format(
        next=f"{_STAGE}.ended || '.999999~'",
        chosen="pos IN (SELECT value FROM json_each(%s))",
        whole="ended NOT LIKE '%%.%%'",
    )
    REFUSED = _REFUSED.format(false="0", moment="%s")
    INSERT = _INSERT.format(moment="%s", payload="st.payload", collation="")
    ADD_DAYS = _ADD_DAYS.format(day="substr(ended, 1, 10)", new=f"{_RECORD} WHERE id > %s")
    # Django gives SQLite this function on each connection; UTC does without its call for each record.
    ADD_DAYS_ELSEWHERE = _ADD_DAYS.format(
        day="django_datetime_cast_date(ended, %s, 'UTC')", new=f"{_RECORD} WHERE id > %s"
    )
    ADD_TESTS = (
        f"UPDATE {_SIM} SET tested_bytes = tested_bytes + t.bytes, tested_sms = tested_sms + t.sms"
        f" FROM ({_TESTS.format(new=f'{_RECORD} n', more=' AND n.id > %s')}) t WHERE {_SIM}.id = t.sim_id"
    )
    COUNTED = (
        f"SELECT s.id, s.status = {_TEST}, {_CROSSED} FROM {_SIM} s JOIN {_WORKSPACE} w ON w.id = s.workspace_id"
        f" WHERE s.id IN (SELECT sim_id FROM {_RECORD} WHERE id > %s AND tested)"
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

    def place(self, cursor: Any) -> None:
        """Find the tenure in which each record ended."""
        cursor.execute(_PLACE)

    def place_within_second(self, cursor: Any, positions: Sequence[int]) -> int:
        """Place records by what their SIM became in the rest of that second."""
        cursor.execute(self.WITHIN_SECOND, [json.dumps(positions)])
        return int(cursor.rowcount)

    def refused(self, cursor: Any, closing: datetime) -> list[tuple[int, Place]]:
        """Return the positions of records that may not be counted."""
        cursor.execute(self.REFUSED, [connection.ops.adapt_datetimefield_value(closing)])
        return _places(cursor)

    def drop(self, cursor: Any, positions: Sequence[int]) -> None:
        """Take records out of the temporary table."""
        cursor.executemany(f"DELETE FROM {_STAGE} WHERE pos = %s", [(position,) for position in positions])

    def count(self, cursor: Any, now: datetime, closing: datetime, locked: Sequence[int]) -> Stored:
        """Store and add up."""
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {_RECORD}")
        (before,) = cursor.fetchone()
        cursor.execute(self.INSERT, [connection.ops.adapt_datetimefield_value(moment) for moment in (now, closing)])
        stored = Stored(cursor.rowcount)
        if stored.records:
            zone = settings.BILLING_ZONE
            if zone == "UTC":
                cursor.execute(self.ADD_DAYS, [before])
            else:
                cursor.execute(self.ADD_DAYS_ELSEWHERE, [zone, before])
            cursor.execute(self.ADD_TESTS, [before])
            cursor.execute(self.COUNTED, [before])
            for sim_id, testing, crossed in cursor.fetchall():
                number = (sim_id - 1) // SPAN
                if not testing:
                    stored.late.add(sim_id)
                    continue
                stored.ranges.add(number)
                if crossed:
                    stored.crossed.add(number)
        return stored


def _places(cursor: Any) -> list[tuple[int, Place]]:
    return [
        (pos, Place(bool(known), bool(closed), status, device_status, bool(has_policies), Barred(barred)))
        for pos, known, closed, status, device_status, has_policies, barred, _usable, _record_id in cursor.fetchall()
    ]


def for_vendor(vendor: str) -> Statements:
    """Return the statements of a database."""
    return PostgreSQL() if vendor == "postgresql" else SQLite()
