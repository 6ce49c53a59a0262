"""Coming, going, and going over to another workspace."""

from __future__ import annotations

import logging
from collections.abc import Collection

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import signals
from accounts.authority import account_actor, require_own_account
from accounts.locking import lock_user
from accounts.models import User, Workspace
from accounts.selectors import home_workspace_id, person_of
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import ActorKind, acting_within, current_actor
from kit.errors import Forbidden, NotFound

logger = logging.getLogger(__name__)


_PEOPLE = frozenset({ActorKind.USER, ActorKind.STAFF_FOR_USER})


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
    with acting_within(account_actor(user)), action():
        signal.send(sender=User, workspace_id=workspace_id)


@retried
def switch_workspace(*, workspace_id: int) -> None:
    """Record that the acting user goes over to another of their workspaces (event 67).

    Args:
        workspace_id: the workspace entered.

    Raises:
        NotFound: the actor is not a member of it.
        Forbidden: an application token belongs to one workspace (`docs/rules.md` section 10).
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


# --- where one is signed in ---


def sessions_of(user_id: int) -> QuerySet[UserSession]:
    """Return the open sessions of a user, the one used last first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    found: QuerySet[UserSession] = UserSession.objects.filter(user_id=user_id, session_key__in=alive)
    return found.order_by("-last_seen_at", "-pk")


# untold: notes when a session was used
def note_activity(*, session_key: str, ip: str | None, user_agent: str) -> None:
    """Remember when and from where a session was used last; called every few minutes, not at every request."""
    values: dict[str, object] = {"last_seen_at": timezone.now(), "user_agent": user_agent}
    if ip is not None:
        values["ip"] = ip
    UserSession.objects.filter(session_key=session_key).update(**values)


# untold: the same session under another key
def follow_session(*, old_key: str, new_key: str) -> None:
    """Go on with a session under the key that Django has given it in place of the old one."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


@retried
def end_session(*, user_id: int, session_id: int) -> None:
    """Sign oneself out somewhere else (event 10021).

    Args:
        user_id: the actor's own account.
        session_id: which session.

    Raises:
        Forbidden: it is somebody else's account.
        NotFound: there is no such session.
    """
    require_own_account(user_id)
    with action():
        key = sessions_of(user_id).filter(pk=session_id).values_list("session_key", flat=True).first()
        if key is None:
            raise NotFound(_("You are not signed in there any more."))
        drop_sessions(user_id, [key])
        record_sign_out(user=lock_user(user_id))


@retried
def end_other_sessions(*, user_id: int, keep: str | None) -> int:
    """Sign oneself out everywhere else (event 10021 for each); programs signed in with the password end too.

    Args:
        user_id: the actor's own account.
        keep: key of the session that goes on.

    Returns:
        How many sessions ended.

    Raises:
        Forbidden: it is somebody else's account.
    """
    require_own_account(user_id)
    with action():
        withhold(users=[user_id])
        user = lock_user(user_id)
        keys = [key for key in sessions_of(user_id).values_list("session_key", flat=True) if key != keep]
        drop_sessions(user_id, keys)
        user.end_credentials()
        user.save(update_fields=["token_epoch"])
        workspace_id = home_workspace_id(user)
        for _key in keys:
            signals.user_signed_out.send(sender=User, workspace_id=workspace_id)
        signals.user_updated.send(
            sender=User,
            workspace_id=workspace_id,
            subject=person_of(user),
            what="updated: signed out everywhere else",
            changes={},
        )
    return len(keys)


def drop_sessions(user_id: int, keys: Collection[str] | None = None, *, keep: str | None = None) -> None:
    """Delete sessions of a user, as part of an action that tells why.

    Args:
        user_id: whose.
        keys: which; all if `None`.
        keep: key of one that goes on.
    """
    rows = UserSession.objects.filter(user_id=user_id)
    if keys is not None:
        rows = rows.filter(session_key__in=list(keys))
    if keep is not None:
        rows = rows.exclude(session_key=keep)
    Session.objects.filter(session_key__in=rows.values("session_key")).delete()
    rows.delete()
