"""The SIM state machine: every pair of states, one or many, with its rows (`docs/rules.md` section 1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from kit.action import action
from kit.context import NoActor, NoContext, acting_as, context
from kit.errors import Forbidden, Invalid, NotFound
from sims.inventory.services.status import change_sim_status, preview_sim_status
from sims.models import Sim
from sims.states import SIM_MOVES, sim_may_move
from tests.cast import STANDING, Cast
from tests.log import last, rows, types

ALLOWED = {(0, 1), (0, 4), (4, 1), (1, 2), (2, 1), (0, 3), (1, 3), (2, 3), (4, 3)}
EXPECTED_TYPE = {1: 8, 2: 9, 3: 10, 4: 45}
NAMES = {0: "Issued", 1: "Activated", 2: "Suspended", 3: "Deleted", 4: "Factory Test"}


def test_the_table_of_moves_is_the_published_one() -> None:
    assert {(old, new) for old, targets in SIM_MOVES.items() for new in targets} == ALLOWED


@pytest.mark.parametrize("old", [0, 1, 2, 4])
@pytest.mark.parametrize("new", [1, 2, 3, 4])
def test_every_pair_of_states(cast: Cast, old: int, new: int) -> None:
    (sim,) = cast.sims(status=old)
    with cast.acting(cast.owner):
        outcome = change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=new)
    sim.refresh_from_db()
    if old == new:
        assert (outcome.unchanged, sim.status, rows()) == ([sim.pk], old, [])
    elif sim_may_move(old, new):
        assert (outcome.changed, sim.status) == ([sim.pk], new)
        assert rows() == [(EXPECTED_TYPE[new], f"Status of SIM changed from '{NAMES[old]}' to '{NAMES[new]}'")]
    else:
        assert (outcome.changed, sim.status, rows()) == ([], old, [])
        assert outcome.refused[0].label == sim.iccid
        assert NAMES[old] in outcome.refused[0].reason


@pytest.mark.parametrize("to", [0, 7, -1])
def test_nothing_returns_to_issued_or_goes_to_an_unknown_state(cast: Cast, to: int) -> None:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.owner), pytest.raises(Invalid) as caught:
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=to)
    assert caught.value.field == "status"


def test_a_mixed_selection_changes_what_may_and_names_what_may_not(cast: Cast) -> None:
    active = cast.sims(3, status=1)
    issued = cast.sims(2, status=0)
    asleep = cast.sims(1, status=2)
    ids = [sim.pk for sim in [*active, *issued, *asleep]] + [999_999]
    with cast.acting(cast.member):
        foreseen = preview_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=2)
        assert rows() == []
        outcome = change_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=2)
    assert sorted(outcome.changed) == sorted(foreseen.changed) == [sim.pk for sim in active]
    assert outcome.unchanged == foreseen.unchanged == [asleep[0].pk]
    assert {refusal.id for refusal in outcome.refused} == {*(sim.pk for sim in issued), 999_999}
    assert types() == [9, 9, 9]
    assert "Charging stops on" in foreseen.notes[0]


def test_a_sim_of_another_workspace_is_not_there(cast: Cast) -> None:
    (foreign,) = cast.sims(status=1, workspace=cast.umbra)
    with cast.acting(cast.owner):
        outcome = change_sim_status(workspace_id=cast.acme.pk, sim_ids=[foreign.pk], to=2)
        with pytest.raises(NotFound):
            outcome.raise_if_refused()
        with pytest.raises(NotFound):
            change_sim_status(workspace_id=cast.umbra.pk, sim_ids=[foreign.pk], to=2)
    foreign.refresh_from_db()
    assert (foreign.status, rows()) == (1, [])


def test_a_deleted_sim_is_gone(cast: Cast) -> None:
    (sim,) = cast.sims(status=3)
    with cast.acting(cast.owner):
        outcome = change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=1)
    assert outcome.refused[0].code == "not_found"


def test_a_sim_on_a_device_is_not_deleted(cast: Cast) -> None:
    (sim,) = cast.sims(status=2)
    cast.device(sim=sim)
    with cast.acting(cast.owner):
        outcome = change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=3)
    assert outcome.refused[0].code == "has_device"
    assert rows() == []


def test_the_activation_date_is_that_of_the_first_activation(cast: Cast) -> None:
    (sim,) = cast.sims(status=0)
    first = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with cast.acting(cast.owner, moment=first):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=4)
    sim.refresh_from_db()
    assert (sim.activation_date, sim.factory_test_since) == (None, first)
    with cast.acting(cast.owner, moment=first):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=1)
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=1)
    sim.refresh_from_db()
    assert (sim.activation_date, sim.factory_test_since) == (first, None)


def test_factory_test_needs_a_package_that_has_it(cast: Cast) -> None:
    (sim,) = cast.sims(workspace=cast.umbra)
    with cast.acting(cast.outsider), pytest.raises(Invalid) as caught:
        change_sim_status(workspace_id=cast.umbra.pk, sim_ids=[sim.pk], to=4)
    assert caught.value.code == "factory_test_not_allowed"
    cast.umbra.factory_test_override = True
    cast.umbra.save()
    with cast.acting(cast.outsider):
        change_sim_status(workspace_id=cast.umbra.pk, sim_ids=[sim.pk], to=4)
    assert types() == [45]


def test_an_observer_is_refused_with_the_right_that_is_missing(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.observer), pytest.raises(Forbidden) as caught:
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    assert caught.value.permission == "sim_update"
    assert "Administrator" in caught.value.message


def test_nobody_acts_without_an_actor(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with pytest.raises(NoContext):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    with cast.acting(cast.owner) as opened:
        opened.actor = None
        with context(opened), pytest.raises(NoActor):
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    sim.refresh_from_db()
    assert sim.status == 1


def test_the_row_names_the_device_and_the_user(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    device = cast.device(sim=sim, name="Pump 7", imei="490154203237518", tags="north,pumps", ip_address="10.0.0.7")
    with cast.acting(cast.owner) as opened:
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    event = last()
    assert (event.sim_id, event.iccid, event.imsi) == (sim.pk, sim.iccid, sim.imsi)
    assert (event.device_id, event.device_name, event.device_tags) == (device.pk, "Pump 7", "north,pumps")
    assert (event.old_state, event.new_state) == (1, 2)
    assert (event.user_id, event.actor.name, event.actor.username) == (
        cast.owner.pk,
        "Olga Owner",
        "olga.owner@example.com",
    )
    assert (event.request_id, event.ip, event.user_agent) == (opened.request_id, "192.0.2.7", "test")
    assert "Olga" not in event.actor_label
    assert event.detail is None


def test_an_application_token_leaves_no_user(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with acting_as(cast.token()):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    event = last()
    assert (event.user_id, event.actor_id) == (None, None)
    assert event.actor_label == "Application token “ERP” (ID 77)"


def test_a_rollback_takes_the_rows_along(cast: Cast) -> None:
    sims = cast.sims(2, status=1)
    with cast.acting(cast.owner), pytest.raises(RuntimeError), action():
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sims[0].pk], to=2)
        raise RuntimeError
    assert rows() == []
    assert Sim.objects.filter(status=2).count() == 0


def test_an_inner_rollback_takes_only_its_own_rows(cast: Cast) -> None:
    kept, lost = cast.sims(2, status=1)

    def fail_inside() -> None:
        with action():
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[lost.pk], to=2)
            raise LookupError

    with cast.acting(cast.owner), action():
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[kept.pk], to=2)
        with pytest.raises(LookupError):
            fail_inside()
    assert list(Event.objects.values_list("sim_id", flat=True)) == [kept.pk]
    assert set(Sim.objects.filter(status=2).values_list("pk", flat=True)) == {kept.pk}


@pytest.mark.parametrize("count", [1, 7, 300])
def test_one_or_many_take_the_same_queries(cast: Cast, count: int) -> None:
    ids = [sim.pk for sim in cast.sims(count, status=1)]
    with cast.acting(cast.owner):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=cast_ids(cast), to=2)
        with CaptureQueriesContext(connection) as queries:
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=ids, to=2)
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    # lock, update, keep the tenures, read the person (known to nobody yet inside the transaction), write the events
    assert len(statements) == STANDING + 5, statements
    assert types().count(9) == count + 1


def cast_ids(cast: Cast) -> list[int]:
    """Return one more activated SIM, so that the actor's person is stored before queries are counted."""
    return [cast.sims(status=1)[0].pk]
