"""Who loses a right acts before that or not at all: no event of theirs follows the event of the loss.

Each way to lose a right is tried between the moment a call was let in and the moment it begins to act, by each kind of
actor. On PostgreSQL calls that wait for a locked SIM, and losses that wait for them, are tried with connections of
their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, connections, transaction

import accounts.tokens.bearer as bearer
from accounts.actors import rights_of, staff_actor
from accounts.models import ApplicationToken, Membership, SupportAccess, User, Workspace
from accounts.people.services.members import change_role, remove_member
from accounts.people.services.profiles import change_account
from accounts.people.services.staff_accounts import suspend_user, update_user
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from accounts.sign_in.services.passwords import set_user_password
from accounts.sign_in.services.sessions import end_other_sessions
from accounts.standing import AccessEnded
from accounts.support.services import access_under, end_support_access, start_support_access
from accounts.tokens.services import create_application_token, revoke_application_token
from accounts.workspaces.services.workspaces import update_workspace
from events.models import Event
from kit.context import SYSTEM, acting_as
from kit.errors import DomainError, Forbidden
from sims.inventory.services.status import change_sim_status
from sims.models import Sim
from tests.api.conftest import Program, exchange, sign_in
from tests.api.test_support_token import ask
from tests.cast import Cast

SIM_EVENTS = (8, 9)
Act = Callable[[Cast, Sim], Any]
Lose = Callable[[Cast], object]


# --- ways to lose a right ---


def _by_owner(lose: Lose) -> Lose:
    def run(cast: Cast) -> object:
        with cast.acting(cast.owner):
            return lose(cast)

    return run


def _by_staff(lose: Lose) -> Lose:
    def run(cast: Cast) -> object:
        with cast.staffing():
            return lose(cast)

    return run


def _demote(cast: Cast) -> object:
    return change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role=Role.OBSERVER)


def _end_visit(cast: Cast) -> None:
    end_support_access(access_id=SupportAccess.objects.get(ended__isnull=True).pk)


def _new_password(user: User) -> None:
    with acting_as(SYSTEM):
        set_user_password(user_id=user.pk, password="another horse battery")


def _sign_out_elsewhere(cast: Cast) -> None:
    with cast.acting(cast.member):
        end_other_sessions(user_id=cast.member.pk, keep=None)


PERSON: dict[str, tuple[Lose, int, int]] = {
    # way: (how, its event, the API's answer)
    "demoted": (_by_owner(_demote), 10024, 403),
    "removed": (
        _by_owner(lambda cast: remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)),
        46,
        401,
    ),
    "suspended by staff": (_by_staff(lambda cast: suspend_user(user_id=cast.member.pk)), 10075, 401),
    "suspended by an Administrator": (
        _by_owner(
            lambda cast: change_account(workspace_id=cast.acme.pk, user_id=cast.member.pk, status=User.Status.SUSPENDED)
        ),
        10075,
        401,
    ),
    "workspace suspended": (
        _by_staff(
            lambda cast: update_workspace(workspace_id=cast.acme.pk, changes={"status": Workspace.Status.SUSPENDED})
        ),
        10040,
        403,
    ),
    "got another password": (lambda cast: _new_password(cast.member), 10023, 401),
    "signed out everywhere else": (_sign_out_elsewhere, 10075, 401),
}
TOKEN: dict[str, tuple[Lose, int, int]] = {
    "revoked": (
        _by_owner(
            lambda cast: revoke_application_token(workspace_id=cast.acme.pk, token_id=ApplicationToken.objects.get().pk)
        ),
        10031,
        401,
    ),
    "lowered with who made it": (_by_owner(_demote), 10085, 403),
    "ended with who made it": (PERSON["removed"][0], 10031, 401),
}
SUPPORT: dict[str, tuple[Lose, int, int]] = {
    "ended": (_by_staff(_end_visit), 10042, 401),
    "staff suspended": (
        _by_staff(lambda cast: suspend_user(user_id=User.objects.get(staff_role="support").pk)),
        10042,
        401,
    ),
    "staff lost the role": (
        _by_staff(
            lambda cast: update_user(
                user_id=User.objects.get(staff_role="support").pk, changes={"staff_role": "reader"}
            )
        ),
        10042,
        401,
    ),
    "staff got another password": (
        lambda _cast: _new_password(User.objects.get(staff_role="support")),
        10023,
        401,
    ),
    "whom they act for suspended": (PERSON["suspended by staff"][0], 10075, 401),
    "whom they act for demoted": (PERSON["demoted"][0], 10024, 403),
}


def supporter() -> User:
    user = User.objects.create_user(
        "sam.support@example.com", "correct horse battery", name="Sam Support", is_staff=True, staff_role="support"
    )
    return User.objects.get(pk=user.pk)


# --- who acts, by which door ---


def member_by_api(cast: Cast) -> Act:
    program = sign_in(cast.member)
    return lambda _cast, sim: program.patch(f"/sim/{sim.pk}", {"status": {"id": 2}})


def token_by_api(cast: Cast) -> Act:
    with cast.acting(cast.member):
        made = create_application_token(workspace_id=cast.acme.pk, description="ERP")
    program = exchange(made.value)
    return lambda _cast, sim: program.patch(f"/sim/{sim.pk}", {"status": {"id": 2}})


def support_by_api(cast: Cast) -> Act:
    answer = ask(sign_in(supporter()), cast.member.pk)
    program = Program(token=answer.json()["support_token"])
    return lambda _cast, sim: program.patch(f"/sim/{sim.pk}", {"status": {"id": 2}})


API = [
    *[(member_by_api, f"person {way}", facts) for way, facts in PERSON.items()],
    *[(token_by_api, f"token {way}", facts) for way, facts in TOKEN.items()],
    *[(support_by_api, f"support {way}", facts) for way, facts in SUPPORT.items()],
]


@contextmanager
def once_let_in(lose: Callable[[], object], patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Have something happen as soon as a call was let in by a token, before it does anything."""
    happened: list[int] = []
    original = bearer._require_second_factor

    def let_in(path: str, found: Any) -> None:
        original(path, found)
        if not happened:
            happened.append(1)
            lose()

    with patch.context() as inner:
        inner.setattr(bearer, "_require_second_factor", let_in)
        yield happened


