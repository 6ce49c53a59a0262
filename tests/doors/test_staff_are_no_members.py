"""Staff are neither members nor SuperAdmin of customers' workspaces (`docs/rules.md` section 9), by no door."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import guards
from accounts.actors import actor_of
from accounts.models import Membership, User, Workspace
from accounts.people.services.activation import activate_account
from accounts.people.services.invitations import accept_invitation, invite_user
from accounts.people.services.members import add_member
from accounts.people.services.staff_accounts import update_user
from accounts.people.services.super_admins import keep_super_admin, set_super_admin
from accounts.permissions import Role
from accounts.workspaces.services.staff_changes import change_workspace
from accounts.workspaces.services.workspaces import create_workspace, update_workspace
from kit.action import action
from kit.context import SYSTEM, acting_as
from tests.admin.test_workspaces import form_of
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.doors.trying import Door, answer_of, invited

pytestmark = pytest.mark.sqlite_too("the database's own guards have SQL for each database")

NEW = "new.staff@example.com"


def clerk(cast: Cast) -> User:
    """Return a member of staff who is no superuser."""
    user, _made = User.objects.get_or_create(
        email="clara@example.com", defaults={"name": "Clara Clerk", "is_staff": True, "staff_role": "operations"}
    )
    return user


# --- doors by which staff would come in ---


def by_service(cast: Cast) -> None:
    with acting_as(SYSTEM):
        add_member(workspace_id=cast.acme.pk, user_id=clerk(cast).pk, role="Administrator")


def by_admin_page_of_members(cast: Cast) -> Any:
    address = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    return cast.client(cast.staff).post(address, {"what": "add", "user": clerk(cast).pk, "role": "Observer"})


def by_invitation_service(cast: Cast) -> None:
    with cast.acting(cast.owner):
        invite_user(workspace_id=cast.acme.pk, email=clerk(cast).email, name="C", role="User", link=str)


def by_invitation_page(cast: Cast) -> Any:
    data = {"email": clerk(cast).email, "name": "Clara", "role": "User"}
    return cast.client(cast.owner).post(reverse("accounts:workspace_user_invite", args=[cast.acme.pk]), data)


def by_invitation_call(cast: Cast) -> Any:
    body = {"username": clerk(cast).email, "name": "Clara", "role": {"id": 2}}
    return sign_in(cast.owner).call("POST", "/user/invitation", body, version=2)


def _invited_before(cast: Cast) -> str:
    """Return the link of an invitation whose person joined the staff before it was accepted."""
    secret = invited(cast, cast.outsider.email)
    Membership.objects.filter(user=cast.outsider).delete()
    User.objects.filter(pk=cast.outsider.pk).update(is_staff=True, staff_role="operations")
    return secret


def by_accepting(cast: Cast) -> None:
    secret = _invited_before(cast)
    with acting_as(SYSTEM):
        accept_invitation(link_secret=secret)


def by_accepting_over_the_api(cast: Cast) -> None:
    secret = _invited_before(cast)
    with acting_as(SYSTEM):
        activate_account(link_secret=secret, digest=None)


def by_accepting_on_the_page(cast: Cast) -> Any:
    secret = _invited_before(cast)
    client = cast.client()
    client.get(reverse("accounts:invitation", args=[secret]))
    return client.post(reverse("accounts:join"))


def by_super_admin_service(cast: Cast) -> None:
    with acting_as(SYSTEM):
        set_super_admin(workspace_id=cast.acme.pk, user_id=clerk(cast).pk)


def by_change_of_a_workspace(cast: Cast) -> None:
    with acting_as(SYSTEM):
        change_workspace(workspace_id=cast.acme.pk, changes={"super_admin_id": clerk(cast).pk})


def by_admin_page_of_the_workspace(cast: Cast) -> Any:
    form = form_of(cast.acme, super_admin=clerk(cast).pk)
    return cast.client(cast.staff).post(f"/admin/accounts/workspace/{cast.acme.pk}/change/", form)


# --- doors by which a member would join the staff ---


def by_staff_rights_for_a_member(cast: Cast) -> None:
    with acting_as(SYSTEM):
        update_user(user_id=cast.member.pk, changes={"is_staff": True})


def by_staff_rights_for_a_super_admin(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.umbra.pk).update(super_admin=cast.outsider)
    Membership.objects.filter(user=cast.outsider).delete()
    with acting_as(SYSTEM):
        update_user(user_id=cast.outsider.pk, changes={"is_staff": True})


def by_admin_page_of_the_user(cast: Cast) -> Any:
    form = {"email": cast.member.email, "name": cast.member.name, "is_staff": "on", "staff_role": "support"}
    return cast.client(cast.staff).post(f"/admin/accounts/user/{cast.member.pk}/change/", form)


# --- doors by which a customer's workspace would hang on the operator's, whose SuperAdmin is staff ---


def by_a_link_to_the_operator(cast: Cast) -> None:
    with acting_as(SYSTEM):
        update_workspace(workspace_id=cast.umbra.pk, changes={"main_id": cast.operator.pk})


def by_a_new_workspace_under_the_operator(cast: Cast) -> None:
    with acting_as(SYSTEM):
        create_workspace(name="Delta", package_id=cast.acme.package_id, main_id=cast.operator.pk)


# --- the database itself ---


def by_a_membership_row(cast: Cast) -> None:
    Membership.objects.create(user=clerk(cast), workspace=cast.acme, role=Role.USER)


def by_moving_a_membership_row(cast: Cast) -> None:
    row = Membership.objects.create(user=clerk(cast), workspace=cast.operator, role=Role.USER)
    Membership.objects.filter(pk=row.pk).update(workspace=cast.acme)


def by_a_row_of_the_workspace(cast: Cast) -> None:
    Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=clerk(cast))


def by_a_row_of_the_user(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(is_staff=True)


def by_another_kind_of_workspace(cast: Cast) -> None:
    Membership.objects.create(user=clerk(cast), workspace=cast.operator, role=Role.USER)
    Workspace.objects.filter(pk=cast.operator.pk).update(type=Workspace.Type.ENTERPRISE)


DOORS: dict[str, tuple[Door, str]] = {
    "service add_member": (by_service, "staff"),
    "admin: members": (by_admin_page_of_members, "422"),
    "service invite_user": (by_invitation_service, "staff"),
    "portal: invite": (by_invitation_page, "422"),
    "API: invite": (by_invitation_call, "409"),
    "service accept_invitation": (by_accepting, "staff"),
    "service activate_account": (by_accepting_over_the_api, "staff"),
    "portal: join": (by_accepting_on_the_page, "422"),
    "service set_super_admin": (by_super_admin_service, "staff"),
    "service change_workspace": (by_change_of_a_workspace, "staff"),
    "admin: workspace": (by_admin_page_of_the_workspace, "422"),
    "service update_user, a member": (by_staff_rights_for_a_member, "member"),
    "service update_user, a SuperAdmin": (by_staff_rights_for_a_super_admin, "member"),
    "admin: user": (by_admin_page_of_the_user, "422"),
    "service update_workspace": (by_a_link_to_the_operator, "operator"),
    "service create_workspace": (by_a_new_workspace_under_the_operator, "operator"),
    "database: membership": (by_a_membership_row, "database"),
    "database: membership moved": (by_moving_a_membership_row, "database"),
    "database: SuperAdmin": (by_a_row_of_the_workspace, "database"),
    "database: staff rights": (by_a_row_of_the_user, "database"),
    "database: kind of workspace": (by_another_kind_of_workspace, "database"),
}


@pytest.mark.parametrize("name", DOORS)
def test_no_door_makes_staff_a_member(cast: Cast, name: str) -> None:
    door, expected = DOORS[name]
    assert answer_of(door, cast) == expected
    customers = Workspace.objects.exclude(type=Workspace.Type.OPERATOR)
    assert not Membership.objects.filter(user__is_staff=True, workspace__in=customers).exists()
    assert not customers.filter(super_admin__is_staff=True).exists()
    assert not customers.filter(main__super_admin__is_staff=True).exists()


def test_the_operators_own_workspace_is_the_exception(cast: Cast) -> None:
    """Staff may belong to it, and whoever belongs to nothing else may join the staff."""
    with acting_as(SYSTEM):
        add_member(workspace_id=cast.operator.pk, user_id=clerk(cast).pk, role="User")
        set_super_admin(workspace_id=cast.operator.pk, user_id=clerk(cast).pk)
        newcomer = User.objects.create_user(NEW, name="Nora")
        add_member(workspace_id=cast.operator.pk, user_id=newcomer.pk, role="User")
        update_user(user_id=newcomer.pk, changes={"is_staff": True})
    assert set(actor_of(clerk(cast)).roles) == {cast.operator.pk}


def test_the_refusal_names_the_workspaces(cast: Cast) -> None:
    answer = by_admin_page_of_the_user(cast).content.decode()
    assert "Take this person out of these first, and name another SuperAdmin where they are it: Acme." in answer


def test_stray_staff_do_not_follow_as_super_admin(cast: Cast) -> None:
    """A membership from before the guard: its holder is passed over when a SuperAdmin is chosen."""
    guards.drop_guards()
    Membership.objects.filter(workspace=cast.umbra).update(user=clerk(cast))
    with acting_as(SYSTEM), action():
        assert keep_super_admin(cast.umbra) is False
    cast.umbra.refresh_from_db()
    assert cast.umbra.super_admin is None


def test_a_missing_guard_is_reported_and_comes_back(cast: Cast) -> None:
    assert guards.missing_guards() == []
    guards.drop_guards()
    assert len(guards.missing_guards()) == 6
    with pytest.raises(SystemCheckError, match="staff could be put into customers' workspaces"):
        call_command("check", "--database", "default")
    guards.create_guards()
    assert guards.missing_guards() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        by_a_membership_row(cast)
