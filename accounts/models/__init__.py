"""Who may enter and what they bought, and what is under way between people and workspaces."""

from accounts.models.invitations import Invitation
from accounts.models.packages import Currency, DataPlan, PlatformPackage
from accounts.models.saved_views import SavedView
from accounts.models.support import SupportAccess
from accounts.models.tokens import ApplicationToken
from accounts.models.trusted_devices import TrustedDevice
from accounts.models.unknown_addresses import UnknownAddress
from accounts.models.users import User, UserManager
from accounts.models.workspace_requests import WorkspaceRequest
from accounts.models.workspaces import CompanyDetails, DataPlanBooking, Membership, TrialNotice, Workspace

__all__ = [
    "ApplicationToken",
    "CompanyDetails",
    "Currency",
    "DataPlan",
    "DataPlanBooking",
    "Invitation",
    "Membership",
    "PlatformPackage",
    "SavedView",
    "SupportAccess",
    "TrialNotice",
    "TrustedDevice",
    "UnknownAddress",
    "User",
    "UserManager",
    "Workspace",
    "WorkspaceRequest",
]
