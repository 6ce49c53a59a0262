"""Staff help people with their accounts, and take none over unseen: both mailboxes hear of it, and so does the log.

Tried by the page of the account, the service behind it, and everything else by which staff change accounts.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.actors import staff_actor
from accounts.models import Membership, User, Workspace
from accounts.people.services.addresses import change_customer_address
from accounts.people.services.staff_accounts import update_user
from accounts.permissions import Role
from accounts.sign_in.services.password_reset import send_password_reset
from accounts.sign_in.services.second_factors import remove_second_factor
from accounts.workspaces.services.workspaces import update_workspace
from events.models import Event
from events.types.base import Severity
from kit.context import SYSTEM, acting_as
from kit.errors import Conflict, DomainError, Forbidden, Invalid
from kit.models import OutgoingMail
from tests.admin.conftest import text_of
from tests.cast import Cast
from tests.log import last, types
from tests.second_factors import set_up

pytestmark = pytest.mark.django_db
NEW = "somebody.else@example.net"


def support(cast: Cast, role: str = "support") -> Client:
    user = User.objects.create_user(f"{role}@example.com", None, name=f"{role} staff", is_staff=True, staff_role=role)
    return cast.client(user)


def mails() -> list[OutgoingMail]:
    """Return the mails that wait for the transaction, in the order of their writing."""
    return list(OutgoingMail.objects.order_by("pk"))


def change(client: Client, user: User, **values: str) -> Any:
    fields = {"email": user.email, "name": user.name, **values}
    return client.post(f"/admin/accounts/user/{user.pk}/change/", fields, follow=True)


def test_a_new_address_is_verified_by_itself_and_told_to_the_old_one(cast: Cast) -> None:
    browser = cast.client(cast.member)
    client = support(cast)
    assert "gets a mail to verify the new address" in text_of(change(client, cast.member, email=NEW))
    user = User.objects.get(pk=cast.member.pk)
    assert (user.email, user.status) == (NEW, User.Status.ACTIVATION_PENDING)
    assert not user.has_usable_password()
    assert browser.get(f"/w/{cast.acme.pk}/sims/").status_code == 302
    old, new, told = mails()
    assert (old.to, new.to) == ([cast.member.email], [NEW])
    assert "operator's staff gave your account another e-mail address" in old.body
    assert NEW not in old.body + old.subject + told.body + told.subject
    assert told.to == [cast.owner.email]
    assert f"gave the account of {cast.member.name} (User ID {cast.member.pk}) another e-mail address" in told.body
    assert re.search(r"/verify/[^/\s]+/", new.body)
    assert not re.search(r"https?://", old.body)
    event = Event.objects.of(cast.acme.pk).get(type=10075)
    assert (event.severity, event.description.split()[-2:]) == (Severity.WARN, ["new", "address"])
    assert types(cast.acme) == [10075, 40]
    # Nobody signs in by a mail with a new password before the new mailbox has answered.
    client.post(f"/admin/accounts/user/{user.pk}/password/mail/")
    assert len(mails()) == 3


@pytest.mark.parametrize("role", ["Administrator", "SuperAdmin"])
def test_of_people_who_run_a_workspace_superusers_alone_change_it(cast: Cast, role: str) -> None:
    Membership.objects.filter(user=cast.member).update(role=Role.ADMINISTRATOR)
    if role == "SuperAdmin":
        Membership.objects.filter(user=cast.member).delete()
        Workspace.objects.filter(pk=cast.acme.pk).update(super_admin=cast.member)
    answer = change(support(cast), cast.member, email=NEW, name="Max Other")
    assert "A superuser can give you another" in text_of(answer)
    user = User.objects.get(pk=cast.member.pk)
    assert (user.email, user.name, user.status) == (cast.member.email, cast.member.name, User.Status.ACTIVE)
    assert mails() == []
    change(cast.client(cast.staff), cast.member, email=NEW)
    assert User.objects.get(pk=cast.member.pk).email == NEW
    assert [mail.to for mail in mails()] == [[cast.member.email], [NEW], [cast.owner.email]]


@pytest.mark.parametrize("who", ["superuser", "system"])
def test_no_other_service_changes_a_customers_address(cast: Cast, who: str) -> None:
    with acting_as(SYSTEM) if who == "system" else cast.staffing(), pytest.raises(Conflict) as refused:
        update_user(user_id=cast.member.pk, changes={"email": NEW, "name": "Max Other"})
    assert (refused.value.code, refused.value.field) == ("confirmation", "email")
    assert User.objects.get(pk=cast.member.pk).name == cast.member.name


@pytest.mark.parametrize(
    ("email", "error"),
    [("no address", Invalid), ("max.member@example.com", None), ("olga.owner@example.com", Conflict)],
)
def test_what_is_no_new_address(cast: Cast, email: str, error: type[DomainError] | None) -> None:
    with cast.staffing():
        if error is None:
            change_customer_address(user_id=cast.member.pk, email=email, link=str)
        else:
            with pytest.raises(error):
                change_customer_address(user_id=cast.member.pk, email=email, link=str)
    assert (types(), mails()) == ([], [])


def test_customers_and_other_staff_have_no_such_door(cast: Cast) -> None:
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        change_customer_address(user_id=cast.member.pk, email=NEW, link=str)
    assert change(support(cast, "operations"), cast.member, email=NEW).status_code == 403
    with cast.staffing(), pytest.raises(Conflict):
        change_customer_address(user_id=cast.staff.pk, email=NEW, link=str)


def test_a_colleagues_address_is_changed_by_superusers_as_before(cast: Cast) -> None:
    colleague = User.objects.create_user("colleague@example.com", None, name="Colleague", is_staff=True)
    with cast.staffing():
        update_user(user_id=colleague.pk, changes={"email": NEW})
    assert User.objects.get(pk=colleague.pk).email == NEW


@pytest.mark.parametrize("door", ["staff", "administrator"])
def test_who_lost_a_second_factor_is_told(cast: Cast, door: str) -> None:
    set_up(cast.member)
    if door == "staff":
        support(cast).post(f"/admin/accounts/user/{cast.member.pk}/second-factor/")
    else:
        with cast.acting(cast.owner):
            remove_second_factor(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    assert not Authenticator.objects.filter(user=cast.member).exists()
    assert last().type == 14
    (mail,) = mails()
    assert mail.to == [cast.member.email]
    who = "the operator's staff" if door == "staff" else "an Administrator of your workspace"
    assert f"{who} removed the second factor" in mail.body


def test_a_reset_goes_to_the_mailbox_of_the_account_alone(cast: Cast) -> None:
    with cast.staffing():
        send_password_reset(user_id=cast.member.pk, link=lambda secret: f"https://portal.example/{secret}")
    assert [mail.to for mail in mails()] == [[cast.member.email]]
    assert types(cast.acme) == [37]


# --- how long a log is kept ---


def days(cast: Cast) -> int:
    return Workspace.objects.get(pk=cast.acme.pk).event_days


@pytest.mark.parametrize("role", ["support", "operations"])
def test_staff_make_a_log_longer_and_not_shorter(cast: Cast, role: str) -> None:
    user = User.objects.create_user(f"{role}@example.com", None, name=role, is_staff=True, staff_role=role)
    with acting_as(staff_actor(User.objects.get(pk=user.pk))):
        update_workspace(workspace_id=cast.acme.pk, changes={"event_days": 500})
        with pytest.raises(Forbidden) as refused:
            update_workspace(workspace_id=cast.acme.pk, changes={"event_days": 499, "factory_test_days": 7})
    assert refused.value.permission == "accounts.shorten_log"
    assert days(cast) == 500
    assert types(cast.acme) == [10040]


def test_superusers_shorten_it_down_to_the_floor_and_the_event_says_both(cast: Cast) -> None:
    with cast.staffing():
        update_workspace(workspace_id=cast.acme.pk, changes={"event_days": 30})
        with pytest.raises(Invalid):
            update_workspace(workspace_id=cast.acme.pk, changes={"event_days": 29})
    assert days(cast) == 30
    assert last().description == "Setting 'Days events are kept' changed from 400 to 30"
    assert last().severity == Severity.WARN
    with cast.acting(cast.owner), pytest.raises(Forbidden):
        update_workspace(workspace_id=cast.acme.pk, changes={"event_days": 400})
