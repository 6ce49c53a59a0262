"""The tabs of the workspace settings, as far as the reader may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission

if TYPE_CHECKING:
    from accounts.requests import WorkspacePageRequest

TABS: Final = (
    ("settings", _("Workspace"), "accounts:workspace_settings", None),
    ("users", _("Users"), "accounts:workspace_users", Permission.USER_MANAGE),
    ("permissions", _("Permissions"), "accounts:workspace_permissions", None),
    ("package", _("Package and data plans"), "accounts:workspace_package", None),
    ("requests", _("Linked workspaces"), "accounts:workspace_requests", Permission.WORKSPACE_REQUEST),
    ("support", _("Support access"), "accounts:workspace_support", None),
    ("seals", _("Seals"), "seals:page", None),
)


def settings_tabs(request: WorkspacePageRequest, active: str) -> list[dict[str, Any]]:
    """Return the tabs for `kit/_tabs.html`.

    Args:
        request: for the workspace and the reader's rights.
        active: key of the tab that is open.
    """
    found = []
    for key, label, name, permission in TABS:
        if permission is not None and permission.name not in request.may:
            continue
        try:
            url = reverse(name, args=[request.workspace.pk])
        except NoReverseMatch:
            continue
        found.append({"label": label, "url": url, "active": key == active, "count": None})
    return found
