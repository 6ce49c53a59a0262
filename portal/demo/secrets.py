"""Every secret of the demo, derived from the SECRET_KEY: each run prints the same, and no other portal has it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from django.conf import settings

from accounts.tokens.services import PREFIX
from kit import network_feed as feed

_PURPOSE: Final = b"portal demo, 1"
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letters or digits that look like one another: people type these."""
_GROUPS, _GROUP_SIZE = 3, 5


def password_of(person: str) -> str:
    """Return the password of somebody in the demo, about 74 bits in three groups.

    Args:
        person: key of the person in `master_data`; it stays when a name or an address changes.
    """
    number = int.from_bytes(_derived(f"password:{person}"))
    letters = []
    for _position in range(_GROUPS * _GROUP_SIZE):
        number, index = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[index])
    groups = ["".join(letters[start : start + _GROUP_SIZE]) for start in range(0, len(letters), _GROUP_SIZE)]
    return "-".join(groups)


def application_token(name: str, generation: int = 1) -> str:
    """Return the value of an application token of the demo.

    Args:
        name: which one.
        generation: counts up when somebody has revoked the former one.
    """
    return PREFIX + _text(f"application token:{name}:{generation}")


def marker() -> str:
    """Return the value of the revoked token by which the loader knows a database as its own.

    It can't be made without the SECRET_KEY, nothing in the portal changes or removes it, and it opens nothing.
    """
    return PREFIX + _text("marker")


def network_feed_token() -> str:
    """Return the key with which the network delivers its records: the one that is set, else the portal's own."""
    return feed.network_feed_token()


def _derived(label: str) -> bytes:
    key = hmac.new(settings.SECRET_KEY.encode(), _PURPOSE, hashlib.sha256).digest()
    return hmac.new(key, label.encode(), hashlib.sha256).digest()


def _text(label: str) -> str:
    return base64.urlsafe_b64encode(_derived(label)).decode().rstrip("=")
