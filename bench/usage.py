"""P9 and P10: checking factory tests, and taking in usage, beside the fewest statements that do the same."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from bench.load import hold
from bench.measure import Result, compare
from events.triggers import silence_lifted
from events.writer import COLUMNS
from kit.api.parsing import exact_json
from kit.context import NETWORK, Surface, acting_as
from sims.usage.services.factory_test import settle
from sims.usage.services.ingest import ingest
from sims.usage.services.ingest_sql import SPAN

IN_TEST = 200_000
OVER = 20_000
RECORDS = 100_000


def prepare() -> None:
    """Put 200,000 of the million SIMs into factory test, on enabled devices, and free of usage."""
    with silence_lifted(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sims_sim WHERE status = 4")
        if cursor.fetchone()[0] == IN_TEST:
            return
        cursor.execute("UPDATE sims_sim SET status = 1 WHERE status = 4")
        cursor.execute("TRUNCATE sims_usagerecord, sims_usageday")
        cursor.execute("UPDATE accounts_platformpackage SET factory_test_allowed = true")
        # On devices: the loader's first SIMs are. Every device is enabled, one SIM in five is in test.
        cursor.execute("SELECT count(*) FROM sims_sim")
        (sims,) = cursor.fetchone()
        cursor.execute("UPDATE sims_device SET status = 0 WHERE status = 1")
        cursor.execute(
            "UPDATE sims_sim SET status = 4, factory_test_since = now() - interval '30 days', tested_bytes = 40000"
            f" WHERE id %% {max(1, sims // IN_TEST)} = 0",
            [],
        )
        cursor.execute("TRUNCATE sims_simtenure")
    hold("now() - interval '30 days'")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE sims_sim")
        cursor.execute("VACUUM ANALYZE sims_simtenure")
        cursor.execute("ANALYZE sims_device")


def _over() -> None:
    """Bring 20,000 SIMs over their limit: each by a record of its own."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE sims_usagerecord")
        cursor.execute(
            "UPDATE sims_sim s SET status = 4, factory_test_since = now() - interval '30 days', tested_bytes = 120000,"
            " activation_date = NULL FROM bench_over o WHERE s.id = o.sim_id"
        )
        cursor.execute(
            "INSERT INTO sims_usagerecord (record_id, sim_id, workspace_id, device_id, traffic_type, total, rx, tx,"
            " started, ended, received, tested, payload) SELECT 'o' || o.sim_id || '-' || n, o.sim_id, s.workspace_id,"
            " 1, 5, 40000, 40000, 0, now() - n * interval '1 hour', now() - n * interval '1 hour', now(), true, '{}'"
            " FROM bench_over o JOIN sims_sim s ON s.id = o.sim_id, generate_series(1, 3) AS n",
        )
        cursor.execute("DELETE FROM sims_simtenure t USING bench_over o WHERE t.sim_id = o.sim_id")
    hold("s.factory_test_since", "s.id IN (SELECT sim_id FROM bench_over)")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sims_usagerecord")


def sweep() -> Result:
    """P9: all ranges of a million SIMs, of which 200,000 are in test and 20,000 over."""
    prepare()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_over")
        cursor.execute(
            "CREATE TABLE bench_over AS SELECT id AS sim_id FROM sims_sim WHERE status = 4"
            f" AND (id / 5) %% {IN_TEST // OVER} = 0 ORDER BY id LIMIT {OVER}",
            [],
        )
        cursor.execute("ANALYZE bench_over")
        cursor.execute("SELECT count(*) FROM bench_over")
        (over,) = cursor.fetchone()
        cursor.execute("SELECT max(id) FROM sims_sim")
        (last,) = cursor.fetchone()
    numbers = range((last - 1) // SPAN + 1)
    longest = [0.0]

    def product() -> None:
        settled = 0
        with acting_as(NETWORK):
            for number in numbers:
                begin = time.perf_counter()
                settled += settle(number=number)
                longest[0] = max(longest[0], time.perf_counter() - begin)
        if settled != over:
            raise RuntimeError(f"The benchmark settled {settled} SIMs instead of {over}.")

    def statement() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_SETTLE)

    try:
        result = compare(
            "P9",
            f"check of {len(numbers)} ranges, {IN_TEST:,} SIMs in test, {over:,} over, postgresql",
            product=product,
            baseline=statement,
            limit=3,
            repetitions=4,
            before=_over,
            silent=True,
        )
        result.note = f"longest check of a range: {longest[0] * 1000:.0f} ms"
        return result
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bench_over")


