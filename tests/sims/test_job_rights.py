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
from accounts.sign_in.services.passwords import set_user_password
from accounts.sign_in.services.sessions import end_other_sessions
from kit import jobs
from kit.context import SCHEDULE, SYSTEM, acting_as
from kit.models import Job
from sims.bulk import actions
from sims.inventory.services.status import change_sim_status
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


def _new_password(cast: Cast) -> None:
    with acting_as(SYSTEM):
        set_user_password(user_id=cast.member.pk, password="another horse battery")


def _signed_out(cast: Cast) -> None:
    with cast.acting(cast.member):
        end_other_sessions(user_id=cast.member.pk, keep=None)


@pytest.mark.parametrize("end", [_new_password, _signed_out])
def test_credentials_that_end_while_it_waits_end_it(cast: Cast, queued: Job, end: Callable[[Cast], None]) -> None:
    """Whoever got in by a password that was changed since has left nothing behind that goes on."""
    end(cast)
    jobs.run(str(queued.pk))
    queued.refresh_from_db()
    assert queued.state == Job.State.FAILED
    assert "may not act any more" in queued.error
    assert not {8, 9} & set(types())


def test_a_job_of_before_the_upgrade_knows_no_credentials_and_goes_on(cast: Cast, queued: Job) -> None:
    del queued.actor["epoch"]
    queued.save(update_fields=["actor"])
    _new_password(cast)
    jobs.run(str(queued.pk))
    queued.refresh_from_db()
    assert queued.state == Job.State.DONE


def test_who_chooses_a_new_password_goes_on_with_it(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.member):
        set_user_password(user_id=cast.member.pk, password="another horse battery")
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    assert types(cast.acme) == [10023, 9]


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
