"""Pages of the admin site for people and for what can be bought."""

from accounts.packages.admin import DataPlanAdmin, PlatformPackageAdmin
from accounts.people.admin.users import UserAdmin
from accounts.workspaces.admin.requests import WorkspaceRequestAdmin
from accounts.workspaces.admin.workspaces import WorkspaceAdmin

__all__ = ["DataPlanAdmin", "PlatformPackageAdmin", "UserAdmin", "WorkspaceAdmin", "WorkspaceRequestAdmin"]