_EVENT = ", ".join(f'"{name}"' for name in COLUMNS)
_SETTLE = f"""
WITH due AS MATERIALIZED (
    SELECT s.id, s.factory_test_since, w.factory_test_bytes AS most FROM sims_sim s
    JOIN accounts_workspace w ON w.id = s.workspace_id
    WHERE s.status = 4 AND (s.tested_bytes >= w.factory_test_bytes OR s.tested_sms >= w.factory_test_sms)
), running AS (
    SELECT u.sim_id, u.record_id, u.ended, u.received, u.total, d.most,
        sum(u.total) OVER (PARTITION BY u.sim_id ORDER BY u.ended, u.record_id ROWS UNBOUNDED PRECEDING) AS counted
    FROM sims_usagerecord u JOIN due d ON d.id = u.sim_id WHERE u.ended > d.factory_test_since AND u.traffic_type = 5
), crossing AS (
    SELECT * FROM running WHERE counted >= most AND counted - total < most
), s AS (
    UPDATE sims_sim SET status = 1, factory_test_since = NULL, last_updated = now(),
        activation_date = COALESCE(activation_date, now())
    FROM due WHERE sims_sim.id = due.id AND sims_sim.status = 4 RETURNING sims_sim.*
)
INSERT INTO events_event ({_EVENT})
SELECT s.workspace_id, now(), 8, 1, 0, false, 'SIM activated after factory test volume reached.',
    jsonb_build_object(
        'transition', jsonb_build_object('sim', jsonb_build_object('status', jsonb_build_object(
            'from', jsonb_build_object('id', 4, 'description', 'FACTORY TEST'),
            'to', jsonb_build_object('id', 1, 'description', 'ACTIVATED'))),
            'reason', 'SIM reached factory test volume.'),
        'factory_test', jsonb_build_object('threshold', 'data', 'unit', 'bytes', 'limit', c.most,
            'counted', c.counted, 'record', c.record_id, 'crossed_at', c.ended, 'received_at', c.received,
            'lag_seconds', extract(epoch FROM now() - c.ended))),
    4, 1, s.id, s.iccid, s.production_date, s.id, s.imsi, s.imported,
    d.id, d.name, NULLIF(d.imei, ''), d.ip_address, NULLIF(d.tags, ''),
    NULL, NULL, NULL, NULL, 6, 0, 'Factory test check', r.id, NULL, '', 4
FROM (SELECT gen_random_uuid() AS id) r, s JOIN crossing c ON c.sim_id = s.id
LEFT JOIN sims_device d ON d.id = s.device_id ORDER BY s.id
"""


_serial = itertools.count(1)


def _records(iccids: list[str]) -> list[dict[str, Any]]:
    """Return 100,000 records as they come off the wire, with ids of their own."""
    batch = next(_serial) * 1_000_000
    ended = datetime.now(UTC) - timedelta(hours=1)
    start, end = (moment.isoformat(timespec="milliseconds") for moment in (ended - timedelta(seconds=45), ended))
    return [
        {
            "id": batch + n,
            "sim": {"id": n, "iccid": iccids[n % len(iccids)]},
            "organisation": {"id": 1, "name": "Bench"},
            "traffic_type": {"id": 5, "description": "Data"},
            # Little enough that nobody reaches a limit.
            "volume": {"total": 0.000002, "rx": 0.000001, "tx": 0.000001},
            "start_timestamp": start,
            "end_timestamp": end,
            "operator": {"id": 4, "name": "Example Mobile"},
            "imsi": "901430000000000",
        }
        for n in range(RECORDS)
    ]


