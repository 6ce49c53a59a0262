"""Transfer between workspaces (`docs/rules.md` section 7)."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from events.models import Event
from kit.context import acting_as
from kit.errors import Forbidden, Invalid, NotFound
from sims.inventory.services.transfer import TransferRefused, transfer_sims
from sims.models import Sim
from tests.cast import Cast
from tests.log import rows, types


def test_a_dry_run_changes_nothing_and_tells_all(cast: Cast) -> None:
    active, asleep = cast.sims(1, status=1)[0], cast.sims(1, status=2)[0]
    cast.device(sim=active)
    with cast.acting(cast.owner):
        transfer = transfer_sims(target_id=cast.bolt.pk, sim_ids=[active.pk, asleep.pk])
    assert ([p.code for p in transfer.problems], transfer.suspends, transfer.detaches, transfer.done) == (
        [1502],
        [active.pk],
        [active.pk],
        False,
    )
    assert rows() == []
    assert set(Sim.objects.values_list("workspace_id", flat=True)) == {cast.acme.pk}


def test_rows_on_both_sides(cast: Cast) -> None:
    active, asleep = cast.sims(1, status=1)[0], cast.sims(1, status=2)[0]
    device = cast.device(sim=active)
    with cast.acting(cast.owner):
        transfer = transfer_sims(
            target_id=cast.bolt.pk, sim_ids=[asleep.pk, active.pk], auto_detach=True, dry_run=False
        )
    assert transfer.done
    assert types(cast.acme) == [43, 50, 9, 69]
    assert types(cast.bolt) == [69]
    active.refresh_from_db()
    device.refresh_from_db()
    assert (active.workspace_id, active.status, active.device_id, device.status) == (cast.bolt.pk, 2, None, 1)
    here, there = Event.objects.filter(type=69).order_by("id")
    assert here.detail is not None
    assert here.detail == there.detail
    assert here.detail["count"] == 2
    assert (here.detail["source"]["id"], here.detail["target"]["name"]) == (cast.acme.pk, "Bolt")
    assert here.sim_id is None
    assert len(set(Event.objects.values_list("request_id", flat=True))) == 1


def test_a_single_sim_is_named_by_both_rows(cast: Cast) -> None:
    (sim,) = cast.sims(status=2)
    with cast.acting(cast.owner):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], dry_run=False)
    assert list(Event.objects.values_list("sim_id", "iccid")) == [(sim.pk, sim.iccid)] * 2


def test_one_that_cannot_go_keeps_all(cast: Cast) -> None:
    free, held = cast.sims(2, status=1)
    cast.device(sim=held)
    with cast.acting(cast.owner), pytest.raises(TransferRefused) as caught:
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[free.pk, held.pk], dry_run=False)
    assert [(p.code, p.sim_ids) for p in caught.value.problems] == [(1502, [held.pk])]
    assert rows() == []
    assert set(Sim.objects.values_list("workspace_id", "status")) == {(cast.acme.pk, 1)}


def test_states_can_be_limited(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.owner):
        transfer = transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk], allowed_statuses=[2])
    assert [p.code for p in transfer.problems] == [1503]


def test_who_may(cast: Cast) -> None:
    (sim,) = cast.sims(status=2)
    (foreign,) = cast.sims(status=2, workspace=cast.umbra)
    with acting_as(cast.token(cast.bolt)), pytest.raises(Forbidden):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk])
    with cast.acting(cast.member), pytest.raises(NotFound):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk])
    with cast.acting(cast.owner), pytest.raises(NotFound):
        transfer_sims(target_id=cast.bolt.pk, sim_ids=[foreign.pk])
    with cast.acting(cast.owner), pytest.raises(NotFound):
        transfer_sims(target_id=cast.umbra.pk, sim_ids=[sim.pk])
    Membership.objects.filter(user=cast.owner, workspace=cast.acme).update(role="Observer")
    with cast.acting(cast.owner):
        transfer = transfer_sims(target_id=cast.bolt.pk, sim_ids=[sim.pk])
    assert [p.code for p in transfer.problems] == [1504]


def test_limits(cast: Cast) -> None:
    with cast.acting(cast.owner):
        with pytest.raises(Invalid) as many:
            transfer_sims(target_id=cast.bolt.pk, sim_ids=range(1, 502))
        with pytest.raises(Invalid):
            transfer_sims(target_id=cast.bolt.pk, sim_ids=[])
    assert many.value.code == "too_many"
    with cast.staffing(), pytest.raises(Invalid) as operator:
        transfer_sims(target_id=cast.operator.pk, sim_ids=[1])
    assert operator.value.code == "not_enterprise"
