"""What Administrators change of their people's accounts, and people of their own: name, state, default workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts import signals
from accounts.authority import is_member, lock_member, refuse_own_account, require_managed
from accounts.changes import assign
from accounts.locking import lock_user
from accounts.mail_links import LinkMaker
from accounts.models import Membership, User
from accounts.naming import person_name, require_unlike_members
from accounts.people.services.members import keep_administrators, lock_administered
from accounts.people.services.verification import ask_to_verify
from accounts.permissions import Permission, authorise
from accounts.selectors import entries_of, person_of
from accounts.sign_in.services.sessions import drop_sessions
from accounts.signals import Changes
from accounts.standing import withhold
from kit.action import action, retried
from kit.context import Actor, ActorKind, current_actor
from kit.errors import Forbidden, Invalid, NotFound

_STATES: Final[Mapping[tuple[int, int], str]] = {
    (User.Status.ACTIVE, User.Status.SUSPENDED): "suspended",
    (User.Status.SUSPENDED, User.Status.ACTIVE): "reactivated",
    (User.Status.ACTIVATION_PENDING, User.Status.SUSPENDED): "suspended",
    (User.Status.SUSPENDED, User.Status.ACTIVATION_PENDING): "reactivated",
}
"""The moves of an account that its Administrators may make (`docs/api.md` section 8); the last one is ours."""


@retried
def change_account(
    *,
    workspace_id: int,
    user_id: int,
    name: str | None = None,
    status: int | None = None,
    link: LinkMaker | None = None,
) -> User:
    """Change name or state of an account; values that hold already change nothing.

    An account is one for all its workspaces, so an Administrator needs to be one in each of them. One that was never
    activated does not become active this way: it goes back to Activation Pending, and a new mail asks to verify its
    address (event 40).

    Args:
        workspace_id: a workspace of the user, in whose log it is told.
        user_id: whose account.
        name: new full name; one's own can be changed by everybody.
        status: new state, an id of `User.Status`; never one's own.
        link: makes the address of the mail that asks to verify; needed for a state.

    Raises:
        NotFound: the user is not in this workspace.
        Forbidden: the actor may not manage this user.
        Invalid: a value is wrong, or the state can't be reached from the present one.
        Conflict: it would suspend the last Administrator of a workspace, which staff alone may do; or staff manage it.
    """
    actor = current_actor()
    own = _is_own(actor, user_id)
    if own and status is None:
        if workspace_id not in actor.roles:
            raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    else:
        authorise(workspace_id, Permission.USER_MANAGE)
        refuse_own_account(actor, user_id, Permission.USER_MANAGE)
    suspends = status == User.Status.SUSPENDED and not actor.everywhere
    with action():
        if status is not None:
            withhold(users=[user_id])
        if suspends and is_member(workspace_id, user_id):
            # So that two Administrators cannot suspend each other at once.
            lock_administered(user_id)
        user = lock_member(workspace_id, user_id) if own else require_managed(actor, workspace_id, user_id)
        # A name stands with the frozen person alone and never in an event, so that a person can be erased.
        before = user.status
        changed = assign(user, {"name": person_name(name)} if name is not None and name != user.name else {}, ("name",))
        if changed:
            require_unlike_members(user.name, [entry.id for entry in entries_of(user_id)], besides=user_id)
        what = "updated"
        told: Changes = {}
        if status is not None and status != before:
            if suspends and before == User.Status.ACTIVE:
                keep_administrators(Membership.objects.filter(user=user))
            what = _move(user, status)
            told = {"status": {"from": before, "to": status}}
            changed += ["status", "token_epoch"]
        if changed:
            user.save(update_fields=changed)
            signals.user_updated.send(
                sender=User, workspace_id=workspace_id, subject=person_of(user), what=what, changes=told
            )
            if told and user.status == User.Status.ACTIVATION_PENDING:
                if link is None:
                    raise TypeError("Nobody says where the link of the mail leads.")
                ask_to_verify(user, workspace_id, link)
    return user


def invalid_status(old: int, new: int) -> Invalid:
    """Return the refusal of a state that can't be reached."""
    return Invalid(
        _("An account can be suspended, or made active again after that; it can't go from %(old)s to %(new)s.")
        % {"old": old, "new": new},
        code="invalid_status",
        field="status",
    )


def _move(user: User, status: int) -> str:
    what = _STATES.get((user.status, status))
    verified = user.has_usable_password()
    if what is None or (status == User.Status.ACTIVATION_PENDING and verified):
        raise invalid_status(user.status, status)
    if status == User.Status.ACTIVE and not verified:
        # Its address was never shown to be theirs, and no password opens it.
        raise Invalid(
            _("This account was never activated. Set 0, Activation Pending: a mail then asks to verify the address."),
            code="invalid_status",
            field="status",
        )
    user.status = status
    user.end_credentials()
    if status == User.Status.SUSPENDED:
        drop_sessions(user.pk)
    return what


@retried
def set_default_workspace(*, workspace_id: int, user_id: int) -> User:
    """Say which workspace sign-in opens; the one that is so already changes nothing.

    Args:
        workspace_id: the workspace.
        user_id: whose; one's own only.

    Raises:
        Forbidden: it is somebody else's account, or an application token asks.
        NotFound: the user is not in this workspace.
    """
    actor = current_actor()
    if not _is_own(actor, user_id):
        raise Forbidden(_("Everybody chooses their own default workspace."), permission="default_workspace")
    if workspace_id not in actor.roles:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    with action():
        user = lock_user(user_id)
        old = user.default_workspace_id
        if old != workspace_id:
            user.default_workspace_id = workspace_id
            user.save(update_fields=["default_workspace"])
            changes: dict[str, dict[str, Any]] = {"default_workspace": {"from": old, "to": workspace_id}}
            signals.user_updated.send(
                sender=User, workspace_id=workspace_id, subject=person_of(user), what="updated", changes=changes
            )
    return user


def _is_own(actor: Actor, user_id: int) -> bool:
    return actor.kind == ActorKind.USER and actor.person is not None and actor.person.user_id == user_id
