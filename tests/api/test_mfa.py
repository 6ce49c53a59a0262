"""Second factors and trusted devices over the API, and signing in with them (`docs/api.md` sections 1 and 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.models import Membership, TrustedDevice, User, Workspace
from accounts.permissions import Role
from accounts.sign_in.hashers import sha1_hex
from accounts.sign_in.second_factors import has_second_factor
from sims.models import Sim
from tests.api.conftest import Program, error, exchange, make_token, sign_in
from tests.cast import PASSWORD, Cast
from tests.log import rows, types
from tests.second_factors import App, set_up

DEVICE = {"fingerprint": "0123456789abcdef", "operating_system": "Linux", "browser": "Firefox 144"}


def first_step(user: User, **more: Any) -> Any:
    return Program().post("/authenticate", {"username": user.email, "password": sha1_hex(PASSWORD), **more})


def mfa_token(user: User) -> str:
    answer = first_step(user)
    assert list(answer.json()) == ["mfa_token"], answer.content
    return str(answer.json()["mfa_token"])


def second_step(token: str, code: str, **more: Any) -> Any:
    return Program().post("/authenticate", {"mfa_token": token, "code": code, **more})


def entered(user: User, code: str) -> Program:
    """Return a program that has signed in with password and code."""
    return Program(token=second_step(mfa_token(user), code).json()["auth_token"])


def new_key(program: Program, password: str = PASSWORD, kind: int = 0) -> Any:
    return program.post("/user/mfa", {"type": {"id": kind}, "password": sha1_hex(password)})


def activate(program: Program, key_id: int | str, code: str) -> Any:
    return program.patch(f"/user/mfa/{key_id}", {"status": {"id": 1}, "code": code})


# --- signing in ---


def test_the_password_gets_a_token_for_the_code_only(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    token = mfa_token(cast.member)
    error(Program(token=token).get("/sim"), 401, 1102, "InvalidToken")
    assert Program().post("/authenticate", {"refresh_token": token}).status_code == 401
    assert types(cast.acme) == [10028]
    answer = second_step(token, app.code())
    assert answer.status_code == 200
    assert list(answer.json()) == ["auth_token", "refresh_token"]
    assert types(cast.acme) == [10028, 10020]
    assert Program(token=answer.json()["auth_token"]).get("/user/my").json()["id"] == cast.member.pk
    # A token for calls is none for the code, and a code is good once.
    assert second_step(answer.json()["auth_token"], app.code(periods=1)).status_code == 401
    assert second_step(mfa_token(cast.member), app.code()).status_code == 401


def test_the_token_is_over_after_five_minutes_and_when_the_account_changes(cast: Cast) -> None:
    app, codes, _key = set_up(cast.member)
    token = mfa_token(cast.member)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["typ"], claims["exp"] - claims["iat"]) == ("mfa", 300)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert second_step(token, app.code()).status_code == 401
    User.objects.filter(pk=cast.member.pk).update(token_epoch=7)
    assert second_step(token, codes[0]).status_code == 401


def test_a_recovery_code_signs_in_once(cast: Cast) -> None:
    _app, codes, _key = set_up(cast.member)
    assert second_step(mfa_token(cast.member), codes[0]).status_code == 200
    assert second_step(mfa_token(cast.member), codes[0]).status_code == 401


def test_three_wrong_codes_lock(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    token = mfa_token(cast.member)
    for _attempt in range(2):
        answer = second_step(token, app.wrong())
        assert (answer.status_code, answer.content) == (401, b"")
    locked = second_step(token, app.wrong())
    error(locked, 401, 1105, "TooManyRequests")
    assert int(locked["Retry-After"]) > 200
    error(second_step(token, app.code()), 401, 1105, "TooManyRequests")
    error(first_step(cast.member), 401, 1105, "TooManyRequests")
    assert types(cast.acme) == [10028, 6, 6, 6, 10022]


@pytest.mark.parametrize(
    "body",
    [
        {"mfa_token": "x"},
        {"mfa_token": "x", "code": 123456},
        {"mfa_token": "x", "code": "123456", "trusted_device": {"fingerprint": "abc"}},
        {"mfa_token": "x", "code": "123456", "refresh_token": "y"},
    ],
)
def test_what_is_malformed_is_400(db: None, body: dict[str, Any]) -> None:
    error(Program().post("/authenticate", body), 400, 1000, "BadRequest")


def test_a_trusted_device_needs_no_code_for_90_days(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    short = second_step(mfa_token(cast.member), app.code(), trusted_device={**DEVICE, "fingerprint": "short"})
    assert "16 to 1,000" in error(short, 400, 1000, "BadRequest")["message"]
    assert second_step(mfa_token(cast.member), app.code(), trusted_device=DEVICE).status_code == 200
    assert list(first_step(cast.member, fingerprint=DEVICE["fingerprint"]).json()) == ["auth_token", "refresh_token"]
    assert list(first_step(cast.member, fingerprint="another one").json()) == ["mfa_token"]
    assert DEVICE["fingerprint"] not in str(TrustedDevice.objects.values())
    set_up(cast.observer)
    assert list(first_step(cast.observer, fingerprint=DEVICE["fingerprint"]).json()) == ["mfa_token"]
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert list(first_step(cast.member, fingerprint=DEVICE["fingerprint"]).json()) == ["mfa_token"]


# --- keys ---


def test_a_key_from_creation_to_removal(cast: Cast) -> None:
    program = sign_in(cast.member)
    answer = new_key(program)
    assert answer.status_code == 200
    made = answer.json()
    assert list(made) == ["id", "status", "type", "creation_date", "secret_key", "otpauth"]
    assert made["status"] == {"id": 0, "description": "Activation Pending"}
    assert made["type"] == {"id": 0, "description": "Time-Based One-Time Password"}
    app = App(made["secret_key"])
    assert f"secret={app.secret}" in made["otpauth"]
    assert list(first_step(cast.member).json()) == ["auth_token", "refresh_token"]

    error(activate(program, made["id"], app.wrong()), 422, 1400, "InputValidationFailed")
    assert activate(program, made["id"], app.code(periods=-1)).status_code == 204
    # Nobody goes on who was never asked for a code, this program neither.
    error(program.get("/user/my"), 401, 1102, "InvalidToken")
    program = entered(cast.member, app.code())
    assert activate(program, made["id"], app.code()).status_code == 409
    assert new_key(program).status_code == 409
    mfa_token(cast.member)
    shown = program.get("/user/my").json()["mfa"]
    assert shown == [
        {
            "id": made["id"],
            "status": {"id": 1, "description": "Active"},
            "type": {"id": 0, "description": "Time-Based One-Time Password"},
            "creation_date": made["creation_date"],
        }
    ]
    assert program.delete(f"/user/my/mfa/{made['id']}").status_code == 204
    assert program.get(f"/user/{cast.member.pk}").json()["mfa"] == []
    assert types(cast.acme) == [10020, 10020, 6, 10028, 10020, 14]
    error(program.delete(f"/user/my/mfa/{made['id']}"), 404, 1201, "NotFound")


def test_the_password_is_asked_for_and_counted(cast: Cast) -> None:
    program = sign_in(cast.member)
    for _attempt in range(2):
        error(new_key(program, "wrong"), 422, 1400, "InputValidationFailed")
    locked = new_key(program, "wrong")
    error(locked, 429, 1105, "TooManyRequests")
    assert 200 < int(locked["Retry-After"]) <= 300
    assert not Authenticator.objects.exists()
    assert types(cast.acme) == [10020, 6, 6, 6, 10022]


def test_wrong_first_codes_are_counted_too(cast: Cast) -> None:
    program = sign_in(cast.member)
    made = new_key(program).json()
    app = App(made["secret_key"])
    for _attempt in range(2):
        error(activate(program, made["id"], app.wrong()), 422, 1400, "InputValidationFailed")
    locked = activate(program, made["id"], app.wrong())
    error(locked, 429, 1105, "TooManyRequests")
    assert 200 < int(locked["Retry-After"]) <= 300
    # To authenticate, the same lock is 401.
    error(first_step(cast.member), 401, 1105, "TooManyRequests")


def test_what_can_not_be_made(cast: Cast) -> None:
    program = sign_in(cast.member)
    error(new_key(program, kind=2), 422, 1401, "InvalidReference")
    error(program.patch("/user/mfa/1", {"status": {"id": 0}, "code": "1"}), 422, 1401, "InvalidReference")
    error(activate(program, 999, "123456"), 404, 1201, "NotFound")
    _token, value = make_token(cast, cast.acme, by=cast.owner)
    assert new_key(exchange(value)).status_code == 403


def test_nobody_reaches_the_keys_of_others(cast: Cast, outsider: Program, observer: Program, owner: Program) -> None:
    _app, _codes, key = set_up(cast.member)
    error(activate(outsider, key.pk, "123456"), 404, 1201, "NotFound")
    assert outsider.delete(f"/user/my/mfa/{key.pk}").status_code == 404
    assert outsider.delete(f"/user/{cast.member.pk}/mfa/{key.pk}").status_code == 404
    assert observer.delete(f"/user/{cast.member.pk}/mfa/{key.pk}").status_code == 403
    assert owner.delete(f"/user/{cast.observer.pk}/mfa/{key.pk}").status_code == 404
    assert has_second_factor(cast.member.pk)
    assert owner.get(f"/user/{cast.member.pk}").json()["mfa"][0]["id"] == key.pk
    assert owner.delete(f"/user/{cast.member.pk}/mfa/{key.pk}").status_code == 204
    assert not has_second_factor(cast.member.pk)
    assert types(cast.acme)[-1] == 14


# --- trusted devices ---


def test_trusted_devices_are_listed_and_forgotten(cast: Cast, owner: Program, outsider: Program) -> None:
    app, _codes, _key = set_up(cast.member)
    tokens = second_step(mfa_token(cast.member), app.code(), trusted_device={**DEVICE, "name": "Build server"}).json()
    program = Program(token=tokens["auth_token"])
    device = TrustedDevice.objects.get()
    (shown,) = program.get("/user/my/mfa/trusted_device").json()
    assert {name: shown[name] for name in ("id", "name", "operating_system", "browser")} == {
        "id": device.pk,
        "name": "Build server",
        "operating_system": "Linux",
        "browser": "Firefox 144",
    }
    assert program.get(f"/user/my/mfa/trusted_device/{device.pk}").json() == shown
    assert owner.get(f"/user/{cast.member.pk}/mfa/trusted_device").json() == [shown]
    own = f"/user/{cast.member.pk}/mfa/trusted_device"
    for answer in (outsider.get(own), outsider.delete(own), outsider.delete(f"{own}/{device.pk}")):
        assert answer.status_code == 404
    error(outsider.delete(f"/user/my/mfa/trusted_device/{device.pk}"), 404, 1201, "NotFound")
    assert program.delete(f"/user/my/mfa/trusted_device/{device.pk}").status_code == 204
    error(program.delete(f"/user/my/mfa/trusted_device/{device.pk}"), 404, 1201, "NotFound")
    mfa_token(cast.member)
    second_step(mfa_token(cast.member), app.code(periods=1), trusted_device=DEVICE)
    assert owner.delete(own).status_code == 204
    assert rows(cast.acme)[-1][1] == "Account of {subject.username} updated: all trusted devices forgotten"
    assert program.get("/user/my/mfa/trusted_device").json() == []


def test_devices_of_somebody_with_two_customers_are_neither_s(cast: Cast, owner: Program, outsider: Program) -> None:
    Membership.objects.create(user=cast.member, workspace=cast.umbra, role=Role.USER)
    device = TrustedDevice.objects.create(user=cast.member, digest="0" * 64, expires=timezone.now() + timedelta(days=1))
    path = f"/user/{cast.member.pk}/mfa/trusted_device"
    for program in (owner, outsider):
        for refused in (program.delete(path), program.delete(f"{path}/{device.pk}")):
            error(refused, 403, 1104, "Forbidden")
    assert TrustedDevice.objects.filter(pk=device.pk).exists()
    assert types(cast.acme) == types(cast.umbra) == [10020]


# --- demanded by a workspace ---


def test_a_workspace_that_demands_it_says_how(cast: Cast) -> None:
    program = sign_in(cast.member)
    _token, value = make_token(cast, cast.acme, by=cast.owner)
    cast.acme.mfa_required = True
    cast.acme.save()
    refused = program.get("/sim")
    assert "POST /api/v1/user/mfa" in error(refused, 403, 1104, "Forbidden")["message"]
    # Programs with application tokens go on.
    assert exchange(value).get("/sim").status_code == 200
    # Setting it up is not refused, however the id is written.
    made = new_key(program).json()
    error(activate(program, f"{made['id']}.5", "1"), 403, 1104, "Forbidden")
    app = App(made["secret_key"])
    assert activate(program, f"{made['id']}.0", app.code()).status_code == 204
    program = entered(cast.member, app.code(periods=1))
    assert program.get("/sim").status_code == 200
    assert program.delete(f"/user/my/mfa/{made['id']}").status_code == 409


@pytest.fixture
def strict(cast: Cast) -> Program:
    """Acme's owner, whose token is for Acme; Bolt demands a second factor, which the owner has not set up."""
    program = sign_in(cast.owner)
    Workspace.objects.filter(pk=cast.bolt.pk).update(mfa_required=True)
    return program


