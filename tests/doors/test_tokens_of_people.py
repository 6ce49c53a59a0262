"""Application tokens neither make a way in nor outlive their maker's place (`docs/rules.md` sections 9 and 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from accounts.actors import actor_of, actor_of_token
from accounts.models import ApplicationToken, Invitation, Membership, User, Workspace
from accounts.people.services.erasure import erase_user
from accounts.people.services.invitations import invite_user
from accounts.people.services.members import change_role, leave_workspace, remove_member
from accounts.people.services.profiles import change_account
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from accounts.tokens.services import (
    create_application_token,
    describe_application_token,
    revoke_application_token,
)
from accounts.workspaces.services.workspaces import update_workspace
from kit.context import SYSTEM, acting_as
from tests.api.conftest import Program, exchange, make_token, sign_in
from tests.cast import Cast
from tests.doors.trying import answer_of
from tests.log import rows

# --- a token makes no way in ---


def _acme_token(cast: Cast) -> tuple[ApplicationToken, str]:
    return make_token(cast, cast.acme, by=cast.owner, description="ERP", role="Administrator")


def _by_token(cast: Cast, work: Callable[[ApplicationToken], Any]) -> Any:
    token, _value = _acme_token(cast)
    row = ApplicationToken.objects.select_related("workspace__package").get(pk=token.pk)
    with acting_as(actor_of_token(row)):
        return work(row)


def _program(cast: Cast) -> Program:
    return exchange(_acme_token(cast)[1])


DOORS: dict[str, tuple[Callable[[Cast], Any], str]] = {
    "create": (
        lambda cast: _by_token(cast, lambda row: create_application_token(workspace_id=cast.acme.pk)),
        "forbidden",
    ),
    "describe": (
        lambda cast: _by_token(
            cast,
            lambda row: describe_application_token(workspace_id=cast.acme.pk, token_id=row.pk, description="Other"),
        ),
        "forbidden",
    ),
    "revoke": (
        lambda cast: _by_token(cast, lambda row: revoke_application_token(workspace_id=cast.acme.pk, token_id=row.pk)),
        "forbidden",
    ),
    "invite": (
        lambda cast: _by_token(
            cast,
            lambda row: invite_user(
                workspace_id=cast.acme.pk, email="ghost@example.com", name="G", role="Administrator", link=str
            ),
        ),
        "forbidden",
    ),
    "role": (
        lambda cast: _by_token(
            cast, lambda row: change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Administrator")
        ),
        "forbidden",
    ),
    "remove": (
        lambda cast: _by_token(cast, lambda row: remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)),
        "forbidden",
    ),
    "suspend": (
        lambda cast: _by_token(
            cast, lambda row: change_account(workspace_id=cast.acme.pk, user_id=cast.member.pk, status=2)
        ),
        "forbidden",
    ),
    "API: create": (lambda cast: _program(cast).post("/application_token", {"description": "T2"}), "403"),
    "API: invite": (
        lambda cast: _program(cast).call(
            "POST",
            "/user/invitation",
            {"username": "ghost@example.com", "name": "G", "role": {"id": 1}},
            version=2,
        ),
        "403",
    ),
    "API: role": (lambda cast: _program(cast).call("PUT", f"/user/{cast.member.pk}/role/1"), "403"),
    "API: remove": (lambda cast: _program(cast).delete(f"/user/{cast.member.pk}"), "403"),
    "API: change": (lambda cast: _program(cast).patch(f"/user/{cast.member.pk}", {"name": "Mux"}), "403"),
}


@pytest.mark.parametrize("name", DOORS)
def test_no_door_opens_to_a_token(cast: Cast, name: str) -> None:
    door, expected = DOORS[name]
    assert answer_of(door, cast) == expected
    assert ApplicationToken.objects.count() <= 1
    assert not ApplicationToken.objects.filter(status=ApplicationToken.Status.REVOKED).exists()
    assert not Invitation.objects.exists()
    assert Membership.objects.get(user=cast.member).role == "User"
    assert User.objects.get(pk=cast.member.pk).name == "Max Member"


def test_a_token_still_reads_the_users(cast: Cast) -> None:
    """Programs list the members of a workspace; only changes are for people."""
    program = _program(cast)
    assert program.get("/user").status_code == 200
    assert program.get(f"/user/{cast.member.pk}").status_code == 200


# --- a token ends, or goes down, with its maker's place ---


def _removed_by_service(cast: Cast) -> None:
    with acting_as(actor_of(cast.owner)):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)


def _removed_by_page(cast: Cast) -> None:
    address = reverse("accounts:workspace_user_remove", args=[cast.acme.pk, cast.member.pk])
    assert cast.client(cast.owner).post(address).status_code == 303


def _removed_by_call(cast: Cast) -> None:
    assert sign_in(cast.owner).delete(f"/user/{cast.member.pk}").status_code == 204


def _removed_by_staff(cast: Cast) -> None:
    address = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    assert cast.client(cast.staff).post(address, {"what": "remove", "member": cast.member.pk}).status_code == 302


def _left(cast: Cast) -> None:
    with acting_as(actor_of(cast.member)):
        leave_workspace(workspace_id=cast.acme.pk)


def _erased(cast: Cast) -> None:
    with acting_as(SYSTEM):
        erase_user(user_id=cast.member.pk)


def _lowered_by_service(cast: Cast) -> None:
    with acting_as(actor_of(cast.owner)):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")


def _lowered_by_page(cast: Cast) -> None:
    address = reverse("accounts:workspace_user_role", args=[cast.acme.pk, cast.member.pk])
    assert cast.client(cast.owner).post(address, {"role": "Observer"}).status_code == 303


def _lowered_by_call(cast: Cast) -> None:
    assert sign_in(cast.owner).call("PUT", f"/user/{cast.member.pk}/role/3").status_code == 204


def _lowered_by_staff(cast: Cast) -> None:
    address = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    data = {"what": "role", "member": cast.member.pk, "new_role": "Observer"}
    assert cast.client(cast.staff).post(address, data).status_code == 302


GONE, LOWER = "left the workspace", "lowered from User to Observer, with the role of its creator"
ENDS: dict[str, tuple[Callable[[Cast], None], str]] = {
    "service remove_member": (_removed_by_service, GONE),
    "portal: remove": (_removed_by_page, GONE),
    "API: remove": (_removed_by_call, GONE),
    "admin: remove": (_removed_by_staff, GONE),
    "service leave_workspace": (_left, GONE),
    "service erase_user": (_erased, "was erased"),
    "service change_role": (_lowered_by_service, LOWER),
    "portal: role": (_lowered_by_page, LOWER),
    "API: role": (_lowered_by_call, LOWER),
    "admin: role": (_lowered_by_staff, LOWER),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_token_goes_with_its_maker_and_the_log_says_why(cast: Cast, name: str) -> None:
    token, value = make_token(cast, cast.acme, by=cast.member, description="ERP")
    others, _value = make_token(cast, cast.acme, by=cast.owner, description="Other")
    program = exchange(value)
    end, why = ENDS[name]
    end(cast)
    told = [text for type_, text in rows(cast.acme) if type_ in (10031, 10085)]
    assert len(told) == 1
    assert why in told[0]
    token.refresh_from_db()
    if why == LOWER:
        assert token.role == "Observer"
        assert program.get("/sim").status_code == 200
    else:
        assert token.status == ApplicationToken.Status.REVOKED
        assert program.get("/sim").status_code == 401
    others.refresh_from_db()
    assert (others.role, others.status) == ("Administrator", ApplicationToken.Status.ACTIVATED)


def _another_super_admin(cast: Cast) -> None:
    with acting_as(SYSTEM):
        set_super_admin(workspace_id=cast.acme.pk, user_id=cast.owner.pk)


def _unlinked(cast: Cast) -> None:
    with acting_as(SYSTEM):
        update_workspace(workspace_id=cast.bolt.pk, changes={"main_id": None})


@pytest.mark.parametrize("end", [_another_super_admin, _unlinked])
def test_a_super_admin_keeps_no_token_where_nothing_is_left(cast: Cast, end: Callable[[Cast], None]) -> None:
    """Max is User in Acme by membership, and in Bolt only by being SuperAdmin of Acme."""
    Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=cast.member)
    with acting_as(actor_of(cast.member)):
        token = create_application_token(workspace_id=cast.bolt.pk, role=Role.USER).token
    end(cast)
    token.refresh_from_db()
    assert token.status == ApplicationToken.Status.REVOKED
