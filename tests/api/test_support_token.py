"""Support tokens: staff in place of a user, with both persons in the log, and no longer than the access."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import staff_actor
from accounts.models import SupportAccess, User
from accounts.people.services.staff_accounts import suspend_user, update_user
from accounts.standing import AccessEnded
from accounts.support.services import end_support_access, start_support_access
from events.models import Event
from kit.context import SYSTEM, ActorKind, acting_as
from sims.models import Sim
from tests.api.conftest import Program, error, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import types


@pytest.fixture
def staff(cast: Cast) -> Program:
    return sign_in(cast.staff)


def ask(program: Program, user: Any, role: Any = "1", **more: Any) -> Any:
    body = {"role": role, "reason": "Ticket 4711", **more}
    return program.call("POST", f"/user/{user}/support_token", body, version=2)


def test_staff_act_in_place_of_a_user(cast: Cast, staff: Program) -> None:
    answer = ask(staff, cast.owner.pk, reason="Ticket  4711 ")
    assert answer.status_code == 201, answer.content
    access = SupportAccess.objects.get()
    assert (access.reason, access.workspace, access.acted_for) == ("Ticket 4711", cast.acme, cast.owner)
    assert types(cast.acme) == [13]
    (sim,) = cast.sims(1)
    support = Program(token=answer.json()["support_token"])
    assert support.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}).status_code == 204
    event = Event.objects.order_by("-id")[0]
    assert (event.type, event.actor_kind) == (8, ActorKind.STAFF_FOR_USER)
    shown = support.get("/event", q="type:8").json()[0]
    assert shown["user"]["username"] == cast.staff.email
    assert shown["acting_for"]["username"] == cast.owner.email
    # Nothing of the person's own account opens, and no other workspace.
    error(support.get("/user/my"), 403, 1104, "Forbidden")
    body = {"old_password": "0" * 40, "new_password": "1" * 40}
    error(support.patch("/user/password", body), 403, 1104, "Forbidden")
    switch = {"target_organisation": {"id": cast.bolt.pk}}
    assert support.post("/authenticate/workspace", switch).status_code == 401


def test_one_that_only_looks(cast: Cast, staff: Program) -> None:
    (sim,) = cast.sims(1)
    support = Program(token=ask(staff, cast.owner.email, 3).json()["support_token"])
    assert len(support.get("/sim").json()) == 1
    error(support.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 403, 1104, "Forbidden")
    # Never more than the user may.
    observing = Program(token=ask(staff, cast.observer.pk, "1").json()["support_token"])
    error(observing.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 403, 1104, "Forbidden")
    assert Sim.objects.get(pk=sim.pk).status == 0


def test_it_ends_with_the_access(cast: Cast, staff: Program) -> None:
    first = Program(token=ask(staff, cast.owner.pk).json()["support_token"])
    second = Program(token=ask(staff, cast.member.pk).json()["support_token"])
    error(first.get("/sim"), 401, 1102, "InvalidToken")
    assert second.get("/sim").status_code == 200
    access = SupportAccess.objects.get(ended__isnull=True)
    with acting_as(SYSTEM):
        end_support_access(access_id=access.pk)
    error(second.get("/sim"), 401, 1102, "InvalidToken")
    assert types(cast.acme) == [13, 10042, 13, 10042]

    third = Program(token=ask(staff, cast.owner.pk).json()["support_token"])
    SupportAccess.objects.filter(ended__isnull=True).update(expires=timezone.now() - timedelta(seconds=1))
    error(third.get("/sim"), 401, 1102, "InvalidToken")


def test_the_workspace_may_be_named(cast: Cast, staff: Program) -> None:
    answer = ask(staff, cast.owner.pk, organisation={"id": cast.bolt.pk})
    support = Program(token=answer.json()["support_token"])
    assert support.get("/organisation/my").json()["name"] == "Bolt"
    assert types(cast.bolt) == [13]


def test_who_may_not(cast: Cast, owner: Program, erp: Program, staff: Program) -> None:
    for program in (owner, erp):
        error(ask(program, cast.member.pk), 403, 1104, "Forbidden")
    cast.staff.is_superuser = False
    cast.staff.save()
    error(ask(staff, cast.owner.pk), 403, 1104, "Forbidden")
    cast.staff.is_superuser = True
    cast.staff.save()
    for user in (987654, "nobody@example.com", cast.staff.pk):
        error(ask(staff, user), 404, 1401, "InvalidReference")
    error(ask(staff, cast.owner.pk, organisation={"id": cast.umbra.pk}), 404, 1401, "InvalidReference")
    for wrong in ({"role": "2"}, {"role": "x"}, {"role": 1, "reason": "no"}):
        answer = staff.call("POST", f"/user/{cast.owner.pk}/support_token", wrong, version=2)
        error(answer, 422, 1400, "InputValidationFailed")
    missing = error(
        staff.call("POST", f"/user/{cast.owner.pk}/support_token", {"role": 1}, version=2),
        422,
        1400,
        "InputValidationFailed",
    )
    assert missing["errors"] == [
        {"error_code": 1402, "error_token": "Required", "message": "Support token - reason is required"}
    ]
    error(ask(staff, cast.owner.pk, reason=""), 422, 1400, "InputValidationFailed")
    error(ask(staff, cast.owner.pk, reason=None), 422, 1400, "InputValidationFailed")
    assert not SupportAccess.objects.exists()


@pytest.fixture
def supporter(cast: Cast) -> User:
    """A member of staff whose rights come from the role."""
    return User.objects.create_user("sam@example.org", PASSWORD, name="Sam", is_staff=True, staff_role="support")


@pytest.mark.parametrize(
    "change",
    [
        {"is_staff": False, "staff_role": ""},
        {"staff_role": "reader"},
        {"staff_role": ""},
        None,
    ],
)
def test_it_ends_with_the_rights_of_staff(cast: Cast, supporter: User, change: dict[str, Any] | None) -> None:
    support = Program(token=ask(sign_in(supporter), cast.owner.pk).json()["support_token"])
    assert support.get("/sim").status_code == 200
    with cast.staffing():
        if change is None:
            suspend_user(user_id=supporter.pk)
        else:
            update_user(user_id=supporter.pk, changes=change)
    error(support.get("/sim"), 401, 1102, "InvalidToken")
    assert SupportAccess.objects.get().ended is not None
    assert types(cast.acme) == [13, 10042]


@pytest.mark.parametrize(
    "values", [{"is_staff": False}, {"staff_role": "reader"}, {"status": User.Status.SUSPENDED}, {"token_epoch": 9}]
)
def test_each_call_asks_for_the_rights_anew(cast: Cast, supporter: User, values: dict[str, Any]) -> None:
    support = Program(token=ask(sign_in(supporter), cast.owner.pk).json()["support_token"])
    # By whatever way they went, and with the access still open.
    User.objects.filter(pk=supporter.pk).update(**values)
    error(support.get("/sim"), 401, 1102, "InvalidToken")
    assert SupportAccess.objects.get().ended is None


def test_other_changes_of_staff_leave_the_access_open(cast: Cast, supporter: User) -> None:
    ask(sign_in(supporter), cast.owner.pk)
    with cast.staffing():
        update_user(user_id=supporter.pk, changes={"name": "Sam Support"})
    assert SupportAccess.objects.get().ended is None
    with cast.staffing():
        update_user(user_id=supporter.pk, changes={"is_staff": False, "staff_role": ""})
    # A request that began before they were taken away.
    with acting_as(staff_actor(supporter)), pytest.raises(AccessEnded):
        start_support_access(workspace_id=cast.acme.pk, user_id=cast.owner.pk, reason="Ticket 4711")


def test_staff_see_nothing_of_customers_by_their_own_token(cast: Cast, staff: Program) -> None:
    cast.sims(1)
    for path in ("/sim", "/endpoint", "/user", "/application_token", "/service_profile"):
        assert staff.get(path).status_code in (403, 404), path
    assert {event["organisation"]["id"] for event in staff.get("/event").json()} <= {cast.operator.pk}
    assert staff.get(f"/organisation/{cast.acme.pk}").status_code == 404
    assert staff.call("GET", "/workspace/stats/daily", version=2).json() == []
    refreshed = staff.post("/authenticate", {"refresh_token": staff.token})
    assert refreshed.status_code == 401  # an auth token is no refresh token
