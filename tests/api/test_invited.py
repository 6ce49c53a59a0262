"""Somebody invited is a user in state 0 for programs: listed, read, changed and removed by both versions of the API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.actors import actor_of
from accounts.models import Invitation, Membership, User, Workspace
from accounts.people.services.invitations import invite_user, link_secret_of
from accounts.people.services.super_admins import set_super_admin
from accounts.permissions import Role
from accounts.sign_in.authentication import FAILURES_TO_LOCK
from accounts.sign_in.hashers import sha1_hex
from kit.context import acting_as
from kit.models import OutgoingMail
from tests.api.conftest import Program, error, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import last, rows, types

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_portal")]
NEW = "nina.new@example.com"
OTHER = "nina.other@example.com"
PENDING = {"id": 0, "description": "Activation Pending"}


@pytest.fixture
def nina(owner: Program) -> int:
    """Somebody new, invited as User by the published call."""
    made = owner.post("/user", {"username": NEW, "name": "Nina New", "roles": [{"id": 2}]})
    assert made.status_code == 201, made.content
    found: int = made.json()["id"]
    return found


def ids(program: Program, **query: str) -> list[int]:
    return [row["id"] for row in program.get("/user", **query).json()]


def mailed() -> list[str]:
    """Return whom mails wait for, in the order written: what a test does is never committed."""
    return [address for mail in OutgoingMail.objects.order_by("pk") for address in mail.to]


def key_in_mail(kind: str) -> str:
    """Return the secret of the link in the newest mail."""
    found = re.search(rf"/{kind}/([^/\s]+)/", OutgoingMail.objects.latest("pk").body)
    assert found is not None
    return found[1]


def activate(secret: str, password: str = "fresh oats and barley") -> int:
    answer = Program().post("/user/activation", {"activationKey": secret, "password": sha1_hex(password)})
    status: int = answer.status_code
    return status


def invitation() -> Invitation:
    return Invitation.objects.get()


@pytest.mark.sqlite_too("the list is one statement of many subqueries")
def test_is_listed_and_read(cast: Cast, owner: Program, nina: int) -> None:
    assert nina in ids(owner)
    assert ids(owner, q="status:0") == [nina]
    assert nina not in ids(owner, q="status:1")
    assert ids(owner, q="username:nina.new") == [nina]
    assert ids(owner, sort="-created")[0] == nina
    for key in (nina, NEW):
        found = owner.get(f"/user/{key}").json()
        assert (found["username"], found["name"], found["status"]) == (NEW, "Nina New", PENDING)
        assert (found["roles"], found["mfa"]) == ([{"id": 2, "name": "User"}], [])
    assert owner.get(f"/user/{nina}/role/permission").json() == []
    assert owner.call("GET", f"/user/{nina}/workspace", version=2).json() == []
    # As in the portal's list, an invitation that is over is still there to be sent again.
    Invitation.objects.update(expires=timezone.now() - timedelta(days=1))
    assert owner.get(f"/user/{nina}").json()["status"] == PENDING
    page = cast.client(cast.owner).get(reverse("accounts:workspace_users", args=[cast.acme.pk]), {"name": "nina*"})
    assert NEW in page.content.decode()


def test_others_learn_nothing(cast: Cast, nina: int, outsider: Program, observer: Program) -> None:
    error(outsider.get(f"/user/{nina}"), 404, 1401, "InvalidReference")
    error(outsider.patch(f"/user/{nina}", {"name": "X"}), 404, 1401, "InvalidReference")
    error(outsider.delete(f"/user/{nina}"), 404, 1401, "InvalidReference")
    error(observer.get(f"/user/{nina}"), 403, 1104, "Forbidden")
    error(observer.delete(f"/user/{nina}"), 403, 1104, "Forbidden")
    assert invitation().is_open


def test_of_an_account_elsewhere_only_the_invitation_shows(cast: Cast, owner: Program) -> None:
    """Name, state and second factors of somebody who has not joined are their own workspaces' business."""
    made = owner.post("/user", {"username": cast.outsider.email, "name": "Somebody", "roles": [{"id": 3}]}).json()
    User.objects.filter(pk=cast.outsider.pk).update(status=User.Status.SUSPENDED)
    found = owner.get(f"/user/{made['id']}").json()
    assert (found["name"], found["status"], found["mfa"]) == ("Somebody", PENDING, [])
    assert cast.outsider.name not in str(found)
    error(owner.get(f"/user/{made['id']}/mfa/trusted_device"), 404, 1401, "InvalidReference")
    # What belongs to others is not changed from here.
    for change in ({"username": OTHER}, {"status": {"id": 2}}):
        error(owner.patch(f"/user/{made['id']}", change), 409, 1406, "NotAllowed")
    assert owner.patch(f"/user/{made['id']}", {"name": "Somebody Else"}).status_code == 204
    kept = User.objects.get(pk=cast.outsider.pk)
    assert (kept.email, kept.name) == (cast.outsider.email, cast.outsider.name)
    assert invitation().name == "Somebody Else"
    assert cast.outsider.name not in last().description