def test_another_workspace_that_demands_it_gives_no_usage(cast: Cast, strict: Program) -> None:
    def usage(program: Program, **query: Any) -> Any:
        return program.call("GET", "/workspace/stats/daily", version=2, **query)

    assert [each["id"] for each in usage(strict).json()] == [cast.acme.pk]
    named = usage(strict, workspace_ids=f"{cast.acme.pk},{cast.bolt.pk}")
    assert f"Workspace {cast.bolt.pk} demands" in error(named, 403, 1104, "Forbidden")["message"]
    app, _codes, _key = set_up(cast.owner)
    program = entered(cast.owner, app.code())
    assert [each["id"] for each in usage(program).json()] == [cast.acme.pk, cast.bolt.pk]


def test_another_workspace_that_demands_it_gives_and_takes_no_sims(cast: Cast, strict: Program) -> None:
    (mine,), (theirs,) = cast.sims(1), cast.sims(1, workspace=cast.bolt)

    def move(program: Program, where: Workspace, **which: Any) -> Any:
        body = {"target_workspace": {"id": where.pk}, "dry_run": False, **which}
        return program.post("/sim/migration/workspace", body)

    into = move(strict, cast.bolt, sims=[{"id": mine.pk}])
    assert "demands a second factor" in error(into, 403, 1104, "Forbidden")["message"]
    for which in (
        {"sims": [{"id": theirs.pk}]},
        {"iccids": [theirs.iccid]},
        {"iccid_range": {"start": theirs.iccid, "end": theirs.iccid}},
    ):
        error(move(strict, cast.acme, **which), 404, 1201, "NotFound")
    assert set(Sim.objects.values_list("pk", "workspace_id")) == {(mine.pk, cast.acme.pk), (theirs.pk, cast.bolt.pk)}
    app, _codes, _key = set_up(cast.owner)
    program = entered(cast.owner, app.code())
    assert move(program, cast.bolt, sims=[{"id": mine.pk}]).status_code == 200
    assert move(program, cast.acme, sims=[{"id": theirs.pk}]).status_code == 200


