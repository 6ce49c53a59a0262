"""Everything that staff change about a workspace at once: settings, package, data plans and SuperAdmin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.packages.services.subscriptions import set_subscription
from accounts.people.services.super_admins import set_super_admin
from accounts.workspaces.services.workspaces import update_workspace
from kit.action import action, retried
from kit.errors import Invalid

OWN_ACTIONS: Final = frozenset({"package_id", "data_plan_ids", "currency", "super_admin_id"})
"""What is no setting of the workspace: each has an action and events of its own."""


@retried
def change_workspace(*, workspace_id: int, changes: Mapping[str, Any]) -> None:
    """Change a workspace in one action: when one part is refused, nothing is done.

    Args:
        workspace_id: which one.
        changes: `package_id`, `data_plan_ids` (all that it may use from now on), `currency`, `super_admin_id`, and
            settings as `update_workspace` takes them, to their new values. Values that hold already change nothing.

    Raises:
        NotFound: no such workspace, package, data plan or user, or the actor is not in the workspace.
        Forbidden: the actor lacks the right to one of the changes.
        Invalid: a value is wrong; `field` names it.
        Conflict: a rule of a part speaks against it, as `update_workspace`, `set_subscription` and `set_super_admin`
            say.
    """
    settings = {name: value for name, value in changes.items() if name not in OWN_ACTIONS}
    with action():
        if settings:
            update_workspace(workspace_id=workspace_id, changes=settings)
        set_subscription(
            workspace_id=workspace_id,
            package_id=changes.get("package_id"),
            data_plan_ids=changes.get("data_plan_ids"),
            currency=changes.get("currency"),
        )
        if "super_admin_id" in changes:
            if changes["super_admin_id"] is None:
                raise Invalid(
                    _("A main organisation keeps a SuperAdmin. Choose the one who follows."), field="super_admin"
                )
            set_super_admin(workspace_id=workspace_id, user_id=changes["super_admin_id"])