def test_name_and_role_are_changed(cast: Cast, owner: Program, nina: int) -> None:
    before = len(types(cast.acme))
    assert owner.patch(f"/user/{nina}", {"name": "Nina Newer"}).status_code == 204
    assert owner.call("PUT", f"/user/{nina}/role/3").status_code == 204
    assert owner.call("PUT", f"/user/{nina}/workspace/{cast.acme.pk}/role/1", version=2).status_code == 204
    assert types(cast.acme)[before:] == [10075, 10024, 10024]
    found = owner.get(f"/user/{nina}").json()
    assert (found["name"], found["roles"][0]["id"]) == ("Nina Newer", 1)
    # The same again changes nothing and leaves no row.
    assert owner.patch(f"/user/{nina}", {"name": "Nina Newer", "status": {"id": 0}}).status_code == 204
    assert owner.call("PUT", f"/user/{nina}/role/1").status_code == 204
    assert len(types(cast.acme)) == before + 3
    assert activate(link_secret_of(invitation())) == 204
    assert Membership.objects.get(user_id=nina).role == Role.ADMINISTRATOR


def test_a_new_address_sends_the_invitation_there(cast: Cast, owner: Program, nina: int) -> None:
    old = link_secret_of(invitation())
    before = len(types(cast.acme))
    assert owner.patch(f"/user/{nina}", {"username": OTHER.upper()}).status_code == 204
    assert types(cast.acme)[before:] == [10075, 36]
    assert mailed() == [NEW, OTHER]
    assert owner.get(f"/user/{OTHER}").json()["id"] == nina
    assert activate(old) == 400
    taken = owner.patch(f"/user/{nina}", {"username": cast.outsider.email})
    error(taken, 409, 1405, "Duplicated")
    error(owner.patch(f"/user/{nina}", {"username": "no address"}), 422, 1400, "InputValidationFailed")
    assert invitation().email == OTHER


def test_is_suspended_and_comes_back_by_a_new_mail(cast: Cast, owner: Program, nina: int) -> None:
    old = link_secret_of(invitation())
    error(owner.patch(f"/user/{nina}", {"status": {"id": 1}}), 422, 1400, "InputValidationFailed")
    assert owner.patch(f"/user/{nina}", {"status": {"id": 2}}).status_code == 204
    assert owner.get(f"/user/{nina}").json()["status"]["id"] == 2
    assert ids(owner, q="status:2") == [nina]
    page = cast.client(cast.owner).get(reverse("accounts:workspace_users", args=[cast.acme.pk])).content.decode()
    assert "Suspended" in page
    assert reverse("accounts:workspace_invitation_resend", args=[cast.acme.pk, invitation().pk]) not in page
    Program().post("/user/activation_resend", {"username": NEW})
    assert len(mailed()) == 1
    assert owner.patch(f"/user/{nina}", {"status": {"id": 0}}).status_code == 204
    assert types(cast.acme)[-3:] == [10075, 10075, 36]
    assert len(mailed()) == 2
    assert activate(old) == 400
    assert activate(link_secret_of(invitation())) == 204
    assert owner.get(f"/user/{nina}").json()["status"]["id"] == 1


@pytest.mark.parametrize(("version", "place"), [(1, False), (2, False), (2, True)])
def test_is_deleted_with_the_invitation(cast: Cast, owner: Program, nina: int, version: int, place: bool) -> None:
    secret = link_secret_of(invitation())
    path = f"/user/{nina}/workspace/{cast.acme.pk}" if place else f"/user/{nina}"
    assert owner.call("DELETE", path, version=version).status_code == 204
    # Nothing is left of an account that was made for it; with one elsewhere it would be 10026.
    assert last().type == 46
    assert nina not in ids(owner)
    error(owner.call("DELETE", path, version=version), 404, 1401, "InvalidReference")
    assert activate(secret) == 400


def test_deleting_somebody_with_an_account_elsewhere_leaves_that(cast: Cast, owner: Program) -> None:
    made = owner.post("/user", {"username": cast.outsider.email, "name": "Somebody"}).json()
    assert owner.delete(f"/user/{made['id']}").status_code == 204
    assert last().type == 10026
    assert cast.outsider.name not in last().description
    assert sign_in(cast.outsider).get("/user/my").json()["status"]["id"] == 1


