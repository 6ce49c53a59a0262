"""Locking the rows an action is about."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User, Workspace
from kit.errors import NotFound


def lock_user(user_id: int) -> User:
    """Lock a user and return it as it is now.

    Raises:
        NotFound: there is none.
    """
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("User with Id '%(id)s' not found.") % {"id": user_id})
    return user


def lock_workspace(workspace_id: int) -> Workspace:
    """Lock a workspace and return it with its package.

    Raises:
        NotFound: there is none.
    """
    workspace = (
        Workspace.objects.select_for_update(of=("self",)).select_related("package").filter(pk=workspace_id).first()
    )
    if workspace is None:
        raise NotFound(_("Workspace with Id '%(id)s' not found.") % {"id": workspace_id})
    return workspace
