"""The API's door: what is let in, what is refused, and that revoking takes effect at once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApplicationToken, Membership, User
from accounts.people.services.staff_accounts import reactivate_user, suspend_user
from accounts.sign_in.authentication import AccountLocked, WrongCredentials
from accounts.sign_in.hashers import sha1_hex
from accounts.sign_in.services.passwords import set_user_password
from accounts.tokens.jwts import TokenRefused
from accounts.tokens.services import revoke_application_token
from accounts.tokens.user_tokens import (
    Bearer,
    UserTokens,
    authenticate_application,
    authenticate_bearer,
    authenticate_user,
    refresh,
    switch_token,
)
from kit.context import (
    ANONYMOUS,
    ActionContext,
    ActorKind,
    Person,
    Surface,
    acting_as,
    current_actor,
    current_context,
)
from kit.errors import Forbidden, NotFound
from tests.accounts.conftest import ADDRESS, TOKEN_VALUE, Facts, Firm, by, by_system
from tests.cast import PASSWORD

pytestmark = pytest.mark.usefixtures("facts")


def user_tokens(user: User) -> UserTokens:
    with by(ANONYMOUS, Surface.API):
        found = authenticate_user(username=user.email, digest=sha1_hex(PASSWORD))
    assert isinstance(found, UserTokens)
    return found


def application() -> str:
    with by(ANONYMOUS, Surface.API):
        return authenticate_application(value=TOKEN_VALUE)


def call(token: str, ip: str | None = ADDRESS) -> Bearer:
    with acting_as(ANONYMOUS, surface=Surface.API, ip=ip) as opened:
        opened.actor = None
        bearer = authenticate_bearer(f"Bearer {token}")
        assert current_actor() is bearer.actor
        return bearer


def refused(token: str, code: str = "invalid_token", ip: str | None = ADDRESS) -> None:
    with pytest.raises(TokenRefused) as caught:
        call(token, ip)
    assert (caught.value.status, caught.value.code) == (401, code)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


# --- users ---


def test_a_user_signs_in_and_acts_as_themselves(firm: Firm, facts: Facts) -> None:
    tokens = user_tokens(firm.member)
    assert facts.seen == [("user_signed_in", {"workspace_id": firm.acme.pk})]
    bearer = call(tokens.auth_token)
    assert (bearer.user, bearer.token, bearer.workspace) == (firm.member, None, firm.acme)
    assert bearer.actor.kind == ActorKind.USER
    assert bearer.actor.person == Person(firm.member.pk, "Max Member", "max.member@example.com")
    assert bearer.actor.roles == {firm.acme.pk: "User", firm.bolt.pk: "Observer"}
    firm.member.refresh_from_db()
    assert firm.member.last_login is not None


def test_claims_are_named_as_emnifys(firm: Firm) -> None:
    claims = claims_of(user_tokens(firm.member).auth_token)
    assert claims["aud"] == "/api/v1/authentication"
    assert (claims["esc.user"], claims["esc.org"], claims["esc.orgName"]) == (firm.member.pk, firm.acme.pk, "Acme")
    assert "esc.app" not in claims
    assert claims["exp"] - claims["iat"] == 240 * 60
    assert "max.member@example.com" not in json.dumps(claims), "a JWT is readable by whoever finds it"


def test_lifetime_is_a_setting(firm: Firm, settings: Any) -> None:
    settings.AUTH_TOKEN_MINUTES = 5
    claims = claims_of(application())
    assert claims["exp"] - claims["iat"] == 300


def test_wrong_password_and_lock_are_the_portals(firm: Firm, facts: Facts) -> None:
    def wrong() -> None:
        with by(ANONYMOUS, Surface.API):
            authenticate_user(username=firm.member.email, digest="0" * 40)

    for expected in (WrongCredentials, WrongCredentials, AccountLocked):
        with pytest.raises(expected):
            wrong()
    assert facts.names == ["sign_in_failed", "sign_in_failed", "sign_in_failed", "user_locked"]


def test_an_account_without_a_workspace_opens_nothing(firm: Firm) -> None:
    firm.member.memberships.all().delete()
    with pytest.raises(TokenRefused):
        user_tokens(firm.member)


def test_staff_without_a_workspace_get_a_token_that_has_no_role_anywhere(firm: Firm) -> None:
    bearer = call(user_tokens(firm.staff).auth_token)
    assert bearer.workspace == firm.operator
    assert bearer.user == firm.staff
    assert (dict(bearer.actor.roles), bearer.actor.everywhere) == ({}, False)


def test_refresh_gives_an_auth_token_and_each_stays_at_its_purpose(firm: Firm) -> None:
    tokens = user_tokens(firm.member)
    with by(ANONYMOUS, Surface.API):
        renewed = refresh(refresh_token=tokens.refresh_token)
        with pytest.raises(TokenRefused):
            refresh(refresh_token=tokens.auth_token)
    assert call(renewed).workspace == firm.acme
    refused(tokens.refresh_token)


def test_switching_gives_a_token_for_the_other_workspace_and_leaves_the_old_one(firm: Firm, facts: Facts) -> None:
    old = user_tokens(firm.member).auth_token
    facts.clear()
    with by(ANONYMOUS, Surface.API):
        new = switch_token(bearer=authenticate_bearer(f"Bearer {old}"), workspace_id=firm.bolt.pk)
    assert facts.seen == [("workspace_switched", {"workspace_id": firm.bolt.pk, "user_id": firm.member.pk})]
    assert call(new).workspace == firm.bolt
    assert call(old).workspace == firm.acme


def test_nobody_switches_to_a_strangers_workspace(firm: Firm, facts: Facts) -> None:
    old = user_tokens(firm.member).auth_token
    facts.clear()
    with by(ANONYMOUS, Surface.API), pytest.raises(NotFound):
        switch_token(bearer=authenticate_bearer(f"Bearer {old}"), workspace_id=firm.umbra.pk)
    with by(ANONYMOUS, Surface.API), pytest.raises(Forbidden):
        switch_token(bearer=authenticate_bearer(f"Bearer {application()}"), workspace_id=firm.bolt.pk)
    assert facts.names == []


@pytest.mark.parametrize(
    "end",
    [
        lambda firm: set_user_password(user_id=firm.member.pk, password="another long phrase"),
        lambda firm: suspend_user(user_id=firm.member.pk),
        lambda firm: (suspend_user(user_id=firm.member.pk), reactivate_user(user_id=firm.member.pk)),
        lambda firm: Membership.objects.filter(user=firm.member, workspace=firm.acme).delete(),
        lambda firm: User.objects.filter(pk=firm.member.pk).delete(),
    ],
    ids=["password", "suspended", "suspended and back", "removed", "deleted"],
)
def test_what_ends_an_account_ends_its_tokens_at_the_next_call(firm: Firm, end: Callable[[Firm], object]) -> None:
    tokens = user_tokens(firm.member)
    call(tokens.auth_token)
    with by_system():
        end(firm)
    refused(tokens.auth_token)
    with by(ANONYMOUS, Surface.API), pytest.raises(TokenRefused):
        refresh(refresh_token=tokens.refresh_token)


# --- applications ---


def test_an_application_acts_in_its_workspace_without_a_user(firm: Firm, facts: Facts) -> None:
    token = application()
    claims = claims_of(token)
    assert (claims["esc.app"], claims["esc.org"]) == (firm.erp.pk, firm.acme.pk)
    assert "esc.user" not in claims
    bearer = call(token)
    assert (bearer.user, bearer.token, bearer.workspace) == (None, firm.erp, firm.acme)
    assert (bearer.actor.kind, bearer.actor.person) == (ActorKind.APPLICATION_TOKEN, None)
    assert facts.names == [], "programs come and go all day"


def test_an_unknown_value_is_told_to_nobody(firm: Firm, facts: Facts, caplog: pytest.LogCaptureFixture) -> None:
    with by(ANONYMOUS, Surface.API), pytest.raises(TokenRefused):
        authenticate_application(value="portal_app_unknown")
    assert facts.names == []
    assert "unknown application token" in caplog.text
    assert "portal_app_unknown" not in caplog.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": ApplicationToken.Status.REVOKED}, "revoked"),
        ({"expiry_date": timezone.now() - timedelta(seconds=1)}, "expired"),
        ({"ip": "198.51.100.0/24"}, "address"),
    ],
)
def test_a_known_token_that_is_refused_is_told_in_its_workspace(
    firm: Firm, facts: Facts, change: dict[str, Any], reason: str
) -> None:
    token = application()
    call(token)
    ApplicationToken.objects.filter(pk=firm.erp.pk).update(**change)
    refused(token)
    assert facts.names == [], "one for each sign-in, none for each call"
    with by(ANONYMOUS, Surface.API), pytest.raises(TokenRefused):
        authenticate_application(value=TOKEN_VALUE)
    fact = facts.one("application_sign_in_failed")
    assert (fact["workspace_id"], fact["reason"], fact["ip"]) == (firm.acme.pk, reason, ADDRESS)
    assert (fact["token"].id, fact["token"].name) == (firm.erp.pk, "ERP")


def test_revoking_works_at_the_next_call(firm: Firm) -> None:
    token = application()
    with by(firm.admin):
        revoke_application_token(workspace_id=firm.acme.pk, token_id=firm.erp.pk)
    refused(token)


@pytest.mark.parametrize(
    ("network", "ip", "allowed"),
    [
        ("203.0.113.0/24", ADDRESS, True),
        ("203.0.113.7/32", "::ffff:203.0.113.7", True),
        ("203.0.113.8/32", ADDRESS, False),
        ("2001:db8::/32", "2001:db8::5", True),
        ("2001:db8::/32", ADDRESS, False),
        ("203.0.113.0/24", None, False),
        ("", None, True),
    ],
)
def test_address_ranges(firm: Firm, network: str, ip: str | None, allowed: bool) -> None:
    token = application()
    ApplicationToken.objects.filter(pk=firm.erp.pk).update(ip=network)
    if allowed:
        call(token, ip)
    else:
        refused(token, ip=ip)


def test_last_use_is_noted_every_five_minutes(firm: Firm) -> None:
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as clock:
        token = application()
        first = timezone.now()
        clock.shift(timedelta(minutes=4))
        call(token)
        firm.erp.refresh_from_db()
        assert firm.erp.last_used == first
        clock.shift(timedelta(minutes=1))
        call(token)
        firm.erp.refresh_from_db()
        assert firm.erp.last_used == timezone.now()


def test_at_most_two_queries_a_call(firm: Firm) -> None:
    for token in (user_tokens(firm.member).auth_token, application()):
        with CaptureQueriesContext(connection) as queries:
            bearer = call(token)
            assert bearer.workspace.package.name == "Plus EUR"
        assert len(queries) <= 2, [query["sql"] for query in queries]


# --- forged, broken and old ---


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(token: str, head: dict[str, Any], **changes: Any) -> str:
    claims = {**claims_of(token), **changes}
    return f"{_part({**jwt.get_unverified_header(token), **head})}.{_part(claims)}.{token.rsplit('.', 1)[1]}"


def test_changed_claims_are_refused(firm: Firm) -> None:
    token = user_tokens(firm.member).auth_token
    call(token)
    refused(forged(token, {}, **{"esc.user": firm.owner.pk}))
    refused(forged(token, {}, exp=9_999_999_999))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", ""])
def test_the_token_does_not_choose_its_algorithm(firm: Firm, algorithm: str) -> None:
    token = user_tokens(firm.member).auth_token
    refused(forged(token, {"alg": algorithm}))
    unsigned = forged(token, {"alg": algorithm}).rsplit(".", 1)[0] + "."
    refused(unsigned)


def test_keys_of_others_sign_nothing(firm: Firm, settings: Any) -> None:
    token = user_tokens(firm.member).auth_token
    claims, head = claims_of(token), jwt.get_unverified_header(token)
    for key in (settings.SECRET_KEY, "x" * 40):
        refused(jwt.encode(claims, key, algorithm="HS256", headers={"kid": head["kid"]}))
        refused(jwt.encode(claims, key, algorithm="HS256", headers={"kid": "other"}))
        refused(jwt.encode(claims, key, algorithm="HS256"))


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer ..", "Bearer é", "abc", "Bearer a b"]
)
def test_malformed_headers(db: None, header: str) -> None:
    with by(ANONYMOUS, Surface.API), pytest.raises(TokenRefused):
        authenticate_bearer(header)


@pytest.mark.parametrize("kid", [5, None, [], {}])
def test_odd_key_names(firm: Firm, kid: Any) -> None:
    refused(forged(application(), {"kid": kid}))


def test_over_is_told_apart(firm: Firm) -> None:
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as clock:
        token = application()
        clock.shift(timedelta(minutes=239, seconds=59))
        call(token)
        clock.shift(timedelta(seconds=1))
        refused(token, "token_expired")


def test_a_new_secret_reads_what_the_old_one_signed_until_it_is_dropped(firm: Firm, settings: Any) -> None:
    token = application()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new secret " * 5
    call(token)
    assert jwt.get_unverified_header(application())["kid"] != jwt.get_unverified_header(token)["kid"]
    settings.SECRET_KEY_FALLBACKS = []
    refused(token)


def test_a_refused_call_binds_nobody(firm: Firm) -> None:
    with acting_as(ANONYMOUS, surface=Surface.API) as opened:
        opened.actor = None
        with pytest.raises(TokenRefused):
            authenticate_bearer("Bearer a.b.c")
        assert isinstance(current_context(), ActionContext)
        assert current_context().actor is None
