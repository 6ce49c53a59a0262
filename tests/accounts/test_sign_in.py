"""Signing in: one backend, one counter for the portal and the API, and what is told about it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from accounts.models import User
from accounts.sign_in.authentication import (
    LOCK_TIME,
    AccountLocked,
    AccountNotActive,
    PortalBackend,
    SignInRefused,
    WrongCredentials,
    sign_in_with_digest,
    sign_in_with_password,
)
from accounts.sign_in.hashers import sha1_hex
from kit.action import action, in_action
from kit.context import ANONYMOUS, Person
from tests.accounts.conftest import ADDRESS, Facts, Firm, by
from tests.cast import PASSWORD


def portal(email: str, password: str) -> User:
    return sign_in_with_password(email=email, password=password)


def api(email: str, password: str) -> User:
    return sign_in_with_digest(email=email, digest=sha1_hex(password))


Door = Callable[[str, str], User]
DOORS = pytest.mark.parametrize("door", [portal, api])


def fail(door: Door, email: str, times: int = 1) -> SignInRefused:
    for _ in range(times):
        with pytest.raises(SignInRefused) as caught:
            door(email, "wrong")
    return caught.value


@DOORS
def test_right_password_in_any_case_of_the_address(firm: Firm, facts: Facts, door: Door) -> None:
    with by(ANONYMOUS):
        assert door(" OLGA.OWNER@Example.com ", PASSWORD) == firm.owner
    assert facts.names == []


@DOORS
def test_wrong_password_of_a_known_address_is_told_in_the_default_workspace(
    firm: Firm, facts: Facts, door: Door
) -> None:
    with by(ANONYMOUS):
        assert isinstance(fail(door, firm.member.email), WrongCredentials)
    assert facts.one("sign_in_failed") == {
        "workspace_id": firm.acme.pk,
        "subject": Person(firm.member.pk, "Max Member", "max.member@example.com"),
        "ip": ADDRESS,
        "too_many": False,
        "reason": "password",
    }
    firm.member.refresh_from_db()
    assert firm.member.failed_sign_ins == 1


@DOORS
def test_unknown_address_reads_the_same_and_goes_to_the_process_log_only(
    firm: Firm, facts: Facts, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with by(ANONYMOUS), caplog.at_level(logging.WARNING):
        unknown = fail(door, "nobody@example.com")
        known = fail(door, firm.member.email)
    assert (unknown.message, unknown.code, unknown.status) == (known.message, known.code, 401)
    assert facts.names == ["sign_in_failed"]
    assert "unknown address" in caplog.text
    assert "nobody" not in caplog.text


@DOORS
def test_unknown_address_locks_like_a_known_one(firm: Firm, door: Door) -> None:
    with by(ANONYMOUS):
        refusals = [(fail(door, "nobody@example.com").code, fail(door, firm.member.email).code) for _turn in range(4)]
    assert refusals == [("invalid_credentials",) * 2, ("invalid_credentials",) * 2, ("locked",) * 2, ("locked",) * 2]
    with time_machine.travel(timezone.now() + LOCK_TIME, tick=False), by(ANONYMOUS):
        assert fail(door, "Nobody@Example.com").code == "invalid_credentials"


def test_unknown_address_takes_a_hash_too(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[bool] = []
    monkeypatch.setattr("accounts.sign_in.authentication.spend_the_time", lambda: spent.append(True))
    with by(ANONYMOUS):
        fail(portal, "nobody@example.com")
    assert spent == [True]


def test_third_failure_locks_for_five_minutes_across_doors(firm: Firm, facts: Facts) -> None:
    with time_machine.travel("2026-03-01T10:00:30Z", tick=False), by(ANONYMOUS):
        fail(portal, firm.member.email)
        fail(api, firm.member.email)
        refusal = fail(portal, firm.member.email)
        assert isinstance(refusal, AccountLocked)
        assert refusal.until == timezone.now() + timedelta(minutes=5)
        assert "10:06 (UTC)" in refusal.message, "rounded up: at 10:05 it would still be locked"
        for door in (portal, api):
            with pytest.raises(AccountLocked):
                door(firm.member.email, PASSWORD)
    assert facts.names == ["sign_in_failed", "sign_in_failed", "sign_in_failed", "user_locked"]
    assert [arguments["too_many"] for name, arguments in facts.seen if name == "sign_in_failed"] == [False, False, True]
    assert facts.one("user_locked")["until"] == refusal.until


def test_lock_ends_and_the_count_starts_anew(firm: Firm, facts: Facts) -> None:
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as clock, by(ANONYMOUS):
        fail(portal, firm.member.email, 3)
        clock.shift(timedelta(minutes=4, seconds=59))
        with pytest.raises(AccountLocked):
            portal(firm.member.email, PASSWORD)
        clock.shift(timedelta(seconds=1))
        assert isinstance(fail(portal, firm.member.email, 2), WrongCredentials)
        assert portal(firm.member.email, PASSWORD) == firm.member
    firm.member.refresh_from_db()
    assert (firm.member.failed_sign_ins, firm.member.locked_until) == (0, None)


def test_success_in_between_resets(firm: Firm) -> None:
    with by(ANONYMOUS):
        for _ in range(3):
            fail(portal, firm.member.email, 2)
            assert portal(firm.member.email, PASSWORD) == firm.member


@DOORS
def test_an_address_is_answered_the_same_with_an_account_and_without(firm: Firm, door: Door) -> None:
    """Word for word, also the end of the lock: nobody learns who has an account, or in which zone a person lives."""
    User.objects.filter(pk=firm.member.pk).update(preferences={"timezone": "Asia/Tokyo"})
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False), by(ANONYMOUS):
        for times in range(1, 6):
            known, unknown = fail(door, firm.member.email, 1), fail(door, "nobody@example.com", 1)
            assert (known.message, known.code) == (unknown.message, unknown.code), times
        assert "locked until 10:05 (UTC)" in known.message


@pytest.mark.parametrize("known", [True, False])
def test_every_guess_is_hashed_once_and_never_under_a_lock(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """An answer that came without hashing would tell that the account is there and locked."""
    hashed: list[bool] = []
    for name in ("encode", "verify"):
        original = getattr(Argon2PasswordHasher, name)

        def counting(self: Any, *args: Any, original: Any = original, **kwargs: Any) -> Any:
            hashed.append(in_action())
            return original(self, *args, **kwargs)

        monkeypatch.setattr(Argon2PasswordHasher, name, counting)
    with by(ANONYMOUS):
        for _ in range(5):
            hashed.clear()
            fail(portal, firm.member.email if known else "nobody@example.com", 1)
            assert hashed == [False]


def test_nobody_can_hash_while_locks_are_held(firm: Firm) -> None:
    with by(ANONYMOUS), action(), pytest.raises(RuntimeError, match="others wait"):
        firm.member.check_password(PASSWORD)


def test_guessing_on_while_locked_writes_nothing_more(firm: Firm, facts: Facts) -> None:
    with by(ANONYMOUS):
        fail(portal, firm.member.email, 3)
        facts.clear()
        fail(api, firm.member.email, 5)
    assert facts.names == []


@DOORS
@pytest.mark.parametrize("status", [User.Status.SUSPENDED, User.Status.ACTIVATION_PENDING])
def test_only_active_accounts_are_let_in(firm: Firm, facts: Facts, door: Door, status: int) -> None:
    User.objects.filter(pk=firm.member.pk).update(status=status)
    with by(ANONYMOUS):
        with pytest.raises(AccountNotActive):
            door(firm.member.email, PASSWORD)
        assert isinstance(fail(door, firm.member.email), WrongCredentials), "nothing is told without the password"


def test_staff_fail_in_the_operators_workspace(firm: Firm, facts: Facts) -> None:
    with by(ANONYMOUS):
        fail(portal, firm.staff.email)
    assert facts.one("sign_in_failed")["workspace_id"] == firm.operator.pk


def test_a_known_address_without_a_workspace_is_told_to_the_operator(firm: Firm, facts: Facts) -> None:
    User.objects.filter(pk=firm.member.pk).update(default_workspace=None)
    with by(ANONYMOUS):
        fail(portal, firm.member.email)
    assert facts.one("sign_in_failed")["workspace_id"] == firm.operator.pk


def test_backend_leaves_its_reason_on_the_request(firm: Firm) -> None:
    request = RequestFactory().post("/accounts/login/")
    with by(ANONYMOUS):
        assert authenticate(request, email=firm.member.email, password="wrong") is None
    assert isinstance(request.sign_in_refusal, WrongCredentials)  # type: ignore[attr-defined]
    with by(ANONYMOUS):
        assert authenticate(request, username=firm.member.email, password=PASSWORD) == firm.member
    assert authenticate(request, email=firm.member.email, password=PASSWORD) == firm.member, "a shell works too"
    assert authenticate(request, email="", password=PASSWORD) is None


def test_sessions_of_suspended_accounts_end(firm: Firm) -> None:
    backend = PortalBackend()
    assert backend.get_user(firm.member.pk) == firm.member
    User.objects.filter(pk=firm.member.pk).update(status=User.Status.SUSPENDED)
    assert backend.get_user(firm.member.pk) is None


@pytest.mark.sqlite_too("writers wait for each other as SQLite lets them")
@pytest.mark.django_db(transaction=True)
def test_failures_stay_counted_although_sign_in_fails(firm: Firm, facts: Facts) -> None:
    with by(ANONYMOUS):
        fail(portal, firm.member.email)
        assert not connection.in_atomic_block
        firm.member.refresh_from_db()
        assert firm.member.failed_sign_ins == 1


@pytest.mark.sqlite_too("writers wait for each other as SQLite lets them")
@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_are_never_more_than_three(firm: Firm, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight guesses start at once: three are answered by what they are, the others by the lock."""
    refused: list[type[SignInRefused]] = []
    start = threading.Barrier(8)

    monkeypatch.setattr(User, "check_password", lambda user, raw: False)

    def guess(number: int) -> None:
        try:
            with by(ANONYMOUS):
                start.wait()
                portal(firm.member.email, f"guess {number}")
        except SignInRefused as refusal:
            refused.append(type(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(refused) == 8
    assert refused.count(WrongCredentials) == 2
    assert refused.count(AccountLocked) == 6
    assert facts.names.count("user_locked") == 1
    assert facts.names.count("sign_in_failed") == 3


@pytest.mark.sqlite_too("writers wait for each other as SQLite lets them")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_of_the_caller_would_undo_the_count(firm: Firm, facts: Facts) -> None:
    """Why the docstring forbids it: shown here, so that nobody wraps sign-in in `atomic`."""

    def wrapped() -> None:
        with transaction.atomic():
            portal(firm.member.email, "wrong")

    with by(ANONYMOUS), pytest.raises(WrongCredentials):
        wrapped()
    firm.member.refresh_from_db()
    assert firm.member.failed_sign_ins == 0
