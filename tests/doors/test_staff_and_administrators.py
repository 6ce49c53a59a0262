"""Staff don't get into a workspace by the account of who runs it: lowered, moved to another mailbox and raised again.

Every service and page by which staff give somebody a role is tried with an account whose address they have changed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import staff_actor
from accounts.authority import ADDRESS_SETTLES
from accounts.models import Invitation, Membership, User, Workspace
from accounts.people.services.addresses import change_customer_address, rename_account
from accounts.people.services.invitations import invite_user
from accounts.people.services.invited import change_invited, change_invited_role
from accounts.people.services.members import add_member, change_role, remove_member
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from accounts.workspaces.services.staff_changes import change_workspace
from kit.context import acting_as
from kit.errors import DomainError, Forbidden
from kit.models import OutgoingMail
from tests.admin.conftest import text_of
from tests.cast import Cast
from tests.log import types

pytestmark = pytest.mark.django_db
NEW = "helpers.mailbox@example.net"


def clerk() -> User:
    made = User.objects.create_user("sam@example.com", None, name="Sam Support", is_staff=True, staff_role="support")
    return User.objects.get(pk=made.pk)


def receivers() -> list[tuple[str, str]]:
    return [(mail.to[0], mail.subject) for mail in OutgoingMail.objects.order_by("pk")]


@pytest.fixture
def second(cast: Cast) -> User:
    """Acme's second Administrator."""
    Membership.objects.filter(user=cast.member).update(role=Role.ADMINISTRATOR)
    return cast.member


@pytest.fixture
def moved(cast: Cast, second: User) -> User:
    """The second Administrator after staff have lowered the role and changed the address."""
    with acting_as(staff_actor(clerk())):
        change_role(workspace_id=cast.acme.pk, user_id=second.pk, role=Role.OBSERVER)
        change_customer_address(user_id=second.pk, email=NEW, link=str)
    return second


def _removed(cast: Cast, user: User) -> None:
    remove_member(workspace_id=cast.acme.pk, user_id=user.pk)


def _asked_back(cast: Cast, user: User) -> None:
    _removed(cast, user)
    invite_user(workspace_id=cast.acme.pk, email=NEW, name=user.name, role=Role.USER, link=str)
    change_invited_role(workspace_id=cast.acme.pk, user_id=user.pk, role=Role.ADMINISTRATOR)


def _invited(cast: Cast, user: User) -> None:
    _removed(cast, user)
    invite_user(workspace_id=cast.acme.pk, email=NEW, name=user.name, role=Role.ADMINISTRATOR, link=str)


def _added(cast: Cast, user: User) -> None:
    _removed(cast, user)
    add_member(workspace_id=cast.acme.pk, user_id=user.pk, role=Role.ADMINISTRATOR)


RAISES: dict[str, Callable[[Cast, User], Any]] = {
    "role": lambda cast, user: change_role(workspace_id=cast.acme.pk, user_id=user.pk, role=Role.ADMINISTRATOR),
    "other workspace": lambda cast, user: add_member(
        workspace_id=cast.bolt.pk, user_id=user.pk, role=Role.ADMINISTRATOR
    ),
    "removed and added": _added,
    "removed and invited": _invited,
    "removed, invited and raised": _asked_back,
    "SuperAdmin": lambda cast, user: set_super_admin(workspace_id=cast.acme.pk, user_id=user.pk),
    "SuperAdmin by the page of the workspace": lambda cast, user: change_workspace(
        workspace_id=cast.acme.pk, changes={"super_admin_id": user.pk}
    ),
}


@pytest.mark.parametrize("way", RAISES)
def test_who_was_moved_by_staff_is_not_raised_by_staff(cast: Cast, moved: User, way: str) -> None:
    with acting_as(staff_actor(User.objects.get(email="sam@example.com"))), pytest.raises(Forbidden) as refused:
        RAISES[way](cast, moved)
    assert refused.value.code == "moved"
    assert "an Administrator of the workspace or a superuser gives it this role" in refused.value.message
    assert not Membership.objects.filter(user=moved, role=Role.ADMINISTRATOR).exists()
    assert not Invitation.objects.filter(user=moved, role=Role.ADMINISTRATOR).exists()
    assert Workspace.objects.get(pk=cast.acme.pk).super_admin_id != moved.pk


