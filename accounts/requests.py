"""A request to a page, with what the middleware has found out about it: the one description that all views share."""

from __future__ import annotations

import uuid

from accounts.actors import Access, Rights
from accounts.models import SupportAccess, User, Workspace
from accounts.selectors import Enterable
from kit.htmx import HtmxRequest


class PortalRequest(HtmxRequest):
    """A request of somebody who has signed in.

    Attributes:
        user: who asks.
        request_id: ties everything together that this request does.
        access: actor and workspaces of the session's customer, `None` for staff in their own name.
        support: the support access that a member of staff is in, `None` for everybody else.
        workspace: that of the address, with its package; `None` outside workspaces.
        role: what the user is in it: "SuperAdmin", "Administrator", "User" or "Observer"; "" outside workspaces.
        workspaces: where the user may go, by name, for the switcher.
        may: what the user may do in the workspace: `{% if request.may.SIM_UPDATE %}`.
    """

    user: User
    request_id: uuid.UUID
    access: Access | None
    support: SupportAccess | None
    workspace: Workspace | None
    role: str
    workspaces: list[Enterable]
    may: Rights


class WorkspacePageRequest(PortalRequest):
    """A request inside a workspace: the middleware has let the user in, so user and workspace are set."""

    access: Access
    workspace: Workspace
