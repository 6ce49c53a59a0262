"""Keys for programs: created with a value that is shown once, and revoked (`docs/rules.md` section 10)."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import signals
from accounts.actors import token_name
from accounts.models import ApplicationToken
from accounts.naming import token_description
from accounts.permissions import Permission, Role, authorise
from accounts.selectors import workspace_with_package
from accounts.signals import TokenRow
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import Actor, current_actor, current_context
from kit.errors import Forbidden, Invalid

PREFIX = "portal_app_"
"""Starts every value, so that a scanner for leaked secrets can recognise one."""

AT_ONCE = 5_000
"""Tokens that one sweep ends."""
_RANDOM_BYTES = 32
_SHORTEST_VALUE = 32
_RANK = {Role.OBSERVER: 0, Role.USER: 1, Role.ADMINISTRATOR: 2}


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A new application token.

    Args:
        token: its row.
        value: the secret; it is nowhere else and can't be shown again.
    """

    token: ApplicationToken
    value: str

    def __repr__(self) -> str:
        return f"CreatedToken(token={self.token.pk})"


def digest_of(value: str) -> str:
    """Return what is stored of a value. One round of SHA-256 is enough: the value is random and long."""
    return hashlib.sha256(value.encode()).hexdigest()


def token_row(token: ApplicationToken) -> TokenRow:
    """Return an application token as events name it."""
    return TokenRow(
        id=token.pk,
        name=token_name(token),
        role=token.role,
        expiry_date=token.expiry_date.astimezone(UTC).isoformat() if token.expiry_date else None,
        ip=token.ip,
    )


@retried
def create_application_token(
    *,
    workspace_id: int,
    description: str = "",
    expiry_date: datetime | None = None,
    ip: str = "",
    role: str | None = None,
    value: str | None = None,
) -> CreatedToken:
    """Make an application token.

    Args:
        workspace_id: the one workspace it opens.
        description: what it is for.
        expiry_date: aware; from then on it counts as revoked.
        ip: address or range in CIDR notation that may use it; empty for any.
        role: what it may do; the creator's own role when left out, and never above it, later neither
            (`lower_tokens`, `end_tokens`).
        value: the secret itself; only the demo gives one, all others are random.

    Raises:
        NotFound, Forbidden: the actor may not create one here, or not with this role.
        Invalid: an input is wrong; `field` names it.
    """
    actor = authorise(workspace_id, Permission.TOKEN_CREATE)
    if actor.everywhere:
        # Nobody else has a right in a workspace that does not exist.
        workspace_with_package(workspace_id)
    now = current_context().now()
    if expiry_date is not None and expiry_date <= now:
        raise Invalid(_("The expiry date is over. Choose one in the future."), field="expiry_date")
    if value is not None and len(value) < _SHORTEST_VALUE:
        raise Invalid(_("The value of an application token has at least 32 characters."), field="application_token")
    chosen = value or PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    token = ApplicationToken(
        workspace_id=workspace_id,
        description=token_description(description),
        digest=digest_of(chosen),
        role=_role_for(actor, workspace_id, role),
        creator_id=actor.person.user_id if actor.person else None,
        created=now,
        expiry_date=expiry_date,
        ip=_network(ip),
    )
    with action():
        token.save(force_insert=True)
        signals.application_token_created.send(
            sender=ApplicationToken, workspace_id=workspace_id, token=token_row(token)
        )
    return CreatedToken(token=token, value=chosen)


def roles_below(actor: Actor, workspace_id: int) -> list[Role]:
    """Return the roles that a token made by somebody may have, the highest first."""
    own = Role.ADMINISTRATOR if actor.everywhere else Role(actor.roles[workspace_id])
    highest = Role.ADMINISTRATOR if own == Role.SUPERADMIN else own
    return [role for role in sorted(_RANK, key=lambda each: -_RANK[each]) if _RANK[role] <= _RANK[highest]]


def _role_for(actor: Actor, workspace_id: int, wanted: str | None) -> str:
    own = Role.ADMINISTRATOR if actor.everywhere else Role(actor.roles[workspace_id])
    highest = Role.ADMINISTRATOR if own == Role.SUPERADMIN else own
    if wanted is None:
        return highest.value
    if wanted not in _RANK:
        raise Invalid(_("An application token is Administrator, User or Observer."), field="role")
    if _RANK[Role(wanted)] > _RANK[highest]:
        raise Forbidden(
            _("Your role is %(role)s; an application token can't have more rights than you.") % {"role": own.label},
            permission=Permission.TOKEN_CREATE.value,
        )
    return wanted


def _network(text: str) -> str:
    if not text.strip():
        return ""
    try:
        if "%" in text:
            raise ValueError("A zone names a network card of one machine.")
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise Invalid(
            _("'%(ip)s' is no address range. Write it in CIDR notation, for example 192.0.2.0/24.") % {"ip": text},
            field="ip",
        ) from error


