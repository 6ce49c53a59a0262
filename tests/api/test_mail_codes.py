"""A second factor by e-mail over the API: set up, signed in with, limited as in the portal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import PlatformPackage, User
from kit.models import OutgoingMail
from tests.api.conftest import Program, error, sign_in
from tests.api.test_mfa import DEVICE, activate, first_step, mfa_token, new_key, second_step
from tests.cast import Cast
from tests.log import types
from tests.second_factors import mailed_code, set_up_by_mail, wrong_code

pytestmark = pytest.mark.django_db
MAIL_TYPE = {"id": 1, "description": "Email One-Time Password"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Stand in the middle of an hour, in which mails are counted."""
    with time_machine.travel(timezone.now().replace(minute=10), tick=True) as found:
        yield found


def test_it_is_set_up_as_published(cast: Cast) -> None:
    program = sign_in(cast.member)
    assert MAIL_TYPE in program.get("/user/mfa/type").json()
    made = new_key(program, kind=1)
    assert made.status_code == 200
    body = made.json()
    assert set(body) == {"id", "status", "type", "creation_date"}
    assert (body["status"]["id"], body["type"]) == (0, MAIL_TYPE)
    error(activate(program, body["id"], wrong_code()), 422, 1400, "InputValidationFailed")
    assert activate(program, body["id"], mailed_code()).status_code == 204
    assert types(cast.acme)[-1] == 10028
    # Whoever had signed in by the password alone signs in again.
    assert program.get("/user/my").status_code == 401
    program = Program(token=second_step(mfa_token_later(cast.member), mailed_code()).json()["auth_token"])
    assert program.get("/user/my").json()["mfa"] == [{**body, "status": {"id": 1, "description": "Active"}}]
    assert program.delete(f"/user/my/mfa/{body['id']}").status_code == 204
    assert types(cast.acme)[-1] == 14


def mfa_token_later(user: User) -> str:
    """Return a token for the second step; a minute has passed since the last mail."""
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=True):
        return mfa_token(user)


def test_the_password_sends_the_code(cast: Cast, clock: Any) -> None:
    codes, _row = set_up_by_mail(cast.member)
    clock.shift(61)
    token = mfa_token(cast.member)
    assert OutgoingMail.objects.count() == 2
    assert second_step(token, wrong_code()).status_code == 401
    done = second_step(token, mailed_code().lower(), trusted_device=DEVICE)
    assert set(done.json()) == {"auth_token", "refresh_token"}
    assert second_step(token, mailed_code()).status_code == 401
    # A trusted program gets no mail, and a recovery code stands in.
    clock.shift(61)
    assert "auth_token" in first_step(cast.member, fingerprint=DEVICE["fingerprint"]).json()
    assert OutgoingMail.objects.count() == 2
    assert second_step(mfa_token(cast.member), codes[0]).status_code == 200


def test_wrong_codes_lock_as_everywhere(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    clock.shift(61)
    token = mfa_token(cast.member)
    for _attempt in range(3):
        locked = second_step(token, wrong_code())
    error(locked, 401, 1105, "TooManyRequests")
    error(second_step(token, mailed_code()), 401, 1105, "TooManyRequests")
    error(first_step(cast.member), 401, 1105, "TooManyRequests")
    assert types(cast.acme) == [10028, 6, 6, 6, 10022]


def test_mails_are_limited(cast: Cast, clock: Any) -> None:
    set_up_by_mail(cast.member)
    for _attempt in range(5):
        clock.shift(61)
        token = mfa_token(cast.member)
    clock.shift(61)
    # The last code is still good, so the sign-in goes on with it.
    assert mfa_token(cast.member)
    assert OutgoingMail.objects.count() == 6
    assert second_step(token, mailed_code()).status_code == 200
    refused = first_step(cast.member)
    error(refused, 401, 1105, "TooManyRequests")
    assert int(refused["Retry-After"]) > 60
    assert OutgoingMail.objects.count() == 6


def test_setting_it_up_is_limited_too(cast: Cast) -> None:
    program = sign_in(cast.member)
    assert new_key(program, kind=1).status_code == 200
    again = new_key(program, kind=1)
    error(again, 429, 1105, "TooManyRequests")
    assert 0 < int(again["Retry-After"]) <= 60
    assert OutgoingMail.objects.count() == 1


def test_a_package_demands_it(cast: Cast, clock: Any) -> None:
    PlatformPackage.objects.filter(pk=cast.acme.package_id).update(mfa_required=True)
    program = sign_in(cast.member)
    error(program.get("/sim"), 403, 1104, "Forbidden")
    made = new_key(program, kind=1).json()
    assert activate(program, made["id"], mailed_code()).status_code == 204
    clock.shift(61)
    program = Program(token=second_step(mfa_token(cast.member), mailed_code()).json()["auth_token"])
    assert program.get("/sim").status_code == 200
