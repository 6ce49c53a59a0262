"""The API's door: what programs send in, the JWTs they get for it, and who acts when one comes back.

A JWT says who it was made for and where it opens; nothing else in it is believed. Whether the account is active and
still a member, or the token revoked, is looked up at every call, so that revoking takes effect at once.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts import signals
from accounts.actors import Access, access_of, actor_of_token
from accounts.authority import account_actor
from accounts.models import ApplicationToken, SupportAccess, User, Workspace
from accounts.operator import OPERATOR_ID
from accounts.permissions import Role
from accounts.selectors import may_support, usable
from accounts.sign_in.authentication import forgive_failures, sign_in_with_code, sign_in_with_digest
from accounts.sign_in.second_factors import has_second_factor
from accounts.sign_in.services.mail_codes import send_sign_in_code
from accounts.sign_in.services.sessions import record_sign_in, switch_workspace
from accounts.sign_in.services.trusted_devices import check_device, is_trusted_program, trust_device
from accounts.support.services import access_under
from accounts.tokens.jwts import TokenRefused, decode, encode, invalid_token
from accounts.tokens.services import digest_of, token_row
from kit.action import action, retried
from kit.context import ANONYMOUS, Actor, acting_within, bind_actor, current_context
from kit.errors import Forbidden, NotFound

logger = logging.getLogger(__name__)

LAST_USED_EVERY: Final = timedelta(minutes=5)

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

Reason = Literal["revoked", "expired", "address"]


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who called the API.

    Args:
        actor: bound to the open context already; a user's roles cover all their workspaces.
        workspace: the one workspace the token opens, with its package. Objects of others do not exist for it.
        user: the person, `None` for an application token.
        token: the application token, `None` for a person.
        signed_in: when a person sent password and code for it; long ago for everything else.
    """

    actor: Actor
    workspace: Workspace
    user: User | None = None
    token: ApplicationToken | None = None
    signed_in: datetime = NEVER


@dataclass(frozen=True, slots=True)
class UserTokens:
    """What a user gets at sign-in."""

    auth_token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class MfaToken:
    """What a user with a second factor gets for the password: the code has to follow within minutes."""

    mfa_token: str


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A program that is not to be asked for a code again.

    Args:
        fingerprint: what it will send with the password from then on.
        operating_system: shown to the owner.
        browser: shown to the owner.
        name: what the owner calls it.
    """

    fingerprint: str
    operating_system: str
    browser: str
    name: str = ""


# --- signing in ---


@sensitive_variables("digest", "fingerprint")
def authenticate_user(*, username: str, digest: str, fingerprint: str = "") -> UserTokens | MfaToken:
    """Sign a user in by the SHA-1 hex of the password; the default workspace is opened.

    Who gets codes by e-mail is sent one.

    Args:
        username: e-mail address.
        digest: 40 hex digits.
        fingerprint: of a trusted device, which is not asked for a code.

    Raises:
        WrongCredentials, AccountLocked, AccountNotActive: from `accounts.authentication`.
        TooManyCodes: no further code is mailed for a while.
        TokenRefused: the account belongs to no workspace, so there is nothing to open.
    """
    user = sign_in_with_digest(email=username, digest=digest)
    workspace = _first_workspace(user, access_of(user))
    if has_second_factor(user.pk):
        if not is_trusted_program(user_id=user.pk, fingerprint=fingerprint):
            send_sign_in_code(user_id=user.pk)
            return MfaToken(mfa_token=encode(claims_of_user(user, workspace), "mfa"))
        forgive_failures(user_id=user.pk)
    return _signed_in(user, workspace)


@sensitive_variables("code", "device")
def authenticate_code(*, mfa_token: str, code: str, device: NewDevice | None = None) -> UserTokens:
    """Complete a sign-in by a code of the app or of the mail, or a recovery code.

    Args:
        mfa_token: from `authenticate_user`.
        code: as typed.
        device: to be trusted for 90 days.

    Raises:
        TokenRefused: the token is none, it is over, or the account has changed since.
        WrongCode, AccountLocked, AccountNotActive: from `accounts.authentication`.
        Invalid: what is said of the device can't be kept; the code is not used up then.
    """
    if device is not None:
        check_device(
            secret=device.fingerprint,
            operating_system=device.operating_system,
            browser=device.browser,
            name=device.name,
        )
    waiting, access = _user_of(decode(mfa_token, "mfa"))
    workspace = _first_workspace(waiting, access)
    user = sign_in_with_code(user_id=waiting.pk, code=code)
    if device is not None:
        with acting_within(account_actor(user)):
            trust_device(
                user_id=user.pk,
                kind="fingerprint",
                secret=device.fingerprint,
                operating_system=device.operating_system,
                browser=device.browser,
                name=device.name,
            )
    return _signed_in(user, workspace)


def _signed_in(user: User, workspace: Workspace) -> UserTokens:
    User.objects.filter(pk=user.pk).update(last_login=current_context().now())
    record_sign_in(user=user)
    return UserTokens(
        auth_token=encode(claims_of_user(user, workspace), "auth"),
        refresh_token=encode(claims_of_user(user, workspace), "refresh"),
    )


def refresh(*, refresh_token: str) -> str:
    """Return a new auth token for a refresh token.

    Raises:
        TokenRefused: it is none, it is over, or the account has changed since.
    """
    claims = decode(refresh_token, "refresh")
    user, access = _user_of(claims)
    workspace = _workspace_in(user, access, claims)
    return encode(claims_of_user(user, workspace, since=_signed_in_at(claims)), "auth")


@retried
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
        raise invalid_token()
    reason = _why_not(token)
    if reason is not None:
        with acting_within(ANONYMOUS), action():
            signals.application_sign_in_failed.send(
                sender=ApplicationToken,
                workspace_id=token.workspace_id,
                token=token_row(token),
                reason=reason,
                ip=current_context().ip or "unknown",
            )
        raise invalid_token()
    _touch(token)
    claims = {"sub": f"app:{token.pk}", "esc.app": token.pk, **_claims_of_workspace(token.workspace)}
    return encode(claims, "auth")


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
    return encode(claims_of_user(bearer.user, entry.workspace, since=bearer.signed_in), "auth")


# --- each call ---


def authenticate_bearer(header: str) -> Bearer:
    """Read an `Authorization` header, bind its actor to the open context, and say who it is. At most two queries.

    A support token of staff who are no superusers takes two more, for their rights.

    Args:
        header: `Bearer <auth token>`.

    Raises:
        TokenRefused: missing, malformed, forged, over, revoked, or its owner may not enter any more.
    """
    scheme, _space, encoded = header.partition(" ")
    if scheme.lower() != "bearer" or not encoded.strip():
        raise invalid_token()
    claims = decode(encoded.strip(), "auth")
    if "esc.app" in claims:
        bearer = _application_bearer(claims)
    elif "esc.support" in claims:
        bearer = _support_bearer(claims)
    else:
        bearer = _user_bearer(claims)
    bind_actor(bearer.actor)
    return bearer


def _user_bearer(claims: Mapping[str, Any]) -> Bearer:
    user, access = _user_of(claims)
    workspace = _workspace_in(user, access, claims)
    return Bearer(actor=access.actor, workspace=workspace, user=user, signed_in=_signed_in_at(claims))


def _support_bearer(claims: Mapping[str, Any]) -> Bearer:
    """Return staff in place of a user; no `user`, so that nothing of that person's own account opens."""
    access = (
        SupportAccess.objects.select_related("workspace__package", "staff", "acted_for")
        .filter(pk=claims["esc.support"], workspace_id=claims["esc.org"], ended__isnull=True)
        .first()
    )
    if access is None or access.expires <= current_context().now():
        raise invalid_token()
    if access.staff.token_epoch != claims.get("epoch") or not may_support(access.staff):
        raise invalid_token()
    opened = access_under(access)
    if claims["esc.org"] not in opened.by_id or access.acted_for.status != User.Status.ACTIVE:
        raise invalid_token()
    actor = opened.actor
    if claims.get("esc.role") == Role.OBSERVER.value:
        actor = replace(actor, roles=dict.fromkeys(actor.roles, Role.OBSERVER.value))
    return Bearer(actor=actor, workspace=access.workspace)