@pytest.mark.parametrize("who", ["superuser", "customer", "support later"])
def test_others_raise_whom_they_know_and_staff_later(cast: Cast, moved: User, who: str) -> None:
    later = timezone.now() + ADDRESS_SETTLES + timedelta(minutes=1)
    support = staff_actor(User.objects.get(email="sam@example.com"))
    by = {"superuser": cast.staffing, "customer": lambda: cast.acting(cast.owner)}
    with by[who]() if who in by else acting_as(support, moment=later):
        change_role(workspace_id=cast.acme.pk, user_id=moved.pk, role=Role.ADMINISTRATOR)
    assert Membership.objects.get(user=moved).role == Role.ADMINISTRATOR


def test_the_page_of_the_workspace_says_why(cast: Cast, moved: User) -> None:
    client: Client = cast.client(User.objects.get(email="sam@example.com"))
    members = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    fields = {"what": "role", "member": str(moved.pk), "new_role": Role.ADMINISTRATOR.value}
    answer = client.post(members, fields, follow=True)
    assert Membership.objects.get(user=moved).role == Role.OBSERVER
    assert "Staff changed the e-mail address of this account on" in text_of(answer)


@pytest.mark.parametrize("service", ["change_customer_address", "rename_account"])
def test_no_service_moves_who_runs_a_workspace(cast: Cast, second: User, service: str) -> None:
    with acting_as(staff_actor(clerk())), pytest.raises(Forbidden) as refused:
        if service == "rename_account":
            rename_account(workspace_id=cast.acme.pk, user_id=second.pk, email=NEW, link=str)
        else:
            change_customer_address(user_id=second.pk, email=NEW, link=str)
    assert refused.value.permission == "accounts.move_administrator"
    assert types() == []


def test_nor_the_way_over_an_invitation(cast: Cast, second: User) -> None:
    """Who is taken out, invited anew as an Administrator and moved before the answer is the same person."""
    with acting_as(staff_actor(clerk())):
        remove_member(workspace_id=cast.acme.pk, user_id=second.pk)
        invite_user(workspace_id=cast.acme.pk, email=second.email, name=second.name, role=Role.ADMINISTRATOR, link=str)
        with pytest.raises(DomainError) as refused:
            change_invited(workspace_id=cast.acme.pk, user_id=second.pk, email=NEW, link=str)
        # An address that was mistyped is mended: nobody had this account before.
        invite_user(workspace_id=cast.acme.pk, email="an@example.com", name="Ann", role=Role.ADMINISTRATOR, link=str)
        fresh = User.objects.get(email="an@example.com")
        change_invited(workspace_id=cast.acme.pk, user_id=fresh.pk, email="ann@example.com", link=str)
    assert isinstance(refused.value, Forbidden)
    assert User.objects.get(pk=second.pk).email == second.email
    assert User.objects.get(pk=fresh.pk).email == "ann@example.com"


def test_administrators_are_told_what_staff_do_to_one_of_them(cast: Cast, second: User) -> None:
    with acting_as(staff_actor(clerk())):
        change_role(workspace_id=cast.acme.pk, user_id=second.pk, role=Role.USER)
        change_role(workspace_id=cast.acme.pk, user_id=second.pk, role=Role.ADMINISTRATOR)
        remove_member(workspace_id=cast.acme.pk, user_id=second.pk)
    subject = f"The operator's staff changed the account of {second.name} in {cast.acme.name}"
    assert receivers() == [(cast.owner.email, subject)] * 3
    bodies = [mail.body for mail in OutgoingMail.objects.order_by("pk")]
    for body, said in zip(bodies, ("no longer runs Acme", "the right to run Acme", "out of Acme"), strict=True):
        assert said in body
        assert f"(User ID {second.pk})" in body


def test_what_customers_do_among_themselves_stands_in_the_log_alone(cast: Cast, second: User) -> None:
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=second.pk, role=Role.USER)
    assert receivers() == []
    assert types(cast.acme) == [10024]
