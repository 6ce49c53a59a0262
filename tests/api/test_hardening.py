"""What a program keeps from before opens nothing after: a second factor, a guess, a visit of staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import ApplicationToken, SupportAccess, TrustedDevice, User, Workspace
from accounts.people.services.members import change_role
from accounts.sign_in.hashers import sha1_hex
from accounts.sign_in.second_factors import has_second_factor
from accounts.sign_in.services.trusted_devices import MOST_WRONG
from tests.api.conftest import Program, error, exchange, make_token, sign_in
from tests.api.contract import SERVED, rows
from tests.cast import PASSWORD, Cast
from tests.log import types
from tests.second_factors import App, set_up

DEVICE = {"fingerprint": "0123456789abcdef", "operating_system": "Linux", "browser": "curl 8"}


def first_step(user: User, **more: Any) -> Any:
    return Program().post("/authenticate", {"username": user.email, "password": sha1_hex(PASSWORD), **more}).json()


def second_step(user: User, code: str, **more: Any) -> Any:
    answer = Program().post("/authenticate", {"mfa_token": first_step(user)["mfa_token"], "code": code, **more})
    assert answer.status_code == 200, answer.content
    return answer.json()


# --- a second factor ends what was signed in without it ---


def test_tokens_of_before_a_second_factor_open_nothing(cast: Cast) -> None:
    thief = first_step(cast.member)
    Workspace.objects.filter(pk=cast.acme.pk).update(mfa_required=True)
    set_up(cast.member)
    assert Program().post("/authenticate", {"refresh_token": thief["refresh_token"]}).status_code == 401
    error(Program(token=thief["auth_token"]).get("/sim"), 401, 1102, "InvalidToken")


def test_who_sets_it_up_by_the_api_signs_in_again(cast: Cast) -> None:
    program = sign_in(cast.member)
    made = program.post("/user/mfa", {"type": {"id": 0}, "password": sha1_hex(PASSWORD)}).json()
    app = App(made["secret_key"])
    body = {"status": {"id": 1}, "code": app.code(periods=-1)}
    assert program.patch(f"/user/mfa/{made['id']}", body).status_code == 204
    error(program.get("/sim"), 401, 1102, "InvalidToken")
    again = Program(token=second_step(cast.member, app.code())["auth_token"])
    assert again.get("/sim").status_code == 200


def test_an_active_key_goes_only_after_a_fresh_sign_in(cast: Cast) -> None:
    app, codes, key = set_up(cast.member)
    tokens = second_step(cast.member, app.code())
    path = f"/user/my/mfa/{key.pk}"
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        refused = error(Program(token=tokens["auth_token"]).delete(path), 403, 1104, "Forbidden")
        assert refused["message"] == "Authenticate again and repeat within 15 minutes."
        # A refreshed token is new, and the sign-in behind it is not; nor is it by going over to another workspace.
        fresh = Program().post("/authenticate", {"refresh_token": tokens["refresh_token"]}).json()["auth_token"]
        error(Program(token=fresh).delete(path), 403, 1104, "Forbidden")
        switch = Program(token=fresh).post("/authenticate/workspace", {"target_organisation": {"id": cast.acme.pk}})
        error(Program(token=switch.json()["auth_token"]).delete(path), 403, 1104, "Forbidden")
        assert has_second_factor(cast.member.pk)
        # What is not there is 404 as ever, and a key that never worked may go.
        error(Program(token=fresh).delete("/user/my/mfa/999"), 404, 1201, "NotFound")
        again = Program(token=second_step(cast.member, codes[0])["auth_token"])
        assert again.delete(path).status_code == 204
    assert not has_second_factor(cast.member.pk)


def test_a_key_that_waits_may_go_at_any_time(cast: Cast) -> None:
    program = sign_in(cast.member)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        made = program.post("/user/mfa", {"type": {"id": 0}, "password": sha1_hex(PASSWORD)}).json()
        assert program.delete(f"/user/my/mfa/{made['id']}").status_code == 204


def test_an_application_token_strips_nobody(cast: Cast, erp: Program, owner: Program) -> None:
    _app, _codes, key = set_up(cast.member)
    error(erp.delete(f"/user/{cast.member.pk}/mfa/{key.pk}"), 403, 1104, "Forbidden")
    assert has_second_factor(cast.member.pk)
    assert owner.delete(f"/user/{cast.member.pk}/mfa/{key.pk}").status_code == 204


# --- fingerprints ---


def test_fingerprints_can_not_be_guessed(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    second_step(cast.member, app.code(), trusted_device=DEVICE)
    for _time in range(MOST_WRONG + 5):
        # Right ones do not count.
        assert "auth_token" in first_step(cast.member, fingerprint=DEVICE["fingerprint"])
    for number in range(MOST_WRONG):
        assert list(first_step(cast.member, fingerprint=f"guess number {number:04d}")) == ["mfa_token"]
    assert list(first_step(cast.member, fingerprint=DEVICE["fingerprint"])) == ["mfa_token"]
    # Nobody else is kept waiting, nor without a fingerprint, and an hour later all is well.
    assert list(first_step(cast.member)) == ["mfa_token"]
    assert list(first_step(cast.owner)) == ["auth_token", "refresh_token"]
    with time_machine.travel(timezone.now() + timedelta(hours=1, minutes=1)):
        assert "auth_token" in first_step(cast.member, fingerprint=DEVICE["fingerprint"])


def test_a_short_fingerprint_is_not_trusted(cast: Cast) -> None:
    app, _codes, _key = set_up(cast.member)
    body = {"mfa_token": first_step(cast.member)["mfa_token"], "code": app.code()}
    refused = Program().post("/authenticate", {**body, "trusted_device": {**DEVICE, "fingerprint": "build-07"}})
    assert "16 to 1,000" in error(refused, 400, 1000, "BadRequest")["message"]
    assert not TrustedDevice.objects.exists()
    # The code is not used up for it.
    assert Program().post("/authenticate", {**body, "trusted_device": DEVICE}).status_code == 200


# --- support ---


def support(cast: Cast, role: str) -> Program:
    body = {"role": role, "reason": "Ticket 4711"}
    answer = sign_in(cast.staff).call("POST", f"/user/{cast.owner.pk}/support_token", body, version=2)
    assert answer.status_code == 201, answer.content
    return Program(token=answer.json()["support_token"])


@pytest.mark.parametrize("role", ["1", "3"])
def test_support_mints_no_keys_and_manages_nobody(cast: Cast, role: str) -> None:
    _app, _codes, key = set_up(cast.member)
    program = support(cast, role)
    error(program.post("/application_token", {"description": "mine"}), 403, 1104, "Forbidden")
    error(program.delete(f"/user/{cast.member.pk}/mfa/{key.pk}"), 403, 1104, "Forbidden")
    error(program.call("PUT", f"/user/{cast.member.pk}/role/1"), 403, 1104, "Forbidden")
    error(program.delete(f"/user/{cast.member.pk}"), 403, 1104, "Forbidden")
    assert not ApplicationToken.objects.exists()
    assert has_second_factor(cast.member.pk)


def test_support_that_looks_writes_nothing(cast: Cast) -> None:
    cast.device(sim=cast.sims(1)[0])
    program = support(cast, "3")
    before = (types(), ApplicationToken.objects.count(), SupportAccess.objects.count())
    taken = []
    for method, path in sorted(rows(SERVED)):
        if method == "GET" or path in {"/api/v1/authenticate", "/api/v1/authenticate/workspace"}:
            continue
        filled = path.replace("{}", "1")
        answer = program.call(method, filled[len("/api/v1") :], {}, version=int(filled[len("/api/v")]))
        if answer.status_code < 400:
            taken.append((method, path, answer.status_code))
    assert taken == []
    assert (types(), ApplicationToken.objects.count(), SupportAccess.objects.count()) == before


# --- application tokens ---


def test_a_program_goes_down_with_its_creator(cast: Cast) -> None:
    cast.acme.memberships.filter(user=cast.member).update(role="Administrator")
    _token, value = make_token(cast, cast.acme, by=User.objects.get(pk=cast.member.pk))
    program = exchange(value)
    assert program.get("/user").status_code == 200
    with cast.acting(cast.owner):
        change_role(workspace_id=cast.acme.pk, user_id=cast.member.pk, role="Observer")
    error(program.get("/user"), 403, 1104, "Forbidden")
    (sim,) = cast.sims(1)
    error(program.patch(f"/sim/{sim.pk}", {"status": {"id": 1}}), 403, 1104, "Forbidden")
    assert program.get("/sim").status_code == 200
    assert 10085 in types(cast.acme)
