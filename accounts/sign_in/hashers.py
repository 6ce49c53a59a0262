"""How passwords are stored: Argon2 over the SHA-1 hex of the password.

Programs send the SHA-1 hex of their user's password, never the password itself (`docs/api.md` section 1), so both
doors have to end at the same stored value. The two are told apart by who calls: `encode` and `verify` take the plain
password and hash it first, `check_digest` takes the hex. What a string looks like is never used to guess what it is.
"""

from __future__ import annotations

import hashlib
import re

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher, is_password_usable, make_password

from kit.action import in_action

_DIGEST = re.compile(r"[0-9a-fA-F]{40}")


def sha1_hex(password: str) -> str:
    """Return what a program sends in place of this password: 40 hex digits in lower case."""
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()


def _refuse_under_locks() -> None:
    """Refuse to hash inside an action.

    Hashing takes a tenth of a second on purpose. Under the lock of a row, or of SQLite's only writer, everybody else
    would wait for it.

    Raises:
        RuntimeError: a defect of the caller, which has to hash first.
    """
    if in_action():
        raise RuntimeError("Hash a password before kit.action() begins: others wait for its locks.")


class Argon2Sha1PasswordHasher(Argon2PasswordHasher):
    """Argon2 over the SHA-1 hex; the settings `ARGON2_…` say what it costs."""

    algorithm = "argon2_sha1"
    time_cost = settings.ARGON2_TIME_COST
    memory_cost = settings.ARGON2_MEMORY_COST  # KiB
    parallelism = settings.ARGON2_PARALLELISM

    def encode(self, password: str, salt: str) -> str:
        """Return the value to store for a plain password."""
        _refuse_under_locks()
        return super().encode(sha1_hex(password), salt)

    def encode_digest(self, digest: str, salt: str) -> str:
        """Return the value to store for the SHA-1 hex of a password.

        Raises:
            ValueError: it is no SHA-1 hex.
        """
        if _DIGEST.fullmatch(digest) is None:
            raise ValueError("Not a SHA-1 hex.")
        _refuse_under_locks()
        return super().encode(digest.lower(), salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Tell whether a plain password belongs to a stored value."""
        return self.verify_digest(sha1_hex(password), encoded)

    def verify_digest(self, digest: str, encoded: str) -> bool:
        """Tell whether the SHA-1 hex of a password belongs to a stored value.

        Args:
            digest: 40 hex digits; upper case is taken as well. Anything else belongs to no password.
            encoded: what `encode` returned.
        """
        _refuse_under_locks()
        matches = super().verify(digest.lower(), encoded)
        return matches and _DIGEST.fullmatch(digest) is not None


def check_digest(digest: str, encoded: str) -> bool:
    """Tell whether a SHA-1 hex belongs to a stored password; takes as long for an account that has none.

    Args:
        digest: as the program sent it.
        encoded: the `password` column of a user.
    """
    try:
        hasher = identify_hasher(encoded) if is_password_usable(encoded) else None
    except ValueError:
        hasher = None
    if not isinstance(hasher, Argon2Sha1PasswordHasher):
        spend_the_time()
        return False
    return hasher.verify_digest(digest, encoded)


def encode_digest(digest: str) -> str:
    """Return the value to store for a password of which a program sent the SHA-1 hex.

    Raises:
        ValueError: it is no SHA-1 hex.
    """
    hasher = Argon2Sha1PasswordHasher()
    return hasher.encode_digest(digest, hasher.salt())


def spend_the_time() -> None:
    """Hash once for nothing, so that the time of an answer does not tell whether an account exists."""
    make_password("")
