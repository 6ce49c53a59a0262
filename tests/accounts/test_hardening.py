"""What outlives its reason opens nothing: sessions, devices, keys and rights after the account behind them changed."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.actors import actor_of, rights_of, support_actor
from accounts.models import ApplicationToken, Membership, SupportAccess, TrustedDevice, User
from accounts.people.services.invitations import accept_invitation, invite_user
from accounts.people.services.members import change_role, remove_member
from accounts.people.services.profiles import change_account
from accounts.people.services.staff_accounts import reactivate_user, suspend_user
from accounts.people.services.super_admins import drop_super_admin, set_super_admin
from accounts.permissions import Permission, Role, actor_may, authorise
from accounts.selectors import entries_of
from accounts.sign_in.services.second_factors import confirm_password, remove_second_factor, start_second_factor
from accounts.sign_in.services.trusted_devices import trust_device
from accounts.support.services import start_support_access
from accounts.tokens.services import create_application_token
from events.models import Event
from kit.context import ANONYMOUS, Actor, acting_as
from kit.errors import Forbidden
from tests.cast import PASSWORD, Cast
from tests.log import last, types
from tests.second_factors import App, set_up


def signed_in(user: User) -> Client:
    """Return a browser that has signed in by the form."""
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert client.get(reverse("accounts:account")).status_code == 200
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("accounts:account")).status_code == 200


def trust(user: User) -> None:
    with acting_as(ANONYMOUS):
        trust_device(
            user_id=user.pk, kind="fingerprint", secret="0123456789abcdef", operating_system="Linux", browser="curl 8"
        )


# --- a second factor is asked of everybody who is in ---


def test_setting_up_a_second_factor_ends_all_other_sessions(cast: Cast) -> None:
    thief, own = signed_in(cast.member), signed_in(cast.member)
    epoch = User.objects.get(pk=cast.member.pk).token_epoch
    own.post(reverse("accounts:account_mfa_setup"), {"kind": "totp", "password": PASSWORD})
    secret = str(own.get(reverse("accounts:account_mfa_setup")).context["secret"])
    assert own.post(reverse("accounts:account_mfa_setup"), {"code": App(secret).wrong()}).status_code == 422
    assert is_in(thief)
    done = own.post(reverse("accounts:account_mfa_setup"), {"code": App(secret).code()}, follow=True)
    assert len(done.context["lines"].split("\n")) == 10
    assert is_in(own)
    assert not is_in(thief)
    assert User.objects.get(pk=cast.member.pk).token_epoch == epoch + 1


# --- suspending ---


def test_a_session_of_before_a_suspension_stays_over_by_staff(cast: Cast) -> None:
    client = signed_in(cast.member)
    with cast.staffing():
        suspend_user(user_id=cast.member.pk)
    assert not is_in(client)
    with cast.staffing():
        reactivate_user(user_id=cast.member.pk)
    assert not is_in(client)
    assert is_in(signed_in(cast.member))


def test_a_session_of_before_a_suspension_stays_over_by_an_administrator(cast: Cast) -> None:
    client = signed_in(cast.member)
    for status in (User.Status.SUSPENDED, User.Status.ACTIVE):
        with cast.acting(cast.owner):
            change_account(workspace_id=cast.acme.pk, user_id=cast.member.pk, status=status)
        assert not is_in(client)


# --- the end of an account ---


def test_a_closed_account_keeps_no_key_device_or_session(cast: Cast) -> None:
    client = signed_in(cast.member)
    _app, _codes, key = set_up(cast.member)
    trust(cast.member)
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert types(cast.acme)[-2:] == [14, 46]
    told = Event.objects.of(cast.acme.pk).filter(type=14).get()
    assert f"'{key.pk}'" in told.description
    assert not Authenticator.objects.filter(user=cast.member).exists()
    assert not TrustedDevice.objects.filter(user=cast.member).exists()
    assert not client.session.keys()


def test_an_account_that_goes_on_elsewhere_keeps_its_key(cast: Cast) -> None:
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.USER)
    set_up(cast.member)
    trust(cast.member)
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert Authenticator.objects.filter(user=cast.member, type="totp").exists()
    assert TrustedDevice.objects.filter(user=cast.member).exists()


def test_who_leaves_the_last_workspace_is_led_to_sign_in(cast: Cast) -> None:
    client = signed_in(cast.member)
    url = reverse("accounts:workspace_leave", args=[cast.acme.pk])
    answer = client.post(url)
    assert (answer.status_code, answer.headers["Location"]) == (303, reverse("home"))
    assert not is_in(client)
    assert types(cast.acme)[-1] == 46


def test_the_first_password_forgets_trusted_devices(cast: Cast) -> None:
    keys: list[str] = []

    def link(key: str) -> str:
        keys.append(key)
        return f"https://portal.example.com/{key}"

    with cast.acting(cast.owner):
        invite_user(workspace_id=cast.acme.pk, email="nina@example.com", name="Nina New", role="User", link=link)
    nina = User.objects.get(email="nina@example.com")
    trust(nina)
    with acting_as(ANONYMOUS):
        accept_invitation(link_secret=keys[0], name="Nina New", password=PASSWORD)
    assert not TrustedDevice.objects.filter(user=nina).exists()


# --- support access ---


def visiting(cast: Cast, user: User) -> Actor:
    with cast.staffing():
        access = start_support_access(workspace_id=cast.acme.pk, user_id=user.pk, reason="Ticket 4711")
    return support_actor(access, [entry for entry in entries_of(user.pk) if entry.id == cast.acme.pk])


@pytest.mark.parametrize("permission", [Permission.USER_MANAGE, Permission.TOKEN_CREATE])
def test_support_leaves_no_key_and_nobody_behind(cast: Cast, permission: Permission) -> None:
    actor = visiting(cast, cast.owner)
    assert actor_may(actor_of(cast.owner), cast.acme.pk, permission)
    assert not actor_may(actor, cast.acme.pk, permission)
    assert permission.name not in rights_of(actor, cast.acme.pk)
    assert Permission.SIM_TRANSFER.name in rights_of(actor, cast.acme.pk)
    with acting_as(actor), pytest.raises(Forbidden) as caught:
        authorise(cast.acme.pk, permission)
    assert str(permission.label) in caught.value.message
    assert "admin site" in caught.value.message


def test_support_changes_no_people(cast: Cast) -> None:
    set_up(cast.member)
    before = types(cast.acme)
    actor = visiting(cast, cast.owner)
    with acting_as(actor):
        with pytest.raises(Forbidden):
            remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
        with pytest.raises(Forbidden):
            change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Administrator")
        with pytest.raises(Forbidden):
            invite_user(workspace_id=cast.acme.pk, email="x@example.com", name="X", role="Administrator", link=str)
        with pytest.raises(Forbidden):
            create_application_token(workspace_id=cast.acme.pk, description="mine")
    assert types(cast.acme) == [*before, 13]
    assert not ApplicationToken.objects.exists()
    assert Authenticator.objects.filter(user=cast.member, type="totp").exists()


def test_support_sees_no_button_for_what_it_may_not(cast: Cast) -> None:
    client = cast.client(cast.staff)
    start = reverse("accounts:support_start", args=[cast.acme.pk])
    assert client.post(start, {"user": cast.owner.pk, "reason": "Ticket 4711"}).status_code == 303
    page = reverse("accounts:integrations", args=[cast.acme.pk])
    html = client.get(page).content.decode()
    assert "Support access may not create application tokens" in html
    assert 'name="description"' not in html
    assert client.post(page, {"description": "mine", "role": "Administrator"}).status_code == 403
    settings = client.get(reverse("accounts:workspace_settings", args=[cast.acme.pk])).content.decode()
    assert reverse("accounts:workspace_users", args=[cast.acme.pk]) not in settings
    assert not ApplicationToken.objects.exists()
    own = cast.client(cast.owner).get(page).content.decode()
    assert 'name="description"' in own


@pytest.mark.parametrize("staff_role", ["reader", ""])
def test_a_visit_ends_with_the_right_to_it(cast: Cast, staff_role: str) -> None:
    helper = User.objects.create_user(
        "sam@example.com", PASSWORD, name="Sam Support", is_staff=True, staff_role="support"
    )
    client = cast.client(helper)
    start = reverse("accounts:support_start", args=[cast.acme.pk])
    assert client.post(start, {"user": cast.owner.pk, "reason": "Ticket 4711"}).status_code == 303
    page = f"/w/{cast.acme.pk}/"
    assert client.get(page).status_code == 200
    # Not by the service, which ends visits by itself: rights come by groups and single rights too.
    User.objects.filter(pk=helper.pk).update(staff_role=staff_role)
    assert client.get(page).status_code == 404
    assert types(cast.acme) == [13, 10042]
    assert last().detail["timed_out"] is False
    assert SupportAccess.objects.get().ended is not None
    assert client.get(page).status_code == 404
    assert types(cast.acme) == [13, 10042]


def test_customers_pay_no_query_for_it(cast: Cast, django_assert_max_num_queries: Any) -> None:
    client = cast.client(cast.owner)
    client.get(reverse("accounts:account_security"))
    with django_assert_max_num_queries(9) as counted:
        client.get(reverse("accounts:account_security"))
    assert not [query for query in counted.captured_queries if "auth_permission" in query["sql"]]


# --- application tokens ---


def test_an_application_token_strips_nobody_of_the_second_factor(cast: Cast) -> None:
    set_up(cast.member)
    with acting_as(cast.token()), pytest.raises(Forbidden) as caught:
        remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert "sign in as a user" in caught.value.message
    assert Authenticator.objects.filter(user=cast.member, type="totp").exists()
    with cast.acting(cast.owner):
        remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert not Authenticator.objects.filter(user=cast.member).exists()


def make(cast: Cast, user: User, role: Role, description: str) -> ApplicationToken:
    with cast.acting(user):
        return create_application_token(workspace_id=cast.acme.pk, description=description, role=role.value).token


def test_tokens_go_down_with_their_creator(cast: Cast) -> None:
    Membership.objects.filter(user=cast.member).update(role=Role.ADMINISTRATOR)
    high, low = make(cast, cast.member, Role.ADMINISTRATOR, "ERP"), make(cast, cast.member, Role.OBSERVER, "Display")
    revoked = make(cast, cast.member, Role.ADMINISTRATOR, "Old")
    ApplicationToken.objects.filter(pk=revoked.pk).update(status=ApplicationToken.Status.REVOKED)
    others = make(cast, cast.owner, Role.ADMINISTRATOR, "Billing")
    before = len(types(cast.acme))
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="User")
    roles = dict(ApplicationToken.objects.values_list("pk", "role"))
    assert roles == {high.pk: "User", low.pk: "Observer", revoked.pk: "Administrator", others.pk: "Administrator"}
    assert [type_ for type_ in types(cast.acme)[before:] if type_ == 10085] == [10085]
    event = last()
    assert event.detail["application_token"]["id"] == high.pk
    assert event.detail["changes"] == {"role": {"from": "Administrator", "to": "User"}}
    assert event.actor.user_id == cast.owner.pk
    # Going up again gives a token nothing back.
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Administrator")
    assert ApplicationToken.objects.get(pk=high.pk).role == "User"


def test_tokens_go_down_with_a_former_superadmin(cast: Cast) -> None:
    with cast.staffing():
        set_super_admin(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    first = make(cast, cast.member, Role.ADMINISTRATOR, "ERP")
    with cast.acting(cast.member):
        linked = create_application_token(workspace_id=cast.bolt.pk, description="No member there").token
    with cast.staffing():
        set_super_admin(workspace_id=cast.acme.pk, user_id=cast.owner.pk)
    assert ApplicationToken.objects.get(pk=first.pk).role == "User"
    # Removed from there altogether: the token goes on.
    assert ApplicationToken.objects.get(pk=linked.pk).role == "Administrator"
    with cast.staffing():
        cast.bolt.main = None
        cast.bolt.save()
        drop_super_admin(workspace_id=cast.acme.pk)
    assert types(cast.acme)[-1] != 10085


def test_the_removal_says_how_many_tokens_end(cast: Cast) -> None:
    client = cast.client(cast.owner)
    url = reverse("accounts:workspace_user_remove", args=[cast.acme.pk, cast.member.pk])
    assert "application token" not in client.get(url).content.decode()
    token = make(cast, cast.member, Role.USER, "ERP")
    assert "1 application token created by this person is revoked" in client.get(url).content.decode()
    make(cast, cast.member, Role.USER, "Other")
    assert "2 application tokens created by this person are revoked" in client.get(url).content.decode()
    leave = reverse("accounts:workspace_leave", args=[cast.acme.pk])
    assert "2 application tokens" in cast.client(cast.member).get(leave).content.decode()
    client.post(url)
    token.refresh_from_db()
    assert (token.role, token.status) == ("User", ApplicationToken.Status.REVOKED)


def test_a_second_key_ends_programs_too(cast: Cast) -> None:
    set_up(cast.member)
    epoch = User.objects.get(pk=cast.member.pk).token_epoch
    assert epoch == 1
    with cast.acting(cast.member):
        confirm_password(user_id=cast.member.pk, password=PASSWORD)
        start_second_factor(user_id=cast.member.pk, replace=True)
    # A key that waits for its first code ends nothing.
    assert User.objects.get(pk=cast.member.pk).token_epoch == epoch
