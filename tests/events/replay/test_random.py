"""A few hundred random operations through all doors: the log alone tells all that the tables hold."""

from __future__ import annotations

import pytest

from events.models import Event
from events.replay import checks, one_object
from events.replay.one_object import replay_of_one
from events.replay.reading import replay_of
from tests.cast import Cast
from tests.random_operations.play import places_of, play, wrong_actors
from tests.random_operations.world import make_world

pytestmark = pytest.mark.sqlite_too("other triggers, and JSON searched by other functions")


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_the_log_tells_all_that_the_tables_hold(cast: Cast, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_object, "FEW", 2)
    world = make_world(cast)
    play(world, operations=250, seed=seed)
    assert world.failures == []
    assert sum(world.done.values()) > 100
    for workspace_id in places_of(world):
        check = checks.begin(workspace_id=workspace_id)
        while check.finished is None:
            result = checks.step(check)
            assert [each.sentence for each in result.differences] == []
            assert result.breaks == []
        assert check.untold == 0
        assert check.objects_compared > 0
        whole = replay_of(workspace_id)
        for pk, sim in whole.sims.items():
            assert replay_of_one("sim", workspace_id, pk).sims.get(pk) == sim
        for pk, device in whole.devices.items():
            assert replay_of_one("device", workspace_id, pk).devices.get(pk) == device
    assert wrong_actors(world) == []
    assert Event.objects.filter(request_id__in=world.actors).count() > 200
