"""An erased person stays erased (`docs/rules.md` section 18): no door changes the account or lets it in again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.actors import actor_of
from accounts.models import Membership, User, Workspace
from accounts.people.services.activation import activate_account, resend_activation
from accounts.people.services.addresses import rename_account
from accounts.people.services.erasure import erase_user
from accounts.people.services.invitations import accept_invitation, invite_user, resend_invitation
from accounts.people.services.members import add_member
from accounts.people.services.profiles import change_account, set_default_workspace
from accounts.people.services.staff_accounts import reactivate_user, suspend_user, unlock_user, update_user
from accounts.people.services.super_admins import set_super_admin
from accounts.people.services.verification import ask_to_verify, verify_user
from accounts.sign_in.services.passwords import set_user_password
from accounts.sign_in.services.second_factors import remove_second_factor, start_second_factor
from accounts.sign_in.services.trusted_devices import trust_device
from accounts.sign_up.services import sign_up
from accounts.support.services import start_support_access
from accounts.tokens.services import create_application_token
from kit.action import action
from kit.context import ANONYMOUS, SYSTEM, acting_as
from kit.models import OutgoingMail
from tests.api.conftest import Program, sign_in
from tests.cast import PASSWORD, Cast
from tests.doors.trying import Door, answer_of, invited

NEW = "a whole new passphrase"
SECRET = "s" * 40


@pytest.fixture
def secrets(cast: Cast) -> dict[str, str]:
    """Erase the member, and return the link secrets of mails that were sent before."""
    found = {"invitation": invited(cast, cast.member.email, workspace=cast.bolt)}
    with cast.acting(cast.owner), action():
        ask_to_verify(cast.member, cast.acme.pk, lambda secret: found.setdefault("verification", secret))
    with acting_as(SYSTEM):
        erase_user(user_id=cast.member.pk)
    return found


def _system(work: Any) -> Any:
    with acting_as(SYSTEM):
        return work()


def _themselves(cast: Cast, work: Any) -> Any:
    """Act as the erased person would, had a session survived."""
    with acting_as(actor_of(cast.member)):
        return work()


def _admin(cast: Cast, path: str, data: dict[str, Any] | None = None) -> Any:
    return cast.client(cast.staff).post(f"/admin/accounts/user/{cast.member.pk}/{path}", data or {})


def _address(cast: Cast) -> str:
    return User.objects.get(pk=cast.member.pk).email


SERVICES: dict[str, tuple[Door, str]] = {
    "reactivate_user": (lambda cast: _system(lambda: reactivate_user(user_id=cast.member.pk)), "erased"),
    "suspend_user": (lambda cast: _system(lambda: suspend_user(user_id=cast.member.pk)), "erased"),
    "unlock_user": (lambda cast: _system(lambda: unlock_user(user_id=cast.member.pk)), "erased"),
    "update_user, name": (
        lambda cast: _system(lambda: update_user(user_id=cast.member.pk, changes={"name": "Max"})),
        "erased",
    ),
    "update_user, address": (
        lambda cast: _system(lambda: update_user(user_id=cast.member.pk, changes={"email": "max@example.com"})),
        "erased",
    ),
    "update_user, staff": (
        lambda cast: _system(lambda: update_user(user_id=cast.member.pk, changes={"is_staff": True})),
        "erased",
    ),
    "set_user_password": (
        lambda cast: _system(lambda: set_user_password(user_id=cast.member.pk, password=NEW)),
        "erased",
    ),
    "add_member": (
        lambda cast: _system(lambda: add_member(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="User")),
        "erased",
    ),
    "set_super_admin": (
        lambda cast: _system(lambda: set_super_admin(workspace_id=cast.acme.pk, user_id=cast.member.pk)),
        "erased",
    ),
    "remove_second_factor": (
        lambda cast: _system(lambda: remove_second_factor(workspace_id=None, user_id=cast.member.pk)),
        "erased",
    ),
    "erase_user": (lambda cast: _system(lambda: erase_user(user_id=cast.member.pk)), "erased"),
    "change_account": (
        lambda cast: _system(lambda: change_account(workspace_id=cast.acme.pk, user_id=cast.member.pk, status=1)),
        "not_found",
    ),
    "rename_account": (
        lambda cast: _system(
            lambda: rename_account(workspace_id=cast.acme.pk, user_id=cast.member.pk, email="m@example.com", link=str)
        ),
        "erased",
    ),
    "set_default_workspace": (
        lambda cast: _themselves(
            cast, lambda: set_default_workspace(workspace_id=cast.acme.pk, user_id=cast.member.pk)
        ),
        "not_found",
    ),
    "start_second_factor": (
        lambda cast: _themselves(cast, lambda: start_second_factor(user_id=cast.member.pk)),
        "invalid_token",
    ),
    "trust_device": (
        lambda cast: _system(
            lambda: trust_device(user_id=cast.member.pk, kind="browser", secret=SECRET, operating_system="", browser="")
        ),
        "erased",
    ),
    "create_application_token": (
        lambda cast: _themselves(cast, lambda: create_application_token(workspace_id=cast.acme.pk)),
        "not_found",
    ),
    "start_support_access": (
        lambda cast: _support(cast),
        "not_found",
    ),
    "invite_user": (
        lambda cast: invited(cast, _address(cast)),
        "erased",
    ),
}


def _support(cast: Cast) -> Any:
    with cast.staffing():
        return start_support_access(workspace_id=cast.acme.pk, user_id=cast.member.pk, reason="Ticket 4711")


PAGES: dict[str, tuple[Door, str]] = {
    "admin: reactivate": (lambda cast: _admin(cast, "lock/reactivate/"), "open"),
    "admin: the list's action": (
        lambda cast: cast.client(cast.staff).post(
            "/admin/accounts/user/", {"action": "reactivate_selected", "_selected_action": cast.member.pk}
        ),
        "open",
    ),
    "admin: account": (
        lambda cast: _admin(cast, "change/", {"email": "max@example.com", "name": "Max", "is_staff": "on"}),
        "422",
    ),
    "admin: erase": (lambda cast: _admin(cast, "erase/", {"typed": cast.member.pk}), "403"),
    "admin: members": (
        lambda cast: cast.client(cast.staff).post(
            f"/admin/accounts/workspace/{cast.acme.pk}/members/",
            {"what": "add", "user": cast.member.pk, "role": "User"},
        ),
        "422",
    ),
    "portal: invite": (
        lambda cast: cast.client(cast.owner).post(
            reverse("accounts:workspace_user_invite", args=[cast.acme.pk]),
            {"email": _address(cast), "name": "Max", "role": "User"},
        ),
        "422",
    ),
    "portal: sign in": (
        lambda cast: cast.client().post(reverse("account_login"), {"login": _address(cast), "password": PASSWORD}),
        "open",
    ),
    "API: sign in": (
        lambda cast: Program().post("/authenticate", {"username": _address(cast), "password": "a" * 40}),
        "401",
    ),
    "API: invite": (
        lambda cast: sign_in(cast.owner).call(
            "POST", "/user/invitation", {"username": _address(cast), "name": "Max", "role": {"id": 2}}, version=2
        ),
        "409",
    ),
    "API: change": (lambda cast: sign_in(cast.owner).patch(f"/user/{cast.member.pk}", {"status": {"id": 1}}), "404"),
    "API: role": (lambda cast: sign_in(cast.owner).call("PUT", f"/user/{cast.member.pk}/role/2"), "404"),
    "command erase_user": (
        lambda _cast: call_command("erase_user", str(_cast.member.pk), "--no-input"),
        "command: This user was erased. An erased account can't be changed or used again.",
    ),
    "database: status": (
        lambda cast: User.objects.filter(pk=cast.member.pk).update(status=User.Status.ACTIVE),
        "database",
    ),
    "database: staff": (lambda cast: User.objects.filter(pk=cast.member.pk).update(is_staff=True), "database"),
    "database: membership": (
        lambda cast: Membership.objects.create(user=cast.member, workspace=cast.acme, role="User"),
        "database",
    ),
    "database: SuperAdmin": (
        lambda cast: Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=cast.member),
        "database",
    ),
}
"""Pages that redirect in any case say the refusal in a message: there "open" means that the page answered."""
DOORS = SERVICES | PAGES


@pytest.mark.parametrize("name", DOORS)
def test_no_door_brings_an_erased_person_back(cast: Cast, secrets: dict[str, str], name: str) -> None:
    before = User.objects.filter(pk=cast.member.pk).values().get()
    assert before["erased"] is not None
    door, expected = DOORS[name]
    assert answer_of(door, cast) == expected
    _still_erased(cast, before)


LINKS: dict[str, Any] = {
    "accept_invitation": lambda secrets: accept_invitation(link_secret=secrets["invitation"], name="M", password=NEW),
    "activate_account, invitation": lambda secrets: activate_account(
        link_secret=secrets["invitation"], digest="a" * 40
    ),
    "activate_account, verification": lambda secrets: activate_account(
        link_secret=secrets["verification"], digest="a" * 40
    ),
    "verify_user": lambda secrets: verify_user(link_secret=secrets["verification"], password=NEW),
}


@pytest.mark.parametrize("name", LINKS)
def test_no_link_of_an_old_mail_opens_anything(cast: Cast, secrets: dict[str, str], name: str) -> None:
    before = User.objects.filter(pk=cast.member.pk).values().get()

    def door(_cast: Cast) -> Any:
        with acting_as(ANONYMOUS):
            return LINKS[name](secrets)

    assert answer_of(door, cast) == "link"
    _still_erased(cast, before)


def test_nothing_is_mailed_to_the_address_that_stands_in_place(
    cast: Cast, secrets: dict[str, str], mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    before = User.objects.filter(pk=cast.member.pk).values().get()
    mailoutbox.clear()
    address = _address(cast)
    with django_capture_on_commit_callbacks(execute=True), acting_as(ANONYMOUS):
        resend_activation(email=address, invitation_link=str, verification_link=str)
        cast.acme.package.evaluation = True
        cast.acme.package.save()
        sign_up(email=address, name="Max", organisation="Delta", link=str, sign_in_url="/")
    with django_capture_on_commit_callbacks(execute=True):
        cast.client().post(reverse("account_reset_password"), {"email": address})
    assert [mail.to for mail in mailoutbox if address in mail.to] == []
    assert not any(address in waiting.to for waiting in OutgoingMail.objects.all())
    _still_erased(cast, before)


def test_an_invitation_of_before_is_not_sent_again(cast: Cast, secrets: dict[str, str]) -> None:
    invitation = cast.bolt.invitations.get(user=cast.member)

    def door(_cast: Cast) -> Any:
        with cast.acting(cast.owner):
            return resend_invitation(workspace_id=cast.bolt.pk, invitation_id=invitation.pk, link=str)

    assert answer_of(door, cast) == "closed"


def test_the_address_is_free_for_somebody_new(cast: Cast, secrets: dict[str, str]) -> None:
    """The old address belongs to nobody: whoever has it may be invited, as another account."""
    with cast.acting(cast.owner):
        made = invite_user(workspace_id=cast.acme.pk, email=cast.member.email, name="Max Member", role="User", link=str)
    assert made.user_id != cast.member.pk


def _still_erased(cast: Cast, before: Any) -> None:
    assert User.objects.filter(pk=cast.member.pk).values().get() == before
    assert not Membership.objects.filter(user=cast.member).exists()
    assert not Workspace.objects.filter(super_admin=cast.member).exists()
