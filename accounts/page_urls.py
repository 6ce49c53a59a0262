"""Addresses of the settings of a workspace and of what belongs to one's own account."""

from __future__ import annotations

from django.urls import path

from accounts.views import account, account_mfa, invitations, people, settings, support

app_name = "accounts"

_SETTINGS = "w/<int:workspace_id>/settings/"

urlpatterns = [
    path(_SETTINGS, settings.workspace_settings, name="workspace_settings"),
    path(f"{_SETTINGS}permissions/", settings.permissions, name="workspace_permissions"),
    path(f"{_SETTINGS}requests/", settings.workspace_requests, name="workspace_requests"),
    path(f"{_SETTINGS}users/", people.user_list, name="workspace_users"),
    path(f"{_SETTINGS}users/invite/", people.user_invite, name="workspace_user_invite"),
    path(f"{_SETTINGS}users/<int:user_id>/role/", people.user_role, name="workspace_user_role"),
    path(f"{_SETTINGS}users/<int:user_id>/remove/", people.user_remove, name="workspace_user_remove"),
    path(
        f"{_SETTINGS}users/invitations/<int:invitation_id>/resend/",
        people.invitation_resend,
        name="workspace_invitation_resend",
    ),
    path(
        f"{_SETTINGS}users/invitations/<int:invitation_id>/withdraw/",
        people.invitation_withdraw,
        name="workspace_invitation_withdraw",
    ),
    path(f"{_SETTINGS}support/", support.visits, name="workspace_support"),
    path("support/<int:visited_id>/", support.start, name="support_start"),
    path("support/end/", support.end, name="support_end"),
    path(f"{_SETTINGS}leave/", people.leave, name="workspace_leave"),
    path(f"{_SETTINGS}users/<int:user_id>/second-factor/", people.user_second_factor, name="workspace_user_mfa"),
    path("account/", account.profile, name="account"),
    path("account/security/", account_mfa.security, name="account_security"),
    path("account/security/set-up/", account_mfa.set_up, name="account_mfa_setup"),
    path("account/security/codes/", account_mfa.codes, name="account_mfa_codes"),
    path("account/security/remove/", account_mfa.remove, name="account_mfa_remove"),
    path("account/security/devices/forget/", account_mfa.forget_all, name="account_devices_forget"),
    path("account/security/devices/<int:trusted_id>/forget/", account_mfa.forget, name="account_device_forget"),
    path("account/sessions/", account.sessions, name="account_sessions"),
    path("account/sessions/end/", account.end_others, name="account_sessions_end"),
    path("account/sessions/<int:session_id>/end/", account.end, name="account_session_end"),
    path("accounts/invitation/<str:key>/", invitations.open_invitation, name="invitation"),
    path("accounts/join/", invitations.JoinView.as_view(), name="join"),
]
