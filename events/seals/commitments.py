"""Salted commitments: what a sealed row holds in place of what may be erased, or may not be shown to everybody.

A commitment is HMAC-SHA-256 over the canonical text of a value, keyed with 32 random bytes, its salt. Whoever has
value and salt can check it; whoever has the commitment alone learns nothing, not even by trying names. The salt of a
person stands with the person and is destroyed when the person is erased.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, Final

from events.seals.canonical import canonical

SALT_BYTES: Final = 32


def new_salt() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(SALT_BYTES)


def commit(salt: bytes, value: bytes) -> bytes:
    """Return the commitment to a value.

    Args:
        salt: 32 bytes.
        value: canonical text in UTF-8.
    """
    return hmac.digest(salt, value, "sha256")


def person_value(*, user_id: int, name: str, username: str) -> bytes:
    """Return the canonical text of a person: `{"name":…,"user_id":…,"username":…}`."""
    value: dict[str, Any] = {"name": name, "user_id": user_id, "username": username}
    return canonical(value)


def person_commitment(salt: bytes, *, user_id: int, name: str, username: str) -> bytes:
    """Return the commitment to a person."""
    return commit(salt, person_value(user_id=user_id, name=name, username=username))


def derived_salt(secret: bytes, purpose: str, event_id: int) -> bytes:
    """Return the salt of one part of one event, so that opening it opens nothing else: keyed BLAKE2b.

    Nobody has to compute it again: a proof hands it over.

    Args:
        secret: of the workspace's log (`SealLog.salt`), kept in the database and shown to nobody.
        purpose: "context" or "detail".
        event_id: of the event.
    """
    return hashlib.blake2b(f"{purpose} {event_id}".encode(), key=secret, digest_size=SALT_BYTES).digest()
