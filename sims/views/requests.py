"""Requests as the pages of a workspace get them."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.actors import Access, Rights
from accounts.models import User, Workspace


class WorkspaceRequest(HttpRequest):
    """A request to a page of a workspace: the middleware has checked that the user is a member.

    Attributes:
        workspace: that of the address, with its package.
        may: names of the permissions the user has in it.
        access: the user's actor and workspaces.
    """

    workspace: Workspace
    may: Rights
    access: Access
    user: User


def user_id(request: WorkspaceRequest) -> int:
    """Return the id of the signed-in user."""
    return request.user.pk
