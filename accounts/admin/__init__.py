"""Pages of the admin site for people and for what can be bought; workspaces span apps and stand in the root."""

from accounts.admin.catalogue import DataPlanAdmin, PlatformPackageAdmin
from accounts.admin.requests import WorkspaceRequestAdmin
from accounts.admin.users import UserAdmin

__all__ = ["DataPlanAdmin", "PlatformPackageAdmin", "UserAdmin", "WorkspaceRequestAdmin"]
