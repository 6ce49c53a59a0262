"""An e-mail address has one form, and at most 254 characters, at every door and on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Invitation, User
from accounts.people.services.invitations import invite_user
from accounts.permissions import Role
from accounts.selectors import user_by_email
from kit.email_addresses import email_address_of, forms_of
from kit.errors import Conflict, Invalid
from tests.api.conftest import sign_in
from tests.cast import Cast

pytestmark = pytest.mark.sqlite_too("SQLite does not know how long a column is")
IDN, ASCII = "pat@bücher.example", "pat@xn--bcher-kva.example"
LONG = f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.example"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Pat@Example.COM ", "pat@example.com"),
        ("pat@example.com\u200b", "pat@example.com"),
        (IDN, ASCII),
        ("PAT@BÜCHER.example", ASCII),
        ("pat@bu\u0308cher.example", ASCII),
        (ASCII, ASCII),
        ("pa\u0308t@example.com", "pät@example.com"),
        ("no address", "no address"),
        ("pat@", "pat@"),
        (f"pat@{'ü' * 70}.example", f"pat@{'ü' * 70}.example"),
    ],
)
def test_one_form(typed: str, stored: str) -> None:
    assert email_address_of(typed) == stored
    assert email_address_of(stored) == stored


def test_the_form_of_earlier_versions_is_found(cast: Cast) -> None:
    assert forms_of(ASCII) == forms_of(IDN) == [ASCII, IDN]
    old = User.objects.create(email=IDN, name="Pat", status=1)
    assert user_by_email(ASCII) == user_by_email("Pat@Bücher.example") == old


def invited(cast: Cast, address: str) -> Any:
    with cast.acting(cast.owner):
        return invite_user(
            workspace_id=cast.acme.pk,
            email=address,
            name="Pat Prince",
            role=Role.USER.value,
            link=lambda secret: f"/{secret}",
        )


def called(version: int, path: str) -> Callable[[Cast, str], Any]:
    def door(cast: Cast, address: str) -> Any:
        body = {"username": address, "name": "Pat Prince", "roles": [{"id": 2}], "role": {"id": 2}}
        return sign_in(cast.owner).call("POST", path, body, version=version)

    return door


def test_two_forms_are_one_person(cast: Cast) -> None:
    invited(cast, IDN)
    with pytest.raises(Conflict):
        invited(cast, ASCII)
    assert list(Invitation.objects.values_list("email", flat=True)) == [ASCII]


def test_one_that_is_too_long_is_refused_at_each_door(cast: Cast) -> None:
    with pytest.raises(Invalid, match="at most 254 characters; this one has 312"):
        invited(cast, LONG)
    for door in (called(2, "/user/invitation"), called(1, "/user")):
        assert door(cast, LONG).status_code == 422
    page = cast.client(cast.owner).post(
        f"/w/{cast.acme.pk}/settings/users/invite/", {"email": LONG, "name": "Pat Prince", "role": "user"}
    )
    assert page.status_code == 422
    assert not User.objects.filter(name="Pat Prince").exists()
