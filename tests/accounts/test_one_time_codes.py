"""One-time codes against the tables of the RFCs, and what counts as the same code."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from accounts.sign_in.one_time_codes import (
    RECOVERY_CODES,
    code_of,
    counter_at,
    new_recovery_codes,
    new_secret,
    same_code,
)

ROOT = Path(__file__).parents[2]
SECRET = base64.b32encode(b"12345678901234567890").decode()
"""The secret of both RFCs."""

RFC_4226 = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")
"""Appendix D: the codes of the counters 0 to 9."""

RFC_6238 = (
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
)
"""Appendix B, SHA-1: the last six of the eight digits at each moment."""


def test_the_table_of_rfc_4226() -> None:
    assert tuple(code_of(SECRET, counter) for counter in range(10)) == RFC_4226
    assert code_of(SECRET.lower(), 0) == RFC_4226[0]


@pytest.mark.parametrize(("moment", "code"), RFC_6238)
def test_the_table_of_rfc_6238(moment: int, code: str) -> None:
    assert code_of(SECRET, counter_at(moment)) == code


@pytest.mark.parametrize("typed", ["755224", "755 224", " 755-224 ", "755\u00a0224"])
def test_blanks_and_dashes_do_not_count(typed: str) -> None:
    assert same_code(typed, "755224")


@pytest.mark.parametrize("typed", ["", "755225", "75522", "7552240", "755.224", "٧٥٥٢٢٤", "\ud800"])
def test_another_code_is_another(typed: str) -> None:
    assert not same_code(typed, "755224")


def test_secrets_and_recovery_codes_are_new_each_time() -> None:
    assert len({new_secret() for _time in range(5)}) == 5
    assert len(base64.b32decode(new_secret())) == 20
    codes = new_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES
    assert all(len(code) == 8 and code.isdecimal() for code in codes)
    assert not set(codes) & set(new_recovery_codes())


def test_nothing_internal_of_a_library_is_imported() -> None:
    """What a library keeps to itself changes without notice."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("accounts", "events", "kit", "orders", "portal", "sims", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.lstrip().startswith(("from allauth", "import allauth")) and ".internal" in line
    ]
    assert not found
