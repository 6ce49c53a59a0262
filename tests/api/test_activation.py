"""Activating an account, asking for the mail again, and changing one's own password over the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail

from accounts.models import Invitation, Membership, PlatformPackage, User, Workspace
from accounts.people.services.invitations import accept_invitation, invite_user, link_secret_of
from accounts.sign_in.hashers import check_digest, sha1_hex
from accounts.sign_up.services import sign_up
from kit.context import ANONYMOUS, acting_as
from tests.api.conftest import Program, error, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import rows, types

NEW = "a long new passphrase"

pytestmark = pytest.mark.usefixtures("whole_portal")


def invited(cast: Cast, email: str = "nina.new@example.com") -> tuple[User, str]:
    with cast.acting(cast.owner):
        invitation = invite_user(
            workspace_id=cast.acme.pk, email=email, name="Nina New", role="User", link=lambda key: f"/{key}"
        )
    return invitation.user, link_secret_of(invitation)


def sign_in_as(email: str, password: str) -> Any:
    return Program().post("/authenticate", {"username": email, "password": sha1_hex(password)})


def test_an_invitation_is_accepted(cast: Cast) -> None:
    user, key = invited(cast)
    anybody = Program()
    for wrong in ({"activationKey": "x", "password": sha1_hex(NEW)}, {"activationKey": key, "password": "plain"}):
        assert anybody.post("/user/activation", wrong).status_code == 400
    error(anybody.post("/user/activation", {"activationKey": key}), 400, 1000, "BadRequest")
    error(
        anybody.post("/user/activation", {"activationKey": key, "password": sha1_hex("password1234")}),
        400,
        1406,
        "NotAllowed",
    )
    done = anybody.post("/user/activation", {"activationKey": key, "password": sha1_hex(NEW)})
    assert (done.status_code, done.content) == (204, b"")
    user.refresh_from_db()
    assert (user.status, user.name) == (User.Status.ACTIVE, "Nina New")
    assert Membership.objects.get(user=user).role == "User"
    assert types(cast.acme)[-2:] == [41, 10025]
    assert sign_in_as(user.email, NEW).status_code == 200
    # Its key is used up.
    assert anybody.post("/user/activation", {"activationKey": key, "password": sha1_hex(NEW)}).status_code == 400


def test_version_2_takes_a_name_and_needs_no_password_of_somebody_active(cast: Cast) -> None:
    user, key = invited(cast)
    anybody = Program()
    error(anybody.call("POST", "/user/activation", {"activationKey": "x"}, version=2), 403, 1104, "Forbidden")
    error(anybody.call("POST", "/user/activation", {"activationKey": key}, version=2), 400, 1406, "NotAllowed")
    body = {"activationKey": key, "password": sha1_hex(NEW), "name": "Nina  Newer"}
    assert anybody.call("POST", "/user/activation", body, version=2).status_code == 204
    user.refresh_from_db()
    assert user.name == "Nina Newer"

    stranger, key = invited(cast, cast.outsider.email)
    before = stranger.password
    assert anybody.call("POST", "/user/activation", {"activationKey": key}, version=2).status_code == 204
    stranger.refresh_from_db()
    assert stranger.password == before
    assert Membership.objects.filter(user=stranger, workspace=cast.acme).exists()


def test_the_address_of_a_sign_up_is_verified(cast: Cast) -> None:
    PlatformPackage.objects.create(name="Trial EUR", evaluation=True)
    keys: list[str] = []

    def link(key: str) -> str:
        keys.append(key)
        return key

    with acting_as(ANONYMOUS):
        sign_up(
            email="sam@example.com",
            name="Sam",
            organisation="Sam's",
            link=link,
            sign_in_url="/",
        )
    assert Program().post("/user/activation", {"activationKey": keys[0], "password": sha1_hex(NEW)}).status_code == 204
    user = User.objects.get(email="sam@example.com")
    assert user.status == User.Status.ACTIVE
    assert check_digest(sha1_hex(NEW), user.password)
    assert 41 in [type_ for type_, _text in rows()]


def test_asking_for_the_mail_again_tells_nothing(
    cast: Cast, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    user, _key = invited(cast)
    mail.outbox.clear()

    def ask(username: str) -> tuple[int, bytes]:
        with django_capture_on_commit_callbacks(execute=True):
            answer = Program().post(
                "/user/activation_resend", {"username": username, "g-recaptcha-response": "03AGdBq"}
            )
        return answer.status_code, answer.content

    before = types(cast.acme)
    assert {ask(each) for each in (user.email.upper(), "nobody@example.com", cast.owner.email, "", "x")} == {(204, b"")}
    (sent,) = mail.outbox
    assert sent.to == [user.email]
    assert types(cast.acme) == [*before, 36]
    # The link works, and the invitation keeps its time.
    link = re.search(r"/accounts/invitation/([^/\s]+)/", str(sent.body))
    assert link is not None
    with acting_as(ANONYMOUS):
        accept_invitation(link_secret=link[1], name="Nina", password=NEW)
    mail.outbox.clear()
    assert ask(user.email) == (204, b"")
    assert not mail.outbox

    # An expired one is for whoever invited to renew; and three mails an hour are enough.
    other, _key = invited(cast, "otto@example.com")
    mail.outbox.clear()
    settings.API_RATE_LIMIT_FACTOR = 1
    for _ in range(5):
        assert ask(other.email) == (204, b"")
    assert len(mail.outbox) == 3
    settings.API_RATE_LIMIT_FACTOR = 0
    Invitation.objects.filter(user=other).update(expires="2020-01-01T00:00:00Z")
    mail.outbox.clear()
    assert ask(other.email) == (204, b"")
    assert not mail.outbox


def test_changing_ones_own_password(cast: Cast, owner: Program, erp: Program) -> None:
    def change(old: str, new: str) -> Any:
        return owner.patch("/user/password", {"old_password": old, "new_password": new})

    for old, new in (
        (sha1_hex(PASSWORD), "short"),
        (sha1_hex(PASSWORD), sha1_hex(PASSWORD)),
        (sha1_hex("wrong"), sha1_hex(NEW)),
    ):
        found = error(change(old, new), 422, 1400, "InputValidationFailed")
        assert len(found["errors"]) == 1
    error(owner.patch("/user/password", {"new_password": "x"}), 422, 1400, "InputValidationFailed")
    error(erp.patch("/user/password", {"old_password": "x", "new_password": "y"}), 403, 1104, "Forbidden")
    assert change(sha1_hex(PASSWORD), sha1_hex(NEW)).status_code == 204
    assert types(cast.acme)[-1] == 10023
    error(owner.get("/sim"), 401, 1102, "InvalidToken")
    assert sign_in_as(cast.owner.email, PASSWORD).status_code == 401
    assert sign_in_as(cast.owner.email, NEW).status_code == 200


def test_three_wrong_old_passwords_lock(cast: Cast, owner: Program) -> None:
    body = {"old_password": sha1_hex("wrong"), "new_password": sha1_hex(NEW)}
    assert [owner.patch("/user/password", body).status_code for _ in range(3)] == [422, 422, 429]
    refused = owner.patch("/user/password", {**body, "old_password": sha1_hex(PASSWORD)})
    error(refused, 429, 1105, "TooManyRequests")
    assert 1 <= int(refused["Retry-After"]) <= 300
    assert sign_in(cast.member).token


def test_the_workspace_of_a_sign_up_has_the_currency_of_its_package(cast: Cast) -> None:
    PlatformPackage.objects.create(name="Trial USD", evaluation=True, currency="USD", trial_days=60)
    with acting_as(ANONYMOUS):
        sign_up(email="nora@example.com", name="Nora New", organisation="Delta", link=str, sign_in_url="/")
    assert Workspace.objects.get(name="Delta").currency == "USD"
