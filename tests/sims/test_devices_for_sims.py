"""One device for each selected SIM: the dialog with its charges, the names, the events, and who is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from kit.errors import Invalid, NotFound
from sims.devices.services.for_sims import check_pattern, create_devices_for_sims, preview_devices_for_sims
from sims.models import Device, Sim
from sims.states import SimStatus
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import Desk, words


def test_the_dialog_says_what_is_created_and_charged_and_the_run_does_it(cast: Cast) -> None:
    service, coverage = cast.policies()
    free, used = cast.sims(2), cast.sims(1, status=1)[0]
    cast.device(sim=used)
    ids = [*(sim.pk for sim in free), used.pk]
    desk = Desk(cast, cast.member)
    asked = words(response := desk.preview("devices", ids))
    assert "1 is on a device already" in asked
    assert "2 SIMs become Activated." in asked
    assert "charged" in asked
    form = {
        "pattern": "Pump {last6}",
        "service_policy": service.pk,
        "coverage_policy": coverage.pk,
        "tags": "north, roof",
        "status": "1",
    }
    plan = desk.plan("devices", ids)
    assert response.status_code == 200
    told = words(desk.run("devices", plan, **form))
    assert "Created 2 devices" in told
    made = Device.objects.filter(tags="north,roof").order_by("pk")
    assert [device.name[:5] for device in made] == ["Pump "] * 2
    assert [Sim.objects.get(pk=sim.pk).device_id for sim in free] == [device.pk for device in made]
    assert types() == [10002, 8, 51, 10002, 8, 51]
    assert len({event.request_id for event in Event.objects.all()}) == 1


def test_mistakes_are_shown_at_their_fields(cast: Cast) -> None:
    service, coverage = cast.policies()
    (sim,) = cast.sims(1)
    desk = Desk(cast, cast.owner)
    plan = desk.plan("devices", [sim.pk])
    form = {"service_policy": service.pk, "coverage_policy": coverage.pk, "status": ""}
    same = desk.run("devices", plan, pattern="Pump", **form)
    assert (same.status_code, "All devices would have the same name" in words(same)) == (422, True)
    unknown = desk.run("devices", plan, pattern="{iccid} {n}", **form)
    assert (unknown.status_code, "“{n}” stands for nothing" in words(unknown)) == (422, True)
    assert types() == []
    assert desk.run("devices", plan, pattern="{iccid}", **form).status_code == 200
    assert types() == [10002, 51]


def test_preview_and_run_decide_alike(cast: Cast) -> None:
    service, coverage = cast.policies()
    free, asleep, gone = cast.sims(1)[0], cast.sims(1, status=2)[0], cast.sims(1, status=3)[0]
    (foreign,) = cast.sims(1, workspace=cast.umbra)
    ids = [free.pk, asleep.pk, gone.pk, foreign.pk]
    asked: dict[str, Any] = {
        "service_policy_id": service.pk,
        "coverage_policy_id": coverage.pk,
        "status": int(SimStatus.FACTORY_TEST),
    }
    with cast.acting(cast.owner):
        shown = preview_devices_for_sims(workspace_id=cast.acme.pk, sim_ids=ids, **asked)
        assert types() == []
        done = create_devices_for_sims(workspace_id=cast.acme.pk, sim_ids=ids, **asked)
    for each in (shown, done):
        assert each.changed == [free.pk]
        refused = {refusal.id: refusal.code for refusal in each.refused}
        assert refused == {asleep.pk: "sim_state", gone.pk: "not_found", foreign.pk: "not_found"}
    assert done.created == list(Device.objects.values_list("pk", flat=True))
    assert types() == [10002, 45, 51]


def test_policies_of_others_and_no_policy_are_refused(cast: Cast) -> None:
    theirs, coverage = cast.policies(cast.umbra)
    service, _coverage = cast.policies()
    (sim,) = cast.sims(1)
    asked: dict[str, Any] = {"workspace_id": cast.acme.pk, "sim_ids": [sim.pk]}
    with cast.acting(cast.owner):
        with pytest.raises(NotFound):
            create_devices_for_sims(**asked, service_policy_id=theirs.pk, coverage_policy_id=coverage.pk)
        with pytest.raises(Invalid, match="needs a service policy"):
            create_devices_for_sims(**asked, service_policy_id=service.pk)
    assert types() == []


def test_an_observer_is_refused(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    assert Desk(cast, cast.observer).preview("devices", [sim.pk]).status_code == 403


def test_one_takes_as_many_queries_as_300(cast: Cast) -> None:
    service, coverage = cast.policies()
    asked: dict[str, Any] = {"service_policy_id": service.pk, "coverage_policy_id": coverage.pk, "status": 1}

    def counted(count: int) -> int:
        ids = [sim.pk for sim in cast.sims(count)]
        with CaptureQueriesContext(connection) as captured:
            create_devices_for_sims(workspace_id=cast.acme.pk, sim_ids=ids, **asked)
        made = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
        return len({sql if not sql.startswith('INSERT INTO "sims_device"') else "insert" for sql in made})

    with cast.acting(cast.owner):
        counted(1)
        assert counted(300) == counted(1)


@pytest.mark.parametrize("pattern", ["", "Pump", "{name}", "{iccid} {name}"])
def test_a_pattern_has_to_tell_devices_apart(pattern: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_pattern(pattern)
    assert caught.value.field == "pattern"
    assert check_pattern(" Pump  {last6} ") == "Pump {last6}"