def test_one_who_was_suspended_can_be_invited_anew(cast: Cast, owner: Program, nina: int) -> None:
    assert owner.patch(f"/user/{nina}", {"status": {"id": 2}}).status_code == 204
    assert owner.delete(f"/user/{nina}").status_code == 204
    assert last().type == 46
    assert owner.post("/user", {"username": NEW, "name": "Nina New"}).json()["id"] == nina


def test_the_number_of_queries_does_not_grow(
    cast: Cast, owner: Program, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20) as first:
        assert len(ids(owner)) > 1
    with cast.acting(cast.owner):
        for number in range(5):
            invite_user(
                workspace_id=cast.acme.pk,
                email=f"new{number}@example.com",
                name=f"Newcomer {number}",
                role=Role.USER,
                link=None,
            )
    with django_assert_num_queries(len(first)):
        assert len(ids(owner, q="status:0")) == 5


# --- version 2: no mail, and nobody but the mailbox gets the key ---


def test_version_2_sends_no_mail(cast: Cast, owner: Program) -> None:
    made = owner.call("POST", "/user/invitation", {"username": NEW, "name": "Nina New"}, version=2)
    assert made.status_code == 201
    body = made.json()
    assert set(body) == {"id", "username", "name", "organisation", "roles", "activation_url"}
    assert body["roles"] == [{"id": 1, "name": "Administrator"}]
    assert last().type == 36
    assert mailed() == []
    assert owner.get(f"/user/{body['id']}").json()["status"] == PENDING
    # The key opens the account: it is in no answer, whoever asks.
    assert link_secret_of(invitation()) not in made.content.decode()
    # The invited person asks for the mail, on the page or by a program, and gets in.
    client = cast.client()
    page = client.get(body["activation_url"])
    assert page.status_code == 200
    assert client.post(body["activation_url"], {"email": "not an address"}).status_code == 422
    answer = client.post(body["activation_url"], {"email": NEW})
    unknown = client.post(body["activation_url"], {"email": "nobody@example.com"})
    heard = [re.search(r"<main.*</main>", str(each.content.decode()), re.DOTALL) for each in (answer, unknown)]
    assert heard[0] is not None
    assert heard[1] is not None
    assert heard[0][0].replace(NEW, "") == heard[1][0].replace("nobody@example.com", "")
    assert mailed() == [NEW]
    key = key_in_mail("invitation")
    chosen = sha1_hex("fresh oats and barley")
    assert activate(key) == 204
    assert Program().post("/authenticate", {"username": NEW, "password": chosen}).status_code == 200


def test_version_2_mails_when_it_is_asked_to(owner: Program) -> None:
    body = {"username": NEW, "name": "Nina New", "send_mail": True}
    assert owner.call("POST", "/user/invitation", body, version=2).status_code == 201
    assert mailed() == [NEW]
    wrong = {"username": OTHER, "name": "Other", "send_mail": "perhaps"}
    assert owner.call("POST", "/user/invitation", wrong, version=2).status_code == 422


def test_somebody_with_an_account_asks_for_the_mail_too(cast: Cast, owner: Program, settings: Settings) -> None:
    settings.API_RATE_LIMIT_FACTOR = 1
    owner.call("POST", "/user/invitation", {"username": cast.outsider.email, "name": "Somebody"}, version=2)
    for _ in range(5):
        Program().post("/user/activation_resend", {"username": cast.outsider.email.upper()})
    # Three an hour.
    assert mailed() == [cast.outsider.email] * 3
    User.objects.filter(pk=cast.member.pk).update(status=User.Status.SUSPENDED)
    for nobody in (cast.owner.email, cast.member.email, "nobody@example.com"):
        Program().post("/user/activation_resend", {"username": nobody})
    assert len(mailed()) == 3


# --- states of a member, roles, the SuperAdmin, the lock ---


def test_a_member_who_was_never_activated_does_not_become_active(cast: Cast, owner: Program) -> None:
    path = f"/user/{cast.member.pk}"
    assert owner.patch(path, {"username": OTHER}).status_code == 204
    assert owner.patch(path, {"status": {"id": 2}}).status_code == 204
    refused = error(owner.patch(path, {"status": {"id": 1}}), 422, 1400, "InputValidationFailed")
    assert "never activated" in str(refused)
    before = len(types(cast.acme))
    assert owner.patch(path, {"status": {"id": 0}}).status_code == 204
    assert types(cast.acme)[before:] == [10075, 40]
    key = key_in_mail("verify")
    assert activate(key, "a whole new sentence") == 204
    assert last().type == 41
    # Once it was activated, the published moves hold, and the way back to 0 is none.
    for number in (2, 1):
        assert owner.patch(path, {"status": {"id": number}}).status_code == 204
    error(owner.patch(path, {"status": {"id": 0}}), 422, 1400, "InputValidationFailed")


