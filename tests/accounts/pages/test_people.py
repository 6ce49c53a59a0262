"""The users of a workspace: list, invitations from mail to sign-in, roles, removal, leaving."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation, Membership, PlatformPackage, User
from accounts.people.services.invitations import invite_user
from accounts.people.services.members import change_role, leave_workspace, remove_member
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from events.models import Event
from events.selectors import event_row, latest_persons, persons_of
from events.wire import wire
from kit.errors import Conflict, Forbidden, NotFound
from sims.devices.services.tags import change_tags
from tests.cast import PASSWORD, Cast
from tests.log import last, rows, types

NEW_PASSWORD = "fresh oats and barley"


def link(key: str) -> str:
    return f"http://testserver/accounts/invitation/{key}/"


def url(cast: Cast, name: str, *args: int) -> str:
    return reverse(f"accounts:{name}", args=[cast.acme.pk, *args])


def wire_of(event_id: int, cast: Cast) -> dict[str, Any]:
    row = event_row(workspace_id=cast.acme.pk, event_id=event_id)
    assert row is not None
    return wire(row, persons_of([row]), {cast.acme.pk: "Acme"})


def invited(cast: Cast, email: str = "nora@example.com", role: str = "User") -> Invitation:
    with cast.acting(cast.owner):
        return invite_user(workspace_id=cast.acme.pk, email=email, name="Nora Newcomer", role=role, link=link)


def open_mail(client: Client, number: int = -1) -> Any:
    """Follow the link of a mail to its form."""
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[number].body))
    assert found
    return client.get(found[1], follow=True)


# --- the list ---


def test_administrators_see_everybody_with_role_and_state(cast: Cast) -> None:
    invited(cast)
    response = cast.client(cast.owner).get(url(cast, "workspace_users"))
    html = response.content.decode()
    assert response.status_code == 200
    for text in ("Olga Owner", "Max Member", "Olaf Observer", "Nora Newcomer", "Invite pending", "Not set", "Observer"):
        assert text in html
    assert "Otto Outsider" not in html


@pytest.mark.parametrize("who", ["member", "observer"])
def test_only_administrators_see_the_list(cast: Cast, who: str) -> None:
    client = cast.client(getattr(cast, who))
    assert client.get(url(cast, "workspace_users")).status_code == 403
    assert client.post(url(cast, "workspace_user_invite"), {"email": "x@example.com"}).status_code == 403
    assert "Users" not in client.get(url(cast, "workspace_settings")).content.decode().split("tabs")[1][:900]


def test_filters_and_order(cast: Cast) -> None:
    invited(cast)
    client = cast.client(cast.owner)
    html = client.get(url(cast, "workspace_users"), {"access": "pending"}).content.decode()
    assert "Nora Newcomer" in html
    assert "Max Member" not in html
    html = client.get(url(cast, "workspace_users"), {"role": "Observer", "sort": "-created"}).content.decode()
    assert "Olaf Observer" in html
    assert "Max Member" not in html
    assert "Max Member" in client.get(url(cast, "workspace_users"), {"q": "max.m"}).content.decode()


def test_the_number_of_queries_does_not_grow_with_users(cast: Cast, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        user = User.objects.create_user(f"u{number}@example.com", name=f"U {number}")
        Membership.objects.create(user=user, workspace=cast.acme, role=Role.USER)
    client = cast.client(cast.owner)
    client.get(url(cast, "workspace_users"))
    with django_assert_max_num_queries(9):
        assert client.get(url(cast, "workspace_users")).status_code == 200


def test_of_an_invited_person_nothing_is_shown_but_what_was_typed(cast: Cast) -> None:
    with cast.acting(cast.owner):
        invite_user(
            workspace_id=cast.acme.pk, email="OTTO.outsider@example.com", name="Some Name", role="User", link=link
        )
    html = cast.client(cast.owner).get(url(cast, "workspace_users")).content.decode()
    assert "Some Name" in html
    assert "Otto Outsider" not in html
    event = wire_of(last().pk, cast)
    assert event["detail"]["id"] == cast.outsider.pk
    assert "Otto Outsider" not in str(event)
    # Nor does the invitation change what others read about this person.
    device = cast.device(workspace=cast.umbra)
    with cast.acting(cast.outsider):
        change_tags(workspace_id=cast.umbra.pk, device_ids=[device.pk], add=["spare"], remove=[])
    assert latest_persons(cast.umbra.pk, [cast.outsider.pk])[cast.outsider.pk].name == "Otto Outsider"


def test_a_workspace_does_not_learn_how_people_are_called_after_they_left(cast: Cast) -> None:
    device = cast.device()
    with cast.acting(cast.member):
        change_tags(workspace_id=cast.acme.pk, device_ids=[device.pk], add=["spare"], remove=[])
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    Membership.objects.create(user=cast.member, workspace=cast.umbra, role=Role.USER)
    User.objects.filter(pk=cast.member.pk).update(
        name="Max Newname", email="max@new.example", status=User.Status.ACTIVE
    )
    cast.member.refresh_from_db()
    other = cast.device(workspace=cast.umbra)
    with cast.acting(cast.member):
        change_tags(workspace_id=cast.umbra.pk, device_ids=[other.pk], add=["spare"], remove=[])
    html = cast.client(cast.owner).get(reverse("events:list", args=[cast.acme.pk])).content.decode()
    assert "Max Member" in html
    assert "Newname" not in html
    assert "max@new.example" not in html


# --- inviting ---


def test_an_invitation_is_event_36_with_the_key_masked(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = cast.client(cast.owner).post(
            url(cast, "workspace_user_invite"), {"email": "Nora@Example.com ", "name": "Nora Newcomer", "role": "User"}
        )
    assert response.status_code == 303
    invitation = Invitation.objects.get()
    assert invitation.expires - invitation.sent == timedelta(days=7)
    user = User.objects.get(email="nora@example.com")
    assert user.status == User.Status.ACTIVATION_PENDING
    event = wire_of(last().pk, cast)
    assert event["event_type"] == {"id": 36, "description": "User invited"}
    assert (event["description"], event["user"]["username"]) == ("User invited", cast.owner.email)
    assert event["detail"] == {
        "id": user.pk,
        "username": "nora@example.com",
        "name": "Nora Newcomer",
        "organisationId": cast.acme.pk,
        "activationKey": "••••••",
        "userFederated": False,
    }
    assert mail.outbox[0].to == ["nora@example.com"]
    assert mail.outbox[0].subject == "Invitation to Acme"
    assert "Olga Owner invites you" in mail.outbox[0].body
    assert (Event.objects.get(pk=last().pk).detail or {})["activationKey"] == "••••••"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"email": "nonsense"}, "valid email address"),
        ({"email": "max.member@example.com"}, "in the workspace already"),
        ({"email": ""}, "required"),
    ],
)
def test_a_wrong_invitation_keeps_what_was_typed(cast: Cast, values: dict[str, str], text: str) -> None:
    data = {"email": "x@example.com", "name": "Kept Name", "role": "Observer", **values}
    response = cast.client(cast.owner).post(url(cast, "workspace_user_invite"), data)
    html = response.content.decode()
    assert response.status_code == 422
    assert text in html
    assert "Kept Name" in html
    assert not Event.objects.filter(type=36).exists()


def test_nobody_is_invited_twice_or_past_the_package(cast: Cast) -> None:
    invited(cast)
    with pytest.raises(Conflict, match="invited already"):
        invited(cast)
    with cast.acting(cast.outsider), pytest.raises(Conflict, match="earlier invitation"):
        invite_user(workspace_id=cast.umbra.pk, email="nora@example.com", name="N", role="User", link=link)
    PlatformPackage.objects.update(max_users=4)
    with pytest.raises(Conflict, match="4 users"):
        invited(cast, "other@example.com")


def test_a_package_without_workspaces_takes_no_users_of_others(cast: Cast) -> None:
    with cast.acting(cast.outsider), pytest.raises(Conflict, match="does not allow users of other"):
        invite_user(workspace_id=cast.umbra.pk, email=cast.member.email, name="M", role="User", link=link)


# --- accepting ---


def test_from_mail_to_sign_in(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invited(cast, role="Observer")
    client = cast.client()
    page = open_mail(client)
    html = page.content.decode()
    assert "Join <bdi>Acme</bdi>" in html
    assert "Observer" in html
    assert "Bolt" not in html
    weak = client.post(reverse("accounts:join"), {"name": "Nora", "password": "short", "repeated": "short"})
    assert weak.status_code == 422
    differs = client.post(reverse("accounts:join"), {"name": "Nora", "password": NEW_PASSWORD, "repeated": "other"})
    assert differs.status_code == 422
    done = client.post(
        reverse("accounts:join"), {"name": "Nora Nilsson", "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}
    )
    assert done.status_code == 302
    user = User.objects.get(email="nora@example.com")
    assert (user.name, user.status, user.default_workspace) == ("Nora Nilsson", User.Status.ACTIVE, cast.acme)
    assert rows(cast.acme)[-2:] == [
        (41, "User '{subject.username}' verified successfully"),
        (10025, "{subject.username} joined the workspace"),
    ]
    assert wire_of(last().pk, cast)["user"]["name"] == "Nora Nilsson"
    signed_in = client.post(reverse("account_login"), {"login": user.email, "password": NEW_PASSWORD}, follow=True)
    assert signed_in.redirect_chain[-1][0] == reverse("dashboard", args=[cast.acme.pk])
    assert client.get(reverse("dashboard", args=[cast.bolt.pk])).status_code == 404
    # The link is used up.
    client.logout()
    assert open_mail(client).status_code == 404


def test_existing_users_join_while_signed_out(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invited(cast, cast.outsider.email)
    client = cast.client(cast.outsider)
    assert "Sign out to accept" in open_mail(client).content.decode()
    assert client.post(reverse("accounts:join")).status_code == 409
    assert not Membership.objects.filter(user=cast.outsider, workspace=cast.acme).exists()
    client = cast.client()
    html = open_mail(client).content.decode()
    assert "account here already" in html
    assert 'type="password"' not in html
    assert client.post(reverse("accounts:join")).status_code == 302
    assert Membership.objects.get(user=cast.outsider, workspace=cast.acme).role == "User"
    cast.outsider.refresh_from_db()
    assert cast.outsider.check_password(PASSWORD)
    assert cast.outsider.default_workspace == cast.umbra
    assert types(cast.acme) == [36, 10025]


def test_links_end_by_time_by_a_newer_mail_and_by_withdrawal(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invitation = invited(cast)
    Invitation.objects.update(expires=timezone.now() - timedelta(minutes=1))
    html = cast.client(cast.owner).get(url(cast, "workspace_users")).content.decode()
    assert "Invite expired" in html
    assert open_mail(cast.client()).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        again = cast.client(cast.owner).post(url(cast, "workspace_invitation_resend", invitation.pk))
    assert again.status_code == 303
    assert types(cast.acme)[-1] == 36
    assert open_mail(cast.client(), 0).status_code == 404
    assert open_mail(cast.client(), 1).status_code == 200
    cast.client(cast.owner).post(url(cast, "workspace_invitation_withdraw", invitation.pk))
    assert open_mail(cast.client(), 1).status_code == 404
    assert types(cast.acme)[-1] == 46


def test_a_password_chosen_before_verification_opens_nothing(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    squatted = User.objects.create_user(
        "nora@example.com", "the squatter's phrase", name="Squatter", status=User.Status.ACTIVATION_PENDING
    )
    with django_capture_on_commit_callbacks(execute=True):
        invited(cast)
    client = cast.client()
    open_mail(client)
    client.post(reverse("accounts:join"), {"name": "Nora", "password": NEW_PASSWORD, "repeated": NEW_PASSWORD})
    squatted.refresh_from_db()
    assert squatted.check_password(NEW_PASSWORD)


# --- roles and removal ---


def test_roles_and_removal_by_the_page(cast: Cast) -> None:
    client = cast.client(cast.owner)
    assert client.post(url(cast, "workspace_user_role", cast.member.pk), {"role": "Observer"}).status_code == 303
    assert types(cast.acme)[-1] == 10024
    assert client.get(url(cast, "workspace_user_remove", cast.member.pk)).status_code == 200
    assert client.post(url(cast, "workspace_user_remove", cast.member.pk)).status_code == 303
    event = wire_of(last().pk, cast)
    assert (event["event_type"]["id"], event["description"]) == (46, "User 'max.member@example.com' deleted")
    assert event["event_severity"]["description"] == "Warn"
    assert event["user"]["username"] == cast.owner.email
    assert event["detail"] == {"user": {"id": cast.member.pk, "username": "max.member@example.com"}}
    cast.member.refresh_from_db()
    assert not cast.member.is_active
    assert not cast.member.has_usable_password()


def test_with_another_workspace_left_it_is_10026(cast: Cast) -> None:
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.USER)
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert types(cast.acme) == [10026]
    cast.member.refresh_from_db()
    assert cast.member.is_active
    assert cast.member.default_workspace == cast.bolt


def test_a_removed_person_can_be_invited_again(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    with django_capture_on_commit_callbacks(execute=True):
        invited(cast, cast.member.email)
    client = cast.client()
    open_mail(client)
    client.post(reverse("accounts:join"), {"name": "Max M", "password": NEW_PASSWORD, "repeated": NEW_PASSWORD})
    cast.member.refresh_from_db()
    assert cast.member.is_active
    assert cast.member.default_workspace == cast.acme


def test_the_last_administrator_and_ones_own_role_are_protected(cast: Cast) -> None:
    client = cast.client(cast.owner)
    own = client.post(url(cast, "workspace_user_role", cast.owner.pk), {"role": "User"})
    assert own.status_code == 422
    assert client.post(url(cast, "workspace_user_remove", cast.owner.pk)).status_code == 422
    with cast.acting(cast.owner):
        with pytest.raises(Forbidden):
            change_role(workspace_id=cast.acme.pk, user_id=cast.owner.pk, role="User")
        with pytest.raises(Conflict, match="last Administrator"):
            leave_workspace(workspace_id=cast.acme.pk)
    with cast.staffing(), pytest.raises(Conflict, match="last Administrator"):
        change_role(workspace_id=cast.acme.pk, user_id=cast.owner.pk, role="User")
    assert types(cast.acme) == []


def test_the_superadmin_is_listed_everywhere_and_touched_nowhere(cast: Cast) -> None:
    with cast.staffing():
        set_super_admin(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    html = cast.client(cast.owner).get(reverse("accounts:workspace_users", args=[cast.bolt.pk])).content.decode()
    assert "Max Member" in html
    assert "SuperAdmin" in html
    client = cast.client(cast.owner)
    assert client.post(url(cast, "workspace_user_remove", cast.member.pk)).status_code == 422
    with cast.acting(cast.member), pytest.raises(Conflict):
        leave_workspace(workspace_id=cast.acme.pk)


def test_leaving(cast: Cast) -> None:
    client = cast.client(cast.observer)
    assert client.get(url(cast, "workspace_leave")).status_code == 200
    assert client.post(url(cast, "workspace_leave")).status_code == 303
    assert types(cast.acme) == [46]
    assert client.get(reverse("dashboard", args=[cast.acme.pk])).status_code == 302
    with cast.acting(cast.observer), pytest.raises(NotFound):
        leave_workspace(workspace_id=cast.acme.pk)


def test_ids_of_other_workspaces_are_not_found(cast: Cast) -> None:
    invitation = invited(cast)
    client = cast.client(cast.outsider)
    base = f"/w/{cast.umbra.pk}/settings/users/"
    for path in (
        f"{cast.member.pk}/role/",
        f"{cast.member.pk}/remove/",
        f"invitations/{invitation.pk}/resend/",
        f"invitations/{invitation.pk}/withdraw/",
    ):
        assert client.post(base + path, {"role": "User"}).status_code == 404, path
    assert types(cast.acme) == [36]
