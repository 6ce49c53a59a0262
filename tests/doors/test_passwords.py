"""Only its owner chooses or learns a customer's password (`docs/rules.md` section 17), by no door of the staff."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail

from accounts.actors import staff_actor
from accounts.models import User
from accounts.people.services.staff_accounts import create_user
from accounts.sign_in.services.password_reset import send_password_reset
from accounts.sign_in.services.passwords import set_user_password
from kit.context import acting_as
from tests.cast import PASSWORD, Cast
from tests.doors.trying import Door, answer_of
from tests.log import last, types

NEW = "a whole new passphrase"


def _clerk() -> User:
    return User.objects.create_user("sam@example.org", PASSWORD, name="Sam", is_staff=True, staff_role="support")


def _as(user: User, work: Any) -> Any:
    with acting_as(staff_actor(user)):
        return work()


def _create(**more: Any) -> User:
    return create_user(email="new@example.com", name="Nora New", password=NEW, **more)


DOORS: dict[str, tuple[Door, str]] = {
    "service, support": (
        lambda cast: _as(_clerk(), lambda: set_user_password(user_id=cast.member.pk, password=NEW)),
        "forbidden",
    ),
    "service, superuser": (
        lambda cast: _as(cast.staff, lambda: set_user_password(user_id=cast.member.pk, password=NEW)),
        "forbidden",
    ),
    "service, support for a superuser": (
        lambda cast: _as(_clerk(), lambda: set_user_password(user_id=cast.staff.pk, password=NEW)),
        "forbidden",
    ),
    "service create_user, support": (lambda cast: _as(_clerk(), _create), "forbidden"),
    "service create_user, superuser": (lambda cast: _as(cast.staff, _create), "forbidden"),
    "admin, support": (
        lambda cast: cast.client(_clerk()).post(f"/admin/accounts/user/{cast.member.pk}/password/", {"password": NEW}),
        "403",
    ),
    "admin, superuser": (
        lambda cast: cast.client(cast.staff).post(
            f"/admin/accounts/user/{cast.member.pk}/password/", {"password": NEW}
        ),
        "403",
    ),
    "admin, a new account": (
        lambda cast: cast.client(cast.staff).post(
            "/admin/accounts/user/add/", {"email": "new@example.com", "name": "Nora", "password": NEW}
        ),
        "422",
    ),
}


@pytest.mark.parametrize("name", DOORS)
def test_no_door_of_the_staff_sets_a_customers_password(cast: Cast, name: str) -> None:
    door, expected = DOORS[name]
    assert answer_of(door, cast) == expected
    assert User.objects.get(pk=cast.member.pk).check_password(PASSWORD)
    assert not User.objects.filter(email="new@example.com").exists()


def test_a_superuser_sets_that_of_a_colleague(cast: Cast) -> None:
    colleague = _clerk()
    _as(cast.staff, lambda: set_user_password(user_id=colleague.pk, password=NEW))
    assert User.objects.get(pk=colleague.pk).check_password(NEW)
    assert _as(cast.staff, lambda: _create(is_staff=True)).check_password(NEW)


def test_staff_send_the_mail_and_the_owner_chooses(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    client = cast.client(_clerk())
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(f"/admin/accounts/user/{cast.member.pk}/password/mail/")
    assert response.status_code == 302
    assert types(cast.acme) == [37]
    assert (last().detail["sourceIp"], last().detail["userAgent"]) == ("", ""), "the staff's own are not shown"
    (sent,) = mail.outbox
    assert sent.to == [cast.member.email]
    found = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+/)", str(sent.body))
    assert found is not None
    client = cast.client()
    form = client.get(found.group(1), follow=True)
    done = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert done.status_code == 302, done.content
    assert User.objects.get(pk=cast.member.pk).check_password(NEW)


def test_only_an_active_account_gets_the_mail(cast: Cast) -> None:
    User.objects.filter(pk=cast.member.pk).update(status=User.Status.SUSPENDED)

    def door(_cast: Cast) -> Any:
        return _as(cast.staff, lambda: send_password_reset(user_id=cast.member.pk, link=str))

    assert answer_of(door, cast) == "not_active"
    assert mail.outbox == []
    page = cast.client(cast.staff).get(f"/admin/accounts/user/{cast.member.pk}/change/").content.decode()
    assert "Mail a new password link" not in page
