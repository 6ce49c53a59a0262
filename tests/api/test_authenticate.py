"""Signing in over the API: `docs/api.md` section 1."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import ApplicationToken, User
from accounts.sign_in.hashers import sha1_hex
from events.models import Event
from tests.api.conftest import Program, error, exchange, make_token, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import types


def credentials(user: User, password: str = PASSWORD) -> dict[str, str]:
    return {"username": user.email, "password": sha1_hex(password)}


def test_an_application_token_gets_an_auth_token_only(cast: Cast) -> None:
    _token, value = make_token(cast, cast.acme, by=cast.owner)
    answer = Program().post("/authenticate", {"application_token": value})
    assert answer.status_code == 200
    assert list(answer.json()) == ["auth_token"]
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"


def test_a_user_gets_both_and_refreshes(cast: Cast) -> None:
    program = Program()
    answer = program.post("/authenticate", {**credentials(cast.owner), "fingerprint": "abc"}).json()
    assert list(answer) == ["auth_token", "refresh_token"]
    fresh = program.post("/authenticate", {"refresh_token": answer["refresh_token"]})
    assert list(fresh.json()) == ["auth_token"]
    program.token = fresh.json()["auth_token"]
    assert program.get("/organisation/my").json()["id"] == cast.acme.pk


def test_a_refresh_token_opens_nothing_by_itself(cast: Cast) -> None:
    program = Program()
    program.token = program.post("/authenticate", credentials(cast.owner)).json()["refresh_token"]
    error(program.get("/sim"), 401, 1102, "InvalidToken")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"{}",
        b'{"application_token": 5}',
        b'{"username": "a@example.com"}',
        b'{"application_token": "x", "refresh_token": "y"}',
        b'{"username": "a\\u0000", "password": "x"}',
        b'{"username": ["a"], "password": "x"}',
    ],
)
def test_what_is_malformed_is_400(db: None, body: bytes) -> None:
    error(Program().post("/authenticate", body), 400, 1000, "BadRequest")


@pytest.mark.parametrize(
    "body",
    [
        {"application_token": "portal_app_unknown"},
        {"application_token": "ü"},
        {"refresh_token": "a.b.c"},
        {"mfa_token": "x", "code": "123456"},
        {"username": "nobody@example.com", "password": sha1_hex("x")},
        {"username": "nobody@example.com", "password": "not hex"},
    ],
)
def test_what_is_wrong_is_401_with_an_empty_body(db: None, body: dict[str, Any]) -> None:
    answer = Program().post("/authenticate", body)
    assert answer.status_code == 401
    assert answer.content == b""
    assert answer["Content-Type"] == "application/json"
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.sqlite_too("writers wait for each other as SQLite lets them")
@pytest.mark.django_db(transaction=True)
def test_three_failures_lock_and_say_so(cast: Cast) -> None:
    program = Program()
    wrong = credentials(cast.member, "something else")
    assert [program.post("/authenticate", wrong).content for _ in range(2)] == [b"", b""]
    locked = program.post("/authenticate", wrong)
    error(locked, 401, 1105, "TooManyRequests")
    assert 0 < int(locked["Retry-After"]) <= 300
    error(program.post("/authenticate", credentials(cast.member)), 401, 1105, "TooManyRequests")
    assert types(cast.acme) == [6, 6, 6, 10022]
    assert "Too many failed authentication requests" in Event.objects.filter(type=6).latest("id").description


def test_a_revoked_token_is_told_in_its_workspace(cast: Cast) -> None:
    token, value = make_token(cast, cast.acme, by=cast.owner)
    program = exchange(value)
    ApplicationToken.objects.filter(pk=token.pk).update(status=ApplicationToken.Status.REVOKED)
    assert Program().post("/authenticate", {"application_token": value}).status_code == 401
    assert types(cast.acme)[-1] == 7
    error(program.get("/sim"), 401, 1102, "InvalidToken")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer a.b.c", "bearer\tx"])
def test_no_or_a_wrong_bearer_is_1102(db: None, header: str) -> None:
    answer = Program().client.get("/api/v1/sim", headers={"authorization": header} if header else {})
    error(answer, 401, 1102, "InvalidToken")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_token_over_its_time_is_1103(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUTH_TOKEN_MINUTES = 1
    program = sign_in(cast.owner)
    monkeypatch.setattr("jwt.api_jwt.datetime", _later())
    error(program.get("/sim"), 401, 1103, "TokenExpired")


def _later() -> Any:
    import datetime

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return super().now(tz) + datetime.timedelta(minutes=2)

    return Later


def test_switching_workspace(cast: Cast, owner: Program, erp: Program) -> None:
    answer = owner.post("/authenticate/workspace", {"target_organisation": {"id": float(cast.bolt.pk)}})
    assert list(answer.json()) == ["auth_token"]
    there = Program(answer.json()["auth_token"])
    assert there.get("/organisation/my").json()["name"] == "Bolt"
    assert owner.get("/organisation/my").json()["name"] == "Acme"
    assert types(cast.bolt) == [67]

    for workspace_id in (cast.umbra.pk, 999_999):
        body = {"target_organisation": {"id": workspace_id}}
        refused = error(owner.post("/authenticate/workspace", body), 404, 1401, "InvalidReference")
        assert refused["message"] == f"Organisation with Id '{workspace_id}' not found."
    error(erp.post("/authenticate/workspace", {"target_organisation": {"id": cast.bolt.pk}}), 401, 1102, "InvalidToken")
    error(owner.post("/authenticate/workspace", {}), 422, 1400, "InputValidationFailed")


def test_my_organisation_is_flat_with_three_numbers_and_the_rest_as_strings(cast: Cast, owner: Program) -> None:
    body = owner.get("/organisation/my").json()
    numbers = {name: value for name, value in body.items() if not isinstance(value, str)}
    assert numbers == {"id": cast.acme.pk, "currency_id": 1, "organisation_class_id": 0}
    assert (body["organisation_type_id"], body["organisation_status_id"]) == ("4", "0")
