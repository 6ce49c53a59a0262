"""The secrets in our mails: signed links that say what they are for and end by themselves.

A key names its row and a counter on it, so that it works once and only the newest mail counts. Nothing else in it is
believed. Whoever holds one has read the mailbox; it stands in the mail and in the `detail` of its event, where every
reader but the operator's own stream sees a mask (`docs/rules.md` decision 30).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any, Final, Literal

import jwt
from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from kit.context import current_context
from kit.errors import DomainError

ALGORITHM: Final = "HS256"
ISSUER: Final = "portal"

LinkPurpose = Literal["invitation", "verification"]


class KeyRefused(DomainError):
    """A link opens nothing: forged, over, used, or replaced by a newer mail."""

    status = 404

    def __init__(self, *, expired: bool = False) -> None:
        if expired:
            message = _("This link is over. Ask for a new mail.")
        else:
            message = _("This link is not valid. It was used already, replaced by a newer mail, or is not whole.")
        super().__init__(message, code="key_expired" if expired else "key_invalid")


def _secret(secret: str) -> bytes:
    """Return the key made of a Django secret; the secret itself signs nothing here."""
    return hmac.new(secret.encode(), b"portal mail links, HS256, 1", hashlib.sha256).digest()


def issue(purpose: LinkPurpose, *, row_id: int, number: int, issued: datetime, expires: datetime) -> str:
    """Return a key.

    Args:
        purpose: what it is good for; it passes for nothing else.
        row_id: id of the invitation or user.
        number: counter on that row; the key is over when it has moved on.
        issued, expires: aware.
    """
    claims = {
        "iss": ISSUER,
        "aud": purpose,
        "sub": str(row_id),
        "num": number,
        "iat": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
    }
    return jwt.encode(claims, _secret(settings.SECRET_KEY), algorithm=ALGORITHM)


@sensitive_variables("key")
def read(purpose: LinkPurpose, key: str) -> tuple[int, int]:
    """Return the row id and the number of a key.

    Raises:
        KeyRefused: it is none of ours, for something else, or over.
    """
    expired = False
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            claims: dict[str, Any] = jwt.decode(
                key,
                _secret(secret),
                algorithms=[ALGORITHM],
                audience=purpose,
                issuer=ISSUER,
                # Against the moment of the action, as everything else is.
                options={"require": ["exp", "aud", "iss", "sub", "num"], "verify_exp": False},
            )
            if int(claims["exp"]) <= current_context().now().timestamp():
                expired = True
                continue
            return int(claims["sub"]), int(claims["num"])
        except (jwt.InvalidTokenError, ValueError):
            continue
    raise KeyRefused(expired=expired)
