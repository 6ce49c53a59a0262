"""A job that waits or runs while its actor's rights end goes no further."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.actors import actor_of_token
from accounts.models import ApplicationToken, Membership, User
from accounts.people.services.staff_accounts import suspend_user
from accounts.permissions import Role
from accounts.queued_actors import as_of_now
from kit import jobs
from kit.context import SCHEDULE, SYSTEM, acting_as
from kit.models import Job
from sims.bulk import actions
from sims.signals import sim_status_changed
from tests.cast import Cast
from tests.log import types
from tests.sims.test_bulk import Desk

pytestmark = pytest.mark.sqlite_too("jobs are claimed and resumed without locks of single rows")


@pytest.fixture
def queued(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A member's job of three steps that waits for a worker."""
    monkeypatch.setattr(actions, "CHUNK", 2)
    Desk(cast, cast.member).do("suspend", [sim.pk for sim in cast.sims(5, status=1)])
    return Job.objects.get()


def _removed(cast: Cast) -> None:
    Membership.objects.filter(user=cast.member).delete()


def _suspended(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(status=User.Status.SUSPENDED)


def _observer(cast: Cast) -> None:
    Membership.objects.filter(user=cast.member).update(role=Role.OBSERVER)


@pytest.mark.parametrize("end", [_removed, _suspended, _observer])
def test_rights_that_end_while_it_waits_end_it(cast: Cast, queued: Job, end: Callable[[Cast], None]) -> None:
    end(cast)
    jobs.run(str(queued.pk))
    queued.refresh_from_db()
    assert queued.state == Job.State.FAILED
    assert queued.error
    assert types() == []


def test_rights_that_end_between_two_steps_end_it(cast: Cast, queued: Job) -> None:
    def suspend(**_facts: Any) -> None:
        with acting_as(SYSTEM):
            suspend_user(user_id=cast.member.pk)

    sim_status_changed.connect(suspend)
    try:
        jobs.run(str(queued.pk))
    finally:
        sim_status_changed.disconnect(suspend)
    queued.refresh_from_db()
    assert "may not act any more" in queued.error
    assert types() == [9, 9, 10075]


def test_a_changed_name_stays_as_it_was_when_it_was_asked_for(cast: Cast, queued: Job) -> None:
    old = cast.member.name
    User.objects.filter(pk=cast.member.pk).update(name="Somebody Else")
    actor = as_of_now(jobs.revive_actor(queued.actor))
    assert actor is not None
    assert actor.person is not None
    assert actor.person.name == old
    assert actor.roles == {cast.acme.pk: Role.USER}


def test_application_tokens_and_tasks(cast: Cast) -> None:
    token = ApplicationToken.objects.create(
        workspace=cast.acme, creator=cast.owner, role=Role.ADMINISTRATOR, digest="0" * 64
    )
    actor = actor_of_token(token)
    with acting_as(SCHEDULE):
        assert as_of_now(SCHEDULE) is SCHEDULE
        assert as_of_now(actor) == actor
        token.status = ApplicationToken.Status.REVOKED
        token.save()
        assert as_of_now(actor) is None
