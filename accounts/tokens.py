"""The API's door: what programs send in, the JWTs they get for it, and who acts when one comes back.

A JWT says who it was made for and where it opens; nothing else in it is believed. Whether the account is active and
still a member, or the key revoked, is looked up at every call, so that revoking takes effect at once.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signals
from accounts.actors import Access, access_of, actor_of_token
from accounts.authentication import sign_in_with_digest
from accounts.models import ApplicationToken, User, Workspace
from accounts.selectors import usable
from accounts.services.application_tokens import digest_of, key_row
from accounts.services.sessions import record_sign_in, switch_workspace
from portal.kit.action import action
from portal.kit.context import ANONYMOUS, Actor, acting_within, bind_actor, current_context
from portal.kit.errors import DomainError, Forbidden, NotFound

logger = logging.getLogger(__name__)

ALGORITHM: Final = "HS256"
ISSUER: Final = "portal"
AUDIENCES: Final[Mapping[str, str]] = {
    # The first is what recorded traffic shows; one audience for each purpose, so that none passes for another.
    "auth": "/api/v1/authentication",
    "refresh": "/api/v1/authentication/refresh",
}
DEFAULT_MINUTES: Final[Mapping[str, int]] = {"auth": 240, "refresh": 7 * 24 * 60}
LAST_USED_EVERY: Final = timedelta(minutes=5)

Purpose = Literal["auth", "refresh"]
Reason = Literal["revoked", "expired", "address"]


class TokenRefused(DomainError):
    """A token opens nothing. `code` is "invalid_token" or "token_expired" (the wire's 1102 and 1103)."""

    status = 401


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who called the API.

    Args:
        actor: bound to the open context already; a user's roles cover all their workspaces.
        workspace: the one workspace the token opens, with its package. Objects of others do not exist for it.
        user: the person, `None` for an application token.
        token: the application token, `None` for a person.
    """

    actor: Actor
    workspace: Workspace
    user: User | None = None
    token: ApplicationToken | None = None


@dataclass(frozen=True, slots=True)
class UserTokens:
    """What a user gets at sign-in."""

    auth_token: str
    refresh_token: str


# --- signing in ---


@sensitive_variables("digest")
def authenticate_user(*, username: str, digest: str) -> UserTokens:
    """Sign a user in by the SHA-1 hex of the password; the default workspace is opened.

    Args:
        username: e-mail address.
        digest: 40 hex digits.

    Raises:
        WrongCredentials, AccountLocked, AccountNotActive: from `accounts.authentication`.
        TokenRefused: the account belongs to no workspace, so there is nothing to open.
    """
    user = sign_in_with_digest(email=username, digest=digest)
    workspace = _first_workspace(user, access_of(user))
    User.objects.filter(pk=user.pk).update(last_login=current_context().now())
    record_sign_in(user=user)
    return UserTokens(
        auth_token=_encode(_claims_of_user(user, workspace), "auth"),
        refresh_token=_encode(_claims_of_user(user, workspace), "refresh"),
    )


def refresh(*, refresh_token: str) -> str:
    """Return a new auth token for a refresh token.

    Raises:
        TokenRefused: it is none, it is over, or the account has changed since.
    """
    claims = _decode(refresh_token, "refresh")
    user, access = _user_of(claims)
    workspace = _workspace_in(access, claims)
    return _encode(_claims_of_user(user, workspace), "auth")


@sensitive_variables("value")
def authenticate_application(*, value: str) -> str:
    """Return an auth token for the value of an application token; there is no refresh token for programs.

    A known token that is revoked, over its date or used from elsewhere is told in its workspace (event 7); an unknown
    value belongs to no workspace and goes to the process log only.

    Args:
        value: the secret, as shown at creation.

    Raises:
        TokenRefused: it opens nothing; the text does not say why.
    """
    token = ApplicationToken.objects.select_related("workspace__package").filter(digest=digest_of(value)).first()
    if token is None:
        logger.warning("Failed sign-in with an unknown application token, from %s.", current_context().ip)
        raise _invalid()
    reason = _why_not(token)
    if reason is not None:
        with acting_within(ANONYMOUS), action():
            signals.application_sign_in_failed.send(
                sender=ApplicationToken,
                workspace_id=token.workspace_id,
                key=key_row(token),
                reason=reason,
                ip=current_context().ip or "unknown",
            )
        raise _invalid()
    _touch(token)
    claims = {"sub": f"app:{token.pk}", "esc.app": token.pk, **_claims_of_workspace(token.workspace)}
    return _encode(claims, "auth")


def switch_token(*, bearer: Bearer, workspace_id: int) -> str:
    """Return an auth token for another workspace of the same user (event 67); the old one stays valid for its own.

    Args:
        bearer: who asks.
        workspace_id: where to go.

    Raises:
        Forbidden: an application token asks.
        NotFound: the user is not a member there.
    """
    if bearer.user is None:
        raise Forbidden(
            _("Only a user can switch workspace; an application token belongs to one."), permission="workspace_switch"
        )
    entry = access_of(bearer.user).by_id.get(workspace_id)
    if entry is None:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    switch_workspace(workspace_id=workspace_id)
    return _encode(_claims_of_user(bearer.user, entry.workspace), "auth")


# --- each call ---


def authenticate_bearer(header: str) -> Bearer:
    """Read an `Authorization` header, bind its actor to the open context, and say who it is. At most two queries.

    Args:
        header: `Bearer <auth token>`.

    Raises:
        TokenRefused: missing, malformed, forged, over, revoked, or its owner may not enter any more.
    """
    scheme, _space, encoded = header.partition(" ")
    if scheme.lower() != "bearer" or not encoded.strip():
        raise _invalid()
    claims = _decode(encoded.strip(), "auth")
    bearer = _application_bearer(claims) if "esc.app" in claims else _user_bearer(claims)
    bind_actor(bearer.actor)
    return bearer


def _user_bearer(claims: Mapping[str, Any]) -> Bearer:
    user, access = _user_of(claims)
    return Bearer(actor=access.actor, workspace=_workspace_in(access, claims), user=user)


def _application_bearer(claims: Mapping[str, Any]) -> Bearer:
    token = (
        ApplicationToken.objects.select_related("workspace__package")
        .filter(pk=claims["esc.app"], workspace_id=claims["esc.org"])
        .first()
    )
    # No event for each call with a revoked token: the program's next sign-in writes one.
    reason = "revoked" if token is None else _why_not(token)
    if token is None or reason is not None:
        logger.warning("Call with application token %s refused: %s.", claims["esc.app"], reason)
        raise _invalid()
    _touch(token)
    return Bearer(actor=actor_of_token(token), workspace=token.workspace, token=token)


def _user_of(claims: Mapping[str, Any]) -> tuple[User, Access]:
    user = User.objects.filter(pk=claims.get("esc.user", 0)).first()
    if user is None or user.status != User.Status.ACTIVE or user.token_epoch != claims.get("epoch"):
        raise _invalid()
    return user, access_of(user)


def _workspace_in(access: Access, claims: Mapping[str, Any]) -> Workspace:
    entry = access.by_id.get(claims["esc.org"])
    if entry is None:
        raise _invalid()
    return entry.workspace


def _first_workspace(user: User, access: Access) -> Workspace:
    entry = access.by_id.get(user.default_workspace_id or 0)
    if entry is not None:
        return entry.workspace
    if not access.entries:
        raise TokenRefused(_("This account belongs to no workspace."), code="invalid_token")
    return access.entries[0].workspace


def _why_not(token: ApplicationToken) -> Reason | None:
    now = current_context().now()
    if not usable(token, now):
        return "revoked" if token.status == ApplicationToken.Status.REVOKED else "expired"
    return None if _allowed_from(token.ip, current_context().ip) else "address"


def _allowed_from(network: str, address: str | None) -> bool:
    if not network:
        return True
    if address is None:
        return False
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found in ipaddress.ip_network(network)


def _touch(token: ApplicationToken) -> None:
    """Remember the use, but not at every call: that would make each reading call a write."""
    now = current_context().now()
    if token.last_used is None or now - token.last_used >= LAST_USED_EVERY:
        ApplicationToken.objects.filter(pk=token.pk).update(last_used=now)


# --- JWTs ---


def _claims_of_workspace(workspace: Workspace) -> dict[str, Any]:
    return {"esc.org": workspace.pk, "esc.orgName": workspace.name}


def _claims_of_user(user: User, workspace: Workspace) -> dict[str, Any]:
    return {
        "sub": f"user:{user.pk}",
        "esc.user": user.pk,
        "epoch": user.token_epoch,
        **_claims_of_workspace(workspace),
    }


def lifetime(purpose: Purpose) -> timedelta:
    """Return how long a token is good for: settings `AUTH_TOKEN_MINUTES` and `REFRESH_TOKEN_MINUTES`."""
    minutes = getattr(settings, f"{purpose.upper()}_TOKEN_MINUTES", DEFAULT_MINUTES[purpose])
    if minutes <= 0:
        raise ImproperlyConfigured(f"{purpose.upper()}_TOKEN_MINUTES has to be above 0.")
    return timedelta(minutes=minutes)


@functools.cache
def _key(secret: str) -> tuple[str, bytes]:
    """Return the name and the key made of a Django secret; the secret itself signs nothing here."""
    key = hmac.new(secret.encode(), b"portal api tokens, HS256, 1", hashlib.sha256).digest()
    return hashlib.sha256(key).hexdigest()[:8], key


def _encode(claims: Mapping[str, Any], purpose: Purpose) -> str:
    now = timezone.now()
    name, key = _key(settings.SECRET_KEY)
    payload = {
        **claims,
        "typ": purpose,
        "iss": ISSUER,
        "aud": AUDIENCES[purpose],
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime(purpose)).timestamp()),
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": name})


def _decode(encoded: str, purpose: Purpose) -> dict[str, Any]:
    """Return the claims of a token of ours; a key of `SECRET_KEY_FALLBACKS` is good for reading."""
    keys = dict(_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    try:
        key = keys[jwt.get_unverified_header(encoded).get("kid", "")]
        claims = jwt.decode(
            encoded,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCES[purpose],
            issuer=ISSUER,
            options={"require": ["exp", "iat", "aud", "iss", "sub", "esc.org", "typ"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused(_("The token is over. Authenticate again."), code="token_expired") from error
    except (jwt.InvalidTokenError, KeyError) as error:
        raise _invalid() from error
    if claims["typ"] != purpose:
        raise _invalid()
    return claims


def _invalid() -> TokenRefused:
    return TokenRefused(_("The token is not valid. Authenticate again."), code="invalid_token")
