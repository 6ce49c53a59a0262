"""Locking the rows an action is about.

A locked row is read alone, and what belongs to it by a later statement: a statement that waited for a lock gets the
locked row anew, and what it joins to it as it was before the wait.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from kit.errors import Conflict, NotFound


def lock_user(user_id: int) -> User:
    """Lock a user and return it as it is now.

    Every action about an account comes by here, so an erased one is refused here (`docs/rules.md` section 18).

    Raises:
        NotFound: there is none.
        Conflict: the person was erased, so nothing of the account changes any more.
    """
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    if user.erased is not None:
        raise Conflict(_("This user was erased. An erased account can't be changed or used again."), code="erased")
    return user


def lock_workspace(workspace_id: int) -> Workspace:
    """Lock a workspace and return it as it is now.

    Raises:
        NotFound: there is none.
    """
    workspace = Workspace.objects.select_for_update(of=("self",)).filter(pk=workspace_id).first()
    if workspace is None:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    return workspace