def test_a_role_is_changed_as_published(cast: Cast, owner: Program) -> None:
    """PUT of the new role and DELETE of the old one, in this order, as clients of many roles do."""
    path = f"/user/{cast.member.pk}"
    assert owner.call("PUT", f"{path}/role/3").status_code == 204
    assert owner.delete(f"{path}/role/2").status_code == 204
    assert owner.get(path).json()["roles"] == [{"id": 3, "name": "Observer"}]
    error(owner.delete(f"{path}/role/3"), 409, 1406, "NotAllowed")
    error(owner.delete(f"{path}/role/9"), 404, 1401, "InvalidReference")
    error(owner.call("PUT", f"{path}/role/9"), 404, 1401, "InvalidReference")
    place = f"{path}/workspace/{cast.acme.pk}"
    assert owner.call("PUT", f"{place}/role/2", version=2).status_code == 204
    assert owner.call("DELETE", f"{place}/role/3", version=2).status_code == 204
    error(owner.call("DELETE", f"{place}/role/2", version=2), 409, 1406, "NotAllowed")


def test_a_super_admin_is_kept_and_not_unknown(cast: Cast, owner: Program) -> None:
    boss = User.objects.create_user("boss@example.com", PASSWORD, name="Berta Boss")
    with cast.staffing():
        set_super_admin(workspace_id=cast.acme.pk, user_id=boss.pk)
    assert boss.pk in ids(owner)
    path = f"/user/{boss.pk}"
    assert owner.get(path).status_code == 200
    assert owner.delete(path).status_code == 409
    assert owner.call("DELETE", f"{path}/workspace/{cast.acme.pk}", version=2).status_code == 409
    assert owner.call("PUT", f"{path}/role/3").status_code == 409
    assert owner.patch(path, {"status": {"id": 2}}).status_code == 409
    assert Workspace.objects.get(pk=cast.acme.pk).super_admin_id == boss.pk


def test_a_verified_address_clears_its_lock(cast: Cast, owner: Program) -> None:
    assert owner.patch(f"/user/{cast.member.pk}", {"username": OTHER}).status_code == 204
    key = key_in_mail("verify")
    for _ in range(FAILURES_TO_LOCK):
        Program().post("/authenticate", {"username": OTHER, "password": sha1_hex("impatience")})
    assert User.objects.get(pk=cast.member.pk).locked_until is not None
    chosen = sha1_hex("a whole new sentence")
    assert activate(key, "a whole new sentence") == 204
    assert Program().post("/authenticate", {"username": OTHER, "password": chosen}).status_code == 200
    # Guesses after that count again, and the used link clears nothing.
    for _ in range(FAILURES_TO_LOCK):
        Program().post("/authenticate", {"username": OTHER, "password": sha1_hex("guess")})
    assert activate(key, "a whole new sentence") == 400
    assert Program().post("/authenticate", {"username": OTHER, "password": chosen}).status_code == 401


def test_application_tokens_invite_and_change_nobody(cast: Cast, erp: Program, nina: int) -> None:
    before = rows()
    for answer in (
        erp.patch(f"/user/{nina}", {"name": "X"}),
        erp.delete(f"/user/{nina}"),
        erp.call("PUT", f"/user/{nina}/role/1"),
        erp.call("POST", "/user/invitation", {"username": OTHER, "name": "O"}, version=2),
    ):
        error(answer, 403, 1104, "Forbidden")
    assert rows() == before


def test_the_portal_filters_by_workspace(cast: Cast, nina: int) -> None:
    url = reverse("accounts:workspace_users", args=[cast.acme.pk])
    client = cast.client(cast.owner)
    found = client.get(url, {"workspaces": str(cast.bolt.pk)}).content.decode()
    assert cast.owner.email in found
    assert cast.member.email not in found
    both = client.get(url, {"email": f"{NEW},{cast.member.email}"}).content.decode()
    assert NEW in both
    assert cast.member.email in both
    assert cast.observer.email not in both
    # A workspace that is none of theirs is no choice.
    assert client.get(url, {"workspaces": str(cast.umbra.pk)}).status_code == 422
    with acting_as(actor_of(cast.owner)):
        assert str(cast.umbra.name) not in client.get(url).content.decode()
