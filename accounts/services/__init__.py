"""What can be done to people, workspaces, keys and the catalogue; one keyword-only function per action."""

from accounts.services.application_tokens import (
    CreatedToken,
    create_application_token,
    describe_application_token,
    digest_of,
    revoke_application_token,
)
from accounts.services.catalogue import create_data_plan, create_package, update_data_plan, update_package
from accounts.services.company import company_of, set_mfa_required, update_billing, update_company
from accounts.services.erasure import erase_user
from accounts.services.invitations import accept_invitation, invite_user, resend_invitation, withdraw_invitation
from accounts.services.members import (
    add_member,
    change_role,
    drop_super_admin,
    leave_workspace,
    remove_member,
    set_super_admin,
)
from accounts.services.request_answers import (
    create_requested_workspace,
    decline_workspace_request,
    link_requested_workspace,
)
from accounts.services.requests import handle_workspace_request, request_workspace
from accounts.services.sessions import record_sign_in, record_sign_out, switch_workspace
from accounts.services.signup import request_password_reset, reset_password, sign_up, verify_user
from accounts.services.support import end_support_access, start_support_access
from accounts.services.users import (
    create_user,
    reactivate_user,
    set_user_password,
    suspend_user,
    unlock_user,
    update_user,
)
from accounts.services.workspaces import (
    add_data_plan,
    create_workspace,
    is_upgrade,
    set_data_plans,
    set_package,
    update_workspace,
)

__all__ = [
    "CreatedToken",
    "accept_invitation",
    "add_data_plan",
    "add_member",
    "change_role",
    "company_of",
    "create_application_token",
    "create_data_plan",
    "create_package",
    "create_requested_workspace",
    "create_user",
    "create_workspace",
    "decline_workspace_request",
    "describe_application_token",
    "digest_of",
    "drop_super_admin",
    "end_support_access",
    "erase_user",
    "handle_workspace_request",
    "invite_user",
    "is_upgrade",
    "leave_workspace",
    "link_requested_workspace",
    "reactivate_user",
    "record_sign_in",
    "record_sign_out",
    "remove_member",
    "request_password_reset",
    "request_workspace",
    "resend_invitation",
    "reset_password",
    "revoke_application_token",
    "set_data_plans",
    "set_mfa_required",
    "set_package",
    "set_super_admin",
    "set_user_password",
    "sign_up",
    "start_support_access",
    "suspend_user",
    "switch_workspace",
    "unlock_user",
    "update_billing",
    "update_company",
    "update_data_plan",
    "update_package",
    "update_user",
    "update_workspace",
    "verify_user",
    "withdraw_invitation",
]
