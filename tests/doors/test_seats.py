"""The number of users that a package allows counts members and open invitations at every door (section 18)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, Membership, PlatformPackage, User
from accounts.packages.services.subscriptions import set_package
from accounts.people.services.invitations import (
    accept_invitation,
    invite_user,
    link_secret_of,
    resend_invitation,
)
from accounts.people.services.members import add_member
from kit.context import ANONYMOUS, SYSTEM, acting_as
from tests.api.conftest import sign_in
from tests.cast import Cast
from tests.doors.trying import Door, answer_of

NEW = "nina.new@example.com"
NEXT = "next@example.com"


def _limit(cast: Cast, users: int | None) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(max_users=users)


@pytest.fixture
def full(cast: Cast) -> Invitation:
    """Fill Acme: three members and one open invitation are the four users of its package."""
    _limit(cast, 4)
    with cast.acting(cast.owner):
        return invite_user(workspace_id=cast.acme.pk, email=NEW, name="Nina New", role="User", link=str)


def _expire(invitation: Invitation) -> None:
    Invitation.objects.filter(pk=invitation.pk).update(expires=timezone.now() - timedelta(days=1))


def _by_owner(cast: Cast, email: str) -> Any:
    with cast.acting(cast.owner):
        return invite_user(workspace_id=cast.acme.pk, email=email, name="Next", role="User", link=str)


def _over_and_taken(cast: Cast) -> Invitation:
    """Let the invitation run out, and give its seat to somebody else."""
    old = Invitation.objects.get(email=NEW)
    _expire(old)
    _by_owner(cast, NEXT)
    return old


def by_resending(cast: Cast) -> Any:
    old = _over_and_taken(cast)
    with cast.acting(cast.owner):
        return resend_invitation(workspace_id=cast.acme.pk, invitation_id=old.pk, link=str)


def by_resending_on_the_page(cast: Cast) -> Any:
    old = _over_and_taken(cast)
    address = reverse("accounts:workspace_invitation_resend", args=[cast.acme.pk, old.pk])
    before = Invitation.objects.get(pk=old.pk).number
    response = cast.client(cast.owner).post(address)
    assert Invitation.objects.get(pk=old.pk).number == before
    return response


def by_accepting_when_somebody_else_sits(cast: Cast) -> Any:
    invitation = Invitation.objects.get(email=NEW)
    Membership.objects.create(user=cast.outsider, workspace=cast.acme, role="User")
    with acting_as(ANONYMOUS):
        return accept_invitation(link_secret=link_secret_of(invitation), name="Nina", password="a long new phrase")


def by_smaller_package(cast: Cast) -> Any:
    small = PlatformPackage.objects.create(
        name="Small", max_users=3, max_data_plans=4, workspaces_allowed=True, max_workspaces=3
    )
    with acting_as(SYSTEM):
        return set_package(workspace_id=cast.acme.pk, package_id=small.pk)


def by_adding(cast: Cast) -> Any:
    with acting_as(SYSTEM):
        return add_member(workspace_id=cast.acme.pk, user_id=cast.outsider.pk, role="User")


def by_admin_page(cast: Cast) -> Any:
    address = f"/admin/accounts/workspace/{cast.acme.pk}/members/"
    return cast.client(cast.staff).post(address, {"what": "add", "user": cast.outsider.pk, "role": "User"})


def by_page(cast: Cast) -> Any:
    data = {"email": NEXT, "name": "Next", "role": "User"}
    return cast.client(cast.owner).post(reverse("accounts:workspace_user_invite", args=[cast.acme.pk]), data)


def by_call(cast: Cast) -> Any:
    body = {"username": NEXT, "name": "Next", "role": {"id": 2}}
    return sign_in(cast.owner).call("POST", "/user/invitation", body, version=2)


DOORS: dict[str, tuple[Door, str]] = {
    "service invite_user": (lambda cast: _by_owner(cast, NEXT), "limit_reached"),
    "service invite_user, somebody known": (lambda cast: _by_owner(cast, cast.outsider.email), "limit_reached"),
    "portal: invite": (by_page, "422"),
    "API: invite": (by_call, "409"),
    "service resend_invitation": (by_resending, "limit_reached"),
    "portal: resend": (by_resending_on_the_page, "409"),
    "service accept_invitation": (by_accepting_when_somebody_else_sits, "limit_reached"),
    "service set_package": (by_smaller_package, "limit_reached"),
    "service add_member": (by_adding, "limit_reached"),
    "admin: members": (by_admin_page, "422"),
}


@pytest.mark.parametrize("name", DOORS)
def test_no_door_gives_a_seat_too_many(cast: Cast, full: Invitation, name: str) -> None:
    door, expected = DOORS[name]
    assert answer_of(door, cast) == expected


def test_an_open_invitation_keeps_its_seat(cast: Cast, full: Invitation) -> None:
    """Sent again while it lasts, and accepted, it takes no seat besides its own."""
    with cast.acting(cast.owner):
        again = resend_invitation(workspace_id=cast.acme.pk, invitation_id=full.pk, link=str)
    with acting_as(ANONYMOUS):
        accept_invitation(link_secret=link_secret_of(again), name="Nina New", password="a long new phrase")
    assert cast.acme.memberships.count() == 4


def test_one_that_is_over_takes_a_free_seat_again(cast: Cast, full: Invitation) -> None:
    _expire(full)
    with cast.acting(cast.owner):
        assert not resend_invitation(workspace_id=cast.acme.pk, invitation_id=full.pk, link=str).expired(timezone.now())


def test_who_could_not_accept_is_neither_invited_nor_reminded(cast: Cast) -> None:
    with cast.acting(cast.owner):
        known = invite_user(workspace_id=cast.acme.pk, email=cast.outsider.email, name="O", role="User", link=str)
    User.objects.filter(pk__in=[cast.outsider.pk, cast.observer.pk]).update(status=User.Status.SUSPENDED)

    def resend(_cast: Cast) -> Any:
        with cast.acting(cast.owner):
            return resend_invitation(workspace_id=cast.acme.pk, invitation_id=known.pk, link=str)

    def invite(_cast: Cast) -> Any:
        with cast.acting(cast.owner):
            return invite_user(workspace_id=cast.bolt.pk, email=cast.observer.email, name="O", role="User", link=str)

    assert [answer_of(door, cast) for door in (resend, invite)] == ["not_active", "not_active"]
