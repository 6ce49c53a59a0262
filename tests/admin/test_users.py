"""The pages of users."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation, Membership, User, Workspace
from accounts.models.second_factors import APP, MAIL
from accounts.people.services.members import remove_member
from tests.admin.conftest import messages_of, text_of
from tests.cast import PASSWORD, Cast
from tests.log import rows, types


def test_create(staff: Client, cast: Cast) -> None:
    staff.post("/admin/accounts/user/add/", {"email": "New@Example.com", "name": "Nora New"})
    user = User.objects.get(email="new@example.com")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert rows(cast.operator) == [(10072, "User {subject.username} created")]


def test_a_superuser_chooses_the_password_of_a_new_colleague_only(staff: Client, cast: Cast) -> None:
    data = {"email": "new@example.com", "name": "Nora New", "password": PASSWORD}
    refused = staff.post("/admin/accounts/user/add/", data)
    assert refused.status_code == 422
    assert "Staff don&#x27;t choose a customer&#x27;s password." in refused.content.decode()
    staff.post("/admin/accounts/user/add/", {**data, "is_staff": "on", "staff_role": "shop"})
    assert User.objects.get(email="new@example.com").check_password(PASSWORD)


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"email": "max.member@example.com", "name": "Max", "password": PASSWORD}, "email", "with the address"),
        ({"email": "MAX.MEMBER@example.com", "name": "Max", "password": PASSWORD}, "email", "with the address"),
        ({"email": "new@example.com", "name": "Nora", "password": "short", "is_staff": "on"}, "password", "too short"),
    ],
)
def test_create_refused(staff: Client, cast: Cast, values: dict[str, str], field: str, text: str) -> None:
    response = staff.post("/admin/accounts/user/add/", values)
    assert response.status_code == 422
    assert text in response.context["adminform"].form.errors[field][0]
    assert types() == []
    assert not User.objects.filter(name__in=("Max", "Nora")).exists()


def test_edit(staff: Client, cast: Cast) -> None:
    staff.post(f"/admin/accounts/user/{cast.member.pk}/change/", {"email": cast.member.email, "name": "Max Other"})
    cast.member.refresh_from_db()
    assert cast.member.name == "Max Other"
    assert types(cast.acme) == [10075]


def test_staff_rights_of_ones_own_are_refused(staff: Client, cast: Cast) -> None:
    response = staff.post(
        f"/admin/accounts/user/{cast.staff.pk}/change/", {"email": cast.staff.email, "name": cast.staff.name}
    )
    assert response.status_code == 422
    assert "your own account" in text_of(response)


def test_suspend_reactivate_unlock(staff: Client, cast: Cast) -> None:
    page = f"/admin/accounts/user/{cast.member.pk}"
    staff.post(f"{page}/lock/suspend/")
    staff.post(f"{page}/lock/reactivate/")
    User.objects.filter(pk=cast.member.pk).update(locked_until=timezone.now() + timedelta(minutes=5))
    assert "Unlock" in staff.get(f"{page}/change/").content.decode()
    staff.post(f"{page}/lock/unlock/")
    assert types(cast.acme) == [10075, 10075, 10075]
    assert staff.get(f"{page}/lock/suspend/").status_code == 403, "a link must not do it"
    assert staff.post(f"{page}/lock/erase/").status_code == 404


def test_set_password(staff: Client, cast: Cast) -> None:
    colleague = User.objects.create_user("clara@example.com", PASSWORD, name="Clara Clerk", is_staff=True)
    url = f"/admin/accounts/user/{colleague.pk}/password/"
    weak = staff.post(url, {"password": "short"})
    assert weak.status_code == 422
    assert staff.post(url, {"password": "a whole new one"}).status_code == 302
    assert User.objects.get(pk=colleague.pk).check_password("a whole new one")
    assert types(cast.operator) == [10023]


def test_many_at_once(staff: Client, cast: Cast) -> None:
    response = staff.post(
        "/admin/accounts/user/",
        {
            "action": "suspend_selected",
            "index": 0,
            "_selected_action": [cast.member.pk, cast.observer.pk, cast.staff.pk],
        },
        follow=True,
    )
    assert sorted(messages_of(response)) == [
        "2 accounts suspended; sessions and tokens ended.",
        "Stella Staff: You can't change your own account here.",
    ]
    assert types(cast.acme) == [10075, 10075]


def test_only_a_superuser_touches_staff(granted: Callable[..., Client], cast: Cast) -> None:
    client = granted("accounts.view_user", "accounts.change_user", "accounts.add_user")
    page = f"/admin/accounts/user/{cast.staff.pk}"
    assert client.post(f"{page}/change/", {"email": "x@example.com", "name": "X"}).status_code == 403
    assert client.post(f"{page}/password/", {"password": "a whole new one"}).status_code == 403
    assert client.post(f"{page}/lock/suspend/").status_code == 403
    client.post(
        "/admin/accounts/user/",
        {"action": "suspend_selected", "index": 0, "_selected_action": [cast.staff.pk]},
    )
    client.post(
        "/admin/accounts/user/add/",
        {"email": "new@example.com", "name": "N", "is_staff": "on", "is_superuser": "on"},
    )
    made = User.objects.get(email="new@example.com")
    assert (made.is_staff, made.is_superuser) == (False, False)
    client.post(
        f"/admin/accounts/user/{cast.member.pk}/change/",
        {"email": cast.member.email, "name": cast.member.name, "is_staff": "on", "is_superuser": "on"},
    )
    assert not User.objects.get(pk=cast.member.pk).is_staff
    assert User.objects.get(pk=cast.staff.pk).is_active


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=olga", {"Olga Owner"}),
        ("q=max.member@", {"Max Member"}),
        ("kind=staff", {"Stella Staff"}),
        ("status=suspended", set()),
        ("status=locked", {"Olaf Observer"}),
    ],
)
def test_search_and_filters(staff: Client, cast: Cast, query: str, expected: set[str]) -> None:
    User.objects.filter(pk=cast.observer.pk).update(locked_until=timezone.now() + timedelta(minutes=5))
    found = staff.get(f"/admin/accounts/user/?{query}").context["cl"].result_list
    assert {user.name for user in found} == expected


def test_every_standing_is_shown_and_filtered(staff: Client, cast: Cast) -> None:
    """A person who was removed stood as "Activation pending", as did everybody who was ever invited."""
    people = {
        name: User.objects.create_user(f"{name}@example.com", None, name=name.title(), status=0)
        for name in ("invited", "expired", "withdrawn", "unverified", "erased", "suspended")
    }
    now = timezone.now()
    for name, days, withdrawn in (("invited", 7, None), ("expired", -1, None), ("withdrawn", 7, now)):
        user = people[name]
        Invitation.objects.create(
            workspace=cast.acme, user=user, name=user.name, email=user.email, role="User",
            expires=now + timedelta(days=days), withdrawn=withdrawn,
        )  # fmt: skip
    Membership.objects.create(workspace=cast.acme, user=people["unverified"], role="User")
    User.objects.filter(pk=people["suspended"].pk).update(status=2)
    User.objects.filter(pk=people["erased"].pk).update(status=2, erased=now)
    User.objects.filter(pk=cast.observer.pk).update(locked_until=now + timedelta(minutes=5))
    with cast.acting(cast.owner):
        remove_member(workspace_id=cast.acme.pk, user_id=cast.member.pk)
    expected = {
        "active": ("Active", {"Olga Owner", "Otto Outsider", "Stella Staff"}),
        "locked": ("Locked", {"Olaf Observer"}),
        "invited": ("Invite pending", {"Invited"}),
        "expired": ("Invite expired", {"Expired"}),
        "unverified": ("Address not verified", {"Unverified"}),
        "suspended": ("Suspended", {"Suspended"}),
        "removed": ("Removed", {"Max Member", "Withdrawn"}),
        "erased": ("Erased", {"Erased"}),
    }
    for standing, (label, names) in expected.items():
        found = staff.get(f"/admin/accounts/user/?status={standing}").context["cl"].result_list
        assert {user.name for user in found} == names, standing
        page = text_of(staff.get(f"/admin/accounts/user/{found[0].pk}/change/"))
        assert f"Status {label} " in page, standing
        assert "Activation pending" not in page


def test_second_factors_are_shown_and_filtered(staff: Client, cast: Cast) -> None:
    Authenticator.objects.create(user=cast.owner, type=APP, data={})
    Authenticator.objects.create(user=cast.member, type=MAIL, data={})
    Authenticator.objects.create(user=cast.observer, type="totp_pending", data={})
    for factor, names in ((APP, {"Olga Owner"}), (MAIL, {"Max Member"}), ("none", None), ("other", set())):
        found = {user.name for user in staff.get(f"/admin/accounts/user/?factor={factor}").context["cl"].result_list}
        assert found == (names if names is not None else {"Olaf Observer", "Otto Outsider", "Stella Staff"})
    assert "App MFA" in text_of(staff.get(f"/admin/accounts/user/{cast.owner.pk}/change/"))


def test_the_list_costs_the_same_for_any_number(staff: Client, cast: Cast, queries: Any) -> None:
    few = queries(lambda: staff.get("/admin/accounts/user/"))
    workspaces = [
        Workspace.objects.create(name=f"W {number}", package=cast.acme.package, super_admin=cast.owner)
        for number in range(5)
    ]
    for number in range(40):
        user = User.objects.create(email=f"user{number}@example.com", name=f"User {number}")
        for workspace in workspaces:
            Membership.objects.create(workspace=workspace, user=user, role="User")
    many = queries(lambda: staff.get("/admin/accounts/user/"))
    assert len(many) == len(few) <= 8, "\n".join(many)