@retried
def describe_application_token(*, workspace_id: int, token_id: int, description: str) -> ApplicationToken:
    """Give an application token another description; the one it has changes nothing.

    Args:
        workspace_id: the workspace it belongs to.
        token_id: which one.
        description: what it is for, at most 200 characters.

    Raises:
        NotFound: it is not in this workspace.
        Forbidden: the role lacks the right.
        Invalid: the description is too long, holds what can't be seen, or looks like a label of the log.
    """
    authorise(workspace_id, Permission.TOKEN_REVOKE)
    wanted = token_description(description)
    with action():
        token = (
            ApplicationToken.objects.of(workspace_id)
            .select_for_update(of=("self",))
            .one(workspace_id=workspace_id, pk=token_id, kind=_("Application token"))
        )
        old = token.description
        if old == wanted:
            return token
        token.description = wanted
        token.save(update_fields=["description"])
        signals.application_token_described.send(
            sender=ApplicationToken, workspace_id=workspace_id, token=token_row(token), old=old
        )
    return token


@retried
def lower_tokens(*, workspace_id: int, creator_id: int, role: str) -> None:
    """Lower the application tokens that somebody made above the role they have now (event 10085 for each).

    Part of a change of role: a token never has more rights than who made it, also when they lose some.

    Args:
        workspace_id: the workspace.
        creator_id: who made the tokens.
        role: what they are there now, a role that a membership can hold.
    """
    above = [each.value for each in _RANK if _RANK[each] > _RANK[Role(role)]]
    if not above:
        return
    with action():
        for token in _locked_of(creator_id, workspace_id).filter(role__in=above):
            old = token.role
            token.role = role
            token.save(update_fields=["role"])
            signals.application_token_lowered.send(
                sender=ApplicationToken, workspace_id=workspace_id, token=token_row(token), old=old
            )


@retried
def end_tokens(*, creator_id: int, workspace_id: int | None = None) -> None:
    """Revoke the application tokens of somebody who left a workspace, or was erased (event 10031 for each).

    Args:
        creator_id: who made the tokens.
        workspace_id: the workspace that was left; `None` for all of them, because the person is erased.
    """
    with action():
        for token in _locked_of(creator_id, workspace_id):
            _revoke(token, reason="erased" if workspace_id is None else "left")


def _locked_of(creator_id: int, workspace_id: int | None) -> QuerySet[ApplicationToken]:
    """Lock the tokens somebody made that are not revoked, in id order."""
    found = ApplicationToken.objects.filter(creator_id=creator_id, status=ApplicationToken.Status.ACTIVATED)
    if workspace_id is not None:
        found = found.of(workspace_id)
    return found.select_for_update(of=("self",)).order_by("pk")


@retried
def revoke_application_token(*, workspace_id: int, token_id: int) -> ApplicationToken:
    """Revoke an application token; what was signed in with it is refused from its next call on.

    Revoking one that is revoked changes nothing.

    Args:
        workspace_id: the workspace it belongs to.
        token_id: which one.

    Raises:
        NotFound: it is not in this workspace.
        Forbidden: the role lacks the right.
    """
    authorise(workspace_id, Permission.TOKEN_REVOKE)
    with action():
        withhold(tokens=[token_id])
        token = (
            ApplicationToken.objects.of(workspace_id)
            .select_for_update(of=("self",))
            .one(workspace_id=workspace_id, pk=token_id, kind=_("Application token"))
        )
        if token.status == ApplicationToken.Status.REVOKED:
            return token
        _revoke(token)
    return token


@retried
def end_expired_tokens() -> int:
    """Revoke the application tokens whose date is over (event 10031 for each); returns how many, at most `AT_ONCE`.

    They have opened nothing since their date. This is what makes the lists and the log say so.

    Raises:
        Forbidden: somebody else than the portal itself asks.
    """
    actor = current_actor()
    if not actor.everywhere:
        raise Forbidden(_("Only the portal itself ends what is over."), permission=Permission.TOKEN_REVOKE.value)
    now = current_context().now()
    with action():
        over = ApplicationToken.objects.filter(status=ApplicationToken.Status.ACTIVATED, expiry_date__lte=now)
        tokens = list(over.select_for_update(of=("self",)).order_by("pk")[:AT_ONCE])
        if not tokens:
            return 0
        ApplicationToken.objects.filter(pk__in=[token.pk for token in tokens]).update(
            status=ApplicationToken.Status.REVOKED, ended=now
        )
        signals.application_tokens_expired.send(
            sender=ApplicationToken, tokens=[(token.workspace_id, token_row(token)) for token in tokens]
        )
    return len(tokens)


def _revoke(token: ApplicationToken, *, reason: str = "") -> None:
    token.status = ApplicationToken.Status.REVOKED
    token.ended = current_context().now()
    token.save(update_fields=["status", "ended"])
    signals.application_token_revoked.send(
        sender=ApplicationToken, workspace_id=token.workspace_id, token=token_row(token), reason=reason
    )