def ingestion() -> Result:
    """P10: 100,000 records of SIMs in test, in chunks of 10,000, against COPY and upsert of the same rows."""
    prepare()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.iccid FROM sims_sim s JOIN sims_device d ON d.id = s.device_id"
            " WHERE s.status = 4 AND d.status = 0 ORDER BY s.id"
        )
        iccids = [row[0] for row in cursor.fetchall()]
        cursor.execute("TRUNCATE sims_usagerecord, sims_usageday")
    current: dict[str, Any] = {}

    def before() -> None:
        current["records"] = _records(iccids)
        now = datetime.now(UTC)
        current["rows"] = [
            (
                str(each["id"]),
                each["sim"]["iccid"],
                5,
                2,
                1,
                1,
                now - timedelta(hours=1),
                now - timedelta(hours=1),
                orjson.dumps(each).decode(),
            )
            for each in current["records"]
        ]

    def product() -> None:
        with acting_as(NETWORK, surface=Surface.COMMAND):
            report = ingest(current["records"])
        if report.accepted != RECORDS:
            raise RuntimeError(f"The benchmark counted {report.accepted}: {report.rejected[:1]}")

    def statements() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE bench_stage (record_id text, iccid text, kind smallint, total bigint,"
                " rx bigint, tx bigint, started timestamptz, ended timestamptz, payload text) ON COMMIT DROP"
            )
            with cursor.copy("COPY bench_stage FROM STDIN") as copy:
                for row in current["rows"]:
                    copy.write_row(row)
            cursor.execute(_INGEST)

    result = compare(
        "P10",
        f"{RECORDS:,} usage records onto {len(iccids):,} SIMs in test, postgresql",
        product=product,
        baseline=statements,
        limit=2,
        repetitions=5,
        before=before,
    )
    text = json.dumps(current["records"]).encode()
    begin = time.perf_counter()
    exact_json(text)
    seconds = time.perf_counter() - begin
    result.note = f"reading {len(text) / 1e6:.0f} MB of JSON exactly takes {seconds * 1000:.0f} ms more"
    return result


_INGEST = """
WITH n AS (
    INSERT INTO sims_usagerecord (record_id, sim_id, workspace_id, device_id, traffic_type, total, rx, tx, started,
        ended, received, payload)
    SELECT b.record_id, s.id, s.workspace_id, s.device_id, b.kind, b.total, b.rx, b.tx, b.started, b.ended, now(),
        b.payload::jsonb
    FROM bench_stage b JOIN sims_sim s ON s.iccid = b.iccid ON CONFLICT (record_id) DO NOTHING
    RETURNING sim_id, workspace_id, total, rx, tx, ended
), days AS (
    INSERT INTO sims_usageday AS t (sim_id, workspace_id, day, data_total, data_rx, data_tx, sms_total, sms_mt, sms_mo)
    SELECT sim_id, workspace_id, (ended AT TIME ZONE 'UTC')::date, sum(total), sum(rx), sum(tx), 0, 0, 0
    FROM n GROUP BY 1, 2, 3
    ON CONFLICT (sim_id, workspace_id, day) DO UPDATE SET data_total = t.data_total + excluded.data_total,
        data_rx = t.data_rx + excluded.data_rx, data_tx = t.data_tx + excluded.data_tx
)
UPDATE sims_sim s SET tested_bytes = s.tested_bytes + t.bytes
FROM (SELECT sim_id, sum(total) AS bytes FROM n GROUP BY 1) t WHERE s.id = t.sim_id AND s.status = 4
"""
