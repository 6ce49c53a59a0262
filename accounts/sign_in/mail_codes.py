"""One-time codes by e-mail: how they are made, kept and compared. Services decide who gets one, and count the guesses.

Six letters and digits, good for `EMAIL_CODE_MINUTES` and for one sign-in. Only a keyed hash is stored; it names the
account, its state and the factor, so that a code dies with any change of these. Three wrong guesses end it too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from accounts.models import User

LENGTH: Final = 6
LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that look alike: 31 to the power of six is 887 million."""
GUESSES: Final = 3
"""Wrong ones that end a code, as many as lock the account."""
WAIT: Final = timedelta(seconds=60)
"""Between two mails to a person."""


def new_code() -> str:
    """Return a random code."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


@sensitive_variables("code", "plain")
def _digests(row: Authenticator, user: User, code: str) -> list[str]:
    """Return how a code may be stored: made with the present `SECRET_KEY`, or with one of its fallbacks."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    text = f"{user.pk}:{row.pk}:{user.email.lower()}:{user.token_epoch}:{plain}".encode()
    found = []
    for each in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = hmac.new(each.encode(), b"portal mail codes, 1", hashlib.sha256).digest()
        found.append(hmac.new(key, text, hashlib.sha256).hexdigest())
    return found


# untold: a code waits in the mail: the sign-in is 10020, a new factor 10028
@sensitive_variables("code")
def keep_code(row: Authenticator, user: User, code: str, now: datetime) -> None:
    """Remember a code that is about to be mailed, in place of one before. The caller holds the lock of the user."""
    until = now + timedelta(minutes=settings.EMAIL_CODE_MINUTES)
    row.data = {
        "digest": _digests(row, user, code)[0],
        "until": until.timestamp(),
        "sent": now.timestamp(),
        "wrong": 0,
    }
    row.save(update_fields=["data"])


def waits_for_code(row: Authenticator, now: datetime) -> bool:
    """Tell whether a mailed code can still be used."""
    return "digest" in row.data and now.timestamp() < row.data["until"]


def may_send_at(row: Authenticator) -> float:
    """Return from when the next mail may go, in seconds since 1970."""
    return float(row.data.get("sent", 0)) + WAIT.total_seconds()


# untold: a code was used or guessed: the sign-in is 10020, a failure 6
@sensitive_variables("code", "expected")
def use_mailed_code(row: Authenticator, user: User, code: str, now: datetime) -> bool:
    """Tell whether a code is the one that was mailed last, and use it up; a wrong one counts against it.

    Args:
        row: the factor, read under the lock of the user.
        user: locked.
        code: as typed; case, blanks and dashes do not count.
        now: the moment of the sign-in.
    """
    if not waits_for_code(row, now):
        return False
    expected = str(row.data["digest"])
    right = any(hmac.compare_digest(each, expected) for each in _digests(row, user, code))
    row.data["wrong"] += 1
    if right or row.data["wrong"] >= GUESSES:
        del row.data["digest"]
    if right:
        row.last_used_at = now
    row.save(update_fields=["data", "last_used_at"])
    return right