def support_token(*, access: SupportAccess, role: str) -> str:
    """Return an auth token for support access; it ends with the access, or with the rights or keys of its staff.

    Args:
        access: open, of the acting member of staff.
        role: Observer for one that only reads; anything else leaves the rights of the user acted for.
    """
    claims = {
        "sub": f"support:{access.pk}",
        "esc.support": access.pk,
        "esc.role": role,
        "epoch": access.staff.token_epoch,
        **_claims_of_workspace(access.workspace),
    }
    return encode(claims, "auth", until=access.expires)


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
        raise invalid_token()
    _touch(token)
    return Bearer(actor=actor_of_token(token), workspace=token.workspace, token=token)


def _user_of(claims: Mapping[str, Any]) -> tuple[User, Access]:
    user = User.objects.filter(pk=claims.get("esc.user", 0)).first()
    if user is None or user.status != User.Status.ACTIVE or user.token_epoch != claims.get("epoch"):
        raise invalid_token()
    return user, access_of(user)


def _workspace_in(user: User, access: Access, claims: Mapping[str, Any]) -> Workspace:
    entry = access.by_id.get(claims["esc.org"])
    workspace = entry.workspace if entry is not None else _operators_own(user)
    if workspace is None or workspace.pk != claims["esc.org"]:
        raise invalid_token()
    return workspace


def _operators_own(user: User) -> Workspace | None:
    """Return the operator's workspace for its staff, who have no role there: they can only ask for support tokens."""
    if not user.is_staff:
        return None
    return Workspace.objects.select_related("package").filter(pk=OPERATOR_ID).first()


def _first_workspace(user: User, access: Access) -> Workspace:
    entry = access.by_id.get(user.default_workspace_id or 0)
    if entry is not None:
        return entry.workspace
    if access.entries:
        return access.entries[0].workspace
    operators = _operators_own(user)
    if operators is None:
        raise TokenRefused(_("This account belongs to no workspace."), code="invalid_token")
    return operators


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


def _signed_in_at(claims: Mapping[str, Any]) -> datetime:
    """Return when the password was sent for a token, or for the one it was made from."""
    return datetime.fromtimestamp(claims.get("auth_time", claims["iat"]), UTC)


def claims_of_user(user: User, workspace: Workspace, *, since: datetime | None = None) -> dict[str, Any]:
    """Return what the tokens of a user say.

    Args:
        user: whose.
        workspace: where it opens.
        since: when they signed in; now if `None`.
    """
    return {
        "sub": f"user:{user.pk}",
        "esc.user": user.pk,
        "epoch": user.token_epoch,
        "auth_time": int((since or current_context().now()).timestamp()),
        **_claims_of_workspace(workspace),
    }
