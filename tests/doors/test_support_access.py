"""Support access ends with its time, with the right to it and with the user acted for (`docs/rules.md` section 11)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import staff_actor
from accounts.models import Membership, SupportAccess, User, Workspace
from accounts.people.services.erasure import erase_user
from accounts.people.services.staff_accounts import suspend_user, update_user
from accounts.permissions import Role
from accounts.queued_actors import as_of_now
from accounts.support.services import access_under, end_support_access, start_support_access
from kit.context import SYSTEM, ActorKind, acting_as
from kit.jobs import freeze_actor, revive_actor
from tests.api.conftest import Program, sign_in
from tests.cast import PASSWORD, Cast

REASON = "Ticket 4711"


@pytest.fixture
def helper(cast: Cast) -> User:
    """Return somebody who may enter as support and is no superuser."""
    return User.objects.create_user("sam@example.org", PASSWORD, name="Sam", is_staff=True, staff_role="support")


# --- what ends it ---


def _time(_cast: Cast, _helper: User) -> None:
    SupportAccess.objects.update(expires=timezone.now() - timedelta(seconds=1))


def _ended(_cast: Cast, _helper: User) -> None:
    with acting_as(SYSTEM):
        end_support_access(access_id=SupportAccess.objects.get().pk)


def _demoted(_cast: Cast, helper: User) -> None:
    with acting_as(SYSTEM):
        update_user(user_id=helper.pk, changes={"staff_role": "reader"})


def _staff_suspended(_cast: Cast, helper: User) -> None:
    with acting_as(SYSTEM):
        suspend_user(user_id=helper.pk)


def _user_suspended(cast: Cast, _helper: User) -> None:
    with acting_as(SYSTEM):
        suspend_user(user_id=cast.member.pk)


def _user_erased(cast: Cast, _helper: User) -> None:
    with acting_as(SYSTEM):
        erase_user(user_id=cast.member.pk)


def _user_removed(cast: Cast, _helper: User) -> None:
    Membership.objects.filter(user=cast.member).delete()


ENDS: dict[str, Callable[[Cast, User], None]] = {
    "time": _time,
    "ended": _ended,
    "right": _demoted,
    "staff suspended": _staff_suspended,
    "user suspended": _user_suspended,
    "user erased": _user_erased,
    "user removed": _user_removed,
}


# --- doors that it opens ---


def _job(cast: Cast, helper: User) -> Callable[[], bool]:
    with acting_as(staff_actor(helper)):
        access = start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason=REASON)
    frozen = json.loads(json.dumps(freeze_actor(access_under(access).actor)))

    def opens() -> bool:
        with acting_as(SYSTEM):
            found = as_of_now(revive_actor(frozen))
        return found is not None and found.roles == {cast.acme.pk: "User"}

    return opens


def _page(cast: Cast, helper: User) -> Callable[[], bool]:
    client: Client = cast.client(helper)
    client.post(f"/support/{cast.acme.pk}/", {"user": cast.member.pk, "reason": REASON})
    return lambda: client.get(f"/w/{cast.acme.pk}/").status_code == 200


def _call(cast: Cast, helper: User) -> Callable[[], bool]:
    body = {"role": "1", "organisation": {"id": cast.acme.pk}, "reason": REASON}
    answer = sign_in(helper).post(f"/user/{cast.member.pk}/support_token", body)
    assert answer.status_code == 201, answer.content
    program = Program(token=answer.json()["support_token"])
    return lambda: program.get("/sim").status_code == 200


DOORS: dict[str, Callable[[Cast, User], Callable[[], bool]]] = {"job": _job, "page": _page, "API": _call}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("door", DOORS)
def test_no_door_stays_open(cast: Cast, helper: User, door: str, end: str) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=cast.owner)
    opens = DOORS[door](cast, helper)
    assert opens()
    ENDS[end](cast, helper)
    assert not opens()


def test_a_token_that_only_looks_stays_one_in_a_job(cast: Cast, helper: User) -> None:
    with acting_as(staff_actor(helper)):
        access = start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason=REASON)
    frozen = freeze_actor(access_under(access).actor)
    frozen["roles"] = {str(cast.acme.pk): Role.OBSERVER.value}
    with acting_as(SYSTEM):
        found: Any = as_of_now(revive_actor(frozen))
    assert found.roles == {cast.acme.pk: Role.OBSERVER}


def test_a_visit_of_another_workspace_or_user_revives_nothing(cast: Cast, helper: User) -> None:
    with acting_as(staff_actor(helper)):
        first = start_support_access(workspace_id=cast.acme.pk, user_id=cast.owner.pk, reason=REASON)
        old = access_under(first).actor
        start_support_access(workspace_id=cast.bolt.pk, user_id=cast.owner.pk, reason=REASON)
        found = as_of_now(old)
        assert found is not None
        assert (found.kind, found.roles) == (ActorKind.STAFF_FOR_USER, {})
        start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason=REASON)
        assert as_of_now(old) is None


def test_a_job_of_staff_has_their_rights_of_now(cast: Cast) -> None:
    clerk = User.objects.create_user("c@example.org", PASSWORD, name="C", is_staff=True, staff_role="shop")
    frozen = json.loads(json.dumps(freeze_actor(staff_actor(clerk))))
    assert "rights" not in frozen
    assert not revive_actor(frozen).holds("orders.change_order"), "nothing until it was read anew"
    with acting_as(SYSTEM):
        found: Any = as_of_now(revive_actor(frozen))
        assert found.holds("orders.change_order")
        User.objects.filter(pk=clerk.pk).update(staff_role="reader")
        found = as_of_now(revive_actor(frozen))
        assert not found.holds("orders.change_order")
