"""Passwords are stored as Argon2 over their SHA-1 hex, and the two doors never mix."""

from __future__ import annotations

import hashlib

import pytest
from django.contrib.auth.hashers import check_password, make_password

from accounts.sign_in.hashers import Argon2Sha1PasswordHasher, check_digest, sha1_hex

PASSWORD = "Grüße, 世界"
DIGEST = hashlib.sha1(PASSWORD.encode()).hexdigest()


@pytest.fixture
def encoded() -> str:
    return make_password(PASSWORD)


def test_stored_form_is_argon2_of_our_own_algorithm(encoded: str) -> None:
    assert encoded.startswith("argon2_sha1$argon2id$")
    assert len(encoded) <= 128
    assert DIGEST not in encoded


def test_both_doors_open_with_their_own_key(encoded: str) -> None:
    assert sha1_hex(PASSWORD) == DIGEST
    assert check_password(PASSWORD, encoded)
    assert check_digest(DIGEST, encoded)
    assert check_digest(DIGEST.upper(), encoded)


def test_the_shape_is_never_guessed(encoded: str) -> None:
    assert not check_password(DIGEST, encoded), "the digest is not the password of the portal's form"
    assert not check_digest(PASSWORD, encoded), "the plain password is not what programs send"


def test_a_password_that_looks_like_a_digest_is_a_password() -> None:
    odd = "a" * 40
    encoded = make_password(odd)
    assert check_password(odd, encoded)
    assert not check_digest(odd, encoded)
    assert check_digest(sha1_hex(odd), encoded)


@pytest.mark.parametrize("wrong", ["", "0" * 40, "0" * 39, DIGEST + "0", " " + DIGEST, DIGEST + "\n"])
def test_wrong_digests(encoded: str, wrong: str) -> None:
    assert not check_digest(wrong, encoded)


@pytest.mark.parametrize("stored", ["", "!unusable", "gibberish", "md5$salt$hash"])
def test_accounts_without_a_password_open_to_nothing(stored: str) -> None:
    assert not check_digest(DIGEST, stored)
    assert not check_password(PASSWORD, stored)


def test_cost_comes_from_the_settings_and_old_costs_are_renewed(encoded: str) -> None:
    hasher = Argon2Sha1PasswordHasher()
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (1, 8, 1)
    assert not hasher.must_update(encoded)
    dearer = Argon2Sha1PasswordHasher()
    dearer.time_cost = 2
    assert dearer.must_update(encoded)
    assert "argon2id" in hasher.safe_summary(encoded).values()