def test_another_workspace_that_demands_it_gives_no_roles(cast: Cast, strict: Program) -> None:
    Membership.objects.create(user=cast.member, workspace=cast.bolt, role=Role.USER)
    path = f"/user/{cast.member.pk}/workspace"
    for method, end, body in (
        ("PUT", "/role/1", None),
        ("DELETE", "/role/2", None),
        ("PATCH", "", {"status": {"id": 2}}),
        ("DELETE", "", None),
    ):
        refused = strict.call(method, f"{path}/{cast.bolt.pk}{end}", body, version=2)
        assert "demands a second factor" in error(refused, 403, 1104, "Forbidden")["message"]
    assert [each["id"] for each in strict.call("GET", path, version=2).json()] == [cast.acme.pk]
    # The account is Bolt's too, so that nothing is done to it from Acme.
    assert (
        "demands"
        in error(strict.patch(f"/user/{cast.member.pk}", {"status": {"id": 2}}), 403, 1104, "Forbidden")["message"]
    )
    assert Membership.objects.get(user=cast.member, workspace=cast.bolt).role == Role.USER
    assert types(cast.bolt) == []
    app, _codes, _key = set_up(cast.owner)
    program = entered(cast.owner, app.code())
    assert program.call("PUT", f"{path}/{cast.bolt.pk}/role/1", version=2).status_code == 204
    assert types(cast.bolt) == [10024]


def test_going_over_and_setting_up_there_is_open(cast: Cast, strict: Program) -> None:
    answer = strict.post("/authenticate/workspace", {"target_organisation": {"id": cast.bolt.pk}})
    assert answer.status_code == 200
    there = Program(token=answer.json()["auth_token"])
    error(there.get("/sim"), 403, 1104, "Forbidden")
    made = new_key(there).json()
    app = App(made["secret_key"])
    assert activate(there, made["id"], app.code()).status_code == 204
    again = entered(cast.owner, app.code(periods=1))
    over = again.post("/authenticate/workspace", {"target_organisation": {"id": cast.bolt.pk}}).json()
    assert Program(token=over["auth_token"]).get("/sim").status_code == 200


def test_calls_take_a_constant_number_of_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    app, _codes, _key = set_up(cast.member)
    program = entered(cast.member, app.code())
    for number in range(12):
        TrustedDevice.objects.create(
            user=cast.member, digest=f"{number:064d}", expires=timezone.now() + timedelta(days=1)
        )
    with django_assert_max_num_queries(4):
        assert len(program.get("/user/my/mfa/trusted_device").json()) == 12
    with django_assert_max_num_queries(4):
        program.get("/user/my")
