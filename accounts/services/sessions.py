"""Coming, going, and going over to another workspace."""

from __future__ import annotations

import logging

from django.dispatch import Signal
from django.utils.translation import gettext as _

from accounts import signals
from accounts.actors import actor_of, staff_actor
from accounts.models import User, Workspace
from accounts.permissions import Permission
from accounts.selectors import home_workspace_id
from portal.kit.action import action
from portal.kit.context import Actor, ActorKind, acting_within, current_actor
from portal.kit.errors import Forbidden, NotFound

logger = logging.getLogger(__name__)

LAST_WORKSPACE = "workspace_id"
"""Session key: the workspace whose page was opened last."""

SUPPORT_ACCESS = "support_access_id"
"""Session key: the support access that a member of staff is in."""

_PEOPLE = frozenset({ActorKind.USER, ActorKind.STAFF_FOR_USER})


def account_actor(user: User) -> Actor:
    """Return the actor for what somebody does with their own account: staff act as staff, wherever they came in."""
    return staff_actor(user) if user.is_staff and user.is_active else actor_of(user)


def record_sign_in(*, user: User) -> None:
    """Record that a user has signed in, in the default workspace; staff in the operator's.

    Runs before the new actor is bound: whoever was bound (nobody, or another user) did not sign in.
    """
    _record(user, signals.user_signed_in)


def record_sign_out(*, user: User) -> None:
    """Record that a user has signed out, where the sign-in was recorded."""
    _record(user, signals.user_signed_out)


def _record(user: User, signal: Signal) -> None:
    workspace_id = home_workspace_id(user)
    if workspace_id is None:
        logger.warning("User %s has no workspace to log the sign-in or sign-out in.", user.pk)
        return
    with acting_within(account_actor(user)), action():
        signal.send(sender=User, workspace_id=workspace_id)


def switch_workspace(*, workspace_id: int) -> None:
    """Record that the acting user goes over to another of their workspaces (event 67).

    Args:
        workspace_id: the workspace entered.

    Raises:
        NotFound: the actor is not a member of it.
        Forbidden: an application token belongs to one workspace (`behaviour.md` section 10).
    """
    actor = current_actor()
    if actor.kind not in _PEOPLE:
        raise Forbidden(
            _("Only a user can switch workspace; an application token belongs to one."),
            permission="workspace_switch",
        )
    if workspace_id not in actor.roles:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    user_id = actor.acted_for.user_id if actor.acted_for else actor.id
    with action():
        signals.workspace_switched.send(sender=Workspace, workspace_id=workspace_id, user_id=user_id)


def require_staff(permission: str) -> Actor:
    """Check that operator staff or the portal itself acts, and return the actor.

    Args:
        permission: short name of what is done, for the page that says who can do it.

    Raises:
        Forbidden: anybody else.
    """
    actor = current_actor()
    if not actor.everywhere:
        raise Forbidden(_("Only the operator's staff can do this."), permission=permission)
    return actor


def refuse_own_account(actor: Actor, user_id: int, permission: Permission) -> None:
    """Refuse to change the actor's own role or membership (`behaviour.md` section 9).

    Raises:
        Forbidden: it is the actor's own account.
    """
    # Staff in place of a user are bound like the user.
    if any(person is not None and person.user_id == user_id for person in (actor.person, actor.acted_for)):
        raise Forbidden(
            _("You can't change your own account here. Another Administrator can."),
            permission=permission.value,
            code="own_account",
        )
