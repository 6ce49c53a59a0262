"""What staff do to who runs a workspace, told to those who run it (`docs/rules.md` section 17)."""

from __future__ import annotations

from typing import Literal

from django.db.models import Q

from accounts import mails
from accounts.models import User, Workspace
from accounts.selectors import administrators_mailed
from kit.context import ActorKind, current_actor

What = Literal["address", "lowered", "removed", "raised"]


def tell_administrators(user: User, what: What, *, workspace_id: int | None = None) -> None:
    """Write to the Administrators and SuperAdmins of a person's workspaces what staff have just done to the account.

    Nothing is sent where a customer did it: the log tells it among themselves. Four queries.

    Args:
        user: whose account; they get a mail of their own where there is one.
        what: a new address; no longer Administrator or SuperAdmin; taken out; made one of them.
        workspace_id: where; all workspaces of the person when left out.
    """
    if current_actor().kind != ActorKind.STAFF:
        return
    mine = Q(pk=workspace_id) if workspace_id is not None else Q(memberships__user=user) | Q(super_admin=user)
    places = list(Workspace.objects.filter(mine).select_related("main").order_by("pk").distinct())
    receivers = administrators_mailed(places)
    for place in places:
        for address in receivers[place.pk]:
            if address != user.email:
                context = {"user": user, "workspace": place, "what": what}
                mails.send_later("staff_changed_person", address, context)