@pytest.mark.django_db
@pytest.mark.parametrize(("actor", "facts"), [(a, f) for a, _n, f in API], ids=[name for _a, name, _f in API])
def test_what_is_lost_before_a_call_acts_is_refused_to_it(
    cast: Cast, actor: Callable[[Cast], Act], facts: tuple[Lose, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose, type_id, status = facts
    (sim,) = cast.sims(status=1)
    act = actor(cast)
    with once_let_in(lambda: lose(cast), monkeypatch) as happened:
        answer = act(cast, sim)
    assert happened
    assert answer.status_code == status, answer.content
    assert Event.objects.filter(type=type_id).exists()
    assert not Event.objects.filter(type__in=SIM_EVENTS).exists()
    sim.refresh_from_db()
    assert sim.status == 1


@pytest.mark.django_db
@pytest.mark.parametrize("way", PERSON)
def test_pages_refuse_what_was_lost_since_they_were_opened(
    cast: Cast, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose, type_id, status = PERSON[way]
    (sim,) = cast.sims(status=1)
    device = cast.device(name="Pump", sim=sim)
    client = cast.client(cast.member)
    assert client.get(f"/w/{cast.acme.pk}/devices/{device.pk}/").status_code == 200
    happened: list[int] = []
    original = rights_of

    def let_in(actor: Any, workspace_id: int) -> Any:
        found = original(actor, workspace_id)
        if not happened:
            happened.append(1)
            lose(cast)
        return found

    monkeypatch.setattr("portal.middleware.rights_of", let_in)
    answer = client.post(f"/w/{cast.acme.pk}/devices/{device.pk}/release/", {"suspend": "on"})
    assert happened
    assert answer.status_code == status, answer.content
    assert Event.objects.filter(type=type_id).exists()
    sim.refresh_from_db()
    assert (sim.device, sim.status) == (device, 1)


@pytest.mark.django_db
def test_staff_who_lost_a_role_do_not_act_in_the_admin_site(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    staff = supporter()
    client = cast.client(staff)
    happened: list[int] = []
    original = staff_actor

    def let_in(user: User) -> Any:
        found = original(user)
        assert found.holds("accounts.change_user")
        if not happened:
            happened.append(1)
            with cast.staffing():
                update_user(user_id=staff.pk, changes={"staff_role": "reader"})
        return found

    monkeypatch.setattr("portal.middleware.staff_actor", let_in)
    client.post(f"/admin/accounts/user/{cast.member.pk}/lock/suspend/")
    assert happened
    cast.member.refresh_from_db()
    assert cast.member.status == User.Status.ACTIVE
    assert not Event.objects.filter(type=10075, user_id=staff.pk).exists()


@pytest.mark.django_db
def test_a_right_that_is_left_is_left(cast: Cast) -> None:
    """What is lost elsewhere, or not needed, refuses nothing."""
    (sim,) = cast.sims(status=1)
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.ADMINISTRATOR)
    with cast.acting(cast.member):
        with cast.staffing():
            set_super_admin(workspace_id=cast.acme.pk, user_id=cast.owner.pk)
            Membership.objects.filter(user=cast.member, workspace=cast.bolt).update(role=Role.OBSERVER)
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    sim.refresh_from_db()
    assert sim.status == 2


@pytest.mark.django_db
def test_a_right_that_came_meanwhile_is_there(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.observer) as context:
        with cast.acting(cast.owner):
            change_role(workspace_id=cast.acme.pk, user_id=cast.observer.pk, role=Role.USER)
        with pytest.raises(Forbidden):
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
        assert context.actor is not None
        assert context.actor.roles[cast.acme.pk] == Role.OBSERVER


# --- with connections of their own ---


class Thread(threading.Thread):
    """Does something with a connection of its own, and keeps what it gave or raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work, self.pid = work, 0
        self.result: Any = None
        self.begun = threading.Event()

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            self.begun.set()
            self.result = self.work()
        except DomainError as error:
            self.result = error
        finally:
            connections.close_all()

    def go(self) -> Thread:
        self.start()
        self.begun.wait()
        return self

    def until_it_waits(self) -> None:
        """Return when it waits for a lock, or has ended."""
        with connection.cursor() as cursor:
            while self.is_alive():
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pid = %s AND NOT granted)", [self.pid])
                if cursor.fetchone()[0]:
                    return
                time.sleep(0.02)


def order_of(type_id: int) -> tuple[list[int], int]:
    """Return the ids of the events of SIMs, and that of the loss."""
    acts = list(Event.objects.filter(type__in=SIM_EVENTS).order_by("id").values_list("pk", flat=True))
    return acts, Event.objects.filter(type=type_id).order_by("id").values_list("pk", flat=True)[0]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("actor", "facts"), [(a, f) for a, _n, f in API], ids=[name for _a, name, _f in API])
def test_a_loss_waits_for_a_call_that_waits_for_a_sim(
    cast: Cast, actor: Callable[[Cast], Act], facts: tuple[Lose, int, int]
) -> None:
    lose, type_id, _status = facts
    (sim,) = cast.sims(status=1)
    act = actor(cast)
    with transaction.atomic():
        Sim.objects.select_for_update().get(pk=sim.pk)
        call = Thread(lambda: act(cast, sim)).go()
        call.until_it_waits()
        loss = Thread(lambda: lose(cast)).go()
        loss.until_it_waits()
        assert loss.is_alive()
    call.join()
    loss.join()
    assert call.result.status_code == 204, call.result.content
    assert not isinstance(loss.result, DomainError)
    acts, lost = order_of(type_id)
    assert len(acts) == 1
    assert acts[0] < lost
    answer = act(cast, sim)
    assert answer.status_code in (401, 403)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("actor", "facts"), [(a, f) for a, _n, f in API], ids=[name for _a, name, _f in API])
def test_a_call_waits_for_a_loss_and_is_refused(
    cast: Cast, actor: Callable[[Cast], Act], facts: tuple[Lose, int, int]
) -> None:
    lose, type_id, status = facts
    (sim,) = cast.sims(status=1)
    act = actor(cast)
    with transaction.atomic():
        lose(cast)
        call = Thread(lambda: act(cast, sim)).go()
        call.until_it_waits()
        assert call.is_alive()
    call.join()
    assert call.result.status_code == status, call.result.content
    acts, _lost = order_of(type_id)
    assert acts == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_signing_in_and_the_last_use_wait_for_no_action(cast: Cast) -> None:
    """An action that waits holds up nothing but the loss of its rights."""
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.member):
        made = create_application_token(workspace_id=cast.acme.pk, description="ERP")
    program, person = exchange(made.value), sign_in(cast.member)
    with transaction.atomic():
        Sim.objects.select_for_update().get(pk=sim.pk)
        calls = [Thread(partial(who.patch, f"/sim/{sim.pk}", {"status": {"id": 2}})).go() for who in (program, person)]
        for call in calls:
            call.until_it_waits()
        works: list[Callable[[], object]] = [
            lambda: ApplicationToken.objects.update(last_used=None),
            lambda: exchange(made.value),
            lambda: sign_in(cast.member),
        ]
        for work in works:
            other = Thread(work).go()
            other.join()
            assert other.result
        assert all(call.is_alive() for call in calls)
        assert ApplicationToken.objects.get().last_used is not None
    for call in calls:
        call.join()
        assert call.result.status_code == 204


@pytest.mark.django_db
def test_jobs_and_services_are_refused_by_the_same_error(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with cast.acting(cast.member):
        with cast.staffing():
            suspend_user(user_id=cast.member.pk)
        with pytest.raises(AccessEnded) as refused:
            change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    assert (refused.value.status, refused.value.code) == (401, "invalid_token")


@pytest.mark.django_db
def test_a_visit_that_ended_by_its_time_is_over(cast: Cast) -> None:
    (sim,) = cast.sims(status=1)
    with cast.staffing():
        access = start_support_access(workspace_id=cast.acme.pk, user_id=cast.owner.pk, reason="Ticket 4711")
    with acting_as(access_under(access).actor, moment=access.expires), pytest.raises(AccessEnded):
        change_sim_status(workspace_id=cast.acme.pk, sim_ids=[sim.pk], to=2)
    assert not Event.objects.filter(type=9).exists()
