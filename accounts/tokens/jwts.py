"""The JWTs of the API: made and read with keys that come from the portal's secret, one audience for each purpose."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import jwt
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from kit.errors import DomainError

ALGORITHM: Final = "HS256"
ISSUER: Final = "portal"
AUDIENCES: Final[Mapping[str, str]] = {
    # The first is what recorded traffic shows; one audience for each purpose, so that none passes for another.
    "auth": "/api/v1/authentication",
    "refresh": "/api/v1/authentication/refresh",
    # Says that the password was right, and opens nothing by itself.
    "mfa": "/api/v1/authentication/mfa",
}

TokenPurpose = Literal["auth", "refresh", "mfa"]


class TokenRefused(DomainError):
    """A token opens nothing. `code` is "invalid_token" or "token_expired" (the wire's 1102 and 1103)."""

    status = 401


def lifetime(purpose: TokenPurpose) -> timedelta:
    """Return how long a token is good for: settings `AUTH_TOKEN_MINUTES` and the same with REFRESH and MFA."""
    minutes = {
        "auth": settings.AUTH_TOKEN_MINUTES,
        "refresh": settings.REFRESH_TOKEN_MINUTES,
        "mfa": settings.MFA_TOKEN_MINUTES,
    }
    return timedelta(minutes=minutes[purpose])


@functools.cache
def _key(secret: str) -> tuple[str, bytes]:
    """Return the name and the key made of a Django secret; the secret itself signs nothing here."""
    key = hmac.new(secret.encode(), b"portal api tokens, HS256, 1", hashlib.sha256).digest()
    return hashlib.sha256(key).hexdigest()[:8], key


def encode(claims: Mapping[str, Any], purpose: TokenPurpose, *, until: datetime | None = None) -> str:
    """Return a signed token.

    Args:
        claims: whom it is for and where it opens.
        purpose: says the audience and how long it lasts.
        until: when it ends at the latest.
    """
    now = timezone.now()
    ends = now + lifetime(purpose)
    name, key = _key(settings.SECRET_KEY)
    payload = {
        **claims,
        "typ": purpose,
        "iss": ISSUER,
        "aud": AUDIENCES[purpose],
        "iat": int(now.timestamp()),
        "exp": int((min(ends, until) if until is not None else ends).timestamp()),
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": name})


def decode(encoded: str, purpose: TokenPurpose) -> dict[str, Any]:
    """Return the claims of a token of ours; a key of `SECRET_KEY_FALLBACKS` is good for reading.

    Raises:
        TokenRefused: it is none of ours, made for another purpose, or over.
    """
    keys = dict(_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    try:
        key = keys[jwt.get_unverified_header(encoded).get("kid", "")]
        claims = jwt.decode(
            encoded,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCES[purpose],
            issuer=ISSUER,
            # The clocks of several hosts differ, and one may step back: a token "from the future" is as good as any.
            options={"verify_iat": False, "require": ["exp", "iat", "aud", "iss", "sub", "esc.org", "typ"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused(_("The token is over. Authenticate again."), code="token_expired") from error
    except (jwt.InvalidTokenError, KeyError) as error:
        raise invalid_token() from error
    if claims["typ"] != purpose:
        raise invalid_token()
    return claims


def invalid_token() -> TokenRefused:
    """Return the refusal of a token that means nothing here."""
    return TokenRefused(_("The token is not valid. Authenticate again."), code="invalid_token")
