"""Addresses of the users of a workspace, and of the way in by an invitation."""

from __future__ import annotations

from django.urls import path

from accounts.people.views import export, invitations, users

_SETTINGS = "w/<int:workspace_id>/settings/"
_USERS = f"{_SETTINGS}users/"

urlpatterns = [
    path(_USERS, users.user_list, name="workspace_users"),
    path(f"{_USERS}export/", export.user_export, name="workspace_user_export"),
    path(f"{_USERS}invite/", users.user_invite, name="workspace_user_invite"),
    path(f"{_USERS}<int:user_id>/role/", users.user_role, name="workspace_user_role"),
    path(f"{_USERS}<int:user_id>/remove/", users.user_remove, name="workspace_user_remove"),
    path(f"{_USERS}<int:user_id>/second-factor/", users.user_second_factor, name="workspace_user_mfa"),
    path(
        f"{_USERS}invitations/<int:invitation_id>/resend/", users.invitation_resend, name="workspace_invitation_resend"
    ),
    path(
        f"{_USERS}invitations/<int:invitation_id>/withdraw/",
        users.invitation_withdraw,
        name="workspace_invitation_withdraw",
    ),
    path(f"{_SETTINGS}leave/", users.leave, name="workspace_leave"),
    path("accounts/invitation/<str:link_secret>/", invitations.open_invitation, name="invitation"),
    path("accounts/activation/", invitations.ActivationView.as_view(), name="activation"),
    path("accounts/join/", invitations.JoinView.as_view(), name="join"),
]
