"""Usage by hour, and of several workspaces by day: what the records say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sims.states import SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast
from tests.usage.records import deliver, record

pytestmark = pytest.mark.sqlite_too("hours are cut from moments, which SQLite keeps as text")


def test_hours_of_the_workspace(cast: Cast, owner: Program, outsider: Program) -> None:
    first, second = cast.sims(2, status=SimStatus.ACTIVATED)
    cast.device(sim=first)
    cast.device(sim=second)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    deliver(
        record(first, mb="1.5", ended=hour + timedelta(minutes=1)),
        record(second, mb="0.5", ended=hour + timedelta(minutes=59)),
        record(first, sms=2, ended=hour + timedelta(minutes=30)),
        record(first, mb="4", ended=hour - timedelta(minutes=1)),
        record(first, mb="9", ended=hour - timedelta(days=2)),
    )
    rows = owner.get("/organisation/my/stats/hourly").json()
    assert [row["date"] for row in rows] == [
        f"{each:%Y-%m-%dT%H}:00:00.000+0000" for each in (hour - timedelta(hours=1), hour)
    ]
    assert (rows[1]["data"]["volume"], rows[1]["sms"]["volume_rx"]) == (2.0, 2)
    assert rows[0]["data"]["volume"] == 4.0
    days = owner.get("/organisation/my/stats/daily", start_date=f"{hour - timedelta(days=3):%Y-%m-%d}").json()
    assert sum(day["data"]["volume"] for day in days) == 15.0
    asked = {"start_date": f"{hour:%Y-%m-%dT%H:%M:%SZ}", "end_date": f"{hour + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}
    assert owner.get(f"/organisation/{cast.acme.pk}/stats/hourly", **asked).json() == rows[1:]
    assert outsider.get("/organisation/my/stats/hourly").json() == []
    error(outsider.get(f"/organisation/{cast.acme.pk}/stats/hourly"), 404, 1201, "NotFound")
    for wrong in ({"start_date": "soon"}, {"start_date": "2026-01-01", "end_date": "2026-02-01"}):
        error(owner.get("/organisation/my/stats/hourly", **wrong), 400, 1000, "BadRequest")


def test_the_number_of_queries_is_constant(cast: Cast, owner: Program) -> None:
    counts = []
    for _ in range(2):
        for sim in cast.sims(5, status=SimStatus.ACTIVATED):
            cast.device(sim=sim)
            deliver(record(sim, mb="1"))
        for path, version in (("/organisation/my/stats/hourly", 1), ("/workspace/stats/daily", 2)):
            with CaptureQueriesContext(connection) as captured:
                assert owner.call("GET", path, version=version).status_code == 200
            counts.append(len(captured))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 4


def test_days_of_several_workspaces(cast: Cast, owner: Program, erp: Program, outsider: Program) -> None:
    for workspace in (cast.acme, cast.bolt, cast.umbra):
        (sim,) = cast.sims(1, status=SimStatus.ACTIVATED, workspace=workspace)
        cast.device(sim=sim, workspace=workspace)
        deliver(record(sim, mb="2"))
    path = "/workspace/stats/daily"
    found = owner.call("GET", path, version=2).json()
    assert {each["name"]: sum(day["data"]["volume"] for day in each["stats"]) for each in found} == {
        "Acme": 2.0,
        "Bolt": 2.0,
    }
    one = owner.call("GET", path, version=2, workspace_ids=f"{cast.bolt.pk}.0").json()
    assert [each["id"] for each in one] == [cast.bolt.pk]
    both = owner.call("GET", path, version=2, workspace_ids=f"{cast.bolt.pk},{cast.acme.pk}").json()
    assert len(both) == 2
    # A program has the one workspace of its token.
    assert [each["id"] for each in erp.call("GET", path, version=2).json()] == [cast.acme.pk]
    for program, id_ in ((owner, cast.umbra.pk), (erp, cast.bolt.pk), (outsider, cast.acme.pk), (owner, 987654)):
        error(program.call("GET", path, version=2, workspace_ids=id_), 404, 1201, "NotFound")
    error(owner.call("GET", path, version=2, workspace_ids="x"), 400, 1000, "BadRequest")
    error(owner.call("GET", path, version=2, start_date="2020-01-01"), 400, 1000, "BadRequest")
