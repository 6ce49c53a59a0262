"""Another address for somebody's account, by `PATCH /user/{id}`: activated anew, and nothing of before goes on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts.models import Invitation, Membership, TrustedDevice, User
from accounts.permissions import Role
from accounts.sign_in.hashers import sha1_hex
from tests.api.conftest import Program, error, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import last, rows, types

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_portal")]
NEW = "new.address@example.com"


def account(cast: Cast) -> User:
    return User.objects.get(pk=cast.member.pk)


@pytest.mark.sqlite_too("writers wait for each other as SQLite lets them")
@pytest.mark.django_db(transaction=True)
def test_a_new_address_is_verified_before_anybody_gets_in(cast: Cast, owner: Program, mailoutbox: list[Any]) -> None:
    program, browser = sign_in(cast.member), cast.client(cast.member)
    assert program.get("/user/my").status_code == 200
    assert browser.get(f"/w/{cast.acme.pk}/sims/").status_code == 200
    TrustedDevice.objects.create(
        user=cast.member, digest="0" * 64, created=timezone.now(), expires=timezone.now() + timedelta(days=9)
    )
    path = f"/user/{cast.member.pk}"
    before = len(types(cast.acme))
    assert owner.patch(path, {"username": " New.Address@Example.com", "name": "Mia M"}).status_code == 204
    found = account(cast)
    assert (found.email, found.name, found.status) == (NEW, "Mia M", User.Status.ACTIVATION_PENDING)
    assert not found.has_usable_password()
    assert types(cast.acme)[before:] == [10075, 10075, 40]
    told = rows(cast.acme)[-2][1]
    assert "new address" in told
    assert NEW not in told
    assert owner.get(path).json()["status"]["id"] == 0
    # Nothing of before opens anything.
    assert program.get("/user/my").status_code == 401
    assert browser.get(f"/w/{cast.acme.pk}/sims/").status_code == 302
    assert not UserSession.objects.filter(user=found).exists()
    assert not TrustedDevice.objects.exists()
    for address in (cast.member.email, NEW):
        refused = Program().post("/authenticate", {"username": address, "password": sha1_hex(PASSWORD)})
        assert refused.status_code == 401
    # The old mailbox is told, without a link. The new one's mail opens the account; a second one can be asked for.
    assert [mail.to for mail in mailoutbox] == [[cast.member.email], [NEW]]
    assert "http" not in mailoutbox.pop(0).body
    Program().post("/user/activation_resend", {"username": NEW})
    assert [mail.to for mail in mailoutbox] == [[NEW]] * 2
    key = re.search(r"/verify/([^/\s]+)/", mailoutbox[-1].body).group(1)  # type: ignore[union-attr]
    chosen = sha1_hex("a whole new sentence")
    assert Program().post("/user/activation", {"activationKey": key, "password": chosen}).status_code == 204
    assert last().type == 41
    assert Program().post("/authenticate", {"username": NEW, "password": chosen}).status_code == 200
    assert Membership.objects.filter(user=found, workspace=cast.acme).exists()


def test_the_same_address_changes_nothing(cast: Cast, owner: Program) -> None:
    before = len(types())
    assert owner.patch(f"/user/{cast.member.pk}", {"username": cast.member.email.upper()}).status_code == 204
    assert len(types()) == before
    assert account(cast).status == User.Status.ACTIVE


def test_links_that_were_sent_to_the_old_address_end(cast: Cast, owner: Program) -> None:
    invitation = Invitation.objects.create(
        workspace=cast.umbra,
        user=cast.member,
        name="M",
        email=cast.member.email,
        role=Role.USER,
        created=timezone.now(),
        sent=timezone.now(),
        expires=timezone.now() + timedelta(days=3),
    )
    assert owner.patch(f"/user/{cast.member.pk}", {"username": NEW}).status_code == 204
    invitation.refresh_from_db()
    assert invitation.withdrawn is not None
    assert types(cast.umbra) == [10026]


def test_what_is_refused_changes_nothing(cast: Cast, owner: Program, observer: Program) -> None:
    path = f"/user/{cast.member.pk}"
    before = len(types())
    taken = owner.patch(path, {"username": cast.outsider.email.upper(), "name": "Nobody"})
    error(taken, 409, 1405, "Duplicated")
    assert cast.outsider.name not in taken.content.decode()
    for address in ("no address", "", "a" * 250 + "@example.com"):
        error(owner.patch(path, {"username": address}), 422, 1400, "InputValidationFailed")
    error(observer.patch(path, {"username": NEW}), 403, 1104, "Forbidden")
    error(owner.patch("/user/my", {"username": NEW}), 403, 1104, "Forbidden")
    error(owner.patch(f"/user/{cast.outsider.pk}", {"username": NEW}), 404, 1401, "InvalidReference")
    # An account that others depend on too is not one Administrator's.
    Membership.objects.create(user=cast.member, workspace=cast.umbra, role=Role.USER)
    error(owner.patch(path, {"username": NEW}), 403, 1104, "Forbidden")
    Membership.objects.filter(user=cast.member, workspace=cast.umbra).delete()
    assert (account(cast).email, account(cast).name) == (cast.member.email, cast.member.name)
    assert len(types()) == before
    User.objects.filter(pk=cast.member.pk).update(status=User.Status.SUSPENDED)
    assert owner.patch(path, {"username": NEW}).status_code == 409
    assert account(cast).status == User.Status.SUSPENDED
