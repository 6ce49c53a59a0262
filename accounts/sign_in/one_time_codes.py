"""One-time codes as authenticator apps show them (RFC 4226 and RFC 6238), and recovery codes that stand in for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

DIGITS: Final = 6
PERIOD: Final = 30
"""Seconds that a code is shown."""
RECOVERY_CODES: Final = 10
"""How many recovery codes a person gets at once."""
RECOVERY_DIGITS: Final = 8


def new_secret() -> str:
    """Return 160 random bits in Base32, as many as RFC 4226 recommends."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def counter_at(moment: float) -> int:
    """Return the number of the period that a moment lies in.

    Args:
        moment: seconds since 1970 in UTC.
    """
    return int(moment) // PERIOD


def code_of(secret: str, counter: int) -> str:
    """Return the code of one period: the last digits of 31 bits of an HMAC over its number (RFC 4226, section 5.3).

    Args:
        secret: Base32, in any case.
        counter: number of the period.
    """
    digest = hmac.digest(base64.b32decode(secret, casefold=True), counter.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def same_code(typed: str, expected: str) -> bool:
    """Compare codes in a time that does not depend on where they differ; blanks and dashes do not count."""
    plain = "".join(character for character in typed if not (character.isspace() or character == "-"))
    return hmac.compare_digest(plain.encode(errors="replace"), expected.encode())


def new_recovery_codes() -> list[str]:
    """Return random codes, all different."""
    found: set[str] = set()
    while len(found) < RECOVERY_CODES:
        found.add(str(secrets.randbelow(10**RECOVERY_DIGITS)).zfill(RECOVERY_DIGITS))
    # A set has an order of its own, which tells nothing: the codes are random.
    return list(found)
