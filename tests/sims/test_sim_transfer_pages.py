"""The transfer dialog: a dry run that tells everything, then all SIMs or none."""

from __future__ import annotations

import re
from typing import Any

from accounts.models import Membership, Workspace
from accounts.permissions import Role
from events.models import Event
from kit.models import Job
from sims.inventory.services.assignment import SimChoice, assign_sims
from sims.models import Sim
from sims.states import DeviceStatus
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import HTMX, Desk, plan_in, words


def test_the_dry_run_tells_what_happens(cast: Cast) -> None:
    active, asleep = cast.sims(2, status=1), cast.sims(1, status=2)
    ids = [sim.pk for sim in [*active, *asleep]]
    text = words(Desk(cast, cast.owner).preview("transfer", ids))
    assert "Transfer 3 SIMs" in text
    assert "Bolt" in text
    assert "2 Activated SIMs are suspended on the way. Charging here stops on" in text
    assert Event.objects.count() == 0


def test_transfer_moves_all(cast: Cast) -> None:
    active = cast.sims(2, status=1)
    device = cast.device(sim=active[0])
    desk = Desk(cast, cast.owner)
    response = desk.preview("transfer", [sim.pk for sim in active])
    assert "1 is on a device: tick the box above" in words(response)
    assert "1502" not in words(response)
    assert re.search(r"<button[^>]*data-dialog-verb disabled", response.content.decode())
    again = desk.preview("transfer", plan=plan_in(response), target=cast.bolt.pk, detach="on")
    assert "1 SIM is released from its device" in words(again)
    assert not re.search(r"<button[^>]*data-dialog-verb disabled", again.content.decode())
    plan = plan_in(again)
    told = desk.run("transfer", plan, target=cast.bolt.pk, detach="on")
    assert "Transferred 2 SIMs to Bolt" in words(told)
    assert {sim.workspace_id for sim in Sim.objects.all()} == {cast.bolt.pk}
    assert types(cast.acme) == [43, 50, 9, 9, 69]
    assert types(cast.bolt) == [69]
    device.refresh_from_db()
    assert device.status == DeviceStatus.DISABLED
    # Pressed twice: the first result again.
    assert words(desk.run("transfer", plan, target=cast.bolt.pk, detach="on")) == words(told)
    assert Job.objects.count() == 1


def test_all_or_nothing(cast: Cast) -> None:
    free, other = cast.sims(2, status=2)
    desk = Desk(cast, cast.owner)
    plan = desk.plan("transfer", [free.pk, other.pk])
    with cast.acting(cast.member):
        assign_sims(workspace_id=cast.acme.pk, choices={cast.device().pk: SimChoice(other.pk)})
    told = desk.run("transfer", plan, target=cast.bolt.pk)
    assert told.status_code == 422
    assert "Nothing was transferred" in words(told)
    assert "1 is on a device" in words(told)
    assert Sim.objects.filter(workspace=cast.bolt).count() == 0
    assert types() == [51]


def test_who_may_transfer_where(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    assert Desk(cast, cast.member).preview("transfer", [sim.pk]).status_code == 403
    assert Desk(cast, cast.observer).preview("transfer", [sim.pk]).status_code == 403
    desk = Desk(cast, cast.owner)
    reseller = Workspace.objects.create(name="Reseller", type=Workspace.Type.RESELLER, package=cast.acme.package)
    looking = Workspace.objects.create(name="Only looking", package=cast.acme.package)
    Membership.objects.create(user=cast.owner, workspace=reseller, role=Role.ADMINISTRATOR)
    Membership.objects.create(user=cast.owner, workspace=looking, role=Role.OBSERVER)
    response = desk.preview("transfer", [sim.pk])
    assert re.findall(r"<option[^>]*>([^<]+)<", response.content.decode()) == ["Bolt"]
    for target in (reseller.pk, looking.pk, cast.umbra.pk, cast.acme.pk, "x", ""):
        assert desk.run("transfer", plan_in(response), target=target).status_code == 422
    assert Event.objects.count() == 0


def test_nowhere_to_go(cast: Cast) -> None:
    Membership.objects.filter(user=cast.owner, workspace=cast.bolt).delete()
    (sim,) = cast.sims(1)
    response = Desk(cast, cast.owner).preview("transfer", [sim.pk])
    assert "There is no workspace to transfer to" in words(response)
    assert "data-dialog-verb" not in response.content.decode()


def test_sims_of_elsewhere_are_refused_by_name(cast: Cast) -> None:
    (own,), (bolts,), (foreign,) = cast.sims(1), cast.sims(1, workspace=cast.bolt), cast.sims(1, workspace=cast.umbra)
    desk = Desk(cast, cast.owner)
    for other in (bolts, foreign):
        response: Any = desk.preview("transfer", [own.pk, other.pk])
        assert (response.status_code, str(other.pk) in response.content.decode()) == (404, True)


def test_five_hundred_a_call(cast: Cast) -> None:
    ids = [sim.pk for sim in cast.sims(501)]
    response = Desk(cast, cast.owner).preview("transfer", ids)
    assert (response.status_code, "at most 500" in response.content.decode()) == (422, True)


def test_from_its_page_a_sim_leaves_to_the_inventory(cast: Cast) -> None:
    (sim,) = cast.sims(1)
    desk = Desk(cast, cast.owner)
    plan = desk.plan("transfer", [sim.pk])
    headers = {**HTMX, "HX-Current-URL": f"http://testserver/w/{cast.acme.pk}/sims/{sim.pk}/"}
    data = {"plan": plan, "target": cast.bolt.pk}
    response = desk.client.post(f"{desk.base}transfer/run/", data, headers=headers)
    assert response["HX-Redirect"] == f"/w/{cast.acme.pk}/sims/"
    result = desk.client.get(f"/w/{cast.acme.pk}/results/{Job.objects.get().pk}/")
    assert "Transferred 1 SIM to Bolt" in words(result)
    assert f"/sims/{sim.pk}/" not in result.content.decode()
