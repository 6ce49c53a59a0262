"""The lists of events: `docs/api.md` section 3."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.models import Event
from kit.api import lists
from kit.caches import figures
from kit.context import acting_as
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from sims.states import SimStatus
from tests.api.conftest import Program, error
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("events are found by SQL, among it what lies in JSON")


def activate(cast: Cast, sims: list[Sim], moment: datetime | None = None) -> None:
    with acting_as(cast.token(), moment=moment):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk for sim in sims], to=SimStatus.ACTIVATED)


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()]


def test_the_list_is_oldest_first_with_its_headers(cast: Cast, owner: Program) -> None:
    activate(cast, cast.sims(3))
    answer = owner.get("/event", per_page=2)
    in_order = list(Event.objects.of(cast.acme.pk).order_by("id").values_list("pk", flat=True))
    assert ids(answer) == in_order[:2]
    assert (answer["X-Sort"], answer["X-Total-Count"], answer["X-Total-Pages"]) == ("id", "4", "2")
    assert ids(owner.get("/event", per_page=2, page=2)) == in_order[2:]
    assert ids(owner.get("/event", sort="-timestamp,-id")) == in_order[::-1]


def test_an_event_as_recorded(cast: Cast, erp: Program) -> None:
    (sim,) = cast.sims(1)
    erp.patch(f"/sim/{sim.pk}", {"status": {"id": 1}})
    (event,) = erp.get(f"/sim/{sim.pk}/event").json()
    assert list(event) == [
        "timestamp",
        "alert",
        "description",
        "id",
        "event_type",
        "event_source",
        "event_severity",
        "organisation",
        "sim",
        "imsi",
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["timestamp"])
    assert event["sim"] == {"iccid": sim.iccid, "id": sim.pk, "production_date": event["sim"]["production_date"]}


def test_the_types(cast: Cast, owner: Program) -> None:
    body = owner.get("/event/type").json()
    assert {"id": 8, "description": "SIM activation"} in body
    assert [each["id"] for each in body] == sorted(each["id"] for each in body)
    assert all(set(each) == {"id", "description"} for each in body)


def test_event_criteria(cast: Cast, owner: Program) -> None:
    day = datetime(2026, 3, 27, 23, 20, 49, 298_000, tzinfo=UTC)
    first, second, third = cast.sims(3)
    device = cast.device(sim=third, name="Pump", tags="wet", imei="35209900176148", ip_address="10.0.0.9")
    activate(cast, [first], day)
    activate(cast, [second], day + timedelta(days=2))
    activate(cast, [third], day + timedelta(days=3))
    with acting_as(cast.token(), moment=day + timedelta(days=4)):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[first.pk], to=SimStatus.SUSPENDED)
    eight = {sim.pk: Event.objects.get(sim_id=sim.pk, type=8).pk for sim in (first, second, third)}
    one, two, three = eight[first.pk], eight[second.pk], eight[third.pk]
    four = Event.objects.get(type=9).pk
    sim_rows = [one, two, three, four]
    cases: dict[str, list[int]] = {
        "type:8": [one, two, three],
        "type:8|9": sim_rows,
        "type:8%7C9": sim_rows,
        "type:9,severity:0": [four],
        "type:9,severity:2": [],
        "source:2,type:9": [four],
        "alert:true": [],
        "alert:false,type:9": [four],
        "from:2026-03-28T00:00:00Z,until:2026-03-30T00:00:00Z": [two],
        "timestamp:2026-03-27": [one],
        "timestamp:2026-03-27T23:20:49Z": [one],
        f"iccid:{first.iccid}": [one, four],
        f"iccid:{first.iccid}|{second.iccid}": [one, two, four],
        f"iccid:*{second.iccid[-4:]}": [two],
        f"imsi:{second.imsi}": [two],
        f"endpoint:{device.pk}": [three],
        f"endpoint:{device.pk}|999": [three],
        "endpoint:null,type:8": [one, two],
        "tags:wet": [three],
        "imei:3520*": [three],
        "ip_address:10.0.0.9": [three],
        "description:'Suspended'": [four],
        "user:null,type:8": [one, two, three],
        f"user:{cast.owner.pk},type:8": [],
        f"organisation:{cast.acme.pk},type:9": [four],
        f"organisation:{cast.umbra.pk}": [],
        "network:null,type:9": [four],
        "network:Vodafone": [],
        "country:74": [],
        "rat:2": [],
    }
    for query, expected in cases.items():
        assert ids(owner.get("/event", q=query)) == expected, query


@pytest.mark.parametrize(
    "query",
    [
        "from:2026-03-28T00:00:00Z",
        "until:2026-03-28T00:00:00Z",
        "from:x,until:y",
        "type:1|2|3|4|5|6|7",
        "type:1|",
        "severity:1|2",
        "alert:1",
        "description:",
    ],
)
def test_bad_criteria_are_422(cast: Cast, owner: Program, query: str) -> None:
    error(owner.get("/event", q=query), 422, 1301, "InvalidQueryCriteria")


def test_lists_of_one_object(cast: Cast, owner: Program, outsider: Program) -> None:
    (sim,) = cast.sims(1)
    device = cast.device(sim=sim)
    activate(cast, [sim])
    expected = list(Event.objects.filter(sim_id=sim.pk).values_list("pk", flat=True))
    for path in (f"/sim/{sim.pk}/event", f"/endpoint/{device.pk}/event"):
        answer = owner.get(path)
        assert ids(answer) == expected
        assert answer["X-Total-Count"] == "1"
        assert outsider.get(path).json() == []
    for path in ("/sim/4711/event", "/endpoint/-1/event", "/sim/1.0/event"):
        assert owner.get(path).status_code == 200
    assert owner.get("/sim/4711/event").json() == []
    error(owner.get("/sim/x/event"), 400, 1000, "BadRequest")


def test_after_a_transfer_each_side_sees_its_part(cast: Cast, owner: Program) -> None:
    (sim,) = cast.sims(1)
    activate(cast, [sim])
    Sim.objects.filter(pk=sim.pk).update(workspace=cast.bolt)
    there = Program(
        owner.post("/authenticate/workspace", {"target_organisation": {"id": cast.bolt.pk}}).json()["auth_token"]
    )
    assert there.get(f"/sim/{sim.pk}/event").json() == []
    assert len(owner.get(f"/sim/{sim.pk}/event").json()) == 1


def test_totals_are_exact_and_large_filtered_ones_are_kept(
    cast: Cast, owner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    sims = cast.sims(4)
    activate(cast, sims[:3])
    assert owner.get("/event", q="type:8", per_page=2)["X-Total-Count"] == "3"
    activate(cast, sims[3:])
    assert owner.get("/event", q="type:8", per_page=2)["X-Total-Count"] == "4"

    monkeypatch.setattr(lists, "TOTAL_CACHED_FROM", 4)
    extra = cast.sims(1)
    assert owner.get("/event", q="type:8", per_page=2)["X-Total-Count"] == "4"
    activate(cast, extra)
    assert owner.get("/event", q="type:8", per_page=2)["X-Total-Count"] == "4"
    assert owner.get("/event", per_page=2)["X-Total-Count"] == str(Event.objects.of(cast.acme.pk).count())
    figures.clear()
    assert owner.get("/event", q="type:8", per_page=2)["X-Total-Count"] == "5"
    assert owner.get("/event", q="type:8", per_page=2, page=9)["X-Current-Page"] == "3"


def test_kept_totals_belong_to_one_workspace_and_filter(
    cast: Cast, owner: Program, outsider: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "TOTAL_CACHED_FROM", 1)
    activate(cast, cast.sims(3))
    assert owner.get("/event", q="alert:false", per_page=1)["X-Total-Count"] == "4"
    assert outsider.get("/event", q="alert:false", per_page=1)["X-Total-Count"] == "1"
